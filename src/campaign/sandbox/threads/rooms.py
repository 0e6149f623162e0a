"""Threads' rooms, as the sandbox takes them in.

To an account that was opened with odd=early each container is said not to be there when it is published first, as the
real one does with what was made a moment ago: https://github.com/gitroomhq/postiz-app/pull/2047
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import regex
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from campaign.sandbox import graph
from campaign.sandbox.books import Row
from campaign.sandbox.graph import COMMON, Asking, GraphError, GraphRooms
from campaign.sandbox.state import Sandbox
from campaign.sandbox.threads.refusals import REFUSALS

ROOT = "/threads/v1.0"
MAX_TEXT, MAX_LINKS, MAX_MEDIA, MAX_POSTS, MAX_REPLIES = 500, 5, 20, 250, 1000
MAX_IMAGE, MAX_RATIO = 8 * 1024 * 1024, 10
METRICS: Mapping[str, str] = {
    "views": "views", "likes": "reactions", "replies": "replies", "reposts": "reposts", "quotes": "quotes",
    "shares": "reposts",
}  # fmt: skip
_EMOJI = regex.compile(r"\p{Emoji_Presentation}|\p{Emoji}\uFE0F")
_GRAPHEME = regex.compile(r"\X")
_LINK = re.compile(r"https?://[^\s]+")


def length(text: str) -> int:
    """Return how long a text is: an emoji counts as its UTF-8 bytes.

    https://developers.facebook.com/documentation/threads/posts
    """
    return sum(
        len(each.encode()) if _EMOJI.search(each) else len(each) for each in _GRAPHEME.findall(text.replace("\r", ""))
    )


async def node(request: Request) -> Response:
    """Read a profile, a container or a post; delete a post."""
    ask = await graph.asking(request, "threads")
    if ask.own and request.method == "GET":
        return JSONResponse(graph.shown(ask, _profile(ask), "User"))
    row = graph.post_named(ask.sandbox, "threads", ask.node)
    if row is not None and request.method == "GET":
        return JSONResponse(graph.shown(ask, view(ask, row), "Media"))
    if row is not None and request.method == "DELETE" and row["account"] == ask.account["name"]:
        return JSONResponse(graph.remove(ask, row) | {"deleted_id": row["id"]})
    held = graph.container(ask, ask.node)
    if held is None or request.method != "GET":
        raise ask.missing()
    error = held["error"] or None
    told = {"id": held["id"], "status": graph.state_of(ask, held), "error_message": error}
    return JSONResponse(graph.shown(ask, told, "Container"))


async def edge(request: Request) -> Response:
    """Make and publish containers; read lists."""
    ask = await graph.asking(request, "threads")
    name, method = ask.edge, request.method
    if ask.own and method == "POST" and name in ("threads", "threads_publish"):
        return JSONResponse({"id": await make(ask) if name == "threads" else release(ask)})
    if ask.own and method == "GET" and name in ("threads", "replies"):
        where = "reply_to IS NULL" if name == "threads" else "reply_to IS NOT NULL"
        rows = graph.posts_of(ask, where)
        return JSONResponse(graph.listed(ask, rows, lambda row: graph.shown(ask, view(ask, row), "Media")))
    if ask.own and name == "threads_publishing_limit":
        used = {"quota_usage": graph.lately(ask, "reply_to IS NULL")}
        used["reply_quota_usage"] = graph.lately(ask, "reply_to IS NOT NULL")
        config = {"quota_total": MAX_POSTS, "quota_duration": 86400}
        reply_config = {"quota_total": MAX_REPLIES, "quota_duration": 86400}
        return JSONResponse({"data": [{**used, "config": config, "reply_config": reply_config}]})
    row = graph.post_named(ask.sandbox, "threads", ask.node)
    if row is None:
        raise ask.missing()
    if name == "insights":
        graph.need(ask, ["metric"])
        return JSONResponse(graph.insights(ask, row, METRICS))
    if name in ("replies", "conversation"):
        found = answers(ask.sandbox, row, deep=name == "conversation")
        if ask.flag("reverse", True):
            found.reverse()
        return JSONResponse(graph.listed(ask, found, lambda each: graph.shown(ask, view(ask, each), "Media")))
    raise GraphError(COMMON["unknown_path"], edge=name)


async def make(ask: Asking) -> str:
    """Make a container. https://developers.facebook.com/documentation/threads/posts"""
    kind, text, child = ask.text("media_type"), ask.text("text"), ask.flag("is_carousel_item")
    if kind not in ("TEXT", "IMAGE", "VIDEO", "CAROUSEL"):
        raise GraphError(REFUSALS["media_type"], given=kind)
    if length(text) > MAX_TEXT:
        raise GraphError(REFUSALS["too_long"])
    links = set(_LINK.findall(text)) | ({ask.text("link_attachment")} - {""})
    if len(links) > MAX_LINKS:
        raise GraphError(REFUSALS["links"])
    if kind == "TEXT" and not text:
        raise GraphError(REFUSALS["text"])
    reply_to = ask.text("reply_to_id") or None
    if reply_to and graph.post_named(ask.sandbox, "threads", reply_to) is None:
        raise GraphError(REFUSALS["reply"])
    error, media = "", list[dict[str, Any]]()
    if kind in ("IMAGE", "VIDEO"):
        media, error = await _medium(ask, kind)
    elif kind == "CAROUSEL":
        media = _children(ask)
    told = {"kind": kind, "text": text, "reply_to": reply_to, "child": child, "link": ask.text("link_attachment")}
    return graph.make_container(ask, told, media, error=error, ready=kind == "CAROUSEL")


