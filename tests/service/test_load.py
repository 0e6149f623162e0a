"""Sheets of posts: compared with those that are there, kept whole or not at all, and the same again changes nothing."""

import csv
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from pydantic import SecretStr

from campaign.config import Database
from campaign.core.errors import Conflict, Forbidden, Invalid, Unavailable
from campaign.core.lint import lint
from campaign.service import campaigns
from campaign.service.approve import approve
from campaign.service.compose import Draft, Picture, Wording, compose, preview
from campaign.service.differ import own_words
from campaign.service.enqueue import cancel
from campaign.service.export import export
from campaign.service.load import Loaded, load
from campaign.service.revise import revise
from campaign.service.usage import may_be_waived
from campaign.store import campaigns as campaign_rows
from campaign.store import people
from campaign.store import posts as post_rows
from campaign.store.tables import events
from campaign.store.whole import Whole, whole_posts
from tests.conftest import World, picture_file

HEAD = ["id", "at", "to", "text.ko", "tags.ko", "text.ru", "link"]
FIRST = ["P01", "2026-12-01 19:00", "kr, ru", "안녕하세요", "#평화 #서울", "Привет", "https://example.org/{lang}"]
SECOND = ["P02", "2026-12-02 19:00", "kr", "두 번째", "", "", ""]


@pytest.fixture
def world(make_world: Any) -> World:
    """Campaigns c and d in Korean and Russian, policy one; accounts kr (Korean) and ru (Russian)."""
    made: World = make_world()
    made.campaign(languages=("ko", "ru"), approval="one")
    made.campaign("d", languages=("ko", "ru"), approval="one")
    made.connect("kr", "ko")
    made.connect("ru", "ru", twin_account="peace_ru")
    return made


def sheet(file: Path, *rows: list[Any], head: list[str] = HEAD) -> Path:
    """Write a sheet, by its suffix XLSX (with another's writer) or CSV."""
    if file.suffix == ".xlsx":
        book = Workbook()
        for row in (head, *rows):
            book.active.append(row)
        book.save(file)
    else:
        with file.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([head, *rows])
    return file


def what(loaded: Loaded) -> list[str]:
    return [row.what for row in loaded.rows]


def wholes(world: World, campaign: str = "c") -> list[Whole]:
    with world.app.store.read() as tx:
        return whole_posts(tx, campaign_rows.campaign_named(tx, campaign).id)


def everything(world: World, campaign: str = "c") -> Any:
    """All that an import could leave: posts with their revisions, what leaves, and the log."""
    with world.app.store.read() as tx:
        found = campaign_rows.campaign_named(tx, campaign)
        posts = post_rows.posts_of(tx, found.id)
        leaves = [[(entry.id, entry.sha256) for entry in post_rows.outgoings_of(tx, post.id)] for post in posts]
        log = [people.events_of(tx, post.id) for post in posts]
        return posts, post_rows.variants_in(tx, found.id), leaves, log, tx.execute(sa.select(events.c.id)).all()


def take(world: World, file: Path, **options: Any) -> Loaded:
    return load(world.app, file, by=options.pop("by", world.alice), **{"campaign_name": "c", **options})


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_the_same_sheet_again_changes_nothing(world: World, tmp_path: Path, suffix: str) -> None:
    """Acceptance check 16."""
    file = sheet(tmp_path / f"posts{suffix}", FIRST, SECOND)

    assert what(take(world, file)) == ["new", "new"]
    before = everything(world)
    again = take(world, file)

    assert what(again) == ["same", "same"]
    assert not again.kept
    assert everything(world) == before
    [first, second] = wholes(world)
    assert first.words["ko"].tags == ("#평화", "#서울")
    assert first.words["ru"].link == "https://example.org/ru"
    assert set(second.words) == {"ko"}


def test_a_changed_row_revises_what_changed_and_moves_what_moved(world: World, tmp_path: Path) -> None:
    take(world, sheet(tmp_path / "a.csv", FIRST, SECOND))
    moved = ["P02", "2026-12-02 20:30", *SECOND[2:]]
    loaded = take(world, sheet(tmp_path / "b.csv", [*FIRST[:5], "Здравствуйте", FIRST[6]], moved))

    assert [(row.what, row.changes) for row in loaded.rows] == [("changed", ("text.ru",)), ("changed", ("at",))]
    [first, second] = wholes(world)
    assert (first.words["ru"].text, first.words["ru"].revision, first.words["ko"].revision) == ("Здравствуйте", 2, 1)
    assert second.post.local_at.strftime("%H:%M") == "20:30"
    assert what(take(world, sheet(tmp_path / "b.csv", [*FIRST[:5], "Здравствуйте", FIRST[6]], moved))) == ["same"] * 2


