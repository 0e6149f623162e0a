"""A platform that fetches media by itself is told of before its time, not at it."""

import pytest

from campaign.core.errors import Invalid
from tests.conftest import World


def test_a_post_that_nobody_could_fetch_the_media_of_is_refused_when_it_is_written(world: World) -> None:
    world.link("threads", "th", "ko")
    with pytest.raises(Invalid, match=r"web\.url"):
        world.post("P01", to=("th",), pictures=(world.medium_for("threads", {"ko": "그림"}),))

    assert [] == world.states()
    world.post("P01", to=("th",))  # without media nothing is fetched
    world.share_media()
    world.post("P02", to=("th",), pictures=(world.medium_for("threads", {"ko": "그림"}),))

    assert ["scheduled"] * 2 == world.states()
