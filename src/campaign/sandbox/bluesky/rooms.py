"""Bluesky's rooms, as the sandbox takes them in."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from campaign.sandbox.bluesky import feed, pages, records, server
from campaign.sandbox.bluesky.asking import answer, method_of, open_account
from campaign.sandbox.bluesky.refusals import XrpcError, expired, internal, invalid, too_many
from campaign.sandbox.books import Row
from campaign.sandbox.clock import iso
from campaign.sandbox.limits import Limit, Standing
from campaign.sandbox.rooms import Account, Answer, Caller, Handler, Rooms, Wrong
from campaign.sandbox.state import Sandbox

_NAMES = {"peace_ko": "유라시아 평화 여정", "peace_ru": "Путешествие мира", "peace_en": "Eurasia Peace Journey"}
REQUESTS = Limit(3000, 300)  # per address: https://docs.bsky.app/docs/advanced-guides/rate-limits
_QUERIES = {
    "com.atproto.server.describeServer": server.describe,
    "com.atproto.server.getSession": server.get_session,
    "com.atproto.identity.resolveHandle": server.resolve_handle,
    "com.atproto.repo.getRecord": records.get_record,
    "com.atproto.repo.listRecords": records.list_records,
    "com.atproto.repo.describeRepo": records.describe_repo,
    "com.atproto.sync.getBlob": records.get_blob,
    "app.bsky.feed.getPosts": feed.get_posts,
    "app.bsky.feed.getAuthorFeed": feed.get_author_feed,
    "app.bsky.feed.getPostThread": feed.get_post_thread,
    "app.bsky.actor.getProfile": feed.get_profile,
}
_PROCEDURES = {
    "com.atproto.server.createSession": server.create_session,
    "com.atproto.server.refreshSession": server.refresh_session,
    "com.atproto.repo.uploadBlob": records.upload_blob,
    "com.atproto.repo.putRecord": records.put_record,
    "com.atproto.repo.createRecord": records.create_record,
    "com.atproto.repo.deleteRecord": records.delete_record,
    "com.atproto.repo.applyWrites": records.apply_writes,
}


async def _no_such_method(request: Request) -> Response:
    name = method_of(request)
    for methods, wanted in ((_QUERIES, "GET"), (_PROCEDURES, "POST")):
        if name in methods:
            raise invalid(f"Incorrect HTTP method ({request.method}) expected {wanted}")
    raise invalid(f"No service configured for {name[:300]}")


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, XrpcError)  # noqa: S101 - it is registered for nothing else
    return answer(_body(error), error.status, error.headers)


def _body(error: XrpcError) -> dict[str, str]:
    return {"error": error.name, "message": error.message}


class Bluesky(Rooms):
    """The rooms under /xrpc, and the pages under /profile."""

    name: ClassVar[str] = "bluesky"
    prefixes: ClassVar[tuple[str, ...]] = ("/xrpc/",)
    server: ClassVar[bytes] = b"PDS"
    schema: ClassVar[str] = """
