"""confirm and settle: a doubt ends in what is true, or stays a doubt."""

from dataclasses import replace
from typing import Literal

import pytest

from campaign.core.errors import Conflict, Forbidden, Invalid
from campaign.core.model import Guarantee
from campaign.service.confirm import confirm, settle
from campaign.service.publish import publish
from campaign.store import accounts, attempts, outbox
from tests.conftest import World

from .test_publish import STATUSES, posts_sent, publish_only, settle_down


def in_doubt(world: World, fault: str = "lose_response", pictures: int = 0) -> str:
    """Bring one delivery into doubt and return its id."""
    world.post("P01", pictures=(world.picture(),) * pictures)
    world.clock.turn(minutes=10)
    world.twin.fault(fault, method="POST", path=STATUSES)
    publish_only(world)
    [row] = world.deliveries()
    assert "uncertain" == row.state
    return row.id


def become(world: World, guarantee: Guarantee, kind: str, **sheet: object) -> None:
    """Make the account one of another server: as if it had been connected to it."""
    with world.app.store.begin() as tx:
        tx.exec_driver_sql("UPDATE accounts SET guarantee = ?, kind = ?", (guarantee, kind))
        for name, value in sheet.items():
            tx.exec_driver_sql("UPDATE accounts SET sheet = json_set(sheet, ?, ?)", (f"$.{name}", value))


def ask(world: World, after: float = 0.0) -> str:
    world.clock.turn_monotonic(after)
    world.run(confirm(world.app))
    return world.states()[0]


def test_a_list_that_lags_is_asked_until_it_tells(world: World) -> None:
    world.twin.fault("lagging_list", seconds=1000)
    in_doubt(world)

    assert ["uncertain", "uncertain"] == [ask(world), ask(world, 5)]

    world.twin.clear()

    assert ("uncertain", "published") == (ask(world, 1), ask(world, 24))
    assert (1, 1) == (len(world.twin.books()), posts_sent(world))


@pytest.mark.parametrize("pictures", [0, 1], ids=["text", "picture"])
def test_a_list_that_lags_longer_than_it_may_is_caught_by_the_second_belt(world: World, pictures: int) -> None:
    world.twin.fault("lagging_list", seconds=1000)
    in_doubt(world, pictures=pictures)

    assert ["uncertain", "uncertain", "scheduled"] == [ask(world), ask(world, 5), ask(world, 25)]

    world.tick()

    assert (1, ["published"], 2) == (len(world.twin.books()), world.states(), posts_sent(world))


def test_a_picture_can_be_attached_once_so_a_second_post_is_refused_and_the_first_is_found(world: World) -> None:
    world.twin.fault("lagging_list", seconds=1000)
    world.twin.fault("ignore_key")
    in_doubt(world, pictures=1)

    assert ["uncertain", "uncertain", "scheduled"] == [ask(world), ask(world, 5), ask(world, 25)]

    publish_only(world)

    assert ["uncertain"] == world.states()

    world.twin.clear()
    settle_down(world)

    assert (1, ["published"], 2) == (len(world.twin.books()), world.states(), posts_sent(world))


@pytest.mark.parametrize("pictures", [0, 1], ids=["text", "picture"])
@pytest.mark.parametrize(("fault", "sent"), [("lose_response", 1), ("drop_request", 2), ("500_after", 1)])
def test_an_account_without_keys_is_read_back(world: World, fault: str, sent: int, pictures: int) -> None:
    become(world, Guarantee.READ_BACK, "gotosocial", settles_within=120.0)
    world.twin.fault("ignore_key")
    in_doubt(world, fault, pictures)
    settle_down(world)
    settle_down(world)

    assert (1, ["published"], sent) == (len(world.twin.books()), world.states(), posts_sent(world))


