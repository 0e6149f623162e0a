"""What an application (AppView) tells of posts: views with counters, feeds, profiles."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from campaign.sandbox import engagement
from campaign.sandbox.bluesky.asking import Asking, account_of, answer, asking
from campaign.sandbox.bluesky.records import POST, blob_of, record_of, uri_of
from campaign.sandbox.bluesky.refusals import XrpcError, invalid
from campaign.sandbox.books import Books, Row
from campaign.sandbox.clock import iso
from campaign.sandbox.state import Sandbox

MOST = 25
_ALIVE = "created_at <= ? AND (deleted_at IS NULL OR deleted_at > ?)"
# What faults call a counter, as on the other platforms → its name here.
_MISSING = {
    "favourites_count": "likeCount",
    "reblogs_count": "repostCount",
    "replies_count": "replyCount",
    "quotes_count": "quoteCount",
}


async def get_posts(request: Request) -> Response:
    ask = await asking(request)
    uris = [*request.query_params.getlist("uris"), *request.query_params.getlist("uris[]")]
    if not uris:
        raise invalid('Invalid app.bsky.feed.getPosts params: Missing required key "uris"')
    if len(uris) > MOST:
        many = f"array too big (maximum {MOST}, got {len(uris)})"
        raise invalid(f"Invalid app.bsky.feed.getPosts params: {many}")
    rows = [row for uri in dict.fromkeys(uris) if (row := post_at(ask.books, uri)) is not None]
    return answer({"posts": [view(ask.sandbox, row, ask.now) for row in rows]})


async def get_author_feed(request: Request) -> Response:
    ask = await asking(request)
    owner, limit = _actor(ask), ask.limit()
    before = request.query_params.get("cursor", "")
    rows = ask.books.all(
        "SELECT * FROM bluesky_records WHERE did = ? AND collection = ? AND deleted_at IS NULL AND seq < ?"
        " ORDER BY seq DESC LIMIT ?",
        owner["did"],
        POST,
        int(before) if before.isascii() and before.isdigit() and len(before) < 16 else 1 << 62,
        limit,
    )
    feed: dict[str, Any] = {"feed": [{"post": view(ask.sandbox, row, ask.now)} for row in rows]}
    return answer(feed | ({"cursor": str(rows[-1]["seq"])} if len(rows) == limit else {}))


async def get_post_thread(request: Request) -> Response:
    ask = await asking(request)
    row = post_at(ask.books, ask.query("uri"))
    if row is None:
        raise XrpcError(400, "NotFound", f"Post not found: {ask.query('uri')[:300]}")
    return answer({"thread": _thread(ask, row, 6)})


async def get_profile(request: Request) -> Response:
    ask = await asking(request)
    owner = _actor(ask)
    posts = "SELECT count(*) FROM bluesky_records WHERE did = ? AND collection = ? AND deleted_at IS NULL"
    told = author(owner) | {
        "followersCount": engagement.followers(
            ask.sandbox.seed, f"bluesky {owner['name']}", (ask.now - owner["created_at"]) / 1000
        ),
        "followsCount": 0,
        "postsCount": ask.books.number(posts, owner["did"], POST),
        "indexedAt": iso(owner["created_at"]),
    }
    return answer(told)


def post_at(books: Books, uri: str) -> Row | None:
    """Return the post at an at-uri, if it is there."""
    repo, collection, rkey = [*uri.removeprefix("at://").split("/"), "", ""][:3]
    owner = account_of(books, repo) if uri.startswith("at://") and collection == POST else None
    return record_of(books, owner["did"], collection, rkey) if owner is not None else None


def counts(sandbox: Sandbox, row: Row, at: int) -> dict[str, int]:
    """Return what a post had at an instant: what grew by itself, and what accounts of this server did."""
    value, uri = json.loads(row["value"]), uri_of(row)
    langs = value.get("langs") or [None]
    age = (at - row["created_at"]) / 1000
    grown = {
        metric: engagement.count(sandbox.seed, row["growth"], metric, age, language=langs[0], platform="bluesky")
        for metric in engagement.GROWN
    }
    did = {
        what: sandbox.books.number(
            f"SELECT count(*) FROM bluesky_records WHERE collection = ? AND {column} = ? AND {_ALIVE}",  # noqa: S608
            collection,
            uri,
            at,
            at,
        )
        for what, collection, column in (
            ("likes", "app.bsky.feed.like", "subject"),
            ("reposts", "app.bsky.feed.repost", "subject"),
            ("replies", POST, "parent"),
            ("quotes", POST, "quoted"),
        )
    }
    return {
        "likeCount": grown["favourites"] + did["likes"],
        "repostCount": grown["reblogs"] + did["reposts"],
        "replyCount": grown["replies"] + did["replies"],
        "quoteCount": grown["quotes"] + did["quotes"],
        "bookmarkCount": grown["favourites"] // 7,  # some of those who like a post keep it
    }


def author(row: Row) -> dict[str, Any]:
    return {
        "did": row["did"],
        "handle": row["handle"],
        "displayName": row["display_name"],
        "createdAt": iso(row["created_at"]),
        "labels": [],
    }


def view(sandbox: Sandbox, row: Row, now: int, *, faulty: bool = True) -> dict[str, Any]:
    """Return a postView. https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/defs.json"""
    owner = account_of(sandbox.books, row["did"])
    assert owner is not None  # noqa: S101 - a record has an account
    value = json.loads(row["value"])
    told: dict[str, Any] = {
        "uri": uri_of(row),
        "cid": row["cid"],
        "author": author(owner),
        "record": value,
        "indexedAt": iso(row["created_at"]),
        "labels": [],
        **counts(sandbox, row, now),
    }
    if embed := _embed(sandbox, row["did"], value.get("embed")):
        told["embed"] = embed
    if not faulty:
        return told
    for name, how in sandbox.faults.missing(str(row["rkey"]), owner["name"]).items():
        ours = _MISSING.get(name, name.removesuffix("_count"))
        if how == "null":
            told[ours] = None
        else:
            told.pop(ours, None)
    return told


def _embed(sandbox: Sandbox, did: str, embed: Any) -> dict[str, Any] | None:
    kind = embed.get("$type") if isinstance(embed, dict) else None

    def shown(blob: Any) -> str:
        row = blob_of(sandbox.books, did, blob["ref"]["$link"])
        cid = row["cid"] if row is not None else ""
        return f"{sandbox.base_url}/xrpc/com.atproto.sync.getBlob?did={did}&cid={cid}"

    match kind:
        case "app.bsky.embed.images":
            images = [
                {"thumb": shown(one["image"]), "fullsize": shown(one["image"]), "alt": one["alt"]}
                | ({"aspectRatio": one["aspectRatio"]} if "aspectRatio" in one else {})
                for one in embed["images"]
            ]
            return {"$type": f"{kind}#view", "images": images}
        case "app.bsky.embed.video":
            told = {"$type": f"{kind}#view", "cid": embed["video"]["ref"]["$link"], "playlist": shown(embed["video"])}
            return told | {key: embed[key] for key in ("alt", "aspectRatio") if key in embed}
        case "app.bsky.embed.external":
            card = {key: embed["external"][key] for key in ("uri", "title", "description")}
            return {"$type": f"{kind}#view", "external": card}
    return None


def _thread(ask: Asking, row: Row, depth: int) -> dict[str, Any]:
    replies = ask.books.all(
        "SELECT * FROM bluesky_records WHERE collection = ? AND parent = ? AND deleted_at IS NULL ORDER BY seq",
        POST,
        uri_of(row),
    )
    told: dict[str, Any] = {"$type": "app.bsky.feed.defs#threadViewPost", "post": view(ask.sandbox, row, ask.now)}
    return told | {"replies": [_thread(ask, reply, depth - 1) for reply in replies] if depth else []}


def _actor(ask: Asking) -> Row:
    row = account_of(ask.books, ask.query("actor"))
    if row is None:
        raise invalid("Profile not found")
    return row
