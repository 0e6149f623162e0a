"""A calendar under a secret address: no login, a tag that saves the body, nothing once it is revoked, no token told."""

from collections.abc import Callable

import pytest

from campaign.service.calendar import add_feed, revoke_feed
from tests.conftest import World
from tests.test_canary import contents, where
from tests.web.conftest import Desk


@pytest.fixture
def feed(world: World, serve: Callable[..., Desk]) -> tuple[Desk, str, str]:
    world.post("P01")
    made, token = add_feed(world.app, "campaign", "c", by=world.alice)
    return serve(world.app, world.settings, by=None), made.id, f"/calendar/{token}.ics"


def test_who_has_the_address_reads_the_calendar(feed: tuple[Desk, str, str]) -> None:
    desk, _, path = feed
    answer, head = desk.ask(path), desk.ask(path, method="HEAD")

    assert (200, "text/calendar; charset=utf-8") == (answer.status, answer.headers["content-type"])
    assert answer.body.startswith(b"BEGIN:VCALENDAR\r\n") and b"P01" in answer.body
    assert answer.headers["cache-control"].startswith("private") and "set-cookie" not in answer.headers
    assert (200, b"", str(len(answer.body))) == (head.status, head.body, head.headers["content-length"])
    assert f"http://127.0.0.1:{desk.port}/posts/c/P01".encode() in answer.body.replace(b"\r\n ", b"")


def test_who_has_it_already_gets_no_body_until_something_changes(world: World, feed: tuple[Desk, str, str]) -> None:
    desk, _, path = feed
    tag = desk.ask(path).headers["etag"]

    assert (304, b"") == (desk.ask(path, If_None_Match=tag).status, desk.ask(path, If_None_Match=f"W/{tag}").body)
    world.post("P02", minutes=30)
    world.clock.turn(seconds=11)
    assert 200 == desk.ask(path, If_None_Match=tag).status


def test_it_is_read_in_the_language_of_its_address(feed: tuple[Desk, str, str]) -> None:
    desk, _, path = feed

    assert b"LANGUAGE=ru" in desk.ask(f"{path}?lang=ru").body and b"LANGUAGE=ko" in desk.ask(f"{path}?lang=ko").body


def test_what_is_revoked_or_made_up_is_not_found(world: World, feed: tuple[Desk, str, str]) -> None:
    desk, id, path = feed
    revoke_feed(world.app, id, by=world.alice)
    answers = [desk.ask(path), desk.ask("/calendar/x.ics"), desk.ask(path.removesuffix(".ics")), desk.ask("/calendar/")]

    assert [404, 404, 404, 404] == [answer.status for answer in answers]
    assert answers[0].body == answers[1].body


def test_who_asks_without_end_is_told_to_wait(world: World, feed: tuple[Desk, str, str]) -> None:
    desk, _, path = feed
    statuses = {desk.ask(path, If_None_Match="*").status for _ in range(30)}

    assert ({304}, 429) == (statuses, desk.ask(path).status)
    world.clock.turn(minutes=1)
    assert 200 == desk.ask(path).status


def test_the_token_is_found_nowhere(world: World, serve: Callable[..., Desk]) -> None:
    logged: list[str] = []
    app = world.open(log=lambda name, **fields: logged.append(repr((name, fields))))
    feed, token = add_feed(app, "campaign", "c", by=world.alice)
    desk = serve(app, world.settings, by=None)
    told = desk.ask(f"/calendar/{token}.ics").body
    revoke_feed(app, feed.id, by=world.alice)
    told += desk.ask(f"/calendar/{token}.ics").body + desk.ask(f"/calendar/{token}").body

    assert set() == where(contents(world) | {"answers": told, "log": "\n".join(logged).encode()}, token)
    assert {"a plant"} == where({"a plant": token.encode()}, token)
    app.store.close()
