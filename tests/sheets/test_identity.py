"""Rows become files and files become the same rows, whatever the texts are."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaign.sheets.column import guarded, unguarded
from campaign.sheets.read import read_sheet
from campaign.sheets.row import Row, Shown, Words
from campaign.sheets.write import write_sheet

# What check_text() lets through: no control characters but tabs and line ends, no lone surrogates; trimmed.
CHARACTERS = st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from(
    list("\n\t=+-@'\"“;,#_x005F_x0041_<>&\u2028\ufeff\uffff")
)
ODD = st.sampled_from(
    ["=1+1", "'=1", "''-x", "_x000D_", "_x005F_x0041_", "a\n\n b ", "#N/A", "007", "1e5", "TRUE", "null", "- a", "＝1"]
)
TEXTS = (st.text(CHARACTERS, min_size=1, max_size=30) | ODD).map(str.strip).filter(bool)
LINES = TEXTS.map(lambda text: " ".join(text.split())).filter(bool)
NAMES = st.from_regex(r"[A-Za-z0-9가-힣_-][A-Za-z0-9_.-]{0,8}", fullmatch=True)
TAGS = st.from_regex(r"#[가-힣a-zа-я0-9_]{1,8}", fullmatch=True)
LANGS = st.lists(st.sampled_from(["ko", "ru", "en"]), min_size=1, max_size=3, unique=True)
TIMES = st.datetimes().filter(lambda time: time.year > 1900).map(lambda time: time.strftime("%Y-%m-%d %H:%M"))

LINKS = st.sampled_from(["", "https://example.org/?a=1&b=2#c"])
WORDS = st.builds(Words, TEXTS, LINES | st.just(""), st.lists(TAGS, max_size=2).map(tuple), LINKS)


@st.composite
def posts(draw: st.DrawFn) -> Row:
    langs = draw(LANGS)
    words = {lang: draw(WORDS) for lang in langs}
    alts = st.dictionaries(st.sampled_from(langs), TEXTS, max_size=3)
    shown = st.builds(Shown, st.sampled_from(["a.jpg", "sha256:" + "0" * 64, "https://example.org/b.png"]), alts)
    return Row(
        where="",
        id=draw(NAMES),
        at=draw(TIMES),
        tz=draw(st.sampled_from(["Asia/Seoul", "Europe/Moscow"])),
        to=tuple(draw(st.lists(st.sampled_from(["kr", "ru", "a.b-c"]), min_size=1, unique=True))),
        words=words,
        leg=draw(st.sampled_from(["", "moscow"])),
        strategy=draw(st.sampled_from(["split", "combined", "thread", "native"])),
        overflow=draw(st.sampled_from(["refuse", "thread", "numbered"])),
        gap=draw(st.sampled_from([None, "forward", "back"])),
        fold=draw(st.sampled_from([None, "first", "second"])),
        anyway=draw(st.sampled_from(["", "a feast"])),
        media=tuple(draw(st.lists(shown, max_size=2))),
        place=draw(st.dictionaries(st.sampled_from(langs), TEXTS, max_size=2)),
        own=draw(
            st.dictionaries(st.sampled_from(["kr", "a.b-c"]), st.fixed_dictionaries({langs[0]: WORDS}), max_size=1)
        ),
    )


def full(row: Row) -> Row:
    """A row without what its sheet has no column for, or an empty one."""
    words = {lang: each for lang, each in row.words.items() if each.text}
    own = {account: {lang: each for lang, each in said.items() if each.text} for account, said in row.own.items()}
    own = {account: said for account, said in own.items() if said}
    shown = {"words": words, "own": own, "leg": row.leg or "", "media": row.media or (), "place": row.place or {}}
    told = {"where": "", "remarks": "", "state": "", "utc": ""}
    return replace(row, **shown, **told, langs=row.langs or None, anyway=row.anyway or None, campaign=None)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".yaml", ".json"])
def test_what_is_written_is_read_again(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"posts{suffix}"

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(posts(), min_size=1, max_size=3))
    def holds(rows: list[Row]) -> None:
        write_sheet(file, rows, ("ko",), bom=len(rows) > 1)
        read = list(read_sheet(file).rows)

        assert [full(row) for row in rows] == [full(row) if isinstance(row, Row) else row for row in read]

    holds()


@given(st.text())
def test_what_a_spreadsheet_could_run_is_guarded_and_comes_back(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(tuple("=+-@\t\r＝＋－＠"))
