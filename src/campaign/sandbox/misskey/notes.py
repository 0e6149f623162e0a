"""Notes: written, read, listed, answered, taken down."""

import json
import time
from typing import Any

from campaign.sandbox import engagement
from campaign.sandbox.books import Row
from campaign.sandbox.clock import BOOT, iso
from campaign.sandbox.misskey import drive
from campaign.sandbox.misskey.asking import Asking, bad
from campaign.sandbox.misskey.idents import fresh, numbered
from campaign.sandbox.misskey.refusals import Refusal
from campaign.sandbox.state import Sandbox

MAX_TEXT, MAX_FILES = 3000, 16
VISIBILITIES = ("public", "home", "followers", "specified")


def create(ask: Asking) -> Any:
    """Write a note: one for each request, for there is no key."""
    ask.needs("write:notes")
    text, files = _text(ask), _files(ask)
    if text is None and not files:
        raise bad("text", "required", "must have required property 'text'")
    visibility = ask.text("visibility") or "public"
    if visibility not in VISIBILITIES:
        raise bad("visibility", "enum", "must be equal to one of the allowed values")
    reply = None
    if ask.params.get("replyId") is not None:
        reply = _row(ask.sandbox, ask.ident("replyId"))
        if reply is None:
            raise Refusal("reply")
    books = ask.sandbox.books
    with books.together():
        ident = fresh(ask.sandbox, ask.now)
        books.insert(
            "misskey_notes",
            id=ident,
            user=ask.user["id"],
            text=text,
            cw=ask.text("cw"),
            files=json.dumps([file["id"] for file in files]),
            reply=reply["id"] if reply else None,
            visibility=visibility,
            growth=engagement.fingerprint(ask.user["username"], text or ""),
            created_at=ask.now,
            accepted=time.monotonic(),
            boot=BOOT,
        )
    row = _row(ask.sandbox, ident)
    assert row is not None  # noqa: S101 - just inserted
    return {"createdNote": told(ask.sandbox, row, ask.now)}


def show(ask: Asking) -> Any:
    row = _row(ask.sandbox, ask.ident("noteId"))
    if row is None:
        raise Refusal("note")
    return told(ask.sandbox, row, ask.now)


def delete(ask: Asking) -> Any:
    ask.needs("write:notes")
    row = _row(ask.sandbox, ask.ident("noteId"))
    if row is None:
        raise Refusal("note")
    if row["user"] != ask.user["id"]:
        raise Refusal("not_yours")
    ask.sandbox.books.do("UPDATE misskey_notes SET deleted_at = ? WHERE id = ?", ask.now, row["id"])
    return None


def react(ask: Asking) -> Any:
    ask.needs("write:reactions")
    row = _row(ask.sandbox, ask.ident("noteId"))
    if row is None:
        raise Refusal("note")
    sql = "INSERT OR REPLACE INTO misskey_reactions VALUES (?, ?, ?)"
    ask.sandbox.books.do(sql, row["id"], ask.user["id"], (ask.text("reaction") or "❤")[:30])
    return None


def of_user(ask: Asking) -> Any:
    """List a user's notes; without `withReplies` those that answer nothing."""
    user = ask.ident("userId")
    if ask.sandbox.books.one("SELECT 1 FROM misskey_users WHERE id = ?", user) is None:
        raise Refusal("user")
    where: list[str] = ["user = ?"]
    values: list[Any] = [user]
    if ask.params.get("withReplies") is not True and ask.params.get("includeReplies") is not True:
        where.append("reply IS NULL")
    lagging = ask.fits("lagging_list")
    if lagging is not None:
        where.append("NOT (boot = ? AND accepted > ?)")
        values += [BOOT, time.monotonic() - float(lagging.args.get("seconds", 3))]
    return _listed(ask, where, values)


def children(ask: Asking) -> Any:
    """List the notes that answer one; of a note that is not there it is empty."""
    return _listed(ask, ["reply = ?"], [ask.ident("noteId")])


