"""A calendar as other programs read it: RFC 5545 to the octet, and the same bytes for the same entries."""

import io
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
from dateutil.tz import tzical
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.core.calendar import Happening, drawn

AT = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
NAME = "평화사절단"
ONE = Happening("p1@campaign", "P07 · 모스크바 · KO", AT, AT, zone="Europe/Berlin", version=3, categories=("ko", "kr"))


def read(*happenings: Happening, name: str = NAME) -> icalendar.Calendar:
    return icalendar.Calendar.from_ical(drawn(happenings, name=name, lang="ko"))


def test_an_entry_has_what_a_calendar_program_needs() -> None:
    raw = drawn([ONE], name=NAME, lang="ko").decode()

    for line in (
        "NAME;LANGUAGE=ko:평화사절단",
        "X-WR-CALNAME:평화사절단",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
        "TZID:Europe/Berlin",
        "DTSTART;TZID=Europe/Berlin:20261124T110000",
        "DURATION:PT15M",
        "DTSTAMP:20261124T100000Z",
        "LAST-MODIFIED:20261124T100000Z",
        "SEQUENCE:3",
        "STATUS:CONFIRMED",
        "TRANSP:TRANSPARENT",
        "CATEGORIES:ko,kr",
        "UID:p1@campaign",
    ):
        assert f"\r\n{line}\r\n" in raw, line
    assert "METHOD" not in raw


def test_days_end_on_the_day_after_and_have_no_zone() -> None:
    leg = Happening("leg@campaign", "모스크바", date(2026, 10, 7), AT, last=date(2026, 10, 10), place=(55.7, 37.6))
    raw = drawn([leg], name="c", lang="ko").decode()

    assert "DTSTART;VALUE=DATE:20261007" in raw and "DTEND;VALUE=DATE:20261011" in raw and "GEO:55.7;37.6" in raw
    assert "VTIMEZONE" not in raw


def test_a_calendar_without_entries_is_one() -> None:
    assert read().calendar_name == NAME


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "Asia/Seoul", "America/Santiago", "Australia/Lord_Howe", "Africa/Casablanca"]
)
def test_its_zones_are_what_another_implementation_takes_them_for(zone: str) -> None:
    raw = drawn([Happening("p", "P", AT, AT, zone=zone)], name="c", lang="ko").decode().replace("\r\n ", "")
    theirs = tzical(io.StringIO(raw[raw.index("BEGIN:VTIMEZONE") : raw.index("BEGIN:VEVENT")])).get(zone)
    at = datetime.fromisoformat("2026-01-01 00:30")
    while at.year < 2027:
        ours = at.replace(tzinfo=ZoneInfo(zone))
        there = ours.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0) == at
        if there and ours.utcoffset() == ours.replace(fold=1).utcoffset():  # it exists, and once
            assert at.replace(tzinfo=theirs).utcoffset() == ours.utcoffset(), at
        at += timedelta(hours=1)


def test_an_onset_is_told_in_the_wall_time_before_it() -> None:
    """Taken off its offset it is the very moment: 01:00 UTC, for whoever reckons by that (RFC 5545, 3.6.5)."""
    zone = read(ONE).timezones[0]
    told = {
        at.replace(tzinfo=UTC) - part["TZOFFSETFROM"].td
        for part in zone.subcomponents
        for at in [part["DTSTART"].dt, *(each.dt for each in getattr(part.get("RDATE"), "dts", ()))]
    }

    assert {datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)} <= told
    assert len(told) == 7  # the beginning, and two a year for three years


TEXT = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=200) | st.just("가" * 90)
SOME = st.builds(
    Happening,
    uid=st.uuids().map(lambda id: f"{id}@campaign"),
    summary=TEXT,
    description=TEXT | st.just("a\nb;c,d\\n"),
    starts=st.datetimes(
        AT.replace(tzinfo=None), AT.replace(tzinfo=None) + timedelta(days=900), timezones=st.just(UTC)
    ).map(lambda at: at.replace(microsecond=0)),
    changed_at=st.just(AT),
    zone=st.sampled_from(["Asia/Seoul", "Europe/Berlin", "UTC", "Asia/Kathmandu"]),
    version=st.integers(0, 10**6),
    categories=st.lists(TEXT, max_size=3).map(tuple),
)


@settings(deadline=None, max_examples=40)
@given(some=st.lists(SOME, max_size=4, unique_by=lambda one: one.uid))
def test_whatever_is_told_comes_back_and_no_line_is_longer_than_75_octets(some: list[Happening]) -> None:
    raw = drawn(some, name=NAME, lang="ko")
    events = {str(event["UID"]): event for event in icalendar.Calendar.from_ical(raw).events}

    assert raw == drawn(some[::-1], name=NAME, lang="ko")
    assert max(map(len, raw.split(b"\r\n"))) <= 75 and b"\n" not in raw.replace(b"\r\n", b"")
    for one in some:
        event = events.pop(one.uid)
        assert (event.start.astimezone(UTC), int(event["SEQUENCE"])) == (one.starts, one.version)
        assert (str(event["SUMMARY"]), str(event["DESCRIPTION"])) == (one.summary, one.description)
    assert not events
