"""VK's rooms, as the sandbox takes them in."""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from campaign.sandbox.books import Row
from campaign.sandbox.clock import iso
from campaign.sandbox.limits import Limit, Standing
from campaign.sandbox.rooms import Account, Answer, Caller, Handler, Rooms, Wrong
from campaign.sandbox.state import Sandbox
from campaign.sandbox.vk import consent, media, pages, wall
from campaign.sandbox.vk.asking import Asking, asking, community, token_of
from campaign.sandbox.vk.refusals import Refusal, error

_TITLES = {"peace_ko": "유라시아 평화 여정", "peace_ru": "Путешествие мира", "peace_en": "Eurasia Peace Journey"}
_ALL = 4 | 16 | 8192 | 65_536 | 262_144 | (1 << 20)  # photos, video, wall, offline, groups, stats
DAY = 24 * 3600 * 1000


def get_users(ask: Asking) -> Any:
    """Whose token it is; a community's token is nobody's."""
    row = ask.sandbox.books.one("SELECT * FROM vk_users WHERE id = ?", ask.token["user"])
    return [] if row is None else [{**dict(row), "can_access_closed": True, "is_closed": False}]


def get_groups(ask: Asking) -> Any:
    found = []
    for name in (ask.text("group_ids") or ask.text("group_id")).split(",")[:500]:
        sql = "SELECT * FROM vk_groups WHERE screen_name = ? OR id = ?"
        bare = name.strip().removeprefix("club").removeprefix("public")
        row = ask.sandbox.books.one(sql, name.strip(), int(bare) if bare.isascii() and bare.isdigit() else 0)
        if row is not None:
            found.append(_group(ask, row))
    if not found:
        raise Refusal("invalid", "group_ids")
    return {"groups": found, "profiles": []} if ask.at_least(139) else found


def _group(ask: Asking, row: Row) -> dict[str, Any]:
    told = {"id": row["id"], "name": row["title"], "screen_name": row["screen_name"], "is_closed": 0, "type": "page"}
    mine = ask.token["groups"] == row["id"] and ask.token["level"]
    return told | ({"is_admin": 1, "admin_level": ask.token["level"], "can_post": 1} if mine else {"is_admin": 0})


def get_rights(ask: Asking) -> Any:
    if ask.token["user"] is None:
        raise Refusal("group_token")
    return ask.token["rights"]


METHODS: Mapping[str, Callable[[Asking], Any]] = {
    "users.get": get_users,
    "groups.getById": get_groups,
    "account.getAppPermissions": get_rights,
    "wall.post": wall.post,
    "wall.get": wall.get,
    "wall.getById": wall.get_by_id,
    "wall.edit": wall.edit,
    "wall.delete": wall.delete,
    "wall.createComment": wall.create_comment,
    "wall.getComments": wall.get_comments,
    "stats.getPostReach": wall.get_post_reach,
    "photos.getWallUploadServer": media.get_wall_upload_server,
    "photos.saveWallPhoto": media.save_wall_photo,
    "photos.edit": media.edit_photo,
    "video.save": media.save_video,
}


async def call(request: Request) -> Response:
    """Call a method."""
    ask = await asking(request)
    method = METHODS.get(ask.method)
    if method is None:
        raise Refusal("method")
    return JSONResponse({"response": method(ask)})


async def _refuse(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)  # noqa: S101 - registered for it
    body = request.scope.get("sandbox.body", b"")
    form = "urlencoded" in request.headers.get("content-type", "")
    fields = parse_qsl(body.decode("utf-8", "replace"), max_num_fields=1000) if form else []
    return JSONResponse(error(refusal, [*fields, ("method", str(request.path_params.get("method", "")))]))


