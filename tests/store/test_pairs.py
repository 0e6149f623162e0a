"""The office's own texts: whose words they are, and that somebody stood for them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from campaign.core.model import Delivery, Variant
from campaign.core.states import State
from campaign.store.approvals import Approval, add_approval
from campaign.store.campaigns import add_campaign
from campaign.store.pairs import texts_in_use
from campaign.store.posts import add_variants

from .conftest import NOW, Desk


def say(desk: Desk, delivery: Delivery, *, revision: int = 1, machine: str | None = None, **texts: str) -> None:
    with desk.store.begin() as tx:
        add_variants(
            tx,
            [
                Variant(delivery.post_id, lang, revision, text, (), None, "alice", NOW, machine=machine)
                for lang, text in texts.items()
            ],
        )


def approve(desk: Desk, delivery: Delivery, *langs: str, **more: Any) -> None:
    with desk.store.begin() as tx:
        for lang in langs:
            sha = delivery.outgoing_sha256
            approval = Approval(f"{delivery.post_id}-{lang}", delivery.post_id, sha, lang, "bob", NOW, **more)
            add_approval(tx, approval)


def texts(desk: Desk, **options: Any) -> list[dict[str, str]]:
    with desk.store.read() as tx:
        return [found for _, found in texts_in_use(tx, **options)]


def test_what_is_approved_in_two_languages_is_a_pair(desk: Desk) -> None:
    one = desk.add()
    say(desk, one, ko="서울", ru="Сеул", en="Seoul")
    approve(desk, one, "ko", "ru")

    assert [{"ko": "서울", "ru": "Сеул"}] == texts(desk)


def test_drafts_and_single_languages_are_none(desk: Desk) -> None:
    draft, single, taken_back = desk.add(), desk.add(), desk.add()
    say(desk, draft, ko="서울", ru="Сеул")
    say(desk, single, ko="서울", ru="Сеул")
    approve(desk, single, "ko")
    say(desk, taken_back, ko="서울", ru="Сеул")
    approve(desk, taken_back, "ko", "ru", void_at=NOW, void_because="returned")

    assert [] == texts(desk)


def test_a_language_whose_approval_was_taken_back_is_none(desk: Desk) -> None:
    one = desk.add()
    say(desk, one, ko="서울", ru="Сеул", en="Seoul")
    approve(desk, one, "ko", "en")
    approve(desk, one, "ru", void_at=NOW, void_because="returned")

    assert [{"ko": "서울", "en": "Seoul"}] == texts(desk)


def test_a_machine_s_words_are_none_of_the_office_s(desk: Desk) -> None:
    one = desk.add()
    say(desk, one, ko="서울", ru="Сеул")
    say(desk, one, revision=2, machine="deepl", ru="Столица")
    approve(desk, one, "ko", "ru")

    assert [] == texts(desk)


def test_the_newest_words_count(desk: Desk) -> None:
    one = desk.add()
    say(desk, one, ko="서울", ru="Сеул")
    say(desk, one, revision=2, ru="Город Сеул")
    approve(desk, one, "ko", "ru")

    assert [{"ko": "서울", "ru": "Город Сеул"}] == texts(desk)


@pytest.mark.parametrize(("state", "found"), [(State.PUBLISHED, 1), (State.SCHEDULED, 0)])
def test_where_nobody_approves_what_is_out_counts(desk: Desk, state: State, found: int) -> None:
    free = replace(desk.campaign, id="campaign-2", name="free", approval="none")
    with desk.store.begin() as tx:
        add_campaign(tx, free, at=NOW)
    one = replace(desk, campaign=free).add(state=state)
    say(desk, one, ko="서울", ru="Сеул")

    assert found == len(texts(desk))


def test_the_latest_come_first_and_no_more_than_are_wanted(desk: Desk) -> None:
    for number in range(4):
        one = desk.add(due_at=NOW + timedelta(days=number))
        say(desk, one, ko=f"서울 {number}", ru=f"Сеул {number}")
        approve(desk, one, "ko", "ru")

    assert 3 == len(texts(desk, most=3))