def test_what_somebody_else_changed_meanwhile_is_not_written_over(world: World, tmp_path: Path) -> None:
    take(world, sheet(tmp_path / "a.csv", FIRST, SECOND))
    file = sheet(tmp_path / "b.csv", [*FIRST[:5], "Здравствуйте", FIRST[6]], [*SECOND[:3], "다른 말", *SECOND[4:]])
    passed: list[int] = []

    def meanwhile(done: int) -> None:  # between the look at the last row and the writing
        passed.append(done)
        if done == 2:
            revise(world.app, "P01", "ru", by=world.alice, text="Добрый день", campaign_name="c")

    with pytest.raises(Conflict, match="Добрый день"):
        take(world, file, progress=meanwhile)
    assert wholes(world)[1].words["ko"].text == "두 번째"

    passed.clear()
    assert what(take(world, file, only_good=True)) == ["changed", "changed"]


def test_a_sheet_that_would_change_too_many_posts_is_to_be_cut(world: World, tmp_path: Path) -> None:
    rows = [[f"P{number}", *SECOND[1:]] for number in range(4)]
    take(world, sheet(tmp_path / "a.csv", *rows))
    file = sheet(tmp_path / "b.csv", *([*row[:3], "다른 말", *row[4:]] for row in rows))

    assert "at most 3 at once" in take(world, file, most=3, dry_run=True).notes[0]
    with pytest.raises(Invalid, match="at most 3 at once"):
        take(world, file, most=3)
    assert take(world, file, most=3, only_good=True).counts == {"changed": 4}


def test_a_language_that_is_written_later_comes_by_a_sheet_too(world: World, tmp_path: Path) -> None:
    take(world, sheet(tmp_path / "a.csv", ["P01", "2026-12-01 19:00", "kr", "안녕", "", "", ""]))
    rows = ["P01", "2026-12-01 19:00", "kr,ru", "안녕", "", "Привет", ""]
    loaded = take(world, sheet(tmp_path / "b.csv", rows))

    assert [row.what for row in loaded.rows] == ["changed"], loaded.rows[0].faults
    assert {lang: each.text for lang, each in wholes(world)[0].words.items()} == {"ko": "안녕", "ru": "Привет"}
    assert what(take(world, sheet(tmp_path / "b.csv", rows))) == ["same"]


def test_postgresql_keeps_and_compares_sheets_too(
    make_world: Any, make_migrated: Callable[[], str], tmp_path: Path
) -> None:
    world: World = make_world("far", database=Database(url=SecretStr(make_migrated())))
    world.campaign(languages=("ko", "ru"), approval="one")
    world.connect("kr", "ko")
    world.connect("ru", "ru", twin_account="peace_ru")
    file = sheet(tmp_path / "a.csv", FIRST, SECOND)

    assert what(take(world, file)) == ["new", "new"]
    changed = sheet(tmp_path / "b.csv", [*FIRST[:5], "Здравствуйте", FIRST[6]], ["P02", "bad", *SECOND[2:]])
    before = everything(world)
    assert what(take(world, changed)) == ["changed", "wrong"]
    assert everything(world) == before
    assert what(take(world, changed, only_good=True)) == ["changed", "wrong"]
    assert wholes(world)[0].words["ru"].text == "Здравствуйте"


def test_one_bad_row_keeps_all_of_a_sheet_out(world: World, tmp_path: Path) -> None:
    bad = ["P03", "2026-13-01 19:00", "kr, nobody", "글", "#a b-c", "", "ftp://x"]
    file = sheet(tmp_path / "posts.csv", FIRST, bad, SECOND)
    before = everything(world)
    loaded = take(world, file)

    assert what(loaded) == ["new", "wrong", "new"]
    assert not loaded.kept
    assert everything(world) == before
    assert loaded.rows[1].where == "row 3"

    assert take(world, file, only_good=True).kept
    assert [each.post.name for each in wholes(world)] == ["P01", "P02"]