CREATE TABLE IF NOT EXISTS bluesky_accounts (
  did TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, handle TEXT NOT NULL UNIQUE, email TEXT NOT NULL UNIQUE,
  password TEXT NOT NULL, display_name TEXT NOT NULL, locale TEXT NOT NULL, created_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS bluesky_tokens (
  token TEXT PRIMARY KEY, did TEXT NOT NULL, kind TEXT NOT NULL, until REAL NOT NULL, boot TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS bluesky_blobs (
  did TEXT NOT NULL, cid TEXT NOT NULL, sha256 TEXT NOT NULL, mime TEXT NOT NULL, bytes INTEGER NOT NULL,
  created_at INTEGER NOT NULL, PRIMARY KEY (did, cid));
CREATE TABLE IF NOT EXISTS bluesky_records (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, did TEXT NOT NULL, collection TEXT NOT NULL, rkey TEXT NOT NULL,
  cid TEXT NOT NULL, value TEXT NOT NULL, versions TEXT NOT NULL, subject TEXT, parent TEXT, quoted TEXT,
  growth TEXT NOT NULL, created_at INTEGER NOT NULL, edited_at INTEGER, deleted_at INTEGER, accepted REAL NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS bluesky_live ON bluesky_records (did, collection, rkey) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS bluesky_subject ON bluesky_records (collection, subject);
CREATE INDEX IF NOT EXISTS bluesky_parent ON bluesky_records (collection, parent);
CREATE INDEX IF NOT EXISTS bluesky_quoted ON bluesky_records (collection, quoted);
"""
    routes: ClassVar[Sequence[Route]] = [
        *(Route(f"/xrpc/{name}", handler, methods=["GET"]) for name, handler in _QUERIES.items()),
        *(Route(f"/xrpc/{name}", handler, methods=["POST"]) for name, handler in _PROCEDURES.items()),
        Route("/xrpc/{name:path}", _no_such_method, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
        *pages.ROUTES,
    ]
    errors: ClassVar[Mapping[type[Exception], Handler]] = {XrpcError: _refuse}
    accounts: ClassVar[Sequence[Account]] = ("peace_ko", "peace_ru", "peace_en")

    def caller(self, sandbox: Sandbox, scope: Scope) -> Caller:
        header = next((v.decode("latin-1") for n, v in scope["headers"] if n.lower() == b"authorization"), "")
        token = header.partition(" ")[2].strip()
        row = sandbox.books.one(
            "SELECT a.name, a.locale FROM bluesky_tokens t JOIN bluesky_accounts a ON a.did = t.did WHERE t.token = ?",
            token,
        )
        return Caller(row["name"], token, str(row["locale"])) if row else Caller()

    def route(self, path: str) -> str:
        name = path.removeprefix("/xrpc/")
        return path if name in _QUERIES or name in _PROCEDURES else "/xrpc/{name}"

    def throttle(self, sandbox: Sandbox, caller: Caller, method: str, path: str, address: str) -> Standing | None:
        return None if sandbox.wide else sandbox.throttle.count(("bluesky", address), REQUESTS)

    def limits(self, sandbox: Sandbox, standing: Standing) -> list[tuple[bytes, bytes]]:
        """The window is real time; its end is told in the platform's time, so that Reset - Date is the real wait."""
        resets = int(sandbox.clock.now().timestamp() + standing.resets_in)
        return [
            (b"ratelimit-limit", str(standing.limit).encode()),
            (b"ratelimit-remaining", str(standing.remaining).encode()),
            (b"ratelimit-reset", str(resets).encode()),
            (b"ratelimit-policy", f"{standing.limit};w={REQUESTS.seconds:.0f}".encode()),
        ]

    def wrong(self, kind: Wrong, sandbox: Sandbox, caller: Caller, standing: Standing | None) -> Answer:
        told = {
            "throttled": too_many(standing.resets_in if standing else 1),
            "internal": internal(),
            "temporary": XrpcError(503, "NotEnoughResources", "Not Enough Resources"),
            "expired": expired(),
        }[kind]
        headers = [(name.lower().encode(), value.encode()) for name, value in told.headers.items()]
        body = bytearray(json.dumps(_body(told)).encode())
        return Answer(told.status, [(b"content-type", b"application/json; charset=utf-8"), *headers], body)

    def open(self, sandbox: Sandbox, account: Account) -> dict[str, str]:
        """Open an account; `access_seconds` is how long its access tokens live from now on."""
        told = {"name": account} if isinstance(account, str) else account
        name = told["name"]
        sandbox.sheets[f"bluesky {name}"] = {key: int(told[key]) for key in ("access_seconds",) if key in told}
        locale = told.get("locale") or name.rpartition("_")[2] or "en"
        shown = told.get("display_name") or _NAMES.get(name, name)
        row = open_account(sandbox.books, name, shown, locale, sandbox.clock.milliseconds())
        login = {"token": row["password"], "identifier": row["handle"]}
        return {"name": name, **login, "handle": row["handle"], "did": row["did"]}

    def accepted(self, sandbox: Sandbox, account: str | None, after: str, limit: int) -> list[dict[str, Any]]:
        rows = sandbox.books.all(
            "SELECT r.*, a.name FROM bluesky_records r JOIN bluesky_accounts a ON a.did = r.did"
            " WHERE r.collection = ? AND r.seq > ? AND (? IS NULL OR a.name = ?) ORDER BY r.seq LIMIT ?",
            records.POST,
            int(after) if after.isascii() and after.isdigit() and len(after) < 19 else -1,
            account,
            account,
            limit,
        )
        return [self._book_row(sandbox, row) for row in rows]

    def counts(self, sandbox: Sandbox, ident: str, at: int) -> dict[str, int] | None:
        row = sandbox.books.one(
            "SELECT * FROM bluesky_records WHERE collection = ? AND rkey = ? ORDER BY seq DESC", records.POST, ident
        )
        return feed.counts(sandbox, row, at) if row is not None else None

    def _book_row(self, sandbox: Sandbox, row: Row) -> dict[str, Any]:
        value = json.loads(row["value"])
        older = [version.get("text", "") for version in json.loads(row["versions"])]
        return {
            "cursor": str(row["seq"]),
            "id": row["rkey"],
            "account": row["name"],
            "text": value.get("text", ""),
            "language": next(iter(value.get("langs") or ()), None),
            "languages": value.get("langs") or [],
            "created_at": iso(row["created_at"]),
            "in_reply_to_id": (row["parent"] or "").rpartition("/")[2] or None,
            "media": self._media(sandbox, row["did"], value.get("embed")),
            "idempotency_key": None,
            "url": f"{sandbox.base_url}/profile/{row['did']}/post/{row['rkey']}",
            "edits": len(older),
            "versions": [*older, value.get("text", "")],
            "deleted": row["deleted_at"] is not None,
            "deleted_at": None if row["deleted_at"] is None else iso(row["deleted_at"]),
            "cid": row["cid"],
            "record": value,
        }

    def _media(self, sandbox: Sandbox, did: str, embed: Any) -> list[dict[str, Any]]:
        if not isinstance(embed, dict):
            return []
        items = [(one["image"], one) for one in embed.get("images", ())] if "images" in embed else []
        if "video" in embed:
            items.append((embed["video"], embed))
        told = []
        for blob, about in items:
            row = records.blob_of(sandbox.books, did, blob["ref"]["$link"])
            tracks = {
                one["lang"]: found["sha256"]
                for one in about.get("captions") or ()
                if (found := records.blob_of(sandbox.books, did, one["file"]["ref"]["$link"])) is not None
            }
            told.append(
                {
                    "sha256": row["sha256"] if row is not None else None,
                    "description": about.get("alt"),
                    "mime": row["mime"] if row is not None else None,
                    "captions": tracks,
                }
            )
        return told


ROOMS = Bluesky()