def test_the_same_text_of_an_earlier_post_is_never_adopted(world: World) -> None:
    become(world, Guarantee.READ_BACK, "gotosocial", settles_within=30.0)
    world.post("P01", texts={"ko": "같은 글"})
    world.clock.turn(minutes=10)
    world.tick()
    world.post("P02", minutes=1, texts={"ko": "같은 글"})
    world.clock.turn(minutes=1)
    world.twin.fault("drop_request", method="POST", path=STATUSES)
    settle_down(world)

    ids = [row.remote_id for row in world.deliveries()]
    assert ([row["id"] for row in world.twin.books()], ["published", "published"]) == (ids, world.states())


def test_two_equal_texts_in_doubt_at_once_are_told_apart(world: World) -> None:
    for name in ("P01", "P02"):
        world.post(name, texts={"ko": "같은 글"})
    world.clock.turn(minutes=10)
    world.twin.fault("lose_response", method="POST", path=STATUSES, times=2)
    publish_only(world)
    settle_down(world)
    settle_down(world)

    ids = sorted(str(row.remote_id) for row in world.deliveries())
    assert (sorted(row["id"] for row in world.twin.books()), 2) == (ids, len(set(ids)))


@pytest.mark.parametrize("fault", ["503", "429", "lose_response", "bad_json", "half_body"])
def test_a_question_that_fails_leaves_the_doubt(world: World, fault: str) -> None:
    in_doubt(world)
    world.twin.fault(fault, method="GET", path="/api/v1/accounts/*")
    ask(world)

    assert (["uncertain"], 1) == (world.states(), world.deliveries()[0].questions)

    world.clock.turn_monotonic(60)  # also what a 429 asks for
    settle_down(world)

    assert (1, ["published"], 1) == (len(world.twin.books()), world.states(), posts_sent(world))


def test_questions_that_all_fail_never_send_it_again(world: World) -> None:
    in_doubt(world, "drop_request")
    world.twin.fault("503", method="GET", path="/api/v1/accounts/*", times=100)
    for _ in range(5):
        settle_down(world)

    assert (["uncertain"], 1) == (world.states(), posts_sent(world))


@pytest.mark.parametrize(
    ("fault", "answer", "late", "state", "books"),
    [
        ("lose_response", "published", False, "published", 1),
        ("drop_request", "not_published", False, "published", 1),
        ("drop_request", "not_published", True, "missed", 0),
        ("drop_request", "abandon", False, "failed", 0),
    ],
)
def test_where_nothing_tells_a_person_does(
    world: World,
    fault: str,
    answer: Literal["published", "not_published", "abandon"],
    late: bool,
    state: str,
    books: int,
) -> None:
    become(world, Guarantee.NONE, "other")
    prefix = in_doubt(world, fault)
    settle_down(world)

    assert (["uncertain"], 1) == (world.states(), posts_sent(world))

    world.clock.turn(minutes=20 if late else 0)
    url = world.twin.books()[0]["url"] if world.twin.books() else None
    settle(world.app, prefix, answer, by=world.bob, url=url)
    settle_down(world)

    assert ([state], books) == (world.states(), len(world.twin.books()))
    if url:
        assert (world.twin.books()[0]["id"], url) == (world.deliveries()[0].remote_id, world.deliveries()[0].permalink)


@pytest.mark.parametrize(
    "url", [None, "", "ftp://{here}/1", "https://{here}/", "https://{here}/@peace_ko/about", "https://x.example/@peace_ko/123",
            "https://{here}/@peace_ru/123"]
)  # fmt: skip
def test_an_address_that_names_no_post_of_the_account_settles_nothing(world: World, url: str | None) -> None:
    become(world, Guarantee.NONE, "other")
    prefix = in_doubt(world)
    with pytest.raises(Invalid, match=r"^published "):
        settle(world.app, prefix, "published", by=world.bob, url=url and url.format(here="127.0.0.1"))

    assert ["uncertain"] == world.states()