def _listed(ask: Asking, where: list[str], values: list[Any]) -> Any:
    """https://github.com/misskey-dev/misskey/blob/develop/packages/backend/src/core/QueryService.ts"""
    limit = ask.number("limit", 10, 1, 100)
    since, until = ask.text("sinceId"), ask.text("untilId")
    if since is None and ask.params.get("sinceDate") is not None:
        since = numbered(ask.number("sinceDate", 0, 0, 10**15), 0)
    if until is None and ask.params.get("untilDate") is not None:
        until = numbered(ask.number("untilDate", 0, 0, 10**15), 0)
    if since is not None:
        where, values = [*where, "id > ?"], [*values, since]
    if until is not None:
        where, values = [*where, "id < ?"], [*values, until]
    order = "ASC" if since is not None and until is None else "DESC"
    sql = f"SELECT * FROM misskey_notes WHERE {' AND '.join([*where, 'deleted_at IS NULL'])}"  # noqa: S608
    rows = ask.sandbox.books.all(f"{sql} ORDER BY id {order} LIMIT ?", *values, limit)
    return [told(ask.sandbox, row, ask.now) for row in rows]


def counts(sandbox: Sandbox, row: Row, at: int) -> dict[str, int]:
    """Return the true counters at a time."""
    books, age = sandbox.books, (at - row["created_at"]) / 1000
    user = books.one("SELECT username FROM misskey_users WHERE id = ?", row["user"])
    language = str(user["username"]).rpartition("_")[2] if user else None

    def grown(metric: engagement.Grown) -> int:
        return engagement.count(sandbox.seed, row["growth"], metric, age, language=language, platform="misskey")

    reacted = books.number("SELECT count(*) FROM misskey_reactions WHERE note = ?", row["id"])
    answers = "SELECT count(*) FROM misskey_notes WHERE reply = ? AND deleted_at IS NULL"
    return {
        "reactionCount": grown("favourites") + reacted,
        "renoteCount": grown("reblogs"),
        "repliesCount": grown("replies") + books.number(answers, row["id"]),
    }


def told(sandbox: Sandbox, row: Row, now: int) -> dict[str, Any]:
    """Return a note as Misskey tells it. models/json-schema/note.ts"""
    grown, files = counts(sandbox, row, now), drive.of_note(sandbox, row)
    user = sandbox.books.one("SELECT * FROM misskey_users WHERE id = ?", row["user"])
    assert user is not None  # noqa: S101 - notes have one
    note = {
        "id": row["id"],
        "createdAt": iso(row["created_at"]),
        "userId": row["user"],
        "user": {"id": user["id"], "name": user["name"], "username": user["username"], "host": None},
        "text": row["text"],
        "cw": row["cw"],
        "visibility": row["visibility"],
        "localOnly": False,
        "fileIds": [file["id"] for file in files],
        "files": [drive.told(sandbox, file) for file in files],
        "replyId": row["reply"],
        "renoteId": None,
        "reactions": {"❤": grown["reactionCount"]} if grown["reactionCount"] else {},
        "reactionEmojis": {},
        **grown,
    }
    for name, how in sandbox.faults.missing(row["id"], user["username"]).items():
        key = {"reactions_count": "reactionCount", "renotes_count": "renoteCount", "replies_count": "repliesCount"}
        if (theirs := key.get(name)) is not None:
            note[theirs] = None
            if theirs == "reactionCount":
                note["reactions"] = None
            if how != "null":
                del note[theirs]
    return note


def _text(ask: Asking) -> str | None:
    text, most = ask.text("text"), ask.user["text_limit"]
    if text is not None and not text:
        raise bad("text", "minLength", "must NOT have fewer than 1 characters")
    if text is not None and len(text) > most:
        raise bad("text", "maxLength", f"must NOT have more than {most} characters")
    return (text.strip() or None) if text is not None else None


def _files(ask: Asking) -> list[Row]:
    named = ask.params.get("fileIds")
    if named is None:
        return []
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise bad("fileIds", "type", "must be array")
    if not 1 <= len(named) <= MAX_FILES:
        many = "more than 16" if named else "fewer than 1"
        raise bad("fileIds", "maxItems" if named else "minItems", f"must NOT have {many} items")
    if len(set(named)) != len(named):
        raise bad("fileIds", "uniqueItems", "must NOT have duplicate items")
    sql = "SELECT * FROM misskey_files WHERE id = ? AND user = ?"
    rows = [ask.sandbox.books.one(sql, one, ask.user["id"]) for one in named]
    if None in rows:
        raise Refusal("file")
    return [row for row in rows if row is not None]


def _row(sandbox: Sandbox, ident: str) -> Row | None:
    return sandbox.books.one("SELECT * FROM misskey_notes WHERE id = ? AND deleted_at IS NULL", ident)
