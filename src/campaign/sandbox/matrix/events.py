"""Events: sent under an id of the client's, read back, related to each other, redacted."""

import json
from collections.abc import Iterator
from typing import Any

from starlette.responses import Response

from campaign.sandbox import engagement
from campaign.sandbox.books import Row
from campaign.sandbox.matrix.asking import SERVER, Asking, answer, ident
from campaign.sandbox.matrix.refusals import MatrixError
from campaign.sandbox.state import Sandbox

MAX_EVENT = 65_536  # bytes: https://spec.matrix.org/latest/client-server-api/#size-limits
_SEEN = "SELECT * FROM matrix_events WHERE id = ? AND room = ?"
_SAID = ("좋아요", "Спасибо", "Beautiful", "응원합니다", "Удачи в пути")


async def send(ask: Asking) -> Response:
    """The same id of a request, from the same device, is the same event, whatever else it says."""
    content, room, kind = await ask.json(), ask.room(), ask.named("type")
    known = _replayed(ask, f"send {kind} {ask.named('txn')}")
    if known is not None:
        return answer({"event_id": known})
    needed = room["needed"] if kind == "m.room.message" else 0
    if room["power"] < needed:
        raise MatrixError("no_power", level=room["power"], needed=needed)
    if kind == "m.room.message" and not isinstance(content.get("body"), str):
        raise MatrixError("no_body")
    if len(json.dumps(content, ensure_ascii=False).encode()) + 500 > MAX_EVENT:
        raise MatrixError("too_large")
    _check_relation(ask, room, kind, content)
    return answer({"event_id": _add(ask, room, kind, content, f"send {kind} {ask.named('txn')}")})


async def redact(ask: Asking) -> Response:
    """What was never there can be redacted, too: it may still arrive from another server."""
    content, room = await ask.json(), ask.room()
    txn = f"redact {ask.named('event')} {ask.named('txn')}"
    known = _replayed(ask, txn)
    if known is not None:
        return answer({"event_id": known})
    target = ask.sandbox.books.one(_SEEN, ask.named("event"), room["id"])
    if target is not None and target["sender"] != ask.user and room["power"] < 50:
        raise MatrixError("no_redaction")
    made = _add(ask, room, "m.room.redaction", {**content, "redacts": ask.named("event")}, txn)
    if target is not None and target["redacted_at"] is None:
        sql = "UPDATE matrix_events SET redacted_at = ?, redacted_by = ? WHERE id = ?"
        ask.sandbox.books.do(sql, ask.now, made, target["id"])
    return answer({"event_id": made})


async def one(ask: Asking) -> Response:
    try:
        room = ask.room()
    except MatrixError:
        raise MatrixError("no_event") from None  # who is not there is told no more
    row = ask.sandbox.books.one(_SEEN, ask.named("event"), room["id"])
    if row is not None:
        return answer(told(ask, row))
    raise MatrixError("no_event")


async def messages(ask: Asking) -> Response:
    """Return a page of the room, newest first unless told; there is an `end` while there is more."""
    room, query = ask.room(), ask.request.query_params
    wanted = json.loads(query.get("filter") or "{}")
    rows = ask.sandbox.books.all("SELECT * FROM matrix_events WHERE room = ? ORDER BY seq DESC", room["id"])
    lagging = ask.sandbox.faults.standing("lagging_list", "GET", ask.request.url.path, room["name"])
    if lagging is not None:
        seconds = float(lagging.args.get("seconds", 30))
        late = [row for row in rows if ask.now - row["created_at"] < seconds * 1000]
        lagging.hits += bool(late)
        rows = [row for row in rows if row not in late]
    if query.get("dir", "b") == "f":
        rows.reverse()
    rows = [
        row
        for row in rows
        if row["type"] in wanted.get("types", (row["type"],))
        and row["sender"] in wanted.get("senders", (row["sender"],))
    ]
    page, end = _page(ask, [told(ask, row) for row in rows], 10)
    start = query.get("from") or "t0"
    return answer({"chunk": page, "start": start, **({"end": end} if end else {})})