def test_only_what_is_in_doubt_is_settled_and_only_by_who_may(world: World) -> None:
    world.post("P01")
    [row] = world.deliveries()
    with pytest.raises(Conflict):
        settle(world.app, row.id, "not_published", by=world.bob)
    with pytest.raises(Conflict):  # also a true word about what is not in doubt
        settle(world.app, row.id, "published", by=world.bob, url=f"{world.twin.base_url}/@peace_ko/123")
    world.clock.turn(minutes=10)
    world.tick()
    with pytest.raises(Conflict):
        settle(world.app, row.id, "abandon", by=world.bob)
    with pytest.raises(Forbidden):
        settle(world.app, row.id, "abandon", by=world.carol)

    assert ["published"] == world.states()


def test_a_persons_word_cannot_give_one_remote_post_to_two_deliveries(world: World) -> None:
    world.post("P00", minutes=5)
    world.clock.turn(minutes=5)
    world.tick()
    [first] = world.twin.books()
    become(world, Guarantee.NONE, "other")
    world.post("P01", minutes=1)
    world.clock.turn(minutes=1)
    world.twin.fault("drop_request", method="POST", path=STATUSES)
    publish_only(world)
    doubt = next(row for row in world.deliveries() if row.state == "uncertain")
    with pytest.raises(Conflict, match="belongs to another"):
        settle(world.app, doubt.id, "published", by=world.bob, url=first["url"])

    assert ["published", "uncertain"] == world.states()


def test_a_piece_of_an_album_that_another_delivery_owns_settles_nothing(world: World) -> None:
    world.post("P00", minutes=5)
    world.clock.turn(minutes=5)
    world.tick()
    with world.app.store.begin() as tx:
        tx.exec_driver_sql("UPDATE deliveries SET remote_id = '12+13'")
    become(world, Guarantee.NONE, "other")
    world.post("P01", minutes=1)
    world.clock.turn(minutes=1)
    world.twin.fault("drop_request", method="POST", path=STATUSES)
    publish_only(world)
    doubt = next(row for row in world.deliveries() if row.state == "uncertain")
    with pytest.raises(Conflict, match="remote post 13 belongs to another delivery of account 'kr'"):
        settle(world.app, doubt.id, "published", by=world.bob, url=f"{world.twin.base_url}/@peace_ko/13")

    assert ["published", "uncertain"] == world.states()


@pytest.mark.parametrize(
    ("fault", "answer", "state", "books"),
    [
        ("drop_request", "not_published", "scheduled", 0),  # it was not there: what the person said stands
        ("drop_request", "abandon", "failed", 0),
        ("lose_response", "abandon", "published", 1),  # it was found: knowledge beats a person's word
        ("lose_response", "not_published", "published", 1),
        ("lose_response", "published", "published", 1),
    ],
)
def test_a_person_may_settle_while_a_question_is_under_way(
    world: World, fault: str, answer: Literal["published", "not_published", "abandon"], state: str, books: int
) -> None:
    ident = in_doubt(world, fault)

    def answer_meanwhile(step: str) -> None:
        if step == "confirmed" and world.states() == ["uncertain"]:
            out = world.twin.books()
            settle(world.app, ident, answer, by=world.bob, url=out[0]["url"] if out else None)

    app = world.open(failpoint=answer_meanwhile)
    world.clock.turn_monotonic(200)  # "not there" would be believed now
    world.run(confirm(app))
    world.run(app.close_network())

    assert ([state], books) == (world.states(), len(world.twin.books()))

    with world.app.store.read() as tx:
        asked = [attempt for attempt in attempts.attempts_of(tx, ident) if attempt.kind == "confirm"]
    assert 1 == len(asked) and asked[0].exchanges  # what was asked and seen stays, whoever was faster


def test_what_the_platform_works_on_cannot_be_called_not_published(world: World) -> None:
    ident = in_doubt(world)
    with world.app.store.begin() as tx:
        tx.exec_driver_sql("UPDATE deliveries SET state = 'processing'")
    with pytest.raises(Conflict):
        settle(world.app, ident, "not_published", by=world.bob)

    assert "failed" == settle(world.app, ident, "abandon", by=world.bob).state


