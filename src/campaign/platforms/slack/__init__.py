"""Slack: a channel that an app's bot posts to, or one that an incoming webhook posts to."""

import html
import mimetypes
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, BinaryIO, ClassVar
from urllib.parse import urlsplit

from campaign.core import adapter as port
from campaign.core import address
from campaign.core.adapter import Capabilities, Connected, Doubt, MediaRule, Parent, RateRule, Source, TextRule, Wire
from campaign.core.errors import Invalid, Refused, Unauthorized, Unavailable, Uncertain, shown
from campaign.core.model import (
    Account,
    Comment,
    Guarantee,
    Metric,
    Outgoing,
    OutgoingMedium,
    Pending,
    Published,
    Reading,
)
from campaign.core.oauth import OAuth
from campaign.net.client import Client
from campaign.net.reply import Reply
from campaign.platforms.slack.speech import (
    TS,
    comment_of,
    dicts,
    handle_of,
    hook_refused,
    is_ts,
    judged,
    plain,
    readings_of,
    shares_of,
    spoken,
    words_of,
)

_POST = Source("https://docs.slack.dev/reference/methods/chat.postMessage", "2026-11-24")
_UPDATE = Source("https://docs.slack.dev/reference/methods/chat.update", "2026-11-24")
_FILES = Source("https://docs.slack.dev/reference/methods/files.getUploadURLExternal", "2026-11-24")
_MESSAGE = Source("https://docs.slack.dev/reference/events/message", "2026-11-24")
_RATES = Source("https://docs.slack.dev/apis/web-api/rate-limits", "2026-11-24")

CAPABILITIES = Capabilities(
    # More is split or cut by Slack, and cannot be edited; counted as it is escaped would be the same or less strict.
    text=TextRule(limit=4000, counts="utf16", source=_UPDATE, optional=True),
    media=(
        # "alt_txt_too_large: Description for the image is longer than the limit of 1000 character".
        # 1 GB a file is Slack's own limit; a channel is no place for that. Ten files: what one message shows well.
        MediaRule(
            "image", frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"}), 10, 50_000_000, _FILES,
            max_alt=1000,
        ),
        MediaRule("video", frozenset({"video/mp4", "video/webm"}), 10, 500_000_000, _FILES, max_alt=1000),
    ),
    max_media=10,
    metrics={"reactions": "reactions[].count", "replies": "reply_count"},
    guarantees=(Guarantee.READ_BACK, Guarantee.NONE),
    settles_within=30.0,
    token="does not expire, unless the app opted into rotation: then twelve hours, and it is renewed",  # noqa: S106
    rate=RateRule(50, 60, _RATES),  # tier 3, that of reading a channel's history
    languages=0,
    comments=True,
    not_offered={
        "languages": _POST,
        "metrics": _MESSAGE,
        "captions": Source("https://docs.slack.dev/reference/objects/file-object", "2026-11-24"),
    },
    notes=(
        "a post with media is pending until Slack has shared its files in the channel",
        "an edit leaves alt texts as they are: no method changes them",
        "Slack's own mark-up in a text under media, or after an edit, is shown as such",
        "an incoming webhook answers `ok` and no id: no media, no edit, no deletion, no counts, and a lost answer is a"
        " person's",
        "an app that is sold outside the Marketplace may read the history once a minute only; one of your own is not",
    ),
)  # fmt: skip

HOOKS = "https://hooks.slack.com"
SCOPES = (
    "chat:write", "channels:read", "channels:history", "files:write", "files:read", "metadata.message:read",
)  # fmt: skip
EVENT = "campaign_delivery"  # the type of the metadata that holds the delivery's key
SKEW = timedelta(minutes=10)  # what our clock and Slack's may differ by
SHARED_WITHIN = timedelta(minutes=10)  # a file that is in no channel by then is a person's question
PAGES, PAGE = 50, 200
NO_MESSAGE = frozenset({"message_not_found", "thread_not_found"})
# What a webhook says by a word, and what it says of a post without a text.
HOOK_SAYS = frozenset({*range(200, 300), 400, 403, 404, 410})
NO_TEXT = frozenset({"no_text", "invalid_payload", "missing_text_or_fallback_or_attachments"})
NO_FILE = frozenset({"file_not_found", "file_deleted"})
_HOOK = re.compile(r"(?:^|/)services/(?P<path>T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]+)/?$")


