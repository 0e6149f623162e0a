"""What headers say about how much more a platform will take."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.net.reply import LONGEST_WAIT, MOST, SHORTEST_WAIT, Rate, names_rate, own_words, rate_of, retry_after

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
THEIRS = datetime(2019, 8, 1, 3, tzinfo=UTC)  # a server may live in another time than we do
DATE = {"date": "Thu, 01 Aug 2019 03:00:00 GMT"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 60),
        ({"retry-after": "30"}, 30),
        ({"retry-after": "0"}, 1),
        ({"retry-after": "999999999"}, 86400),
        ({"retry-after": "soon"}, 60),
        ({"retry-after": "nan"}, 60),
        ({"retry-after": "-5"}, 60),
        ({"retry-after": "1e400"}, 60),
        ({"retry-after": "Tue, 24 Nov 2026 12:05:00 GMT"}, 300),
        ({"retry-after": "Tue, 24 Nov 2026 11:05:00 GMT"}, 1),
        ({"x-ratelimit-reset": "2026-11-24T12:05:00.000Z"}, 300),
        ({"x-ratelimit-reset": "2019-08-01T03:05:00Z", **DATE}, 300),
        ({"retry-after": "Thu, 01 Aug 2019 03:00:10 GMT", **DATE}, 10),
        ({"ratelimit-reset": str(int((NOW + timedelta(seconds=90)).timestamp()))}, 90),
        ({"ratelimit-reset": str(int((THEIRS + timedelta(seconds=90)).timestamp())), **DATE}, 90),
        ({"x-rate-limit-reset": str(int((NOW + timedelta(seconds=90)).timestamp()) * 1000)}, 90),
        ({"ratelimit-reset": "45"}, 45),
        ({"retry-after": "7", "x-ratelimit-reset": "2026-11-24T12:05:00Z"}, 7),
        ({"retry-after": "10", "date": "nonsense"}, 10),
        ({"retry-after": "Mon, 99 Foo 2026 99:99:99 GMT"}, 60),
        ({"retry-after": "Tuesday, 24-Nov-26 12:05:00 GMT"}, 300),
        ({"retry-after": "Tue Nov 24 12:05:00 2026"}, 300),
        ({"retry-after": "7.5"}, 7.5),
        ({"retry-after": "Wed, 24 Nov 2036 12:05:00 GMT"}, 86400),
        ({"retry-after": "-5", "ratelimit-reset": "45"}, 45),
        ({"ratelimit": "limit=100, remaining=0, reset=50"}, 50),
        ({"ratelimit": '"default";r=0;t=30, "day";r=900;t=40000'}, 30),
        ({"x-ratelimit-reset": "-1", "ratelimit": "nonsense"}, 60),
    ],
)
def test_the_wait_is_read_by_the_servers_own_clock(headers, seconds):
    assert retry_after(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ({"parameters": {"retry_after": 35}}, 35),
        ({"parameters": {"retry_after": "35"}}, 60),
        ({"parameters": {"retry_after": -1}}, 60),
        ({"parameters": {"retry_after": True}}, 60),
        ({"parameters": {"retry_after": 10**400}}, 60),
        ({"parameters": {"retry_after": 10**8}}, 86400),
        ({"parameters": [35]}, 60),
        ([], 60),
        (None, 60),
    ],
)
def test_the_wait_may_stand_in_the_body(body, seconds):
    assert retry_after({}, NOW, body) == seconds
    assert retry_after({"retry-after": "7"}, NOW, body) == 7


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "invalid_grant", "error_description": "used"}, "invalid_grant: used"),
        ({"error": {"message": "(#368) Already posted"}}, "(#368) Already posted"),
        ({"detail": "One was invalid.", "errors": [{"message": "Too long."}, {}]}, "One was invalid.: Too long."),
        ({"detail": "a", "errors": [1]}, "a"),
        ({"errors": {"message": "a"}}, ""),
        ([], ""),
    ],
)
def test_the_platforms_own_words_are_found_where_it_puts_them(body, words):
    assert own_words(body) == words


@pytest.mark.parametrize(
    ("headers", "rate"),
    [
        ({}, None),
        ({"x-ratelimit-limit": "300", "x-ratelimit-remaining": "299"}, Rate(300, 299, None)),
        (
            {"x-ratelimit-limit": "300", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "2019-08-01T03:05:00Z"}
            | DATE,
            Rate(300, 0, 300.0),
        ),
        ({"ratelimit-limit": "3000;w=300", "ratelimit-remaining": "2999", "ratelimit-reset": "1"}, Rate(3000, 2999, 1)),
        ({"x-rate-limit-limit": "50", "x-rate-limit-remaining": "x"}, Rate(50, None, None)),
        ({"x-ratelimit-limit": "10", "x-ratelimit-remaining": "-3", "x-ratelimit-reset": "-5"}, Rate(10, None, None)),
        ({"ratelimit-limit": "10, 10;w=1, 900;w=60", "ratelimit-remaining": "9"}, Rate(10, 9, None)),
        ({"ratelimit": "limit=100, remaining=50, reset=5"}, Rate(100, 50, 5)),
        ({"ratelimit": '"default";r=50;t=30', "ratelimit-policy": '"default";q=100;w=60'}, Rate(None, 50, 30)),
        ({"ratelimit": "nonsense"}, None),
        ({"x-ratelimit-limit": str(10**30), "x-ratelimit-remaining": "1"}, Rate(None, 1, None)),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2036-11-24T12:00:00Z"}, Rate(None, 0, 86400)),
    ],
)
def test_the_rate_is_read_from_the_families_of_headers(headers, rate):
    assert rate_of(headers, NOW) == rate


SECONDS = st.integers(0, 80_000)
ZONES = st.sampled_from(["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"])


@given(SECONDS, ZONES, st.sampled_from([{}, DATE]))
def test_each_way_to_say_when_says_the_same(seconds, date_form, more) -> None:
    base = THEIRS if more else NOW
    at = base + timedelta(seconds=seconds)
    wanted = max(seconds, 1)
    told = [
        {"retry-after": str(seconds)},
        {"retry-after": at.strftime(date_form)},
        {"x-ratelimit-reset": at.isoformat()},
        {"x-ratelimit-reset": at.strftime("%Y-%m-%dT%H:%M:%S.000Z")},
        {"ratelimit-reset": str(seconds)},
        {"ratelimit-reset": str(int(at.timestamp()))},
        {"x-rate-limit-reset": str(int(at.timestamp()))},
        {"x-rate-limit-reset": str(int(at.timestamp()) * 1000)},
        {"ratelimit": f"limit=9, remaining=0, reset={seconds}"},
        {"ratelimit": f'"p";r=0;t={seconds}'},
    ]
    assert [wanted] * len(told) == [retry_after({**headers, **more}, NOW) for headers in told]
    assert wanted == retry_after(more, NOW, {"ok": False, "parameters": {"retry_after": seconds}})


NUMBERS = st.one_of(st.integers(), st.floats()).map(str)
DATES = st.datetimes().map(lambda at: at.strftime("%a, %d %b %Y %H:%M:%S GMT"))
VALUES = st.one_of(NUMBERS, DATES, st.datetimes().map(str), st.text(st.characters(max_codepoint=255), max_size=40))
NAMES = ["retry-after", "date", "ratelimit", "ratelimit-policy"]
NAMES += [
    family + end
    for family in ("x-ratelimit-", "ratelimit-", "x-rate-limit-")
    for end in ("limit", "remaining", "reset")
]


@given(st.dictionaries(st.sampled_from(NAMES), VALUES), st.recursive(st.none() | st.integers() | st.text(), st.lists))
def test_whatever_is_told_no_wait_is_endless_and_no_number_is_no_budget(headers, body) -> None:
    for told in (body, {"parameters": body}, {"parameters": {"retry_after": body}}):
        assert SHORTEST_WAIT <= retry_after(headers, NOW, told) <= LONGEST_WAIT
    rate = rate_of(headers, NOW)
    assert rate is None or names_rate(headers)
    if rate is not None:
        assert all(number is None or 0 <= number <= MOST for number in (rate.limit, rate.remaining))
        assert rate.reset is None or 0 <= rate.reset <= LONGEST_WAIT
