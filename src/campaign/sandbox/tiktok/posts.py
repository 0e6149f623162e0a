"""Posts: opened by video/init, completed by the last piece of the file, moderated, and then told by their id.

A post is asked for three times until its id is told: PROCESSING_UPLOAD, PUBLISH_COMPLETE without an id (moderation),
PUBLISH_COMPLETE with it. One that is not public never has a public id.
"""

import json
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from campaign.sandbox import engagement
from campaign.sandbox.books import Row
from campaign.sandbox.state import Sandbox
from campaign.sandbox.tiktok.refusals import Refusal

PUBLIC = "PUBLIC_TO_EVERYONE"
LEVELS = (PUBLIC, "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY")
MB = 1_000_000
COUNTERS = ("view_count", "like_count", "comment_count", "share_count")
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


@dataclass(slots=True)
class Asking:
    """One request of a user. `traits`: what was told when the account was opened."""

    sandbox: Sandbox
    request: Request
    user: Row
    traits: dict[str, str]
    body: dict[str, Any]
    now: int  # the platform's time, milliseconds

    def stands(self, fault: str) -> bool:
        """Whether a standing fault bends this request."""
        return stands(self.sandbox, fault, self.request, self.user["name"])


def stands(sandbox: Sandbox, fault: str, request: Request, account: str) -> bool:
    """Whether a standing fault bends a request."""
    found = sandbox.faults.standing(fault, request.method, request.url.path, account)
    if found is not None:
        found.hits += 1
    return found is not None


def user_of(sandbox: Sandbox, authorization: str) -> Row | None:
    """Return the user whose token stands in an Authorization header."""
    token = authorization.removeprefix("Bearer ")
    return sandbox.books.one("SELECT * FROM tiktok_users WHERE token = ?", token)


