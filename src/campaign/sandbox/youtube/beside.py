"""What stands beside a video: caption tracks, a thumbnail, and what people wrote under it."""

import io
import json
from typing import Any

from PIL import Image, UnidentifiedImageError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from campaign.sandbox.books import Row
from campaign.sandbox.clock import iso
from campaign.sandbox.youtube import videos
from campaign.sandbox.youtube.asking import LIST, TRACK, WRITE, Asking, asking
from campaign.sandbox.youtube.refusals import Refusal

_WORDS = ("잘 봤습니다", "Спасибо!", "What a journey", "평화를 빕니다", "Привет из Иркутска")
_NAMES = ("@haru", "@olga", "@sam")
ANSWERS = 7  # those of each ninth thread; a thread itself tells five of them


async def caption(request: Request) -> Response:
    """captions.insert: one track a language and name."""
    ask = asking(request)
    ask.spend(TRACK)
    ask.parts()
    resource, content = await ask.related()
    snippet = resource.get("snippet") if isinstance(resource.get("snippet"), dict) else {}
    row = _own(ask, str((snippet or {}).get("videoId", "")))
    lang, name = (snippet or {}).get("language"), (snippet or {}).get("name")
    if not isinstance(lang, str) or not lang or not isinstance(name, str):
        raise Refusal("body")
    if not content.strip():
        raise Refusal("track content")
    sql = "SELECT * FROM youtube_captions WHERE video = ? AND lang = ? AND name = ?"
    if ask.sandbox.books.one(sql, row["id"], lang, name):
        raise Refusal("track")
    digest = ask.sandbox.books.store(content)
    ask.sandbox.books.insert("youtube_captions", video=row["id"], lang=lang, name=name, sha256=digest)
    told = {"videoId": row["id"], "language": lang, "name": name, "status": "serving", "isDraft": False}
    return JSONResponse({"kind": "youtube#caption", "etag": "e", "id": f"{row['id']}.{lang}", "snippet": told})


async def thumbnail(request: Request) -> Response:
    """thumbnails.set; a channel that is not verified may not."""
    ask = asking(request)
    ask.spend(WRITE)
    row = _own(ask, ask.query("videoId"))
    if ask.traits.get("verified", "yes") != "yes":
        raise Refusal("thumbnail")
    content = await request.body()
    if len(content) > 2 * 1024 * 1024:
        raise Refusal("big image")
    try:
        Image.open(io.BytesIO(content)).verify()
    except (UnidentifiedImageError, OSError, SyntaxError):
        raise Refusal("image") from None
    digest = ask.sandbox.books.store(content)
    ask.sandbox.books.do("UPDATE youtube_videos SET thumbnail = ? WHERE id = ?", digest, row["id"])
    url = f"{ask.sandbox.base_url}/youtube/media/{digest}"
    items = [{"default": {"url": url, "width": 120, "height": 90}}]
    return JSONResponse({"kind": "youtube#thumbnailSetResponse", "etag": "e", "items": items})


async def threads(request: Request) -> Response:
    """commentThreads.list of a video: as many threads as its counter says, the newest first."""
    ask = asking(request)
    ask.spend(LIST)
    ask.parts()
    row = videos.one(ask.sandbox, ask.query("videoId"))
    if row is None or row["deleted_at"] or not row["seq"]:
        raise Refusal("comments of")
    if ask.traits.get("comments", "on") != "on":
        raise Refusal("comments")
    total = videos.counts(ask.sandbox, row, ask.now)["commentCount"]
    return _page(ask, "youtube#commentThreadListResponse", [_thread(row, n) for n in range(total, 0, -1)])


async def answers(request: Request) -> Response:
    """comments.list of a thread."""
    ask = asking(request)
    ask.spend(LIST)
    ask.parts()
    ident, _, number = ask.query("parentId").rpartition(".")
    row = videos.one(ask.sandbox, ident)
    if row is None or row["deleted_at"] or not number.isdecimal():
        raise Refusal("comments of")
    told = _answers(row, int(number[:9]))
    return _page(ask, "youtube#commentListResponse", told)


def _own(ask: Asking, ident: str) -> Any:
    row = videos.one(ask.sandbox, ident)
    if row is None or row["deleted_at"]:
        raise Refusal("video")
    if row["channel"] != ask.channel["id"]:
        raise Refusal("foreign")
    return row


def _page(ask: Asking, kind: str, items: list[dict[str, Any]]) -> Response:
    size, token = ask.query("maxResults", "20"), ask.query("pageToken", "0")
    if not size.isdecimal() or not token.isdecimal() or not 1 <= int(size[:9]) <= 100:
        raise Refusal("page")
    first, most = int(token[:9]), int(size[:9])
    told: dict[str, Any] = {"kind": kind, "etag": "e", "items": items[first : first + most]}
    told["pageInfo"] = {"totalResults": len(told["items"]), "resultsPerPage": most}
    if first + most < len(items):
        told["nextPageToken"] = str(first + most)
    return JSONResponse(told)


def _thread(row: Row, number: int) -> dict[str, Any]:
    ident, below = f"{row['id']}.{number}", _answers(row, number)
    top = _comment(row, ident, number, None)
    told: dict[str, Any] = {"kind": "youtube#commentThread", "etag": "e", "id": ident}
    told["snippet"] = {"videoId": row["id"], "topLevelComment": top, "totalReplyCount": len(below)}
    if below:
        told["replies"] = {"comments": below[:5]}
    return told


def _answers(row: Row, number: int) -> list[dict[str, Any]]:
    parent = f"{row['id']}.{number}"
    return (
        [_comment(row, f"{parent}.{n}", number + n, parent) for n in range(1, ANSWERS + 1)] if number % 9 == 1 else []
    )


def _comment(row: Row, ident: str, number: int, parent: str | None) -> dict[str, Any]:
    text, at = _WORDS[number % len(_WORDS)], iso((row["published_at"] or 0) + 1000 * number)
    snippet = {"textDisplay": text, "textOriginal": text, "authorDisplayName": _NAMES[number % 3], "publishedAt": at}
    snippet |= {"videoId": row["id"], "likeCount": 0, "updatedAt": at} | ({"parentId": parent} if parent else {})
    return {"kind": "youtube#comment", "etag": "e", "id": ident, "snippet": snippet}


def captions_of(row: Row, books: Any) -> dict[str, str]:
    """Return language → digest of a video's tracks."""
    found = books.all("SELECT * FROM youtube_captions WHERE video = ? ORDER BY lang", row["id"])
    return {each["lang"]: each["sha256"] for each in found}


def versions_of(row: Row) -> list[str]:
    """Return the descriptions that a video had, the oldest first."""
    found: list[str] = json.loads(row["versions"])
    return found