def test_all_that_is_wrong_is_told_by_row_and_column(world: World, tmp_path: Path) -> None:
    rows = [
        ["", *FIRST[1:]],
        ["P 00", "tomorrow", "kr, nobody", "글", "#a-b", "", ""],
        ["P02", "2026-12-01 19:00", "kr", "글", "#a-b", "", ""],
        ["P03", "2020-12-01 19:00", "kr", "글", "", "", ""],
        ["P04", "2026-12-01 19:00", "nobody", "글", "", "", ""],
        ["P05", "2026-12-01 19:00", "kr", "가" * 501, "", "", ""],
        ["P06", "2026-12-01 19:00", "kr", "글", "", "", "ftp://x"],
        [*SECOND[:2], "kr", "글", "", "", ""],
    ]
    loaded = take(world, sheet(tmp_path / "posts.csv", *rows, ["P02", *SECOND[1:]]), dry_run=True)
    told = [[fault.column for fault in row.faults] for row in loaded.rows]

    assert told[:2] == [["id"], ["id", "to", "tags.ko", "at"]]
    assert told[2:] == [["tags.ko"], ["at"], ["to"], ["text.ko"], ["link.ko"], ["id"], ["id"]]
    assert all(fault.rule for row in loaded.rows for fault in row.faults)


def test_a_dry_run_leaves_nothing(world: World, tmp_path: Path) -> None:
    take(world, sheet(tmp_path / "a.csv", FIRST))
    before = everything(world)
    loaded = take(world, sheet(tmp_path / "b.csv", [*FIRST[:3], "다른 말", *FIRST[4:]], SECOND), dry_run=True)

    assert [(row.what, row.changes) for row in loaded.rows] == [("changed", ("text.ko",)), ("new", ())]
    assert everything(world) == before


def test_what_is_out_is_a_conflict_and_stays(world: World, tmp_path: Path) -> None:
    take(world, sheet(tmp_path / "a.csv", FIRST, SECOND))
    approve(world.app, "P02", by=world.bob, campaign_name="c")
    cancel(world.app, "P02", by=world.alice, campaign_name="c")
    before = everything(world)
    loaded = take(world, sheet(tmp_path / "b.csv", FIRST, [*SECOND[:3], "다른 말", *SECOND[4:]]))

    assert what(loaded) == ["same", "conflict"]
    assert "out or cancelled" in loaded.rows[1].faults[0].rule
    assert everything(world) == before


def test_an_import_takes_no_language_away(world: World, tmp_path: Path) -> None:
    take(world, sheet(tmp_path / "a.csv", FIRST))
    loaded = take(world, sheet(tmp_path / "b.csv", [*FIRST[:5], "", FIRST[6]]))

    assert what(loaded) == ["conflict"]


def test_a_choice_of_two_hours_and_a_reason_for_quiet_ones_are_compared_too(world: World, tmp_path: Path) -> None:
    head = ["id", "at", "tz", "to", "text.ko", "fold", "anyway"]
    first = ["P01", "2027-10-31 02:30", "Europe/Berlin", "kr", "안녕하세요", "first", ""]
    take(world, sheet(tmp_path / "a.csv", first, head=head))
    second = [*first[:5], "second", "축제"]

    assert what(take(world, sheet(tmp_path / "a.csv", first, head=head))) == ["same"]
    assert take(world, sheet(tmp_path / "b.csv", second, head=head)).rows[0].changes == ("at",)
    post = wholes(world)[0].post
    assert (post.fold, post.quiet_because, post.due_at.hour) == ("second", "축제", 1)
    assert what(take(world, sheet(tmp_path / "b.csv", second, head=head))) == ["same"]
    assert what(take(world, sheet(tmp_path / "c.csv", second[:5], head=head[:5]))) == ["same"]


def test_columns_that_a_sheet_has_not_say_nothing(world: World, tmp_path: Path) -> None:
    take(world, sheet(tmp_path / "a.csv", FIRST))
    loaded = take(world, sheet(tmp_path / "b.csv", ["P01", "Новые слова"], head=["번호", "Текст (ru)"]))

    assert loaded.rows[0].changes == ("text.ru",)
    [post] = wholes(world)
    assert (post.words["ko"].tags, post.words["ru"].link) == (("#평화", "#서울"), "https://example.org/ru")


