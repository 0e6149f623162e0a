"""Posts and what is below them: https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/posts-api."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from campaign.sandbox import engagement
from campaign.sandbox.books import Row
from campaign.sandbox.clock import BOOT
from campaign.sandbox.linkedin import little, uploads
from campaign.sandbox.linkedin.asking import Asking, asking
from campaign.sandbox.linkedin.refusals import Refusal

MAX_TEXT, MAX_ALT = 3000, 4086
REMEMBERED = 48 * 3600 * 1000  # milliseconds for which a text cannot be posted again, also where it was deleted
_REQUIRED = ("author", "commentary", "visibility", "distribution", "lifecycleState")


async def create(request: Request) -> Response:
    ask = asking(request)
    body = await ask.told()
    for field in _REQUIRED:
        if field not in body:
            raise Refusal("required", field=field)
    if body["author"] != ask.author["urn"]:
        raise Refusal("denied", access="posts.CREATE")
    ask.may("w_organization_social" if ":organization:" in body["author"] else "w_member_social", what="posts.CREATE")
    commentary, media = _commentary(body["commentary"]), _media(ask, body.get("content"))
    text, _ = little.read(commentary)
    if not text.strip() and not media:
        raise Refusal("empty")
    _once(ask, commentary, media)
    urn = f"urn:li:share:{_ident(ask)}"
    ask.sandbox.books.insert(
        "linkedin_posts",
        urn=urn,
        author=ask.author["urn"],
        commentary=commentary,
        text=text,
        media=json.dumps(media),
        growth=engagement.fingerprint(ask.author["name"], text),
        created_at=ask.now,
        accepted=time.monotonic(),
        boot=BOOT,
    )
    return Response(status_code=201, headers={"x-restli-id": urn, "x-linkedin-id": urn})


async def find(request: Request) -> Response:
    """Find by author, or get many."""
    ask = asking(request)
    if "ids" in ask.query:
        _may_read(ask, "posts.BATCH_GET")
        rows = {urn: _row(ask, urn) for urn in ask.listed("ids")}
        found = {urn: told(ask, row) for urn, row in rows.items() if row is not None}
        return JSONResponse({"results": found, "statuses": dict.fromkeys(found, 200), "errors": {}})
    if ask.query.get("q") != "author":
        raise Refusal("parameter", name="q")
    author = unquote(ask.query.get("author", ""))
    _may_read(ask, "posts.FINDER-author")
    if author != ask.author["urn"]:
        raise Refusal("denied", access="posts.FINDER-author")
    start, count = ask.number("start", 0, 10_000), ask.number("count", 10, 100)
    where: list[str] = ["author = ?", "deleted_at IS NULL"]
    values: list[Any] = [author]
    lagging = ask.sandbox.faults.standing("lagging_list", "GET", request.url.path, ask.author["name"])
    if lagging is not None:
        lagging.hits += 1
        where.append("NOT (boot = ? AND accepted > ?)")
        values += [BOOT, time.monotonic() - float(lagging.args.get("seconds", 3))]
    sql = f"SELECT * FROM linkedin_posts WHERE {' AND '.join(where)} ORDER BY seq DESC LIMIT ? OFFSET ?"  # noqa: S608
    rows_found = ask.sandbox.books.all(sql, *values, count, start)
    paging = {"start": start, "count": count, "links": []}
    return JSONResponse({"paging": paging, "elements": [told(ask, row) for row in rows_found]})


async def get(request: Request) -> Response:
    ask = asking(request)
    _may_read(ask, "posts.GET")
    row = _row(ask, ask.key)
    if row is None:
        raise Refusal("not_found", urn=ask.key[:80])
    return JSONResponse(told(ask, row))


async def update(request: Request) -> Response:
    """Change a text; what else may be changed is not needed here."""
    ask = asking(request)
    row = _row(ask, ask.key)
    if row is None:
        raise Refusal("not_found", urn=ask.key[:80])
    if row["author"] != ask.author["urn"]:
        raise Refusal("denied", access="posts.PARTIAL_UPDATE")
    body = await ask.told()
    patch = body.get("patch")
    changed = patch.get("$set") if isinstance(patch, dict) else None
    if ask.method != "PARTIAL_UPDATE" or not isinstance(changed, dict) or set(changed) != {"commentary"}:
        raise Refusal("unreadable")
    commentary = _commentary(changed["commentary"])
    text, _ = little.read(commentary)
    versions = json.loads(row["versions"]) + ([row["text"]] if text != row["text"] else [])
    sql = "UPDATE linkedin_posts SET commentary = ?, text = ?, versions = ?, edited_at = ? WHERE urn = ?"
    ask.sandbox.books.do(sql, commentary, text, json.dumps(versions), ask.now, row["urn"])
    return Response(status_code=204)


async def delete(request: Request) -> Response:
    """Delete; deleting again is the same: it says 204, too."""
    ask = asking(request)
    row = _row(ask, ask.key)
    if row is not None and row["author"] != ask.author["urn"]:
        raise Refusal("denied", access="posts.DELETE")
    if row is not None:
        ask.sandbox.books.do("UPDATE linkedin_posts SET deleted_at = ? WHERE urn = ?", ask.now, row["urn"])
    return Response(status_code=204)


async def comments(request: Request) -> Response:
    ask = asking(request)
    _may_read(ask, "socialActions.comments")
    if _row(ask, ask.key) is None and not ask.key.startswith("urn:li:comment:"):
        raise Refusal("not_found", urn=ask.key[:80])
    start, count = ask.number("start", 0, 10_000), ask.number("count", 10, 100)
    sql = "SELECT * FROM linkedin_comments WHERE above = ? ORDER BY id LIMIT ? OFFSET ?"
    rows = ask.sandbox.books.all(sql, ask.key, count, start)
    return JSONResponse({"paging": {"start": start, "count": count}, "elements": [_comment(ask, row) for row in rows]})


async def comment(request: Request) -> Response:
    """Comment on a post, or answer a comment."""
    ask = asking(request)
    body = await ask.told()
    message = body.get("message")
    text = message.get("text") if isinstance(message, dict) else None
    if not isinstance(text, str) or not text:
        raise Refusal("required", field="message")
    above = ask.key
    post = above.partition("(")[2].partition(",")[0] if above.startswith("urn:li:comment:") else above
    if _row(ask, post) is None:
        raise Refusal("not_found", urn=post[:80])
    ident = _ident(ask)
    urn = f"urn:li:comment:({post},{ident})"
    ask.sandbox.books.insert(
        "linkedin_comments", id=ident, urn=urn, above=above, actor=ask.author["urn"], text=text, created_at=ask.now
    )
    return Response(status_code=201, headers={"x-restli-id": str(ident)})


def told(ask: Asking, row: Row) -> dict[str, Any]:
    """Return a post as LinkedIn tells it."""
    media: Sequence[Mapping[str, Any]] = json.loads(row["media"])
    content: dict[str, Any] = {}
    if media:
        items = [{name: value for name, value in item.items() if value is not None} for item in media]
        content = {"content": {"media": items[0]} if len(items) == 1 else {"multiImage": {"images": items}}}
    return {
        "id": row["urn"],
        "author": row["author"],
        "commentary": row["commentary"],
        **content,
        "visibility": "PUBLIC",
        "lifecycleState": "PUBLISHED",
        "lifecycleStateInfo": {"isEditedByAuthor": row["edited_at"] is not None},
        "createdAt": row["created_at"],
        "publishedAt": row["created_at"],
        "lastModifiedAt": row["edited_at"] or row["created_at"],
        "distribution": {"feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": []},
        "isReshareDisabledByAuthor": False,
    }


def _comment(ask: Asking, row: Row) -> dict[str, Any]:
    sql = "SELECT count(*) FROM linkedin_comments WHERE above = ?"
    below = ask.sandbox.books.number(sql, row["urn"])
    above = {"parentComment": row["above"]} if row["above"].startswith("urn:li:comment:") else {}
    return {
        "id": str(row["id"]),
        "commentUrn": row["urn"],
        "actor": row["actor"],
        "object": row["above"],
        **above,
        "message": {"attributes": [], "text": row["text"]},
        "created": {"actor": row["actor"], "time": row["created_at"]},
        "commentsSummary": {"selectedComments": [], "aggregatedTotalComments": below, "totalFirstLevelComments": below},
    }


def _commentary(value: Any) -> str:
    if not isinstance(value, str):
        raise Refusal("unreadable")
    text, _ = little.read(value)
    if len(text) > MAX_TEXT:
        raise Refusal("too_long", length=len(text))
    return value


def _media(ask: Asking, content: Any) -> list[dict[str, Any]]:
    """Return what is attached. Raises: Refusal."""
    if not isinstance(content, dict):
        return []
    items = [content["media"]] if "media" in content else []
    if isinstance(content.get("multiImage"), dict):
        items = content["multiImage"].get("images") or []
        if not isinstance(items, list) or not 2 <= len(items) <= 20:
            raise Refusal("multi_image")
    kept = []
    for item in items:
        urn, alt = (item.get("id"), item.get("altText")) if isinstance(item, dict) else (None, None)
        row = ask.sandbox.books.one("SELECT * FROM linkedin_media WHERE urn = ?", str(urn))
        wanted = row is not None and row["author"] == ask.author["urn"] and uploads.status(row) == "AVAILABLE"
        if row is None or not wanted or (len(items) > 1 and row["kind"] != "image"):
            raise Refusal("media", urn=str(urn)[:80])
        if alt is not None and (not isinstance(alt, str) or len(alt) > MAX_ALT):
            raise Refusal("alt_too_long")
        kept.append({"id": urn, "altText": alt})
    return kept


def _once(ask: Asking, commentary: str, media: Sequence[Mapping[str, Any]]) -> None:
    """Refuse what was posted lately. Of what was deleted since, a URN is named under which nothing can be found."""
    fault = ask.sandbox.faults.standing("ignore_key", "POST", ask.request.url.path, ask.author["name"])
    if fault is not None:
        fault.hits += 1
        return
    sql = (
        "SELECT * FROM linkedin_posts WHERE author = ? AND commentary = ? AND media = ? AND created_at > ?"
        " ORDER BY seq DESC LIMIT 1"
    )
    same = ask.sandbox.books.one(sql, ask.author["urn"], commentary, json.dumps(media), ask.now - REMEMBERED)
    if same is not None:
        ghost = f"urn:li:share:{_ident(ask) + (1 << 21)}"
        raise Refusal("duplicate", urn=same["urn"] if same["deleted_at"] is None else ghost)


def _may_read(ask: Asking, what: str) -> None:
    ask.may("r_organization_social" if ":organization:" in ask.author["urn"] else "r_member_social", what=what)


def _row(ask: Asking, urn: str) -> Row | None:
    return ask.sandbox.books.one("SELECT * FROM linkedin_posts WHERE urn = ? AND deleted_at IS NULL", urn)


def _ident(ask: Asking) -> int:
    """Return a free number: the platform's time, and a count of what there is."""
    books = ask.sandbox.books
    number = books.number("SELECT count(*) FROM linkedin_posts") + books.number(
        "SELECT count(*) FROM linkedin_comments"
    )
    return (ask.now << 22) + number
