"""What a watcher is told, and how it is forgotten: seen through python-telegram-bot."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from telegram import InputMediaPhoto, Update
from telegram.error import Conflict, TelegramError

from campaign.sandbox import Twin

from .bots import Line, opened
from .conftest import Hands, picture

KO, RU = "@peace_ko", "@peace_ru"
REACTIONS = ["channel_post", "message_reaction_count"]


@pytest.fixture
def line(twin: Twin) -> Iterator[Line]:
    yield from opened(twin)


def seen(line: Line, **options: object) -> list[Update]:
    return list(line.run(line.watcher.get_updates(**options)))


def test_a_watcher_sees_what_another_bot_posts_and_no_bot_sees_its_own(line: Line) -> None:
    made = line.run(line.poster.send_message(KO, "평화"))
    [update] = seen(line)

    assert (made.message_id, "평화", made.chat.id) == (
        update.channel_post.message_id,
        update.channel_post.text,
        update.channel_post.chat.id,
    )
    assert () == line.run(line.poster.get_updates())


def test_the_pieces_of_an_album_come_one_by_one(line: Line) -> None:
    line.run(line.poster.send_media_group(KO, [InputMediaPhoto(picture(), caption="a"), InputMediaPhoto(picture())]))
    posts = [update.channel_post for update in seen(line)]

    assert ["a", None] == [post.caption for post in posts]
    assert posts[0].media_group_id == posts[1].media_group_id


def test_an_update_comes_again_until_a_later_offset_is_named(line: Line) -> None:
    for text in "abc":
        line.run(line.poster.send_message(KO, text))
    first, again = seen(line, limit=2), seen(line)

    assert (["a", "b"], ["a", "b", "c"]) == tuple([u.channel_post.text for u in page] for page in (first, again))
    assert [first[0].update_id + step for step in range(3)] == [update.update_id for update in again]
    assert ["c"] == [u.channel_post.text for u in seen(line, offset=first[-1].update_id + 1)]
    assert ["c"] == [u.channel_post.text for u in seen(line)]  # what was acknowledged is gone for good
    assert [] == seen(line, offset=again[-1].update_id + 1)


def test_a_negative_offset_forgets_all_but_the_last(line: Line) -> None:
    for text in "abc":
        line.run(line.poster.send_message(KO, text))

    assert ["c"] == [u.channel_post.text for u in seen(line, offset=-1)] == [u.channel_post.text for u in seen(line)]


def test_a_page_holds_a_hundred(line: Line) -> None:
    ident = line.run(line.poster.send_message(KO, "a")).message_id
    for number in range(110):
        line.run(line.poster.edit_message_text(str(number), KO, ident))

    assert (100, 1, 100) == (len(seen(line)), len(seen(line, limit=0)), len(seen(line, limit=1000)))


def test_after_a_day_an_update_is_forgotten(line: Line, hands: Hands) -> None:
    line.run(line.poster.send_message(KO, "a"))
    hands.set("2019-10-02T02:59:00+00:00")
    assert 1 == len(seen(line))
    hands.set("2019-10-02T03:01:00+00:00")
    assert [] == seen(line)


def test_who_is_no_administrator_is_told_nothing(line: Line) -> None:
    line.run(line.watcher.leave_chat(KO))
    line.run(line.poster.send_message(KO, "a"))
    line.run(line.poster.send_message(RU, "b"))

    assert ["b"] == [update.channel_post.text for update in seen(line)]


def test_only_what_was_asked_for_is_told_from_then_on(line: Line) -> None:
    ident = line.run(line.poster.send_message(KO, "a")).message_id
    assert 1 == len(seen(line, allowed_updates=["edited_channel_post"]))  # it was there before
    line.run(line.poster.send_message(KO, "b"))
    line.run(line.poster.edit_message_text("c", KO, ident))

    assert ["a", None] == [update.channel_post and update.channel_post.text for update in seen(line)]


def test_reactions_grow_and_are_told_to_who_asked(line: Line, hands: Hands) -> None:
    ident = line.run(line.poster.send_message(KO, "평화")).message_id
    hands.set("2019-10-01T15:00:00+00:00")
    assert 1 == len(seen(line))  # nobody asked for reactions
    counts: list[int] = []
    for day in (2, 2, 3):
        hands.set(f"2019-10-0{day}T02:00:00+00:00")
        for update in seen(line, allowed_updates=REACTIONS):
            if told := update.message_reaction_count:
                counts.append(sum(each.total_count for each in told.reactions))
                assert (ident, "peace_ko") == (told.message_id, told.chat.username)
                told_at = told.date

    assert counts == sorted(counts) and counts[-1] > 0
    assert "2019-10-03T02:00:00+00:00" == told_at.isoformat()
    assert counts[-1] == line.twin.ask("GET", "/_books/counts", id="peace_ko/1", platform="telegram")["reactions"]


def test_a_webhook_and_a_second_caller_are_conflicts(line: Line) -> None:
    line.run(line.watcher.set_webhook("https://example.org/hook"))
    assert "https://example.org/hook" == line.run(line.watcher.get_webhook_info()).url
    assert line.refused(line.watcher.get_updates()).startswith("Conflict: Conflict: can't use getUpdates method while")
    line.run(line.watcher.delete_webhook())

    async def both() -> list[object]:
        waiting = asyncio.create_task(line.watcher.get_updates(timeout=timedelta(seconds=20)))
        while not (ended := line.twin.counters().get("POST /bot{token}/getUpdates", 0)) or ended < 2:  # noqa: ASYNC110
            await asyncio.sleep(0)
        second = await line.watcher.get_updates()
        return [second, *await asyncio.gather(waiting, return_exceptions=True)]

    second, first = line.run(both())

    assert () == second
    assert isinstance(first, Conflict)
    assert str(first).startswith("Conflict: terminated by other getUpdates request")


def test_a_long_poll_ends_with_what_comes(line: Line) -> None:
    async def both() -> object:
        waiting = asyncio.create_task(line.watcher.get_updates(timeout=timedelta(seconds=20)))
        while not line.twin.counters().get("POST /bot{token}/getUpdates"):  # noqa: ASYNC110
            await asyncio.sleep(0)
        await line.poster.send_message(KO, "a")
        return await waiting

    [update] = line.run(both())

    assert "a" == update.channel_post.text


def test_faults_fit_the_channel_that_is_spoken_of(line: Line) -> None:
    line.twin.fault("500_after", account="peace_ru", method="POST", path="/bot*/send*")
    line.run(line.poster.send_message(KO, "a"))
    with pytest.raises(TelegramError, match="Internal Server Error"):
        line.run(line.poster.send_photo(RU, picture()))
    line.twin.fault("429", account="peace_ko", retry_after=7)
    assert "RetryAfter: Flood control exceeded. Retry in 0:00:07" == line.refused(line.poster.send_message(KO, "b"))

    assert ["peace_ko", "peace_ru"] == [row["account"] for row in line.twin.books(platform="telegram")]
    assert {"peace_ko", "peace_ru"} == {row["account"] for row in line.twin.requests()}
