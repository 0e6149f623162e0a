"""post check at the command line: what stands against a post, where, in the reader's language; mended, or let stand."""

import pytest

from .conftest import Shell

ADD = ["post", "add", "--campaign", "c", "--to", "kr", "--at", "2026-11-24 19:00"]
TEXT = 'ko=서울에 왔습니다.  "평화"를 말합니다'


def test_a_finding_is_shown_in_its_place_with_what_would_mend_it(shell: Shell) -> None:
    shell(*ADD, "--id", "P01", "--text", TEXT)
    said = shell("post", "check", "P01", "--reader", "ko_KR.UTF-8")

    assert 0 == said.code
    assert "^^" in said.out
    assert "→ “평화”" in said.out or "→ “" in said.out
    assert "0 errors" in said.out
    english = shell("post", "check", "P01", "--reader", "en").out
    assert english != said.out

    told = shell("post", "check", "P01", "--json").json
    one = next(one for one in told["findings"] if one["fix"] is not None)
    assert ("text (ko)", ["ko"]) == (one["field"], one["langs"])
    assert one["code"] and one["place"][0] < one["place"][1]


def test_fix_puts_in_what_needs_no_thought(shell: Shell) -> None:
    shell(*ADD, "--id", "P01", "--text", TEXT)
    done = shell("post", "check", "P01", "--fix", "--json")

    assert (0, {"ko": 2}, []) == (done.code, done.json["revised"], done.json["findings"])
    assert "서울에 왔습니다. “평화”를 말합니다" == shell("post", "show", "P01", "--json").json["texts"]["ko"]["text"]


def test_what_may_stand_is_told_no_more(shell: Shell) -> None:
    refused = shell(*ADD, "--id", "P09", "--text", "ko=오늘의 낱말은 мop 입니다")
    assert (2, True) == (refused.code, "мop" in refused.err)
    words = ["--id", "P09", "--text", "ko=오늘의 낱말은 мop  입니다", "--waive", "ko:mixed-script=a rebus"]
    assert 0 == shell(*ADD, *words).code

    assert ["double-space"] == [one["code"] for one in shell("post", "check", "P09", "--json").json["findings"]]
    waive = ["post", "waive", "P09", "--lang", "ko", "--code", "double-space", "--reason", "so it is set"]
    assert 4 == shell(*waive, by="carol").code
    assert "may stand" in shell(*waive).out
    assert [] == shell("post", "check", "P09", "--json").json["findings"]
    assert 5 == shell(*waive, "--json").code


@pytest.mark.parametrize(("words", "code"), [(["P77"], 3), (["P01", "--lang", "xx", "--fix"], 2)])
def test_a_slip_is_told(shell: Shell, words: list[str], code: int) -> None:
    shell(*ADD, "--id", "P01", "--text", "ko=글")

    assert code == shell("post", "check", *words).code


def test_an_error_ends_with_2(shell: Shell) -> None:
    shell(*ADD, "--id", "P01", "--text", "ko=블라디보스톡에서")
    shell("glossary", "add", "В", "--form", "ko=블라디보스토크", "--forbid", "ko=블라디보스톡")
    said = shell("post", "check", "P01", "--reader", "ru_RU")

    assert (2, True) == (said.code, "пишется" in said.out)
    assert 0 == shell("post", "check", "P01", "--fix").code
    assert "블라디보스토크에서" == shell("post", "show", "P01", "--json").json["texts"]["ko"]["text"]


def test_hashtags_that_a_campaign_asks_for_are_missed(shell: Shell) -> None:
    shell(*ADD, "--id", "P01", "--text", "ko=서울에 왔습니다", "--tags", "ko=#서울")
    assert ["#평화"] == shell("campaign", "edit", "c", "--require", "ko=#평화", "--json").json["required_tags"]["ko"]

    (found,) = shell("post", "check", "P01", "--json").json["findings"]
    assert ("tag-required", "warning") == (found["code"], found["severity"])
    assert 2 == shell("campaign", "edit", "c", "--require", "xx=#a").code
    assert {} == shell("campaign", "edit", "c", "--require", "ko=", "--json").json["required_tags"]
