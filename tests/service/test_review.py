"""Review and approval: steps by different people, of these bytes, for a time; returned means held; guests by a link."""

from datetime import timedelta

import pytest

from campaign.core.approval import Stage
from campaign.core.errors import Conflict, Forbidden, Invalid, NotFound
from campaign.core.model import Role
from campaign.core.plan import AccountRule
from campaign.service import campaigns
from campaign.service.approve import approve
from campaign.service.enqueue import move, retry
from campaign.service.miss import miss
from campaign.service.notify import text_of
from campaign.service.review import (
    guest_review,
    history_of,
    make_guest_link,
    ready,
    review,
    revoke_guest_link,
)
from campaign.service.revise import revise
from campaign.service.standing import read
from campaign.store import account_rules, notices, people, queue
from campaign.store import approvals as approval_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows
from tests.conftest import START, World

from .test_publish import posts_sent

BOTH = {"ko": "안녕하세요", "ru": "Здравствуйте"}


def office(world: World, approval: str = "two", **options: object) -> World:
    """Campaign s; rita reads Russian, kim Korean, and post P01 goes out in both languages in ten minutes."""
    world.campaign("s", approval=approval)
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    for name, langs in (("rita", ["ru"]), ("kim", ["ko"])):
        world.people[name] = campaigns.add_person(world.app, name, [Role.REVIEWER], langs=langs)
    world.people["root"] = campaigns.add_person(world.app, "root", [Role.ADMIN])
    world.post("P01", campaign="s", to=("two",), texts=BOTH, approve_now=False, **options)  # type: ignore[arg-type]
    return world


@pytest.fixture
def two(world: World) -> World:
    """Two people in each language."""
    return office(world)


@pytest.fixture
def one(world: World) -> World:
    """One person in each language; all is approved."""
    made = office(world, "one")
    approve(made.app, "P01", by=made.bob)
    return made


def stages(world: World) -> dict[str, str]:
    with world.app.store.read() as tx:
        post = post_rows.post_named(tx, "P01")
        campaign = campaign_rows.campaign_of(tx, post.campaign_id)
        standing = read(tx, campaign, post, now=world.clock.now())
        asked = [standing.asked_of(entry) for entry in post_rows.outgoings_of(tx, post.id)]
        found = {lang: standing.progress(lang, asked) for lang in standing.newest}
    return {
        lang: f"{each.stage} {each.given}/{each.steps}" if each.stage is Stage.IN_REVIEW else str(each.stage)
        for lang, each in found.items()
    }


def held(world: World) -> dict[str, str | None]:
    return {row.langs[0]: row.held_because for row in world.deliveries()}


def news(world: World) -> dict[str, str]:
    with world.app.store.read() as tx:
        return {notice.kind: text_of(notice) for notice in notices.open_now(tx)}


def events(world: World) -> list[str]:
    with world.app.store.read() as tx:
        return [entry["event"] for entry in people.events_of(tx, post_rows.post_named(tx, "P01").id)]


def test_a_post_goes_out_when_a_reader_and_an_approver_have_agreed_in_each_language(two: World) -> None:
    assert {"ko": "draft", "ru": "draft"} == stages(two)

    ready(two.app, "P01", "ru", by=two.alice)

    assert {"ko": "draft", "ru": "ready"} == stages(two)
    assert "in ru, by bob, rita:" in news(two)["review.wanted"]

    done = review(two.app, "P01", "ru", "passed", by=two.people["rita"])

    assert (1, [], ("ko", "ru")) == (done.steps, list(done.deliveries), done.waiting)
    assert {"ko": "draft", "ru": "in review 1/2"} == stages(two)
    assert "review.wanted" not in news(two)

    review(two.app, "P01", "ko", "passed", by=two.people["kim"])
    done_both = approve(two.app, "P01", by=two.bob)

    assert (2, ()) == (len(done_both.deliveries), done_both.waiting)
    assert {"ko": "approved", "ru": "approved"} == stages(two)

    two.clock.turn(minutes=10)
    two.tick()

    assert 2 == posts_sent(two)


def test_one_person_cannot_give_both_steps(two: World) -> None:
    first = approve(two.app, "P01", by=two.bob, langs=["ru"])

    assert [(1, 2)] == [(each.step, each.steps) for each in first.given]
    with pytest.raises(Forbidden, match="has given another step in ru"):
        approve(two.app, "P01", by=two.bob, langs=["ru"])

    assert [] == two.states()


