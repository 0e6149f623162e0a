"""compose: a draft is kept whole, or nothing changed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from campaign.core.errors import CampaignError, Conflict, Forbidden, Invalid, NotFound
from campaign.service import campaigns
from campaign.service.compose import Draft, Picture, Wording, compose
from campaign.store import posts as post_rows
from tests.conftest import World

AT = "2026-11-24 10:00"  # Seoul; the clock of the tests says 09:00 there
GOOD = Draft("P01", {"ko": Wording("안녕하세요")}, AT, ("kr",))
Change = Callable[[World], Draft]


def everything(world: World) -> tuple[dict[str, int], list[str]]:
    """How many rows each table has, and every file of the installation with its size."""
    with world.app.store.read() as tx:
        names = [row[0] for row in tx.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")]
        count = "SELECT count(*) FROM "
        rows = {name: tx.exec_driver_sql(count + name).scalar_one() for name in names}
    root = Path(world.settings.dir)
    return rows, sorted(str(path.relative_to(root)) for path in root.rglob("*") if "campaign.db" not in path.name)


def said(**changes: Any) -> Change:
    return lambda world: replace(GOOD, **changes)


def text(text: str = "안녕하세요", lang: str = "ko", **parts: Any) -> Change:
    return said(wordings={lang: Wording(text, **parts)})


def pictured(alt: dict[str, str]) -> Change:
    return lambda world: replace(GOOD, pictures=(world.picture(alt),))


def nowhere(world: World) -> Draft:
    return replace(GOOD, pictures=(Picture(world.folder / "no.png", {"ko": "그림"}),))


def mislabelled(world: World) -> Draft:
    file = world.folder / "a.png"
    file.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    return replace(GOOD, pictures=(Picture(file, {"ko": "그림"}),))


def half(world: World) -> Draft:
    whole = world.picture(name="half.png")
    whole.file.write_bytes(whole.file.read_bytes()[:60])
    return replace(GOOD, pictures=(whole,))


def many(world: World) -> Draft:
    pictures = [world.picture(name=f"{n}.png", colour=f"#{n}{n}0000") for n in range(5)]
    return replace(GOOD, pictures=tuple(pictures))


REFUSED: list[tuple[str, Change, type[CampaignError], str]] = [
    ("unknown language", text(lang="xx"), Invalid, "is no language of campaign c"),
    ("no common language", said(wordings={"ru": Wording("Привет")}), Invalid, "no language in common"),
    ("no text at all", said(wordings={}), Invalid, "at least one language"),
    ("blank text", text(" \n "), Invalid, "must not be empty"),
    ("control character", text("가\x00나"), Invalid, "U\\+0000"),
    ("lone surrogate", text("가\ud800"), Invalid, "surrogates"),
    ("too long", text("가" * 501), Invalid, "over the limit of 500"),
    ("too long with its tags", text("가" * 495, tags=("#서울서울",)), Invalid, "over the limit of 500"),
    ("bad tag", text(tags=("#I SEOUL U",)), Invalid, "a hashtag is"),
    ("bad link", text(link="javascript:alert(1)"), Invalid, "must begin with https"),
    ("no account", said(to=()), Invalid, "at least one account"),
    ("account twice", said(to=("kr", "kr")), Invalid, "twice"),
    ("unknown account", said(to=("kr", "nobody")), NotFound, "connected accounts: kr"),
    ("unknown leg", said(leg="moon"), NotFound, "leg 'moon'"),
    ("unknown zone", said(zone="Asia/Soul"), Invalid, "Asia/Seoul"),
    ("no such time", said(at="tomorrow"), Invalid, "YYYY-MM-DD HH:MM"),
    ("no such day", said(at="2026-02-30 10:00"), Invalid, "YYYY-MM-DD HH:MM"),
    ("past time", said(at="2026-11-24 08:59"), Invalid, "is past"),
    ("gap", said(at="2027-03-28 02:30", zone="Europe/Berlin"), Invalid, "--gap back .* or --gap forward"),
    ("fold", said(at="2027-10-31 02:30", zone="Europe/Berlin"), Invalid, "--fold first .* or --fold second"),
    ("empty id", said(name=""), Invalid, "1 to 64"),
    ("id that climbs", said(name="../x"), Invalid, "1 to 64"),
    ("id used", said(name="P00"), Conflict, "used already"),
    ("missing alt", pictured({"ru": "Синий"}), Invalid, "needs an alt text in ko"),
    ("alt in no language", pictured({"ko": "a", "xx": "b"}), Invalid, "is no language"),
    ("alt too long", pictured({"ko": "가" * 1501}), Invalid, "limit of 1500"),
    ("mislabelled picture", mislabelled, Invalid, "a.png"),
    ("half a picture", half, Invalid, "half.png"),
    ("no such picture", nowhere, CampaignError, "no.png"),
    ("too many pictures", many, Invalid, "at most 4"),
]  # fmt: skip


@pytest.mark.parametrize(("draft", "error", "words"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_a_draft_that_is_refused_changes_nothing(
    world: World, draft: Change, error: type[CampaignError], words: str
) -> None:
    world.post("P00", minutes=90)
    wanted, before = draft(world), everything(world)
    with pytest.raises(error, match=words):
        compose(world.app, "c", wanted, by=world.alice, approve_now=True)

    assert before == everything(world)


def test_a_viewer_may_not_write_and_no_one_may_approve_alone_where_two_are_wanted(world: World) -> None:
    world.campaign("strict", approval="one")
    before = everything(world)
    with pytest.raises(Forbidden):
        compose(world.app, "c", GOOD, by=world.carol)
    with pytest.raises(Forbidden):
        compose(world.app, "strict", GOOD, by=world.alice, approve_now=True)
    with pytest.raises(NotFound):
        compose(world.app, "nothing", GOOD, by=world.alice)

    assert before == everything(world)


def test_all_findings_are_told_at_once(world: World) -> None:
    draft = replace(GOOD, wordings={"ko": Wording(""), "xx": Wording("b"), "ru": Wording("c", ("#a b",))})
    with pytest.raises(Invalid) as told:
        compose(world.app, "c", draft, by=world.alice)

    assert 3 == len(str(told.value).splitlines())


@pytest.mark.parametrize(
    ("at", "zone", "choice", "utc"),
    [
        ("2027-03-28 02:30", "Europe/Berlin", {"gap": "forward"}, "2027-03-28T01:30"),
        ("2027-03-28 02:30", "Europe/Berlin", {"gap": "back"}, "2027-03-28T00:30"),
        ("2027-10-31 02:30", "Europe/Berlin", {"fold": "first"}, "2027-10-31T00:30"),
        ("2027-10-31 02:30", "Europe/Berlin", {"fold": "second"}, "2027-10-31T01:30"),
        (AT, None, {}, "2026-11-24T01:00"),
        (AT, "Asia/Vladivostok", {}, "2026-11-24T00:00"),
    ],
)
def test_a_wall_time_becomes_the_instant_that_was_meant(
    world: World, at: str, zone: str | None, choice: dict[str, Any], utc: str
) -> None:
    made = compose(world.app, "c", replace(GOOD, at=at, zone=zone, **choice), by=world.alice)

    assert utc == f"{made.post.due_at:%Y-%m-%dT%H:%M}"


def test_who_says_now_means_now_whatever_the_quiet_hours(world: World) -> None:
    world.campaign("quiet", quiet_hours={"ko": "00:00-23:59 Asia/Seoul"})
    draft = replace(GOOD, at="2026-11-24 08:00", now=True)
    made = compose(world.app, "quiet", draft, by=world.alice, approve_now=True)
    world.tick()

    assert ([world.clock.now()], ["published"]) == ([row.due_at for row in made.deliveries], world.states())


def test_quiet_hours_move_the_korean_variant_only_and_say_why(world: World) -> None:
    world.connect("ru", "ru", twin_account="peace_ru")
    world.campaign("quiet", quiet_hours={"ko": "22:00-08:00 Asia/Seoul"})
    draft = Draft("P01", {"ko": Wording("밤"), "ru": Wording("Ночь")}, "2026-11-24 23:30", ("kr", "ru"))
    made = compose(world.app, "quiet", draft, by=world.alice, approve_now=True)

    told = {row.langs[0]: (row.due_at - made.post.due_at, row.moved_because) for row in made.deliveries}
    assert {
        "ko": (timedelta(hours=8, minutes=30), "quiet hours of the ko audience: 22:00-08:00 Asia/Seoul"),
        "ru": (timedelta(0), None),
    } == told


def test_the_legs_zone_wins_over_the_campaigns(world: World) -> None:
    campaigns.add_leg(
        world.app,
        "c",
        "irkutsk",
        zone_name="Asia/Irkutsk",
        starts_on="2026-11-24",
        ends_on="2026-11-30",
        by=world.alice,
    )
    made = compose(world.app, "c", replace(GOOD, leg="irkutsk"), by=world.alice)

    assert ("Asia/Irkutsk", 2) == (made.post.zone, made.post.due_at.hour)


def test_to_means_the_languages_that_account_and_post_have_in_common(world: World) -> None:
    world.connect("all", "ru", "ko", "en", twin_account="peace_en")
    draft = replace(GOOD, wordings={"ru": Wording("Привет"), "ko": Wording("안녕")}, to=("kr", "all"))
    made = compose(world.app, "c", draft, by=world.alice, approve_now=True)

    assert [("all", ("ko",)), ("all", ("ru",)), ("kr", ("ko",))] == sorted(
        (entry.outgoing.account, entry.outgoing.langs) for entry in made.outgoings
    )


def test_body_hashtags_and_link_are_composed_once_and_the_link_speaks_the_language(world: World) -> None:
    wording = Wording("서울", ("#ISEOULU", "평화"), "https://example.org/{lang}/")
    made = compose(world.app, "c", replace(GOOD, wordings={"ko": wording}), by=world.alice)

    assert "서울\n#ISEOULU #평화\nhttps://example.org/ko/" == made.outgoings[0].outgoing.text


def test_text_is_kept_in_nfc_whatever_was_typed(world: World) -> None:
    import unicodedata

    typed = unicodedata.normalize("NFD", "한국어\r\n글")
    made = compose(world.app, "c", replace(GOOD, wordings={"ko": Wording(typed)}), by=world.alice)
    with world.app.store.read() as tx:
        [variant] = post_rows.variants_of(tx, made.post.id)

    assert ("한국어\n글",) * 2 == (made.outgoings[0].outgoing.text, variant.text)
