"""What the twins of Facebook, Instagram and Threads share: the Graph API's errors, fields, lists, tokens and books."""

import asyncio
import base64
import hashlib
import io
import json
import re
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, ClassVar

from PIL import Image, UnidentifiedImageError
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Scope

from campaign.sandbox import engagement
from campaign.sandbox.books import Row
from campaign.sandbox.clock import BOOT, from_ms, iso
from campaign.sandbox.limits import Standing
from campaign.sandbox.rooms import Account, Answer, Caller, Handler, Rooms, Wrong
from campaign.sandbox.state import Sandbox
from campaign.sandbox.wire import Unreadable, read_params

DAY = 24 * 3600 * 1000  # milliseconds of the platform's time
LONGEST_FETCH = 10.0  # seconds
MOST_BYTES = 40 * 1024 * 1024
PAGE, MOST = 25, 100  # entries of a list
_ERRORS = "https://developers.facebook.com/docs/graph-api/guides/error-handling"
_LIMITS = "https://developers.facebook.com/docs/graph-api/overview/rate-limiting"


@dataclass(frozen=True, slots=True)
class Said:
    """A refusal as the Graph API says it. Where `source` is empty the real words are not known, and these are ours."""

    status: int
    code: int
    message: str
    subcode: int | None = None
    kind: str = "OAuthException"
    transient: bool = False
    user: str = ""  # error_user_msg
    source: str = ""


COMMON: Mapping[str, Said] = {
    "token": Said(400, 190, "Invalid OAuth access token - Cannot parse access token", source=_ERRORS),
    "no_token": Said(
        400, 2500, "An active access token must be used to query information about the current user.", source=_ERRORS
    ),
    "expired": Said(
        400, 190, "Error validating access token: Session has expired on a day in the past.", 463, source=_ERRORS
    ),
    "missing": Said(
        400,
        100,
        "Unsupported {method} request. Object with ID '{node}' does not exist, cannot be loaded due to missing"
        " permissions, or does not support this operation",
        33,
        "GraphMethodException",
        source="https://github.com/gitroomhq/postiz-app/issues/1562",
    ),
    "unknown_path": Said(
        400, 2500, "Unknown path components: /{edge}", source="https://developers.facebook.com/docs/graph-api"
    ),
    "field": Said(400, 100, "(#100) Tried accessing nonexisting field ({name}) on node type ({node})", source=_ERRORS),
    "required": Said(400, 100, "(#100) The parameter {name} is required", source=_ERRORS),
    "metric": Said(
        400,
        100,
        "(#100) metric[{place}] must be one of the following values: {names}",
        source="https://developers.facebook.com/docs/graph-api/reference/insights/",
    ),
    "throttled": Said(400, 4, "(#4) Application request limit reached", transient=True, source=_LIMITS),
    "internal": Said(
        500,
        2,
        "An unexpected error has occurred. Please retry your request later.",
        transient=True,
        source="https://github.com/arsduo/koala/issues/699",
    ),
    "temporary": Said(503, 2, "Service temporarily unavailable", transient=True, source=_ERRORS),
}


class GraphError(Exception):
    """An answer that is an error; nothing was done unless its table says otherwise."""

    def __init__(self, said: Said, **values: Any) -> None:
        super().__init__(said.message)
        self.said, self.values = said, values


def refused(said: Said, **values: Any) -> Response:
    """Return the answer. https://developers.facebook.com/docs/graph-api/guides/error-handling#receiving-errorcodes"""
    error: dict[str, Any] = {"message": said.message.format(**values) if values else said.message}
    error |= {"type": said.kind, "code": said.code}
    if said.subcode is not None:
        error["error_subcode"] = said.subcode
    error["is_transient"] = said.transient
    if said.user:
        error |= {"error_user_title": said.user.partition(".")[0], "error_user_msg": said.user}
    error["fbtrace_id"] = secrets.token_urlsafe(12)
    return JSONResponse({"error": error}, said.status)


async def refuse(request: Request, error: Exception) -> Response:
    """Answer a GraphError."""
    assert isinstance(error, GraphError)  # noqa: S101 - registered for it
    return refused(error.said, **error.values)


