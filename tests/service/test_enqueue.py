"""The queue: parts after what they continue, and what a person does with it: move, cancel, retry."""

from datetime import timedelta

import pytest

from campaign.core.errors import Conflict, Forbidden, Invalid
from campaign.service.enqueue import cancel, move, retry
from campaign.store import outbox
from tests.conftest import World

from .test_publish import STATUSES, posts_sent, publish_only, settle_down

BOTH = {"ko": "안녕하세요", "ru": "Здравствуйте"}
LONG = " ".join(f"{number}번째 문장입니다." for number in range(120))


@pytest.fixture
def two(world: World) -> World:
    """Account two speaks Korean and Russian."""
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    return world


def test_a_thread_answers_the_source_language_with_the_other(two: World) -> None:
    two.post("P01", to=("two",), texts=BOTH, strategy="thread")
    two.clock.turn(minutes=10)
    settle_down(two)

    ko, ru = two.twin.books()
    assert (("안녕하세요", "ko", None), ("Здравствуйте", "ru", ko["id"])) == (
        (ko["text"], ko["language"], ko["in_reply_to_id"]),
        (ru["text"], ru["language"], ru["in_reply_to_id"]),
    )


def test_a_long_text_is_split_in_parts_that_each_answer_the_former(world: World) -> None:
    world.post("P01", texts={"ko": LONG}, overflow="thread", pictures=(world.picture(),))
    world.clock.turn(minutes=10)
    settle_down(world)

    rows = world.twin.books()
    assert (LONG, [None, *(row["id"] for row in rows[:-1])]) == (
        " ".join(row["text"] for row in rows),
        [row["in_reply_to_id"] for row in rows],
    )
    assert ([1, 0, 0], True) == ([len(row["media"]) for row in rows][:3], all(len(row["text"]) <= 500 for row in rows))


def test_the_parts_of_a_long_text_are_numbered_where_asked(world: World) -> None:
    world.post("P01", texts={"ko": LONG}, overflow="numbered")
    world.clock.turn(minutes=10)
    settle_down(world)

    parts = [row["text"].rpartition("\n") for row in world.twin.books()]
    assert [f"{part}/{len(parts)}" for part in range(1, len(parts) + 1)] == [number for _, _, number in parts]
    assert LONG == " ".join(text for text, _, _ in parts)
    assert len(parts) > 1


def test_combined_languages_are_one_post_with_one_alt_of_both(two: World) -> None:
    picture = two.picture({"ko": "남색", "ru": "Синий"})
    two.post("P01", to=("two",), texts=BOTH, strategy="combined", pictures=(picture,))
    two.clock.turn(minutes=10)
    two.tick()

    [row] = two.twin.books()
    assert ("안녕하세요\n\nЗдравствуйте", "남색\nСиний") == (row["text"], row["media"][0]["description"])


@pytest.mark.parametrize("fault", ["lose_response", "drop_request", "500_after", "503"])
def test_a_fault_on_a_reply_never_sends_its_parent_again(two: World, fault: str) -> None:
    two.post("P01", to=("two",), texts=BOTH, strategy="thread")
    two.clock.turn(minutes=10)
    publish_only(two)
    two.twin.fault(fault, method="POST", path=STATUSES)
    settle_down(two)

    assert (["안녕하세요", "Здравствуйте"], ["published"] * 2) == (
        [row["text"] for row in two.twin.books()],
        two.states(),
    )


def test_a_reply_in_doubt_is_not_mistaken_for_its_parent_of_the_same_text(two: World) -> None:
    two.post("P01", to=("two",), texts={"ko": "평화 мир", "ru": "평화 мир"}, strategy="thread")
    two.clock.turn(minutes=10)
    publish_only(two)
    two.twin.fault("lose_response", method="POST", path=STATUSES)
    settle_down(two)

    rows = two.deliveries()
    assert ({row["id"] for row in two.twin.books()}, 2) == ({row.remote_id for row in rows}, posts_sent(two))