def test_a_reviewer_passes_only_languages_of_hers_and_never_approves(two: World) -> None:
    with pytest.raises(Forbidden, match="reads ru, not ko"):
        review(two.app, "P01", "ko", "passed", by=two.people["rita"])
    review(two.app, "P01", "ru", "passed", by=two.people["rita"])
    with pytest.raises(Forbidden, match="this needs: approver"):
        approve(two.app, "P01", by=two.people["rita"], langs=["ru"])
    with pytest.raises(Forbidden):
        review(two.app, "P01", "ru", "passed", by=two.carol)


def test_who_translated_a_wording_does_not_review_it(two: World) -> None:
    tom = campaigns.add_person(two.app, "tom", [Role.TRANSLATOR, Role.APPROVER])
    revise(two.app, "P01", "ru", by=tom, text="Добрый день")
    with pytest.raises(Forbidden, match="wrote its words in ru"):
        review(two.app, "P01", "ru", "passed", by=tom)
    with pytest.raises(Forbidden, match="wrote its words in ru"):
        approve(two.app, "P01", by=tom, langs=["ru"])

    assert 1 == len(approve(two.app, "P01", by=tom, langs=["ko"]).given)  # which he did not write


def test_an_approver_of_some_accounts_approves_for_those_alone(one: World) -> None:
    one.connect("kr2", "ko", twin_account="peace_en")
    dora = campaigns.add_person(one.app, "dora", [Role.APPROVER], accounts=["kr2"])
    one.post("P02", campaign="s", to=("two", "kr2"), texts={"ko": "안녕"}, approve_now=False)
    done = approve(one.app, "P02", by=dora)

    assert (1, ("ko",)) == (len(done.deliveries), done.waiting)
    assert "approves for kr2, not for two" in done.refused[0]


def test_an_admin_approves_against_the_rule_with_a_reason_that_stays_on_record(two: World) -> None:
    root = two.people["root"]
    two.post("P02", campaign="s", to=("two",), texts={"ko": "안녕"}, approve_now=False, by=root)
    approve(two.app, "P02", by=root, override="bob is on leave")
    done = approve(two.app, "P02", by=root, override="bob is on leave")

    assert 1 == len(done.deliveries)
    assert {"bob is on leave"} == {each.reason for each in done.given}
    with pytest.raises(Forbidden, match="only an admin"):
        approve(two.app, "P01", by=two.bob, override="I am in a hurry")
    with pytest.raises(Invalid, match="override"):
        approve(two.app, "P01", by=root, override=" ")


def test_what_is_returned_is_held_until_it_is_revised_or_stands_and_is_approved_anew(one: World) -> None:
    done = review(one.app, "P01", "ru", "returned", by=one.people["rita"], text="Не тот день")

    assert ["ru"] == [row.langs[0] for row in done.held]
    assert {"ko": None, "ru": "returned in ru by rita: Не тот день"} == held(one)
    assert "draft" == stages(one)["ru"]
    assert {"post.held", "review.returned"} <= news(one).keys()

    one.clock.turn(minutes=10)
    one.tick()
    assert 1 == posts_sent(one)

    with pytest.raises(Conflict, match="returned in ru by rita"):
        approve(one.app, "P01", by=one.bob)
    ready(one.app, "P01", "ru", by=one.alice)

    # Bob's word was of a text that nobody had returned: he gives it anew.
    assert "not approved in ru (returned by rita)" == held(one)["ru"]

    approve(one.app, "P01", by=one.bob)
    one.tick()

    assert 2 == posts_sent(one)
    assert [] == [kind for kind in news(one) if kind.startswith(("post.", "review."))]


def test_a_return_between_the_claim_and_the_line_stops_the_send(one: World) -> None:
    one.clock.turn(minutes=10)

    def at(step: str) -> None:
        if step == "prepared":
            review(one.app, "P01", "ko", "returned", by=one.people["kim"], text="잠깐만요")

    app = one.open(failpoint=at)
    with one.app.store.begin() as tx:  # the Russian one is out of the way
        tx.exec_driver_sql("UPDATE deliveries SET state = 'cancelled' WHERE langs LIKE '%ru%'")
    one.tick(app)
    app.store.close()

    assert 0 == posts_sent(one)
    assert {"ko": "returned in ko by kim: 잠깐만요"} == {k: v for k, v in held(one).items() if k == "ko"}
    assert "scheduled" in one.states()


