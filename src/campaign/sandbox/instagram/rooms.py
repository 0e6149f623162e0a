"""Instagram's rooms, as the sandbox takes them in.

An account that was opened with odd=blocked is told 2207051 at each post that it publishes, though the post is live, as
the real one did: https://github.com/gitroomhq/postiz-app/issues/1681
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from campaign.sandbox import graph
from campaign.sandbox.books import Row
from campaign.sandbox.graph import COMMON, Asking, GraphError, GraphRooms
from campaign.sandbox.instagram.refusals import REFUSALS
from campaign.sandbox.state import Sandbox

ROOT = "/instagram/v25.0"
MAX_CAPTION, MAX_TAGS, MAX_MENTIONS, MAX_MEDIA, MAX_POSTS = 2200, 30, 20, 10, 100
MAX_IMAGE, RATIOS = 8 * 1024 * 1024, (0.8, 1.91)
METRICS: Mapping[str, str] = {
    "views": "views", "reach": "reach", "likes": "reactions", "comments": "replies", "saved": "saves",
    "shares": "quotes", "reposts": "reposts",
}  # fmt: skip


async def node(request: Request) -> Response:
    """Read an account, a container, a post or a comment."""
    ask = await graph.asking(request, "instagram")
    if ask.own and request.method == "GET":
        return JSONResponse(graph.shown(ask, _user(ask), "User"))
    row = graph.post_named(ask.sandbox, "instagram", ask.node)
    if row is not None and request.method == "DELETE":
        raise GraphError(REFUSALS["no_delete"])
    if row is not None and request.method == "GET":
        return JSONResponse(graph.shown(ask, view(ask, row), "Media"))
    held = graph.container(ask, ask.node)
    if held is None or request.method != "GET":
        raise ask.missing()
    state = graph.state_of(ask, held)
    status = f"Error: {held['error']}" if held["error"] else f"Finished: {state.lower()}"
    told = {"id": held["id"], "status_code": state, "status": status, "copyright_check_status": None}
    return JSONResponse(graph.shown(ask, told, "Container"))


async def edge(request: Request) -> Response:
    """Make and publish containers; read lists; comment."""
    ask = await graph.asking(request, "instagram")
    name, method = ask.edge, request.method
    if ask.own and method == "POST" and name == "media":
        return JSONResponse({"id": await make(ask)})
    if ask.own and method == "POST" and name == "media_publish":
        return JSONResponse({"id": release(ask)})
    if ask.own and method == "GET" and name == "media":
        rows = graph.posts_of(ask)
        return JSONResponse(graph.listed(ask, rows, lambda row: graph.shown(ask, view(ask, row), "Media")))
    if ask.own and name == "content_publishing_limit":
        config = {"quota_total": MAX_POSTS, "quota_duration": 86400}
        return JSONResponse({"data": [{"quota_usage": graph.lately(ask), "config": config}]})
    row = graph.post_named(ask.sandbox, "instagram", ask.node)
    if row is not None and name == "insights":
        graph.need(ask, ["metric"])
        return JSONResponse(graph.insights(ask, row, METRICS))
    if row is not None and name == "comments" and method == "POST":
        graph.need(ask, ["message"])
        return JSONResponse({"id": graph.comment(ask, row["id"], None, ask.text("message"))})
    if row is not None and name == "comments":
        found = [each for each in graph.comments_of(ask.sandbox, "instagram", row["id"]) if each["parent"] is None]
        return JSONResponse(graph.listed(ask, found[::-1], lambda each: _remark(ask, each)))  # newest first
    sql = "SELECT * FROM graph_comments WHERE platform = 'instagram' AND id = ?"
    parent = ask.sandbox.books.one(sql, ask.node)
    if row is None and parent is not None and name == "replies":
        if method == "POST":
            graph.need(ask, ["message"])
            ident = graph.comment(ask, parent["post"], parent["id"], ask.text("message"))
            return JSONResponse({"id": ident})
        return JSONResponse(graph.listed(ask, _replies(ask, parent), lambda each: _remark(ask, each)))
    if row is None:
        raise ask.missing()
    raise GraphError(COMMON["unknown_path"], edge=name)


async def make(ask: Asking) -> str:
    """Make a container: of a picture, a reel, a piece of a carousel, or a carousel."""
    kind, child, caption = ask.text("media_type"), ask.flag("is_carousel_item"), ask.text("caption")
    if kind not in ("", "IMAGE", "VIDEO", "REELS", "STORIES", "CAROUSEL") or (kind == "VIDEO" and not child):
        raise GraphError(REFUSALS["media_type"])
    tags, mentions = re.findall(r"#\w+", caption), re.findall(r"(?<!\w)@\w+", caption)
    if len(caption) > MAX_CAPTION or len(tags) > MAX_TAGS or len(mentions) > MAX_MENTIONS:
        raise GraphError(REFUSALS["caption"])
    error = ""
    if kind == "CAROUSEL":
        media = _children(ask)
    else:
        media, error = await _medium(ask)
    told = {"kind": kind or "IMAGE", "text": caption, "child": child}
    return graph.make_container(ask, told, media, error=error, ready=kind == "CAROUSEL")


def release(ask: Asking) -> str:
    """Publish a container, once."""
    graph.need(ask, ["creation_id"])
    ident = ask.text("creation_id")
    row = graph.container(ask, ident)
    told = json.loads(row["told"]) if row is not None else {}
    state = graph.state_of(ask, row, lags=False) if row is not None else "PUBLISHED"
    if row is None or told["child"] or state == "PUBLISHED":
        raise GraphError(REFUSALS["container"], node=ident)
    for wrong, words in (("EXPIRED", "builder"), ("IN_PROGRESS", "not_ready"), ("ERROR", "failed")):
        if state == wrong:
            raise GraphError(REFUSALS[words])
    if not ask.sandbox.wide and graph.lately(ask) >= MAX_POSTS:
        raise GraphError(REFUSALS["quota"])
    made = graph.make_post(ask, row, kind=told["kind"], text=told["text"], reply_to=None)
    if ask.account["odd"] == "blocked":
        raise GraphError(REFUSALS["blocked"])
    return str(made["id"])


async def _medium(ask: Asking) -> tuple[list[dict[str, Any]], str]:
    clip, picture = ask.text("video_url"), ask.text("image_url")
    if not clip and not picture:
        raise GraphError(REFUSALS["url"])
    file = await graph.fetch(ask.sandbox, clip or picture)
    if clip:
        # A clip is fetched later, and what is wrong with it is said by the container's state.
        if file is None or file.kind != "video":
            return [], f"Media upload has failed with error code {2207052 if file is None else 2207026}"
        told = file.told(None)
        cover = await graph.fetch(ask.sandbox, ask.text("cover_url")) if ask.text("cover_url") else None
        return [told | ({"cover": cover.sha256} if cover else {})], ""
    if file is None:
        raise GraphError(REFUSALS["fetch"])
    if file.mime != "image/jpeg":
        raise GraphError(REFUSALS["image"])
    if file.size > MAX_IMAGE:
        raise GraphError(REFUSALS["image_size"])
    if not RATIOS[0] <= file.width / file.height <= RATIOS[1]:
        raise GraphError(REFUSALS["ratio"])
    return [file.told(ask.text("alt_text") or None)], ""


def _children(ask: Asking) -> list[dict[str, Any]]:
    text = ask.text("children")
    names = [str(name) for name in json.loads(text)] if text.startswith("[") else text.split(",")
    if not 2 <= len(names) <= MAX_MEDIA:
        raise GraphError(REFUSALS["carousel"])
    media: list[dict[str, Any]] = []
    for name in names:
        row = graph.container(ask, name)
        if row is None or not json.loads(row["told"])["child"]:
            raise GraphError(REFUSALS["container"], node=name)
        if (state := graph.state_of(ask, row, lags=False)) != "FINISHED":
            raise GraphError(REFUSALS["expired" if state == "EXPIRED" else "not_ready"])
        media += json.loads(row["media"])
    return media


def _user(ask: Asking) -> dict[str, Any]:
    row = ask.account
    return {"id": row["id"], "user_id": row["id"], "username": row["name"], "name": row["title"]} | {
        "account_type": "BUSINESS", "media_count": len(graph.posts_of(ask)), "followers_count": 400,
    }  # fmt: skip


def view(ask: Asking, row: Row) -> dict[str, Any]:
    """Return all fields of a post."""
    media, counts = json.loads(row["media"]), graph.grown(ask.sandbox, row, ask.now)
    reel, many = row["kind"] == "REELS", row["kind"] == "CAROUSEL"
    return {
        "id": row["id"],
        "caption": row["text"] or None,
        "alt_text": media[0]["description"] if len(media) == 1 else None,
        "comments_count": counts["replies"],
        "like_count": counts["reactions"],
        "media_product_type": "REELS" if reel else "FEED",
        "media_type": "CAROUSEL_ALBUM" if many else "VIDEO" if reel else "IMAGE",
        "media_url": None if many else f"{ask.sandbox.base_url}/instagram/media/{media[0]['sha256']}",
        "thumbnail_url": None,
        "owner": {"id": ask.account["id"]},
        "permalink": ROOMS.permalink(ask.sandbox, row),
        "shortcode": row["code"],
        "timestamp": graph.moment(row["created_at"]),
        "username": row["account"],
        "is_comment_enabled": True,
        "children": {"data": [{"id": f"{row['id']}{n:02}"} for n, _ in enumerate(media)]} if many else None,
    }


def _replies(ask: Asking, parent: Row) -> list[Row]:
    return [
        each for each in graph.comments_of(ask.sandbox, "instagram", parent["post"]) if each["parent"] == parent["id"]
    ]


def _remark(ask: Asking, row: Row) -> dict[str, Any]:
    told: dict[str, Any] = {"id": row["id"], "text": row["text"], "username": row["account"]}
    told |= {"timestamp": graph.moment(row["created_at"]), "from": {"username": row["account"]}}
    replies = [_remark(ask, each) for each in _replies(ask, row)]
    told["replies"] = {"data": replies} if replies else None
    return graph.shown(ask, told, "Comment", "id,text,timestamp")


def page(request: Request) -> Response:
    return ROOMS.page(request, str(request.path_params["code"]))


class Instagram(GraphRooms):
    """The rooms under /instagram."""

    name: ClassVar[str] = "instagram"
    prefixes: ClassVar[tuple[str, ...]] = ("/instagram/",)
    routes: ClassVar[Sequence[Route]] = (
        *graph.Consent("instagram", "ig").routes(
            "/instagram/oauth/authorize",
            "/instagram/oauth/access_token",
            "/instagram/access_token",
            "/instagram/refresh_access_token",
        ),
        Route(f"{ROOT}/{{node}}", node, methods=["GET", "POST", "DELETE"]),
        Route(f"{ROOT}/{{node}}/", node, methods=["GET", "POST", "DELETE"]),
        Route(f"{ROOT}/{{node}}/{{edge}}", edge, methods=["GET", "POST"]),
        Route("/instagram/p/{code}/", page),
    )

    def permalink(self, sandbox: Sandbox, row: Row) -> str:
        return f"{sandbox.base_url}/instagram/p/{row['code']}/"


ROOMS = Instagram()