async def relations(ask: Asking) -> Response:
    """Return what refers to an event, newest first: real events, and those by which a post grows."""
    room = ask.room()
    row = ask.sandbox.books.one(_SEEN, ask.named("event"), room["id"])
    if row is None:
        raise MatrixError("no_parent")
    children = [told(ask, child) for child in reversed(_children(ask.sandbox, row))]
    children += grown(ask.sandbox, row, ask.now)
    kind, wanted = ask.request.path_params.get("rel"), ask.request.path_params.get("type")
    children = [
        child
        for child in sorted(children, key=lambda child: child["origin_server_ts"], reverse=True)
        if kind in (None, child["content"]["m.relates_to"]["rel_type"]) and wanted in (None, child["type"])
    ]
    page, end = _page(ask, children, 5)
    return answer({"chunk": page, **({"next_batch": end} if end else {})})


def told(ask: Asking, row: Row) -> dict[str, Any]:
    """Return an event as its reader sees it: with its own request's id, its latest edit, or without content."""
    sandbox, age = ask.sandbox, ask.now - row["created_at"]
    unsigned: dict[str, Any] = {"age": age}
    if (row["sender"], row["device"]) == (ask.user, ask.device["id"]):
        unsigned["transaction_id"] = row["txn"].split(" ", 2)[2]
    event = _plain(row) | {"unsigned": unsigned, "age": age, "user_id": row["sender"]}
    if row["redacted_at"] is not None:
        because = sandbox.books.one("SELECT * FROM matrix_events WHERE id = ?", row["redacted_by"])
        told = _plain(because) if because else {}
        unsigned |= {"redacted_by": row["redacted_by"], "redacted_because": told}
        return event | {"content": {}, "redacted_because": told}
    children = _children(sandbox, row)
    edits = [child for child in children if _relation(child).get("rel_type") == "m.replace"]
    bundled: dict[str, Any] = {}
    if edits:
        bundled["m.replace"] = _plain(max(edits, key=lambda child: child["seq"]))
    if refers := [child for child in children if _relation(child).get("rel_type") == "m.reference"]:
        bundled["m.reference"] = {"chunk": [{"event_id": child["id"]} for child in refers]}
    if bundled:
        unsigned["m.relations"] = bundled
    return event


def grown(sandbox: Sandbox, row: Row, now: int) -> Iterator[dict[str, Any]]:
    """Yield the reactions and answers that a post has drawn by now."""
    for metric, number in counts(sandbox, row, now).items():
        for n in range(number):
            relation: dict[str, Any] = {"event_id": row["id"], "rel_type": "m.thread", "is_falling_back": True}
            relation["m.in_reply_to"] = {"event_id": row["id"]}
            content: dict[str, Any] = {"msgtype": "m.text", "body": _SAID[n % len(_SAID)], "m.relates_to": relation}
            if metric == "reactions":
                content = {"m.relates_to": {"event_id": row["id"], "rel_type": "m.annotation", "key": "👍"}}
            yield {
                "event_id": ident("$", row["id"], metric, n),
                "room_id": row["room"],
                "sender": f"@reader{n}:{SERVER}",
                "type": "m.reaction" if metric == "reactions" else "m.room.message",
                "content": content,
                "origin_server_ts": min(now, row["created_at"] + (n + 1) * 60_000),
                "unsigned": {},
            }


def counts(sandbox: Sandbox, row: Row, at: int) -> dict[str, int]:
    """Return how often a post was reacted to and answered at a time, beside what real users did."""
    if row["growth"] is None or row["redacted_at"] is not None:
        return {}
    age, language = (at - row["created_at"]) / 1000, row["name"].rpartition("_")[2]
    seed, growth = sandbox.seed, row["growth"]
    return {
        "reactions": engagement.count(seed, growth, "favourites", age, language=language, platform="matrix"),
        "replies": engagement.count(seed, growth, "replies", age, language=language, platform="matrix"),
    }


def is_post(row: Row) -> bool:
    """Whether an event is a text of its own: neither an edit, nor a medium below a text."""
    return row["growth"] is not None


def media_of(sandbox: Sandbox, row: Row) -> list[Row]:
    """Return the events of the media below a text, in the order in which they came."""
    sql = "SELECT * FROM matrix_events WHERE room = ? AND sender = ? AND seq > ? ORDER BY seq"
    return [
        child
        for child in sandbox.books.all(sql, row["room"], row["sender"], row["seq"])
        if _below(child) == row["id"] and child["redacted_at"] is None
    ]