def test_a_return_needs_a_reason_and_a_remark_decides_nothing(one: World) -> None:
    with pytest.raises(Invalid, match="reason"):
        review(one.app, "P01", "ru", "returned", by=one.people["rita"], text="  ")
    with pytest.raises(Invalid, match="must be one of text, title"):
        review(one.app, "P01", "ru", "comment", by=one.bob, text="Хорошо", field="colour")
    with pytest.raises(Invalid, match="at most 4000"):
        review(one.app, "P01", "ru", "comment", by=one.bob, text="ж" * 4001)
    review(one.app, "P01", "ru", "comment", by=one.bob, text="Хорошо", field="text")

    assert {"ko": None, "ru": None} == held(one)


def test_a_decision_on_another_revision_than_the_newest_changes_nothing_and_shows_both(two: World) -> None:
    revise(two.app, "P01", "ru", by=two.alice, text="Добрый день")
    for decide in (
        lambda: review(two.app, "P01", "ru", "passed", by=two.people["rita"], revision=1),
        lambda: ready(two.app, "P01", "ru", by=two.alice, revision=1),
        lambda: approve(two.app, "P01", by=two.bob, langs=["ru"], revision=1),
    ):
        with pytest.raises(Conflict, match=r"(?s)revision 2 by alice, not 1.*Здравствуйте.*Добрый день"):
            decide()

    assert "draft" == stages(two)["ru"]
    assert 1 == review(two.app, "P01", "ru", "passed", by=two.people["rita"], revision=2).steps


def test_a_move_beyond_the_window_voids_and_one_within_it_does_not(one: World) -> None:
    move(one.app, "P01", at="2026-11-24 09:25", by=one.alice)  # 15 minutes later

    assert {"ko": None, "ru": None} == held(one)

    move(one.app, "P01", at="2026-11-24 09:26", by=one.alice)

    assert {"ko": "not approved in ko (for another time)", "ru": "not approved in ru (for another time)"} == held(one)
    assert "for another time" in news(one)["post.held"]

    approve(one.app, "P01", by=one.bob)

    assert {"ko": None, "ru": None} == held(one)
    assert "post.held" not in news(one)

    campaigns.edit_campaign(one.app, "s", by=one.bob, window="any")
    move(one.app, "P01", at="2026-12-24 09:26", by=one.alice)

    assert {"ko": None, "ru": None} == held(one)


def test_an_approval_that_expired_holds_the_post_and_a_new_one_releases_it(world: World) -> None:
    office(world, "one", minutes=3 * 24 * 60)
    campaigns.edit_campaign(world.app, "s", by=world.bob, approval_days=2)
    approve(world.app, "P01", by=world.bob)

    assert {"ko": None, "ru": None} == held(world)

    world.clock.turn(days=3)
    world.tick()

    assert (0, {"not approved in ko (expired)", "not approved in ru (expired)"}) == (
        posts_sent(world),
        {row.held_because for row in world.deliveries()},
    )
    assert {0} == {row.attempts for row in world.deliveries()}

    approve(world.app, "P01", by=world.bob)
    world.tick()

    assert 2 == posts_sent(world)


@pytest.mark.parametrize(("who", "sent"), [("bob", 2), ("alice", 0)])
def test_an_approver_s_retry_is_an_approval_of_the_new_time_an_author_s_is_not(one: World, who: str, sent: int) -> None:
    one.clock.turn(hours=2)
    with one.app.store.begin() as tx:
        miss(one.app, tx)
    for row in one.deliveries():
        retry(one.app, row.id, by=one.people[who], now=True)
    one.tick()

    assert sent == posts_sent(one)
    assert (2 if sent else 0) == events(one).count("approval.extended")


def test_more_steps_that_a_campaign_asks_for_hold_what_waits(one: World) -> None:
    campaigns.edit_campaign(one.app, "s", by=one.bob, approval="two")

    assert {"ko": "not approved in ko (step 1 of 2)", "ru": "not approved in ru (step 1 of 2)"} == held(one)

    review(one.app, "P01", "ru", "passed", by=one.people["rita"])

    assert {"ko": "not approved in ko (step 1 of 2)", "ru": None} == held(one)
    with pytest.raises(Forbidden):
        campaigns.edit_campaign(one.app, "s", by=one.alice, approval="none")