def test_a_machines_words_do_not_become_a_persons(world: World, tmp_path: Path) -> None:
    take(world, sheet(tmp_path / "a.csv", ["P01", "2026-12-01 19:00", "kr, ru", "안녕", "", "Привет", ""]))
    revise(world.app, "P01", "ru", by=world.alice, text="машина", machine="robot", campaign_name="c")
    file = tmp_path / "out.csv"
    export(world.app, file, campaign_name="c")

    assert "машина" not in file.read_text("utf-8-sig")
    assert what(take(world, file)) == ["same"]


def test_only_writers_import(world: World, tmp_path: Path) -> None:
    with pytest.raises(Forbidden):
        take(world, sheet(tmp_path / "a.csv", FIRST), by=world.carol)


def test_media_come_as_files_and_are_known_again(world: World, tmp_path: Path) -> None:
    picture_file(tmp_path / "a.png")
    head = [*HEAD, "media1", "alt1.ko", "alt1.ru"]
    file = sheet(tmp_path / "posts.csv", [*FIRST, "a.png", "남색 그림", "Синий"], head=head)

    assert what(take(world, file)) == ["new"]
    assert what(take(world, file)) == ["same"]
    other = take(world, sheet(file, [*FIRST, "a.png", "파란 그림", "Синий"], head=head))
    assert other.rows[0].changes == ("alt1.ko",)
    assert wholes(world)[0].media[0].alt == {"ko": "파란 그림", "ru": "Синий"}
    picture_file(tmp_path / "b.png", "red")
    before = {path.name for path in world.settings.folder("media").rglob("*") if path.is_file()}
    sheet(file, [*FIRST, "b.png", "붉은 그림", "Красный"], head=head)
    assert take(world, file, dry_run=True).rows[0].changes == ("media",)
    assert before == {path.name for path in world.settings.folder("media").rglob("*") if path.is_file()}
    third = take(world, file)
    assert third.rows[0].changes == ("media",)
    assert what(take(world, file)) == ["same"]
    missing = take(world, sheet(file, [*FIRST, "c.png", "그림", "Синий"], head=head))
    assert [(fault.column, fault.value) for fault in missing.rows[0].faults] == [("media", "c.png")]


def test_what_was_let_pass_goes_along_as_long_as_it_is_there(world: World, tmp_path: Path) -> None:
    head = [*HEAD, "waive"]
    file = sheet(tmp_path / "a.csv", [*FIRST[:5], "Мы едем в Mocкву", FIRST[6], "ru:mixed-script=a logo"], head=head)
    assert what(take(world, sheet(tmp_path / "b.csv", [*FIRST[:5], "Мы едем в Mocкву", FIRST[6]]))) == ["wrong"]
    assert what(take(world, file)) == ["new"]
    assert what(take(world, file)) == ["same"]
    revise(world.app, "P01", "ru", by=world.alice, text="Мы едем в Москву", campaign_name="c")
    out = tmp_path / "out.yaml"
    export(world.app, out, campaign_name="c")

    assert what(take(world, out)) == ["same"]
    [row] = take(world, out, campaign_name="d").rows
    assert (row.what, row.warnings) == (
        "new",
        ("waive 'ru:mixed-script': there is no such finding here; leave it out",),
    )


def test_an_accounts_own_words_have_columns_of_their_own(world: World, tmp_path: Path) -> None:
    own = [*HEAD, "text.ko@kr", "tags.ko@kr"]
    file = sheet(tmp_path / "a.csv", [*FIRST, "짧게", ""], head=own)
    assert what(take(world, file)) == ["new"]
    assert what(take(world, file)) == ["same"]
    other = take(world, sheet(file, [*FIRST[:3], "안녕!", *FIRST[4:], "더 짧게", "#x"], head=own))

    assert other.rows[0].changes == ("text.ko", "text.ko@kr")
    [post] = wholes(world)
    assert post.words["ko"].text == "안녕!"
    said = next(own_words(post.words["ko"], target, "ko") for target in post.targets if target.overrides)
    assert (said.text, said.tags, said.link) == ("더 짧게", ("#x",), "https://example.org/ko")
    assert what(take(world, file)) == ["same"]
    gone = take(world, sheet(file, [*FIRST[:3], "안녕!", *FIRST[4:], "", ""], head=own))
    assert gone.rows[0].changes == ("text.ko@kr",)
    assert not any(target.overrides for target in wholes(world)[0].targets)


