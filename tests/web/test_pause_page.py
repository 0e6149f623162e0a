"""Pauses on the desk: put up with a reason, seen on every page, lifted without a burst."""

from collections.abc import Callable

import pytest

from campaign.service.pause import pause
from campaign.store import accounts as account_rows
from campaign.web.words import CATALOGUE
from tests.conftest import World
from tests.web.conftest import Desk, Page

Serve = Callable[..., Desk]


def _standing(world: World) -> list[tuple[str, str, str]]:
    with world.app.store.read() as tx:
        return [(entry.scope, entry.name, entry.person) for entry in account_rows.pauses_now(tx)]


def test_a_pause_is_put_up_and_every_page_says_so(world: World, serve: Serve) -> None:
    desk = serve(world.app, world.settings, by="alice")
    answer = desk.send("/pauses", act="pause", what="language:ko", reason="번역을 확인합니다 <b>")
    assert (answer.status, answer.headers["location"]) == (303, "/pauses")
    assert _standing(world) == [("language", "ko", "alice")]
    for path in ("/", "/pauses", "/accounts", "/campaigns/c"):
        page = Page(desk.ask(path).text)
        assert "번역을 확인합니다 <b>" in page.text and not page.all("b"), path
        assert page.open == []
    assert serve(world.app, world.settings, by=None).ask("/login").text.count("번역을") == 0


@pytest.mark.parametrize("lang", ["ko", "en", "ru"])
def test_each_scope_can_be_chosen_by_name_once(world: World, serve: Serve, lang: str) -> None:
    pause(world.app, "account", "kr", reason="r", by=world.alice)
    page = Page(serve(world.app, world.settings, by="alice").ask(f"/pauses?lang={lang}").text)
    options = {str(one["value"]): "disabled" in one for one in page.all("option")}
    wanted = {"all:", "campaign:c", "language:ko", "language:ru", "platform:mastodon"}
    assert {name for name, taken in options.items() if taken} == {"account:kr"} and wanted <= set(options)
    labelled = {label.get("for") for label in page.all("label")}
    assert {"what", "reason"} <= labelled


def test_what_is_wrong_comes_back_filled_in(world: World, serve: Serve) -> None:
    desk = serve(world.app, world.settings, by="alice")
    for what, reason, field in (
        ("campaign:c", "  ", "reason"),
        ("", "date", "what"),
        ("galaxy:x", "date", "what"),
        ("all:x", "date", "name"),
        ("platform:nowhere", "date", "name"),
        ("all:", "x" * 501, "reason"),
    ):
        answer = desk.send("/pauses", act="pause", what=what, reason=reason)
        page = Page(answer.text)
        assert answer.status == 422 and field in page.text, what
        [typed] = [one for one in page.all("input") if one.get("name") == "reason"]
        assert typed["value"] == reason
    chosen = Page(desk.send("/pauses", act="pause", what="campaign:c", reason="").text).all("option")
    assert [one["value"] for one in chosen if "selected" in one] == ["campaign:c"]
    assert desk.send("/pauses", act="pause", what="campaign:nowhere", reason="r").status == 404
    assert desk.send("/pauses", act="lift", what="all:").status == 422 and _standing(world) == []


def test_lifting_shows_what_was_missed_and_sends_nothing(world: World, serve: Serve) -> None:
    desk = serve(world.app, world.settings, by="bob")
    world.post("P01", minutes=5)
    pause(world.app, "all", reason="date", by=world.alice)
    world.clock.turn(hours=2)
    answer = desk.send("/pauses", act="lift", what="all:")
    assert (answer.status, answer.headers["location"]) == (303, "/pauses?lifted=1#missed")
    page = Page(desk.ask("/pauses?lifted=1&lang=en").text)
    assert CATALOGUE["pause.lifted"][1] in page.text and "/posts/c/P01" in [link["href"] for link in page.all("a")]
    assert len(page.tables["missed"]) == 2
    world.tick()
    assert world.states() == ["missed"] and _standing(world) == []


def test_lifting_a_pause_behind_which_nothing_waited_says_so(world: World, serve: Serve) -> None:
    desk = serve(world.app, world.settings, by="bob")
    pause(world.app, "platform", "mastodon", reason="date", by=world.alice)
    assert desk.send("/pauses", act="lift", what="platform:mastodon").headers["location"] == "/pauses?lifted=1"
    assert CATALOGUE["pause.missed.none"][2] in desk.ask("/pauses?lifted=1&lang=ru").text


def test_a_viewer_sees_pauses_and_can_neither_put_one_up_nor_lift_it(world: World, serve: Serve) -> None:
    pause(world.app, "all", reason="date", by=world.alice)
    desk = serve(world.app, world.settings, by="carol")
    page = Page(desk.ask("/pauses").text)
    assert "date" in page.text and [form["action"] for form in page.all("form")] == ["/logout"]
    assert desk.send("/pauses", act="lift", what="all:").status == 403
    assert desk.send("/pauses", act="pause", what="campaign:c", reason="r").status == 403
    assert desk.send("/pauses", csrf="", act="lift", what="all:").status == 403
    assert _standing(world) == [("all", "", "alice")]


def test_a_refused_token_is_told_in_the_language_of_the_page(world: World, serve: Serve) -> None:
    world.post("P01", minutes=5)
    world.twin.fault("expired_token", path="/api/v1/statuses")
    world.clock.turn(minutes=5)
    world.tick()
    page = Page(serve(world.app, world.settings, by="alice").ask("/pauses?lang=ko").text)
    assert CATALOGUE["account.refused"][0] in page.text and CATALOGUE["pause.refused"][0] in page.text
    assert "campaign account add" not in page.text
    assert "/accounts#a-kr" in [link["href"] for link in page.all("a")]
