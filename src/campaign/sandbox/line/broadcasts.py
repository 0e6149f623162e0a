"""Broadcasts: judged, their media fetched, taken once under their key, counted."""

import http.client
import json
import re
import secrets
import socket
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from campaign.sandbox import engagement
from campaign.sandbox.books import Row
from campaign.sandbox.clock import BOOT, from_ms
from campaign.sandbox.line.refusals import Refusal
from campaign.sandbox.state import Sandbox

MAX_TEXT, MAX_MESSAGES, MAX_URL = 5000, 5, 2000  # UTF-16 units, objects, characters
MAX_BYTES = {"image": 10_000_000, "video": 200_000_000, "preview": 1_000_000}
MIMES = {"image": ("image/jpeg", "image/png"), "video": ("video/mp4",), "preview": ("image/jpeg", "image/png")}
KEY_SECONDS = 24 * 3600.0
SEEN_AFTER = 24 * 3600 * 1000  # milliseconds after which a broadcast's counters are told
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


async def broadcast(sandbox: Sandbox, request: Request, account: Row) -> tuple[str, dict[str, Any]]:
    """Take a broadcast; return the id of its request, and the answer. Raises: Refusal."""
    key = request.headers.get("x-line-retry-key")
    if key is not None and not _is_uuid(key):
        raise Refusal("retry key")
    _once(sandbox, request, account, key)
    told = _judged(await request.body())
    friends = engagement.followers(sandbox.seed, account["name"], 0)
    if account["quota"] is not None and used(sandbox, account) + friends > account["quota"]:
        raise Refusal("month")
    messages, media = told["messages"], []
    for number, message in enumerate(messages):
        if message["type"] != "text":
            media.append(await run_in_threadpool(_medium, sandbox, message, number))
    _once(sandbox, request, account, key)  # while media were fetched, the same may have come once more
    ident, now = secrets.token_hex(16), sandbox.clock.milliseconds()
    ident = f"{ident[:8]}-{ident[8:12]}-{ident[12:16]}-{ident[16:20]}-{ident[20:]}"
    text = "\n".join(message["text"] for message in messages if message["type"] == "text")
    sandbox.books.insert(
        "line_broadcasts",
        id=ident,
        account=account["id"],
        key=key,
        text=text,
        media=json.dumps(media),
        friends=friends,
        growth=engagement.fingerprint(account["name"], text),
        created_at=now,
        accepted=time.monotonic(),
        boot=BOOT,
    )
    return ident, {}


def used(sandbox: Sandbox, account: Row) -> int:
    """Return how many messages were sent this month."""
    now = from_ms(sandbox.clock.milliseconds())
    since = int(now.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)
    sql = "SELECT sum(friends) FROM line_broadcasts WHERE account = ? AND created_at >= ?"
    return sandbox.books.number(sql, account["id"], since)


def event(sandbox: Sandbox, account: Row, ident: str) -> dict[str, Any] | None:
    """Return what is told of a broadcast's readers: nothing for a day, and no number under twenty."""
    if not _is_uuid(ident):
        raise Refusal("insight")
    row = sandbox.books.one("SELECT * FROM line_broadcasts WHERE id = ? AND account = ?", ident, account["id"])
    if row is None:
        return None
    found, now = counts(sandbox, row, sandbox.clock.milliseconds()), sandbox.clock.milliseconds()
    told = now - row["created_at"] >= SEEN_AFTER

    def shown(value: int) -> int | None:
        return value if told and value >= 20 else None

    overview: dict[str, Any] = {
        "requestId": ident,
        "timestamp": row["created_at"] // 1000,
        "delivered": row["friends"] if told else None,
        "uniqueImpression": shown(found["reach"]),
        "uniqueClick": shown(found["link_clicks"]),
        "uniqueMediaPlayed": None,
        "uniqueMediaPlayed100Percent": None,
    }
    for name, how in sandbox.faults.missing(ident, account["name"]).items():
        metric = {"reach_count": "uniqueImpression", "link_clicks_count": "uniqueClick"}.get(name)
        if metric and how == "absent":
            del overview[metric]
    return {"overview": overview, "messages": [], "clicks": []}


def counts(sandbox: Sandbox, row: Row, at: int) -> dict[str, int]:
    age = (at - row["created_at"]) / 1000
    reach = min(row["friends"], 20 * engagement.count(sandbox.seed, row["growth"], "favourites", age))
    return {"reach": reach, "link_clicks": 8 * engagement.count(sandbox.seed, row["growth"], "reblogs", age)}


