"""Why something is held is told in the reader's language, whatever the verbs wrote; what is unknown stays as it is."""

from datetime import timedelta

import pytest
import regex

from campaign.core.model import Role
from campaign.service import campaigns
from campaign.service.approve import approve
from campaign.service.enqueue import hold, move
from campaign.service.review import review
from campaign.service.revise import revise
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows
from campaign.web.formats import Look
from campaign.web.holds import dated, why
from campaign.web.words import LANGS
from tests.conftest import World

SENTENCES = (
    "not approved in ko, ru",
    "not approved in ru (step 1 of 2, for another time)",
    "not approved in ru (ko says something else now)",
    "not approved in ru (returned by guest Olga (Moscow))",
    "outdated in en: ko has changed (revision 2); outdated in ru: ko has changed (revision 2)",
    "copied in ru: a person must look whether it holds, and save it",
    "translated by deepl in ru: a person must save it first",
    "returned in ru by bob: чего-то; не хватает",
    "missing in ru: nobody has written it",
    "the approval in ru expires before its time",
    "this campaign sends a post as a whole: missing in ru: nobody has written it",
    "not ready half an hour before its time: not approved in ru; this campaign sends the languages that are",
    "blackout 선거 (2026-11-25 to 2026-11-26) for the ko audience",
    "quiet hours of the ko audience: 22:00-08:00 Asia/Seoul",
    "quiet hours of the ru audience: 22:00-08:00 leg hard",
    "rescheduled by bob",
)
LEFT = {"deepl", "bob", "guest", "Olga", "Moscow", "Asia", "Seoul"}  # names


@pytest.mark.parametrize("lang", ["ko", "ru"])
@pytest.mark.parametrize("text", SENTENCES)
def test_nothing_of_the_english_is_left_but_names(text: str, lang: str) -> None:
    told = why(text, Look(lang))

    assert told is not None
    assert set(regex.findall(r"[A-Za-z]{2,}", told)) <= LEFT, told


def test_in_english_it_is_told_in_full() -> None:
    assert why("missing in ru: nobody has written it", Look("en")) == "Russian: not written yet. Write it."


@pytest.mark.parametrize("text", ["", "a reason that nobody knows", "not approved in ru (for a reason of its own)"])
def test_what_is_unknown_is_left_as_it_was_said(text: str) -> None:
    assert why(text, Look("ko")) is None


def test_days_and_hours_stand_as_the_desk_writes_them() -> None:
    assert dated("2026-11-25 08:00 UTC+9", Look("ko")) == "2026년 11월 25일 08:00 (UTC+9)"
    assert dated("2026-99-99", Look("ko")) == "2026-99-99"


@pytest.mark.parametrize("lang", LANGS)
def test_what_really_holds_a_post_is_known(world: World, lang: str) -> None:
    world.campaign("s", approval="two")
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    world.people["olga"] = campaigns.add_person(world.app, "olga", [Role.REVIEWER])
    texts = {"ko": "안녕하세요", "ru": "Здравствуйте"}
    world.post("P01", campaign="s", to=("two",), texts=texts, minutes=600, approve_now=False)
    review(world.app, "P01", "ru", "passed", by=world.people["olga"])
    for person in ("olga", "bob"):
        approve(world.app, "P01", by=world.people[person]) if person == "bob" else review(
            world.app, "P01", "ko", "passed", by=world.people[person]
        )
    reasons = set()

    def note() -> None:
        with world.app.store.begin() as tx:
            post = post_rows.post_named(tx, "P01")
            hold(world.app, tx, campaign_rows.campaign_of(tx, post.campaign_id), post)
        reasons.update(row.held_because for row in world.deliveries() if row.held_because)

    later = (world.clock.now() + timedelta(hours=9 + 20)).strftime("%Y-%m-%d %H:%M")
    move(world.app, "P01", at=later, by=world.alice)
    note()
    review(world.app, "P01", "ru", "returned", by=world.bob, text="не так; а иначе")
    note()
    revise(world.app, "P01", "ko", by=world.alice, text="안녕하십니까")
    note()
    revise(world.app, "P01", "ru", by=world.alice, text="Добрый день", machine="deepl")
    note()

    assert len(reasons) > 3
    assert all(why(one, Look(lang)) for one in reasons), [one for one in reasons if not why(one, Look(lang))]
