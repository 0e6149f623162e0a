"""Shared media: an address is good for a while, for one file, and for nobody who made it up."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import HandClock

from campaign.core.errors import NotFound, Refused
from campaign.media.share import LIFETIME, PATH, Sharer

DIGEST = "ab" * 32


@pytest.fixture
def clock(tmp_path: Path) -> HandClock:
    return HandClock(tmp_path / "clock.json")


def taken(address: str) -> tuple[str, str, str]:
    path, _, query = address.partition("?")
    asked = dict(pair.split("=") for pair in query.split("&"))
    return path.rpartition(PATH)[2], asked["until"], asked["signature"]


def test_an_address_is_of_the_desk_and_names_the_kind_of_file(clock: HandClock) -> None:
    sharer = Sharer(lambda: b"k" * 32, "https://desk.example/", clock)
    found = sharer.address(DIGEST, "image/jpeg")

    assert found.startswith(f"https://desk.example/shared/{DIGEST}.jpg?until=")
    assert (DIGEST, "image/jpeg") == sharer.admitted(*taken(found))


def test_its_time_ends(clock: HandClock) -> None:
    sharer = Sharer(lambda: b"k" * 32, "https://desk.example", clock)
    told = taken(sharer.address(DIGEST, "video/mp4"))
    clock.turn(seconds=LIFETIME.total_seconds())
    sharer.admitted(*told)
    clock.turn(seconds=1)

    with pytest.raises(NotFound):
        sharer.admitted(*told)


def test_another_key_another_file_or_a_later_end_is_not_admitted(clock: HandClock) -> None:
    sharer = Sharer(lambda: b"k" * 32, "https://desk.example", clock)
    name, until, signature = taken(sharer.address(DIGEST, "image/png"))
    others = [
        (f"{'cd' * 32}.png", until, signature),
        (f"{DIGEST}.jpg", until, signature),
        (name, str(int(until) + 1), signature),
        (name, until, signature[:-1] + ("0" if signature[-1] != "0" else "1")),
        (name, until, ""),
        ("../" + name, until, signature),
        (name, "9" * 30, signature),
    ]
    for other in others:
        with pytest.raises(NotFound):
            sharer.admitted(*other)
    with pytest.raises(NotFound):
        Sharer(lambda: b"o" * 32, "https://desk.example", clock).admitted(name, until, signature)


@given(name=st.text(), until=st.text(), signature=st.text())
def test_nothing_made_up_is_admitted_and_nothing_breaks(name: str, until: str, signature: str) -> None:
    sharer = Sharer(lambda: b"k" * 32, "", HandClockless())  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        sharer.admitted(name, until, signature)


class HandClockless:
    """No address gets as far as asking it for the time."""


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:8765", "http://desk.example"])
def test_without_a_public_https_address_it_says_what_to_set(clock: HandClock, url: str) -> None:
    with pytest.raises(Refused, match=r"web\.url"):
        Sharer(lambda: b"k" * 32, url, clock).address(DIGEST, "image/png")


def test_a_platform_of_the_local_network_may_fetch_over_http(clock: HandClock) -> None:
    sharer = Sharer(lambda: b"k" * 32, "http://127.0.0.1:8765", clock)

    assert sharer.address(DIGEST, "image/png", private=True).startswith("http://127.0.0.1:8765/shared/")


def test_a_kind_that_no_platform_fetches_is_refused(clock: HandClock) -> None:
    with pytest.raises(Refused, match="text/html"):
        Sharer(lambda: b"k" * 32, "https://desk.example", clock).address(DIGEST, "text/html")


def test_a_bucket_makes_its_own_addresses(clock: HandClock) -> None:
    asked: list[tuple[str, timedelta]] = []

    def sign(digest: str, lifetime: timedelta) -> str:
        asked.append((digest, lifetime))
        return f"https://bucket.example/{digest}?signed"

    sharer = Sharer(lambda: b"k" * 32, "", clock, sign=sign)

    assert f"https://bucket.example/{DIGEST}?signed" == sharer.address(DIGEST, "image/png")
    assert [(DIGEST, LIFETIME)] == asked