def answered(work: Callable[[Asking], dict[str, Any]]) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint: the work's data, in TikTok's envelope."""

    async def endpoint(request: Request) -> Response:
        sandbox: Sandbox = request.app.state.sandbox
        user = user_of(sandbox, request.headers.get("authorization", ""))
        if user is None:
            raise Refusal("token")
        raw = await request.body()
        try:
            body = json.loads(raw) if raw else {}
            json.dumps(body, ensure_ascii=False).encode()  # half a surrogate pair is no text
        except (ValueError, RecursionError):
            raise Refusal("params") from None
        if not isinstance(body, dict):
            raise Refusal("params")
        ask = Asking(sandbox, request, user, json.loads(user["traits"]), body, sandbox.clock.milliseconds())
        if f"{request.url.path}".removeprefix("/tiktok/v2/").split("/")[0] in ask.traits.get("lacks", "").split():
            raise Refusal("scope")
        error = {"code": "ok", "message": "", "log_id": "202611"}
        return JSONResponse({"data": work(ask), "error": error})

    return endpoint


def user_info(ask: Asking) -> dict[str, Any]:
    return {"user": {"open_id": ask.user["id"], "display_name": ask.user["title"]}}


def creator_info(ask: Asking) -> dict[str, Any]:
    return {
        "creator_username": ask.user["name"],
        "creator_nickname": ask.user["title"],
        "creator_avatar_url": "",
        "privacy_level_options": _levels(ask),
        "comment_disabled": False,
        "duet_disabled": True,
        "stitch_disabled": False,
        "max_video_post_duration_sec": int(ask.traits.get("seconds", 300)),
    }


def init(ask: Asking) -> dict[str, Any]:
    """Open a post; nobody sees it until the file is whole."""
    info, source = ask.body.get("post_info"), ask.body.get("source_info")
    if not isinstance(info, dict) or not isinstance(source, dict) or source.get("source") != "FILE_UPLOAD":
        raise Refusal("params")
    if ask.traits.get("banned") == "yes":
        raise Refusal("banned")
    title, level = info.get("title", ""), info.get("privacy_level")
    if not isinstance(title, str) or len(title.encode("utf-16-le")) // 2 > 2200:
        raise Refusal("title")
    if level not in _levels(ask):
        raise Refusal("level")
    if ask.traits.get("audited", "yes") != "yes" and level != "SELF_ONLY":
        raise Refusal("unaudited")
    size, chunk, count = (source.get(name) for name in ("video_size", "chunk_size", "total_chunk_count"))
    if not all(isinstance(each, int) and each > 0 for each in (size, chunk, count)):
        raise Refusal("params")
    assert isinstance(size, int) and isinstance(chunk, int) and isinstance(count, int)  # noqa: S101 - just looked
    whole = count == 1 and chunk == size <= 64 * MB
    if not whole and not 5 * MB <= chunk <= 64 * MB:
        raise Refusal("chunks")
    if count != size // chunk or count > 1000:
        raise Refusal("count")
    books, name = ask.sandbox.books, ask.user["name"]
    since = ask.now - 24 * 3600 * 1000
    sql = "SELECT count(*) FROM tiktok_posts WHERE user = ? AND opened_at > ?"
    if books.number(sql, ask.user["id"], since) >= int(ask.traits.get("posts", 1000)):
        raise Refusal("too many")
    publish_id, token = f"v_pub_file~v2-1.{secrets.randbelow(10**19):019d}", secrets.token_urlsafe(24)
    books.insert(
        "tiktok_posts", publish_id=publish_id, token=token, user=ask.user["id"], told=json.dumps(info), size=size,
        chunk=chunk, count=count, pieces="[]", reached=0, asked=0, seq=None, id=None, sha256=None, at=None,
        opened_at=ask.now, growth=engagement.fingerprint(name, title),
    )  # fmt: skip
    where = f"{ask.sandbox.base_url}/tiktok/upload?upload_id={publish_id}&upload_token={token}"
    return {"publish_id": publish_id, "upload_url": where}


async def upload(request: Request) -> Response:
    """Take a piece; the last one publishes. The address is enough: it is a secret."""
    sandbox, query = request.app.state.sandbox, request.query_params
    sql = (
        "SELECT p.*, u.name FROM tiktok_posts p JOIN tiktok_users u ON u.id = p.user"
        " WHERE p.publish_id = ? AND p.token = ?"
    )
    row = sandbox.books.one(sql, query.get("upload_id", ""), query.get("upload_token", ""))
    if row is None:
        raise Refusal("session")
    if stands(sandbox, "ignore_key", request, row["name"]):
        raise Refusal("dead")
    body, told = await request.body(), request.headers.get("content-range", "")
    found = _RANGE.fullmatch(told)
    if found is None or not request.headers.get("content-type", "").startswith("video/"):
        raise Refusal("piece")
    first, last, size = (int(each) for each in found.groups())
    if size != row["size"] or last - first + 1 != len(body) or last >= size:
        raise Refusal("piece")
    if first != row["reached"]:
        raise Refusal("range")
    whole = last + 1 == size
    number = len(json.loads(row["pieces"])) + 1
    if (len(body) != row["chunk"] and not whole) or whole != (number == row["count"]):
        raise Refusal("piece")
    pieces = [*json.loads(row["pieces"]), sandbox.books.store(body)]
    sql = "UPDATE tiktok_posts SET pieces = ?, reached = ? WHERE publish_id = ?"
    sandbox.books.do(sql, json.dumps(pieces), last + 1, row["publish_id"])
    if whole:
        _publish(sandbox, row, pieces)
    headers = {"Content-Range": f"bytes 0-{last}/{size}"}
    return JSONResponse({}, 201 if whole else 206, headers)  # what the real body says is not documented


def _publish(sandbox: Sandbox, row: Row, pieces: list[str]) -> None:
    content = b"".join(sandbox.books.path_of(each).read_bytes() for each in pieces)
    digest, now = sandbox.books.store(content), sandbox.clock.milliseconds()
    if "fails" in json.loads(_user(sandbox, row["user"])["traits"]):
        return
    seq = sandbox.books.number("SELECT max(seq) FROM tiktok_posts") + 1
    public = json.loads(row["told"])["privacy_level"] == PUBLIC
    ident = str(7_500_000_000_000_000_000 + now * 4 + seq) if public else row["publish_id"]
    sql = "UPDATE tiktok_posts SET seq = ?, id = ?, sha256 = ?, at = ? WHERE publish_id = ?"
    sandbox.books.do(sql, seq, ident, digest, now, row["publish_id"])


def status(ask: Asking) -> dict[str, Any]:
    """Tell what became of a publish_id."""
    row = ask.sandbox.books.one("SELECT * FROM tiktok_posts WHERE publish_id = ?", ask.body.get("publish_id"))
    if row is None or ask.stands("ignore_key"):
        raise Refusal("publish id")
    if row["user"] != ask.user["id"]:
        raise Refusal("other")
    last = json.loads(row["pieces"])
    if row["reached"] == row["size"] and ask.stands("lagging_list"):
        return {"status": "PROCESSING_UPLOAD", "uploaded_bytes": row["chunk"] * (len(last) - 1)}
    told: dict[str, Any] = {"status": "PROCESSING_UPLOAD", "uploaded_bytes": row["reached"]}
    if row["reached"] < row["size"]:
        return told
    ask.sandbox.books.do("UPDATE tiktok_posts SET asked = asked + 1 WHERE publish_id = ?", row["publish_id"])
    if row["asked"] and "fails" in ask.traits:
        return {**told, "status": "FAILED", "fail_reason": ask.traits["fails"]}
    if row["asked"]:
        told["status"] = "PUBLISH_COMPLETE"
    if row["asked"] > 1 and str(row["id"]).isdecimal() and ask.traits.get("moderated", "yes") == "yes":
        told["publicaly_available_post_id"] = [int(row["id"])]  # TikTok's own spelling
    return told


def query(ask: Asking) -> dict[str, Any]:
    """Tell public posts of the user by their ids."""
    filters = ask.body.get("filters")
    ids = filters.get("video_ids") if isinstance(filters, dict) else None
    if not isinstance(ids, list) or not 1 <= len(ids) <= 20:
        raise Refusal("params")
    rows = [row for each in ids if (row := _post(ask, str(each))) is not None]
    return {"videos": [_video(ask, row) for row in rows]}


def listing(ask: Asking) -> dict[str, Any]:
    """Tell the user's public posts, the newest first."""
    most, cursor = ask.body.get("max_count", 10), ask.body.get("cursor", 2**62)
    if not isinstance(most, int) or not isinstance(cursor, int) or not 1 <= most <= 20:
        raise Refusal("params")
    sql = (
        "SELECT * FROM tiktok_posts WHERE user = ? AND seq IS NOT NULL AND id != publish_id AND at < ?"
        " ORDER BY at DESC, seq DESC LIMIT ?"
    )
    rows = ask.sandbox.books.all(sql, ask.user["id"], cursor, most + 1)
    if ask.stands("lagging_list"):
        rows = []
    shown = rows[:most]
    last = shown[-1]["at"] if shown else ask.now
    return {"videos": [_video(ask, row) for row in shown], "cursor": last, "has_more": len(rows) > most}


