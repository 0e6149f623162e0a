"""Facebook's rooms, as the sandbox takes them in: Pages, their posts, pictures and clips, and persons who run Pages."""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from campaign.sandbox import graph
from campaign.sandbox.books import Row
from campaign.sandbox.facebook import uploads
from campaign.sandbox.facebook.refusals import REFUSALS
from campaign.sandbox.graph import COMMON, Asking, GraphError, GraphRooms
from campaign.sandbox.rooms import Account
from campaign.sandbox.state import Sandbox

ROOT = "/facebook/v25.0"
PERSON = "facebook person"  # the platform's name of tokens that are a person's, who runs the Page of the same name
MAX_TEXT, MAX_MEDIA = 63_206, 10
SOON, LATE = 600, 30 * 24 * 3600  # seconds between which a post may be scheduled
TWICE = 600_000  # milliseconds in which the same words are a duplicate
METRICS: Mapping[str, str] = {
    "post_media_view": "views", "post_total_media_view_unique": "reach", "post_clicks": "saves",
}  # fmt: skip


async def asked(request: Request) -> tuple[Asking, bool]:
    """Return what is asked, and whether by a person."""
    try:
        return await graph.asking(request, "facebook"), False
    except GraphError as error:
        if error.said is not COMMON["token"]:
            raise
        return await graph.asking(request, PERSON), True


async def node(request: Request) -> Response:
    """Read, change or delete a Page, a post, a picture or a clip."""
    ask, person = await asked(request)
    method = request.method
    if person:
        return JSONResponse(_of_person(ask))
    if ask.own and method == "GET":
        return JSONResponse(graph.shown(ask, _page(ask), "Page"))
    row, held = graph.post_named(ask.sandbox, "facebook", ask.node), graph.container(ask, ask.node)
    if row is None and held is None:
        file = uploads.file_named(ask, ask.node)
        if file is None or method != "GET":
            raise ask.missing()
        return JSONResponse(graph.shown(ask, file, "Photo"))
    if row is None and held is not None and (held["post"] or graph.state_of(ask, held) == "EXPIRED"):
        raise ask.missing()
    account = row["account"] if row is not None else ask.account["name"]
    if method != "GET" and account != ask.account["name"]:
        raise GraphError(REFUSALS["not_own"])
    if method == "POST":
        return JSONResponse(_change(ask, row, held))
    if method == "DELETE":
        if row is not None:
            return JSONResponse(graph.remove(ask, row))
        ask.sandbox.books.do("DELETE FROM graph_containers WHERE id = ?", ask.node)
        return JSONResponse({"success": True})
    return JSONResponse(graph.shown(ask, _view(ask, row), "Post", "id,message,created_time"))


async def edge(request: Request) -> Response:
    """Make posts, pictures and clips; read lists; comment."""
    ask, person = await asked(request)
    name, method = ask.edge, request.method
    if person:
        if name == "accounts" and ask.own:
            rows = _pages(ask)
            return JSONResponse(graph.listed(ask, rows, lambda row: graph.shown(ask, _told(row), "Page")))
        raise GraphError(REFUSALS["permission"])
    if ask.own and method == "POST":
        make: Callable[[Asking], Any] | None = {
            "feed": feed, "photos": uploads.photo, "videos": uploads.clip,
        }.get(name)  # fmt: skip
        if make is None:
            raise GraphError(COMMON["unknown_path"], edge=name)
        return JSONResponse(make(ask))
    if ask.own and name in ("published_posts", "posts", "feed"):
        rows = [row for row in graph.posts_of(ask) if "_" in row["id"]]  # clips have a list of their own
        return JSONResponse(
            graph.listed(ask, rows, lambda row: graph.shown(ask, _view(ask, row), "Post", "id,message"))
        )
    row = graph.post_named(ask.sandbox, "facebook", ask.node)
    if row is None:
        raise ask.missing()
    if name == "insights" and "_" in row["id"]:
        graph.need(ask, ["metric"])
        return JSONResponse(graph.insights(ask, row, METRICS))
    if name == "comments" and method == "POST":
        graph.need(ask, ["message"])
        return JSONResponse({"id": graph.comment(ask, row["id"], None, ask.text("message"))})
    if name == "comments":
        found = graph.comments_of(ask.sandbox, "facebook", row["id"])
        found = found if ask.text("order") == "chronological" else found[::-1]
        return JSONResponse(graph.listed(ask, found, lambda each: _remark(ask, each)))
    if name == "attachments":
        return JSONResponse(_attachments(row) or {"data": []})
    raise GraphError(COMMON["unknown_path"], edge=name)


