"""The books: everything that was accepted and everything that arrived, in a file that outlives a killed twin."""

import hashlib
import json
import secrets
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

from campaign.sandbox.clock import BOOT, iso

Row = sqlite3.Row

SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, display_name TEXT NOT NULL, locale TEXT NOT NULL,
  created_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS apps (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, website TEXT, scopes TEXT NOT NULL, redirect_uris TEXT NOT NULL,
  client_id TEXT NOT NULL UNIQUE, client_secret TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tokens (
  token TEXT PRIMARY KEY, account_id INTEGER REFERENCES accounts, app TEXT NOT NULL, website TEXT,
  scopes TEXT NOT NULL, created_at INTEGER NOT NULL, first INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS statuses (
  id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES accounts, text TEXT NOT NULL, spoiler TEXT NOT NULL,
  language TEXT, visibility TEXT NOT NULL, sensitive INTEGER NOT NULL, created_at INTEGER NOT NULL,
  in_reply_to_id INTEGER, in_reply_to_account_id INTEGER, reblog_of INTEGER, quoted INTEGER, media TEXT NOT NULL,
  idempotency_key TEXT, growth TEXT NOT NULL, app TEXT NOT NULL, website TEXT, edited_at INTEGER, deleted_at INTEGER,
  accepted REAL NOT NULL, boot TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS statuses_account ON statuses (account_id, id);
CREATE INDEX IF NOT EXISTS statuses_parent ON statuses (in_reply_to_id);
CREATE INDEX IF NOT EXISTS statuses_reblog ON statuses (reblog_of);
CREATE INDEX IF NOT EXISTS statuses_quoted ON statuses (quoted);
CREATE TABLE IF NOT EXISTS versions (
  status_id INTEGER NOT NULL REFERENCES statuses, n INTEGER NOT NULL, text TEXT NOT NULL, spoiler TEXT NOT NULL,
  sensitive INTEGER NOT NULL, media TEXT NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (status_id, n));
CREATE TABLE IF NOT EXISTS media (
  id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES accounts, sha256 TEXT NOT NULL, mime TEXT NOT NULL,
  kind TEXT NOT NULL, bytes INTEGER NOT NULL, width INTEGER, height INTEGER, seconds REAL, description TEXT,
  focus TEXT, status_id INTEGER, created_at INTEGER NOT NULL, ready REAL NOT NULL, boot TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS favourites (
  account_id INTEGER NOT NULL, status_id INTEGER NOT NULL, at INTEGER NOT NULL, undone_at INTEGER);
CREATE INDEX IF NOT EXISTS favourites_status ON favourites (status_id);
CREATE TABLE IF NOT EXISTS keys (
  account_id INTEGER NOT NULL, key TEXT NOT NULL, status_id INTEGER NOT NULL, at REAL NOT NULL, boot TEXT NOT NULL,
  PRIMARY KEY (account_id, key));
CREATE TABLE IF NOT EXISTS requests (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, method TEXT NOT NULL, path TEXT NOT NULL, account TEXT,
  idempotency_key TEXT, at INTEGER NOT NULL, bytes INTEGER NOT NULL, body_sha256 TEXT NOT NULL, fault TEXT,
  did INTEGER, answered INTEGER);
CREATE TABLE IF NOT EXISTS counters (route TEXT PRIMARY KEY, n INTEGER NOT NULL);
"""


class Books:
    """One SQLite file and a folder of media named by digest. Used from one thread at a time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._media = folder / "sandbox-media"
        self._db = sqlite3.connect(folder / "sandbox.sqlite", check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")  # kill -9 loses nothing that was committed; a power cut may
        self._db.executescript(SCHEMA)

    def script(self, schema: str) -> None:
        """Make the tables of one platform."""
        self._db.executescript(schema)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Commit everything inside, or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def one(self, sql: str, *values: Any) -> Row | None:
        row: Row | None = self._db.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, *values: Any) -> list[Row]:
        return self._db.execute(sql, values).fetchall()

    def number(self, sql: str, *values: Any) -> int:
        row = self.one(sql, *values)
        return int(row[0] or 0) if row else 0

    def do(self, sql: str, *values: Any) -> int:
        return self._db.execute(sql, values).rowcount

    def insert(self, table: str, **values: Any) -> None:
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        # The table and the columns are names in this package, never input.
        self._db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))  # noqa: S608

    def snowflake(self, table: str, ms: int) -> int:
        """Return a free id that carries the platform's time: milliseconds shifted by 16 bits, and a count.

        https://github.com/mastodon/mastodon/blob/main/lib/mastodon/snowflake.rb
        """
        low = ms << 16
        # While the clock stands still, ids still rise in the order of arrival. The low bits do not begin at zero, as
        # on the real server: `since_id = ms << 16` finds what was posted in that very millisecond.
        last = self.number(f"SELECT max(id) FROM {table} WHERE id >= ? AND id < ?", low, low + 65536)  # noqa: S608
        return last + 1 if last else low + 1 + crc32(str(ms).encode()) % 4096

    # Accounts and tokens

    def account(self, name: str) -> Row | None:
        return self.one("SELECT * FROM accounts WHERE name = ?", name)

    def open_account(self, name: str, display_name: str, locale: str, ms: int) -> Row:
        """Return the account of this name; make it when there is none."""
        row = self.account(name)
        if row is None:
            ident = self.snowflake("accounts", ms)
            self.insert(
                "accounts", id=ident, name=name, display_name=display_name or name, locale=locale, created_at=ms
            )
            row = self.account(name)
        assert row is not None  # noqa: S101 - just inserted
        return row

    def open_token(
        self,
        account: Row | None,
        ms: int,
        *,
        scopes: str = "read write",
        app: str = "Sandbox",
        website: str | None = None,
        first: bool = False,
    ) -> str:
        token = secrets.token_urlsafe(32)
        owner = account["id"] if account else None
        self.insert(
            "tokens",
            token=token,
            account_id=owner,
            app=app,
            website=website,
            scopes=scopes,
            created_at=ms,
            first=int(first),
        )
        return token

    def first_token(self, account: Row) -> str | None:
        row = self.one("SELECT token FROM tokens WHERE account_id = ? AND first = 1", account["id"])
        return row["token"] if row else None

    # Keys: an hour of real time, whatever the platform's clock does

    def keyed(self, account: int, key: str, lifetime: float) -> int | None:
        row = self.one("SELECT * FROM keys WHERE account_id = ? AND key = ?", account, key)
        if row is None or row["boot"] != BOOT or time.monotonic() - row["at"] > lifetime:
            return None
        return int(row["status_id"])

    def keep_key(self, account: int, key: str, status: int) -> None:
        self.do("INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?, ?)", account, key, status, time.monotonic(), BOOT)

    # Media files

    def store(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        path = self._media / digest[:2] / digest
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            half = path.with_name(f"{digest}.{secrets.token_hex(4)}")
            half.write_bytes(content)
            half.replace(path)
        return digest

    def path_of(self, digest: str) -> Path:
        return self._media / digest[:2] / digest

    def media_of(self, ids: Sequence[int]) -> list[Row]:
        found = {row["id"]: row for row in (self.one("SELECT * FROM media WHERE id = ?", i) for i in ids) if row}
        return [found[i] for i in ids if i in found]

    # What arrived

    def count(self, route: str) -> None:
        self.do("INSERT INTO counters VALUES (?, 1) ON CONFLICT (route) DO UPDATE SET n = n + 1", route)

    def arrived(self, method: str, path: str, *, account: str | None, key: str | None, ms: int, body: bytes) -> int:
        row = self.one(
            "INSERT INTO requests (method, path, account, idempotency_key, at, bytes, body_sha256)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING seq",
            method,
            path,
            account,
            key,
            ms,
            len(body),
            hashlib.sha256(body).hexdigest(),
        )
        assert row is not None  # noqa: S101 - RETURNING always gives the row
        return int(row["seq"])

    def ended(self, seq: int, *, fault: str | None, did: int | None, answered: int | None) -> None:
        self.do("UPDATE requests SET fault = ?, did = ?, answered = ? WHERE seq = ?", fault, did, answered, seq)

    def requests(self, after: int = 0, limit: int = 1000) -> list[dict[str, Any]]:
        rows = self.all("SELECT * FROM requests WHERE seq > ? ORDER BY seq LIMIT ?", after, limit)
        return [dict(row) | {"at": iso(row["at"])} for row in rows]

    def counters(self) -> dict[str, int]:
        return {row["route"]: row["n"] for row in self.all("SELECT * FROM counters ORDER BY route")}

    def accepted(self, account: str | None, base_url: str, after: int, limit: int) -> list[dict[str, Any]]:
        """Return one row per post that was ever accepted, oldest first; boosts are no posts."""
        rows = self.all(
            "SELECT s.*, a.name FROM statuses s JOIN accounts a ON a.id = s.account_id"
            " WHERE s.reblog_of IS NULL AND s.id > ? AND (? IS NULL OR a.name = ?) ORDER BY s.id LIMIT ?",
            after,
            account,
            account,
            limit,
        )
        return [self._book_row(row, base_url) for row in rows]

    def _book_row(self, row: Row, base_url: str) -> dict[str, Any]:
        media = self.media_of(json.loads(row["media"]))
        versions = [v["text"] for v in self.all("SELECT text FROM versions WHERE status_id = ? ORDER BY n", row["id"])]
        return {
            "id": str(row["id"]),
            "account": row["name"],
            "text": row["text"],
            "spoiler_text": row["spoiler"],
            "language": row["language"],
            "visibility": row["visibility"],
            "created_at": iso(row["created_at"]),
            "in_reply_to_id": None if row["in_reply_to_id"] is None else str(row["in_reply_to_id"]),
            "media": [
                {
                    "id": str(m["id"]),
                    "sha256": m["sha256"],
                    "description": m["description"],
                    "mime": m["mime"],
                    "width": m["width"],
                    "height": m["height"],
                }
                for m in media
            ],
            "idempotency_key": row["idempotency_key"],
            "application": row["app"],
            "url": f"{base_url}/@{row['name']}/{row['id']}",
            "edits": max(0, len(versions) - 1),
            "versions": versions or [row["text"]],
            "edited_at": None if row["edited_at"] is None else iso(row["edited_at"]),
            "deleted": row["deleted_at"] is not None,
            "deleted_at": None if row["deleted_at"] is None else iso(row["deleted_at"]),
        }
