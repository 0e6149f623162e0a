"""Telegram channels: one bot posts; a second one watches, for no bot can ask what it has posted itself."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, BinaryIO, ClassVar, TypeGuard
from weakref import WeakKeyDictionary

from campaign.core import adapter as port
from campaign.core.adapter import Capabilities, Connected, Doubt, MediaRule, Parent, RateRule, Source, TextRule, Wire
from campaign.core.errors import CampaignError, Refused, Unauthorized, Unavailable, Uncertain
from campaign.core.model import Account, Guarantee, Metric, Outgoing, OutgoingMedium, Published, Reading, ReadingStatus
from campaign.core.sightings import SKEW, Seen, Shape, find
from campaign.core.text import fingerprint
from campaign.net.client import Client
from campaign.net.reply import Reply

_MESSAGE = Source("https://core.telegram.org/bots/api#sendmessage", "2026-11-24")
_FILES = Source("https://core.telegram.org/bots/api#sending-files", "2026-11-24")
_RATES = Source("https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this", "2026-11-24")
_PICTURES = frozenset({"image/jpeg", "image/png", "image/webp"})

CAPABILITIES = Capabilities(
    # Offsets of entities are UTF-16 units; the limits are taken in the same unit, which is never too long.
    text=TextRule(limit=4096, counts="utf16", limit_with_media=1024, source=_MESSAGE),
    media=(
        MediaRule("image", _PICTURES, 10, 10_000_000, _FILES, max_sides=10_000, max_ratio=20.0),
        MediaRule("video", frozenset({"video/mp4"}), 10, 50_000_000, _FILES, captions="burned"),
    ),
    max_media=10,  # https://core.telegram.org/bots/api#sendmediagroup
    metrics={"reactions": "message_reaction_count"},
    guarantees=(Guarantee.READ_BACK, Guarantee.NONE),
    settles_within=120.0,
    rate=RateRule(30, 1, _RATES),
    languages=0,
    notes=(
        "no alt text and no language tag: both are kept in the record only",
        "no view counts; reactions are told to a watcher only",
        "about one message a second per channel; a 429 says how long to wait",
        "a message is deleted within 48 hours only",
    ),
)

# How long updates wait for a bot: https://core.telegram.org/bots/api#getting-updates
FORGETS = timedelta(hours=24) - SKEW
LOOK_AFTER = timedelta(hours=1)  # before a post goes out, the watch is no older than this
PAGES = 100  # of 100 updates; one look reads no more
SEEN = ("channel_post", "edited_channel_post", "message_reaction_count", "my_chat_member")
_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{10,100}")  # it stands in a path: nothing else may get there
_USERNAME = re.compile(r"[A-Za-z0-9_]{1,32}")
Kept = Sequence[tuple[int, Mapping[str, Any]]]  # updates, by their numbers
Messages = dict[int, list[Mapping[str, Any]]]  # message id → its versions
# Accounts of one process that share a watcher must not ask at once; locks live as long as the notebook they guard.
_LOCKS: "WeakKeyDictionary[port.Notebook, dict[str, asyncio.Lock]]" = WeakKeyDictionary()


class Adapter(port.Adapter):
    """One channel. The bot's token stands in the path of each request; the client's redactor knows it."""

    name: ClassVar[str] = "telegram"
    bearer: ClassVar[bool] = False
    options: ClassVar[Mapping[str, str]] = {"channel": "the channel: @name, or its id, as in -1001234567890"}
    secrets: ClassVar[Mapping[str, str]] = {
        "watcher": "the token of a second bot that is an administrator of the channel and sees what is posted there"
    }
    defaults: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, client: Client, account: Account) -> None:
        self._client, self._label = client, f"telegram account {account.name}"
        self._base_url, self._sheet = account.base_url.rstrip("/"), account.sheet
        self._given = str((account.sheet.get("given") or {}).get("channel") or account.remote_id)
        self._channel = account.remote_id or self._given
        self._token, watcher = client.secrets.get("token", ""), client.secrets.get("watcher", "")
        notebook = client.notebook
        self._watch = Watch(client, notebook, self._label, watcher) if watcher and notebook is not None else None
        self._open_medium: Callable[[str], BinaryIO] | None = None
        self.capabilities = port.overridden(CAPABILITIES, account.sheet)

    @classmethod
    def open(cls, client: Client, account: Account) -> "Adapter":
        """Return the adapter of an account."""
        return cls(client, account)

    async def connect(self) -> Connected:
        """Return the channel and whether a lost answer can be settled; with a watcher, its watch begins here.

        Raises:
            Unauthorized: a token is not accepted. Unavailable: no usable answer.
            Refused: the channel is not found, or a bot may not do there what it must; the message says what to do.
        """
        if not self._channel:
            raise Refused(f"{self._label}: name its channel: --option channel=@name")
        bot = await self._ask("getMe")
        chat = await self._ask("getChat", chat_id=self._channel)
        where = f"{self._label}: {self._channel}"
        if not isinstance(chat.get("id"), int) or chat.get("type") != "channel":
            raise Refused(f"{where} is no channel but a {str(chat.get('type'))[:20]}")
        if (await _rights(self._ask, chat["id"], bot["id"])).get("can_post_messages") is not True:
            raise Refused(f"{where}: make @{_username(bot)} an administrator of the channel that may post messages")
        sheet: dict[str, Any] = {"channel": self._given, "bot": bot["id"], "username": _username(chat)}
        if str(chat.get("invite_link")).startswith(f"{self._base_url}/"):
            # t.me shows what is posted, whatever server the API is spoken to; only a sandbox shows it itself.
            sheet["shown_at"] = f"{self._base_url}/t"
        guarantee, warnings = Guarantee.NONE, ["without a watcher nobody can ask Telegram: a lost answer is a person's"]
        if self._watch is not None:
            watcher = await self._watch.ask("getMe")
            if watcher["id"] == bot["id"]:
                raise Refused(f"{where}: the watcher must be a second bot; no bot sees what it posts itself")
            if not await _rights(self._watch.ask, chat["id"], watcher["id"]):
                raise Refused(f"{where}: make the watcher @{_username(watcher)} an administrator of the channel")
            if (await self._watch.ask("getWebhookInfo")).get("url"):
                raise Refused(f"{where}: a webhook takes the watcher's updates away; end it with deleteWebhook")
            await self._watch.look()
            sheet["watcher"], guarantee, warnings = watcher["id"], Guarantee.READ_BACK, []
        handle = f"@{sheet['username']}" if sheet["username"] else str(chat.get("title") or chat["id"])[:128]
        return Connected(str(chat["id"]), handle, "telegram", guarantee, sheet, tuple(warnings))

    async def prepare(
        self,
        outgoing: Outgoing,
        *,
        key: str,
        parent: Parent | None,
        previous: Wire | None,
        open_medium: Callable[[str], BinaryIO],
    ) -> Wire:
        """Fix method and fields. Nothing is uploaded: at Telegram upload and post are one request.

        publish() of this same adapter opens the media, by the `open_medium` that was given here.
        """
        self._open_medium = open_medium
        if self._watch is not None:
            with suppress(CampaignError):  # its time counts more; without a watch a lost answer is a person's
                await self._watch.look(after=LOOK_AFTER)
        fields: dict[str, Any] = {"chat_id": int(self._channel)}
        if parent is not None:
            fields["reply_parameters"] = {"message_id": _ids(parent.remote_id)[0]}
        # No entities and no parse_mode: Telegram finds links, mentions and hashtags in a plain text by itself, and no
        # sign of the text means anything else. https://core.telegram.org/bots/api#messageentity
        files: dict[str, list[str]] = {}
        if not outgoing.media:
            method, fields["text"] = "sendMessage", outgoing.text
            # Else Telegram would show a page of whatever link it finds first.
            fields["link_preview_options"] = {"url": outgoing.link} if outgoing.link else {"is_disabled": True}
        elif len(outgoing.media) == 1:
            [medium] = outgoing.media
            kind = "video" if medium.is_clip else "photo"
            method, fields["caption"] = "sendVideo" if kind == "video" else "sendPhoto", outgoing.text
            fields |= _attached(kind, medium, files, open_medium)
            del fields[kind]  # the part itself has this name
        else:
            method, fields["media"] = "sendMediaGroup", []
            for number, medium in enumerate(outgoing.media, 1):
                told = _attached(f"medium{number}", medium, files, open_medium)
                item = {"type": "video" if medium.is_clip else "photo", "media": told.pop(f"medium{number}"), **told}
                # A caption of the first alone is shown under the album.
                fields["media"].append({**item, "caption": outgoing.text} if number == 1 else item)
        return {"method": method, "fields": fields, "files": files, "key": key}

    async def publish(self, outgoing: Outgoing, wire: Wire) -> Published:
        """Send the one request that makes the post, streaming its media from the files prepare() was shown."""
        path = _path(self._token, str(wire["method"]))
        with _explained(), ExitStack() as stack:
            fields = wire["fields"]
            body: dict[str, Any] = {"content": _dumps(fields).encode(), "headers": {"Content-Type": "application/json"}}
            if wire["files"]:
                # The same bytes each time that the same is sent.
                boundary = sha256(_dumps(wire).encode()).hexdigest()[:32]
                body = {"headers": {"Content-Type": f"multipart/form-data; boundary={boundary}"}}
                body["data"] = {name: _dumps(v) if isinstance(v, dict | list) else v for name, v in fields.items()}
                body["files"] = self._opened(wire["files"], stack)
            try:
                reply = await self._client.commit("POST", path, **body)
            except Refused as error:
                if wire["method"] == "sendMediaGroup" and "send" in str(error) and "failed" in str(error):
                    # "failed to send message #2 …", "Group send failed": the other pieces may be out.
                    raise Uncertain(f"{error}; other pieces may be out", status=error.status) from error
                raise
        result = _result(reply)
        messages = result if isinstance(result, list) else [result]
        if len(messages) != max(1, len(outgoing.media)) or not all(_is_message(message) for message in messages):
            raise reply.bad("the answer names not each message")
        return self._published([message["message_id"] for message in messages], messages[0])

    def _opened(self, files: Mapping[str, Any], stack: ExitStack) -> dict[str, tuple[str, BinaryIO, str]]:
        opened: dict[str, tuple[str, BinaryIO, str]] = {}
        for name, (digest, mime) in files.items():
            try:
                if self._open_medium is None:
                    raise OSError("its media were prepared elsewhere")
                file = stack.enter_context(self._open_medium(digest))
            except (CampaignError, OSError) as error:
                raise Unavailable(f"{self._label}: nothing was sent: {error}") from error
            opened[name] = (f"{digest[:16]}.{mime.rpartition('/')[2]}", file, mime)
        return opened

    async def confirm(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Published | None:
        """Look for the post among what the watcher saw. "Not there" is said only where nothing can have been missed.

        Raises:
            Uncertain: there is no watcher, or its watch began too late or has a gap: a person must look.
            Unavailable: pieces of an album are missing, or somebody else reads the watcher's updates.
        """
        if self._watch is None:
            raise Uncertain(f"{self._label} has no watcher: look at the channel and settle it")
        await self._watch.look()
        parent = wire["fields"].get("reply_parameters", {}).get("message_id")
        messages = _messages(await self._watch.kept(), self._channel)
        found, partly = find(_posts(messages), outgoing, parent, doubt)
        if found is not None:
            return self._published(found.ids, messages[found.ids[0]][0])
        if partly:
            raise Unavailable(f"{self._label}: its watcher has not seen each piece of the album yet")
        if await self._watch.missed(int(self._channel), doubt.since):
            raise Uncertain(f"{self._label}: its watcher may have missed the post: look at the channel and settle it")
        return None

    async def fetch(self, remote_id: str) -> Mapping[str, Any]:
        """Return the message as the watcher saw it last: Telegram itself has no reading of it. Raises: Refused."""
        if self._watch is None:
            raise Refused(f"{self._label}: Telegram cannot be asked for a message, and there is no watcher")
        await self._watch.look()
        messages, ids = _messages(await self._watch.kept(), self._channel), _ids(remote_id)
        if not set(ids) <= set(messages):
            raise Refused(f"{self._label}: the watcher did not see message {remote_id}")
        last = [messages[number][-1] for number in ids]
        return last[0] if len(last) == 1 else {"messages": last}

    async def measure(self, remote_ids: Sequence[str]) -> Mapping[str, Mapping[Metric, Reading]]:
        """Return the reactions that the watcher was told of.

        Without a watcher they are not permitted. Before the first reaction Telegram tells nothing: that is too new to
        count, and no 0. What was told before a gap in the watch is stale. A message that is gone looks like any other.
        """
        if self._watch is None:
            return {each: {"reactions": Reading(None, ReadingStatus.NOT_PERMITTED)} for each in remote_ids}
        await self._watch.look()
        told, since = _reactions(await self._watch.kept(), self._channel), await self._watch.since()
        found: dict[str, Mapping[Metric, Reading]] = {}
        for remote_id in remote_ids:
            counts = [told[number] for number in _ids(remote_id) if number in told]
            status = ReadingStatus.OK if all(since and at >= since for at, _ in counts) else ReadingStatus.STALE
            reading = Reading(sum(n for _, n in counts), status) if counts else Reading(None, ReadingStatus.TOO_NEW)
            found[remote_id] = {"reactions": reading}
        return found

    async def edit(self, remote_id: str, outgoing: Outgoing, wire: Wire) -> Published:
        """Replace the text, which under a medium is its caption; the same text again is no error."""
        ids = _ids(remote_id)
        answer: Mapping[str, Any] = {}
        preview = wire["fields"].get("link_preview_options") or {"is_disabled": True}
        ways: list[dict[str, Any]] = [
            {"method": "editMessageText", "text": outgoing.text, "link_preview_options": preview},
            {"method": "editMessageCaption", "caption": outgoing.text},
        ]
        while ways:
            fields = ways.pop(-1 if outgoing.media else 0)
            try:
                answer = await self._ask(**fields, reading=False, chat_id=int(self._channel), message_id=ids[0])
                break
            except Refused as error:
                if "message is not modified" in str(error):
                    break
                if not ways or "in the message to edit" not in str(error):  # "there is no text …", "… no caption …"
                    raise
        return self._published(ids, answer)

    async def delete(self, remote_id: str) -> None:
        """Take all messages of the post down; Telegram passes over those that are gone. Raises: Refused (48 h)."""
        where = {"chat_id": int(self._channel), "message_ids": _ids(remote_id)}
        await self._ask("deleteMessages", kind=bool, reading=False, **where)

    async def _ask(self, method: str, **options: Any) -> Any:
        return await _ask(self._client, self._token, method, **options)

    def _published(self, ids: Sequence[int], message: Mapping[str, Any]) -> Published:
        username = _username(message.get("chat")) or self._sheet.get("username")
        shown = str(self._sheet.get("shown_at") or "https://t.me")
        # A channel without a name has addresses for its members: https://core.telegram.org/api/links#private-message
        where = username or f"c/{self._channel.removeprefix('-100')}"
        return Published("+".join(map(str, ids)), f"{shown}/{where}/{ids[0]}", _instant(message.get("date")))


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
        if began is None or began > since or not await _rights(self.ask, channel, int(self._watcher)):
            return True
        changes = [update.get("my_chat_member") for _, update in await self.kept()]  # its rights were changed
        dates = [_instant(each.get("date")) for each in changes if isinstance(each, dict) and _in(each, str(channel))]
        return any(date is None or date >= since - SKEW for date in dates)

    async def ask(self, method: str, **options: Any) -> Any:
        """Return the result of a method that is called as the watcher."""
        try:
            return await _ask(self._client, self._token, method, **options)
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


def _messages(kept: Kept, channel: str) -> Messages:
    """Return what was posted in a channel, oldest first, each in all its versions."""
    messages: Messages = {}
    for _, update in kept:
        message = update.get("channel_post") or update.get("edited_channel_post")
        if _is_message(message) and _in(message, channel):
            messages.setdefault(message["message_id"], []).append(message)
    return dict(sorted(messages.items()))


def _posts(messages: Messages) -> list[Seen]:
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
        parent = answers["message_id"] if _is_message(answers) else None
        at = _instant(first.get("date")) or datetime.min.replace(tzinfo=UTC)
        shapes = () if "text" in first else tuple(_shape(messages[number][0]) for number in ids)
        posts.append(Seen(tuple(ids), at, texts, parent, shapes))
    return posts


def _shape(message: Mapping[str, Any]) -> Shape:
    told = message.get("video") or message.get("photo")
    told = told[-1] if isinstance(told, list) and told else told  # the largest of a picture's sizes
    told = told if isinstance(told, dict) else {}
    width, height, seconds = (told[n] if type(told.get(n)) is int else None for n in ("width", "height", "duration"))
    return Shape("video" in message, width, height, seconds)


def _reactions(kept: Kept, channel: str) -> dict[int, tuple[datetime, int]]:
    """Return for each message when reactions were last told, and how many there were."""
    told: dict[int, tuple[datetime, int]] = {}
    for _, update in kept:
        count = update.get("message_reaction_count")
        if not _is_message(count) or not _in(count, channel) or not isinstance(count.get("reactions"), list):
            continue
        at, number = _instant(count.get("date")), count["message_id"]
        counts = [each.get("total_count") if isinstance(each, dict) else None for each in count["reactions"]]
        known = at is not None and all(type(n) is int and n >= 0 for n in counts)
        if at is not None and known and (number not in told or told[number][0] <= at):
            told[number] = (at, sum(int(n or 0) for n in counts))
    return told


async def _ask(
    client: Client, token: str, method: str, *, kind: type[Any] = dict, reading: bool = True, **fields: Any
) -> Any:
    """Return the result of a method that may be called again. Raises: any Outcome."""
    with _explained():
        reply = await client.ask("POST", _path(token, method), json=fields, reading=reading)
    result = _result(reply)
    if not isinstance(result, kind) or (method == "getMe" and not isinstance(result.get("id"), int)):
        raise reply.bad(f"the answer to {method} is not what was asked for")
    return result


async def _rights(asking: Callable[..., Awaitable[Any]], chat: int, bot: int) -> Mapping[str, Any]:
    """Return a bot's own rights in a channel; empty when it is no administrator of it."""
    try:
        member: Mapping[str, Any] = await asking("getChatMember", chat_id=chat, user_id=bot)
    except Refused as error:
        if error.status in (400, 403):  # a bot that is not there may not even ask
            return {}
        raise
    return member if member.get("status") == "administrator" else {}


