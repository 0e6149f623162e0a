"""Uploads: begun, filled by segments, finished; with alt texts and subtitles. A clip is at work for a moment."""

import hashlib
import io
import json
import time
from typing import Any

from PIL import Image, UnidentifiedImageError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from campaign.sandbox.books import Row
from campaign.sandbox.clock import BOOT
from campaign.sandbox.wire import Upload
from campaign.sandbox.x.asking import Asking, asking, snowflake, whole
from campaign.sandbox.x.refusals import Refusal

# https://docs.x.com/x-api/media/quickstart/best-practices
LARGEST = {"tweet_image": 5_242_880, "tweet_gif": 15_728_640, "tweet_video": 536_870_912, "subtitles": 1_048_576}
TYPES = {
    "tweet_image": {"image/jpeg", "image/png", "image/webp"},
    "tweet_gif": {"image/gif"},
    "tweet_video": {"video/mp4"},
    "subtitles": {"text/srt", "text/vtt"},
}
KEYS = {"tweet_image": 3, "tweet_gif": 16, "tweet_video": 7, "subtitles": 29}  # what a media key begins with
SEGMENT = 5 * 1024 * 1024
SEGMENTS = 1000
LIVES = 86_400  # seconds
MAX_ALT = 1000


async def initialize(request: Request) -> Response:
    ask = asking(request)
    told = await ask.told()
    category, mime, size = told.get("media_category", "tweet_image"), told.get("media_type"), told.get("total_bytes")
    if category not in TYPES or mime not in TYPES[category]:
        raise Refusal("media_type")
    if type(size) is not int or not 0 < size <= LARGEST[category]:
        raise Refusal("file_size", most=LARGEST[category])
    ident = snowflake(ask.sandbox, "x_media", ask.now)
    ask.sandbox.books.insert(
        "x_media", id=ident, account=ask.account["id"], category=category, mime=mime, total=size, created_at=ask.now
    )
    return _answer({"id": str(ident), "media_key": key_of(category, ident), "expires_after_secs": LIVES})


async def append(request: Request) -> Response:
    ask = asking(request)
    row, form = _upload(ask), await ask.form()
    file, index = form.get("media"), str(form.get("segment_index", ""))
    if not isinstance(file, Upload) or not index.isdecimal() or int(index) >= SEGMENTS or row["sha256"]:
        raise Refusal("parameter", name="segment_index")
    if len(file.content) > SEGMENT:
        raise Refusal("segment")
    segments = json.loads(row["segments"]) | {index: ask.sandbox.books.store(file.content)}
    ask.sandbox.books.do("UPDATE x_media SET segments = ? WHERE id = ?", json.dumps(segments), row["id"])
    return _answer({"expires_at": ask.now // 1000 + LIVES})


async def finalize(request: Request) -> Response:
    ask = asking(request)
    row, books = _upload(ask), ask.sandbox.books
    segments = json.loads(row["segments"])
    pieces = [segments.get(str(number)) for number in range(len(segments))]
    content = b"".join(books.path_of(piece).read_bytes() for piece in pieces if piece)
    if None in pieces or len(content) != row["total"]:
        raise Refusal("incomplete")
    width, height = _look(content) if row["category"] == "tweet_image" else (None, None)
    ready = time.monotonic() + (ask.sandbox.video_seconds if row["category"] == "tweet_video" else 0.0)
    books.store(content)
    sql = "UPDATE x_media SET sha256 = ?, width = ?, height = ?, ready = ?, boot = ? WHERE id = ?"
    books.do(sql, hashlib.sha256(content).hexdigest(), width, height, ready, BOOT, row["id"])
    return _answer(_state(ask, _upload(ask)) | {"size": len(content)})


async def status(request: Request) -> Response:
    ask = asking(request)
    if ask.query.get("command", "STATUS") != "STATUS":
        raise Refusal("parameter", name="command")
    return _answer(_state(ask, _upload(ask, ask.query.get("media_id", ""))))


async def metadata(request: Request) -> Response:
    ask = asking(request)
    told = await ask.told()
    row = _upload(ask, str(told.get("id", "")))
    about = told.get("metadata")
    alt = about.get("alt_text") if isinstance(about, dict) else None
    text = alt.get("text") if isinstance(alt, dict) else None
    if not isinstance(text, str) or len(text) > MAX_ALT:
        raise Refusal("alt_too_long")
    ask.sandbox.books.do("UPDATE x_media SET alt = ? WHERE id = ?", text, row["id"])
    return _answer({"id": str(row["id"]), "associated_metadata": {"alt_text": {"text": text}}})


async def subtitles(request: Request) -> Response:
    ask = asking(request)
    told = await ask.told()
    row, track = _upload(ask, str(told.get("id", ""))), told.get("subtitles")
    if told.get("media_category") not in ("TweetVideo", "AmplifyVideo") or not isinstance(track, dict):
        raise Refusal("parameter", name="media_category")
    text, code = _upload(ask, str(track.get("id", ""))), track.get("language_code")
    known = isinstance(code, str) and len(code) == 2 and code.isupper() and isinstance(track.get("display_name"), str)
    if row["category"] != "tweet_video" or text["category"] != "subtitles" or not text["sha256"] or not known:
        raise Refusal("parameter", name="subtitles")
    tracks = json.loads(row["tracks"]) | {str(code): text["sha256"]}
    ask.sandbox.books.do("UPDATE x_media SET tracks = ? WHERE id = ?", json.dumps(tracks), row["id"])
    return _answer({"id": str(row["id"]), "media_category": "TweetVideo", "associated_subtitles": [track]})


def key_of(category: str, ident: int) -> str:
    """Return the media key of an upload."""
    return f"{KEYS[category]}_{ident}"


def at_work(row: Row) -> bool:
    """Return whether a medium is still being processed; what another boot left is done."""
    return bool(row["boot"] == BOOT and time.monotonic() < row["ready"])


def _upload(ask: Asking, ident: str | None = None) -> Row:
    ident = str(ask.request.path_params["id"]) if ident is None else ident
    row = ask.sandbox.books.one("SELECT * FROM x_media WHERE id = ? AND account = ?", whole(ident), ask.account["id"])
    if row is None or ask.now - row["created_at"] > LIVES * 1000:
        raise Refusal("no_such_upload", ident=ident[:20])
    return row


def _state(ask: Asking, row: Row) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": str(row["id"]), "media_key": key_of(row["category"], row["id"]), "expires_after_secs": LIVES,
    }  # fmt: skip
    if row["category"] == "tweet_video" and row["sha256"]:
        working = {"state": "in_progress", "check_after_secs": 1, "progress_percent": 50}
        told["processing_info"] = working if at_work(row) else {"state": "succeeded", "progress_percent": 100}
    return told


def _look(content: bytes) -> tuple[int, int]:
    try:
        with Image.open(io.BytesIO(content)) as image:
            size: tuple[int, int] = image.size
            image.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise Refusal("invalid_media") from None
    return size


def _answer(data: dict[str, Any]) -> Response:
    return JSONResponse({"data": data})
