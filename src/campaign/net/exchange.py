"""Writes down a request and its answer as whole HTTP/1.1 messages without secrets."""

from collections.abc import AsyncIterator, Iterable
from hashlib import sha256
from http import HTTPStatus

import httpx

from campaign.net.redact import Redactor

LARGEST_BODY = 64 * 1024  # bytes of a request body that are kept; a longer one is named by its digest
# What tells how a body was cut for the wire; what is kept here is whole.
FRAMING = frozenset({b"content-length", b"transfer-encoding", b"trailer"})
Raw = list[tuple[bytes, bytes]]


class Sent(httpx.AsyncByteStream):
    """A request body under way: keeps a short one, counts and digests a long one."""

    def __init__(self, stream: httpx.AsyncByteStream | httpx.SyncByteStream) -> None:
        self._stream = stream
        self._digest = sha256()
        self._kept: list[bytes] | None = []
        self.size = 0
        self.complete = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if isinstance(self._stream, httpx.AsyncByteStream):
            async for piece in self._stream:
                yield self._counted(piece)
        else:
            for piece in self._stream:
                yield self._counted(piece)
        self.complete = True

    @property
    def sha256(self) -> str | None:
        """The digest of the whole body; None while it is not whole."""
        return self._digest.hexdigest() if self.complete else None

    @property
    def kept(self) -> bytes | None:
        """The whole body if it is a short one."""
        return b"".join(self._kept) if self._kept is not None and self.complete else None

    def _counted(self, piece: bytes) -> bytes:
        self._digest.update(piece)
        self.size += len(piece)
        if self.size > LARGEST_BODY:
            self._kept = None
        elif self._kept is not None:
            self._kept.append(piece)
        return piece


def request_message(
    request: httpx.Request, sent: Sent | None, redactor: Redactor
) -> tuple[bytes, tuple[str, ...], str | None, int | None]:
    """Return the request as it is kept, what was taken out of it, and digest and size of a body left out."""
    body: bytes | None = b"".join(request.stream) if isinstance(request.stream, httpx.ByteStream) else None
    digest, size = None, None
    if sent is not None:
        body, digest, size = sent.kept, sent.sha256, sent.size
    if body is not None and len(body) > LARGEST_BODY:
        digest, size, body = sha256(body).hexdigest(), len(body), None
    if body is not None:
        digest = size = None
    target, hidden = redactor.line(request.url.raw_path)
    start = b"%s %s HTTP/1.1" % (request.method.encode("ascii"), target)
    bare = request.method in {"GET", "HEAD", "DELETE", "OPTIONS"} and not body and not size
    kept, names = _message(start, request.headers.raw, body or b"", redactor, counted=not bare)
    return kept, tuple(dict.fromkeys(hidden + names)), digest, size


def response_message(
    status: int, reason: bytes, headers: Raw, body: bytes, redactor: Redactor
) -> tuple[bytes, tuple[str, ...]]:
    """Return the answer as it is kept, and what was taken out of it."""
    # RFC 9110 §8.6: no Content-Length with 1xx and 204; of a 304 it would name a body that is not here.
    counted = status >= 200 and status not in {204, 304}
    return _message(b"HTTP/1.1 %d %s" % (status, reason or _phrase(status)), headers, body, redactor, counted=counted)


def _message(
    start: bytes, raw: Iterable[tuple[bytes, bytes]], body: bytes, redactor: Redactor, *, counted: bool
) -> tuple[bytes, tuple[str, ...]]:
    content_type = ""
    lines: Raw = []
    for name, value in raw:
        lower = name.lower()
        if lower == b"content-type":
            content_type = value.decode("latin-1").lower()
        if lower not in FRAMING:
            lines.append((name, value))
    lines, names = redactor.headers(lines)
    body, found = redactor.body(body, content_type)
    if counted:
        lines.append((b"Content-Length", b"%d" % len(body)))
    head = b"".join(b"%s: %s\r\n" % line for line in lines)
    return b"%s\r\n%s\r\n%s" % (start, head, body), names + found


def _phrase(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode("ascii")
    except ValueError:
        return b""
