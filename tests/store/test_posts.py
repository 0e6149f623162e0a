"""Posts, on both databases."""

from dataclasses import replace

import pytest

from campaign.core.errors import Conflict
from campaign.store.posts import add_posts, post_of
from tests.store.conftest import Desk


def test_a_post_id_that_somebody_took_meanwhile_is_a_conflict(desk: Desk) -> None:
    there = desk.add()
    with desk.store.read() as tx:
        post = post_of(tx, there.post_id)
    twin, other = replace(post, id="post-x"), replace(post, id="post-y", name="P99")

    for some, which in (([twin], "'P1'"), ([other, twin], "of one of 2 posts")):
        with pytest.raises(Conflict, match=f"post id {which} came into use meanwhile"), desk.store.begin() as tx:
            add_posts(tx, some)

    with desk.store.begin() as tx:
        add_posts(tx, [other])
