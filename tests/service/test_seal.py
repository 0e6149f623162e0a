"""seal: the readings of a month are on record with the bytes that they were read from, whatever dies when."""

import gzip
import io
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from campaign.core.errors import Conflict
from campaign.core.model import Measurement
from campaign.record import as2
from campaign.record.verify import verify
from campaign.service import Comments
from campaign.service.archive import put
from campaign.service.measure import measure
from campaign.service.seal import ANSWERS, seal
from campaign.store import accounts as account_rows
from campaign.store import answers, readings
from tests.conftest import World

from .test_archive import judged
from .test_listen import answer, read_at
from .test_measure import THEIRS, kept, published, read_until
from .test_rebuild import begin_anew

DAY = timedelta(days=1)


class Died(Exception):
    """What a failpoint ends a verb with."""


def month_of(world: World, month: str = "2026-11") -> str:
    with world.app.store.read() as tx:
        return as2.engagement_urn(account_rows.account_named(tx, "kr").id, month)


def waiting(world: World) -> int:
    """How many exchanges of counters the record does not hold yet."""
    with world.app.store.read() as tx:
        account = account_rows.account_named(tx, "kr")
        at = world.clock.now()
        return len(answers.of_counters(tx, account.id, since=at - 99 * DAY, before=at + DAY))


def told(world: World, object_id: str) -> list[bytes]:
    """The bodies of the answers in an object, as warcio reads them."""
    stream = io.BytesIO(world.app.archive.read(object_id, ANSWERS))
    return [one.content_stream().read() for one in ArchiveIterator(stream) if one.rec_type == "response"]


def statuses(bodies: list[bytes]) -> list[dict[str, Any]]:
    found = [json.loads(body) for body in bodies]
    return [status for one in found for status in (one if isinstance(one, list) else [one])]


def soon(world: World) -> datetime:
    return world.clock.now() + timedelta(seconds=1)


def test_readings_are_sealed_by_month_and_the_judges_agree(world: World) -> None:
    published(world, "P01")
    read_until(world, timedelta(days=14))
    sealed = seal(world.app)  # November is over
    with world.app.store.read() as tx:
        [account] = account_rows.all_accounts(tx)
        left = len(readings.unsealed(tx, account.id, before=soon(world)))
        number = readings.number(tx)
    raw = world.app.archive.read(month_of(world), "readings.jsonl")

    assert (sealed, number) == (len(raw.splitlines()), sealed + left)
    assert (True, 0) == (left > 0, seal(world.app))

    seal(world.app, until=soon(world))

    assert ([], []) == (verify(world.app.archive.root), judged(world.app.archive.root))


def test_each_number_is_in_an_answer_of_the_platform_beside_it(world: World) -> None:
    published(world, "P01")
    read_until(world, 2 * DAY)
    assert waiting(world)
    seal(world.app, until=soon(world))
    shown = statuses(told(world, month_of(world)))
    rows = [json.loads(line) for line in world.app.archive.read(month_of(world), "readings.jsonl").splitlines()]

    for metric, theirs in THEIRS.items():
        numbers = {status.get(theirs, status.get(f"{theirs}_count")) for status in shown}
        assert numbers == {row["value"] for row in rows if row["metric"] == metric}
    assert 0 == waiting(world)


def test_a_reading_that_failed_has_what_the_platform_said(world: World) -> None:
    published(world, "P01")
    world.clock.turn(minutes=15)
    world.twin.fault("503", method="GET", path="/api/v1/statuses*")
    world.run(measure(world.app))
    seal(world.app, until=soon(world))
    stream = io.BytesIO(world.app.archive.read(month_of(world), ANSWERS))

    assert "503" in {one.http_headers.get_statuscode() for one in ArchiveIterator(stream) if one.rec_type == "response"}


def test_numbers_that_stand_still_are_kept_once(world: World) -> None:
    published(world, "P01")
    for _ in range(3):
        world.clock.turn(minutes=15)
        world.twin.fault("bad_json", method="GET", path="/api/v1/statuses*", body="{")
        world.run(measure(world.app))
        with world.app.store.begin() as tx:
            readings.plan(tx, world.deliveries()[0].id, world.clock.now())

    assert (1, 3) == (waiting(world), len({row.as_of for row in kept(world)}))


def test_a_death_after_a_reading_was_written_leaves_neither_it_nor_its_bytes(world: World) -> None:
    published(world, "P01")
    world.clock.turn(minutes=15)
    with pytest.raises(Died):
        world.run(measure(replace(world.app, failpoint=dies_at("measure.written"))))

    assert ([], 0) == (kept(world), waiting(world))


def dies_at(point: str) -> Any:
    def failpoint(name: str) -> None:
        if name == point:
            raise Died

    return failpoint


def test_a_death_between_record_and_database_is_mended_by_sealing_again(world: World) -> None:
    published(world, "P01")
    read_until(world, DAY)
    until, before = soon(world), waiting(world)
    with pytest.raises(Died):
        seal(replace(world.app, failpoint=dies_at("seal.written")), until=until)
    head, raw = world.app.archive.inventory(month_of(world)).head, world.app.archive.read(month_of(world), ANSWERS)

    assert (True, before) == (before > 0, waiting(world))

    world.clock.turn(minutes=1)
    seal(world.app, until=until)

    assert (head, raw) == (
        world.app.archive.inventory(month_of(world)).head,
        world.app.archive.read(month_of(world), ANSWERS),
    )
    assert 0 == waiting(world)