@contextmanager
def _explained() -> Iterator[None]:
    """Say what Telegram's own words about a token or a channel mean here."""
    try:
        yield
    except Refused as error:
        body = error.body if isinstance(error.body, dict) else {}
        if error.status == 404 and body.get("description") == "Not Found":  # what no bot's token looks like
            raise Unauthorized(f"{error}: there is no bot of this token", status=404) from error
        parameters = body.get("parameters")
        moved = parameters.get("migrate_to_chat_id") if isinstance(parameters, dict) else None
        if isinstance(moved, int):
            raise Refused(f"{error}; its id is {moved} now: connect it again with that channel", status=400) from error
        raise


def _path(token: str, method: str) -> str:
    if not _TOKEN.fullmatch(token):
        raise Unauthorized("telegram: a bot's token looks like 123456789:AAE…; @BotFather gives it")
    return f"/bot{token}/{method}"


def _result(reply: Reply) -> Any:
    answer = reply.json()
    return answer.get("result") if isinstance(answer, dict) and answer.get("ok") is True else None


def _attached(
    name: str, medium: OutgoingMedium, files: dict[str, list[str]], open_medium: Callable[[str], BinaryIO]
) -> dict[str, Any]:
    """Note the parts that a medium needs, and return the fields that describe it."""
    files[name] = [medium.sha256, medium.mime]
    fields: dict[str, Any] = {name: f"attach://{name}"}
    if medium.is_clip:
        seconds = round(medium.seconds) if medium.seconds else None
        shape = {"width": medium.width, "height": medium.height, "duration": seconds}
        fields |= {"supports_streaming": True, **{key: value for key, value in shape.items() if value}}
        if medium.poster:
            with open_medium(medium.poster) as file:
                mime = "image/png" if file.read(4) == b"\x89PNG" else "image/jpeg"
            files[f"{name}_cover"] = [medium.poster, mime]
            fields["cover"] = f"attach://{name}_cover"
    return fields


def _is_message(message: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(message, dict) and type(message.get("message_id")) is int and message["message_id"] > 0


def _in(update: Mapping[str, Any], channel: str) -> bool:
    chat = update.get("chat")
    return isinstance(chat, dict) and str(chat.get("id")) == channel


def _username(chat: Any) -> str | None:
    name = chat.get("username") if isinstance(chat, dict) else None
    return name if isinstance(name, str) and _USERNAME.fullmatch(name) else None


def _instant(seconds: Any) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if type(seconds) is int and 0 < seconds < 2**33 else None


def _ids(remote_id: str) -> list[int]:
    """Return the message ids of a post; those of an album are joined by +."""
    parts = remote_id.split("+")
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        raise Refused("telegram: a post is named by its message ids, as in 12 or 12+13")
    return [int(part) for part in parts]


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
