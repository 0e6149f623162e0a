"""Discord: a channel that a bot posts to, or one that a webhook posts to."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from hashlib import sha256
from typing import Any, BinaryIO, ClassVar, Literal

from campaign import __version__
from campaign.core import adapter as port
from campaign.core import address
from campaign.core.adapter import Capabilities, Connected, Doubt, MediaRule, Parent, RateRule, Source, TextRule, Wire
from campaign.core.errors import CampaignError, Invalid, Refused, Unauthorized, Unavailable, Uncertain, shown
from campaign.core.model import Account, Comment, Guarantee, Metric, Outgoing, Published, Reading, ReadingStatus
from campaign.core.text import fingerprint
from campaign.net.client import Client
from campaign.net.reply import Reply
from campaign.platforms.discord.speech import (
    ID,
    answered_by,
    attachments_of,
    code_of,
    comment_of,
    handle_of,
    instant_of,
    is_id,
    is_message,
    permissions,
    reactions_of,
)

_MESSAGE = Source("https://discord.com/developers/docs/resources/message#create-message", "2026-11-24")
_OBJECT = Source("https://discord.com/developers/docs/resources/message#message-object", "2026-11-24")
_FILES = Source("https://discord.com/developers/docs/reference#uploading-files", "2026-11-24")
_RATES = Source("https://discord.com/developers/docs/topics/rate-limits#global-rate-limit", "2026-11-24")

CAPABILITIES = Capabilities(
    # What a character is, is not told; UTF-16 units are never fewer than what is meant.
    text=TextRule(limit=2000, counts="utf16", source=_MESSAGE, optional=True),
    media=(
        MediaRule(
            "image",
            frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"}),
            10,
            10_485_760,
            _FILES,
            max_alt=1024,
        ),
        MediaRule("video", frozenset({"video/mp4", "video/webm"}), 10, 10_485_760, _FILES, max_alt=1024),
    ),
    max_media=10,
    metrics={"reactions": "reactions[].count"},
    guarantees=(Guarantee.DEDUP, Guarantee.READ_BACK, Guarantee.NONE),
    settles_within=20.0,
    # A nonce is looked for "in the past few minutes"; one minute is never too long.
    key_lifetime=60.0,
    settles_alone=60.0,
    rate=RateRule(50, 1, _RATES),
    languages=0,
    comments=True,
    not_offered={
        "languages": _OBJECT,
        "metrics": _OBJECT,
        "captions": Source("https://discord.com/developers/docs/resources/message#attachment-object", "2026-11-24"),
    },
    notes=(
        "Markdown in a text is shown as such; nobody is notified by an @everyone in it",
        "each server of a community may allow larger files than the 10 MiB that all take",
        "a webhook answers nothing, and its lost answer is settled only where a bot may read its channel",
        "comments of a bot without the intent MESSAGE_CONTENT come without their text",
        "no counts but reactions",
    ),
)

API = "/api/v10"
# Who calls itself otherwise may be kept out: https://discord.com/developers/docs/reference#user-agent
AGENT = f"DiscordBot (campaign, {__version__})"
SKEW = timedelta(minutes=10)  # what our clock and Discord's may differ by
EPOCH = 1_420_070_400_000  # milliseconds; ids are snowflakes: https://discord.com/developers/docs/reference#snowflakes
PAGES, COMMENT_PAGES = 50, 10  # of 100 messages; a read-back looks no further
LOOKS = 25  # messages of a webhook that are looked at one by one
# https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags
READS = {"View Channels": 1 << 10, "Read Message History": 1 << 16}
POSTS = {**READS, "Send Messages": 1 << 11, "Attach Files": 1 << 15}
SUPPRESS_EMBEDS = 1 << 2  # https://discord.com/developers/docs/resources/message#message-object-message-flags
GONE = 10008  # https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
NO_WEBHOOK = 10015
_WEBHOOK = re.compile(r"(?:^|/)(?P<id>[0-9]{5,20})/(?P<token>[A-Za-z0-9_-]{20,200})/?$")
_BOT = re.compile(r"[A-Za-z0-9_.-]{20,200}")


class Adapter(port.Adapter):
    """One channel. What posts there is told by the form of the token: a bot's, or a webhook's address.

    A bot's post has a nonce, for which Discord answers with the first message instead of making a second, and the
    channel can be read. A webhook has neither: only a bot that may read the channel (the secret `reader`) lists what
    is there, and the webhook itself then shows the wording of its messages.
    """

    name: ClassVar[str] = "discord"
    bearer: ClassVar[bool] = False
    counted_by: ClassVar[Literal["account", "credential"]] = "credential"  # 50 requests a second for each bot
    home: ClassVar[str] = "https://discord.com"
    options: ClassVar[Mapping[str, str]] = {
        "channel": "the channel's id, as in 1234567890123456789 (a webhook knows its own)"
    }
    secrets: ClassVar[Mapping[str, str]] = {
        "reader": "for a webhook: the token of a bot that may read the channel's history, and settles a lost answer"
    }
    defaults: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, client: Client, account: Account) -> None:
        self._client, self._label = client, f"discord account {account.name}"
        self._web, self.sheet = account.base_url.rstrip("/"), account.sheet
        given = (account.sheet.get("given") or {}).get("channel", "")
        self._channel = str(account.sheet.get("channel") or given)
        token, self._reader = client.secrets.get("token", ""), client.secrets.get("reader", "")
        hook = _WEBHOOK.search(token)
        self._hook = f"{API}/webhooks/{hook['id']}/{hook['token']}" if hook else ""
        self._author = hook["id"] if hook else str(account.sheet.get("bot", ""))
        if hook:
            client.learn(hook["token"])  # the secret may be the whole address; this is what stands in each path
        else:
            self._reader = token
        self._open_medium: Callable[[str], BinaryIO] | None = None

    @classmethod
    def open(cls, client: Client, account: Account) -> "Adapter":
        """Return the adapter of an account."""
        return cls(client, account)

    @classmethod
    def locate(cls, account: Account, url: str) -> str:
        """Return the id in an address like https://discord.com/channels/SERVER/CHANNEL/MESSAGE. Raises: Invalid."""
        hosts = {*address.hosts_of(account), "ptb.discord.com", "canary.discord.com"}
        parts = address.path_of(url, hosts)[-3:]
        if len(parts) != 3 or not all(map(ID.fullmatch, parts[1:])):
            raise Invalid(address.FIELD, url, "must look like https://discord.com/channels/SERVER/CHANNEL/MESSAGE")
        if parts[1] != account.sheet.get("channel"):
            raise Invalid(address.FIELD, url, f"must be a message of {account.handle}, not of channel {parts[1]}")
        return parts[2]

    async def connect(self) -> Connected:
        """Return the channel, and by what a lost answer is settled there.

        Raises:
            Unauthorized: a token is not accepted. Unavailable: no usable answer.
            Refused: there is no such channel, or a bot may not do there what it must; the message says what to do.
        """
        if self._hook:
            return await self._connect_webhook()
        if not ID.fullmatch(self._channel):
            raise Refused(f"{self._label}: name its channel by its id: --option channel=1234567890123456789")
        channel, bot = await self._rights(POSTS)
        sheet = {"channel": self._channel, "server": str(channel.get("guild_id") or "@me"), "bot": str(bot["id"])}
        return Connected(self._channel, handle_of(channel), "discord-bot", Guarantee.DEDUP, sheet)

    async def _connect_webhook(self) -> Connected:
        hook = (await self._ask("GET", self._hook)).json()
        if not isinstance(hook, dict) or not is_id(hook.get("channel_id")):
            raise Unavailable(f"{self._label}: the webhook does not say where it posts")
        self._channel, reads = str(hook["channel_id"]), bool(self._reader)
        name = str(hook.get("name") or self._author)[:80]
        sheet: dict[str, Any] = {"channel": self._channel, "server": str(hook.get("guild_id") or "@me")}
        sheet |= {"threads": False, "comments": reads}
        if reads:
            channel, bot = await self._rights(READS)
            return Connected(
                self._author, f"{name} in {handle_of(channel)}", "discord-webhook", Guarantee.READ_BACK,
                {**sheet, "reader": str(bot["id"])},
            )  # fmt: skip
        warning = "without a bot that reads the channel nobody can ask Discord: a lost answer is a person's"
        return Connected(self._author, name, "discord-webhook", Guarantee.NONE, sheet, (warning,))

    async def _rights(self, wanted: Mapping[str, int]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return the channel and the bot. Raises: Refused: the bot may not do what is wanted.

        It is computed, for a bot that may not read the history is shown an empty channel and no refusal.
        """
        bot, channel = await self._read("/users/@me"), await self._read(f"/channels/{self._channel}")
        if not is_id(bot.get("id")):
            raise Unavailable(f"{self._label}: Discord does not say whose token this is")
        if not is_id(channel.get("guild_id")):
            raise Refused(f"{self._label}: channel {self._channel} is of no server; only a server's channel will do")
        guild = await self._read(f"/guilds/{channel['guild_id']}")
        member = await self._read(f"/guilds/{channel['guild_id']}/members/{bot['id']}")
        may = permissions(guild, channel, member, str(bot["id"]))
        if lacking := [name for name, bit in wanted.items() if not may & bit]:
            where = f"{self._label}: {handle_of(channel)}"
            raise Refused(f"{where}: give the bot {str(bot.get('username'))[:40]} the rights {', '.join(lacking)}")
        return channel, bot

    async def prepare(
        self,
        outgoing: Outgoing,
        *,
        key: str,
        parent: Parent | None,
        previous: Wire | None,
        open_medium: Callable[[str], BinaryIO],
    ) -> Wire:
        """Fix the fields. Nothing is uploaded: upload and post are one request, whose files are named by the key.

        publish() of this same adapter opens the media, by the `open_medium` that was given here.
        """
        if parent is not None and not self.capabilities.threads:
            raise Refused(f"{self._label}: a webhook answers no message; post it as one, or by a bot")
        self._open_medium = open_medium
        nonce = sha256(key.encode()).hexdigest()[:25]  # 25 characters are the most
        names = [f"{nonce[:16]}-{n}.{medium.mime.rpartition('/')[2]}" for n, medium in enumerate(outgoing.media)]
        body: dict[str, Any] = {"content": outgoing.text, "allowed_mentions": {"parse": []}}
        if not outgoing.link:
            body["flags"] = SUPPRESS_EMBEDS  # else Discord would show a page of whatever link it finds
        if not self._hook:
            body |= {"nonce": nonce, "enforce_nonce": True}
        if names:
            told = zip(names, outgoing.media, strict=True)
            body["attachments"] = [
                {"id": n, "filename": name, "description": medium.alt} for n, (name, medium) in enumerate(told)
            ]
        if parent is not None:
            body["message_reference"] = {"message_id": parent.remote_id, "fail_if_not_exists": True}
        return {
            "nonce": nonce,
            "body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
            "files": [[name, medium.sha256, medium.mime] for name, medium in zip(names, outgoing.media, strict=True)],
            "parent": parent.remote_id if parent else None,
        }

    async def publish(self, outgoing: Outgoing, wire: Wire) -> Published:
        """Send the one request that makes the message, streaming its files."""
        path = f"{self._hook}?wait=true" if self._hook else f"{API}/channels/{self._channel}/messages"
        with ExitStack() as stack:
            body: dict[str, Any] = {"content": str(wire["body"]).encode()}
            headers = {**self._speaker(), "Content-Type": "application/json"}
            if wire["files"]:
                # The same bytes each time that the same is sent.
                headers["Content-Type"] = f"multipart/form-data; boundary={wire['nonce']}"
                body = {"data": {"payload_json": str(wire["body"])}, "files": self._opened(wire["files"], stack)}
            try:
                reply = await self._client.commit("POST", path, headers=headers, **body)
            except Refused as error:
                raise self._explained(error) from error
        message = reply.json()
        if not is_message(message):
            raise reply.bad("the answer names no message")
        return self._published(message)

    def _opened(self, files: Iterable[Sequence[str]], stack: ExitStack) -> dict[str, tuple[str, BinaryIO, str]]:
        opened: dict[str, tuple[str, BinaryIO, str]] = {}
        for number, (name, digest, mime) in enumerate(files):
            try:
                if self._open_medium is None:
                    raise OSError("its media were prepared elsewhere")
                opened[f"files[{number}]"] = (name, stack.enter_context(self._open_medium(digest)), mime)
            except (CampaignError, OSError) as error:
                raise Unavailable(f"{self._label}: nothing was sent: {error}") from error
        return opened

    async def confirm(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Published | None:
        """Look for the message in the channel: by the names of its files, else by its text.

        Raises:
            Uncertain: it is a webhook's, and no bot may read the channel: a person must look.
            Unavailable: the channel was not read to its end.
        """
        if not self._reader:
            raise Uncertain(f"{self._label} has no reader: look at the channel and settle it")
        since = doubt.since - SKEW
        ours = [
            message
            for message in await self._after(str(max(0, int(since.timestamp() * 1000) - EPOCH) << 22), PAGES)
            if self._is_ours(message) and message["id"] not in doubt.owned
        ]
        if self._hook:
            if len(ours) > LOOKS:
                raise Unavailable(f"{self._label}: its webhook made over {LOOKS} messages since then")
            # A bot without the intent MESSAGE_CONTENT is shown the messages of others empty; their webhook is not.
            looked = [await self._message(message["id"]) for message in ours]
            ours = [dict(message) for message in looked if message is not None]
        names, wanted = {name for name, _, _ in wire["files"]}, fingerprint(outgoing.text)
        for message in ours:
            files = attachments_of(message)
            if names and names & {str(file.get("filename")) for file in files}:
                return self._published(message)
            same = not names and not files and fingerprint(str(message.get("content") or "")) == wanted
            if message.get("nonce") == wire["nonce"] or (same and answered_by(message) == wire["parent"]):
                return self._published(message)
        return None

    async def fetch(self, remote_id: str) -> Mapping[str, Any]:
        """Return the message as Discord tells it. Raises: Refused: there is none."""
        message = await self._message(remote_id)
        if message is None:
            raise Refused(f"{self._label}: there is no message {shown(remote_id)}", status=404)
        return message

    async def measure(self, remote_ids: Sequence[str]) -> Mapping[str, Mapping[Metric, Reading]]:
        """Return the reactions, of which there is no word in a message that nobody reacted to."""
        found: dict[str, Mapping[Metric, Reading]] = {}
        for remote_id in dict.fromkeys(remote_ids):
            message = await self._message(remote_id)
            found[remote_id] = {
                "reactions": Reading(None, ReadingStatus.EXPIRED) if message is None else reactions_of(message)
            }
        return found

    async def comments(self, remote_id: str) -> Sequence[Comment]:
        """Return the replies in the channel and what was said in the message's own thread.

        Raises:
            Refused: it is a webhook without a reader, or there is no such message.
            Unavailable: more was posted since than is read.
        """
        if not self._reader:
            raise Refused(f"{self._label} has no reader, and a webhook reads nothing")
        message = await self._message(remote_id)
        if message is None:
            raise Refused(f"{self._label}: there is no message {shown(remote_id)}", status=404)
        known, found = {remote_id}, []
        for each in await self._after(remote_id, COMMENT_PAGES):
            if (answered := answered_by(each)) in known:
                known.add(each["id"])
                found.append(comment_of(each, str(answered)))
        thread = message.get("thread")
        if isinstance(thread, dict) and is_id(thread.get("id")):
            said = await self._after("0", COMMENT_PAGES, channel=str(thread["id"]))
            # A thread begins with a message that only points at the one it is about.
            found += [comment_of(each, answered_by(each) or remote_id) for each in said if each.get("type") in (0, 19)]
        return sorted(found, key=lambda comment: int(comment.remote_id))

    async def edit(self, remote_id: str, outgoing: Outgoing, wire: Wire) -> Published:
        """Replace the text and, of media that stay as they are, the alt texts. The same edit again changes nothing."""
        body: dict[str, Any] = {"content": outgoing.text, "allowed_mentions": {"parse": []}}
        if outgoing.media:
            files = attachments_of(await self.fetch(remote_id))
            if len(files) != len(outgoing.media):
                raise Refused(f"{self._label}: message {remote_id} has other media now; its text was not changed")
            pairs = zip(files, outgoing.media, strict=True)
            body["attachments"] = [{"id": str(file.get("id")), "description": medium.alt} for file, medium in pairs]
        reply = await self._ask("PATCH", self._path(remote_id), json=body)
        message = reply.json()
        if not is_message(message):
            raise reply.bad("the answer names no message")
        return self._published(message)

    async def delete(self, remote_id: str) -> None:
        """Take the message down; one that is gone already is no error."""
        try:
            await self._ask("DELETE", self._path(remote_id))
        except Refused as error:
            if code_of(error) != GONE:
                raise

    def _speaker(self) -> dict[str, str]:
        """Return the headers of whoever posts; a webhook's token stands in its path."""
        return {"User-Agent": AGENT} if self._hook else self._bot_header()

    def _bot_header(self) -> dict[str, str]:
        if not _BOT.fullmatch(self._reader):
            raise Unauthorized(f"{self._label}: a bot's token is one word; the developer portal shows it under Bot")
        return {"User-Agent": AGENT, "Authorization": f"Bot {self._reader}"}

    async def _ask(self, method: str, path: str, **body: Any) -> Reply:
        try:
            return await self._client.ask(method, path, headers=self._speaker(), **body)
        except Refused as error:
            raise self._explained(error) from error

    async def _read(self, path: str) -> Mapping[str, Any]:
        """Return an object that a bot may see."""
        reply = await self._client.ask("GET", API + path, headers=self._bot_header())
        found = reply.json()
        if not isinstance(found, dict):
            raise reply.bad("the answer is not what was asked for")
        return found

    def _path(self, remote_id: str) -> str:
        if not ID.fullmatch(remote_id):
            raise Refused(f"{self._label}: a message is named by its id, as in 1234567890123456789")
        return f"{self._hook or f'{API}/channels/{self._channel}'}/messages/{remote_id}"

    async def _message(self, remote_id: str) -> Mapping[str, Any] | None:
        try:
            reply = await self._ask("GET", self._path(remote_id))
        except Refused as error:
            if code_of(error) == GONE:
                return None
            raise
        message = reply.json()
        if not is_message(message):
            raise reply.bad("the answer is no message")
        found: Mapping[str, Any] = message
        return found

    async def _after(self, snowflake: str, pages: int, *, channel: str | None = None) -> list[dict[str, Any]]:
        """Return what was posted after an id, oldest first. Raises: Unavailable: that is more than the pages hold."""
        found: dict[str, dict[str, Any]] = {}
        for _ in range(pages):
            reply = await self._client.ask(
                "GET", f"{API}/channels/{channel or self._channel}/messages",
                params={"after": snowflake, "limit": 100}, headers=self._bot_header(),
            )  # fmt: skip
            page = reply.json()
            if not isinstance(page, list) or not all(map(is_message, page)):
                raise reply.bad("the channel's messages cannot be read")
            found |= {message["id"]: message for message in page}
            if len(page) < 100:
                return sorted(found.values(), key=lambda message: int(message["id"]))
            snowflake = max((message["id"] for message in page), key=int)
        raise Unavailable(f"{self._label}: over {pages * 100} messages since then; they were not read to their end")

    def _is_ours(self, message: Mapping[str, Any]) -> bool:
        author = message.get("author")
        made_by = message.get("webhook_id") if self._hook else isinstance(author, dict) and author.get("id")
        return str(made_by) == self._author

    def _published(self, message: Mapping[str, Any]) -> Published:
        server = self.sheet.get("server") or "@me"
        link = f"{self._web}/channels/{server}/{self._channel}/{message['id']}"
        return Published(message["id"], link, instant_of(message.get("timestamp")))

    def _explained(self, error: Refused) -> Refused | Unauthorized:
        """Return what an error means here: a webhook that is gone is a token that is not accepted."""
        if code_of(error) == NO_WEBHOOK:
            return Unauthorized(f"{error}: the webhook was deleted; make another and connect it", status=error.status)
        return error
