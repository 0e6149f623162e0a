"""Blackouts and rules of accounts, on both databases: kept, found, and whom they concern."""

from datetime import date, timedelta

import pytest

from campaign.core.errors import Conflict, NotFound
from campaign.core.plan import AccountRule, Blackout
from campaign.core.states import State
from campaign.store import account_rules, blackouts

from .conftest import NOW, Desk

DAY = date(2026, 11, 24)


def _off(id: str, **more: object) -> Blackout:
    fields = {"campaign_id": None, "name": id, "starts_on": DAY, "ends_on": DAY, "kind": "hard", **more}
    return Blackout(id, **fields)  # type: ignore[arg-type]


def test_a_blackout_is_kept_whole_and_found_by_its_campaign(desk: Desk) -> None:
    own = _off("b1", campaign_id=desk.campaign.id, langs=("ko",), zone="Asia/Seoul", title={"ko": "추모"}, source="x")
    common = _off("b2", ends_on=DAY + timedelta(days=1), kind="soft")
    with desk.store.begin() as tx:
        blackouts.add(tx, own)
        blackouts.add(tx, common)
    with desk.store.read() as tx:
        assert [own, common] == blackouts.blackouts_of(tx, desk.campaign.id)
        assert [common] == blackouts.blackouts_of(tx, "another")
        assert [(own, "c"), (common, None)] == blackouts.all_blackouts(tx)
        assert own == blackouts.named(tx, "b1", desk.campaign.id)
        with pytest.raises(NotFound):
            blackouts.named(tx, "b1", None)
    with desk.store.begin() as tx:
        blackouts.remove(tx, own)
        assert [common] == blackouts.blackouts_of(tx, desk.campaign.id)


def test_a_name_stands_once_for_a_campaign_and_once_for_all(desk: Desk) -> None:
    with desk.store.begin() as tx:
        blackouts.add(tx, _off("b1", name="n"))
        blackouts.add(tx, _off("b2", name="n", campaign_id=desk.campaign.id))
        for campaign_id in (None, desk.campaign.id):
            with pytest.raises(Conflict):
                blackouts.add(tx, _off("b3", name="n", campaign_id=campaign_id))


@pytest.mark.parametrize(("days", "near"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_only_hard_ones_near_an_instant_are_looked_at_before_a_claim(desk: Desk, days: int, near: bool) -> None:
    day = NOW.date() + timedelta(days=days)
    with desk.store.begin() as tx:
        blackouts.add(tx, _off("b1", starts_on=day, ends_on=day))
        blackouts.add(tx, _off("b2", starts_on=day, ends_on=day, kind="soft"))
        assert (["b1"] if near else []) == [each.id for each in blackouts.hard_on(tx, NOW)]


def test_posts_that_wait_within_days_are_found_and_what_is_out_is_not(desk: Desk) -> None:
    waits = desk.add()
    desk.add(state=State.CANCELLED)
    later = desk.add(due_at=NOW + timedelta(days=3))
    with desk.store.read() as tx:
        found = blackouts.posts_between(tx, None, NOW - timedelta(hours=1), NOW + timedelta(hours=1))
        all_of_them = blackouts.posts_between(tx, desk.campaign.id, NOW, NOW + timedelta(days=9))
        due = blackouts.due_now(tx, NOW, [])

    assert [(desk.campaign.id, waits.post_id)] == found == due
    assert [waits.post_id, later.post_id] == [post for _, post in all_of_them]
    with desk.store.read() as tx:
        assert [] == blackouts.due_now(tx, NOW, ["another"])


def test_a_rule_is_kept_in_the_place_of_the_one_before(desk: Desk) -> None:
    rule = AccountRule(
        desk.campaign.id, desk.account.id, 2, timedelta(minutes=90), {"ko": ("08:00",)}, {"ko": "Asia/Seoul"}
    )
    with desk.store.begin() as tx:
        assert AccountRule(desk.campaign.id, desk.account.id) == account_rules.rule_of(
            tx, desk.campaign.id, desk.account.id
        )
        account_rules.keep(tx, AccountRule(desk.campaign.id, desk.account.id, 1))
        account_rules.keep(tx, rule)
        assert {desk.account.id: rule} == account_rules.rules_of(tx, desk.campaign.id)


def test_the_times_of_an_account_are_those_of_its_posts_but_not_of_the_cancelled(desk: Desk) -> None:
    first, other = desk.add(), desk.add(due_at=NOW + timedelta(hours=1))
    desk.add(state=State.CANCELLED)
    around = (NOW - timedelta(hours=2), NOW + timedelta(hours=2))
    with desk.store.read() as tx:
        times = account_rules.times_of(tx, desk.account.id, *around)
        rest = account_rules.times_of(tx, desk.account.id, *around, but=first.post_id)

    assert [(NOW, "P1", ("ko",)), (other.due_at, "P2", ("ko",))] == times
    assert [(other.due_at, "P2", ("ko",))] == rest
