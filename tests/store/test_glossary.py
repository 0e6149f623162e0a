"""Terms come back as they were kept, a campaign's own before those of all; other posts are found by their account."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from campaign.core.errors import Conflict, NotFound
from campaign.core.model import Variant
from campaign.core.plan import Form, Term, Waiver
from campaign.core.states import State
from campaign.store import echoes, glossary, waivers
from campaign.store.posts import add_variants, post_of
from tests.store.conftest import NOW, Desk

CITY = Term(
    "t1", None, "Владивосток",
    {"ko": Form("블라디보스토크", (), ("블라디보스톡",)), "ru": Form("Владивосток", ("Влад*",))},
    note="во", source="NIKL", valid_until=date(2030, 1, 1),
)  # fmt: skip


def test_terms_come_back_as_they_were_kept(desk: Desk) -> None:
    with desk.store.begin() as tx:
        glossary.add(tx, CITY, at=NOW)
        glossary.add(tx, replace(CITY, id="t2", name="서울", translate=False, valid_until=None), at=NOW)
        with pytest.raises(Conflict):
            glossary.add(tx, replace(CITY, id="t3"), at=NOW)
    with desk.store.read() as tx:
        assert CITY == glossary.named(tx, "Владивосток", None) == glossary.own_terms(tx, None)[0]
        first = glossary.terms_of(tx, desk.campaign.id)
        assert [CITY, "서울"] == [first[0], first[1].name]
        assert first is glossary.terms_of(tx, desk.campaign.id), "what is the same is read once"
        with pytest.raises(NotFound):
            glossary.named(tx, "Москва", None)


def test_a_campaign_s_own_term_takes_the_place_of_that_of_all(desk: Desk) -> None:
    own = replace(CITY, id="t2", campaign_id=desk.campaign.id, note="own")
    with desk.store.begin() as tx:
        glossary.add(tx, CITY, at=NOW)
        glossary.add(tx, own, at=NOW)
        assert (own,) == glossary.terms_of(tx, desk.campaign.id)
        glossary.edit(tx, replace(own, note="other"))
        assert "other" == glossary.terms_of(tx, desk.campaign.id)[0].note
        assert {None, desk.campaign.name} == {owner for _, owner in glossary.all_terms(tx)}
        glossary.remove(tx, own)
        assert (CITY,) == glossary.terms_of(tx, desk.campaign.id)


def test_what_may_stand_is_kept_in_order(desk: Desk) -> None:
    row = desk.add()
    first = Waiver("w1", row.post_id, "ru", "mixed-script", "мop", "alice", "so it is", NOW)
    with desk.store.begin() as tx:
        waivers.add_all(tx, [first, replace(first, id="w2", created_at=NOW + timedelta(seconds=1))])
        waivers.add_all(tx, [])
    with desk.store.read() as tx:
        assert ["w1", "w2"] == [each.id for each in waivers.waivers_of(tx, row.post_id)]
        assert first == waivers.waivers_of(tx, row.post_id)[0]


def test_other_posts_are_found_by_account_time_and_language(desk: Desk) -> None:
    other = desk.add_account("ru")
    mine, near, elsewhere = desk.add(), desk.add(), desk.add(account=other)
    gone = desk.add()
    desk.move(gone, State.CANCELLED)
    with desk.store.begin() as tx:
        for row, texts in ((near, ("옛 글", "새 글")), (elsewhere, ("다른 글",)), (mine, ("내 글",))):
            rows = [Variant(row.post_id, "ko", n, text, (), None, "alice", NOW) for n, text in enumerate(texts, 1)]
            add_variants(tx, rows)
    with desk.store.read() as tx:
        post = post_of(tx, mine.post_id)
        around = {"since": NOW - timedelta(days=90), "until": NOW + timedelta(days=90)}
        found = echoes.echoes(tx, post, [desk.account.id], ["ko", "ru"], **around)
        assert [(near.post_id, "새 글")] == [(each.post_id, each.text) for each in found]
        assert [] == echoes.echoes(tx, post, [desk.account.id], ["ru"], **around)
        hour = {"since": NOW - timedelta(hours=1), "until": NOW + timedelta(hours=1)}
        hours = echoes.beside(tx, post, [desk.account.id], **hour)
        assert [near.post_id] == [each.post_id for each in hours], "what was cancelled is no neighbour"
        later = {name: at + timedelta(hours=3) for name, at in hour.items()}
        assert [] == echoes.beside(tx, post, [desk.account.id], **later)
        places = echoes.places_of(tx, [near.post_id, elsewhere.post_id], [desk.account.id])
        assert [near.post_id] == [each.post_id for each in places]
