"""The entities of the API, complete enough for the strictest client. https://docs.joinmastodon.org/entities/"""

import json
from typing import Any
from urllib.parse import quote

from campaign.sandbox import engagement
from campaign.sandbox.books import Row
from campaign.sandbox.clock import from_ms, iso
from campaign.sandbox.mastodon.asking import ids_of
from campaign.sandbox.mastodon.counting import entities
from campaign.sandbox.mastodon.render import html
from campaign.sandbox.state import Sandbox

_BLURHASH = "UBL_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5NH"  # a valid one; the twin does not compute them


def account(sandbox: Sandbox, row: Row, now: int, *, own: bool = False) -> dict[str, Any]:
    books, base = sandbox.books, sandbox.base_url
    picture = f"{base}/assets/account.png"
    last = books.number("SELECT max(created_at) FROM statuses WHERE account_id = ? AND deleted_at IS NULL", row["id"])
    told: dict[str, Any] = {
        "id": str(row["id"]),
        "username": row["name"],
        "acct": row["name"],
        "display_name": row["display_name"],
        "locked": False,
        "bot": False,
        "discoverable": True,
        "indexable": True,
        "group": False,
        "created_at": from_ms(row["created_at"]).strftime("%Y-%m-%dT00:00:00.000Z"),
        "note": "<p>demo / sandbox</p>",
        "url": f"{base}/@{row['name']}",
        "uri": f"{base}/users/{row['name']}",
        "avatar": picture,
        "avatar_static": picture,
        "header": picture,
        "header_static": picture,
        "followers_count": engagement.followers(sandbox.seed, row["name"], (now - row["created_at"]) / 1000),
        "following_count": 0,
        "statuses_count": books.number(
            "SELECT count(*) FROM statuses WHERE account_id = ? AND deleted_at IS NULL", row["id"]
        ),
        "last_status_at": from_ms(last).strftime("%Y-%m-%d") if last else None,
        "hide_collections": None,
        "noindex": False,
        "emojis": [],
        "roles": [],
        "fields": [],
    }
    if own:
        told["source"] = {
            "privacy": "public",
            "sensitive": False,
            "language": row["locale"],
            "note": "demo / sandbox",
            "fields": [],
            "follow_requests_count": 0,
            "hide_collections": None,
            "discoverable": True,
            "indexable": True,
            "attribution_domains": [],
            "quote_policy": "public",
        }
        told["role"] = {"id": "-99", "name": "", "permissions": "65536", "color": "", "highlighted": False}
    return told


def media(sandbox: Sandbox, row: Row, *, ready: bool = True) -> dict[str, Any]:
    url = (
        f"{sandbox.base_url}/media/{row['id']}/{row['sha256'][:16]}.{row['mime'].partition('/')[2]}" if ready else None
    )
    meta: dict[str, Any] = {}
    if row["width"] and row["height"]:
        size = {
            "width": row["width"],
            "height": row["height"],
            "size": f"{row['width']}x{row['height']}",
            "aspect": row["width"] / row["height"],
        }
        meta = {"original": size, "small": size}
        if row["kind"] == "video":
            moving = {"frame_rate": "30/1", "duration": row["seconds"], "bitrate": 0}
            meta = {"original": {k: size[k] for k in ("width", "height")} | moving, "small": size}
    if row["focus"]:
        x, y = json.loads(row["focus"])
        meta["focus"] = {"x": x, "y": y}
    return {
        "id": str(row["id"]),
        "type": row["kind"],
        "url": url,
        "preview_url": url,
        "remote_url": None,
        "preview_remote_url": None,
        "text_url": None,
        "meta": meta,
        "description": row["description"],
        "blurhash": _BLURHASH,
    }


def counts(sandbox: Sandbox, row: Row, at: int) -> dict[str, int]:
    """Return what a post had at an instant: what grew by itself, and what accounts of this server did."""
    books, ident = sandbox.books, row["id"]
    age = (at - row["created_at"]) / 1000
    grown = {
        metric: 0
        if row["reblog_of"]
        else engagement.count(sandbox.seed, row["growth"], metric, age, language=row["language"])
        for metric in engagement.GROWN
    }
    alive = "created_at <= ? AND (deleted_at IS NULL OR deleted_at > ?)"
    return {
        "replies_count": grown["replies"]
        + books.number(f"SELECT count(*) FROM statuses WHERE in_reply_to_id = ? AND {alive}", ident, at, at),  # noqa: S608
        "reblogs_count": grown["reblogs"]
        + books.number(f"SELECT count(*) FROM statuses WHERE reblog_of = ? AND {alive}", ident, at, at),  # noqa: S608
        "favourites_count": grown["favourites"]
        + books.number(
            "SELECT count(*) FROM favourites WHERE status_id = ? AND at <= ? AND (undone_at IS NULL OR undone_at > ?)",
            ident,
            at,
            at,
        ),
        "quotes_count": grown["quotes"]
        + books.number(f"SELECT count(*) FROM statuses WHERE quoted = ? AND {alive}", ident, at, at),  # noqa: S608
    }