@dataclass(slots=True)
class Asking:
    """One request of an account."""

    sandbox: Sandbox
    request: Request
    platform: str
    account: Row
    params: Mapping[str, Any]
    now: int = field(init=False)

    def __post_init__(self) -> None:
        self.now = self.sandbox.clock.milliseconds()

    @property
    def node(self) -> str:
        ident = str(self.request.path_params["node"])
        return str(self.account["id"]) if ident == "me" else ident

    @property
    def edge(self) -> str:
        return str(self.request.path_params.get("edge", "")).strip("/")

    @property
    def own(self) -> bool:
        """Whether it asks of the account itself."""
        return self.node == str(self.account["id"])

    def text(self, name: str) -> str:
        value = self.params.get(name)
        return value if isinstance(value, str) else "" if value is None else json.dumps(value)

    def flag(self, name: str, default: bool = False) -> bool:
        return self.text(name).lower() in ("true", "1") if name in self.params else default

    def number(self, name: str, default: int = 0) -> int:
        text = self.text(name)
        return int(text) if re.fullmatch(r"-?\d{1,15}", text, re.ASCII) else default

    def stands(self, name: str) -> Any:
        """Return the standing fault of that name, counted."""
        request = self.request
        fault = self.sandbox.faults.standing(name, request.method, request.url.path, self.account["name"])
        if fault is not None:
            fault.hits += 1
        return fault

    def missing(self) -> GraphError:
        return GraphError(COMMON["missing"], method=self.request.method.lower(), node=self.node)


async def asking(request: Request, platform: str) -> Asking:
    """Return what is asked, and by whom. Raises: GraphError."""
    sandbox: Sandbox = request.app.state.sandbox
    try:
        kind = request.headers.get("content-type", "")
        params = read_params(request.url.query.encode(), kind, await request.body())
    except Unreadable:
        params = {}
    token = _bearer(request.headers.get("authorization", "")) or str(params.get("access_token") or "")
    if not token:
        raise GraphError(COMMON["no_token"])
    account = account_of(sandbox, platform, token)
    if account is None:
        raise GraphError(COMMON["token"])
    return Asking(sandbox, request, platform, account, params)


def account_of(sandbox: Sandbox, platform: str, token: str) -> Row | None:
    return sandbox.books.one("SELECT * FROM graph_accounts WHERE platform = ? AND token = ?", platform, token)


# Fields and lists


def fields_of(ask: Asking, default: str = "id") -> list[str]:
    """Return the names of the fields that are asked for: `a,b.limit(0).summary(x),c{d,e}` → a, b, c."""
    depth, names, here = 0, [], ""
    for letter in ask.text("fields") or default:
        depth += (letter in "({") - (letter in ")}")
        if letter == "," and not depth:
            names.append(here)
            here = ""
        else:
            here += letter
    return [re.split(r"[.({]", name.strip(), maxsplit=1)[0] for name in [*names, here] if name.strip()]


def shown(ask: Asking, told: Mapping[str, Any], node: str, default: str = "id") -> dict[str, Any]:
    """Return the fields that are asked for; what has no value is left out, as the Graph API does."""
    names = fields_of(ask, default)
    for name in names:
        if name not in told:
            raise GraphError(COMMON["field"], name=name, node=node)
    return {name: told[name] for name in dict.fromkeys(["id", *names]) if told[name] is not None}


def listed(ask: Asking, rows: Sequence[Row], view: Callable[[Row], dict[str, Any]]) -> dict[str, Any]:
    """Return one page of rows, which are all there are, in the order of the list."""
    limit = min(max(ask.number("limit", PAGE), 1), MOST)
    after = _cursor(ask.text("after"))
    start = next((place + 1 for place, row in enumerate(rows) if row["seq"] == after), 0) if after else 0
    page = rows[start : start + limit]
    told: dict[str, Any] = {"data": [view(row) for row in page]}
    if page:
        cursors = {"before": _cursored(page[0]["seq"]), "after": _cursored(page[-1]["seq"])}
        told["paging"] = {"cursors": cursors}
        if start + limit < len(rows):
            told["paging"]["next"] = f"{ask.sandbox.base_url}{ask.request.url.path}?after={cursors['after']}"
    return told


def _cursored(seq: int) -> str:
    return base64.urlsafe_b64encode(f"seq {seq}".encode()).decode()


def _cursor(text: str) -> int:
    try:
        told = base64.urlsafe_b64decode(text).decode().removeprefix("seq ")
    except ValueError:
        return 0
    return int(told) if told.isascii() and told.isdigit() else 0


def moment(milliseconds: int) -> str:
    """Return an instant as the Graph API writes it: 2019-10-01T03:00:00+0000."""
    return from_ms(milliseconds).strftime("%Y-%m-%dT%H:%M:%S+0000")


def new_id() -> str:
    return str(17_000_000_000_000_000 + secrets.randbelow(10**15))


def new_code() -> str:
    return "D" + base64.urlsafe_b64encode(secrets.token_bytes(8)).decode().rstrip("=").replace("-", "A")


# Media


@dataclass(frozen=True, slots=True)
class File:
    """What was fetched, or uploaded. `kind` is image, video or none of both."""

    sha256: str
    kind: str
    mime: str
    size: int
    width: int = 0
    height: int = 0

    def told(self, alt: str | None) -> dict[str, Any]:
        return {"sha256": self.sha256, "kind": self.kind, "mime": self.mime, "description": alt}