TEXTS = st.text(
    st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from(list("\n=+-@'_#")), min_size=1, max_size=20
)


def stands(text: str) -> bool:
    """Whether no post is refused for it: a text in another language than it is said to be, letters of two scripts."""
    found = [one for lang in ("ko", "ru") for one in lint(text, lang, among=("ko", "ru"))]
    return not any(one.severity == "error" for one in found)


WORDS = TEXTS.map(str.strip).filter(bool).filter(stands)


@st.composite
def drafts(draw: st.DrawFn, picture: Path) -> Draft:
    langs = draw(st.sampled_from([("ko",), ("ru",), ("ko", "ru")]))
    wordings = {
        lang: Wording(
            draw(WORDS),
            tuple(draw(st.lists(st.sampled_from(["#평화", "#мир", "#_1"]), max_size=2, unique=True))),
            draw(st.sampled_from([None, "https://example.org/{lang}"])),
            draw(st.none() | WORDS.map(lambda text: " ".join(text.split())).filter(bool)),
        )
        for lang in langs
    }
    shown = Picture(picture, {lang: draw(WORDS) for lang in langs})
    minutes = draw(st.integers(0, 60 * 24 * 365))
    at = f"{2027 + minutes // 527_040}-{1 + minutes // 44_640 % 12:02}-{1 + minutes // 1440 % 28:02}"
    return Draft(
        name="P",
        wordings=wordings,
        at=f"{at} {minutes // 60 % 24:02}:{minutes % 60:02}",
        to=draw(st.sampled_from([("both",), ("both", "kr")] if "ko" in langs else [("both",)])),
        pictures=(shown,) * draw(st.integers(0, 1)),
        zone=draw(st.sampled_from([None, "Europe/Moscow", "Europe/Berlin"])),
        place=draw(st.none() | st.fixed_dictionaries({"ko": WORDS})),
        strategy=draw(st.sampled_from(["split", "combined", "thread"])),
        overflow=draw(st.sampled_from(["refuse", "thread", "numbered"])),
        gap="forward",
        fold=draw(st.sampled_from(["first", "second"])),
        langs=draw(st.sampled_from([(), ("ko", "ru")])),
        anyway=draw(st.sampled_from([None, "축제"])),
        overrides=draw(st.sampled_from([None, {"both": {langs[0]: Wording("다른 말", ("#x",))}}])),
    )


def as_it_may_stand(world: World, campaign: str, draft: Draft) -> Draft | None:
    """Return the draft with what it needs let pass; None: signs that hide or turn a text are never kept."""
    found = [one for one in preview(world.app, campaign, draft, by=world.alice).findings if one.is_error]
    if any(not may_be_waived(one.finding) for one in found):
        return None
    waive = {f"{lang}:{one.finding.code}": "a test" for one in found for lang in one.langs}
    return replace(draft, waive=waive)


def gist(each: Whole) -> Any:
    """What must be equal of a post that went out by a sheet and came in again."""
    words = {lang: (one.text, one.tags, one.link, one.title) for lang, one in each.words.items()}
    where, own = set(), {}
    for target in each.targets:
        # How several languages go out says nothing where there is one.
        where.add((target.account_id, target.strategy if len(target.langs) > 1 else "", target.langs))
        own |= {(target.account_id, lang): own_words(each.words[lang], target, lang) for lang in target.overrides}
    media = [(item.medium, item.alt, item.captions, item.position) for item in each.media]
    post = each.post
    time = post.local_at, post.zone, post.due_at, post.gap, post.fold, post.quiet_because
    return post.name, words, where, own, media, time, dict(post.place), post.langs, post.overflow