def test_while_the_parent_is_in_doubt_the_reply_waits(two: World) -> None:
    two.post("P01", to=("two",), texts=BOTH, strategy="thread")
    two.clock.turn(minutes=10)
    two.twin.fault("lagging_list", seconds=1000)
    two.twin.fault("lose_response", method="POST", path=STATUSES)
    for _ in range(3):
        two.tick()

    assert (["scheduled", "uncertain"], 1) == (sorted(two.states()), posts_sent(two))


def test_a_failed_reply_leaves_the_parent_published_and_only_the_reply_is_retried(two: World) -> None:
    two.post("P01", to=("two",), texts=BOTH, strategy="thread")
    two.clock.turn(minutes=10)
    publish_only(two)
    [parent] = two.twin.books()
    with two.app.store.begin() as tx:  # what was approved does not fit any more: refused at the gate
        tx.exec_driver_sql("UPDATE accounts SET sheet = json_set(sheet, '$.text_limit', 5)")
    settle_down(two)

    assert ["failed", "published"] == sorted(two.states())

    with two.app.store.begin() as tx:
        tx.exec_driver_sql("UPDATE accounts SET sheet = json_set(sheet, '$.text_limit', 500)")
    child = next(row for row in two.deliveries() if row.state == "failed")
    retry(two.app, child.id, by=two.bob, now=True)
    two.tick()

    assert ([None, parent["id"]], ["published"] * 2, 2) == (
        [row["in_reply_to_id"] for row in two.twin.books()],
        two.states(),
        posts_sent(two),
    )


def test_what_the_server_refused_fails_for_good_and_goes_out_once_a_person_has_mended_it(world: World) -> None:
    world.twin.tokens["reader"] = world.twin.open_account("peace_ru", scopes="read")
    world.connect("ru", "ru", twin_account="reader")
    made = world.post("P01", to=("ru",), texts={"ru": "Привет"})
    world.clock.turn(minutes=10)
    settle_down(world)

    assert (["failed"], 1, []) == (world.states(), posts_sent(world), world.twin.books())

    world.connect("ru", "ru", twin_account="peace_ru", again=True)
    settle_down(world)

    assert (["failed"], 1) == (world.states(), posts_sent(world))

    retry(world.app, made.deliveries[0].id, by=world.bob, now=True)
    settle_down(world)

    assert (["published"], 2, 1) == (world.states(), posts_sent(world), len(world.twin.books()))


def test_a_retry_goes_out_under_the_same_key(world: World) -> None:
    with world.app.store.begin() as tx:
        tx.exec_driver_sql("UPDATE accounts SET sheet = json_set(sheet, '$.text_limit', 5000)")
    made = world.post("P01", texts={"ko": "가" * 600})
    world.clock.turn(minutes=10)
    settle_down(world)
    retry(world.app, made.deliveries[0].id, by=world.bob, at="2026-11-24 10:00")
    world.clock.turn(minutes=50)
    world.tick()

    keys = {row["idempotency_key"] for row in world.twin.requests() if row["path"] == STATUSES}
    assert ({made.deliveries[0].key}, ["failed"], 2) == (keys, world.states(), posts_sent(world))


def test_a_missed_post_goes_out_when_a_person_says_so(world: World) -> None:
    made = world.post("P01")
    world.clock.turn(minutes=26)
    with world.app.store.begin() as tx:
        outbox.miss(tx, now=world.clock.now())
    retry(world.app, made.deliveries[0].id[-8:], by=world.alice, now=True)
    world.tick()

    assert (["published"], 1) == (world.states(), len(world.twin.books()))


@pytest.mark.parametrize(
    ("options", "error"),
    [({}, Invalid), ({"now": True, "at": "2026-11-24 12:00"}, Invalid), ({"at": "2026-11-24 08:00"}, Invalid)],
)
def test_a_retry_needs_one_time_to_come(world: World, options: dict[str, object], error: type[Exception]) -> None:
    made = world.post("P01")
    world.clock.turn(minutes=26)
    with world.app.store.begin() as tx:
        outbox.miss(tx, now=world.clock.now())
    with pytest.raises(error):
        retry(world.app, made.deliveries[0].id, by=world.alice, **options)  # type: ignore[arg-type]

    assert ["missed"] == world.states()


