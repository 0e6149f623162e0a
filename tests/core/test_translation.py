"""What the glossary says to a machine's translation, and what an answer must be."""

import pytest

from campaign.core.errors import Refused
from campaign.core.kept import pieces, whole
from campaign.core.plan import Form, Term
from campaign.core.translation import checked_answers, kept_names, known_tags, marked


def term(name: str, *, translate: bool = True, **forms: str) -> Term:
    return Term(name, None, name, {lang: Form(text) for lang, text in forms.items()}, translate)


TERMS = [
    term("slogan", translate=False, ko="I·SEOUL·U"),
    term("hall", translate=False, ko="자랴디예", ru="«Зарядье»"),
    term("city", ko="블라디보스토크", ru="Владивосток"),
    term("railway", ko="시베리아 횡단철도", ru="Транссиб"),
    term("nameless", translate=False),
]


def test_names_that_are_not_translated_stand_as_the_target_writes_them() -> None:
    names = kept_names(TERMS, "ko", "ru")
    text = marked("I·SEOUL·U가 자랴디예에서 블라디보스토크로", names)

    assert {"I·SEOUL·U": "I·SEOUL·U", "자랴디예": "«Зарядье»", "nameless": "nameless"} == names
    assert "I·SEOUL·U가 «Зарядье»에서 블라디보스토크로" == whole(text)


@pytest.mark.parametrize(
    ("tag", "there"),
    [
        ("#블라디보스토크", "#Владивосток"),
        ("#시베리아횡단철도", "#Транссиб"),
        ("#ISEOULU", "#ISEOULU"),
        ("#iseoulu", "#ISEOULU"),
        ("#자랴디예", "#Зарядье"),
        ("#Зарядье", "#Зарядье"),
        ("#Владивосток", None),
        ("#평화", None),
    ],
)
def test_a_hashtag_is_what_the_glossary_says_or_left_to_a_person(tag: str, there: str | None) -> None:
    assert {tag: there} == known_tags([tag], TERMS, "ko", "ru")


def test_a_term_without_a_form_in_the_target_gives_no_hashtag() -> None:
    assert {"#블라디보스토크": None, "#ISEOULU": "#ISEOULU"} == known_tags(
        ["#블라디보스토크", "#ISEOULU"], TERMS, "ko", "en"
    )


@pytest.mark.parametrize(
    "answers",
    [None, "Сеул", {}, [], ["Сеул", "Сеул"], [None], [1], [""], ["\n"], ["\udfff"], ["я" * 500]],
)
def test_an_answer_that_is_no_translation_is_refused(answers: object) -> None:
    with pytest.raises(Refused, match="nothing was changed"):
        checked_answers("tool", answers, [pieces("서울")])


def test_what_was_empty_may_be_empty() -> None:
    assert ["", "Сеул"] == checked_answers("tool", ["", "Сеул"], [pieces(""), pieces("서울")])