# Guests.


def test_a_guest_s_word_is_the_first_step_and_never_the_last(two: World) -> None:
    token, link = make_guest_link(two.app, "P01", "Ms Kim", by=two.alice, now=START, langs=["ko"])
    done = guest_review(two.app, token, "ko", "passed", now=START, revision=1)

    assert (1, "Ms Kim", link.id) == (done.steps, done.review.person, done.review.link_id)
    assert 0 == guest_review(two.app, token, "ko", "passed", now=START).steps
    assert "in review 1/2" == stages(two)["ko"]
    with pytest.raises(NotFound, match="the link is for: ko"):
        guest_review(two.app, token, "ru", "passed", now=START)
    with pytest.raises(Invalid, match="must be passed, returned or comment"):
        guest_review(two.app, token, "ko", "ready", now=START)

    approve(two.app, "P01", by=two.bob, langs=["ko"])

    with two.app.store.read() as tx:
        post = post_rows.post_named(tx, "P01")
        given = approval_rows.approvals_of(tx, post.id)
        told = history_of(tx, post)
    assert [("guest Ms Kim", 1), ("bob", 2)] == [(each.person, each.step) for each in given]
    assert "guest Ms Kim" in {row["who"] for row in told}


def test_who_let_a_guest_give_a_step_gives_no_other_one(two: World) -> None:
    token, _ = make_guest_link(two.app, "P01", "Ms Kim", by=two.bob, now=START)
    guest_review(two.app, token, "ko", "passed", now=START)
    with pytest.raises(Forbidden, match="has given another step in ko"):
        approve(two.app, "P01", by=two.bob, langs=["ko"])


def test_with_one_step_a_guest_s_word_is_an_opinion_but_a_return_holds(one: World) -> None:
    token, _ = make_guest_link(one.app, "P01", "Ms Kim", by=one.alice, now=START)

    assert 0 == guest_review(one.app, token, "ko", "passed", now=START).steps

    guest_review(one.app, token, "ko", "returned", now=START, text="시간이 틀렸습니다", field="text")

    assert {"ko": "returned in ko by Ms Kim: 시간이 틀렸습니다", "ru": None} == held(one)


def test_a_link_ends_by_its_days_and_by_who_takes_it_back_and_its_secret_is_kept_nowhere(two: World) -> None:
    token, link = make_guest_link(two.app, "P01", "Ms Kim", by=two.alice, now=START, days=3)
    other, second = make_guest_link(two.app, "P01", "Mr Li", by=two.alice, now=START)
    revoke_guest_link(two.app, "P01", second.id[-6:], by=two.alice, now=START)

    for secret, now in ((token, link.expires_at), (other, START), ("guess", START), ("x" * 200, START)):
        with pytest.raises(NotFound, match="ask who sent it"):
            guest_review(two.app, secret, "ko", "passed", now=now)
    with two.app.store.read() as tx:
        tables = ("review_links", "events", "reviews", "notices")
        kept = "".join(str(tx.exec_driver_sql(f"SELECT * FROM {table}").all()) for table in tables)  # noqa: S608

    assert token not in kept and other not in kept
    assert ["review.link", "review.link", "review.link_ended"] == [e for e in events(two) if e.startswith("review.")]


@pytest.mark.parametrize(("name", "days"), [("", 7), ("x" * 61, 7), ("a\nb", 7), ("Ms Kim", 0), ("Ms Kim", 91)])
def test_a_link_that_cannot_be_is_refused(two: World, name: str, days: int) -> None:
    with pytest.raises(Invalid):
        make_guest_link(two.app, "P01", name, by=two.alice, now=START, days=days)


def test_a_viewer_makes_no_links(two: World) -> None:
    with pytest.raises(Forbidden):
        make_guest_link(two.app, "P01", "Ms Kim", by=two.carol, now=START)


def test_deliveries_that_are_out_keep_their_approvals(one: World) -> None:
    with one.app.store.read() as tx:
        before = {row.outgoing_sha256 for row in queue.of_post(tx, post_rows.post_named(tx, "P01").id)}
    one.clock.turn(minutes=10)
    one.tick()
    review(one.app, "P01", "ru", "returned", by=one.people["rita"], text="Поздно")
    with one.app.store.read() as tx:
        given = approval_rows.approvals_of(tx, post_rows.post_named(tx, "P01").id)

    assert before == {each.outgoing_sha256 for each in given if each.void_at is None}
    assert timedelta(0) == max(each.created_at for each in given) - START


