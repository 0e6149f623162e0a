"""Resumable uploads: sessions, pieces, and where a broken one goes on.

https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol
"""

import json
import re
import secrets

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from campaign.sandbox.books import Row
from campaign.sandbox.state import Sandbox
from campaign.sandbox.youtube import videos
from campaign.sandbox.youtube.asking import Asking, asking
from campaign.sandbox.youtube.refusals import Refusal

PATH = "/upload/youtube/v3/videos"
UNIT = 256 * 1024
_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18})")


async def begin(request: Request) -> Response:
    """Open a session, or take a whole video at once (uploadType=multipart)."""
    ask = asking(request)
    ask.spend(1, upload=True)
    if ask.query("uploadType") == "multipart":
        resource, content = await ask.related()
        told = videos.checked(ask, resource, ask.parts())
        return _answer(ask, videos.add(ask, told, content))
    told = videos.checked(ask, await ask.json(), ask.parts())
    size = request.headers.get("x-upload-content-length", "")
    if ask.query("uploadType") != "resumable" or not size.isascii() or not size.isdigit() or int(size[:19]) == 0:
        raise Refusal("media")
    ident = secrets.token_urlsafe(48)
    ask.sandbox.books.insert(
        "youtube_sessions", id=ident, channel=ask.channel["id"], told=json.dumps(told), size=int(size), pieces="[]",
        reached=0, video=None,
    )  # fmt: skip
    where = f"{ask.sandbox.base_url}{PATH}?uploadType=resumable&upload_id={ident}"
    return Response(b"", 200, {"Location": where, "X-GUploader-UploadID": ident})


async def proceed(request: Request) -> Response:
    """Take a piece, or say how far the upload is. The address of the session is enough: it is a secret."""
    sandbox: Sandbox = request.app.state.sandbox
    sql = "SELECT * FROM youtube_sessions WHERE id = ?"
    session = sandbox.books.one(sql, request.query_params.get("upload_id", ""))
    if session is None:
        raise Refusal("session")
    channel = sandbox.books.one("SELECT * FROM youtube_channels WHERE id = ?", session["channel"])
    assert channel is not None  # noqa: S101 - a session has one
    ask = Asking(sandbox, request, channel, json.loads(channel["traits"]), sandbox.clock.milliseconds())
    if session["video"] is None and ask.stands("ignore_key"):
        sandbox.books.do("DELETE FROM youtube_sessions WHERE id = ?", session["id"])
        raise Refusal("session")
    body = await request.body()
    told = request.headers.get("content-range") or f"bytes 0-{len(body) - 1}/{session['size']}"
    found = _RANGE.fullmatch(told.strip())
    if found is None or int(found[3]) != session["size"]:
        raise Refusal("range")
    if session["video"] is None and found[1] is not None:
        session = _taken(sandbox, session, int(found[1]), int(found[2]), body)
    if session["video"] is None and session["reached"] == session["size"]:
        content = b"".join(sandbox.books.path_of(each).read_bytes() for each in json.loads(session["pieces"]))
        ident = videos.add(ask, json.loads(session["told"]), content)
        sandbox.books.do("UPDATE youtube_sessions SET video = ? WHERE id = ?", ident, session["id"])
        return _answer(ask, ident, 201)
    if session["video"] is not None:
        return _answer(ask, session["video"])
    headers = {"Range": f"bytes=0-{session['reached'] - 1}"} if session["reached"] else {}
    return Response(b"", 308, headers)


def _taken(sandbox: Sandbox, session: Row, first: int, last: int, body: bytes) -> Row:
    """Keep what is new of a piece; one that is not the last must be a multiple of 256 KiB."""
    whole = last + 1 == session["size"]
    if last - first + 1 != len(body) or first > session["reached"] or last >= session["size"]:
        raise Refusal("range")
    if not whole and len(body) % UNIT:
        raise Refusal("range")
    if last >= session["reached"]:
        pieces = [*json.loads(session["pieces"]), sandbox.books.store(body[session["reached"] - first :])]
        sql = "UPDATE youtube_sessions SET pieces = ?, reached = ? WHERE id = ?"
        sandbox.books.do(sql, json.dumps(pieces), last + 1, session["id"])
    fresh = sandbox.books.one("SELECT * FROM youtube_sessions WHERE id = ?", session["id"])
    assert fresh is not None  # noqa: S101 - it was there a moment ago
    return fresh


def _answer(ask: Asking, ident: str, status: int = 200) -> Response:
    row = videos.one(ask.sandbox, ident)
    return JSONResponse(videos.resource(ask, row, ["snippet", "status", "localizations"]), status)
