"""Headers in three languages; times as spreadsheets write them."""

import pytest

from campaign.core.errors import Invalid, ManyInvalid
from campaign.sheets.column import SYNONYMS, Column, column, head
from campaign.sheets.row import split_tags, time_of
from campaign.sheets.sample import MEANS


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("ID", "id"),
        (" 시각 ", "at"),
        ("часовой  пояс", "tz"),
        ("Text.KO", "text.KO"),
        ("본문 (ko)", "text.ko"),
        ("Текст.ru", "text.ru"),
        ("text ko", "text.ko"),
        ("대체 텍스트2.ko", "alt2.ko"),
        ("alt.ko", "alt1.ko"),
        ("Картинка", "media1"),
        ("사진3", "media3"),
        ("captions2.ru", "captions2.ru"),
        ("text.zh-Hant", "text.zh-Hant"),
        ("link", "link"),
        ("text.ko@kr", "text.ko@kr"),
    ],
)
def test_a_header_is_known_in_any_of_three_languages(said: str, name: str) -> None:
    assert column(said).name == name
    assert column(name) == column(said)


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ("txt.ko", "did you mean text.ko"),
        ("tittle.ru", "did you mean title.ru"),
        ("startegy", "did you mean strategy"),
        ("시간데", "did you mean tz"),
        ("text", "text.ko"),
        ("alt1", "alt1.ko"),
        ("media1.ko", "media1"),
        ("media99", "media1"),
        ("at@kr", "text.ko@kr"),
        ("weather", "no column"),
    ],
)
def test_an_unknown_header_names_the_nearest(said: str, rule: str) -> None:
    with pytest.raises(Invalid, match=rule):
        column(said)


def test_all_that_is_wrong_with_a_header_is_told_at_once() -> None:
    with pytest.raises(ManyInvalid) as caught:
        head(["id", "번호", "txt.ko", None, "text"])

    assert [one.value for one in caught.value.findings] == ["번호", "txt.ko", "text"]
    assert head(["id", None, "text.ko"]) == [Column("id"), None, Column("text", "ko")]


@pytest.mark.parametrize(
    ("said", "time"),
    [
        ("2026-12-01 19:00", "2026-12-01 19:00"),
        ("2026-12-01T19:00:30", "2026-12-01 19:00:30"),
        ("2026-12-01 7:00:00 PM", "2026-12-01 19:00"),
        ("2026-12-01 오전 12:05", "2026-12-01 00:05"),
        ("2026. 12. 1. 19:00", "2026-12-01 19:00"),
        ("2026년 12월 1일 오후 7:00", "2026-12-01 19:00"),
        ("2026/12/1 9:05", "2026-12-01 09:05"),
        ("01.12.2026 19:00", "2026-12-01 19:00"),
        ("12/1/2026 19:00", "12/1/2026 19:00"),  # the first of December, or the twelfth of January: not guessed
        ("13:00 PM", "13:00 PM"),
    ],
)
def test_times_are_read_as_spreadsheets_write_them(said: str, time: str) -> None:
    assert time_of(said) == time


def test_hashtags_are_parted_by_whatever_parts_them() -> None:
    assert split_tags("#a #b,#c; d#e\n#f") == ("#a", "#b", "#c", "d", "#e", "#f")


def test_each_column_is_explained_in_three_languages() -> None:
    assert SYNONYMS.keys() == MEANS.keys()
    assert all(len(said) == 3 and all(said) for said in MEANS.values())