THREE = {"ko": "안녕하세요", "ru": "Здравствуйте", "en": "Hello"}


def approved_in(world: World, name: str) -> dict[str, bool]:
    with world.app.store.read() as tx:
        post = post_rows.post_named(tx, name)
        standing = read(tx, campaign_rows.campaign_of(tx, post.campaign_id), post, now=world.clock.now())
        return {
            "+".join(entry.outgoing.langs): standing.why_not(standing.asked_of(entry)) is None
            for entry in post_rows.outgoings_of(tx, post.id)
        }


def test_a_changed_korean_text_outdates_both_translations_and_voids_their_approvals(one: World) -> None:
    one.connect("three", "ko", "ru", "en", twin_account="peace_en")
    one.post("P03", campaign="s", to=("three",), texts=THREE, approve_now=False)
    approve(one.app, "P03", by=one.bob)
    done = revise(one.app, "P03", "ko", by=one.alice, text="1919년의 목소리를 기억합니다")

    assert ("en", "ru") == done.outdated
    assert {"ko": False, "ru": False, "en": False} == approved_in(one, "P03")
    with one.app.store.read() as tx:
        given = approval_rows.approvals_of(tx, done.post.id)
    assert {"ru": "ko says something else now", "en": "ko says something else now"} == {
        each.lang: each.void_because for each in given if each.void_at
    }

    for lang in ("ru", "en"):  # the same words: they still hold, and are approved anew
        revise(one.app, "P03", lang, by=one.alice)

    assert {"ko": False, "ru": False, "en": False} == approved_in(one, "P03")

    approve(one.app, "P03", by=one.bob)

    assert {"ko": True, "ru": True, "en": True} == approved_in(one, "P03")


def test_another_alt_text_voids_the_approval_of_its_own_language_alone(one: World) -> None:
    alt = {"ko": "남색 그림", "ru": "Синяя картинка", "en": "A blue picture"}
    one.connect("three", "ko", "ru", "en", twin_account="peace_en")
    one.post("P03", campaign="s", to=("three",), texts=THREE, approve_now=False, pictures=(one.picture(alt),))
    approve(one.app, "P03", by=one.bob)
    done = revise(one.app, "P03", "ko", by=one.alice, alt={1: "밤하늘"})

    assert () == done.outdated
    assert {"ru": ("alt",), "en": ("alt",)} == dict(done.stale)
    assert {"ko": False, "ru": True, "en": True} == approved_in(one, "P03")

    one.post("P04", campaign="s", to=("three",), texts=THREE, approve_now=False, strategy="combined",
             pictures=(one.picture(alt),))  # fmt: skip
    approve(one.app, "P04", by=one.bob)
    revise(one.app, "P04", "ko", by=one.alice, alt={1: "밤하늘"})
    with one.app.store.read() as tx:
        post = post_rows.post_named(tx, "P04")
        entry = post_rows.outgoings_of(tx, post.id)[0]
        carried = {
            each.lang for each in approval_rows.approvals_of(tx, post.id) if each.outgoing_sha256 == entry.sha256
        }

    assert {"ru", "en"} == carried
    assert ("ko",) == approve(one.app, "P04", by=one.bob, langs=["ru"]).waiting


def test_an_account_may_ask_for_more_people_than_its_campaign(world: World) -> None:
    world.campaign("s", approval="none")
    account = world.connect("two", "ko", "ru", twin_account="peace_ru")
    with world.app.store.begin() as tx:
        campaign = campaign_rows.campaign_named(tx, "s")
        account_rules.keep(tx, AccountRule(campaign.id, account.id, steps=2))
    world.people["rita"] = campaigns.add_person(world.app, "rita", [Role.REVIEWER])
    world.post("P01", campaign="s", to=("kr", "two"), texts={"ko": "안녕하세요"})

    assert 1 == len(world.deliveries())  # to kr, of which nothing is asked

    review(world.app, "P01", "ko", "passed", by=world.people["rita"])
    world.clock.turn(minutes=10)
    world.tick()

    assert 1 == posts_sent(world)

    approve(world.app, "P01", by=world.bob)
    world.tick()

    assert 2 == posts_sent(world)
