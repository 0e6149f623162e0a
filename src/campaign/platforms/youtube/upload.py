"""A resumable upload: a session is opened, the file goes up in pieces, and a break goes on where it was.

https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol
"""

import asyncio
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, BinaryIO
from urllib.parse import parse_qs, urlsplit

from campaign.core.errors import Refused, Unavailable
from campaign.core.model import OutgoingMedium
from campaign.net.client import Client
from campaign.net.reply import Reply
from campaign.platforms.youtube.speech import Speech

UPLOAD = "/upload/youtube/v3/videos"
UNIT = 256 * 1024  # bytes; a piece that is not the last must be a multiple of it
PIECE = 32 * UNIT  # bytes: what also a slow line sends well within the time that one request may take
BREAKS = 4  # in a row; then the attempt ends, and the next one goes on in the same session
PAUSE = 0.25  # seconds before the second question after a break, doubled with each further one
_RANGE = re.compile(r"bytes=0-(\d{1,18})")


class Upload:
    """Uploads of one account.

    Args:
        kept: what this process knows of a delivery's upload: `session`, until it is known that it is dead.
        trusted: hosts to which the token may go; a session elsewhere is spoken to without it.
    """

    def __init__(self, client: Client, speech: Speech, kept: dict[str, Any], trusted: Collection[str]) -> None:
        self._client, self._speech, self._kept, self._trusted = client, speech, kept, trusted

    async def send(
        self, medium: OutgoingMedium, told: Mapping[str, Any], open_medium: Callable[[str], BinaryIO]
    ) -> str:
        """Upload a clip with what is told about it; return the id of the video, which is private.

        Raises:
            Unavailable: it broke off too often; called again with the same `kept`, it goes on where it was.
            Refused, RateLimited, Unauthorized: YouTube said so.
        """
        with open_medium(medium.sha256) as file:
            for last in (False, True):
                known = "session" in self._kept
                if not known:
                    await self._begin(medium, told)
                try:
                    return await self._pieces(file, medium, asks=known)
                except Refused as error:
                    if error.status not in (404, 410):
                        raise
                    self._kept.pop("session")  # it is dead: "you should restart the upload from the beginning"
                    if last:
                        raise Unavailable(f"{error}; the upload session was lost twice", status=error.status) from error
        raise AssertionError("unreachable")

    async def _begin(self, medium: OutgoingMedium, told: Mapping[str, Any]) -> None:
        self._kept.pop("session", None)
        headers = {
            "Content-Type": "application/json; charset=UTF-8",
            "X-Upload-Content-Length": str(medium.size),
            "X-Upload-Content-Type": medium.mime,
        }
        params = {"uploadType": "resumable", "part": ",".join(sorted(told))}
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        reply = await self._speech.ask("POST", UPLOAD, params=params, content=body, headers=headers)
        session = reply.headers.get("location", "")
        if not session.startswith(("https://", "http://")):
            raise reply.bad("the answer names no upload session")
        for secret in parse_qs(urlsplit(session).query).get("upload_id", ()):
            self._client.learn(secret)  # whoever has it may upload into the session
        self._kept["session"] = session

    async def _pieces(self, file: BinaryIO, medium: OutgoingMedium, *, asks: bool) -> str:
        offset, breaks, size = 0, 0, medium.size
        while True:
            try:
                if asks:
                    reply = await self._put(b"", {"Content-Range": f"bytes */{size}"})
                else:
                    file.seek(offset)
                    last = min(offset + PIECE, size) - 1
                    told = {"Content-Type": medium.mime, "Content-Length": str(last - offset + 1)}
                    told["Content-Range"] = f"bytes {offset}-{last}/{size}"
                    reply = await self._put(_blocks(file, last - offset + 1), told)
                    breaks = 0
            except Unavailable:
                breaks += 1
                if breaks > BREAKS:
                    raise
                if breaks > 1:
                    await asyncio.sleep(PAUSE * 2**breaks)
                asks = True
                continue
            if reply.status != 308:
                return _video(reply)
            offset, asks = _reached(reply, size), False

    async def _put(self, content: Any, headers: Mapping[str, str]) -> Reply:
        session = str(self._kept["session"])
        foreign = urlsplit(session).netloc not in self._trusted
        return await self._speech.ask(
            "PUT", session, content=content, headers=headers, ok=(200, 201, 308), foreign=foreign
        )


def _blocks(file: BinaryIO, length: int) -> Iterator[bytes]:
    while length > 0 and (block := file.read(min(UNIT, length))):
        length -= len(block)
        yield block


def _reached(reply: Reply, size: int) -> int:
    """Return how many bytes are there. 308 tells it in Range; without one there is none."""
    told = reply.headers.get("range")
    found = _RANGE.fullmatch(told.strip()) if told else None
    reached = int(found[1]) + 1 if found else 0
    if (told and not found) or reached >= size:
        raise reply.bad("the answer does not say how much of the upload is there")
    return reached


def _video(reply: Reply) -> str:
    told = reply.json()
    ident = told.get("id") if isinstance(told, dict) else None
    if not isinstance(ident, str) or not ident:
        raise reply.bad("the upload was answered without the id of a video")
    return ident
