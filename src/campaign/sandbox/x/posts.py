"""Posts: made, read, listed, found, deleted. https://docs.x.com/x-api/posts/create-post and its neighbours."""

import json
import time
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from campaign.sandbox import engagement
from campaign.sandbox.books import Row
from campaign.sandbox.clock import BOOT
from campaign.sandbox.x import told, uploads
from campaign.sandbox.x.asking import Asking, asking, snowflake, whole
from campaign.sandbox.x.counting import MAX, weight
from campaign.sandbox.x.refusals import Refusal, not_found

MAX_MEDIA = 4
FOUND_FOR = 7 * 24 * 3600 * 1000  # milliseconds that recent search looks back


async def create(request: Request) -> Response:
    ask = asking(request)
    body = await ask.told()
    text = body.get("text", "")
    if not isinstance(text, str):
        raise Refusal("unreadable")
    media, parent = _media(ask, body), _parent(ask, body)
    if not text.strip() and not media:
        raise Refusal("empty")
    if weight(text) > MAX:
        raise Refusal("too_long")
    _pay(ask)
    _once(ask, text, media, parent)
    ident = snowflake(ask.sandbox, "x_posts", ask.now)
    ask.sandbox.books.insert(
        "x_posts",
        id=ident,
        account=ask.account["id"],
        text=text,
        media=json.dumps([row["id"] for row in media]),
        reply_to=parent["id"] if parent else None,
        conversation=parent["conversation"] if parent else ident,
        growth=engagement.fingerprint(ask.account["name"], text),
        created_at=ask.now,
        accepted=time.monotonic(),
        boot=BOOT,
    )
    post = told.post(ask, _found(ask, str(ident)), frozenset())
    return JSONResponse({"data": post}, 201)


async def delete(request: Request) -> Response:
    ask = asking(request)
    row = _found(ask, str(request.path_params["id"]))
    if row is not None and row["account"] != ask.account["id"]:
        raise Refusal("not_permitted")
    if row is not None:
        ask.sandbox.books.do("UPDATE x_posts SET deleted_at = ? WHERE id = ?", ask.now, row["id"])
    return JSONResponse({"data": {"deleted": True}})


async def one(request: Request) -> Response:
    ask, ident = asking(request), str(request.path_params["id"])
    row = _found(ask, ident)
    if row is None:
        return JSONResponse({"errors": [not_found(ident)]})
    [post], includes, errors = _told(ask, [row])
    return JSONResponse({"data": post, **includes, **({"errors": errors} if errors else {})})


async def many(request: Request) -> Response:
    ask = asking(request)
    idents = [ident for ident in ask.query.get("ids", "").split(",") if ident]
    if not 0 < len(idents) <= 100 or not all(map(whole, idents)):
        raise Refusal("parameter", name="ids")
    rows = [(ident, _found(ask, ident)) for ident in idents]
    posts, includes, errors = _told(ask, [row for _, row in rows if row is not None])
    errors += [not_found(ident, "ids") for ident, row in rows if row is None]
    answer: dict[str, Any] = {"data": posts} if posts else {}
    return JSONResponse({**answer, **includes, **({"errors": errors} if errors else {})})


async def of_user(request: Request) -> Response:
    ask, ident = asking(request), str(request.path_params["id"])
    owner = ask.sandbox.books.one("SELECT * FROM x_accounts WHERE id = ?", whole(ident))
    if owner is None:
        return JSONResponse({"errors": [not_found(ident) | {"resource_type": "user"}]})
    where, values = ["account = ?", "deleted_at IS NULL"], [owner["id"]]
    lagging = ask.sandbox.faults.standing("lagging_list", "GET", request.url.path, owner["name"])
    if lagging is not None:
        lagging.hits += 1
        where.append("NOT (boot = ? AND accepted > ?)")
        values += [BOOT, time.monotonic() - float(lagging.args.get("seconds", 3))]
    if "replies" in ask.names("exclude"):
        where.append("reply_to IS NULL")
    return _list(ask, where, values, "pagination_token")


async def search(request: Request) -> Response:
    """Recent search; of its language the twin knows conversation_id alone."""
    ask = asking(request)
    operator, _, ident = ask.query.get("query", "").partition(":")
    if operator != "conversation_id" or not whole(ident):
        raise Refusal("parameter", name="query")
    where = ["conversation = ?", "id <> ?", "created_at > ?", "deleted_at IS NULL"]
    return _list(ask, where, [whole(ident), whole(ident), ask.now - FOUND_FOR], "next_token")


async def me(request: Request) -> Response:
    return JSONResponse({"data": told.user(asking(request).account)})


