"""Rules of recurrence: laid out as another implementation does, bounded whatever they say, in a zone's wall time."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.core.errors import Invalid
from campaign.core.series import DAY, HOUR, MOST, demand_gap, occurrences, read_rule, resolved, walls

wall = datetime.fromisoformat
NINE = wall("2026-11-24 09:00")  # a Tuesday


def rule(text: str, zone: str = "Asia/Seoul") -> object:
    return read_rule("every", text, zone)


def days(text: str, starts: datetime = NINE, zone: str = "Asia/Seoul", **options: timedelta) -> list[str]:
    made = occurrences("every", read_rule("every", text, zone), starts, zone, **options)
    return [f"{one.local:%m-%d %H:%M}" for one in made]


def test_a_weekly_series_keeps_its_weekday_and_its_hour() -> None:
    assert days("FREQ=WEEKLY;COUNT=3") == ["11-24 09:00", "12-01 09:00", "12-08 09:00"]
    assert days("FREQ=MONTHLY;BYDAY=-1TU;COUNT=3") == ["11-24 09:00", "12-29 09:00", "01-26 09:00"]


def test_the_first_counts_also_where_the_rule_does_not_match_it() -> None:
    assert days("FREQ=WEEKLY;BYDAY=MO;COUNT=3") == ["11-24 09:00", "11-30 09:00", "12-07 09:00"]


def test_an_end_is_a_whole_day_or_a_moment_in_the_zone() -> None:
    assert days("RRULE:FREQ=DAILY;UNTIL=20261125")[-1] == "11-25 09:00"
    assert days("FREQ=DAILY;UNTIL=20261126T000000Z")[-1] == "11-26 09:00"  # 09:00 in Seoul, that moment included
    assert days("FREQ=DAILY;UNTIL=20261125T235959Z")[-1] == "11-25 09:00"


def test_where_the_clocks_skip_the_hour_it_is_the_one_after_and_where_they_show_it_twice_the_first() -> None:
    berlin = "Europe/Berlin"
    spring = occurrences("every", read_rule("every", "FREQ=DAILY;COUNT=3", berlin), wall("2027-03-27 02:30"), berlin)
    autumn = occurrences("every", read_rule("every", "FREQ=DAILY;COUNT=3", berlin), wall("2027-10-30 02:30"), berlin)

    assert [one.due_at.hour for one in spring] == [1, 1, 0]  # UTC: 02:30+1, 03:30+2 in place of 02:30, 02:30+2
    assert spring[1].told(berlin) == "2027-03-28 02:30 does not exist in Europe/Berlin: it is 03:30 that day"
    assert [one.due_at.hour for one in autumn] == [0, 0, 1]
    assert autumn[1].told(berlin) == "2027-10-31 02:30 happens twice in Europe/Berlin: it is the first"
    assert (spring[1].gap, autumn[1].fold, spring[0].told(berlin)) == ("forward", "first", None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FREQ=DAILY", "must have an end"),
        ("FREQ=DAILY;COUNT=367", "more than 366"),
        ("FREQ=DAILY;COUNT=1000000", "more than 366"),
        ("FREQ=YEARLY;UNTIL=20991231", "within 5 years"),
        ("FREQ=DAILY;BYHOUR=9,18;COUNT=4", "closer than 1 day"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;UNTIL=20301231", "no other time"),
        ("FREQ=WEEKLY;COUNT=1", "no other time"),
        ("FREQ=HOURLY;COUNT=3", "one of DAILY"),
        ("FREQ=WEEKLY;BYWEEKNO=3;COUNT=3", "not followed"),
        ("FREQ=WEEKLY;BYDAY=2MO;COUNT=3", "does not go with"),
        ("FREQ=WEEKLY;BYMONTHDAY=3;COUNT=3", "does not go with"),
        ("FREQ=WEEKLY;FREQ=DAILY", "each part once"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101", "not both"),
        ("FREQ=DAILY;UNTIL=20270231", "a day as"),
        ("FREQ=DAILY;INTERVAL=0;COUNT=3", "between 1 and 1000"),
        ("FREQ=DAILY;INTERVAL=1,2;COUNT=3", "one number"),
        ("FREQ=DAILY;BYSETPOS=1;COUNT=3", "another BY part"),
        ("FREQ=DAILY;BYMINUTE=" + ",".join(map(str, range(60))) + ";COUNT=3", "24 times a day"),
        ("every Monday", "FREQ=WEEKLY;BYDAY=MO"),
        ("FREQ=DAILY;COUNT=٣", "must be a number"),
        ("X" * 501, "longer than"),
    ],
)
def test_a_rule_that_cannot_be_followed_says_why(text: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        days(text)


def test_two_times_a_day_need_a_smaller_gap_and_no_gap_is_under_an_hour() -> None:
    assert len(days("FREQ=DAILY;BYHOUR=9,18;COUNT=4", min_gap=timedelta(hours=9))) == 4
    with pytest.raises(Invalid, match="at least 60 minutes"):
        days("FREQ=DAILY;COUNT=2", min_gap=timedelta(minutes=59))


def test_an_hour_that_the_clocks_skip_never_puts_two_posts_at_one_moment() -> None:
    # 02:30 is 03:30 that day, and so is 03:30.
    with pytest.raises(Invalid, match="closer than 1 hour"):
        days("FREQ=DAILY;BYHOUR=2,3;COUNT=4", wall("2027-03-27 02:30"), "Europe/Berlin", min_gap=HOUR)


NUMBERS = st.integers
RULES = st.one_of(
    st.builds("FREQ=DAILY;INTERVAL={}".format, NUMBERS(1, 40)),
    st.builds("FREQ=DAILY;INTERVAL={};BYMONTH={};BYDAY=MO,FR".format, NUMBERS(1, 9), NUMBERS(1, 12)),
    st.builds(
        "FREQ=WEEKLY;INTERVAL={};BYDAY=TU,SU,{};WKST={}".format,
        NUMBERS(1, 9),
        st.sampled_from(["MO", "WE", "SA"]),
        st.sampled_from(["MO", "SU", "WE"]),
    ),
    st.builds("FREQ=MONTHLY;INTERVAL={};BYMONTHDAY={}".format, NUMBERS(1, 5), NUMBERS(-31, 31).filter(bool)),
    st.builds(
        "FREQ=MONTHLY;BYDAY={}{}".format, st.sampled_from([1, 2, 5, -1, -5]), st.sampled_from(["MO", "WE", "SU"])
    ),
    st.builds("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS={}".format, st.sampled_from([1, 3, -1, -4, 22])),
    st.builds("FREQ=YEARLY;BYDAY={}{}".format, st.sampled_from([1, 20, 53, -1, -53]), st.sampled_from(["MO", "SU"])),
    st.builds("FREQ=YEARLY;BYMONTH={};BYDAY=-1SU".format, NUMBERS(1, 12)),
    st.builds("FREQ=YEARLY;BYMONTHDAY={}".format, NUMBERS(1, 31)),
    st.builds("FREQ=YEARLY;INTERVAL={}".format, NUMBERS(1, 3)),
    st.builds("FREQ=MONTHLY;BYHOUR={},21;BYMINUTE=0,30".format, NUMBERS(0, 20)),
)
STARTS = st.datetimes(wall("2026-01-01 00:00"), wall("2029-12-31 00:00")).map(
    lambda at: at.replace(second=0, microsecond=0)
)


@settings(deadline=None, max_examples=40)
@given(text=RULES, starts=STARTS)
def test_any_rule_is_laid_out_as_dateutil_does(text: str, starts: datetime) -> None:
    end = starts + timedelta(days=5 * 366)
    theirs = takewhile(lambda at: at <= end, rrulestr(text, dtstart=starts))

    assert list(islice(theirs, 60)) == list(islice(walls(read_rule("every", text, "UTC"), starts), 60))


@settings(deadline=None)
@given(
    text=RULES,
    starts=STARTS,
    zone=st.sampled_from(["Asia/Seoul", "Europe/Berlin", "America/Santiago"]),
    count=NUMBERS(2, 80),
)
def test_no_rule_gives_two_posts_closer_than_the_least_gap(text: str, starts: datetime, zone: str, count: int) -> None:
    read = read_rule("every", f"{text};COUNT={count}", zone)

    assert str(read_rule("every", str(read), zone)) == str(read)
    try:
        made = occurrences("every", read, starts, zone)
    except Invalid:
        return
    assert made[0].local == starts and len(made) <= min(count, MOST)
    for before, after in pairwise(made):
        assert after.local - before.local >= DAY and after.due_at - before.due_at >= HOUR
    demand_gap("at", "", made[::-1], DAY, zone)  # whatever their order


@given(
    at=st.datetimes(wall("2027-01-01 00:00"), wall("2027-12-31 00:00")),
    zone=st.sampled_from(["Asia/Seoul", "Europe/Berlin"]),
)
def test_a_moment_is_its_wall_time_unless_the_clocks_skip_it(at: datetime, zone: str) -> None:
    one = resolved(at, zone)

    assert one.due_at.tzinfo is UTC
    assert (one.told(zone) is None) == (one.gap is None and one.fold is None)