def release(ask: Asking) -> str:
    """Publish a container, once."""
    graph.need(ask, ["creation_id"])
    row = graph.container(ask, ask.text("creation_id"))
    told = json.loads(row["told"]) if row is not None else {}
    state = graph.state_of(ask, row, lags=False) if row is not None else "PUBLISHED"
    if row is None or told["child"] or state == "PUBLISHED":
        raise GraphError(REFUSALS["container"])
    for wrong, words in (("EXPIRED", "expired"), ("IN_PROGRESS", "not_ready"), ("ERROR", "failed")):
        if state == wrong:
            raise GraphError(REFUSALS[words])
    if ask.account["odd"] == "early" and not told.get("tried"):
        sql = "UPDATE graph_containers SET told = ? WHERE id = ?"
        ask.sandbox.books.do(sql, json.dumps(told | {"tried": True}, ensure_ascii=False), row["id"])
        raise GraphError(REFUSALS["container"])
    where, most = ("reply_to IS NOT NULL", MAX_REPLIES) if told["reply_to"] else ("reply_to IS NULL", MAX_POSTS)
    if not ask.sandbox.wide and graph.lately(ask, where) >= most:
        raise GraphError(REFUSALS["quota"])
    made = graph.make_post(ask, row, kind=told["kind"], text=told["text"], reply_to=told["reply_to"])
    return str(made["id"])


async def _medium(ask: Asking, kind: str) -> tuple[list[dict[str, Any]], str]:
    name = f"{kind.lower()}_url"
    if not ask.text(name):
        raise GraphError(REFUSALS["media_url"], name=name)
    file, alt = await graph.fetch(ask.sandbox, ask.text(name)), ask.text("alt_text") or None
    if kind == "VIDEO":
        # A clip is fetched later, and what is wrong with it is said by the container's state: docs, troubleshooting.
        if file is None or file.kind != "video":
            return [], "FAILED_DOWNLOADING_VIDEO" if file is None else "FAILED_PROCESSING_VIDEO"
        return [file.told(alt)], ""
    if file is None:
        raise GraphError(REFUSALS["fetch"])
    if file.mime not in ("image/jpeg", "image/png"):
        raise GraphError(REFUSALS["image"])
    if file.size > MAX_IMAGE:
        raise GraphError(REFUSALS["image_size"])
    if max(file.width, file.height) > MAX_RATIO * min(file.width, file.height):
        raise GraphError(REFUSALS["ratio"])
    return [file.told(alt)], ""