def test_a_month_that_is_sealed_twice_keeps_the_older_answers(world: World) -> None:
    published(world, "P01")
    read_until(world, DAY)
    seal(world.app, until=soon(world))
    first = told(world, month_of(world))
    read_until(world, 2 * DAY)
    more = waiting(world)
    seal(world.app, until=soon(world))
    second = told(world, month_of(world))

    assert (True, first, len(first) + more) == (more > 0, second[: len(first)], len(second))
    assert ([], []) == (verify(world.app.archive.root), judged(world.app.archive.root))


def test_a_month_that_is_sealed_again_without_new_answers_keeps_its_file(world: World) -> None:
    published(world, "P01")
    read_until(world, DAY)
    seal(world.app, until=soon(world))
    raw = world.app.archive.read(month_of(world), ANSWERS)
    row = kept(world)[0]
    with world.app.store.begin() as tx:
        readings.add_readings(tx, [Measurement(row.delivery_id, "views", 1, row.status, row.as_of, row.source)])

    assert 1 == seal(world.app, until=soon(world))
    assert raw == world.app.archive.read(month_of(world), ANSWERS)


def test_older_answers_that_cannot_be_read_are_not_written_over_and_stop_no_other(world: World) -> None:
    world.connect("ru", "ru", twin_account="peace_ru")
    published(world, "P01", to=("kr", "ru"), texts={"ko": "안녕", "ru": "Привет"})
    read_until(world, DAY)
    put(world.app, month_of(world), {ANSWERS: gzip.compress(b"no WARC")}, "x", world.clock.now())

    with pytest.raises(Conflict, match=r"answers\.warc\.gz of .* is damaged .* campaign archive verify"):
        seal(world.app, until=soon(world))
    with world.app.store.read() as tx:
        ru = account_rows.account_named(tx, "ru").id
        assert [] == readings.unsealed(tx, ru, before=soon(world))
    assert waiting(world)


def test_the_last_month_of_an_account_that_was_removed_is_sealed(world: World) -> None:
    published(world, "P01")
    read_until(world, DAY)
    of_kr = month_of(world)
    with world.app.store.begin() as tx:
        account_rows.remove_account(tx, account_rows.account_named(tx, "kr"), at=world.clock.now())

    assert seal(world.app, until=soon(world))
    assert told(world, of_kr)


def test_the_database_is_rebuilt_from_a_record_with_answers_and_sealed_on(world: World) -> None:
    published(world, "P01")
    read_until(world, DAY)
    seal(world.app, until=soon(world))
    before, first = kept(world), told(world, month_of(world))
    app, _ = begin_anew(world)
    with app.store.read() as tx:
        found = readings.readings_of(tx, [row.delivery_id for row in before])

    assert before == found
    assert (0, first) == (seal(app, until=soon(world)), told(world, month_of(world)))


@pytest.mark.parametrize("names", [True, False], ids=["names", "no names"])
def test_what_comments_were_read_from_is_kept_beside_them_where_names_are(world: World, names: bool) -> None:
    published(world, "P01")
    answer(world, "Спасибо!")
    world.app = replace(world.app, comments=Comments(authors=names))
    read_at(world, timedelta(hours=1))
    seal(world.app)
    post = as2.comments_urn(world.deliveries()[0].post_id)

    assert names == (ANSWERS in world.app.archive.state(post))
    if names:
        assert any("Спасибо!" in json.dumps(json.loads(body), ensure_ascii=False) for body in told(world, post))
        assert [] == verify(world.app.archive.root)
    seal(world.app, until=soon(world))
    assert not any(b"peace_ru" in body for body in told(world, month_of(world)))


@pytest.mark.parametrize("names", [True, False], ids=["names", "no names"])
def test_answers_that_name_who_reacted_are_kept_where_names_are(world: World, names: bool) -> None:
    world.link("slack", "kr2", "ko")
    published(world, "P01", to=("kr", "kr2"))
    world.clock.turn(minutes=15)
    world.run(measure(replace(world.app, comments=Comments(authors=names))))
    with world.app.store.read() as tx:
        slack = account_rows.account_named(tx, "kr2")
        held = answers.of_counters(tx, slack.id, since=world.clock.now(), before=soon(world))

    assert (names, True) == (bool(held), waiting(world) > 0)
    assert {"mastodon", "slack"} == {row.source for row in kept(world)}


def test_what_comments_were_read_from_is_left_behind_after_their_days(world: World) -> None:
    published(world, "P01")
    answer(world, "Спасибо!")
    world.app = replace(world.app, comments=Comments(authors=True, days=3))
    read_at(world, timedelta(hours=1))
    seal(world.app)
    post = as2.comments_urn(world.deliveries()[0].post_id)
    answer(world, "Ещё раз", key="k2")
    read_at(world, DAY)
    seal(world.app)
    first = len(told(world, post))
    answer(world, "И ещё", key="k3")
    read_at(world, 7 * DAY)
    seal(world.app)
    second = len(told(world, post))

    assert (2, 1) == (first, second)
