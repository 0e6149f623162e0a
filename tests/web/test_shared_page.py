"""Shared media over HTTP: no login, whole or in ranges, and nothing without a good address."""

from collections.abc import Callable
from typing import Any

import pytest

from campaign.net.client import Client
from campaign.opener import make_sharer
from tests.conftest import World, picture_file
from tests.web.conftest import Desk


@pytest.fixture
def shared(world: World, serve: Callable[..., Desk]) -> tuple[Desk, str, bytes]:
    found = world.app.media.put(picture_file(world.folder / "a.png"), mime="image/png")
    desk = serve(world.app, world.settings, by=None)
    settings = world.settings.model_copy(
        update={"web": world.settings.web.model_copy(update={"url": "https://desk.example"})}
    )
    address = make_sharer(settings, world.clock).address(found.sha256, "image/png")
    return desk, address.removeprefix("https://desk.example"), world.app.media.path(found.sha256).read_bytes()


def test_who_has_the_address_gets_the_file_without_a_login(shared: tuple[Desk, str, bytes]) -> None:
    desk, path, body = shared
    answer = desk.ask(path)

    assert (200, body, "image/png", "nosniff") == (
        answer.status,
        answer.body,
        answer.headers["content-type"],
        answer.headers["x-content-type-options"],
    )
    assert "set-cookie" not in answer.headers


def test_a_range_of_it_is_given(shared: tuple[Desk, str, bytes]) -> None:
    desk, path, body = shared
    answer = desk.ask(path, Range="bytes=8-15")

    assert (206, body[8:16]) == (answer.status, answer.body)


def test_its_head_tells_the_size(shared: tuple[Desk, str, bytes]) -> None:
    desk, path, body = shared
    answer = desk.ask(path, method="HEAD")

    assert (200, str(len(body)), b"") == (answer.status, answer.headers["content-length"], answer.body)


def test_a_made_up_address_is_not_found_and_says_nothing_of_the_library(shared: tuple[Desk, str, bytes]) -> None:
    desk, path, _ = shared
    plain = path.partition("?")[0]
    answers = [
        desk.ask(plain),
        desk.ask(f"{path}0"),
        desk.ask(plain.replace(".png", ".jpg") + "?" + path.partition("?")[2]),
    ]

    assert [404, 404, 404] == [answer.status for answer in answers]


def test_its_time_ends(world: World, shared: tuple[Desk, str, bytes]) -> None:
    desk, path, _ = shared
    world.clock.turn(hours=3)

    assert 404 == desk.ask(path).status


def test_a_client_without_a_public_address_says_what_to_set(world: World) -> None:
    account = world.connect("other", "ko", twin_account="peace_ru")
    client: Any = world.app.open_adapter(account, "t", _sink())
    held: Client = client._client

    with pytest.raises(Exception, match=r"web\.url"):
        held.share("ab" * 32, "image/png")


def _sink() -> Any:
    from campaign.core.adapter import Exchanges

    return Exchanges()
