"""A finding is a value, and speaks three languages."""

from campaign.core.finding import Finding
from campaign.core.lint.words import SENTENCES


def test_a_finding_is_a_value_that_can_be_compared_and_kept_in_a_set() -> None:
    one = Finding("error", "text (ru)", "cело", "is mixed", code="mixed-script", place=(0, 4), fix="село")

    assert {one} == {Finding("error", "text (ru)", "cело", "is mixed", code="mixed-script", place=(0, 4), fix="село")}
    assert "text (ru) cело: is mixed" == str(one)


def test_a_finding_speaks_the_reader_s_language() -> None:
    told = (("where", "x account a"),)
    one = Finding("error", "title (ko)", "''", "x account a needs a title", code="title-missing", told=told)

    assert "x account a требует заголовок: укажите его." == one.message("ru")
    assert "x account a에는 제목이 필요합니다. 제목을 적어 주세요." == one.message("ko")


def test_a_finding_without_a_sentence_says_its_rule() -> None:
    assert "must not be empty" == Finding("error", "text", "''", "must not be empty").message("ko")
    assert "needs one" == Finding("error", "title", "''", "needs one", code="title-missing").message("ru")


def test_every_sentence_stands_in_three_languages() -> None:
    short = [code for code, told in SENTENCES.items() if len(told) != 3 or not all(one.strip() for one in told)]

    assert [] == short