def _children(ask: Asking) -> list[dict[str, Any]]:
    rows = [graph.container(ask, ident) for ident in ask.text("children").split(",") if ident]
    if not 2 <= len(rows) <= MAX_MEDIA:
        raise GraphError(REFUSALS["children"])
    media: list[dict[str, Any]] = []
    for row in rows:
        if row is None or not json.loads(row["told"])["child"]:
            raise GraphError(REFUSALS["container"])
        if graph.state_of(ask, row, lags=False) != "FINISHED":
            raise GraphError(REFUSALS["not_ready"])
        media += json.loads(row["media"])
    return media


def answers(sandbox: Sandbox, row: Row, *, deep: bool) -> list[Row]:
    """Return the answers to a post, oldest first; `deep`: also those to answers."""
    sql = "SELECT * FROM graph_posts WHERE platform = 'threads' AND reply_to = ? AND deleted_at IS NULL ORDER BY seq"
    found: list[Row] = []
    for each in sandbox.books.all(sql, row["id"]):
        found += [each, *(answers(sandbox, each, deep=True) if deep else [])]
    return sorted(found, key=lambda each: int(each["seq"]))


def _profile(ask: Asking) -> dict[str, Any]:
    row = ask.account
    return {"id": row["id"], "username": row["name"], "name": row["title"], "threads_biography": ""}


def view(ask: Asking, row: Row) -> dict[str, Any]:
    """Return all fields of a post. https://developers.facebook.com/documentation/threads/threads-media"""
    media = json.loads(row["media"])
    kind = {"TEXT": "TEXT_POST", "CAROUSEL": "CAROUSEL_ALBUM"}.get(row["kind"], row["kind"])
    single = media[0] if len(media) == 1 else None
    return {
        "id": row["id"],
        "media_product_type": "THREADS",
        "media_type": kind,
        "media_url": f"{ask.sandbox.base_url}/threads/media/{single['sha256']}" if single else None,
        "thumbnail_url": None,
        "permalink": ROOMS.permalink(ask.sandbox, row),
        "owner": {"id": ask.account["id"]},
        "username": row["account"],
        "text": row["text"] or None,
        "timestamp": graph.moment(row["created_at"]),
        "shortcode": row["code"],
        "children": {"data": [{"id": f"{row['id']}{n:02}"} for n, _ in enumerate(media)]} if len(media) > 1 else None,
        "is_quote_post": False,
        "alt_text": single["description"] if single else None,
        "link_attachment_url": None,
        "topic_tag": None,
        "is_reply": row["reply_to"] is not None,
        "replied_to": {"id": row["reply_to"]} if row["reply_to"] else None,
        "has_replies": bool(answers(ask.sandbox, row, deep=False)),
    }


def page(request: Request) -> Response:
    return ROOMS.page(request, str(request.path_params["code"]))


class Threads(GraphRooms):
    """The rooms under /threads."""

    name: ClassVar[str] = "threads"
    prefixes: ClassVar[tuple[str, ...]] = ("/threads/",)
    routes: ClassVar[Sequence[Route]] = (
        *graph.Consent("threads", "th").routes(
            "/threads/oauth/authorize",
            "/threads/oauth/access_token",
            "/threads/access_token",
            "/threads/refresh_access_token",
        ),
        Route(f"{ROOT}/{{node}}", node, methods=["GET", "DELETE"]),
        Route(f"{ROOT}/{{node}}/{{edge}}", edge, methods=["GET", "POST"]),
        Route("/threads/@{name}/post/{code}", page),
    )

    def permalink(self, sandbox: Sandbox, row: Row) -> str:
        return f"{sandbox.base_url}/threads/@{row['account']}/post/{row['code']}"


ROOMS = Threads()
