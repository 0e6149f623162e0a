"""LinkedIn's rooms, as the sandbox takes them in."""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from campaign.sandbox.books import Row
from campaign.sandbox.clock import from_ms, iso
from campaign.sandbox.limits import Standing
from campaign.sandbox.linkedin import numbers, posts, uploads
from campaign.sandbox.linkedin.asking import asking, author_of
from campaign.sandbox.linkedin.refusals import Refusal, response
from campaign.sandbox.rooms import Account, Answer, Caller, Handler, Rooms, Wrong
from campaign.sandbox.state import Sandbox

_TITLES = {"peace_ko": "유라시아 평화 여정", "peace_ru": "Путешествие мира", "peace_en": "Eurasia Peace Journey"}
# What LinkedIn gives whom: r_member_social it gives to few.
_SCOPES = {
    "organization": "w_organization_social r_organization_social rw_organization_admin",
    "person": "openid profile w_member_social r_member_postAnalytics",
}


async def userinfo(request: Request) -> Response:
    ask = asking(request, versioned=False)
    ask.may("openid", what="userinfo.GET")
    return JSONResponse({"sub": ask.author["urn"].rpartition(":")[2], "name": ask.author["title"]})


async def roles(request: Request) -> Response:
    """Return the pages for which the token's owner may act."""
    ask = asking(request)
    ask.may("rw_organization_admin", what="organizationAcls.FINDER-roleAssignee")
    mine = {"organization": ask.author["urn"], "role": "ADMINISTRATOR", "state": "APPROVED"}
    return JSONResponse({"elements": [mine]})


async def organization(request: Request) -> Response:
    ask = asking(request)
    ask.may("rw_organization_admin", what="organizations.GET")
    if ask.author["urn"] != f"urn:li:organization:{ask.key}":
        raise Refusal("not_found", urn=ask.key[:80])
    return JSONResponse({"id": int(ask.key), "localizedName": ask.author["title"], "vanityName": ask.author["name"]})


async def page(request: Request) -> Response:
    """Show one post."""
    sandbox: Sandbox = request.app.state.sandbox
    sql = (
        "SELECT p.*, a.title, a.name FROM linkedin_posts p JOIN linkedin_authors a ON a.urn = p.author"
        " WHERE p.urn = ? AND deleted_at IS NULL"
    )
    row = sandbox.books.one(sql, request.path_params["urn"])
    if row is None:
        missing: Response = request.app.state.pages.answer("missing.html", 404, text="Not Found", title="404")
        return missing
    files = [
        {"url": f"/linkedin/media/{each['sha256']}", "alt": each["description"] or "", "clip": each["kind"] == "video"}
        for each in _media(sandbox, row)
    ]
    shown = {"url": request.url.path, "text": row["text"], "files": files, "at": from_ms(row["created_at"])}
    shown["counts"] = numbers.counts(sandbox, row, sandbox.clock.milliseconds())
    values = {"title": row["title"], "handle": row["name"], "posts": [shown]}
    answer: Response = request.app.state.pages.answer("feed.html", **values)
    return answer


async def file(request: Request) -> Response:
    """Serve what was uploaded."""
    sandbox: Sandbox = request.app.state.sandbox
    digest = str(request.path_params["digest"])
    row = sandbox.books.one("SELECT kind FROM linkedin_media WHERE sha256 = ?", digest)
    if row is None:
        return Response(status_code=404)
    mime = "video/mp4" if row["kind"] == "video" else "image/png"
    return FileResponse(sandbox.books.path_of(digest), media_type=mime)


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for it
    return response(error.what, **error.values)