def _once(sandbox: Sandbox, request: Request, account: Row, key: str | None) -> None:
    """Refuse what was taken under this key already. Raises: Refusal."""
    if key is None:
        return
    fault = sandbox.faults.standing("ignore_key", "POST", request.url.path, account["name"])
    if fault is not None:
        fault.hits += 1
        return
    sql = "SELECT id FROM line_broadcasts WHERE account = ? AND key = ? AND boot = ? AND accepted > ? ORDER BY accepted"
    row = sandbox.books.one(sql, account["id"], key, BOOT, time.monotonic() - KEY_SECONDS)
    if row is not None:
        raise Refusal("accepted", headers={"x-line-accepted-request-id": str(row["id"])})


def _judged(raw: bytes) -> dict[str, Any]:
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError):
        raise Refusal("json") from None
    messages = told.get("messages") if isinstance(told, dict) else None
    if not isinstance(messages, list) or not messages:
        raise Refusal("body", {"messages": "May not be empty"})
    if len(messages) > MAX_MESSAGES:
        raise Refusal("body", {"messages": f"Size must be between 1 and {MAX_MESSAGES}"})
    for number, message in enumerate(messages):
        at = f"messages[{number}]"
        kind = message.get("type") if isinstance(message, dict) else None
        if kind not in ("text", "image", "video"):
            raise Refusal("body", {f"{at}.type": "Must be one of the following values: [text, image, video]"})
        if kind == "text":
            text = message.get("text")
            if not isinstance(text, str) or not text.strip():
                raise Refusal("body", {f"{at}.text": "May not be empty"})
            if len(text.encode("utf-16-le", "replace")) // 2 > MAX_TEXT:
                raise Refusal("body", {f"{at}.text": f"Length must be between 0 and {MAX_TEXT}"})
            continue
        for name in ("originalContentUrl", "previewImageUrl"):
            url = message.get(name)
            if not isinstance(url, str) or not url:
                raise Refusal("body", {f"{at}.{name}": "May not be empty"})
            if len(url) > MAX_URL:
                raise Refusal("body", {f"{at}.{name}": f"Length must be between 0 and {MAX_URL}"})
            if urlsplit(url).scheme not in ("https", "http") or (urlsplit(url).scheme == "http" and not _here(url)):
                raise Refusal("body", {f"{at}.{name}": "Must be a valid HTTPS URL"})
    found: dict[str, Any] = told
    return found


def _medium(sandbox: Sandbox, message: dict[str, Any], number: int) -> dict[str, Any]:
    """Fetch a medium and its preview, as LINE's servers do. The real ones do it later; here a failure is a refusal."""
    kept: dict[str, Any] = {"kind": message["type"], "description": None}
    for name, kind in (("originalContentUrl", message["type"]), ("previewImageUrl", "preview")):
        try:
            mime, content = _fetched(message[name], MAX_BYTES[kind])
        except (OSError, http.client.HTTPException, ValueError) as error:
            words = f"cannot be fetched ({type(error).__name__})"
            raise Refusal("body", {f"messages[{number}].{name}": words}) from None
        if mime not in MIMES[kind]:
            raise Refusal("body", {f"messages[{number}].{name}": f"Must be of {' or '.join(MIMES[kind])}"})
        digest = sandbox.books.store(content)
        kept |= {"preview": digest} if kind == "preview" else {"sha256": digest, "mime": mime, "size": len(content)}
    return kept


def _fetched(url: str, most: int) -> tuple[str, bytes]:
    """Return type and bytes of what is at an address. Raises: OSError, ValueError."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    connection = (
        http.client.HTTPConnection(host, port or 80, timeout=10)
        if parts.scheme == "http"
        else http.client.HTTPSConnection(host, port or 443, timeout=10, context=ssl.create_default_context())
    )
    try:
        connection.request("GET", f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}")
        answer = connection.getresponse()
        if answer.status != 200:
            raise ValueError(answer.status)
        content = answer.read(most + 1)
        if len(content) > most:
            raise ValueError("too large")
        return answer.headers.get_content_type(), content
    finally:
        connection.close()


def _here(url: str) -> bool:
    """Whether an address is this machine's own: only there a twin is spoken to without TLS."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or socket.inet_aton(host)[0] == 127
    except OSError:
        return False


def _is_uuid(text: str) -> bool:
    return bool(_UUID.fullmatch(text))