async def fetch(sandbox: Sandbox, url: str) -> File | None:
    """Fetch a medium, as the platform does; None: there is nothing to be had."""

    def get() -> bytes | None:
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            return None
        try:
            with urllib.request.urlopen(url, timeout=LONGEST_FETCH) as answer:  # noqa: S310 - of the two schemes
                body: bytes = answer.read(MOST_BYTES + 1)
        except (OSError, ValueError, urllib.error.URLError):
            return None
        return body if len(body) <= MOST_BYTES else None

    body = await asyncio.to_thread(get)
    return None if body is None else file_of(sandbox, body)


def file_of(sandbox: Sandbox, body: bytes) -> File:
    """Look at a file and keep it."""
    digest = sandbox.books.store(body)
    if body[4:8] == b"ftyp":
        return File(digest, "video", "video/mp4", len(body))
    try:
        with Image.open(io.BytesIO(body)) as image:
            mime = Image.MIME.get(image.format or "", "image/unknown")
            return File(digest, "image", mime, len(body), *image.size)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        return File(digest, "none", "application/octet-stream", len(body))


# Containers and posts


def make_container(
    ask: Asking,
    told: Mapping[str, Any],
    media: Sequence[Mapping[str, Any]],
    *,
    error: str = "",
    ready: bool = False,
    ident: str = "",
) -> str:
    """Keep a container; one with a clip is ready in a while, unless that is ready. Returns its id."""
    slow = not ready and any(each["kind"] == "video" for each in media)
    ident, now = ident or new_id(), time.monotonic()
    ask.sandbox.books.insert(
        "graph_containers",
        id=ident,
        platform=ask.platform,
        account=ask.account["name"],
        told=json.dumps(told, ensure_ascii=False),
        media=json.dumps(media, ensure_ascii=False),
        made=now,
        boot=BOOT,
        ready=now + (ask.sandbox.video_seconds if slow else 0.0),
        error=error,
    )
    return ident


def container(ask: Asking, ident: str) -> Row | None:
    sql = "SELECT * FROM graph_containers WHERE id = ? AND platform = ? AND account = ?"
    return ask.sandbox.books.one(sql, ident, ask.platform, ask.account["name"])


def state_of(ask: Asking, row: Row, *, lags: bool = True) -> str:
    """Return how it stands with a container; `lags`: as a reader is told, who may be told late."""
    if row["post"] is not None and not (lags and _hidden(ask, row["post"])):
        return "PUBLISHED"
    if row["boot"] != BOOT or time.monotonic() - row["made"] > 24 * 3600.0 or ask.stands("ignore_key"):
        return "EXPIRED"
    if row["ready"] > time.monotonic():
        return "IN_PROGRESS"
    return "ERROR" if row["error"] else "FINISHED"


def make_post(ask: Asking, row: Row, *, ident: str = "", kind: str = "", text: str = "", reply_to: str | None) -> Row:
    """Publish what a container holds."""
    books, name, ident = ask.sandbox.books, ask.account["name"], ident or new_id()
    with books.together():
        books.insert(
            "graph_posts",
            id=ident,
            platform=ask.platform,
            account=name,
            text=text,
            media=row["media"],
            kind=kind,
            reply_to=reply_to,
            code=new_code(),
            created_at=ask.now,
            growth=engagement.fingerprint(name, text),
            accepted=time.monotonic(),
        )
        books.do("UPDATE graph_containers SET post = ? WHERE id = ?", ident, row["id"])
    made = post_named(ask.sandbox, ask.platform, ident)
    assert made is not None  # noqa: S101 - just inserted
    return made


def post_named(sandbox: Sandbox, platform: str, ident: str) -> Row | None:
    sql = "SELECT * FROM graph_posts WHERE platform = ? AND id = ? AND deleted_at IS NULL"
    return sandbox.books.one(sql, platform, ident)


def posts_of(ask: Asking, where: str = "1") -> list[Row]:
    """Return an account's posts, newest first; a list may lag."""
    sql = f"SELECT * FROM graph_posts WHERE platform = ? AND account = ? AND deleted_at IS NULL AND {where}"  # noqa: S608 - ours
    rows = ask.sandbox.books.all(f"{sql} ORDER BY seq DESC", ask.platform, ask.account["name"])
    since = ask.number("since") * 1000
    late = ask.stands("lagging_list")
    return [row for row in rows if row["created_at"] >= since and not (late and row["accepted"] >= late.since)]


def lately(ask: Asking, where: str = "1") -> int:
    """Return how many posts an account made in the last 24 hours of the platform's time."""
    sql = f"SELECT count(*) FROM graph_posts WHERE platform = ? AND account = ? AND created_at > ? AND {where}"  # noqa: S608
    return ask.sandbox.books.number(sql, ask.platform, ask.account["name"], ask.now - DAY)


