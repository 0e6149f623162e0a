"""Comments: asked for with some readings, each kept once, what is gone marked, names only where they are wanted."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from campaign.core.adapter import Exchanges, Parent
from campaign.core.model import Comment, Outgoing
from campaign.record import as2
from campaign.service import Comments
from campaign.service.listen import AGES, forget, listen
from campaign.service.measure import measure
from campaign.service.seal import seal
from campaign.store import comments, readings
from campaign.store.comments import Heard
from tests.conftest import World


@pytest.fixture
def out(world: World) -> World:
    """A world with one published post."""
    world.post("P01")
    world.clock.turn(minutes=10)
    world.tick()
    return world


def answer(world: World, text: str, *, key: str = "k1") -> str:
    """Answer the post as somebody else; return the answer's remote id."""
    [held] = world.deliveries()
    account = world.connect(f"other-{key}", "ru", twin_account="peace_ru") if key == "k1" else None
    token = world.twin.tokens["peace_ru"]
    if account is None:
        from campaign.store import accounts as account_rows

        with world.app.store.read() as tx:
            account = account_rows.account_named(tx, "other-k1")
    speaker = world.app.open_adapter(account, token, Exchanges())
    wanted = Outgoing(account.name, "mastodon", ("ru",), text)
    parent = Parent(str(held.remote_id), {})
    wire = world.run(speaker.prepare(wanted, key=key, parent=parent, previous=None, open_medium=world.app.media.open))
    return str(world.run(speaker.publish(wanted, wire)).remote_id)


def heard(world: World) -> list[Heard]:
    with world.app.store.read() as tx:
        return comments.of_deliveries(tx, [row.id for row in world.deliveries()])


def read_at(world: World, age: timedelta) -> None:
    """Turn the clock to an age of the post, and read all that is due on the way."""
    [held] = world.deliveries()
    assert held.published_at is not None
    while True:
        with world.app.store.read() as tx:
            coming = readings.next_reading(tx)
        if coming is None or coming > held.published_at + age:
            return
        world.clock.turn_to(max(coming, world.clock.now()))
        world.run(measure(world.app))


def test_they_are_asked_for_at_an_hour_a_day_a_week_and_four_weeks(out: World) -> None:
    answer(out, "Спасибо!")
    read_at(out, timedelta(minutes=45))
    assert [] == heard(out)

    read_at(out, timedelta(hours=1))
    [one] = heard(out)

    assert ("Спасибо!", None) == (one.text, one.gone_at)
    assert one.author is None and one.record is None and len(one.author_hash or "") == 64
    [held] = out.deliveries()
    assert held.published_at is not None
    seen = []
    for age in AGES:
        read_at(out, age - timedelta(seconds=1))
        read_at(out, age)
        seen.append(heard(out)[0].last_seen_at - held.published_at)
    assert seen == list(AGES)


def test_what_is_told_again_is_kept_once_and_what_is_gone_is_marked(out: World) -> None:
    first, _ = answer(out, "один"), answer(out, "два", key="k2")
    read_at(out, timedelta(hours=1))
    from campaign.store import accounts as account_rows

    with out.app.store.read() as tx:
        account = account_rows.account_named(tx, "other-k1")
    out.run(out.app.open_adapter(account, out.twin.tokens["peace_ru"], Exchanges()).delete(first))
    read_at(out, timedelta(hours=24))

    assert [("один", True), ("два", False)] == [(one.text, one.gone_at is not None) for one in heard(out)]


def test_names_and_the_platforms_own_record_are_kept_where_they_are_wanted(out: World) -> None:
    answer(out, "Спасибо!")
    out.app = replace(out.app, comments=Comments(authors=True))
    read_at(out, timedelta(hours=1))
    [one] = heard(out)

    assert "@peace_ru" == one.author
    assert one.record is not None and one.record["content"] == "<p>Спасибо!</p>"


def test_the_record_keeps_them_in_an_object_of_their_own(out: World) -> None:
    answer(out, "Спасибо <b>")
    read_at(out, timedelta(hours=1))
    seal(out.app)
    [held] = out.deliveries()
    raw = out.app.archive.read(as2.comments_urn(held.post_id), "comments.jsonl")
    [line] = [json.loads(each) for each in raw.splitlines()]

    assert ("Спасибо <b>", None, held.id) == (line["text"], line["author"], line["delivery"])
    assert b"peace_ru" not in raw
    with out.app.store.read() as tx:
        assert [] == comments.unsealed_posts(tx)


def test_after_their_days_texts_and_names_are_forgotten_and_their_number_stays(out: World) -> None:
    answer(out, "Спасибо!")
    read_at(out, timedelta(hours=1))
    out.clock.turn(days=181)
    short = replace(out.app, comments=Comments(days=180))

    assert (0, 1, 0) == (forget(replace(out.app, comments=Comments(days=0))), forget(short), forget(short))
    [one] = heard(out)
    assert ("", None, None) == (one.text, one.author_hash, one.record)


class Speaker:
    """An adapter whose platform tells what a test wants it to."""

    def __init__(self, *told: Comment | Exception) -> None:
        self._told = list(told)

    async def comments(self, remote_id: str) -> list[Comment]:
        for one in self._told:
            if isinstance(one, Exception):
                raise one
        return [one for one in self._told if isinstance(one, Comment)]


def test_whatever_somebody_wrote_is_kept_harmless(out: World) -> None:
    texts = ["<script>alert(1)</script>", "a\x00b\x1b[31m", "м" * 1_000_000, "\ud800", ""]
    told = [
        Comment(f"c{n}", "p", "\x00name\ud800", text, None, {"id": n, "huge": 2**70}) for n, text in enumerate(texts)
    ]
    [held] = out.deliveries()
    due = readings.Due(held.id, held.account_id, str(held.remote_id), out.clock.now(), out.clock.now())
    kept = replace(out.app, comments=Comments(authors=True))

    assert len(texts) == out.run(listen(kept, Speaker(*told), [due]))  # type: ignore[arg-type]
    assert 0 == out.run(listen(kept, Speaker(*told), [due]))  # type: ignore[arg-type]
    found: dict[str, Any] = {one.remote_id: one for one in heard(out)}
    assert texts[0] == found["c0"].text and len(found["c2"].text) == 10_000
    seal(out.app)


def test_what_comes_or_changes_while_the_record_is_written_stays_due(out: World) -> None:
    [held] = out.deliveries()
    now = out.clock.now()
    old = Heard(held.id, "c1", "p", None, None, "один", now, None, now, now)
    with out.app.store.begin() as tx:
        comments.keep(tx, held.id, [old], at=now)
        read = comments.of_deliveries(tx, [held.id])
        comments.keep(tx, held.id, [replace(old, text="другое"), replace(old, remote_id="c2")], at=now)
        comments.seal(tx, read)

        assert [held.post_id] == comments.unsealed_posts(tx)
        assert [False, False] == [one.sealed for one in comments.of_deliveries(tx, [held.id])]
        comments.seal(tx, comments.of_deliveries(tx, [held.id]))
        assert [] == comments.unsealed_posts(tx)
