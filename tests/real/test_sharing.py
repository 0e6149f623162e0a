"""rclone's S3 server: a medium in a bucket is shared with a platform that fetches it, and with nobody else.

Instagram's way, whole: the twin fetches the picture from the bucket by itself. See test_s3.py for the server.
"""

import urllib.error
import urllib.request
from datetime import timedelta

import pytest
from tests.conftest import World
from tests.real.test_s3 import Rclone, rclone, world

from campaign.core.errors import Refused
from campaign.opener import make_sharer

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("rclone")]

__all__ = ["rclone", "world"]


def fetched(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310
        return bytes(answer.read())


def test_the_address_is_the_buckets_own_and_good_for_one_file(world: World, rclone: Rclone) -> None:
    picture = world.picture().file
    medium, picture_bytes = world.app.media.put(picture, mime="image/png"), picture.read_bytes()
    sharer = make_sharer(world.settings, world.clock)
    address = sharer.address(medium.sha256, "image/png", private=True)

    assert address.startswith(f"{rclone.endpoint}/office/media/") and "X-Amz-Signature=" in address
    assert fetched(address) == picture_bytes
    for wrong in (address[:-1] + ("0" if address[-1] != "0" else "1"), address.partition("?")[0]):
        with pytest.raises(urllib.error.HTTPError, match=r"40[03]"):
            fetched(wrong)
    with pytest.raises(Refused, match="https endpoint"):
        sharer.address(medium.sha256, "image/png")  # a platform on the Internet cannot reach it


def test_a_post_reaches_a_platform_that_fetches_from_the_bucket(world: World) -> None:
    from PIL import Image

    from campaign.service.compose import Picture

    file = world.folder / "large.jpg"
    Image.new("RGB", (640, 480), "navy").save(file)
    world.link("instagram", "ig", "ko")
    world.post("P02", to=("ig",), pictures=(Picture(file, {"ko": "남색 그림"}),))
    world.clock.turn(minutes=10)
    for _ in range(10):
        world.tick()
        world.clock.turn(seconds=timedelta(minutes=1).total_seconds())

    assert ["published"] == world.states()
    [row] = world.twin.books(platform="instagram")
    assert "남색 그림" == row["media"][0]["description"]
