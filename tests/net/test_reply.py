"""What headers say about how much more a platform will take."""

from datetime import UTC, datetime, timedelta

import pytest

from campaign.net.reply import Rate, rate_of, retry_after

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
        ({"parameters": [35]}, 60),
        ([], 60),
        (None, 60),
    ],
)
def test_the_wait_may_stand_in_the_body(body, seconds):
    assert retry_after({}, NOW, body) == seconds
    assert retry_after({"retry-after": "7"}, NOW, body) == 7


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
    ],
)
def test_the_rate_is_read_from_the_families_of_headers(headers, rate):
    assert rate_of(headers, NOW) == rate
