"""Captions: what WebVTT and SubRip say is read strictly, written plainly, and burned in as it stands."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.errors import Invalid
from campaign.media.captions import Cue, legibility, parse_captions, take_captions, write_captions
from campaign.media.library import Library

GOOD = "WEBVTT\n\n00:00.500 --> 00:03.500\n블라디보스토크입니다.\n\n00:03.800 --> 00:08.500\nОтсюда\nдо Москвы.\n"
CUES = [Cue(0.5, 3.5, ("블라디보스토크입니다.",)), Cue(3.8, 8.5, ("Отсюда", "до Москвы."))]
SRT = (
    "1\n00:00:00,500 --> 00:00:03,500\n블라디보스토크입니다.\n\n2\n00:00:03,800 --> 00:00:08,500\nОтсюда\nдо Москвы.\n"
)


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\r"),
        SRT,
        "\ufeff\n" + SRT.replace("\n", "\r\n"),
        GOOD.replace("WEBVTT\n", "WEBVTT - a title\nKind: captions\n"),
        GOOD.replace("00:00.500", "intro\n00:00:00.500").replace("03.500\n", "03.500 align:start line:90%\n"),
        GOOD.replace("Отсюда", "<v Kim><b>Отсюда</b></v><00:05.000>"),
        GOOD.replace("WEBVTT\n", "WEBVTT\n\nSTYLE\n::cue { color: red }\n\nNOTE nothing\n\nREGION\nid:a\n"),
    ],
)
def test_the_same_words_are_read_however_they_were_written(text: str) -> None:
    assert CUES == parse_captions(text.encode())


def test_what_was_written_is_read_again_and_gives_the_same_bytes() -> None:
    cues = [Cue(0.0, 3600.001, ("a < b & c --> d", "<i>"))]

    assert cues == parse_captions(write_captions(cues))
    assert b"00:00:00.000 --> 01:00:00.001" in write_captions(cues)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "neither WebVTT"),
        ("hello", "neither WebVTT"),
        ("WEBVTTX\n\n00:00.500 --> 00:01.000\na", "neither WebVTT"),
        ("WEBVTT", "has no cue"),
        ("WEBVTT\n\nNOTE nothing\n", "has no cue"),
        ("WEBVTT\n\n00:00.500 --> 00:01.000\n\n", "cue 1 is empty"),
        ("WEBVTT\n\n00:00.500 --> 00:01.000\n<b></b>\n", "cue 1 is empty"),
        ("WEBVTT\n\n00:02.000 --> 00:01.000\na", "ends before it starts"),
        ("WEBVTT\n\n00:61.000 --> 00:62.000\na", "no such times"),
        ("WEBVTT\n\n0:1 --> 0:2\na", "no such times"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000 --> 00:03.000\na", "no such times"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\na\n00:02.000 --> 00:03.000\nb", "no such times"),
        ("WEBVTT\n\n00:05.000 --> 00:06.000\na\n\n00:01.000 --> 00:02.000\nb", "before the one above"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\na\x07b", "U\\+0007"),
    ],
)
def test_what_no_player_would_show_is_refused(text: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        parse_captions(text.encode())


def test_another_encoding_is_named() -> None:
    for data in (GOOD.encode("utf-16"), GOOD.replace("블라디보스토크입니다", "").encode("cp1251")):
        with pytest.raises(Invalid, match="save it as UTF-8"):
            parse_captions(data)


@given(
    st.one_of(
        st.binary(max_size=300),
        st.text(max_size=200).map(lambda text: ("WEBVTT\n\n" + text).encode("utf-8", "replace")),
    )
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        cues = parse_captions(data)
    except Invalid:
        return
    assert cues == parse_captions(write_captions(cues))


LINE = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=30)


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(1, 10**5), LINE), min_size=1, max_size=8))
def test_plain_cues_survive_the_round_trip(rows: list[tuple[int, int, str]]) -> None:
    data = write_captions([Cue(at / 1000, (at + length) / 1000, (line,)) for at, length, line in sorted(rows)])
    try:
        once = parse_captions(data)
    except Invalid:  # a line of spaces, a letter that is not assigned yet
        return
    assert once == parse_captions(write_captions(once))
    assert [round(cue.start * 1000) for cue in once] == sorted(at for at, _, _ in rows)


@pytest.mark.parametrize(
    ("cues", "lang", "words"),
    [
        ([Cue(0, 1, ("가" * 21,))], "ko", "line of 21 characters; 20"),
        ([Cue(0, 1, ("ж" * 43,))], "ru", "line of 43 characters; 42"),
        ([Cue(0, 1, ("a", "b", "c"))], "en", "has 3 lines"),
        ([Cue(0, 2, ("a",)), Cue(1, 3, ("b",))], "en", "still shown"),
    ],
)
def test_what_is_hard_to_read_is_a_warning(cues: list[Cue], lang: str, words: str) -> None:
    [told] = legibility(cues, lang)

    assert words in told


def test_captions_are_kept_once_whichever_way_they_came(tmp_path: Path) -> None:
    library = Library(tmp_path / "library")
    digests = set()
    for name, text in (("a.vtt", GOOD), ("a.srt", SRT)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        medium, told = take_captions(tmp_path / name, library, lang="ko", seconds=9.0, field="captions 1 (ko)")
        digests.add(medium.sha256)
        assert ("text/vtt", []) == (medium.mime, told)

    assert 1 == len(digests)


def test_no_cue_outlasts_the_clip(tmp_path: Path) -> None:
    library, file = Library(tmp_path / "library"), tmp_path / "a.vtt"
    file.write_text(GOOD, encoding="utf-8")
    medium, _ = take_captions(file, library, lang="ko", seconds=8.2, field="captions 1 (ko)")

    with library.open(medium.sha256) as stream:
        assert 8.2 == parse_captions(stream.read())[-1].end
    with pytest.raises(Invalid, match=r"captions 1 \(ko\).*cue 2 ends after the clip, which has 7 s"):
        take_captions(file, library, lang="ko", seconds=7.0, field="captions 1 (ko)")


def test_a_file_that_is_not_there_or_far_too_large_names_the_field(tmp_path: Path) -> None:
    library, file = Library(tmp_path / "library"), tmp_path / "a.vtt"
    with pytest.raises(Invalid, match=r"captions 1 \(ko\).*not there"):
        take_captions(file, library, lang="ko", seconds=None, field="captions 1 (ko)")
    file.write_bytes(b"WEBVTT\n\n" + b"x" * (1 << 20))
    with pytest.raises(Invalid, match=r"captions 1 \(ko\).*no caption file"):
        take_captions(file, library, lang="ko", seconds=None, field="captions 1 (ko)")
