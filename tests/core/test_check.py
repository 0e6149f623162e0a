"""Whether an Outgoing fits its account: each rule once."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from campaign.core.adapter import Capabilities, MediaRule, Price, RateRule, Source, TextRule, TitleRule, overridden
from campaign.core.check import Finding, check, demand
from campaign.core.errors import ManyInvalid
from campaign.core.model import Guarantee, Outgoing, OutgoingMedium

SOURCE = Source("https://docs.joinmastodon.org/entities/Instance/", "2026-08-20")
SHEET = Capabilities(
    text=TextRule(500, "graphemes", SOURCE, link_length=23, short_mentions=True),
    media=(
        MediaRule("image", frozenset({"image/png", "image/jpeg"}), 4, 1000, SOURCE, max_pixels=10_000, max_alt=50),
        MediaRule("video", frozenset({"video/mp4"}), 1, 5000, SOURCE),
    ),
    metrics={},
    guarantees=(Guarantee.READ_BACK,),
    settles_within=30.0,
    rate=RateRule(300, 300, SOURCE),
)
P07 = Outgoing(
    account="kr",
    platform="mastodon",
    langs=("ko",),
    text="러시아 여정의 마지막 도시, 모스크바에 도착했습니다. 내일은 이곳에서 음악 소식을 전합니다."
    "\n#모스크바 #아이서울유",
    tags=("#모스크바", "#아이서울유"),
    media=(
        OutgoingMedium("0" * 64, "image/png", 900, 100, 100, "여정 지도에서 모스크바가 주황색 점으로 강조된 그림."),
    ),
)


def _with(**values: Any) -> Outgoing:
    return replace(P07, media=(replace(P07.media[0], **values),))


def _plain(text: str) -> Outgoing:
    return replace(P07, text=text, tags=(), media=())


def _said(outgoing: Outgoing, sheet: Capabilities = SHEET) -> list[str]:
    return [f"{finding.severity}: {finding}" for finding in check(outgoing, sheet)]


def test_the_demo_s_p07_fits() -> None:
    assert [] == check(P07, SHEET)
    demand([])


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_text_is_refused(text: str) -> None:
    assert ["error: text (ko) '': must not be empty"] == _said(replace(P07, text=text))


def test_a_text_may_be_as_long_as_the_limit_and_no_longer() -> None:
    over = (
        "error: text (ko+ru) part 2 of 503 graphemes: is over the limit of 500 of mastodon account kr "
        "(hashtags and link included); shorten it by 3, or let it go out as a thread"
    )

    assert [] == _said(replace(P07, text="가" * 500))
    assert over == _said(replace(P07, text="가" * 503, langs=("ko", "ru"), part=2, parts=3))[0]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"mime": "image/tiff"},
            "error: media 1 (ko) image/tiff: mastodon account kr takes only: image/jpeg, image/png, video/mp4",
        ),
        ({"size": 1001}, "error: media 1 (ko) of 1001 bytes: mastodon account kr takes at most 1000 bytes"),
        ({"width": 101}, "error: media 1 (ko) of 10100 pixels: mastodon account kr takes at most 10000 pixels"),
        ({"alt": " "}, "error: alt 1 (ko) '': every picture needs an alt text in each language it goes out in"),
        (
            {"alt": "가" * 51},
            "error: alt 1 (ko) of 51 characters: is over the limit of 50 of mastodon account kr; shorten it",
        ),
    ],
)
def test_a_picture_that_does_not_fit_is_named(values: dict[str, object], said: str) -> None:
    assert [said] == _said(_with(**values))


def test_an_alt_text_that_repeats_the_post_is_a_warning_only() -> None:
    findings = check(replace(_with(alt="서울"), text="서울"), SHEET)

    assert ["warning"] == [finding.severity for finding in findings]
    demand(findings)


def test_too_many_pictures_are_told_once() -> None:
    said = _said(replace(P07, media=P07.media * 6))

    assert ["error: media 6 images: mastodon account kr takes at most 4 a post"] == said
    assert [] == _said(replace(P07, media=P07.media * 4))


def test_more_languages_than_tags_are_a_warning() -> None:
    two = replace(P07, langs=("ko", "ru"))

    assert ["warning: langs ko+ru: mastodon takes 1 language tag(s); it will be tagged ko"] == _said(two)
    assert [] == _said(two, replace(SHEET, languages=0))
    assert [] == _said(two, replace(SHEET, languages=2))


def test_a_language_that_is_localized_needs_no_tag() -> None:
    told = replace(SHEET, localizes=True)
    three = replace(P07, langs=("ko", "ru", "en"), localized={"ru": {"text": "Да"}})

    assert [] == _said(replace(three, langs=("ko", "ru")), told)
    assert ["warning: langs ko+en: mastodon takes 1 language tag(s); it will be tagged ko"] == _said(three, told)


def test_a_gate_refuses_all_errors_at_once() -> None:
    errors = [Finding("error", "a", "1", "x"), Finding("warning", "b", "2", "y"), Finding("error", "c", "3", "z")]
    with pytest.raises(ManyInvalid) as caught:
        demand(errors)

    assert ["a", "c"] == [finding.field for finding in caught.value.findings]


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("text_limit", 1000, lambda sheet: sheet.text.limit),
        ("link_length", 30, lambda sheet: sheet.text.link_length),
        ("counts", "characters", lambda sheet: sheet.text.counts),
        ("media_count", 9, lambda sheet: sheet.media[0].max_count),
        ("image_bytes", 9, lambda sheet: sheet.media[0].max_bytes),
        ("image_pixels", 9, lambda sheet: sheet.media[0].max_pixels),
        ("image_mimes", ["image/png"], lambda sheet: list(sheet.media[0].mimes)),
        ("alt_limit", 9, lambda sheet: sheet.media[0].max_alt),
        ("ids_per_reading", 9, lambda sheet: sheet.ids_per_reading),
        ("settles_within", 9.0, lambda sheet: sheet.settles_within),
        ("key_lifetime", 9.0, lambda sheet: sheet.key_lifetime),
    ],
)
def test_an_account_s_own_sheet_overrides_the_platform(key: str, value: object, found: object) -> None:
    assert callable(found)
    sheet = overridden(SHEET, {key: value, "unknown": 1})

    assert value == found(sheet)
    assert value != found(SHEET)


def test_an_empty_sheet_changes_nothing_and_a_picture_s_limits_are_not_a_video_s() -> None:
    assert SHEET == overridden(SHEET, {})
    assert SHEET.media[1] == overridden(SHEET, {"image_bytes": 9, "image_mimes": []}).media[1]


def test_a_text_under_a_medium_may_have_a_limit_of_its_own() -> None:
    sheet = replace(SHEET, text=TextRule(4096, "utf16", SOURCE, limit_with_media=1024))
    under = _with(alt="a")

    assert [] == check(replace(under, text="x" * 1024), sheet)
    assert [] == check(replace(under, text="x" * 4096, media=()), sheet)
    assert [
        "error: text (ko) of 1025 utf16: is over the limit of 1024 of mastodon account kr for a text under a medium "
        "(hashtags and link included); shorten it by 1, or let it go out as a thread"
    ] == _said(replace(under, text="x" * 1025), sheet)


@pytest.mark.parametrize(
    ("width", "height", "rest"),
    [
        (6000, 4000, None),
        (6000, 4001, "takes at most 10000 for width + height"),
        (2000, 100, None),
        (100, 2001, "takes at most 20 times as long as wide"),
        (None, None, None),
    ],
)
def test_a_picture_may_be_too_long_for_its_platform(width: int | None, height: int | None, rest: str | None) -> None:
    sheet = replace(SHEET, media=(replace(SHEET.media[0], max_pixels=None, max_sides=10_000, max_ratio=20.0),))
    said = _said(_with(width=width, height=height, alt="a"), sheet)
    expected = f"error: media 1 (ko) of {width}×{height} pixels: mastodon account kr {rest}"

    assert ([] if rest is None else [expected]) == said


def test_media_of_all_kinds_together_may_be_too_many() -> None:
    clip = OutgoingMedium("1" * 64, "video/mp4", 900, 100, 100, "a", seconds=3)
    mixed = replace(P07, media=(*P07.media * 2, clip))

    assert [] == check(mixed, SHEET)
    assert ["error: media 3 media: mastodon account kr takes at most 2 a post"] == _said(
        mixed, replace(SHEET, max_media=2)
    )


@pytest.mark.parametrize(("text", "asked"), [("안녕", "0.015 USD"), ("안녕 https://example.org/", "0.20 USD")])
def test_what_a_platform_asks_for_a_post_is_said_before_it_is_approved(text: str, asked: str) -> None:
    told = replace(
        SHEET,
        prices=(Price("post", Decimal("0.015"), SOURCE), Price("post_with_link", Decimal("0.20"), SOURCE)),
    )
    [found] = check(_plain(text), told)

    assert ("warning", "price", asked) == (found.severity, found.field, found.value)


def test_a_title_is_asked_for_where_it_is_needed_and_measured_where_it_is_given() -> None:
    told = replace(SHEET, title=TitleRule(5, "characters", SOURCE, required=True, forbidden="<>"))
    cases = {None: "needs a title", "여섯글자다섯": "over the limit of 5", "<b>": "does not take < >", "다섯자": ""}
    for title, said in cases.items():
        found = check(replace(_plain("글"), title=title), told)
        assert bool(said) == bool(found) and (not said or said in found[0].rule), (title, found)


def test_the_other_languages_of_a_post_are_measured_too() -> None:
    told = replace(SHEET, title=TitleRule(5, "characters", SOURCE), localizes=True)
    found = check(replace(_plain("글"), localized={"ru": {"title": "слишком", "text": "м" * 600}}), told)

    assert ["title (ru)", "text (ru)"] == [one.field for one in found]


def test_a_post_without_the_media_that_it_needs_is_refused() -> None:
    [found] = check(_plain("글"), replace(SHEET, min_media=1))

    assert ("error", "media", "0 media") == (found.severity, found.field, found.value)


def test_hashtags_are_counted_where_they_are_limited() -> None:
    told = replace(SHEET, text=replace(SHEET.text, max_tags=2))

    assert [] == check(_plain("#하나 #two https://example.org/#three"), told)
    assert ["hashtags"] == [found.field for found in check(_plain("#하나 #two #три"), told)]
