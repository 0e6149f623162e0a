"""A second bot that watches the channel: what it was shown, and what can be told from that."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from campaign.core import adapter as port
from campaign.core.errors import Refused, Unauthorized, Unavailable
from campaign.core.sightings import SKEW, Seen, Shape
from campaign.core.text import fingerprint
from campaign.net.client import Client
from campaign.platforms.telegram.speech import ask, instant_of, is_in, is_message, rights

# How long updates wait for a bot: https://core.telegram.org/bots/api#getting-updates
FORGETS = timedelta(hours=24) - SKEW
PAGES = 100  # of 100 updates; one look reads no more
SEEN = ("channel_post", "edited_channel_post", "message_reaction_count", "my_chat_member")
Kept = Sequence[tuple[int, Mapping[str, Any]]]  # updates, by their numbers
Messages = dict[int, list[Mapping[str, Any]]]  # message id → its versions
# Accounts of one process that share a watcher must not ask at once; locks live as long as the notebook they guard.
_LOCKS: "WeakKeyDictionary[port.Notebook, dict[str, asyncio.Lock]]" = WeakKeyDictionary()


class Watch:
    """A second bot's eyes: each update is kept in the notebook before Telegram is told to forget it."""

    def __init__(self, client: Client, notebook: port.Notebook, label: str, token: str) -> None:
        self._client, self._notebook, self._label, self._token = client, notebook, label, token
        self._watcher = token.partition(":")[0]  # the bot's id: the notebook never holds a token

    async def kept(self) -> Kept:
        """Return all that was ever seen."""
        return await asyncio.to_thread(self._notebook.kept, self._watcher)

    async def since(self) -> datetime | None:
        """Return since when nothing was missed."""
        return (await asyncio.to_thread(self._notebook.watched, self._watcher) or (None,))[0]

    async def missed(self, channel: int, since: datetime) -> bool:
        """Whether something may have been posted since then that the watcher was not shown."""
        began = await self.since()
        if began is None or began > since or not await rights(self.ask, channel, int(self._watcher)):
            return True
        changes = [update.get("my_chat_member") for _, update in await self.kept()]  # its rights were changed
        here = [each for each in changes if isinstance(each, dict) and is_in(each, str(channel))]
        dates = [instant_of(each.get("date")) for each in here]
        return any(date is None or date >= since - SKEW for date in dates)

    async def ask(self, method: str, **options: Any) -> Any:
        """Return the result of a method that is called as the watcher."""
        try:
            return await ask(self._client, self._token, method, **options)
        except Unauthorized as error:
            raise Unauthorized(f"{error} (the watcher's token)", status=error.status) from error

    async def look(self, *, after: timedelta | None = None) -> None:
        """Read what waits. `after`: only when the last look is older than that. Raises: any Outcome."""
        async with _LOCKS.setdefault(self._notebook, {}).setdefault(self._watcher, asyncio.Lock()):
            now = self._client.now()
            watched = await asyncio.to_thread(self._notebook.watched, self._watcher)
            if watched and after is not None and now - watched[1] < after:
                return
            until = watched[1] if watched else now
            if watched and now - until > FORGETS:
                until = now - FORGETS  # what came before may be forgotten
                await asyncio.to_thread(self._notebook.keep, self._watcher, (), at=until, gap=True)
            asked: dict[str, Any] = {"timeout": 0, "limit": 100, "allowed_updates": list(SEEN)}
            for _ in range(PAGES):
                # The first question names no offset: after a quiet week update ids begin anew, perhaps lower.
                page = await self._page(asked)
                # A crash here leaves the page with Telegram, which shows it again; then each is kept once.
                at = until if page else now
                await asyncio.to_thread(self._notebook.keep, self._watcher, page, at=at, gap=False)
                if not page:
                    return
                asked["offset"] = page[-1][0] + 1
        raise Unavailable(f"{self._label}: its watcher has more to read than one look takes")

    async def _page(self, asked: Mapping[str, Any]) -> Kept:
        try:
            page = await self.ask("getUpdates", kind=list, **asked)
        except Refused as error:
            if error.status == 409:
                raise Unavailable(f"{error}; another program reads the watcher's updates, or a webhook") from error
            raise
        if not all(isinstance(update, dict) and type(update.get("update_id")) is int for update in page):
            raise Unavailable(f"{self._label}: the watcher's updates cannot be read")
        return sorted(((update["update_id"], update) for update in page), key=lambda item: item[0])


def messages_of(kept: Kept, channel: str) -> Messages:
    """Return what was posted in a channel, oldest first, each in all its versions."""
    messages: Messages = {}
    for _, update in kept:
        message = update.get("channel_post") or update.get("edited_channel_post")
        if is_message(message) and is_in(message, channel):
            messages.setdefault(message["message_id"], []).append(message)
    return dict(sorted(messages.items()))


def posts_of(messages: Messages) -> list[Seen]:
    """Return messages as posts; those of an album are one."""
    groups: dict[str, list[int]] = {}
    for number, versions in messages.items():
        groups.setdefault(str(versions[0].get("media_group_id") or f"message {number}"), []).append(number)
    posts: list[Seen] = []
    for ids in groups.values():
        first = messages[ids[0]][0]
        versions = [version for number in ids for version in messages[number]]
        texts = frozenset(fingerprint(str(each.get("text") or each.get("caption") or "")) for each in versions)
        answers = first.get("reply_to_message")
        parent = answers["message_id"] if is_message(answers) else None
        at = instant_of(first.get("date")) or datetime.min.replace(tzinfo=UTC)
        shapes = () if "text" in first else tuple(_shape(messages[number][0]) for number in ids)
        posts.append(Seen(tuple(ids), at, texts, parent, shapes))
    return posts


def _shape(message: Mapping[str, Any]) -> Shape:
    told = message.get("video") or message.get("photo")
    told = told[-1] if isinstance(told, list) and told else told  # the largest of a picture's sizes
    told = told if isinstance(told, dict) else {}
    width, height, seconds = (told[n] if type(told.get(n)) is int else None for n in ("width", "height", "duration"))
    return Shape("video" in message, width, height, seconds)


def reactions_of(kept: Kept, channel: str) -> dict[int, tuple[datetime, int]]:
    """Return for each message when reactions were last told, and how many there were."""
    told: dict[int, tuple[datetime, int]] = {}
    for _, update in kept:
        count = update.get("message_reaction_count")
        if not is_message(count) or not is_in(count, channel) or not isinstance(count.get("reactions"), list):
            continue
        at, number = instant_of(count.get("date")), count["message_id"]
        counts = [each.get("total_count") if isinstance(each, dict) else None for each in count["reactions"]]
        known = at is not None and all(type(n) is int and n >= 0 for n in counts)
        if at is not None and known and (number not in told or told[number][0] <= at):
            told[number] = (at, sum(int(n or 0) for n in counts))
    return told
