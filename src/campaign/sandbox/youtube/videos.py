"""Videos: what may be told of one, how it is shown, and its way from private to public.

A video is `uploaded` until its status was asked for once, and then `processed`. An account that was opened with
`rejects` (a reason) has all its videos rejected then; one with `audited` = no cannot make one public.
"""

import json
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from campaign.sandbox import engagement
from campaign.sandbox.books import Row
from campaign.sandbox.clock import iso
from campaign.sandbox.state import Sandbox
from campaign.sandbox.youtube.asking import LIST, WRITE, Asking, asking
from campaign.sandbox.youtube.refusals import Refusal

_PRIVACY = ("public", "unlisted", "private")
COUNTERS = ("viewCount", "likeCount", "commentCount")


async def listed(request: Request) -> Response:
    """videos.list by ids."""
    ask = asking(request)
    ask.spend(LIST)
    parts, wanted = ask.parts(), [each for each in ask.query("id").split(",") if each]
    if not wanted or len(wanted) > 50:
        raise Refusal("part")
    lags, gone = ask.stands("lagging_list"), ask.stands("ignore_key")
    items: list[dict[str, Any]] = []
    for ident in dict.fromkeys(wanted):
        row = one(ask.sandbox, ident)
        mine = row is not None and row["channel"] == ask.channel["id"]
        if row is None or row["deleted_at"] or not (mine or row["seq"]) or (gone and not row["seq"]):
            continue
        item = resource(ask, row, parts)
        if lags and "status" in item:
            item["status"] |= {"privacyStatus": "private", "uploadStatus": "uploaded"}
        elif mine and "status" in item:
            ask.sandbox.books.do("UPDATE youtube_videos SET asked = asked + 1 WHERE id = ?", ident)
        items.append(item)
    page = {"totalResults": len(items), "resultsPerPage": len(items)}
    return JSONResponse({"kind": "youtube#videoListResponse", "etag": "e", "items": items, "pageInfo": page})


async def updated(request: Request) -> Response:
    """videos.update: each part that is named is replaced as a whole."""
    ask = asking(request)
    ask.spend(WRITE)
    parts, body = ask.parts(), await ask.json()
    row = one(ask.sandbox, str(body.get("id", "")))
    if row is None or row["deleted_at"] or (ask.stands("ignore_key") and not row["seq"]):
        raise Refusal("video")
    if row["channel"] != ask.channel["id"]:
        raise Refusal("foreign")
    before = json.loads(row["told"])
    spoken = before["snippet"].get("defaultLanguage")
    told = {**before, **checked(ask, body, parts, fresh=False, language=spoken)}
    books = ask.sandbox.books
    versions = json.loads(row["versions"])
    if told["snippet"].get("description", "") != before["snippet"].get("description", ""):
        versions.append(told["snippet"].get("description", ""))
    sql = "UPDATE youtube_videos SET told = ?, versions = ? WHERE id = ?"
    books.do(sql, json.dumps(told), json.dumps(versions), row["id"])
    if told["status"]["privacyStatus"] == "public" and not row["seq"]:
        seq = books.number("SELECT max(seq) FROM youtube_videos") + 1
        books.do("UPDATE youtube_videos SET seq = ?, published_at = ? WHERE id = ?", seq, ask.now, row["id"])
    return JSONResponse(resource(ask, one(ask.sandbox, row["id"]), parts))


async def deleted(request: Request) -> Response:
    """videos.delete."""
    ask = asking(request)
    ask.spend(WRITE)
    row = one(ask.sandbox, ask.query("id"))
    if row is None or row["deleted_at"]:
        raise Refusal("video")
    if row["channel"] != ask.channel["id"]:
        raise Refusal("foreign")
    ask.sandbox.books.do("UPDATE youtube_videos SET deleted_at = ? WHERE id = ?", ask.now, row["id"])
    return Response(b"", 204)


async def channels(request: Request) -> Response:
    """channels.list of one's own channel."""
    ask = asking(request)
    ask.spend(LIST)
    parts = ask.parts()
    if ask.query("mine") != "true":
        raise Refusal("part")
    channel: dict[str, Any] = {"kind": "youtube#channel", "etag": "e", "id": ask.channel["id"]}
    if "snippet" in parts:
        channel["snippet"] = {"title": ask.channel["title"], "customUrl": f"@{ask.channel['name']}"}
    if "status" in parts:
        long = "allowed" if ask.traits.get("verified", "yes") == "yes" else "eligible"
        channel["status"] = {"privacyStatus": "public", "isLinked": True, "longUploadsStatus": long}
    told: dict[str, Any] = {"kind": "youtube#channelListResponse", "etag": "e", "pageInfo": {"totalResults": 1}}
    if ask.traits.get("channel", "yes") == "yes":
        told["items"] = [channel]
    return JSONResponse(told)


def one(sandbox: Sandbox, ident: str) -> Any:
    """Return the row of a video, deleted or not, or None."""
    return sandbox.books.one("SELECT * FROM youtube_videos WHERE id = ?", ident)