def remove(ask: Asking, row: Row) -> dict[str, Any]:
    ask.sandbox.books.do("UPDATE graph_posts SET deleted_at = ? WHERE seq = ?", ask.now, row["seq"])
    return {"success": True}


def rewrite(ask: Asking, row: Row, text: str) -> None:
    """Replace a post's text."""
    versions = json.dumps([*json.loads(row["versions"]), row["text"]], ensure_ascii=False)
    sql = "UPDATE graph_posts SET text = ?, versions = ?, edited_at = ? WHERE seq = ?"
    ask.sandbox.books.do(sql, text, versions, ask.now, row["seq"])


def comment(ask: Asking, post: str, parent: str | None, text: str) -> str:
    """Let the account itself answer below a post."""
    ident = new_id()
    ask.sandbox.books.insert(
        "graph_comments",
        id=ident,
        platform=ask.platform,
        post=post,
        parent=parent,
        account=ask.account["name"],
        text=text,
        created_at=ask.now,
    )
    return ident


def comments_of(sandbox: Sandbox, platform: str, post: str) -> list[Row]:
    return sandbox.books.all(
        "SELECT * FROM graph_comments WHERE platform = ? AND post = ? ORDER BY seq", platform, post
    )


def _hidden(ask: Asking, ident: str) -> bool:
    late = ask.stands("lagging_list")
    row = post_named(ask.sandbox, ask.platform, ident)
    return bool(late and row is not None and row["accepted"] >= late.since)


# Counters


def grown(sandbox: Sandbox, row: Row, at: int) -> dict[str, int]:
    """Return the true counters of a post, in words that are no platform's."""
    age, language = (at - row["created_at"]) / 1000, str(row["account"]).rpartition("_")[2]

    def count(metric: engagement.Grown) -> int:
        return engagement.count(
            sandbox.seed, row["growth"], metric, age, language=language, platform=str(row["platform"])
        )

    likes, shares = count("favourites"), count("reblogs")
    return {
        "reactions": likes,
        "replies": count("replies") + len(comments_of(sandbox, row["platform"], row["id"])),
        "reposts": shares,
        "quotes": count("quotes"),
        "views": 23 * likes + 11 * shares,
        "reach": 17 * likes + 7 * shares,
        "saves": likes // 5,
    }


def insights(ask: Asking, row: Row, known: Mapping[str, str]) -> dict[str, Any]:
    """Return counters; one that is not known refuses them all, as the real one does.

    Args:
        known: the platform's name → the word of grown().
    """
    told = ask.text("metric")
    named = json.loads(told) if told.startswith("[") else told.split(",")  # Meta's own client sends a JSON list
    asked = [str(name) for name in named if name]
    gone = ask.sandbox.faults.missing(row["id"], row["account"])
    retired = {name for name in known if gone.get(f"{name}_count") == "absent"}
    silent = {name for name in known if gone.get(f"{name}_count") == "null"}
    there = [name for name in known if name not in retired]
    for place, name in enumerate(asked):
        if name not in there:
            raise GraphError(COMMON["metric"], place=place, names=", ".join(there))
    counts = grown(ask.sandbox, row, ask.now)
    return {
        "data": [
            {
                "name": name,
                "period": "lifetime",
                "values": [{"value": counts[known[name]]}],
                "title": name.replace("_", " ").title(),
                "description": f"Sandbox: {name}",
                "id": f"{row['id']}/insights/{name}/lifetime",
            }
            for name in asked
            if name not in silent
        ]
    }


class GraphRooms(Rooms):
    """The rooms of one platform of the family."""

    server: ClassVar[bytes] = b"proxygen"
    errors: ClassVar[Mapping[type[Exception], Handler]] = {GraphError: refuse}
    accounts: ClassVar[Sequence[Account]] = ("peace_ko", "peace_ru", "peace_en")
    titles: ClassVar[Mapping[str, str]] = {
        "peace_ko": "유라시아 평화 여정", "peace_ru": "Путешествие мира", "peace_en": "Eurasia Peace Journey",
    }  # fmt: skip
    schema: ClassVar[str] = """
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
        token = _bearer(header) or (urllib.parse.unquote(found[1].decode("latin-1")) if found else "")
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


def need(ask: Asking, names: Iterable[str]) -> None:
    """Refuse a request that lacks a parameter."""
    for name in names:
        if not ask.text(name):
            raise GraphError(COMMON["required"], name=name)


def _bearer(header: str) -> str:
    kind, _, token = header.partition(" ")
    return token.strip() if kind.lower() in ("bearer", "oauth") else ""
