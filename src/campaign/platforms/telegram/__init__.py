"""Telegram channels: one bot posts; a second one watches, for no bot can ask what it has posted itself."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import timedelta
from hashlib import sha256
from typing import Any, BinaryIO, ClassVar, Literal
from urllib.parse import urlsplit

from campaign.core import adapter as port
from campaign.core import address
from campaign.core.adapter import Capabilities, Connected, Doubt, MediaRule, Parent, RateRule, Source, TextRule, Wire
from campaign.core.errors import CampaignError, Invalid, Refused, Unavailable, Uncertain, shown
from campaign.core.model import Account, Guarantee, Metric, Outgoing, OutgoingMedium, Published, Reading, ReadingStatus
from campaign.core.sightings import find
from campaign.net.client import Client
from campaign.platforms.telegram.speech import (
    ask,
    explained,
    instant_of,
    is_message,
    path_of,
    result_of,
    rights,
    username_of,
)
from campaign.platforms.telegram.watch import Watch, messages_of, posts_of, reactions_of

_MESSAGE = Source("https://core.telegram.org/bots/api#sendmessage", "2026-11-24")
_FILES = Source("https://core.telegram.org/bots/api#sending-files", "2026-11-24")
_RATES = Source("https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this", "2026-11-24")
_PICTURES = frozenset({"image/jpeg", "image/png", "image/webp"})

# What a bot is told of: no views, no comments of a channel; the list of methods reads no messages either.
_UPDATES = Source("https://core.telegram.org/bots/api#update", "2026-11-24")

CAPABILITIES = Capabilities(
    # Offsets of entities are UTF-16 units; the limits are taken in the same unit, which is never too long.
    text=TextRule(limit=4096, counts="utf16", limit_with_media=1024, source=_MESSAGE),
    media=(
        MediaRule("image", _PICTURES, 10, 10_000_000, _FILES, max_sides=10_000, max_ratio=20.0, max_alt=0),
        MediaRule("video", frozenset({"video/mp4"}), 10, 50_000_000, _FILES, captions="burned", max_alt=0),
    ),
    max_media=10,  # https://core.telegram.org/bots/api#sendmediagroup
    metrics={"reactions": "message_reaction_count"},
    guarantees=(Guarantee.READ_BACK, Guarantee.NONE),
    settles_within=120.0,
    rate=RateRule(30, 1, _RATES),
    languages=0,
    not_offered={
        "alt": _MESSAGE,
        "languages": _MESSAGE,
        "captions": Source("https://core.telegram.org/bots/api#sendvideo", "2026-11-24"),
        "comments": _UPDATES,
        "metrics": _UPDATES,
    },
    notes=(
        "no alt text and no language tag: both are kept in the record only",
        "no view counts; reactions are told to a watcher only",
        "about one message a second per channel; a 429 says how long to wait",
        "a message is deleted within 48 hours only",
    ),
)

WEB = "https://t.me"  # where channels are shown
LOOK_AFTER = timedelta(hours=1)  # before a post goes out, the watch is no older than this


class Adapter(port.Adapter):
    """One channel. The bot's token stands in the path of each request; the client's redactor knows it."""

    name: ClassVar[str] = "telegram"
    bearer: ClassVar[bool] = False
    counted_by: ClassVar[Literal["account", "credential"]] = "credential"  # a 429 stops the bot in all its channels
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
        self.sheet = account.sheet

    @classmethod
    def open(cls, client: Client, account: Account) -> "Adapter":
        """Return the adapter of an account."""
        return cls(client, account)

    @classmethod
    def locate(cls, account: Account, url: str) -> str:
        """Return the id in an address like https://t.me/peace/12, of an album that of its first message.

        Raises: Invalid.
        """
        place = urlsplit(str(account.sheet.get("shown_at") or WEB))
        own = [part for part in place.path.split("/") if part]  # a sandbox shows channels below a path of its own
        parts = address.path_of(url, {place.hostname or "", *(["telegram.me"] if place.hostname == "t.me" else [])})
        where, number = parts[len(own) : -1], parts[-1] if parts else ""
        where = where[1:] if where[:1] == ["s"] else where  # https://t.me/s/peace/12 is the same channel's preview
        username = account.sheet.get("username")
        mine = [["c", account.remote_id.removeprefix("-100")], *([[str(username).lower()]] if username else [])]
        if parts[: len(own)] != own or not (number.isascii() and number.isdigit() and 0 < len(number) < 19):
            raise Invalid(address.FIELD, url, f"must look like {WEB}/channel/12")
        if [part.lower() for part in where] not in mine:
            raise Invalid(address.FIELD, url, f"must be a post of {account.handle}, not of {shown('/'.join(where))}")
        return number

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
        if (await rights(self._ask, chat["id"], bot["id"])).get("can_post_messages") is not True:
            raise Refused(f"{where}: make @{username_of(bot)} an administrator of the channel that may post messages")
        sheet: dict[str, Any] = {"channel": self._given, "bot": bot["id"], "username": username_of(chat)}
        if str(chat.get("invite_link")).startswith(f"{self._base_url}/"):
            # t.me shows what is posted, whatever server the API is spoken to; only a sandbox shows it itself.
            sheet["shown_at"] = f"{self._base_url}/t"
        guarantee, warnings = Guarantee.NONE, ["without a watcher nobody can ask Telegram: a lost answer is a person's"]
        if self._watch is not None:
            watcher = await self._watch.ask("getMe")
            if watcher["id"] == bot["id"]:
                raise Refused(f"{where}: the watcher must be a second bot; no bot sees what it posts itself")
            if not await rights(self._watch.ask, chat["id"], watcher["id"]):
                raise Refused(f"{where}: make the watcher @{username_of(watcher)} an administrator of the channel")
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
        path = path_of(self._token, str(wire["method"]))
        with explained(), ExitStack() as stack:
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
        result = result_of(reply)
        messages = result if isinstance(result, list) else [result]
        if len(messages) != max(1, len(outgoing.media)) or not all(is_message(message) for message in messages):
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
        messages = messages_of(await self._watch.kept(), self._channel)
        found, partly = find(posts_of(messages), outgoing, parent, doubt)
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
        messages, ids = messages_of(await self._watch.kept(), self._channel), _ids(remote_id)
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
        told, since = reactions_of(await self._watch.kept(), self._channel), await self._watch.since()
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
        return await ask(self._client, self._token, method, **options)

    def _published(self, ids: Sequence[int], message: Mapping[str, Any]) -> Published:
        username = username_of(message.get("chat")) or self._sheet.get("username")
        where = str(self._sheet.get("shown_at") or WEB)
        # A channel without a name has addresses for its members: https://core.telegram.org/api/links#private-message
        channel = username or f"c/{self._channel.removeprefix('-100')}"
        return Published("+".join(map(str, ids)), f"{where}/{channel}/{ids[0]}", instant_of(message.get("date")))


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


def _ids(remote_id: str) -> list[int]:
    """Return the message ids of a post; those of an album are joined by +."""
    parts = remote_id.split("+")
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        raise Refused("telegram: a post is named by its message ids, as in 12 or 12+13")
    return [int(part) for part in parts]


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