def status(sandbox: Sandbox, row: Row, now: int, viewer: Row | None = None, *, faulty: bool = True) -> dict[str, Any]:
    books, base = sandbox.books, sandbox.base_url
    author = books.one("SELECT * FROM accounts WHERE id = ?", row["account_id"])
    assert author is not None  # noqa: S101 - a foreign key
    seen_by = viewer["id"] if viewer else -1
    uri = f"{base}/users/{author['name']}/statuses/{row['id']}"
    boosted = None
    if row["reblog_of"] is not None:
        original = books.one("SELECT * FROM statuses WHERE id = ?", row["reblog_of"])
        boosted = status(sandbox, original, now, viewer, faulty=faulty) if original else None
    found = entities(row["text"])
    told: dict[str, Any] = {
        "id": str(row["id"]),
        "created_at": iso(row["created_at"]),
        "in_reply_to_id": _maybe(row["in_reply_to_id"]),
        "in_reply_to_account_id": _maybe(row["in_reply_to_account_id"]),
        "sensitive": bool(row["sensitive"]),
        "spoiler_text": row["spoiler"],
        "visibility": row["visibility"],
        "language": row["language"],
        "uri": f"{uri}/activity" if boosted else uri,
        "url": f"{uri}/activity" if boosted else f"{base}/@{author['name']}/{row['id']}",
        "edited_at": None if row["edited_at"] is None else iso(row["edited_at"]),
        "favourited": _has_favourited(sandbox, row, seen_by),
        "reblogged": books.one(
            "SELECT 1 FROM statuses WHERE reblog_of = ? AND account_id = ? AND deleted_at IS NULL", row["id"], seen_by
        )
        is not None,
        "muted": False,
        "bookmarked": False,
        "pinned": False,
        "content": html(row["text"], base, _names(sandbox, row)),
        "filtered": [],
        "reblog": boosted,
        "application": {"name": row["app"], "website": row["website"]},
        "account": account(sandbox, author, now),
        "media_attachments": [media(sandbox, m) for m in books.media_of(ids_of(row))],
        "mentions": [
            {"id": str(m["id"]), "username": m["name"], "url": f"{base}/@{m['name']}", "acct": m["name"]}
            for m in (books.account(e.value) for e in found if e.kind == "mention")
            if m is not None
        ],
        "tags": [
            {"name": name, "url": f"{base}/tags/{quote(name)}"}
            for name in dict.fromkeys(e.value.lower() for e in found if e.kind == "tag")
        ],
        "emojis": [],
        "quote": _quote(sandbox, row, now, viewer, faulty=faulty),
        "card": None,
        "poll": None,
        "quote_approval": {"automatic": ["public"], "manual": [], "current_user": "automatic"},
    }
    told |= counts(sandbox, row, now)
    if not faulty:
        return told  # a page to look at uses up no cue
    for name, how in sandbox.faults.missing(str(row["id"]), author["name"]).items():
        if how == "null":
            told[name] = None
        else:
            told.pop(name, None)
    return told


def history(sandbox: Sandbox, row: Row, now: int) -> list[dict[str, Any]]:
    author = sandbox.books.one("SELECT * FROM accounts WHERE id = ?", row["account_id"])
    assert author is not None  # noqa: S101 - a foreign key
    versions = sandbox.books.all("SELECT * FROM versions WHERE status_id = ? ORDER BY n", row["id"])
    told = []
    for version in versions:
        pictures = []
        for kept in json.loads(version["media"]):
            for m in sandbox.books.media_of([kept["id"]]):
                pictures.append(media(sandbox, m) | {"description": kept["description"]})
        told.append(
            {
                "content": html(version["text"], sandbox.base_url, _names(sandbox, row)),
                "spoiler_text": version["spoiler"],
                "sensitive": bool(version["sensitive"]),
                "created_at": iso(version["created_at"]),
                "account": account(sandbox, author, now),
                "media_attachments": pictures,
                "emojis": [],
            }
        )
    return told


def _quote(sandbox: Sandbox, row: Row, now: int, viewer: Row | None, *, faulty: bool) -> dict[str, Any] | None:
    if row["quoted"] is None:
        return None
    quoted = sandbox.books.one("SELECT * FROM statuses WHERE id = ? AND deleted_at IS NULL", row["quoted"])
    if quoted is None:
        return {"state": "deleted", "quoted_status": None}
    if quoted["quoted"] is not None:  # one level only: the rest are ids
        return {"state": "accepted", "quoted_status_id": str(quoted["id"])}
    return {"state": "accepted", "quoted_status": status(sandbox, quoted, now, viewer, faulty=faulty)}


def _has_favourited(sandbox: Sandbox, row: Row, account_id: int) -> bool:
    return (
        sandbox.books.one(
            "SELECT 1 FROM favourites WHERE status_id = ? AND account_id = ? AND undone_at IS NULL",
            row["id"],
            account_id,
        )
        is not None
    )


def _names(sandbox: Sandbox, row: Row) -> set[str]:
    found = {e.value for e in entities(row["text"]) if e.kind == "mention"}
    return {name for name in found if sandbox.books.account(name) is not None}


def _maybe(ident: int | None) -> str | None:
    return None if ident is None else str(ident)
