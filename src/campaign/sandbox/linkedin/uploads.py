"""Uploads: pictures in one piece, clips in pieces of 4 MiB. What came is at work for a moment."""

import hashlib
import io
import json
import secrets
import time
from typing import Any

from PIL import Image, UnidentifiedImageError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from campaign.sandbox.books import Row
from campaign.sandbox.clock import BOOT
from campaign.sandbox.linkedin.asking import Asking, asking
from campaign.sandbox.linkedin.refusals import Refusal

PIECE = 4_194_304
SMALLEST, LARGEST = 75_000, 500_000_000  # bytes of a clip
MAX_PIXELS = 36_152_320
TYPES = {"JPEG", "PNG", "GIF"}


async def begin_image(request: Request) -> Response:
    ask = asking(request)
    if ask.query.get("action") != "initializeUpload":
        raise Refusal("parameter", name="action")
    urn = _made(ask, await _about(ask), "image", 0)
    return _value({"uploadUrlExpiresAt": ask.now + 86_400_000, "uploadUrl": _url(ask, urn, 0), "image": urn})


async def begin_or_end_video(request: Request) -> Response:
    ask = asking(request)
    if ask.query.get("action") == "finalizeUpload":
        return await _end(ask)
    if ask.query.get("action") != "initializeUpload":
        raise Refusal("parameter", name="action")
    about = await _about(ask)
    size = about.get("fileSizeBytes")
    if type(size) is not int or not SMALLEST <= size <= LARGEST:
        raise Refusal("video_size")
    urn = _made(ask, about, "video", size)
    pieces = [
        {"uploadUrl": _url(ask, urn, first // PIECE), "firstByte": first, "lastByte": min(first + PIECE, size) - 1}
        for first in range(0, size, PIECE)
    ]
    told: dict[str, Any] = {"video": urn, "uploadInstructions": pieces, "uploadToken": ""}
    if about.get("uploadThumbnail") is True:
        told["thumbnailUploadUrl"] = _url(ask, urn, -1)
    return _value(told)


async def put(request: Request) -> Response:
    """Take a piece. Its address is secret, and asks for the token besides."""
    ask = asking(request, versioned=False)
    secret, number = str(request.path_params["secret"]), int(request.path_params["number"])
    row = ask.sandbox.books.one("SELECT * FROM linkedin_media WHERE secret = ?", secret)
    content = await request.body()
    if row is None or row["author"] != ask.author["urn"] or not content:
        return Response(status_code=403)
    digest = ask.sandbox.books.store(content)
    pieces = json.loads(row["pieces"]) | {str(number): digest}
    ask.sandbox.books.do("UPDATE linkedin_media SET pieces = ? WHERE urn = ?", json.dumps(pieces), row["urn"])
    if row["kind"] == "image":
        _done(ask, row, content, good=_is_picture(content))
    return Response(status_code=201 if row["kind"] == "image" else 200, headers={"etag": f'"{digest[:32]}"'})


async def look(request: Request) -> Response:
    ask = asking(request)
    row = ask.sandbox.books.one("SELECT * FROM linkedin_media WHERE urn = ?", ask.key)
    if row is None or row["author"] != ask.author["urn"]:
        raise Refusal("not_found", urn=ask.key[:80])
    return JSONResponse({"id": row["urn"], "owner": row["author"], "status": status(row)})


def status(row: Row) -> str:
    """Return how far a medium is."""
    if not row["sha256"]:
        return "WAITING_UPLOAD"
    if not row["good"]:
        return "PROCESSING_FAILED"
    return "PROCESSING" if row["boot"] == BOOT and time.monotonic() < row["ready"] else "AVAILABLE"


async def _end(ask: Asking) -> Response:
    told = (await ask.told()).get("finalizeUploadRequest")
    told = told if isinstance(told, dict) else {}
    row = ask.sandbox.books.one("SELECT * FROM linkedin_media WHERE urn = ?", str(told.get("video")))
    if row is None or row["author"] != ask.author["urn"]:
        raise Refusal("not_found", urn=str(told.get("video"))[:80])
    pieces = json.loads(row["pieces"])
    digests = [pieces.get(str(number)) for number in range(-(-row["total"] // PIECE))]
    if None in digests or told.get("uploadedPartIds") != [str(digest)[:32] for digest in digests]:
        raise Refusal("parts")
    content = b"".join(ask.sandbox.books.path_of(digest).read_bytes() for digest in digests)
    if len(content) != row["total"]:
        raise Refusal("parts")
    ask.sandbox.books.store(content)
    _done(ask, row, content, good=content[4:8] == b"ftyp")
    return Response(status_code=200)


async def _about(ask: Asking) -> dict[str, Any]:
    """Return what is to be uploaded; only the author itself may own it."""
    told = (await ask.told()).get("initializeUploadRequest")
    about = told if isinstance(told, dict) else {}
    if about.get("owner") != ask.author["urn"]:
        raise Refusal("denied", access="images.ACTION-initializeUpload")
    ask.may("w_organization_social", "w_member_social", what="images.ACTION-initializeUpload")
    return about


def _made(ask: Asking, about: dict[str, Any], kind: str, total: int) -> str:
    secret = secrets.token_urlsafe(24)
    ident = hashlib.sha256(secret.encode()).hexdigest()[:16].upper()
    urn = f"urn:li:{kind}:{'C4E10AQF' if kind == 'image' else 'C5F10AQG'}{ident}"
    ask.sandbox.books.insert(
        "linkedin_media", urn=urn, author=about["owner"], kind=kind, total=total, secret=secret, created_at=ask.now
    )
    return urn


def _done(ask: Asking, row: Row, content: bytes, *, good: bool) -> None:
    ready = time.monotonic() + (ask.sandbox.video_seconds if row["kind"] == "video" else 0.0)
    sql = "UPDATE linkedin_media SET sha256 = ?, good = ?, ready = ?, boot = ? WHERE urn = ?"
    ask.sandbox.books.do(sql, hashlib.sha256(content).hexdigest(), int(good), ready, BOOT, row["urn"])


def _is_picture(content: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(content)) as image:
            known = image.format in TYPES and image.width * image.height <= MAX_PIXELS
            image.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False
    return known


def _url(ask: Asking, urn: str, number: int) -> str:
    sql = "SELECT secret FROM linkedin_media WHERE urn = ?"
    row = ask.sandbox.books.one(sql, urn)
    assert row is not None  # noqa: S101 - just inserted
    return f"{ask.sandbox.base_url}/linkedin/dms-uploads/{row['secret']}/{number}"


def _value(told: dict[str, Any]) -> Response:
    return JSONResponse({"value": told})
