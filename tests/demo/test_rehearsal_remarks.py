"""Remarks on a plan as a whole."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from campaign.core.model import Account, Campaign, Guarantee
from campaign.demo.rehearsal.outcome import Line
from campaign.demo.rehearsal.remarks import remarks_on

NOON = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)  # in Seoul
CAMPAIGN = Campaign("1", "c", {}, "ko", ("ko", "ru"), "Asia/Seoul")


def _line(post: str, minutes: float = 0, **more: object) -> Line:
    due_at = NOON + timedelta(minutes=minutes)
    line = Line(
        id=post,
        post=post,
        part=1,
        parts=1,
        account="kr",
        platform="mastodon",
        langs=("ko",),
        due_at=due_at,
        late_after=due_at,
        zone="Asia/Seoul",
        home="Asia/Seoul",
        length=2,
        limit=500,
        media=0,
        text=f"글 {post}",
    )
    return replace(line, **more)  # type: ignore[arg-type]


def _account(*langs: str) -> Account:
    return Account("1", "kr", "mastodon", "", "", "", "", langs, Guarantee.DEDUP, {}, NOON)


def _said(*lines: Line, kind: str, langs: tuple[str, ...] = ("ko",), campaign: Campaign = CAMPAIGN) -> list[str]:
    return [remark.text for remark in remarks_on(lines, campaign, [_account(*langs)]) if remark.kind == kind]


def test_two_posts_of_one_account_within_ten_minutes_are_a_burst() -> None:
    said = _said(_line("P01"), _line("P02", 9), _line("P03", 19), kind="burst")

    assert ["kr: less than 10 min apart are P01 and P02 (9 min, 2026-11-24 12:09 Asia/Seoul)"] == said


def test_parts_and_languages_of_one_post_are_no_burst() -> None:
    assert [] == _said(_line("P01"), _line("P01", langs=("ru",)), _line("P01", part=2, parts=2), kind="burst")


def test_a_night_is_told_only_where_nobody_has_thought_of_it() -> None:
    late = _line("P01", 60 * 11)  # 23:00 in Seoul
    quiet = replace(CAMPAIGN, quiet_hours={"ko": "none"})

    assert ["kr: no quiet hours are set for ko, and it is night for P01 (2026-11-24 23:00 Asia/Seoul)"] == _said(
        late, _line("P02", 60 * 23), kind="night"
    )
    assert [] == _said(late, kind="night", campaign=quiet)


def test_many_examples_are_summed_up() -> None:
    (said,) = _said(*(_line(f"P{day}", 60 * 11 + 1440 * day) for day in range(9)), kind="night")

    assert said.endswith("P2 (2026-11-26 23:00 Asia/Seoul) and 6 more")


def test_days_without_a_post_are_told_in_the_campaigns_zone() -> None:
    said = _said(_line("P01"), _line("P02", 1440 * 2), _line("P03", 1440 * 6), kind="empty days")

    assert [
        "nothing goes out on 2026-11-25 (Asia/Seoul)",
        "nothing goes out on 2026-11-27 to 2026-11-29 (3 days) (Asia/Seoul)",
    ] == said


def test_the_same_text_twice_on_an_account_is_told() -> None:
    said = _said(
        _line("P01", text="같은  글"), _line("P02", 60, text="같은 글"), _line("P02", 60, account="b"), kind="same text"
    )

    assert ["kr: P01 and P02 say the same"] == said


def test_a_language_that_an_account_speaks_and_a_post_lacks_is_told() -> None:
    said = _said(_line("P01"), _line("P02", 60), _line("P02", 60, langs=("ru",)), kind="language", langs=("ko", "ru"))

    assert ["P01 goes to kr in ko, not in ru"] == said
    assert ["nothing goes out in ru, which is a language of the campaign"] == _said(_line("P01"), kind="language")


def test_of_nothing_nothing_is_said() -> None:
    assert [] == remarks_on([], CAMPAIGN, [])