@pytest.mark.parametrize("suffix", [".xlsx", ".csv", ".yaml", ".json"])
def test_what_is_exported_and_imported_is_the_same(make_world: Any, tmp_path: Path, suffix: str) -> None:
    world: World = make_world()
    world.connect("kr", "ko")
    world.connect("both", "ko", "ru", twin_account="peace_ru")
    picture = picture_file(tmp_path / "a.png")
    numbers = iter(range(1000))
    composed: list[str] = []

    @settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(drafts(picture), min_size=1, max_size=4))
    def holds(items: list[Draft]) -> None:
        run = next(numbers)
        names = f"from{run}", f"into{run}"
        for name in names:
            campaigns.add_campaign(
                world.app, name, by=world.alice, languages=("ko", "ru"), zone_name="Asia/Seoul", approval="one"
            )
        kept = []
        for number, item in enumerate(items):
            if (draft := as_it_may_stand(world, names[0], replace(item, name=f"P{number}"))) is not None:
                kept.append(compose(world.app, names[0], draft, by=world.alice).post.name)
        composed.extend(kept)
        file = tmp_path / f"posts{run}{suffix}"
        export(world.app, file, campaign_name=names[0])
        if not kept:
            return
        here = load(world.app, file, by=world.alice, campaign_name=names[0])
        there = load(world.app, file, by=world.alice, campaign_name=names[1])

        assert what(here) == ["same"] * len(kept), here.rows
        assert what(there) == ["new"] * len(kept), there.rows
        before = sorted(map(gist, wholes(world, names[0])), key=str)
        assert before == sorted(map(gist, wholes(world, names[1])), key=str)

    holds()
    assert len(composed) > 6


def test_an_export_with_files_can_be_taken_elsewhere(world: World, tmp_path: Path, make_world: Any) -> None:
    picture_file(tmp_path / "a.png")
    head = [*HEAD, "media1", "alt1.ko", "alt1.ru"]
    take(world, sheet(tmp_path / "posts.csv", [*FIRST, "a.png", "남색 그림", "Синий"], head=head))
    out = tmp_path / "out"
    out.mkdir()
    done = export(world.app, out / "posts.xlsx", campaign_name="c", media=out / "files")
    other = make_world("other")
    other.campaign(languages=("ko", "ru"), approval="one")
    other.connect("kr", "ko")
    other.connect("ru", "ru", twin_account="peace_ru")

    assert (done.posts, done.media) == (1, 1)
    assert what(take(other, out / "posts.xlsx")) == ["new"]
    assert wholes(other)[0].media[0].medium == wholes(world)[0].media[0].medium


def test_an_export_can_be_narrowed(world: World, tmp_path: Path) -> None:
    take(world, sheet(tmp_path / "a.csv", FIRST, SECOND))
    file = tmp_path / "out.csv"
    assert export(world.app, file, campaign_name="c", since=date(2026, 12, 2)).posts == 1
    assert export(world.app, file, campaign_name="c", states=["published"]).posts == 0
    assert export(world.app, file, campaign_name="c", langs=["ru"]).posts == 2
    assert "Привет" in file.read_text("utf-8-sig")
    assert "안녕" not in file.read_text("utf-8-sig")
    assert what(take(world, file)) == ["same", "same"]
    with pytest.raises(Invalid, match="has: ko, ru"):
        export(world.app, file, campaign_name="c", langs=["en"])


def test_a_medium_may_lie_at_a_web_address_and_is_fetched_once(world: World, tmp_path: Path) -> None:
    source = picture_file(tmp_path / "source.png")
    asked: list[str] = []

    def fetch(address: str, target: Path) -> None:
        asked.append(address)
        if address.endswith("gone.png"):
            raise Unavailable("was answered with 404")
        target.write_bytes(source.read_bytes())

    head = [*HEAD, "media1", "alt1.ko", "alt1.ru"]
    shown = ["https://example.org/a.png?size=1", "그림", "Рисунок"]
    file = sheet(tmp_path / "a.csv", [*FIRST, *shown], ["P02", *FIRST[1:], *shown], head=head)

    assert what(take(world, file, fetch=fetch)) == ["new", "new"]
    assert asked == ["https://example.org/a.png?size=1"]
    assert what(take(world, file, fetch=fetch)) == ["same", "same"]
    lost = [*FIRST[1:], "https://example.org/gone.png", *shown[1:]]
    gone = sheet(tmp_path / "b.csv", ["P03", *lost], ["P04", *lost], head=head)
    asked.clear()
    row, _ = take(world, gone, fetch=fetch).rows
    assert len(asked) == 1
    assert [(fault.column, fault.value) for fault in row.faults] == [("media1", "https://example.org/gone.png")]
    row, _ = take(world, gone).rows
    assert "nothing is fetched" in row.faults[0].rule
