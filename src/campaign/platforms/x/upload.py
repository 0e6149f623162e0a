"""Uploading to X: in segments, with alt text and caption tracks, until X has processed what came."""

import asyncio
from collections.abc import Callable
from typing import Any, BinaryIO

from campaign.core.errors import Refused, Unavailable, shown
from campaign.core.model import OutgoingMedium
from campaign.net.client import Client
from campaign.platforms.x.post import as_dict, is_id

CHUNK = 4 * 1024 * 1024  # bytes; a segment may have 5 MB
POLLS = 60  # questions whether a medium is processed
LONGEST_PAUSE = 15.0  # seconds between two of them
LANGUAGES = {"ko": "한국어", "ru": "Русский", "en": "English"}


class Uploader:
    """Uploads the media of one account."""

    def __init__(self, client: Client, label: str) -> None:
        self._client, self._label = client, label

    async def upload(self, medium: OutgoingMedium, open_medium: Callable[[str], BinaryIO]) -> dict[str, str]:
        """Upload one medium with its alt text and its captions; return its id and its media key."""
        category = "tweet_video" if medium.is_clip else "tweet_image"
        with open_medium(medium.sha256) as file:
            made = await self._chunked(file, medium.size, medium.mime, category)
        if medium.alt:
            about = {"id": made["id"], "metadata": {"alt_text": {"text": medium.alt}}}
            await self._client.ask("POST", "/2/media/metadata", json=about)
        for lang, digest in medium.captions.items():
            with open_medium(digest) as file:
                content = file.read()
            with open_medium(digest) as file:
                track = await self._chunked(file, len(content), "text/vtt", "subtitles")
            code, name = lang.partition("-")[0].upper(), LANGUAGES.get(lang, lang)
            subtitles = {"id": track["id"], "language_code": code, "display_name": name}
            told = {"id": made["id"], "media_category": "TweetVideo", "subtitles": subtitles}
            await self._client.ask("POST", "/2/media/subtitles", json=told)
        return made

    async def _chunked(self, file: BinaryIO, size: int, mime: str, category: str) -> dict[str, str]:
        """Upload in segments, never the whole in memory.

        https://docs.x.com/x-api/media/quickstart/media-upload-chunked; each step may be done 1875 times in 15 minutes,
        which X counts apart: https://docs.x.com/x-api/fundamentals/rate-limits
        """
        wanted = {"media_type": mime, "media_category": category, "total_bytes": size}
        reply = await self._client.ask("POST", "/2/media/upload/initialize", json=wanted, counted=False)
        started = _made(reply.json())
        path, number = f"/2/media/upload/{started['id']}", 0
        while chunk := file.read(CHUNK):
            await self._client.ask(
                "POST",
                f"{path}/append",
                data={"segment_index": str(number)},
                files={"media": ("chunk", chunk, "application/octet-stream")},
                counted=False,
            )
            number += 1
        told = (await self._client.ask("POST", f"{path}/finalize", counted=False)).json()
        await self._processed(started["id"], as_dict(as_dict(told).get("data")).get("processing_info"))
        return started

    async def _processed(self, medium_id: str, info: Any) -> None:
        for _ in range(POLLS):
            state = as_dict(info).get("state", "succeeded")
            if state == "succeeded":
                return
            if state == "failed":
                why = as_dict(as_dict(info).get("error")).get("message") or "it names no reason"
                raise Refused(f"{self._label}: X cannot process a medium: {shown(str(why))}")
            pause = as_dict(info).get("check_after_secs")
            seconds = float(pause) if isinstance(pause, int | float) and pause >= 0 else 1.0
            await asyncio.sleep(min(seconds, LONGEST_PAUSE))
            asked = {"command": "STATUS", "media_id": medium_id}
            told = (await self._client.ask("GET", "/2/media/upload", params=asked, reading=False)).json()
            info = as_dict(as_dict(told).get("data")).get("processing_info")
        raise Unavailable(f"{self._label}: medium {medium_id} is still being processed after {POLLS} questions")


def _made(told: Any) -> dict[str, str]:
    data = as_dict(as_dict(told).get("data"))
    if not is_id(data.get("id")) or not isinstance(data.get("media_key"), str) or not data["media_key"]:
        raise Unavailable("the upload was answered without an id and a media key")
    return {"id": data["id"], "key": data["media_key"]}