def counts(sandbox: Sandbox, row: Row, at: int) -> dict[str, int]:
    """Return the true counters of a post at a platform's time."""
    age = (at - row["at"]) / 1000

    def grown(metric: engagement.Grown) -> int:
        return engagement.count(sandbox.seed, row["growth"], metric, age, platform="tiktok")

    likes = 12 * grown("favourites")
    return dict(zip(COUNTERS, (23 * likes + 5, likes, 3 * grown("replies"), 2 * grown("reblogs")), strict=True))


def _levels(ask: Asking) -> list[str]:
    return ask.traits["levels"].split() if "levels" in ask.traits else list(LEVELS)


def _post(ask: Asking, ident: str) -> Row | None:
    sql = "SELECT * FROM tiktok_posts WHERE id = ? AND id != publish_id AND user = ?"
    return ask.sandbox.books.one(sql, ident, ask.user["id"])


def _video(ask: Asking, row: Row) -> dict[str, Any]:
    """Tell the fields that are asked for. A title is told to 150 characters: video object."""
    title = str(json.loads(row["told"]).get("title", ""))[:150]
    every: dict[str, Any] = {"id": row["id"], "title": title, "video_description": title, "duration": 3}
    every |= {
        "create_time": row["at"] // 1000,
        "share_url": f"{ask.sandbox.base_url}/tiktok/@{ask.user['name']}/video/{row['id']}",
    }
    missing = ask.sandbox.faults.missing(str(row["id"]), str(ask.user["name"]))
    every |= {name: value for name, value in counts(ask.sandbox, row, ask.now).items() if name not in missing}
    wanted = ask.request.query_params.get("fields", "").split(",")
    if not set(wanted) <= {*every, *COUNTERS, "cover_image_url", "embed_link", "height", "width"}:
        raise Refusal("params")
    return {name: every[name] for name in wanted if name in every}


def _user(sandbox: Sandbox, ident: str) -> Row:
    row = sandbox.books.one("SELECT * FROM tiktok_users WHERE id = ?", ident)
    assert row is not None  # noqa: S101 - a post has one
    return row
