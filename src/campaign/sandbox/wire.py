"""The wire: a protocol that lets a fault cut the connection, and request bodies read as Rails reads them."""

import asyncio
import json
import re
import socket
import struct
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive
from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_BODY = 40 * 1024 * 1024
MAX_FIELDS = 1000


class Cuttable(H11Protocol):
    """uvicorn's h11 protocol; the transport is reachable from the application, so that a fault may cut it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


async def hang_up(transport: asyncio.Transport, receive: Receive) -> None:
    """Close without a further byte; wait until the server knows, or it would answer 500."""
    transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass


async def reset(transport: asyncio.Transport, receive: Receive) -> None:
    """Close with RST instead of FIN: lingering for zero seconds discards what is unsent."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


class TooLarge(Exception):
    """The body is larger than the twin takes."""


class Unreadable(Exception):
    """The body is not what its content type says."""


async def read_body(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError
        size += len(message.get("body", b""))
        if size > MAX_BODY:
            raise TooLarge
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a multipart body."""

    name: str
    mime: str
    content: bytes


def read_params(query: bytes, content_type: str, body: bytes) -> dict[str, Any]:
    """Return query and body as one tree, the way Rack builds it: `a[]=1`, `a[b]=1`, `a[][b]=1`; or JSON.

    https://github.com/rack/rack/blob/main/lib/rack/query_parser.rb
    """
    kind = content_type.partition(";")[0].strip().lower()
    pairs: list[tuple[str, Any]] = list(_urlencoded(query))
    extra: dict[str, Any] = {}
    if kind == "application/json" and body:
        try:
            told = json.loads(body)
            json.dumps(told, ensure_ascii=False).encode()  # half a surrogate pair is no text
        except (ValueError, RecursionError) as error:
            raise Unreadable from error
        if isinstance(told, dict):
            extra = told
    elif kind == "multipart/form-data":
        pairs += _multipart(content_type, body)
    elif kind == "application/x-www-form-urlencoded":
        pairs += _urlencoded(body)
    tree: dict[str, Any] = {}
    for name, value in pairs:
        _put(tree, name, value)
    return tree | extra


def _urlencoded(body: bytes) -> list[tuple[str, Any]]:
    try:
        return list(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError as error:
        raise Unreadable from error


def _multipart(content_type: str, body: bytes) -> list[tuple[str, Any]]:
    found = re.search(r'boundary="?([^";]+)"?', content_type)
    if not found:
        raise Unreadable
    pairs: list[tuple[str, Any]] = []
    parts = (b"\r\n" + body).split(b"\r\n--" + found[1].encode("latin-1"))
    if len(parts) > MAX_FIELDS or not parts[-1].startswith(b"--"):
        raise Unreadable  # no closing boundary: the body was cut
    for part in parts[1:-1]:
        head, gap, content = part.partition(b"\r\n\r\n")
        if not gap:
            raise Unreadable
        headers = head.decode("utf-8", "replace")
        name = re.search(r'[;\s]name="([^"]*)"', headers)
        file = re.search(r'filename="([^"]*)"', headers)
        mime = re.search(r"(?im)^content-type:\s*([^\s;]+)", headers)
        if not name:
            raise Unreadable
        if file or "filename*=" in headers:
            pairs.append((name[1], Upload(file[1] if file else "", mime[1].lower() if mime else "", content)))
        else:
            pairs.append((name[1], content.decode("utf-8", "replace")))
    return pairs


def _put(tree: dict[str, Any], name: str, value: Any) -> None:
    first, steps = re.match(r"[^\[]*", name), re.findall(r"\[([^\]]*)\]", name)
    path = [first[0] if first else "", *steps[:4]]
    here: Any = tree
    for at, step in enumerate(path):
        last = at == len(path) - 1
        if isinstance(here, list):
            if last and step == "":
                here.append(value)
                return
            # `a[][id]=1&a[][id]=2`: a key that is there already begins the next one.
            if step == "":
                if not here or not isinstance(here[-1], dict) or (at + 1 < len(path) and path[at + 1] in here[-1]):
                    here.append({})
                here = here[-1]
                continue
            return
        if last:
            here[step] = value
            return
        wanted: Any = [] if path[at + 1] == "" else {}
        if not isinstance(here.get(step), type(wanted)):
            here[step] = wanted
        here = here[step]