def _list(ask: Asking, where: list[str], values: list[Any], token: str) -> Response:
    size = ask.number("max_results", 10, 5, 100)
    for name, sign in (("since_id", ">"), ("until_id", "<"), (token, "<")):
        if name in ask.query:
            where.append(f"id {sign} ?")
            values.append(ask.number(name, 0, 0, 1 << 63))
    sql = f"SELECT * FROM x_posts WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?"  # noqa: S608
    rows = ask.sandbox.books.all(sql, *values, size + 1)
    posts, includes, errors = _told(ask, rows[:size])
    meta: dict[str, Any] = {"result_count": len(posts)}
    if posts:
        meta |= {"newest_id": posts[0]["id"], "oldest_id": posts[-1]["id"]}
    if len(rows) > size:
        meta["next_token"] = posts[-1]["id"]
    answer: dict[str, Any] = {"data": posts} if posts else {}
    return JSONResponse({**answer, **includes, "meta": meta, **({"errors": errors} if errors else {})})


def _told(ask: Asking, rows: Sequence[Row]) -> tuple[list[dict[str, Any]], dict[str, Any], list[dict[str, Any]]]:
    """Return posts, what they include, and which fields may not be told."""
    fields, errors = ask.names("tweet.fields"), []
    posts = [told.post(ask, row, fields) for row in rows]
    if "non_public_metrics" in fields:
        for row in rows:
            if row["account"] != ask.account["id"] or ask.now - row["created_at"] > told.PRIVATE_FOR:
                errors.append(told.not_for_you(row))
        posts = [post for post in posts if post["id"] not in {error["resource_id"] for error in errors}]
    return posts, told.includes(ask, rows), errors


def _found(ask: Asking, ident: str) -> Row | None:
    if not whole(ident):
        raise Refusal("parameter", name="id")
    return ask.sandbox.books.one("SELECT * FROM x_posts WHERE id = ? AND deleted_at IS NULL", whole(ident))


def _media(ask: Asking, body: dict[str, Any]) -> list[Row]:
    given = body.get("media")
    ids = given.get("media_ids") if isinstance(given, dict) else None
    if not isinstance(ids, list | None):
        raise Refusal("media_ids")
    if len(ids or ()) > MAX_MEDIA:
        raise Refusal("too_many_media")
    rows = []
    for ident in ids or ():
        sql = "SELECT * FROM x_media WHERE id = ? AND account = ?"
        row = ask.sandbox.books.one(sql, whole(ident) if isinstance(ident, str) else 0, ask.account["id"])
        if row is None or not row["sha256"] or row["category"] == "subtitles" or uploads.at_work(row):
            raise Refusal("media_ids")
        if ask.now - row["created_at"] > uploads.LIVES * 1000:
            raise Refusal("media_ids")
        rows.append(row)
    if len(rows) > 1 and any(row["category"] != "tweet_image" for row in rows):
        raise Refusal("mixed_media")
    return rows


def _parent(ask: Asking, body: dict[str, Any]) -> Row | None:
    reply = body.get("reply")
    if not isinstance(reply, dict):
        return None
    row = _found(ask, str(reply.get("in_reply_to_tweet_id", "")))
    if row is None:
        raise Refusal("reply_gone")
    if ask.account["self_serve"] and row["account"] != ask.account["id"]:
        raise Refusal("reply_not_allowed")
    return row


def _pay(ask: Asking) -> None:
    """Take one of the credits, where the account has a number of them. Below 0, its app is not enrolled at all."""
    if ask.account["credits"] is not None and ask.account["credits"] < 0:
        raise Refusal("not_enrolled")
    if ask.account["credits"] is None:
        return
    if ask.account["credits"] < 1:
        raise Refusal("credits")
    ask.sandbox.books.do("UPDATE x_accounts SET credits = credits - 1 WHERE id = ?", ask.account["id"])


def _once(ask: Asking, text: str, media: Sequence[Row], parent: Row | None) -> None:
    """Refuse what the account has posted lately, also where it was deleted since: X gives no id of it."""
    path = ask.request.url.path
    fault = ask.sandbox.faults.standing("ignore_key", "POST", path, ask.account["name"])
    if fault is not None:
        fault.hits += 1
        return
    where = "account = ? AND text = ? AND media = ? AND reply_to IS ? AND created_at > ?"
    same = (ask.account["id"], text, json.dumps([row["id"] for row in media]), parent["id"] if parent else None)
    sql = f"SELECT 1 FROM x_posts WHERE {where} LIMIT 1"  # noqa: S608
    if ask.sandbox.books.one(sql, *same, ask.now - 24 * 3600 * 1000) is not None:
        raise Refusal("duplicate")
