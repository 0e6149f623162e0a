"""Calendars that others wrote: understood, or told why not; hostile ones are refused before they cost anything."""

import contextlib
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.core.errors import Invalid
from campaign.core.ics import MOST_BYTES, MOST_EVENTS, Taken, take_apart

TODAY = date(2026, 11, 24)


def ics(*events: str) -> bytes:
    body = "".join(f"BEGIN:VEVENT\nUID:{n}\nSUMMARY:Day {n}\n{each}\nEND:VEVENT\n" for n, each in enumerate(events, 1))
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//x//EN\n{body}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def spans(*events: str, tz: str | None = None) -> list[tuple[str, str, str | None]]:
    found = take_apart(ics(*events), today=TODAY, tz=tz).spans
    return [(str(each.first), str(each.last), each.zone) for each in found]


@pytest.mark.parametrize(
    ("event", "span"),
    [
        ("DTSTART;VALUE=DATE:20261201", ("2026-12-01", "2026-12-01", None)),
        ("DTSTART;VALUE=DATE:20261201\nDTEND;VALUE=DATE:20261204", ("2026-12-01", "2026-12-03", None)),
        ("DTSTART;VALUE=DATE:20261201\nDURATION:P2D", ("2026-12-01", "2026-12-02", None)),
        ("DTSTART;TZID=Europe/Moscow:20261201T230000\nDURATION:PT3H", ("2026-12-01", "2026-12-02", "Europe/Moscow")),
        (
            "DTSTART;TZID=Asia/Seoul:20261201T090000\nDTEND;TZID=Asia/Seoul:20261202T000000",
            ("2026-12-01", "2026-12-01", "Asia/Seoul"),
        ),
        ("DTSTART;TZID=Korea Standard Time:20261201T090000", ("2026-12-01", "2026-12-01", "Asia/Seoul")),
        ("DTSTART:20261201T200000", ("2026-12-01", "2026-12-01", None)),
        ("DTSTART:20261201T200000Z", ("2026-12-01", "2026-12-01", "UTC")),
    ],
)
def test_days_and_times_are_understood(event: str, span: tuple[str, str, str | None]) -> None:
    assert spans(event) == [span]


def test_a_zone_that_nobody_knows_is_asked_for() -> None:
    event = "DTSTART;TZID=Headquarters:20261201T230000"
    with pytest.raises(Invalid, match=r"TZID 'Headquarters'.*--tz Asia/Seoul"):
        spans(event)
    assert spans(event, tz="Asia/Seoul") == [("2026-12-01", "2026-12-01", "Asia/Seoul")]
    assert spans("DTSTART:20261201T200000Z", tz="Asia/Seoul") == [("2026-12-02", "2026-12-02", "Asia/Seoul")]


def test_what_recurs_is_followed_for_a_year_without_its_exceptions() -> None:
    weekly = "DTSTART;VALUE=DATE:20261130\nRRULE:FREQ=WEEKLY\nEXDATE;VALUE=DATE:20261207"
    found = [first for first, _, _ in spans(weekly)]

    assert found[:3] == ["2026-11-30", "2026-12-14", "2026-12-21"] and found[-1] == "2027-11-29"
    assert [first for first, _, _ in spans("DTSTART;VALUE=DATE:20200101\nRRULE:FREQ=YEARLY")] == ["2027-01-01"]
    assert len(spans("DTSTART;VALUE=DATE:20261130\nRRULE:FREQ=DAILY;COUNT=1000000")) == 367


def test_an_occurrence_that_was_moved_stands_where_it_was_moved_to() -> None:
    raw = ics("DTSTART;VALUE=DATE:20261201\nRRULE:FREQ=WEEKLY;COUNT=2").replace(
        b"END:VCALENDAR",
        b"BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Moved\r\nRECURRENCE-ID;VALUE=DATE:20261208\r\n"
        b"DTSTART;VALUE=DATE:20261210\r\nEND:VEVENT\r\nEND:VCALENDAR",
    )
    found = take_apart(raw, today=TODAY).spans

    assert [(str(each.first), each.title) for each in found] == [("2026-12-01", "Day 1"), ("2026-12-10", "Moved")]


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ("DTSTART;VALUE=DATE:20261201\nSTATUS:CANCELLED", "is cancelled"),
        ("LOCATION:nowhere", "no beginning"),
        ("DTSTART:soon", "no beginning"),
        ("DTSTART;VALUE=DATE:20261201\nRRULE:FREQ=SECONDLY", "must be one of DAILY"),
        ("DTSTART;VALUE=DATE:20261201\nRRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY", "several rules"),
        ("DTSTART;VALUE=DATE:20261201\nRRULE:FREQ=DAILY\nRDATE;VALUE=DATE:20270102", "RDATE"),
        ("DTSTART;VALUE=DATE:19000101\nRRULE:FREQ=DAILY", "this world"),
        ("DTSTART;VALUE=DATE:20000101\nRRULE:FREQ=DAILY", "ten years"),
        ("DTSTART;VALUE=DATE:20261201\nDTEND;VALUE=DATE:20991201", "this world"),
    ],
)
def test_what_is_not_followed_is_told_and_the_rest_is_taken(event: str, why: str) -> None:
    found = take_apart(ics("DTSTART;VALUE=DATE:20261224", event), today=TODAY)

    assert [str(each.first) for each in found.spans] == ["2026-12-24"]
    assert len(found.told) == 1 and why in found.told[0]


def test_a_calendar_in_another_code_page_is_refused_and_utf_16_is_read() -> None:
    raw = ics("DTSTART;VALUE=DATE:20261224").replace(b"Day 1", "성탄절".encode())

    assert [each.title for each in take_apart(raw.decode().encode("utf-16"), today=TODAY).spans] == ["성탄절"]
    with pytest.raises(Invalid, match=r"is not UTF-8"):
        take_apart(raw.decode().encode("cp949"), today=TODAY)


HOSTILE = {
    "empty": (b"", "no iCalendar|no entry"),
    "text": (b"hello", "no iCalendar|no entry"),
    "binary": (bytes(range(256)) * 40, "is not UTF-8"),
    "large": (b"X" * (MOST_BYTES + 1), "larger than"),
    "deep": (b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 5, "nested deeper"),
    "many": (ics(*["DTSTART;VALUE=DATE:20261201"] * (MOST_EVENTS + 1)), "more than 2000 entries"),
    "rules": (ics(*["DTSTART;VALUE=DATE:20261201\nRRULE:FREQ=YEARLY"] * 201), "more than 200"),
    "days": (ics(*["DTSTART;VALUE=DATE:20261201\nRRULE:FREQ=DAILY"] * 6), "more than 2000 days"),
    "cut": (ics("DTSTART;VALUE=DATE:20261201")[:-40], "no iCalendar|no entry"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused(name: str) -> None:
    raw, said = HOSTILE[name]
    with pytest.raises(Invalid, match=said):
        take_apart(raw, today=TODAY)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_file_that_was_spoilt_is_read_or_refused_and_never_breaks(data: st.DataObject) -> None:
    raw = bytearray(ics("DTSTART;TZID=Asia/Seoul:20261201T090000\nRRULE:FREQ=WEEKLY;COUNT=9\nGEO:1;2", "DURATION:P1D"))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=6))
    with contextlib.suppress(Invalid):
        assert isinstance(take_apart(bytes(raw), today=TODAY), Taken)
