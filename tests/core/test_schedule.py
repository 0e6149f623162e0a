"""Wall times in zones: gaps, folds, quiet hours, and zones as they once were."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.core.errors import Invalid
from campaign.core.schedule import (
    Fold,
    Gap,
    QuietHours,
    ambiguity,
    audience_time,
    audience_zone,
    in_zone,
    parse_local,
    resolve,
    zone,
)

BERLIN = "Europe/Berlin"
QUIET = {"ko": "22:00-08:00 Asia/Seoul", "ru": "22:00-08:00 leg"}


def _local(text: str) -> datetime:
    return parse_local("at", text)


def _utc(text: str) -> datetime:
    return _local(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "near"), [("Asia/Soeul", "Asia/Seoul"), ("Europe/Moskow", "Europe/Moscow"), ("Berlin", "Europe/Berlin")]
)
def test_an_unknown_zone_is_refused_and_the_nearest_is_named(name: str, near: str) -> None:
    with pytest.raises(Invalid, match=f"at '{name}': is no time zone .*did you mean .*{near}"):
        zone("at", name)


@pytest.mark.parametrize("name", ["", "../etc/passwd", "KST", "UTC+9", "asia/seoul", "/usr/share/zoneinfo/UTC"])
def test_what_is_no_zone_of_the_database_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="is no time zone"):
        zone("zone", name)


@pytest.mark.parametrize("text", ["2026-12-01 19:00", " 2026-12-01T19:00 ", "2026-12-01 19:00:00"])
def test_a_wall_time_may_be_written_with_or_without_seconds(text: str) -> None:
    assert "2026-12-01T19:00:00" == _local(text).isoformat()


@pytest.mark.parametrize(
    "text",
    ["", "tomorrow", "2026-02-29 10:00", "2026-12-01", "2026-12-01 24:00", "2026-12-01 19:00+09:00", "1.12.2026"],
)
def test_what_is_no_wall_time_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="must be a local time written YYYY-MM-DD HH:MM"):
        _local(text)


@pytest.mark.parametrize("text", ["0001-01-01 00:00", "9999-12-31 23:59"])
@pytest.mark.parametrize("name", ["Asia/Seoul", "America/New_York"])
def test_a_year_at_the_edge_of_the_calendar_is_refused(text: str, name: str) -> None:
    with pytest.raises(Invalid, match="year"):
        resolve("at", _local(text), name)


@pytest.mark.parametrize(
    ("local", "name", "utc"),
    [
        ("2026-12-01 19:00", "Asia/Seoul", "2026-12-01 10:00"),
        ("2010-07-15 12:00", "Asia/Vladivostok", "2010-07-15 01:00"),  # +11 in summer
        ("2012-07-15 12:00", "Asia/Vladivostok", "2012-07-15 01:00"),  # +11 all year
        ("2026-07-15 12:00", "Asia/Vladivostok", "2026-07-15 02:00"),  # +10
        ("2010-07-15 12:00", "Europe/Moscow", "2010-07-15 08:00"),  # +4 in summer
        ("2012-01-15 12:00", "Europe/Moscow", "2012-01-15 08:00"),  # +4 all year
        ("2019-10-07 19:00", "Europe/Moscow", "2019-10-07 16:00"),  # +3
        ("1988-07-15 12:00", "Asia/Seoul", "1988-07-15 02:00"),  # summer time of the Olympic year
        ("2026-11-24 12:00", "Asia/Kathmandu", "2026-11-24 06:15"),
    ],
)
def test_a_wall_time_is_resolved_as_its_zone_was_on_that_day(local: str, name: str, utc: str) -> None:
    assert _utc(utc) == resolve("at", _local(local), name)


def test_a_time_in_a_gap_is_refused_and_both_ways_out_are_named() -> None:
    with pytest.raises(Invalid) as caught:
        resolve("--at", _local("2026-03-29 02:30"), BERLIN)

    assert (
        "--at '2026-03-29 02:30': does not exist in Europe/Berlin, the clocks skip it: "
        "choose --gap back (2026-03-29 01:30 UTC+1 = 2026-03-29T00:30Z) "
        "or --gap forward (2026-03-29 03:30 UTC+2 = 2026-03-29T01:30Z)"
    ) == str(caught.value)


def test_a_time_in_a_fold_is_refused_and_both_candidates_are_named() -> None:
    with pytest.raises(Invalid) as caught:
        resolve("--at", _local("2026-10-25 02:30"), BERLIN)

    assert (
        "--at '2026-10-25 02:30': happens twice in Europe/Berlin: "
        "choose --fold first (2026-10-25 02:30 UTC+2 = 2026-10-25T00:30Z) "
        "or --fold second (2026-10-25 02:30 UTC+1 = 2026-10-25T01:30Z)"
    ) == str(caught.value)


@pytest.mark.parametrize(
    ("local", "gap", "fold", "utc"),
    [
        ("2026-03-29 02:30", "back", None, "2026-03-29 00:30"),
        ("2026-03-29 02:30", "forward", None, "2026-03-29 01:30"),
        ("2026-10-25 02:30", None, "first", "2026-10-25 00:30"),
        ("2026-10-25 02:30", None, "second", "2026-10-25 01:30"),
        ("2026-03-29 01:59", "back", "second", "2026-03-29 00:59"),
        ("2026-03-29 03:00", "back", "second", "2026-03-29 01:00"),
        ("2026-10-25 01:59", "back", "second", "2026-10-24 23:59"),
        ("2026-10-25 03:00", "back", "first", "2026-10-25 02:00"),
    ],
)
def test_a_flag_decides_in_a_gap_and_a_fold_and_nowhere_else(
    local: str, gap: Gap | None, fold: Fold | None, utc: str
) -> None:
    assert _utc(utc) == resolve("at", _local(local), BERLIN, gap=gap, fold=fold)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("22:00-08:00 Asia/Seoul", "22:00-08:00 Asia/Seoul"),
        (" 9:30 - 10:00  leg ", "09:30-10:00 leg"),
        ("none", "None"),
        ("", "None"),
        ("NONE", "None"),
    ],
)
def test_quiet_hours_are_read(written: str, shown: str) -> None:
    assert shown == str(QuietHours.parse("quiet_hours", written))


@pytest.mark.parametrize(
    "written", ["22-8 leg", "22:00-08:00", "25:00-08:00 leg", "22:60-08:00 leg", "22:00-22:00 leg", "22:00-08:00 KST"]
)
def test_quiet_hours_written_otherwise_are_refused(written: str) -> None:
    with pytest.raises(Invalid, match="quiet_hours"):
        QuietHours.parse("quiet_hours", written)


@pytest.mark.parametrize(
    ("written", "instant", "moved"),
    [
        ("22:00-08:00 UTC", "2026-01-01 21:59", "2026-01-01 21:59"),
        ("22:00-08:00 UTC", "2026-01-01 22:00", "2026-01-02 08:00"),
        ("22:00-08:00 UTC", "2026-01-02 07:59", "2026-01-02 08:00"),
        ("22:00-08:00 UTC", "2026-01-02 08:00", "2026-01-02 08:00"),
        ("12:00-14:00 UTC", "2026-01-01 11:59", "2026-01-01 11:59"),
        ("12:00-14:00 UTC", "2026-01-01 12:00", "2026-01-01 14:00"),
        ("12:00-14:00 UTC", "2026-01-01 14:00", "2026-01-01 14:00"),
        ("23:00-00:00 UTC", "2026-01-01 23:30", "2026-01-02 00:00"),
        ("22:00-02:30 Europe/Berlin", "2026-03-29 00:59", "2026-03-29 01:30"),  # the end lies in a gap
        ("22:00-02:30 Europe/Berlin", "2026-10-25 00:10", "2026-10-25 00:30"),  # the first 02:10
        ("22:00-02:30 Europe/Berlin", "2026-10-25 01:10", "2026-10-25 01:30"),  # the second 02:10
    ],
)
def test_what_falls_into_quiet_hours_waits_for_their_end(written: str, instant: str, moved: str) -> None:
    quiet = QuietHours.parse("q", written)
    assert quiet is not None

    assert _utc(moved) == quiet.moved(_utc(instant), "UTC")


ZONES = (BERLIN, "Asia/Seoul", "America/Havana", "Pacific/Apia", "Australia/Lord_Howe", "America/Sao_Paulo")


@settings(deadline=None, max_examples=150)
@given(
    starts=st.times(),
    ends=st.times(),
    name=st.sampled_from(ZONES),
    minute=st.integers(0, 60 * 24 * 365 * 18),
    near=st.sampled_from([None, "2026-10-25 00:00", "2026-11-01 04:00", "2011-12-30 00:00", "2026-04-04 14:00"]),
)
def test_a_moved_time_is_never_earlier_and_never_in_quiet_hours(
    starts: time, ends: time, name: str, minute: int, near: str | None
) -> None:
    begin, end = (value.replace(second=0, microsecond=0, tzinfo=None) for value in (starts, ends))
    if begin == end:
        return
    quiet = QuietHours(begin, end, name)
    base = (
        _utc(near) + timedelta(minutes=minute % 300) if near else _utc("2009-01-01 00:00") + timedelta(minutes=minute)
    )
    moved = quiet.moved(base, "UTC")
    wall = moved.astimezone(ZoneInfo(name)).time()
    inside = begin <= wall < end if begin < end else wall >= begin or wall < end

    assert moved >= base
    assert moved == quiet.moved(moved, "UTC")
    assert not inside


def test_the_korean_audience_gets_p07_in_its_morning_while_the_russian_one_does_not_wait() -> None:
    due_at = resolve("at", _local("2019-10-07 19:00"), "Europe/Moscow")
    ko, why = audience_time(due_at, ["ko"], QUIET, "Europe/Moscow")
    ru = audience_time(due_at, ["ru"], QUIET, "Europe/Moscow")

    assert "2019-10-08 08:00 Asia/Seoul (UTC+9)" == in_zone(ko, "Asia/Seoul")
    assert "quiet hours of the ko audience: 22:00-08:00 Asia/Seoul" == why
    assert (due_at, None) == ru


def test_a_language_without_quiet_hours_does_not_wait() -> None:
    assert (_utc("2026-01-01 00:00"), None) == audience_time(_utc("2026-01-01 00:00"), ["en"], QUIET, "UTC")


@pytest.mark.parametrize("langs", [["a", "b"], ["b", "a"]])
def test_the_end_of_one_audience_s_quiet_hours_is_not_in_another_s(langs: list[str]) -> None:
    quiet = {"a": "10:00-12:00 UTC", "b": "08:00-10:30 UTC"}
    moved, why = audience_time(_utc("2026-01-01 09:00"), langs, quiet, "UTC")

    assert _utc("2026-01-01 12:00") == moved
    assert "quiet hours of the a audience: 10:00-12:00 UTC" == why


def test_audiences_that_have_no_hour_in_common_are_refused() -> None:
    quiet = {"a": "08:00-20:00 UTC", "b": "20:00-08:00 UTC"}

    with pytest.raises(Invalid, match="leave no hour"):
        audience_time(_utc("2026-01-01 09:00"), ["a", "b"], quiet, "UTC")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Asia/Seoul", "2026-07-01 21:00 Asia/Seoul (UTC+9)"),
        ("America/St_Johns", "2026-07-01 09:30 America/St_Johns (UTC-2:30)"),
        ("Asia/Kathmandu", "2026-07-01 17:45 Asia/Kathmandu (UTC+5:45)"),
        ("UTC", "2026-07-01 12:00 UTC (UTC+0)"),
    ],
)
def test_an_instant_is_shown_as_its_reader_s_clock_shows_it(name: str, shown: str) -> None:
    assert shown == in_zone(_utc("2026-07-01 12:00"), name)


@pytest.mark.parametrize(
    ("written", "shown", "hard"),
    [
        ("22:00-08:00 Asia/Seoul hard", "22:00-08:00 Asia/Seoul hard", True),
        ("22:00-08:00 leg soft", "22:00-08:00 leg", False),
        ("22:00-08:00 leg", "22:00-08:00 leg", False),
    ],
)
def test_quiet_hours_are_soft_unless_they_are_called_hard(written: str, shown: str, hard: bool) -> None:
    quiet = QuietHours.parse("q", written)

    assert quiet is not None
    assert (shown, hard) == (str(quiet), quiet.hard)
    assert quiet == QuietHours.parse("q", str(quiet))


def test_soft_quiet_hours_may_be_broken_and_hard_ones_never() -> None:
    quiet = {"ko": "22:00-08:00 Asia/Seoul hard", "ru": "22:00-08:00 Europe/Moscow"}
    night = _utc("2026-01-01 20:00")  # 05:00 in Seoul, 23:00 in Moscow

    assert (night, None) == audience_time(night, ["ru"], quiet, "UTC", anyway=True)
    assert _utc("2026-01-01 23:00") == audience_time(night, ["ko", "ru"], quiet, "UTC", anyway=True)[0]
    assert _utc("2026-01-02 05:00") == audience_time(night, ["ko", "ru"], quiet, "UTC")[0]


@pytest.mark.parametrize(
    ("quiet", "zones", "where"),
    [
        ({}, {}, "Asia/Irkutsk"),
        ({"ko": "22:00-08:00 leg"}, {}, "Asia/Irkutsk"),
        ({"ko": "22:00-08:00 Asia/Seoul"}, {}, "Asia/Seoul"),
        ({"ko": "22:00-08:00 Asia/Seoul"}, {"ko": "America/New_York"}, "America/New_York"),
        ({"ko": "none"}, {"ru": "Europe/Moscow"}, "Asia/Irkutsk"),
    ],
)
def test_an_audience_lives_where_its_account_says_else_where_it_sleeps_else_on_the_leg(
    quiet: dict[str, str], zones: dict[str, str], where: str
) -> None:
    assert where == audience_zone("ko", quiet, "Asia/Irkutsk", zones)


@pytest.mark.parametrize(
    ("local", "kind"),
    [
        ("2026-03-29 01:59", None),
        ("2026-03-29 02:00", "gap"),
        ("2026-03-29 03:00", None),
        ("2019-10-27 02:30", "fold"),
        ("2019-10-27 03:00", None),
    ],
)
def test_a_wall_time_is_told_to_be_skipped_or_shown_twice(local: str, kind: str | None) -> None:
    assert kind == ambiguity(_local(local), BERLIN)