class LinkedIn(Rooms):
    """The rooms under /linkedin. An account is a page with an administrator's token, or, with kind=person, a member."""

    name: ClassVar[str] = "linkedin"
    prefixes: ClassVar[tuple[str, ...]] = ("/linkedin/rest/", "/linkedin/v2/", "/linkedin/dms-uploads/")
    server: ClassVar[bytes] = b"Play"
    schema: ClassVar[str] = """
CREATE TABLE IF NOT EXISTS linkedin_authors (
  urn TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, title TEXT NOT NULL, token TEXT NOT NULL UNIQUE,
  scopes TEXT NOT NULL, created_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS linkedin_media (
  urn TEXT PRIMARY KEY, author TEXT NOT NULL, kind TEXT NOT NULL, total INTEGER NOT NULL, secret TEXT NOT NULL UNIQUE,
  pieces TEXT NOT NULL DEFAULT '{}', sha256 TEXT, good INTEGER, ready REAL, boot TEXT, created_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS linkedin_posts (
  seq INTEGER PRIMARY KEY, urn TEXT NOT NULL UNIQUE, author TEXT NOT NULL, commentary TEXT NOT NULL, text TEXT NOT NULL,
  media TEXT NOT NULL, growth TEXT NOT NULL, versions TEXT NOT NULL DEFAULT '[]', created_at INTEGER NOT NULL,
  edited_at INTEGER, deleted_at INTEGER, accepted REAL NOT NULL, boot TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS linkedin_posts_author ON linkedin_posts (author, seq);
CREATE TABLE IF NOT EXISTS linkedin_comments (
  id INTEGER PRIMARY KEY, urn TEXT NOT NULL UNIQUE, above TEXT NOT NULL, actor TEXT NOT NULL, text TEXT NOT NULL,
  created_at INTEGER NOT NULL);
"""
    routes: ClassVar[Sequence[Route]] = (
        Route("/linkedin/v2/userinfo", userinfo, methods=["GET"]),
        Route("/linkedin/rest/organizationAcls", roles, methods=["GET"]),
        Route("/linkedin/rest/organizations/{urn}", organization, methods=["GET"]),
        Route("/linkedin/rest/posts", posts.create, methods=["POST"]),
        Route("/linkedin/rest/posts", posts.find, methods=["GET"]),
        Route("/linkedin/rest/posts/{urn}", posts.get, methods=["GET"]),
        Route("/linkedin/rest/posts/{urn}", posts.update, methods=["POST"]),
        Route("/linkedin/rest/posts/{urn}", posts.delete, methods=["DELETE"]),
        Route("/linkedin/rest/images", uploads.begin_image, methods=["POST"]),
        Route("/linkedin/rest/videos", uploads.begin_or_end_video, methods=["POST"]),
        Route("/linkedin/rest/images/{urn}", uploads.look, methods=["GET"]),
        Route("/linkedin/rest/videos/{urn}", uploads.look, methods=["GET"]),
        Route("/linkedin/dms-uploads/{secret}/{number}", uploads.put, methods=["PUT"]),
        Route("/linkedin/rest/socialActions/{urn}/comments", posts.comments, methods=["GET"]),
        Route("/linkedin/rest/socialActions/{urn}/comments", posts.comment, methods=["POST"]),
        Route("/linkedin/rest/organizationalEntityShareStatistics", numbers.share_statistics, methods=["GET"]),
        Route("/linkedin/rest/memberCreatorPostAnalytics", numbers.member_analytics, methods=["GET"]),
        Route("/linkedin/media/{digest}", file),
        Route("/linkedin/feed/update/{urn}/", page),
    )
    errors: ClassVar[Mapping[type[Exception], Handler]] = {Refusal: _refuse}
    accounts: ClassVar[Sequence[Account]] = (
        "peace_ko", "peace_ru", "peace_en", {"name": "peace_member", "kind": "person", "display_name": "Alice Kim"},
    )  # fmt: skip

    def caller(self, sandbox: Sandbox, scope: Scope) -> Caller:
        author = author_of(sandbox, scope)
        return Caller(author["name"], author["token"]) if author is not None else Caller()

    def route(self, path: str) -> str:
        parts = path.split("/")
        if parts[2] == "dms-uploads":
            return "/linkedin/dms-uploads/{secret}"
        return "/".join("{urn}" if part.startswith("urn:") or part.isdecimal() else part for part in parts)

    def wrong(self, kind: Wrong, sandbox: Sandbox, caller: Caller, standing: Standing | None) -> Answer:
        said = response(kind)
        headers = [(name, value) for name, value in said.raw_headers if name != b"content-length"]
        return Answer(said.status_code, headers, bytearray(said.body))

    def open(self, sandbox: Sandbox, account: Account) -> dict[str, str]:
        told = {"name": account} if isinstance(account, str) else account
        name, kind = told["name"], "person" if told.get("kind") == "person" else "organization"
        sql = "SELECT * FROM linkedin_authors WHERE name = ?"
        row = sandbox.books.one(sql, name)
        if row is None:
            number = 1_000_000 + int.from_bytes(hashlib.sha256(name.encode()).digest()[:3])
            sandbox.books.insert(
                "linkedin_authors",
                urn=f"urn:li:{kind}:{number}",
                name=name,
                title=told.get("display_name") or _TITLES.get(name, name),
                token=secrets.token_urlsafe(64),
                scopes=told.get("scopes") or _SCOPES[kind],
                created_at=sandbox.clock.milliseconds(),
            )
            row = sandbox.books.one(sql, name)
        assert row is not None  # noqa: S101 - just inserted
        mine = row["urn"] if ":organization:" in row["urn"] else ""
        where = f"{sandbox.base_url}/linkedin"
        return {"name": name, "token": row["token"], "organization": mine, "version": "202609", "base_url": where}

    def accepted(self, sandbox: Sandbox, account: str | None, after: str, limit: int) -> list[dict[str, Any]]:
        rows = sandbox.books.all(
            "SELECT p.*, a.name FROM linkedin_posts p JOIN linkedin_authors a ON a.urn = p.author"
            " WHERE p.seq > ? AND (? IS NULL OR a.name = ?) ORDER BY p.seq LIMIT ?",
            int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0,
            account,
            account,
            limit,
        )
        return [_book_row(sandbox, row) for row in rows]

    def counts(self, sandbox: Sandbox, ident: str, at: int) -> dict[str, int] | None:
        row = sandbox.books.one("SELECT * FROM linkedin_posts WHERE urn = ?", ident)
        return numbers.counts(sandbox, row, at) if row is not None else None


def _media(sandbox: Sandbox, row: Row) -> list[dict[str, Any]]:
    found = []
    for item in json.loads(row["media"]):
        medium = sandbox.books.one("SELECT * FROM linkedin_media WHERE urn = ?", item["id"])
        assert medium is not None  # noqa: S101 - it was there when it was attached
        pieces = json.loads(medium["pieces"])
        told = {"sha256": medium["sha256"], "description": item["altText"], "kind": medium["kind"]}
        found.append(told | {"thumbnail": pieces.get("-1")})
    return found


def _book_row(sandbox: Sandbox, row: Row) -> dict[str, Any]:
    return {
        "cursor": str(row["seq"]),
        "id": row["urn"],
        "account": row["name"],
        "text": row["text"],
        "language": None,
        "created_at": iso(row["created_at"]),
        "in_reply_to_id": None,
        "media": _media(sandbox, row),
        "url": f"{sandbox.base_url}/linkedin/feed/update/{row['urn']}/",
        "versions": [*json.loads(row["versions"]), row["text"]],
        "deleted": row["deleted_at"] is not None,
        "deleted_at": None if row["deleted_at"] is None else iso(row["deleted_at"]),
    }


ROOMS = LinkedIn()