def test_after_a_new_boot_the_waiting_begins_anew_and_is_as_long_as_without_a_key(world: World) -> None:
    world.twin.fault("lagging_list", seconds=1000)
    in_doubt(world)
    ask(world)
    world.clock.boot = "another boot of the tests"
    world.clock.turn_monotonic(-900.0)  # monotonic time began anew
    app = world.open()
    seen = []
    for seconds in (0, 5, 25, 90):
        world.clock.turn_monotonic(seconds)
        world.run(confirm(app))
        seen += world.states()
    world.run(app.close_network())

    assert ["uncertain", "uncertain", "uncertain", "scheduled"] == seen


def test_a_late_answer_overturns_what_a_person_gave_up(world: World) -> None:
    def give_up(step: str) -> None:
        if step == "answered":
            with world.app.store.begin() as tx:
                outbox.reap(tx, worker="other", mono=world.clock.monotonic(), boot=world.clock.boot, alone=True)
            settle(world.app, world.deliveries()[0].id, "abandon", by=world.bob)

    world.post("P01")
    world.clock.turn(minutes=10)
    app = world.open(failpoint=give_up)
    world.run(publish(app, limit=5))
    world.run(app.close_network())

    [row] = world.deliveries()
    assert ("published", world.twin.books()[0]["id"]) == (row.state, row.remote_id)  # knowledge beats a person's word


def test_a_question_that_the_token_is_refused_for_pauses_the_account_and_keeps_the_doubt(world: World) -> None:
    world.post("P01")
    world.twin.fault("drop_request", method="POST", path="/api/v1/statuses")
    world.clock.turn(minutes=10)
    app = world.open(failpoint=lambda name: world.twin.fault("expired_token") if name == "confirming" else None)
    world.tick(app)

    with world.app.store.read() as tx:
        fences = accounts.pauses_now(tx)

    assert ["uncertain"] == world.states()
    assert [("account", "kr")] == [(fence.scope, fence.name) for fence in fences]

    world.twin.clear()
    world.connect("kr", "ko", again=True)
    for _ in range(6):
        world.clock.turn_monotonic(60)
        world.tick()

    assert ["published"] == world.states()
    assert 1 == len(world.twin.books())


@pytest.mark.parametrize(
    "gone_by",
    ["UPDATE deliveries SET sent_mono = sent_mono - 3601", "UPDATE deliveries SET sent_boot = 'another boot'"],
    ids=["its lifetime is over", "its age is of another boot"],
)
def test_a_key_that_is_dead_is_no_belt_and_the_list_is_asked_as_long_as_without_one(world: World, gone_by: str) -> None:
    world.twin.fault("lagging_list", seconds=1000)
    in_doubt(world)
    with world.app.store.begin() as tx:
        tx.exec_driver_sql(gone_by)

    assert ["uncertain"] * 3 == [ask(world), ask(world, 5), ask(world, 25)]

    world.twin.clear()

    assert "published" == ask(world, 90)
    assert (1, 1) == (len(world.twin.books()), posts_sent(world))


def test_a_shared_clock_that_jumps_while_the_platform_is_asked_makes_no_doubt_old(world: World) -> None:
    """How long it was waited for cannot be told across the jump: "not there" is not believed at once."""
    in_doubt(world, "drop_request")

    def jump(step: str) -> None:
        if step == "confirmed":
            world.clock.boot = "another era"
            world.clock.turn_monotonic(3600)

    app = world.open(failpoint=jump)
    world.run(confirm(app))
    world.run(app.close_network())

    assert ["uncertain"] == world.states()


@pytest.mark.parametrize(("outlives", "seconds", "state"), [(300.0, 400, "uncertain"), (0.0, 400, "scheduled")])
def test_a_doubt_of_another_era_waits_anew_and_for_requests_that_may_still_arrive(
    world: World, outlives: float, seconds: float, state: str
) -> None:
    in_doubt(world, "drop_request")
    world.clock.boot = "another era"
    app = replace(world.app, outlives=outlives)
    world.run(confirm(app))
    world.clock.turn_monotonic(seconds)
    world.run(confirm(app))

    assert [state] == world.states()