def body_of(sandbox: Sandbox, row: Row) -> str:
    """Return an event's text as its latest edit left it."""
    edits = [child for child in _children(sandbox, row) if _relation(child).get("rel_type") == "m.replace"]
    latest = json.loads(max(edits, key=lambda child: child["seq"])["content"]) if edits else None
    content = latest["m.new_content"] if latest else json.loads(row["content"])
    return str(content.get("body", ""))


def answered(row: Row) -> str | None:
    reply = _relation(row).get("m.in_reply_to")
    return str(reply["event_id"]) if isinstance(reply, dict) and "event_id" in reply else None


def _replayed(ask: Asking, txn: str) -> str | None:
    fault = ask.sandbox.faults.standing("ignore_key", "PUT", ask.request.url.path, None)
    if fault is not None:
        fault.hits += 1
        return None
    sql = "SELECT id FROM matrix_events WHERE sender = ? AND device = ? AND txn = ? AND room = ?"
    row = ask.sandbox.books.one(sql, ask.user, ask.device["id"], txn, ask.named("room"))
    return str(row["id"]) if row else None


def _check_relation(ask: Asking, room: Row, kind: str, content: dict[str, Any]) -> None:
    relation = content.get("m.relates_to")
    if not isinstance(relation, dict) or "rel_type" not in relation:
        return
    target = ask.sandbox.books.one(_SEEN, str(relation.get("event_id")), room["id"])
    if target is None:
        raise MatrixError("unknown_relation")
    if relation["rel_type"] == "m.thread" and _relation(target).get("rel_type"):
        raise MatrixError("thread_in_thread")
    if relation["rel_type"] == "m.annotation":
        for child in _children(ask.sandbox, target):
            same = _relation(child)
            if child["type"] == kind and child["sender"] == ask.user and same.get("key") == relation.get("key"):
                raise MatrixError("same_reaction")


def _add(ask: Asking, room: Row, kind: str, content: dict[str, Any], txn: str) -> str:
    books = ask.sandbox.books
    seq = books.number("SELECT max(seq) FROM matrix_events") + 1
    made = ident("$", room["id"], seq, ask.now, json.dumps(content, sort_keys=True))
    raw = json.dumps(content, ensure_ascii=False)
    relation = content.get("m.relates_to")
    relation = relation if isinstance(relation, dict) else {}
    values = {"id": made, "room": room["id"], "name": room["name"], "sender": ask.user, "type": kind, "content": raw}
    below = relation.get("rel_type") == "m.reference" or (
        relation.get("rel_type") == "m.thread" and content.get("msgtype") in ("m.image", "m.video")
    )
    post = kind == "m.room.message" and relation.get("rel_type") != "m.replace" and not below
    books.insert(
        "matrix_events",
        seq=seq,
        **values,
        target=str(relation["event_id"]) if "event_id" in relation else None,
        device=ask.device["id"],
        txn=txn,
        growth=engagement.fingerprint(room["name"], str(content.get("body"))) if post else None,
        created_at=ask.now,
    )
    return made


def _children(sandbox: Sandbox, row: Row) -> list[Row]:
    sql = "SELECT * FROM matrix_events WHERE target = ? AND room = ? AND redacted_at IS NULL ORDER BY seq"
    return sandbox.books.all(sql, row["id"], row["room"])


def _plain(row: Row) -> dict[str, Any]:
    return {
        "event_id": row["id"],
        "room_id": row["room"],
        "sender": row["sender"],
        "type": row["type"],
        "content": json.loads(row["content"]),
        "origin_server_ts": row["created_at"],
    }


def _relation(row: Row) -> dict[str, Any]:
    relation = json.loads(row["content"]).get("m.relates_to")
    return relation if isinstance(relation, dict) else {}


def _below(row: Row) -> str | None:
    """Return the text that a medium stands below."""
    if json.loads(row["content"]).get("msgtype") not in ("m.image", "m.video"):
        return None
    relation = _relation(row)
    return str(relation.get("event_id")) if relation.get("rel_type") == "m.reference" else answered(row)


def _page(ask: Asking, events: list[dict[str, Any]], default: int) -> tuple[list[dict[str, Any]], str | None]:
    given = ask.request.query_params.get("from", "").removeprefix("t")
    start = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
    limit = ask.number("limit", default, 100)
    return events[start : start + limit], f"t{start + limit}" if len(events) > start + limit else None
