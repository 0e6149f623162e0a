"""Hashtags of one language."""

import pytest

from campaign.core.lint import apply, lint, lint_tags


@pytest.mark.parametrize(
    ("tags", "lang", "told"),
    [
        (["#ISEOULU", "#Сеул"], "ru", []),
        (["#아이서울유", "#삼일운동100주년"], "ko", []),
        (["#VisitSeoul", "#seoul"], "en", []),
        (["#I·SEOUL·U"], "ko", [("tag-sign", "#ISEOULU")]),
        (["#평화 도시"], "ko", [("tag-sign", "#평화도시")]),
        (["#Сеул!"], "ru", [("tag-sign", "#Сеул")]),
        (["##Сеул"], "ru", [("tag-sign", "#Сеул")]),
        (["#2019"], "en", [("tag-empty", None)]),
        (["#"], "en", [("tag-empty", None)]),
        (["#Cеул"], "ru", [("mixed-script", "#Сеул")]),
        (["#visit_seoul"], "en", [("tag-case", "#VisitSeoul")]),
        (["#город_мира"], "ru", []),
        (["#Seoul", "#SEOUL"], "en", [("tag-twice", None)]),
        (["#a", "#b", "#c"], "en", []),
        (["#a", "#b", "#c", "#d"], "en", [("tags-many", None)]),
    ],
)
def test_hashtags(tags: list[str], lang: str, told: list[tuple[str, str | None]]) -> None:
    assert told == [(one.code, one.fix) for one in lint_tags(tags, lang)]


def test_a_required_hashtag_is_missed_however_it_is_written() -> None:
    assert [] == lint_tags(["#iseoulu"], "ru", required=["#ISEOULU"])
    assert [("tag-required", "#Сеул")] == [
        (one.code, one.value) for one in lint_tags(["#ISEOULU"], "ru", required=["#ISEOULU", "Сеул".join(["#", ""])])
    ]


def test_fixes_count_in_the_tags_joined_by_single_spaces() -> None:
    tags = ["#Сеул", "#Cеул_1", "#I·SEOUL·U"]

    assert "#Сеул #Сеул_1 #ISEOULU" == apply(" ".join(tags), lint_tags(tags, "ru"))
    assert ["mixed-script", "tag-sign"] == [one.code for one in lint(" ".join(tags), "ru", "tags (ru)")]


def test_only_a_slip_of_letters_in_a_hashtag_is_an_error() -> None:
    found = lint_tags(["#Cеул", "#I·SEOUL·U", "#2019", "#a", "#a"], "ru", required=["#b"])

    assert {"mixed-script"} == {one.code for one in found if one.severity == "error"}
