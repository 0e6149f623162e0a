"""The forecast while writing: per account, in its platform's units, from the office's own texts."""

from dataclasses import replace

import pytest

from campaign.core.errors import Invalid, NotFound
from campaign.service.approve import approve
from campaign.service.compose import Draft, Wording, preview
from campaign.service.forecast import Foreseen, foresee
from tests.conftest import World

KOREAN = "블라디보스토크에 도착했습니다. 여정의 첫 영상을 이곳에서 전합니다."


def told(found: list[Foreseen]) -> dict[tuple[str, str], int]:
    return {(item.account, "+".join(item.forecast.langs)): item.forecast.expected for item in found}


def test_a_korean_text_has_a_forecast_for_each_language_that_is_not_written(world: World) -> None:
    world.connect("all", "ko", "ru", "en", twin_account="peace_ru")
    found = foresee(world.app, "c", {"ko": KOREAN}, ["all"])
    [ru, en] = found

    assert {("all", "ru"): round(len(KOREAN) * 1.9042), ("all", "en"): round(len(KOREAN) * 2.0237)} == told(found)
    assert (500, "graphemes", "fits", 0) == (ru.forecast.limit, ru.forecast.unit, ru.forecast.verdict, ru.forecast.own)
    assert ru.forecast.low < ru.forecast.expected < ru.forecast.high < en.forecast.high


def test_an_account_that_has_all_its_languages_needs_none(world: World) -> None:
    assert [] == foresee(world.app, "c", {"ko": KOREAN}, ["kr"])


def test_hashtags_and_link_of_each_language_are_counted(world: World) -> None:
    world.connect("ru", "ru", twin_account="peace_ru")
    plain = foresee(world.app, "c", {"ko": KOREAN}, ["ru"])
    tags = {"ko": ["#평화"], "ru": ["#Владивосток"]}
    more = foresee(world.app, "c", {"ko": KOREAN}, ["ru"], tags=tags, link="https://example.org/{lang}/")

    assert len("\n#Владивосток\n") + 23 == more[0].forecast.expected - plain[0].forecast.expected


def test_a_combined_post_is_foretold_as_one(world: World) -> None:
    world.connect("both", "ko", "ru", twin_account="peace_ru")
    [found] = foresee(world.app, "c", {"ko": KOREAN}, ["both"], strategy="combined")

    assert (("ko", "ru"), ("ru",)) == (found.forecast.langs, found.forecast.missing)
    assert len(KOREAN) + 2 + round(len(KOREAN) * 1.9042) == found.forecast.expected


def test_what_the_office_approved_draws_the_forecast(world: World) -> None:
    world.connect("all", "ko", "ru", "en", twin_account="peace_ru")
    world.campaign("strict", approval="one")
    for number in range(12):
        texts = {"ko": "가나다라 " * 10, "ru": "абвг " * 12 + str(number)}
        world.post(f"P{number:02}", campaign="strict", to=("all",), texts=texts, minutes=60, approve_now=False)
        approve(world.app, f"P{number:02}", by=world.bob, campaign_name="strict")
    drawn = foresee(world.app, "strict", {"ko": "가" * 100}, ["all"])
    elsewhere = foresee(world.app, "c", {"ko": "가" * 100}, ["all"])

    assert [12, 0] == [item.forecast.own for item in drawn]
    assert 140 < drawn[0].forecast.expected < 165
    assert drawn[0].forecast.expected == elsewhere[0].forecast.expected
    assert drawn[1].forecast.expected == 202


@pytest.mark.parametrize(
    ("texts", "to", "error"),
    [
        ({}, ["kr"], Invalid),
        ({"de": "Seoul"}, ["kr"], Invalid),
        ({"ko": "  "}, ["kr"], Invalid),
        ({"ko": KOREAN}, [], Invalid),
        ({"ko": KOREAN}, ["nobody"], NotFound),
    ],
)
def test_what_cannot_be_foretold_says_why(
    world: World, texts: dict[str, str], to: list[str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        foresee(world.app, "c", texts, to)


def test_a_preview_foretells_what_is_not_written_yet(world: World) -> None:
    world.connect("all", "ko", "ru", "en", twin_account="peace_ru")
    draft = Draft("P01", {"ko": Wording(KOREAN, link="https://example.org/{lang}/")}, "2026-12-01 19:00", ("kr", "all"))
    seen = preview(world.app, "c", draft, by=world.alice)
    alone = preview(world.app, "c", replace(draft, langs=("ko", "ru")), by=world.alice)
    whole = preview(world.app, "c", replace(draft, langs=("ko",), to=("kr",)), by=world.alice)

    assert [("ru",), ("en",)] == [one.forecast.langs for one in seen.forecasts]
    assert [("ru",)] == [one.forecast.langs for one in alone.forecasts]
    assert () == whole.forecasts
    assert round(len(KOREAN) * 1.9042) + 1 + 23 == seen.forecasts[0].forecast.expected
