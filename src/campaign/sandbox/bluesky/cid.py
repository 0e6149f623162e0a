"""Names by content: DAG-CBOR and CIDs, as every server of the network computes them."""

import base64
import hashlib
import re
import struct
from typing import Any

_RAW, _DAG_CBOR = 0x55, 0x71
LINK = re.compile(r"b[a-z2-7]{58}")
DEEPEST = 100


class Unencodable(ValueError):
    """The value has no place in the data model: a float, half a surrogate pair, a link that is no CID."""


def cid_of(value: Any) -> str:
    """Return the CID of a record. https://atproto.com/specs/data-model"""
    return _cid(_DAG_CBOR, encode(value))


def cid_of_blob(content: bytes) -> str:
    return _cid(_RAW, content)


def encode(value: Any, depth: int = 0) -> bytes:
    """Return DAG-CBOR: whole numbers shortest, keys sorted by length and then bytes, `{"$link": …}` as tag 42.

    https://ipld.io/specs/codecs/dag-cbor/spec/
    """
    if depth > DEEPEST:
        raise Unencodable("too deep")
    match value:
        case None:
            return b"\xf6"
        case bool():
            return b"\xf5" if value else b"\xf4"
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case str():
            return _text(value)
        case list():
            return _head(4, len(value)) + b"".join(encode(item, depth + 1) for item in value)
        case dict():
            return _mapping(value, depth)
    raise Unencodable(f"{type(value).__name__} is not in the data model")


def _mapping(value: dict[str, Any], depth: int) -> bytes:
    if set(value) == {"$link"}:
        return b"\xd8\x2a" + _bytes(b"\0" + _binary(value["$link"]))
    if set(value) == {"$bytes"}:
        try:
            return _bytes(base64.b64decode(str(value["$bytes"]) + "=="))
        except ValueError as error:
            raise Unencodable("no base64") from error
    pairs = sorted((_raw(key), item) for key, item in value.items())
    pairs.sort(key=lambda pair: len(pair[0]))
    body = b"".join(_head(3, len(key)) + key + encode(item, depth + 1) for key, item in pairs)
    return _head(5, len(value)) + body


def _cid(codec: int, content: bytes) -> str:
    binary = bytes((1, codec, 0x12, 0x20)) + hashlib.sha256(content).digest()
    return "b" + base64.b32encode(binary).decode().rstrip("=").lower()


def _binary(link: Any) -> bytes:
    if not isinstance(link, str) or not LINK.fullmatch(link):
        raise Unencodable("no CID")
    text = link[1:].upper()
    return base64.b32decode(text + "=" * (-len(text) % 8))


def _head(major: int, number: int) -> bytes:
    for limit, code, size in ((24, 0, ""), (1 << 8, 24, ">B"), (1 << 16, 25, ">H"), (1 << 32, 26, ">I")):
        if number < limit:
            return bytes((major << 5 | (code or number),)) + (struct.pack(size, number) if size else b"")
    if number >= 1 << 64:
        raise Unencodable("too large a number")
    return bytes((major << 5 | 27,)) + struct.pack(">Q", number)


def _raw(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise Unencodable("no Unicode") from error


def _text(text: str) -> bytes:
    return _head(3, len(data := _raw(text))) + data


def _bytes(data: bytes) -> bytes:
    return _head(2, len(data)) + data