def feed(ask: Asking) -> dict[str, Any]:
    """Make a post, published or not. https://developers.facebook.com/documentation/pages-api/posts"""
    text, names = ask.text("message"), _attached(ask.params.get("attached_media"))
    if len(text) > MAX_TEXT:
        raise GraphError(REFUSALS["too_long"])
    if not text and not names and not ask.text("link"):
        raise GraphError(REFUSALS["empty"])
    media: list[dict[str, Any]] = []
    for n, name in enumerate(names):
        file = uploads.file_named(ask, name)
        if file is None or n >= MAX_MEDIA:
            raise GraphError(REFUSALS["media"], n=n)
        media.append(file["file"] | {"photo": name})
    public = ask.flag("published", True)
    if ask.text("scheduled_publish_time"):
        ahead = ask.number("scheduled_publish_time") - ask.now // 1000
        if public or not SOON <= ahead <= LATE:
            raise GraphError(REFUSALS["schedule"])
    if public and text and any(
        row["text"] == text and ask.now - row["created_at"] < TWICE for row in graph.posts_of(ask)[:1]
    ):  # fmt: skip
        raise GraphError(REFUSALS["duplicate"])
    ident = f"{ask.account['id']}_{graph.new_id()}"
    told = {"kind": "post", "text": text, "link": ask.text("link")}
    graph.make_container(ask, told, media, ident=ident)
    if public:
        _publish(ask, ident)
    return {"id": ident}


def _publish(ask: Asking, ident: str) -> None:
    row = graph.container(ask, ident)
    assert row is not None  # noqa: S101 - its caller found it
    told = json.loads(row["told"])
    graph.make_post(ask, row, ident=ident, kind=told["kind"], text=told["text"], reply_to=None)


def _change(ask: Asking, row: Row | None, held: Row | None) -> dict[str, Any]:
    """Publish what is unpublished; replace a text. Publishing what is published already changes nothing."""
    text = next((ask.text(name) for name in ("message", "description") if name in ask.params), None)
    for name in ("is_published", "published"):
        if name not in ask.params:
            continue
        if not ask.flag(name):
            raise GraphError(REFUSALS["unpublish"] if row is not None else REFUSALS["empty"])
        if row is None:
            _publish(ask, ask.node)
            row = graph.post_named(ask.sandbox, "facebook", ask.node)
    if text is not None and len(text) > MAX_TEXT:
        raise GraphError(REFUSALS["too_long"])
    if text is not None and row is not None:
        graph.rewrite(ask, row, text)
    elif text is not None and held is not None:
        told = json.dumps(json.loads(held["told"]) | {"text": text}, ensure_ascii=False)
        ask.sandbox.books.do("UPDATE graph_containers SET told = ? WHERE id = ?", told, held["id"])
    return {"success": True}


def _attached(told: Any) -> list[str]:
    """Return the ids in attached_media: one JSON text, or attached_media[0]=…, attached_media[1]=…"""
    if isinstance(told, str):
        try:
            told = json.loads(told)
        except ValueError:
            return [told]
    pieces = list(told.values()) if isinstance(told, dict) else told if isinstance(told, list) else []
    names: list[str] = []
    for each in pieces:
        try:
            piece = json.loads(each) if isinstance(each, str) else each
        except ValueError:
            piece = None
        names.append(str(piece.get("media_fbid", "")) if isinstance(piece, dict) else "")
    return names


# What is told


def _told(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"], "name": row["title"], "category": "Nonprofit organization", "username": row["name"],
        "access_token": row["token"], "tasks": ["CREATE_CONTENT", "MODERATE", "ANALYZE"], "fan_count": 1200,
    }  # fmt: skip


def _page(ask: Asking) -> dict[str, Any]:
    return _told(ask.account) | {"link": f"{ask.sandbox.base_url}/facebook/{ask.account['id']}"}


def _pages(ask: Asking) -> list[Row]:
    sql = (
        "SELECT rowid AS seq, * FROM graph_accounts WHERE platform = 'facebook' AND (name = ? OR ? = 'many') ORDER BY 1"
    )
    return ask.sandbox.books.all(sql, ask.account["name"], ask.account["odd"])


def _of_person(ask: Asking) -> dict[str, Any]:
    if ask.own:
        return graph.shown(ask, {"id": ask.account["id"], "name": ask.account["title"]}, "User")
    row = next((row for row in _pages(ask) if row["id"] == ask.node), None)
    if row is None or ask.request.method != "GET":
        raise ask.missing()
    return graph.shown(ask, _told(row), "Page")


