"""What the rooms of the family have in common."""

import hashlib
import json
import re
import secrets
import urllib.parse
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from campaign.sandbox.books import Row
from campaign.sandbox.clock import iso
from campaign.sandbox.graph import consent
from campaign.sandbox.graph.posts import grown, post_named
from campaign.sandbox.graph.speech import COMMON, GraphError, account_of, bearer_of, refuse, refused
from campaign.sandbox.limits import Standing
from campaign.sandbox.rooms import Account, Answer, Caller, Handler, Rooms, Wrong
from campaign.sandbox.state import Sandbox


class GraphRooms(Rooms):
    """The rooms of one platform of the family."""

    server: ClassVar[bytes] = b"proxygen"
    errors: ClassVar[Mapping[type[Exception], Handler]] = {GraphError: refuse}
    accounts: ClassVar[Sequence[Account]] = ("peace_ko", "peace_ru", "peace_en")
    titles: ClassVar[Mapping[str, str]] = {
        "peace_ko": "유라시아 평화 여정", "peace_ru": "Путешествие мира", "peace_en": "Eurasia Peace Journey",
    }  # fmt: skip
    schema: ClassVar[str] = f"""{consent.SCHEMA}
CREATE TABLE IF NOT EXISTS graph_accounts (
  platform TEXT NOT NULL, name TEXT NOT NULL, id TEXT NOT NULL, title TEXT NOT NULL, token TEXT NOT NULL,
  odd TEXT NOT NULL, PRIMARY KEY (platform, name));
CREATE TABLE IF NOT EXISTS graph_containers (
  id TEXT PRIMARY KEY, platform TEXT NOT NULL, account TEXT NOT NULL, told TEXT NOT NULL, media TEXT NOT NULL,
  made REAL NOT NULL, boot TEXT NOT NULL, ready REAL NOT NULL, error TEXT NOT NULL, post TEXT);
CREATE TABLE IF NOT EXISTS graph_posts (
  seq INTEGER PRIMARY KEY, platform TEXT NOT NULL, id TEXT NOT NULL, account TEXT NOT NULL, text TEXT NOT NULL,
  media TEXT NOT NULL, kind TEXT NOT NULL, reply_to TEXT, code TEXT NOT NULL, created_at INTEGER NOT NULL,
  edited_at INTEGER, deleted_at INTEGER, growth TEXT NOT NULL, accepted REAL NOT NULL,
  versions TEXT NOT NULL DEFAULT '[]', UNIQUE (platform, id));
CREATE TABLE IF NOT EXISTS graph_comments (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, platform TEXT NOT NULL, post TEXT NOT NULL, parent TEXT,
  account TEXT NOT NULL, text TEXT NOT NULL, created_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS graph_files (
  id TEXT PRIMARY KEY, platform TEXT NOT NULL, account TEXT NOT NULL, file TEXT NOT NULL, told TEXT NOT NULL);
"""

    def caller(self, sandbox: Sandbox, scope: Scope) -> Caller:
        header = next((v.decode("latin-1") for n, v in scope["headers"] if n.lower() == b"authorization"), "")
        found = re.search(rb"access_token=([^&\s]+)", scope["query_string"] + b"&" + scope.get("sandbox.body", b""))
        token = bearer_of(header) or (urllib.parse.unquote(found[1].decode("latin-1")) if found else "")
        row = account_of(sandbox, self.name, token) or account_of(sandbox, f"{self.name} person", token)
        return Caller(row["name"], token) if row is not None else Caller()

    def route(self, path: str) -> str:
        """Return the edge: nodes are numbers, or names of accounts."""
        parts = path.split("/")
        return f"/{self.name}/{{version}}/{{node}}" + (f"/{parts[4]}" if len(parts) > 4 else "")

    def wrong(self, kind: Wrong, sandbox: Sandbox, caller: Caller, standing: Standing | None) -> Answer:
        response = refused(COMMON[kind])
        headers = [(name, value) for name, value in response.raw_headers if name != b"content-length"]
        if kind == "throttled":
            headers.append((b"x-app-usage", b'{"call_count":100,"total_time":25,"total_cputime":25}'))
        return Answer(response.status_code, headers, bytearray(response.body))

    def open(self, sandbox: Sandbox, account: Account) -> dict[str, str]:
        """Open an account, or find it; `odd` names what the real platform does oddly to it: see the rooms."""
        told = {"name": account} if isinstance(account, str) else account
        name, books = told["name"], sandbox.books
        sql = "SELECT * FROM graph_accounts WHERE platform = ? AND name = ?"
        if books.one(sql, self.name, name) is None:
            digest = int.from_bytes(hashlib.sha256(f"{self.name} {name}".encode()).digest()[:5])
            books.insert(
                "graph_accounts",
                platform=self.name,
                name=name,
                id=str(10**15 + digest),
                title=told.get("display_name") or self.titles.get(name, name),
                token="EAA" + secrets.token_hex(24),
                odd=told.get("odd", ""),
            )
        row = books.one(sql, self.name, name)
        assert row is not None  # noqa: S101 - just inserted
        base_url = f"{sandbox.base_url}/{self.name}"
        return {"name": name, "token": row["token"], "id": row["id"], "base_url": base_url}

    def accepted(self, sandbox: Sandbox, account: str | None, after: str, limit: int) -> list[dict[str, Any]]:
        rows = sandbox.books.all(
            "SELECT * FROM graph_posts WHERE platform = ? AND seq > ? AND (? IS NULL OR account = ?)"
            " ORDER BY seq LIMIT ?",
            self.name,
            int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0,
            account,
            account,
            limit,
        )
        return [self._book_row(sandbox, row) for row in rows]

    def counts(self, sandbox: Sandbox, ident: str, at: int) -> dict[str, int] | None:
        row = post_named(sandbox, self.name, ident)
        return None if row is None else grown(sandbox, row, at)

    def permalink(self, sandbox: Sandbox, row: Row) -> str:
        """Return where a post is shown."""
        return f"{sandbox.base_url}/{self.name}/p/{row['code']}/"

    def page(self, request: Request, code: str) -> Response:
        """Show a post; everything that was posted is escaped."""
        sandbox: Sandbox = request.app.state.sandbox
        sql = "SELECT * FROM graph_posts WHERE platform = ? AND code = ? AND deleted_at IS NULL"
        row = sandbox.books.one(sql, self.name, code)
        if row is None:
            return HTMLResponse("<!doctype html><title>gone</title><p>This post is not there.", 404)
        lines = "<br>".join(escape(line) for line in row["text"].split("\n"))
        alts = "".join(f"<li>{escape(each['description'] or '')}" for each in json.loads(row["media"]))
        head = f"<!doctype html><meta charset=utf-8><title>{escape(row['account'])}</title>"
        return HTMLResponse(f"{head}<h1>{escape(row['account'])}</h1><p>{lines}</p><ul>{alts}</ul>")

    def _book_row(self, sandbox: Sandbox, row: Row) -> dict[str, Any]:
        return {
            "cursor": str(row["seq"]),
            "id": row["id"],
            "account": row["account"],
            "text": row["text"],
            "language": None,
            "created_at": iso(row["created_at"]),
            "in_reply_to_id": row["reply_to"],
            "media": json.loads(row["media"]),
            "url": self.permalink(sandbox, row),
            "versions": [*json.loads(row["versions"]), row["text"]],
            "deleted": row["deleted_at"] is not None,
        }