class Adapter(port.Adapter):
    """One channel. What posts there is told by the form of the token: a bot's (xoxb-…), or a webhook's address.

    The line of a text is chat.postMessage, whose metadata hold the delivery's key. That of a post with media is
    files.completeUploadExternal: it shares in the channel what was uploaded before and nobody has seen; Slack does so
    a moment later, so the post is pending until the files tell in which message they stand.
    """

    name: ClassVar[str] = "slack"
    bearer: ClassVar[bool] = False  # a webhook's address must not get there
    names_people = True  # a message lists who reacted
    home: ClassVar[str] = "https://slack.com"
    hosts: ClassVar[tuple[str, ...]] = ("hooks.slack.com", "files.slack.com")
    oauth: ClassVar[OAuth] = OAuth(
        authorize="https://slack.com/oauth/v2/authorize",
        token="https://slack.com/api/oauth.v2.access",  # noqa: S106 - an address
        scopes=SCOPES,
        source=Source("https://docs.slack.dev/authentication/installing-with-oauth", "2026-11-24"),
        pkce=False,  # an app must opt into it, and is then one without a secret
        separator=",",
    )
    options: ClassVar[Mapping[str, str]] = {"channel": "the channel's id, as in C0123456789 (a webhook knows its own)"}
    defaults: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, client: Client, account: Account) -> None:
        self._client, self._label = client, f"slack account {account.name}"
        self.sheet = account.sheet
        self._channel = str(account.sheet.get("channel") or (account.sheet.get("given") or {}).get("channel", ""))
        self._token = client.secrets.get("token", "")
        hook = _HOOK.search(self._token)
        self._hook = self.elsewhere(account, f"{HOOKS}/services/{hook['path']}") if hook else ""
        if hook:
            client.learn(hook["path"], hook["path"].rpartition("/")[2])

    @classmethod
    def open(cls, client: Client, account: Account) -> "Adapter":
        """Return the adapter of an account."""
        return cls(client, account)

    @classmethod
    def locate(cls, account: Account, url: str) -> str:
        """Return the ts in an address like https://team.slack.com/archives/C0123456789/p1700000000000100.

        Raises: Invalid.
        """
        place = urlsplit(str(account.sheet.get("web") or ""))
        host = (urlsplit(url.strip()).hostname or "").lower()
        there = {place.hostname or "", *({host} if host.endswith(".slack.com") and not place.hostname else ())}
        parts = address.path_of(url, there | address.hosts_of(account))
        digits = parts[-1].removeprefix("p") if parts else ""
        if len(digits) != 16 or not (digits.isascii() and digits.isdigit()) or parts[-3:-2] != ["archives"]:
            raise Invalid(address.FIELD, url, "must look like https://team.slack.com/archives/C0123456789/p17000…")
        if parts[-2] != account.sheet.get("channel", parts[-2]):
            raise Invalid(address.FIELD, url, f"must be a message of {account.handle}, not of channel {parts[-2][:20]}")
        return f"{digits[:10]}.{digits[10:]}"

    async def connect(self) -> Connected:
        """Return the channel, and whether a lost answer can be settled there.

        Raises:
            Unauthorized: the token is not accepted. Unavailable: no usable answer.
            Refused: there is no such channel, or the bot is not in it, or may not write; the message says what to do.
        """
        if self._hook:
            return await self._connect_webhook()
        if not self._channel:
            raise Refused(f"{self._label}: name its channel by its id: --option channel=C0123456789")
        reply = await self._reply("auth.test")
        who = judged(reply, f"{self._label}: auth.test")
        scopes = frozenset(re.split(r"[,\s]+", reply.headers.get("x-oauth-scopes", "")))
        told = (await self._ask("conversations.info", channel=self._channel)).get("channel")
        channel = told if isinstance(told, dict) else {}
        where = f"{self._label}: {handle_of(channel)}"
        if not who.get("user_id") or not channel.get("id"):
            raise Unavailable(f"{self._label}: Slack does not say whose token this is, or which channel")
        if channel.get("is_archived") or channel.get("is_member") is False:
            raise Refused(f"{where}: invite the bot {who.get('user')} there (/invite), and see that it is not archived")
        known = scopes != {""}  # a server that tells no scopes is believed to give all
        if known and "chat:write" not in scopes:
            raise Refused(f"{where}: give the app the scope chat:write, and install it again")
        sheet: dict[str, Any] = {"channel": str(channel["id"]), "user": str(who["user_id"])}
        sheet |= {"bot": str(who.get("bot_id") or ""), "web": str(who.get("url") or "")}
        guarantee, warnings = Guarantee.READ_BACK, []
        if known and not {"files:write", "files:read"} <= scopes:
            sheet["media_count"] = 0
            warnings.append("without the scopes files:write and files:read it posts no media")
        # Which scope it takes depends on the channel: it is tried.
        look = await self._ask("conversations.history", frozenset({"missing_scope"}), channel=self._channel, limit="1")
        if look.get("error"):
            guarantee = Guarantee.NONE
            sheet |= {"comments": False, "measures": [], "fetches": False, "media_count": 0}
            scope = str(look.get("needed") or "channels:history")[:60]
            warnings.append(f"without the scope {scope} nobody can ask Slack: a lost answer is a person's")
        return Connected(str(channel["id"]), handle_of(channel), "slack-bot", guarantee, sheet, tuple(warnings))

    async def _connect_webhook(self) -> Connected:
        """Ask whether the webhook lives, by a post without a text, which it refuses before all else."""
        reply = await self._client.ask("POST", self._hook, json={}, ok=HOOK_SAYS)
        words = words_of(reply)
        if words not in NO_TEXT:
            raise hook_refused(reply, self._label)
        path = self._hook.split("/services/")[1].split("/")
        sheet = {"threads": False, "edits": False, "deletes": False, "fetches": False, "comments": False}
        warning = "an incoming webhook names no message and answers no question: a lost answer is a person's"
        ident = f"{path[0]}/{path[1]}"
        return Connected(
            ident, f"webhook {path[1]}", "slack-webhook", Guarantee.NONE,
            {**sheet, "measures": [], "media_count": 0}, (warning,),
        )  # fmt: skip

    async def prepare(
        self,
        outgoing: Outgoing,
        *,
        key: str,
        parent: Parent | None,
        previous: Wire | None,
        open_medium: Callable[[str], BinaryIO],
    ) -> Wire:
        """Upload the media, which nobody sees yet, and fix the fields of the one request that makes the post.

        Each attempt uploads anew, for what becomes of files that are shared twice is not told; what earlier attempts
        uploaded is remembered, so that their post is known by it.
        """
        if self._hook and (parent or outgoing.media):
            raise Refused(f"{self._label}: an incoming webhook posts a text alone, no media and no answer")
        past = [*(previous or {}).get("past", ()), *(previous or {}).get("files", ())]
        # What we write is plain; Slack reads its own mark-up in the rest.
        text, key = html.escape(outgoing.text, quote=False), sha256(key.encode()).hexdigest()[:32]
        # All parts hang on the first: an answer to an answer is not shown where it belongs.
        root = str(parent.wire.get("parent") or parent.remote_id) if parent else None
        wire: dict[str, Any] = {"key": key, "files": [], "past": past, "parent": root}
        if self._hook:
            return {**wire, "method": "", "fields": {"text": text, "mrkdwn": False}}
        answers = {"thread_ts": root} if root else {}
        if not outgoing.media:
            metadata = {"event_type": EVENT, "event_payload": {"key": key}}
            # Else Slack would show a page of whatever link it finds.
            unfurls = dict.fromkeys(("unfurl_links", "unfurl_media"), bool(outgoing.link))
            fields = {"channel": self._channel, "text": text, "mrkdwn": False, "metadata": metadata}
            fields |= {**unfurls, **answers}
            return {**wire, "method": "chat.postMessage", "fields": fields}
        ids = [await self._upload(medium, open_medium) for medium in outgoing.media]
        fields = {"channel_id": self._channel, "files": [{"id": each} for each in ids], **answers}
        if text:
            fields["initial_comment"] = text
        return {**wire, "method": "files.completeUploadExternal", "fields": fields, "files": ids}

    async def publish(self, outgoing: Outgoing, wire: Wire) -> Published | Pending:
        """Send the one request that makes the post; one with media is pending until its files are in the channel."""
        if self._hook:
            reply = await self._client.commit("POST", self._hook, json=wire["fields"], ok=HOOK_SAYS)
            if reply.status >= 300:
                raise hook_refused(reply, self._label)
            if words_of(reply) != "ok":
                raise reply.bad("the answer is not `ok`")
            # It names nothing; the key stands for the message, so that two are never taken for one.
            return Published(f"webhook-{wire['key']}", None)
        path = f"/api/{wire['method']}"
        reply = await self._client.commit("POST", path, json=wire["fields"], headers=self._bearer())
        answer = judged(reply, f"{self._label}: {wire['method']}", commits=True)
        if wire["method"] == "chat.postMessage":
            if not is_ts(answer.get("ts")):
                raise reply.bad("the answer names no message")
            return self._published(answer["ts"], wire["parent"])
        files = dicts(answer.get("files"))
        if not files:
            raise reply.bad("the answer names no file")
        ts = next((ts for file in files for ts in shares_of(file, self._channel)), None)
        return self._published(ts, wire["parent"]) if ts else Pending({"shared": [str(each) for each in wire["files"]]})

    async def confirm(self, outgoing: Outgoing, wire: Wire, doubt: Doubt) -> Published | Pending | None:
        """Ask the files in which message they stand; of a text, look for its key in the channel, else for its words.

        Raises:
            Uncertain: it is a webhook's, or the bot may not read: a person must look.
            Unavailable: the channel was not read to its end, or Slack has the files and shows them nowhere.
        """
        if self._hook or not self.capabilities.fetches:
            raise Uncertain(f"{self._label} cannot be asked: look at the channel and settle it")
        if wire["files"]:
            return await self._shared(wire, doubt)
        wanted = spoken(outgoing.text)
        by_words: str | None = None
        for message in await self._since(doubt.since - SKEW, wire["parent"]):
            if message["ts"] in doubt.owned or not self._is_ours(message) or message["ts"] == wire["parent"]:
                continue
            metadata = message.get("metadata")
            payload = metadata.get("event_payload") if isinstance(metadata, dict) else None
            if isinstance(payload, dict) and payload.get("key"):
                if payload["key"] == wire["key"]:
                    return self._published(message["ts"], wire["parent"])
            elif by_words is None and not message.get("files") and spoken(plain(message.get("text"))) == wanted:
                by_words = message["ts"]  # where metadata are not shown to this token
        return self._published(by_words, wire["parent"]) if by_words else None

    async def _shared(self, wire: Wire, doubt: Doubt) -> Published | Pending | None:
        there = False
        for ident in dict.fromkeys([*wire["past"], *wire["files"]]):
            answer = await self._ask("files.info", NO_FILE, file=str(ident))
            file = answer.get("file")
            if answer.get("error") or not isinstance(file, dict):
                continue  # an upload that was not completed is no file
            there = True
            for ts in shares_of(file, self._channel):
                if ts not in doubt.owned:
                    return self._published(ts, wire["parent"])
        if not there:
            return None
        if self._client.now() - doubt.since < SHARED_WITHIN:
            return Pending({"shared": [str(each) for each in wire["files"]]})
        raise Unavailable(f"{self._label}: Slack has the files, and shows them in no message: look at the channel")

    async def fetch(self, remote_id: str) -> Mapping[str, Any]:
        """Return the message as Slack tells it. Raises: Refused: there is none."""
        message = await self._message(remote_id)
        if message is None:
            raise Refused(f"{self._label}: there is no message {shown(remote_id)}", status=404)
        return message

    async def measure(self, remote_ids: Sequence[str]) -> Mapping[str, Mapping[Metric, Reading]]:
        """Return reactions and answers, of which there is no word in a message that has none."""
        found: dict[str, Mapping[Metric, Reading]] = {}
        for remote_id in dict.fromkeys(remote_ids):
            message = await self._message(remote_id) if self.capabilities.metrics else None
            found[remote_id] = readings_of(message, self.capabilities.metrics)
        return found

    async def comments(self, remote_id: str) -> Sequence[Comment]:
        """Return what stands in the message's thread. Raises: Refused, Unavailable."""
        if self._hook or not self.capabilities.comments:
            raise Refused(f"{self._label} may not read the channel")
        await self.fetch(remote_id)
        return [comment_of(each, remote_id) for each in await self._thread(remote_id) if each["ts"] != remote_id]

    async def edit(self, remote_id: str, outgoing: Outgoing, wire: Wire) -> Published:
        """Replace the text; media and alt texts stay. The same edit again changes nothing."""
        self._demand_bot(remote_id)
        fields: dict[str, Any] = {"text": html.escape(outgoing.text, quote=False)}
        if not wire["files"]:
            fields["metadata"] = {"event_type": EVENT, "event_payload": {"key": wire["key"]}}
        answer = await self._ask("chat.update", channel=self._channel, ts=remote_id, **fields)
        if answer.get("ts") != remote_id:
            raise Unavailable(f"{self._label}: chat.update: the answer names another message")
        return self._published(remote_id, None)

    async def delete(self, remote_id: str) -> None:
        """Take the message down, and its files before it; what is gone already is no error."""
        self._demand_bot(remote_id)
        message = await self._message(remote_id) or {}
        for file in dicts(message.get("files")):
            if file.get("id") and file.get("mode") != "tombstone":
                await self._ask("files.delete", NO_FILE, file=str(file["id"]))
        await self._ask("chat.delete", NO_MESSAGE, channel=self._channel, ts=remote_id)

    def _demand_bot(self, remote_id: str) -> None:
        if self._hook:
            raise Refused(f"{self._label}: an incoming webhook changes nothing that it posted")
        if not TS.fullmatch(remote_id):
            raise Refused(f"{self._label}: a message is named by its ts, as in 1700000000.000100")

    def _bearer(self) -> dict[str, str]:
        if not self._token.startswith("xox"):
            raise Unauthorized(f"{self._label}: a bot's token begins with xoxb-; a webhook is named by its address")
        return {"Authorization": f"Bearer {self._token}"}

    async def _reply(self, method: str, **fields: Any) -> Reply:
        """Call a method that may be called again."""
        writes = method.startswith(("chat.", "files.delete"))
        body: dict[str, Any] = {"json": fields} if writes else {"data": fields}
        return await self._client.ask("POST", f"/api/{method}", headers=self._bearer(), reading=not writes, **body)

    async def _ask(self, method: str, admitted: frozenset[str] = frozenset(), **fields: Any) -> dict[str, Any]:
        reply = await self._reply(method, **fields)
        return judged(reply, f"{self._label}: {method}", admitted=admitted)

    async def _upload(self, medium: OutgoingMedium, open_medium: Callable[[str], BinaryIO]) -> str:
        name = medium.sha256[:16] + (mimetypes.guess_extension(medium.mime) or "")
        asked: dict[str, Any] = {"filename": name, "length": str(medium.size), "alt_txt": medium.alt}
        told = await self._ask("files.getUploadURLExternal", **asked)
        url, ident = told.get("upload_url"), told.get("file_id")
        if not isinstance(url, str) or not isinstance(ident, str) or not ident:
            raise Unavailable(f"{self._label}: Slack names no place for an upload")
        with open_medium(medium.sha256) as file:
            await self._client.ask("POST", url, files={"file": (name, file, medium.mime)}, foreign=True)
        return ident

    async def _message(self, remote_id: str) -> dict[str, Any] | None:
        if self._hook or not self.capabilities.fetches or not TS.fullmatch(remote_id):
            raise Refused(f"{self._label} cannot be asked for message {shown(remote_id)}")
        # The one method that finds posts and answers alike; the message that began the thread comes along.
        asked: dict[str, Any] = {"latest": remote_id, "oldest": remote_id, "inclusive": "true", "limit": "10"}
        asked |= {"channel": self._channel, "ts": remote_id, "include_all_metadata": "true"}
        answer = await self._ask("conversations.replies", NO_MESSAGE, **asked)
        if answer.get("error"):
            return None
        messages = answer.get("messages")
        if not isinstance(messages, list):
            raise Unavailable(f"{self._label}: conversations.replies: the answer holds no messages")
        same = [each for each in dicts(messages) if each.get("ts") == remote_id and each.get("subtype") != "tombstone"]
        return same[0] if same else None

    async def _thread(self, ts: str) -> list[dict[str, Any]]:
        return await self._all("conversations.replies", NO_MESSAGE, ts=ts)

    async def _since(self, since: datetime, parent: str | None) -> list[dict[str, Any]]:
        """Return what was posted since then, oldest first: in the channel, or in the parent's thread."""
        oldest = f"{since.timestamp():.6f}"
        if parent:
            return await self._all("conversations.replies", NO_MESSAGE, ts=parent, oldest=oldest)
        return await self._all("conversations.history", frozenset(), oldest=oldest)

    async def _all(self, method: str, admitted: frozenset[str], **fields: Any) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for _ in range(PAGES):
            answer = await self._ask(
                method, admitted, channel=self._channel, limit=str(PAGE), include_all_metadata="true", **fields
            )
            messages = answer.get("messages", [] if answer.get("error") else None)
            if not isinstance(messages, list) or not all(isinstance(m, dict) and is_ts(m.get("ts")) for m in messages):
                raise Unavailable(f"{self._label}: {method}: the messages cannot be read")
            found |= {message["ts"]: message for message in messages}
            after = answer.get("response_metadata")
            cursor = after.get("next_cursor") if isinstance(after, dict) else None
            if not cursor and not answer.get("has_more"):
                return [found[ts] for ts in sorted(found)]
            if not cursor:
                break
            fields = {**fields, "cursor": str(cursor)}
        raise Unavailable(f"{self._label}: {method}: the messages since then were not read to their end")

    def _is_ours(self, message: Mapping[str, Any]) -> bool:
        mine = {str(self.sheet.get(each) or "") for each in ("user", "bot")} - {""}
        return bool({str(message.get("user")), str(message.get("bot_id"))} & mine)

    def _published(self, ts: str, parent: str | None) -> Published:
        web = str(self.sheet.get("web") or "").rstrip("/")
        link = f"{web}/archives/{self._channel}/p{ts.replace('.', '')}" if web else None
        if link and parent:
            link += f"?thread_ts={parent}&cid={self._channel}"
        return Published(ts, link, datetime.fromtimestamp(int(ts.partition(".")[0]), UTC))
