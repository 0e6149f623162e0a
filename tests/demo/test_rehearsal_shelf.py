"""The stage's shelf: a medium is had under its signed address, for as long as that holds, and under no other."""

import httpx
from tests.conftest import World, picture_file

from campaign.demo.rehearsal.shelf import shelved
from campaign.opener import make_sharer


def test_a_medium_is_had_under_its_own_address_alone(world: World) -> None:
    file = picture_file(world.folder / "a.png")
    found = world.app.media.put(file, mime="image/png")
    with shelved(world.settings, world.clock) as settings:
        address = make_sharer(settings, world.clock).address(found.sha256, "image/png", private=True)
        answer, head = httpx.get(address), httpx.head(address)
        others = (address[:-1] + ("0" if address[-1] != "0" else "1"), settings.web.url, f"{settings.web.url}/shared/x")

        assert (200, "image/png", file.read_bytes()) == (
            answer.status_code, answer.headers["content-type"], answer.content,
        )  # fmt: skip
        assert (200, str(found.size), b"") == (head.status_code, head.headers["content-length"], head.content)
        assert {404} == {httpx.get(each).status_code for each in others}
        world.clock.turn(hours=3)
        assert 404 == httpx.get(address).status_code
    assert "" == world.settings.web.url
