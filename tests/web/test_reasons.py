"""What the verbs say in English is told in the reader's language; what they said stands below it."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from campaign.core.check import check
from campaign.core.errors import CampaignError, Invalid
from campaign.core.model import Outgoing
from campaign.core.schedule import parse_local, resolve, zone
from campaign.media.share import Sharer
from campaign.platforms import load
from campaign.service.approve import approve
from campaign.service.blackout import add_blackout
from campaign.service.enqueue import cancel, move, retry
from campaign.service.miss import miss
from campaign.web.formats import Look
from campaign.web.holds import dated
from campaign.web.reasons import _PATTERNS, _STANDS, reason
from campaign.web.words import CATALOGUE, LANGS
from tests.conftest import HandClock, World
from tests.web.conftest import Desk, Page

Serve = Callable[..., Desk]


def test_every_reason_has_its_sentence_and_every_sentence_its_reason() -> None:
    assert {f"reason.{key}" for _, key in [*_PATTERNS, *_STANDS]} == {
        key for key in CATALOGUE if key.startswith("reason.")
    }


@pytest.mark.parametrize("lang", LANGS)
def test_the_two_candidates_of_a_gap_and_of_a_fold_are_named(lang: str) -> None:
    for at, wanted in (
        (datetime(2027, 3, 28, 2, 30), ("2027-03-28 01:30 UTC+1", "2027-03-28 03:30 UTC+2")),  # noqa: DTZ001
        (datetime(2026, 10, 25, 2, 30), ("2026-10-25 02:30 UTC+2", "2026-10-25 02:30 UTC+1")),  # noqa: DTZ001
    ):
        with pytest.raises(Invalid) as raised:
            resolve("at", at, "Europe/Berlin")
        told = str(reason(str(raised.value), Look(lang)))
        assert all(dated(one, Look(lang)) in told for one in wanted)


@pytest.mark.parametrize("lang", LANGS)
def test_a_day_and_an_hour_at_which_nothing_goes_out_are_told(world: World, lang: str) -> None:
    world.campaign("s", quiet_hours={"ko": "22:00-08:00 Asia/Seoul hard"})
    world.post("P01", campaign="s", minutes=1)
    world.clock.turn(minutes=20)
    world.tick()
    with world.app.store.begin() as tx:
        [missed] = miss(world.app, tx)
    add_blackout(world.app, "선거 (1차)", starts_on="2026-11-25", by=world.alice)
    said: list[str | None] = []
    for wrong in (
        lambda: move(world.app, "P01", at="2026-11-25 10:00", by=world.alice),
        lambda: retry(world.app, missed.id, at="2026-11-25 10:00", by=world.alice),
        lambda: retry(world.app, missed.id, at="2026-11-26 02:00", by=world.alice),
    ):
        with pytest.raises(Invalid) as raised:
            wrong()
        said.append(reason(str(raised.value), Look(lang)))

    assert all(said)
    assert dated("선거 (1차), 2026-11-25", Look(lang)) in str(said[0])
    assert dated("2026-11-26", Look(lang)) in str(said[0])
    assert dated("2026-11-26 08:00", Look(lang))[:14] in str(said[2]) and "08:00" in str(said[2])


def test_what_the_verbs_really_say_is_known(world: World) -> None:
    world.campaign("s", approval="one")
    world.post("P01", campaign="s", approve_now=False)
    world.post("P02", minutes=1)
    world.clock.turn(minutes=2)
    world.tick()
    [out] = world.deliveries()
    wrong: list[Callable[[], object]] = [
        lambda: approve(world.app, "P01", by=world.alice, campaign_name="s"),
        lambda: cancel(world.app, "P01", by=world.alice, campaign_name="s"),
        lambda: cancel(world.app, "P02", by=world.carol),
        lambda: move(world.app, "P02", at="2030-01-01 10:00", by=world.alice),
        lambda: move(world.app, "P01", at="2020-01-01 10:00", by=world.alice, campaign_name="s"),
        lambda: retry(world.app, out.id, by=world.alice, now=True),
        lambda: world.post("P02"),
        lambda: world.post("P03", to=()),
        lambda: world.post("P03", texts={}),
        lambda: world.post("P03", texts={"ru": "Привет"}),
        lambda: world.post("P03", texts={"ko": "가" * 600}),
        lambda: world.post("P03", pictures=(world.picture({"ru": "x"}),)),
        lambda: world.post("P03", to=("nobody",)),
        lambda: parse_local("at", ""),
        lambda: zone("zone", "Asia/Soul"),
    ]
    for number, act in enumerate(wrong):
        with pytest.raises(CampaignError) as raised:
            act()
        assert reason(str(raised.value), Look("ko")), (number, str(raised.value))


@pytest.mark.parametrize("lang", LANGS)
def test_what_a_platform_wants_is_told_in_the_readers_language(tmp_path: Path, lang: str) -> None:
    plain = Outgoing("yt", "youtube", (lang,), "a <b> https://a.example")
    x, youtube, line = (load(name).defaults for name in ("x", "youtube", "instagram"))
    few = replace(line, text=replace(line.text, max_tags=2))
    found = [
        *check(replace(plain, platform="x"), x),
        *check(replace(plain, platform="x", text="a"), x),
        *check(plain, youtube),
        *check(replace(plain, title="<"), youtube),
        *check(replace(plain, text="#a #b #c"), few),
    ]
    wanted = {"price_link": "0.20", "price": "0.015", "title": "yt", "forbidden": "<", "hashtags": "3"}
    wanted |= {"media_needed": "1", "share": "web.url"}
    told = [reason(str(one), Look(lang)) for one in found]
    told.append(reason(f"media for yt: {Sharer(bytes, '', HandClock(tmp_path / 'clock.json')).trouble()}", Look(lang)))
    assert None not in told, [str(one) for one in found]
    for key, value in wanted.items():
        pattern = re.escape(CATALOGUE[f"reason.{key}"][LANGS.index(lang)])
        pattern = re.sub(r"\\{\w+\\}", ".+", pattern)
        assert [one for one in told if one and re.fullmatch(pattern, one) and value in one], (key, told)


def test_an_unknown_error_is_shown_as_it_is() -> None:
    assert reason("the moon is full", Look("ko")) is None
    assert reason("x" * 10_000 + "must be filled in", Look("ko")) is None


@pytest.mark.parametrize(
    ("lang", "sentence"), [("ko", "지난 시각입니다"), ("ru", "Это время прошло"), ("en", "passed")]
)
def test_an_error_stands_on_the_page_in_both_languages(world: World, serve: Serve, lang: str, sentence: str) -> None:
    world.post("P01", minutes=100)
    desk = serve(world.app, world.settings, by="alice")

    answer = desk.send(f"/posts/c/P01/move?lang={lang}", date="2020-01-01", time="10:00")

    page = Page(answer.text)
    assert 422 == answer.status and sentence in page.text and "is past" in page.text
    assert page.open == []


def test_what_stands_against_a_draft_is_told_while_it_is_typed(world: World, serve: Serve) -> None:
    desk = serve(world.app, world.settings, by="alice")

    live = desk.send("/campaigns/c/compose?lang=ko", act="preview", id="P01", text_ko="안녕", to="kr", date="", time="")
    assert 200 == live.status and "날짜와 시각을 모두 적어 주세요" in live.text and "<html" not in live.text

    whole = desk.send("/campaigns/c/compose?lang=ko", act="check", id="P01", text_ko="안녕", to="kr", date="", time="")
    assert 2 == whole.text.count("날짜와 시각을 모두 적어 주세요")  # in the summary and at its field