class VK(Rooms):
    """The rooms under /method. An account is a community; its token is that of a user who administers it."""

    name: ClassVar[str] = "vk"
    prefixes: ClassVar[tuple[str, ...]] = ("/method/", "/vk/upload/")
    server: ClassVar[bytes] = b"kittenx"
    schema: ClassVar[str] = """
CREATE TABLE IF NOT EXISTS vk_users (id INTEGER PRIMARY KEY, first_name TEXT NOT NULL, last_name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS vk_groups (
  id INTEGER PRIMARY KEY, screen_name TEXT NOT NULL UNIQUE, title TEXT NOT NULL, wants TEXT NOT NULL DEFAULT '',
  repeat TEXT NOT NULL DEFAULT 'same', closed INTEGER NOT NULL DEFAULT 0, nolinks INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS vk_tokens (
  token TEXT PRIMARY KEY, user INTEGER, groups INTEGER NOT NULL, level INTEGER NOT NULL, rights INTEGER NOT NULL,
  first INTEGER NOT NULL DEFAULT 0, rps INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS vk_posts (
  seq INTEGER PRIMARY KEY, owner INTEGER NOT NULL, id INTEGER NOT NULL, kind TEXT NOT NULL, post INTEGER,
  parent INTEGER, author INTEGER NOT NULL, text TEXT NOT NULL, things TEXT NOT NULL, link TEXT NOT NULL,
  guid TEXT NOT NULL, pinned INTEGER NOT NULL, growth TEXT NOT NULL, created_at INTEGER NOT NULL, edited_at INTEGER,
  deleted_at INTEGER, accepted REAL NOT NULL, boot TEXT NOT NULL, UNIQUE (owner, id));
CREATE INDEX IF NOT EXISTS vk_comments ON vk_posts (owner, post);
CREATE TABLE IF NOT EXISTS vk_versions (
  owner INTEGER NOT NULL, id INTEGER NOT NULL, n INTEGER NOT NULL, text TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (owner, id, n));
CREATE TABLE IF NOT EXISTS vk_guids (
  group_id INTEGER NOT NULL, guid TEXT NOT NULL, post INTEGER NOT NULL, at REAL NOT NULL, boot TEXT NOT NULL,
  PRIMARY KEY (group_id, guid));
CREATE TABLE IF NOT EXISTS vk_media (
  id INTEGER PRIMARY KEY, owner INTEGER NOT NULL, kind TEXT NOT NULL, file TEXT NOT NULL, text TEXT NOT NULL,
  created_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS vk_uploads (
  key TEXT PRIMARY KEY, owner INTEGER NOT NULL, kind TEXT NOT NULL, hash TEXT NOT NULL, media INTEGER,
  file TEXT NOT NULL);
"""
    routes: ClassVar[Sequence[Route]] = (
        Route("/method/{method}", call, methods=["GET", "POST"]),
        Route("/vk/upload/{key}", media.upload, methods=["POST"]),
        Route("/vk/media/{digest}", media.serve),
        *consent.ROUTES,
        *pages.ROUTES,
    )
    errors: ClassVar[Mapping[type[Exception], Handler]] = {Refusal: _refuse}
    accounts: ClassVar[Sequence[Account]] = ("peace_ko", "peace_ru", "peace_en")

    def caller(self, sandbox: Sandbox, scope: Scope) -> Caller:
        if scope["path"].startswith("/vk/upload/"):
            sql = "SELECT owner FROM vk_uploads WHERE key = ?"
            row = sandbox.books.one(sql, scope["path"].rpartition("/")[2])
            group = community(sandbox, row["owner"]) if row else None
            return Caller(group["screen_name"] if group else None)
        token = token_of(sandbox, scope)
        group = community(sandbox, token["groups"]) if token else None
        return Caller(group["screen_name"], token["token"]) if token and group else Caller()

    def route(self, path: str) -> str:
        method = path.rpartition("/")[2]
        return "/vk/upload/{key}" if path.startswith("/vk/") else f"/method/{method if method in METHODS else '?'}"

    def throttle(self, sandbox: Sandbox, caller: Caller, method: str, path: str, address: str) -> Standing | None:
        """Only tokens opened with `rps` are held to it: tests ask faster than any person."""
        row = sandbox.books.one("SELECT rps FROM vk_tokens WHERE token = ?", caller.token)
        if row is None or not row["rps"]:
            return None
        return sandbox.throttle.count(("vk", str(caller.token)), Limit(row["rps"], 1))

    def wrong(self, kind: Wrong, sandbox: Sandbox, caller: Caller, standing: Standing | None) -> Answer:
        """Only a server before VK's own says 503; all else is an error inside of a 200."""
        if kind == "temporary":
            return Answer(503, [(b"content-type", b"text/html")], bytearray(b"<html>503 Service Temporarily"))
        body = error(Refusal("throttled" if kind == "throttled" else "internal" if kind == "internal" else "expired"))
        return Answer(
            200, [(b"content-type", b"application/json; charset=utf-8")], bytearray(json.dumps(body).encode())
        )

    def open(self, sandbox: Sandbox, account: Account) -> dict[str, str]:
        """Open a community with a user who administers it.

        Also told may be: display_name; level (of the user), rights (of the token), token (user, group, vk2), rps,
        wants (what wall.post is refused with), repeat (same, flood, invalid: what a repeated guid is answered),
        closed, nolinks, pinned (the text of an old post that is pinned).
        """
        told = {"name": account} if isinstance(account, str) else account
        name, books = told["name"], sandbox.books
        digest = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % 100_000_000
        group, user = 200_000_000 + digest, 700_000_000 + digest
        if community(sandbox, group) is None:
            title = told.get("display_name") or _TITLES.get(name, name)
            flags = {flag: int(told.get(flag, 0)) for flag in ("closed", "nolinks")}
            words = {"wants": told.get("wants", ""), "repeat": told.get("repeat", "same")}
            books.insert("vk_groups", id=group, screen_name=name, title=title, **words, **flags)
            books.insert("vk_users", id=user, first_name=name.partition("_")[0].title(), last_name="Редакция")
            if told.get("pinned"):
                row, at = community(sandbox, group), sandbox.clock.milliseconds() - 400 * DAY
                assert row is not None  # noqa: S101 - just inserted
                wall.add(sandbox, row, at, text=told["pinned"], author=-group, pinned=1)
        kept = books.one("SELECT token FROM vk_tokens WHERE groups = ? AND first = 1", group)
        special = set(told) & {"token", "level", "rights", "rps"}
        token: str = kept["token"] if kept and not special else ""
        if not token:
            kind = told.get("token", "user")
            token = f"{'vk2' if kind == 'vk2' else 'vk1'}.a.{secrets.token_urlsafe(48)}"
            books.insert(
                "vk_tokens",
                token=token,
                user=None if kind == "group" else user,
                groups=group,
                level=int(told.get("level", 3)),
                rights=int(told.get("rights", _ALL)),
                first=int(not special and not kept),
                rps=int(told.get("rps", 0)),
            )
        return {"name": name, "token": token, "community": name, "id": str(-group)}

    def accepted(self, sandbox: Sandbox, account: str | None, after: str, limit: int) -> list[dict[str, Any]]:
        seq = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0
        rows = sandbox.books.all(
            "SELECT p.*, g.screen_name FROM vk_posts p JOIN vk_groups g ON g.id = -p.owner"
            " WHERE p.kind = 'post' AND NOT p.pinned AND p.seq > ? AND (? IS NULL OR g.screen_name = ?)"
            " ORDER BY p.seq LIMIT ?",
            seq,
            account,
            account,
            limit,
        )
        return [_book_row(sandbox, row) for row in rows]

    def counts(self, sandbox: Sandbox, ident: str, at: int) -> dict[str, int] | None:
        owner, _, number = ident.partition("_")
        if not (owner.removeprefix("-").isdecimal() and number.isdecimal() and len(ident) < 38):
            return None
        row = sandbox.books.one("SELECT * FROM vk_posts WHERE owner = ? AND id = ?", int(owner), int(number))
        return wall.counts(sandbox, row, at) if row is not None else None