def _view(ask: Asking, row: Row | None) -> dict[str, Any]:
    """Return all fields of a post, or of a clip, published or not."""
    ident = str(row["id"]) if row is not None else ask.node
    made = graph.container(ask, ident)
    told = json.loads(made["told"]) if made is not None else {}
    public = row is not None and (made is None or graph.state_of(ask, made) == "PUBLISHED")
    text = row["text"] if row is not None else told["text"]
    counts = graph.grown(ask.sandbox, row, ask.now) if row is not None and public else {}
    moment = graph.moment(row["created_at"] if row is not None else ask.now)
    shares = counts.get("reposts", 0)
    link = ROOMS.permalink(ask.sandbox, row) if row is not None and public else None
    totals = {
        name: {"data": [], "summary": {"total_count": counts.get(word, 0)}}
        for name, word in (("reactions", "reactions"), ("likes", "reactions"), ("comments", "replies"))
    }
    both = {"id": ident, "created_time": moment, "permalink_url": link, **totals}
    both |= {"from": {"id": ask.account["id"], "name": ask.account["title"]}, "updated_time": graph.moment(ask.now)}
    if "_" not in ident:
        state = "processing" if made is not None and graph.state_of(ask, made) == "IN_PROGRESS" else "ready"
        return both | {
            "description": text or None, "title": None, "published": public, "status": {"video_status": state},
            "views": counts.get("views", 0), "post_id": None,
        }  # fmt: skip
    return both | {
        "message": text or None,
        "is_published": public,
        "shares": {"count": shares} if shares else None,
        "attachments": _attachments(row) if row is not None else None,
    }


def _attachments(row: Row) -> dict[str, Any] | None:
    pieces = [
        {"target": {"id": each["photo"]}, "type": "photo", "media": {}}
        for each in json.loads(row["media"])
        if "photo" in each
    ]
    if len(pieces) < 2:
        return {"data": pieces} if pieces else None
    return {"data": [{"type": "album", "target": {"id": graph.new_id()}, "subattachments": {"data": pieces}}]}


def _remark(ask: Asking, row: Row) -> dict[str, Any]:
    told: dict[str, Any] = {"id": f"{row['post'].rpartition('_')[2]}_{row['id']}", "message": row["text"]}
    told |= {"created_time": graph.moment(row["created_at"]), "parent": None, "like_count": 0}
    told["from"] = {"id": ask.account["id"], "name": ask.account["title"]}
    return graph.shown(ask, told, "Comment", "id,message,created_time,from")


def page(request: Request) -> Response:
    """Show a post."""
    sandbox: Sandbox = request.app.state.sandbox
    found = request.path_params
    ident = f"{found['page']}_{found['id']}" if found["kind"] == "posts" else str(found["id"])
    row = graph.post_named(sandbox, "facebook", ident)
    return ROOMS.page(request, row["code"] if row is not None else "")


class Facebook(GraphRooms):
    """The rooms under /facebook."""

    name: ClassVar[str] = "facebook"
    prefixes: ClassVar[tuple[str, ...]] = ("/facebook/",)
    routes: ClassVar[Sequence[Route]] = (
        *graph.Consent(PERSON, "fb").routes(f"{ROOT}/dialog/oauth", f"{ROOT}/oauth/access_token"),
        Route(f"{ROOT}/{{node}}", node, methods=["GET", "POST", "DELETE"]),
        Route(f"{ROOT}/{{node}}/", node, methods=["GET", "POST", "DELETE"]),
        Route(f"{ROOT}/{{node}}/{{edge}}", edge, methods=["GET", "POST"]),
        Route("/facebook/{page}/{kind}/{id}", page),
    )

    def open(self, sandbox: Sandbox, account: Account) -> dict[str, str]:
        """Open a Page, and the person who runs it; odd=many: a person who runs all Pages there are."""
        told = super().open(sandbox, account)
        sql, books = "SELECT token FROM graph_accounts WHERE platform = ? AND name = ?", sandbox.books
        odd = "" if isinstance(account, str) else account.get("odd", "")
        if books.one(sql, PERSON, told["name"]) is None:
            person = {"platform": PERSON, "name": told["name"], "id": f"9{told['id']}", "title": "김평화"}
            books.insert("graph_accounts", **person, token="EAAU" + secrets.token_hex(24), odd=odd)
        row = books.one(sql, PERSON, told["name"])
        assert row is not None  # noqa: S101 - just inserted
        return {**told, "person": row["token"]}

    def permalink(self, sandbox: Sandbox, row: Row) -> str:
        owner, _, post = row["id"].partition("_")
        if post:
            return f"{sandbox.base_url}/facebook/{owner}/posts/{post}"
        return f"{sandbox.base_url}/facebook/{row['account']}/videos/{row['id']}"


ROOMS = Facebook()
