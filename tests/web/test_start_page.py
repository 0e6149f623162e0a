"""The first page tells notices before all else, each kind in the reader's language; a campaign says what late means."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from campaign.service.campaigns import edit_campaign
from campaign.service.miss import miss
from campaign.service.refresh import pause_account
from campaign.store import notices
from campaign.store.notices import Notice
from campaign.web.words import CATALOGUE, LANGS
from tests.conftest import World
from tests.web.conftest import Desk, Page

Serve = Callable[..., Desk]


@pytest.mark.parametrize("lang", LANGS)
def test_what_a_person_must_do_stands_first_in_the_readers_language(world: World, serve: Serve, lang: str) -> None:
    for name in ("P1", "P2"):
        world.post(name, minutes=1)
    world.clock.turn(minutes=30)
    with world.app.store.begin() as tx:
        miss(world.app, tx)
        pause_account(world.app, tx, world.deliveries()[0].account_id)
        for kind, error in (
            ("disk", "the disk of the <b>archive</b> has 1 MiB left"),
            ("archive", "EROFS"),
            ("clock", ""),
        ):
            notices.add(tx, Notice(kind, kind, "host-1", {"error": error}, world.clock.now()))
    answer = serve(world.app, world.settings).ask(f"/?lang={lang}")
    page, column = Page(answer.text), LANGS.index(lang)
    for kind, subject in (
        ("account.refused", "kr"),
        ("disk", "host-1"),
        ("clock", "host-1"),
        ("archive", ""),
        ("delivery.missed", "2"),
    ):
        assert CATALOGUE[f"notice.{kind}"][column].format(subject=subject) in page.text, kind
    assert "<b>archive</b>" in page.text and not page.all("b") and page.open == []
    assert answer.text.index('id="h-notices"') < answer.text.index('id="h-attention"')
    assert {"/accounts#a-kr", "#h-attention"} <= {link["href"] for link in page.all("a")}


def test_a_calm_desk_has_no_list_of_notices(world: World, serve: Serve) -> None:
    assert "h-notices" not in serve(world.app, world.settings).ask("/").text


@pytest.mark.parametrize("lang", LANGS)
def test_a_campaign_says_what_becomes_of_the_late(world: World, serve: Serve, lang: str) -> None:
    desk, column = serve(world.app, world.settings), LANGS.index(lang)
    assert CATALOGUE["late.ask"][column].format(n=15) in Page(desk.ask(f"/campaigns/c?lang={lang}").text).text
    edit_campaign(world.app, "c", by=world.bob, grace=timedelta(minutes=90), late="cancel")
    assert CATALOGUE["late.cancel"][column].format(n=90) in Page(desk.ask(f"/campaigns/c?lang={lang}").text).text


def test_every_kind_of_notice_has_its_sentence() -> None:
    kinds = {"account.refused", "archive", "disk", "clock", "delivery.missed", "delivery.failed", "delivery.uncertain"}
    assert {f"notice.{kind}" for kind in kinds} <= set(CATALOGUE)