def _book_row(sandbox: Sandbox, row: Row) -> dict[str, Any]:
    sql = "SELECT text FROM vk_versions WHERE owner = ? AND id = ? ORDER BY n"
    versions = [each["text"] for each in sandbox.books.all(sql, row["owner"], row["id"])] + [row["text"]]
    things = [(thing, json.loads(thing["file"])) for thing in wall.things_of(sandbox, row)]
    return {
        "cursor": str(row["seq"]),
        "id": f"{row['owner']}_{row['id']}",
        "account": row["screen_name"],
        "text": row["text"],
        "language": None,
        "created_at": iso(row["created_at"]),
        "in_reply_to_id": None,
        "media": [
            {name: file[name] for name in ("sha256", "mime", "width", "height", "seconds")}
            | {"description": thing["text"], "id": f"{thing['kind']}{thing['owner']}_{thing['id']}"}
            for thing, file in things
        ],
        "link": row["link"] or None,
        "idempotency_key": row["guid"] or None,
        "url": f"{sandbox.base_url}/wall{row['owner']}_{row['id']}",
        "edits": len(versions) - 1,
        "versions": versions,
        "deleted": row["deleted_at"] is not None,
        "deleted_at": None if row["deleted_at"] is None else iso(row["deleted_at"]),
    }


ROOMS = VK()
