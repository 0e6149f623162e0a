"""approve: per language, by another person, of exactly these bytes."""

import pytest

from campaign.core.errors import Conflict, Forbidden, Invalid, NotFound
from campaign.core.model import Role
from campaign.service import campaigns
from campaign.service.approve import approve
from campaign.store import posts as post_rows
from tests.conftest import World

from .test_publish import posts_sent

BOTH = {"ko": "안녕하세요", "ru": "Здравствуйте"}


@pytest.fixture
def strict(world: World) -> World:
    """Campaign s wants a second person; account two speaks Korean and Russian."""
    world.campaign("s", approval="one")
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    return world


def written(world: World, **options: object) -> str:
    made = world.post("P01", campaign="s", to=("two",), texts=BOTH, approve_now=False, **options)  # type: ignore[arg-type]
    return made.post.name


def test_nothing_is_enqueued_before_it_is_approved(strict: World) -> None:
    written(strict)
    strict.clock.turn(minutes=10)
    strict.tick()

    assert ([], 0) == (strict.states(), posts_sent(strict))


def test_an_approval_of_one_language_enqueues_only_that_language(strict: World) -> None:
    name = written(strict)
    first = approve(strict.app, name, by=strict.bob, langs=["ru"])

    assert ([("ru",)], ("ko",)) == ([row.langs for row in first.deliveries], first.waiting)

    again = approve(strict.app, name, by=strict.bob, langs=["ru"])
    rest = approve(strict.app, name, by=strict.bob)

    assert ([], [("ko",)], ()) == (list(again.deliveries), [row.langs for row in rest.deliveries], rest.waiting)

    strict.clock.turn(minutes=10)
    strict.tick()

    assert sorted(BOTH.values()) == sorted(row["text"] for row in strict.twin.books())


def test_a_combined_post_waits_for_every_language_in_it(strict: World) -> None:
    name = written(strict, strategy="combined")
    first = approve(strict.app, name, by=strict.bob, langs=["ko"])
    then = approve(strict.app, name, by=strict.bob, langs=["ru"])

    assert ([], [("ko", "ru")]) == (list(first.deliveries), [row.langs for row in then.deliveries])

    strict.clock.turn(minutes=10)
    strict.tick()

    assert ["안녕하세요\n\nЗдравствуйте"] == [row["text"] for row in strict.twin.books()]


def test_in_a_thread_a_reply_is_not_enqueued_before_what_it_answers(strict: World) -> None:
    name = written(strict, strategy="thread")
    first = approve(strict.app, name, by=strict.bob, langs=["ru"])
    then = approve(strict.app, name, by=strict.bob, langs=["ko"])

    assert (0, 2) == (len(first.deliveries), len(then.deliveries))


def test_who_wrote_it_may_not_approve_it_not_even_as_approver_or_admin(strict: World) -> None:
    for name, roles in (("dora", [Role.AUTHOR, Role.APPROVER]), ("erik", [Role.ADMIN])):
        person = campaigns.add_person(strict.app, name, roles)
        strict.post(f"P-{name}", campaign="s", to=("two",), texts=BOTH, approve_now=False, by=person)
        with pytest.raises(Forbidden, match="another person"):
            approve(strict.app, f"P-{name}", by=person)

    assert [] == strict.states()


@pytest.mark.parametrize("who", ["alice", "carol"])
def test_who_is_no_approver_may_not_approve(strict: World, who: str) -> None:
    name = written(strict)
    with pytest.raises(Forbidden):
        approve(strict.app, name, by=strict.people[who])

    assert [] == strict.states()


def test_where_nobody_is_asked_for_its_author_lets_a_post_go_later_too(world: World) -> None:
    world.post("P01", approve_now=False)
    given = approve(world.app, "P01", by=world.alice)
    assert ([("ko",)], ()) == ([row.langs for row in given.deliveries], given.waiting)

    world.campaign("s", approval="one")
    world.post("P02", campaign="s", approve_now=False)
    with pytest.raises(Forbidden, match="'alice' is author; this needs"):
        approve(world.app, "P02", by=world.alice)


def test_a_language_or_post_that_is_not_there_is_refused(strict: World) -> None:
    name = written(strict)
    with pytest.raises(Invalid, match="goes out in: ko, ru"):
        approve(strict.app, name, by=strict.bob, langs=["en"])
    with pytest.raises(NotFound):
        approve(strict.app, "P99", by=strict.bob)


def test_what_is_past_its_grace_is_not_approved_into_a_late_post(strict: World) -> None:
    name = written(strict)
    strict.clock.turn(minutes=26)
    with pytest.raises(Conflict, match="move it first"):
        approve(strict.app, name, by=strict.bob)

    assert [] == strict.states()


def test_an_approval_that_was_taken_away_stops_it_at_the_gate(strict: World) -> None:
    approve(strict.app, written(strict), by=strict.bob)
    with strict.app.store.begin() as tx:
        tx.exec_driver_sql("DELETE FROM approvals WHERE lang = 'ru'")
    strict.clock.turn(minutes=10)
    strict.tick()

    told = {row.langs[0]: (str(row.state), row.held_because, row.attempts) for row in strict.deliveries()}
    assert {"ko": ("published", None, 1), "ru": ("scheduled", "not approved in ru", 0)} == told
    assert 1 == posts_sent(strict)

    approve(strict.app, "P01", by=strict.bob)
    strict.tick()

    assert 2 == posts_sent(strict)


def test_bytes_that_were_edited_after_the_approval_are_refused(strict: World) -> None:
    approve(strict.app, written(strict), by=strict.bob)
    # Somebody with the database in hand changes both the text and the digests that stand beside it.
    with strict.app.store.begin() as tx:
        tx.exec_driver_sql("UPDATE outgoings SET canonical = CAST(replace(canonical, '안녕', '속임') AS BLOB)")
        for row in post_rows.outgoings_of(tx, strict.deliveries()[0].post_id):
            fresh = row.outgoing.sha256
            tx.exec_driver_sql("UPDATE outgoings SET sha256 = ? WHERE id = ?", (fresh, row.id))
            tx.exec_driver_sql("UPDATE deliveries SET outgoing_sha256 = ? WHERE outgoing_id = ?", (fresh, row.id))
    strict.clock.turn(minutes=10)
    strict.tick()

    assert (["Здравствуйте"], {"scheduled", "published"}) == (
        [row["text"] for row in strict.twin.books()],
        set(strict.states()),
    )
