"""Engagement: seeded, never falling, and the same for whoever asks at the same instant."""

from pathlib import Path

import pytest
from mastodon import Mastodon

from campaign.sandbox import Twin, engagement

from .conftest import Connect, Hands

COUNTS = ("favourites_count", "reblogs_count", "replies_count", "quotes_count")
HOURS = (0, 0.1, 0.5, 1, 3, 6, 12, 24, 72, 168, 672, 8760)


@pytest.mark.parametrize("metric", engagement.GROWN)
def test_a_counter_begins_at_nothing_and_never_falls(metric: engagement.Grown) -> None:
    for post in range(50):
        seen = [engagement.count(2019, str(post), metric, hours * 3600, language="ko") for hours in HOURS]
        assert seen[0] == 0
        assert seen == sorted(seen)


def test_the_same_seed_gives_the_same_and_another_seed_another() -> None:
    def day(seed: int) -> list[int]:
        return [engagement.count(seed, str(post), "favourites", 86400) for post in range(20)]

    assert day(1) == day(1)
    assert day(1) != day(2)
    assert len(set(day(1))) > 5


def test_languages_differ_in_size() -> None:
    def total(language: str) -> int:
        return sum(engagement.count(1, str(p), "favourites", 86400, language=language) for p in range(100))

    assert total("ru") < total("ko") < total("en")


def test_a_reading_at_24_hours_is_what_the_books_say_for_that_instant(
    twin: Twin, hands: Hands, en: Mastodon, connect: Connect
) -> None:
    sent = en.status_post("Vladivostok", language="en")
    ru = connect(twin, "peace_ru")
    hands.set("2019-10-01T09:00:00Z")
    ru.status_favourite(sent.id)
    hands.set("2019-10-02T03:00:00Z")
    read = en.status(sent.id)
    assert [read[name] for name in COUNTS] == [twin.counts(sent.id)[name] for name in COUNTS]
    hands.set("2019-10-05T00:00:00Z")
    ru.status_unfavourite(sent.id)
    then = twin.counts(sent.id, "2019-10-02T03:00:00Z")
    assert [read[name] for name in COUNTS] == [then[name] for name in COUNTS]
    assert twin.counts(sent.id, "2019-10-01T03:00:00+00:00")["favourites_count"] == 0
    assert then["at"] == "2019-10-02T03:00:00.000Z"


def test_what_accounts_do_is_added_to_what_grows(twin: Twin, en: Mastodon, connect: Connect) -> None:
    sent = en.status_post("a")  # the clock stands: nothing grows
    ru = connect(twin, "peace_ru")
    ru.status_favourite(sent.id)
    ru.status_favourite(sent.id)  # twice is once
    ru.status_reblog(sent.id)
    reply = ru.status_post("ответ", in_reply_to_id=sent.id)
    ru.status_post("цитата", quoted_status_id=sent.id)
    assert [en.status(sent.id)[name] for name in COUNTS] == [1, 1, 1, 1]
    assert [account.username for account in en.status_favourited_by(sent.id)] == ["peace_ru"]
    ru.status_unfavourite(sent.id)
    ru.status_unreblog(sent.id)
    ru.status_delete(reply.id)
    assert [en.status(sent.id)[name] for name in COUNTS] == [0, 0, 0, 1]


def test_an_edit_does_not_change_the_growth_and_a_second_run_grows_the_same(
    tmp_path: Path, hands: Hands, connect: Connect
) -> None:
    told = []
    for folder in ("a", "b"):
        hands.set("2019-10-01T03:00:00Z")
        with Twin(tmp_path / folder, clock_file=hands.file) as twin:
            en = connect(twin)
            sent = en.status_post("the same text")
            if folder == "b":
                en.status_update(sent.id, "another text")
            hands.set("2019-10-08T03:00:00Z")
            told.append([en.status(sent.id)[name] for name in COUNTS])
    assert told[0] == told[1]
    assert sum(told[0]) > 0