def test_what_waits_is_out_or_in_doubt_is_not_retried_and_a_viewer_may_do_nothing(world: World) -> None:
    made = world.post("P01")
    for step in ("scheduled", "uncertain", "published"):
        assert [step] == world.states()
        with pytest.raises(Conflict):
            retry(world.app, made.deliveries[0].id, by=world.alice, now=True)
        world.clock.turn(minutes=10 if step == "scheduled" else 0)
        if step == "scheduled":
            world.twin.fault("lose_response", method="POST", path=STATUSES)
            publish_only(world)
        else:
            world.tick()
    for verb in (cancel, move):
        with pytest.raises(Forbidden):
            verb(world.app, "P01", by=world.carol, **({"at": "2026-11-24 12:00"} if verb is move else {}))


def test_a_moved_post_goes_out_at_its_new_time_only(world: World) -> None:
    world.post("P01")
    post, moved = move(world.app, "P01", at="2026-11-24 11:00", by=world.bob)
    world.clock.turn(minutes=30)
    world.tick()

    assert (0, ["scheduled"], timedelta(minutes=15)) == (
        posts_sent(world),
        world.states(),
        moved[0].late_after - post.due_at,
    )

    world.clock.turn_to(post.due_at)
    world.tick()

    assert ["published"] == world.states()


@pytest.mark.parametrize("at", ["2026-11-24 08:00", "soon"])
def test_a_post_is_not_moved_into_the_past_or_nowhere(world: World, at: str) -> None:
    made = world.post("P01")
    with pytest.raises(Invalid):
        move(world.app, "P01", at=at, by=world.bob)

    assert [made.post.due_at] == [row.due_at for row in world.deliveries()]


def test_moving_asks_the_quiet_hours_again(world: World) -> None:
    world.campaign("quiet", quiet_hours={"ko": "22:00-08:00 Asia/Seoul"})
    world.post("P01", campaign="quiet")
    _, [moved] = move(world.app, "P01", at="2026-11-24 22:30", by=world.bob)

    assert ("2026-11-24T23:00", "quiet hours of the ko audience: 22:00-08:00 Asia/Seoul") == (
        f"{moved.due_at:%Y-%m-%dT%H:%M}",
        moved.moved_because,
    )


def test_what_was_missed_goes_with_the_post_that_is_moved(world: World) -> None:
    world.post("P01")
    world.clock.turn(minutes=26)
    with world.app.store.begin() as tx:
        outbox.miss(tx, now=world.clock.now())
    post, _ = move(world.app, "P01", at="2026-11-24 11:00", by=world.bob)
    world.clock.turn_to(post.due_at)
    world.tick()

    assert ["published"] == world.states()


def test_what_is_in_doubt_is_neither_moved_nor_cancelled(world: World) -> None:
    world.post("P01")
    world.clock.turn(minutes=10)
    world.twin.fault("lose_response", method="POST", path=STATUSES)
    publish_only(world)
    with pytest.raises(Conflict):
        move(world.app, "P01", at="2026-11-24 12:00", by=world.bob)
    with pytest.raises(Conflict):
        cancel(world.app, "P01", by=world.bob)

    assert ["uncertain"] == world.states()


def test_a_cancelled_post_never_goes_out_and_what_is_out_stays_out(two: World) -> None:
    two.post("P01", to=("kr", "two"), texts={"ko": "안녕"})
    two.post("P02", to=("two",), texts=BOTH, minutes=20)
    cancel(two.app, "P01", by=two.alice)
    two.clock.turn(minutes=20)
    two.tick()

    assert (["cancelled"] * 2 + ["published"] * 2, 2) == (sorted(two.states()), posts_sent(two))

    with pytest.raises(Conflict):
        cancel(two.app, "P02", by=two.alice)