def add(ask: Asking, told: dict[str, Any], content: bytes) -> str:
    """Keep a video that was uploaded; return its id."""
    if not content:
        raise Refusal("media")
    ident, text = secrets.token_urlsafe(8), told["snippet"].get("description", "")
    growth = engagement.fingerprint(ask.channel["name"], f"{told['snippet']['title']}\n{text}")
    public = told["status"]["privacyStatus"] == "public"
    seq = ask.sandbox.books.number("SELECT max(seq) FROM youtube_videos") + 1 if public else None
    ask.sandbox.books.insert(
        "youtube_videos", id=ident, seq=seq, channel=ask.channel["id"], told=json.dumps(told),
        sha256=ask.sandbox.books.store(content), size=len(content), versions=json.dumps([text]), asked=0,
        growth=growth, uploaded_at=ask.now, published_at=ask.now if public else None, deleted_at=None, thumbnail=None,
    )  # fmt: skip
    return ident


def checked(
    ask: Asking, told: dict[str, Any], parts: list[str], *, fresh: bool = True, language: str | None = None
) -> dict[str, Any]:
    """Return the parts that are named, as they are kept; a fresh video has its status and snippet. Raises: Refusal."""
    kept: dict[str, Any] = {}
    if "snippet" in parts or fresh:
        kept["snippet"] = _snippet(told.get("snippet"))
        language = kept["snippet"].get("defaultLanguage")
    if "status" in parts or fresh:
        status = told.get("status") if isinstance(told.get("status"), dict) else {}
        kept["status"] = {"privacyStatus": "public", **(status or {})}  # public is the default
        if kept["status"]["privacyStatus"] not in _PRIVACY:
            raise Refusal("body")
        if ask.traits.get("audited", "yes") != "yes":
            kept["status"]["privacyStatus"] = "private"
    if "localizations" in parts:
        others = told.get("localizations")
        if not isinstance(others, dict):
            raise Refusal("body")
        if others and not language:
            raise Refusal("language")
        for each in others.values():
            _snippet({"categoryId": "22", **(each if isinstance(each, dict) else {})})
        kept["localizations"] = others
    return kept


def resource(ask: Asking, row: Row, parts: list[str]) -> dict[str, Any]:
    """Return a video as the API tells it."""
    told, mine = json.loads(row["told"]), row["channel"] == ask.channel["id"]
    found: dict[str, Any] = {"kind": "youtube#video", "etag": "e", "id": row["id"]}
    if "snippet" in parts:
        found["snippet"] = {
            **told["snippet"],
            "channelId": row["channel"],
            "publishedAt": iso(row["published_at"] or row["uploaded_at"]),
            "liveBroadcastContent": "none",
        }
    if "status" in parts:
        status = {"license": "youtube", "embeddable": True, "publicStatsViewable": True, **told["status"]}
        if row["asked"] < 1:
            status["uploadStatus"] = "uploaded"
        elif "rejects" in ask.traits and mine:
            status |= {"uploadStatus": "rejected", "rejectionReason": ask.traits["rejects"]}
        else:
            status["uploadStatus"] = "processed"
        found["status"] = status
    if "localizations" in parts:
        found["localizations"] = told.get("localizations", {})
    if "contentDetails" in parts:
        tracks = ask.sandbox.books.number("SELECT count(*) FROM youtube_captions WHERE video = ?", row["id"])
        found["contentDetails"] = {"duration": "PT1S", "dimension": "2d", "caption": "true" if tracks else "false"}
    if "statistics" in parts:
        missing = ask.sandbox.faults.missing(str(row["id"]), str(ask.channel["name"]))
        counted = counts(ask.sandbox, row, ask.now)
        found["statistics"] = {"favoriteCount": "0"} | {
            name: str(counted[name]) for name in COUNTERS if f"{name}_count" not in missing
        }
    if "processingDetails" in parts and mine:
        found["processingDetails"] = {"processingStatus": "succeeded" if row["asked"] else "processing"}
    return found


def counts(sandbox: Sandbox, row: Row, at: int) -> dict[str, int]:
    """Return the true counters of a video at a platform's time."""
    if not row["published_at"] or row["deleted_at"]:
        return dict.fromkeys(COUNTERS, 0)
    language = json.loads(row["told"])["snippet"].get("defaultLanguage")
    age = (at - row["published_at"]) / 1000

    def grown(metric: engagement.Grown) -> int:
        return engagement.count(sandbox.seed, row["growth"], metric, age, language=language, platform="youtube")

    likes = 20 * grown("favourites")
    return {"viewCount": 31 * likes + 7 * grown("reblogs"), "likeCount": likes, "commentCount": 40 * grown("replies")}


def _snippet(told: Any) -> dict[str, Any]:
    """Title 100 characters, description 5000 bytes, neither with < or >; tags 500 characters: docs/videos."""
    told = told if isinstance(told, dict) else {}
    title, text, tags = told.get("title"), told.get("description", ""), told.get("tags", [])
    if not isinstance(title, str) or not title.strip() or len(title) > 100 or set(title) & set("<>"):
        raise Refusal("title")
    if not isinstance(text, str) or len(text.encode()) > 5000 or set(text) & set("<>"):
        raise Refusal("description")
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise Refusal("tags")
    if sum(len(tag) + (2 if " " in tag else 0) for tag in tags) + max(0, len(tags) - 1) > 500:
        raise Refusal("tags")
    if not str(told.get("categoryId", "22")).isdigit():
        raise Refusal("category")
    names = ("title", "description", "tags", "categoryId", "defaultLanguage", "defaultAudioLanguage")
    return {"categoryId": "22"} | {name: told[name] for name in names if name in told}
