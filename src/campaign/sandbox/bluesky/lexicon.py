"""What a record must look like, in the words of the real server.

After https://github.com/bluesky-social/atproto/tree/main/lexicons/app/bsky, as far as a campaign's posts go.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import regex

from campaign.sandbox.bluesky.cid import LINK

Check = Callable[[Any, str], None]

TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._-]")
HANDLE = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
NSID = re.compile(
    r"[a-zA-Z](?:[a-zA-Z0-9-]{0,62})?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,62})?)+\.[a-zA-Z][a-zA-Z0-9]{0,62}"
)
_LANGUAGE = re.compile(r"(?:i|[a-z]{2,3})(?:-[A-Za-z0-9]+)*")
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_URI = re.compile(r"[a-z][a-z0-9.+-]*:\S+", re.IGNORECASE)
_AT_URI = re.compile(rf"at://(?:{DID.pattern}|{HANDLE.pattern})(?:/{NSID.pattern}(?:/[A-Za-z0-9._:~-]+)?)?")


class Wrong(ValueError):
    """What is wrong, and where."""


def check_record(collection: str, record: Mapping[str, Any]) -> bool:
    """Raise Wrong where a record breaks its lexicon; return whether its lexicon is known here."""
    check = _RECORDS.get(collection)
    if check is None:
        return False
    check(record, "$.record")
    return True


def blobs_of(value: Any) -> list[str]:
    """Return the CIDs of the blobs that a record holds."""
    if isinstance(value, list):
        return [cid for item in value for cid in blobs_of(item)]
    if not isinstance(value, dict):
        return []
    if value.get("$type") == "blob":
        return [str(value["ref"]["$link"])]
    return [cid for item in value.values() for cid in blobs_of(item)]


def _wrong(what: str, path: str) -> Wrong:
    return Wrong(f"{what} at {path}")


def _kind(value: Any) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", type(None): "null"}
    return names.get(type(value), type(value).__name__)


def _string(
    max_bytes: int | None = None, max_graphemes: int | None = None, form: tuple[str, Callable[[str], Any]] | None = None
) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, str):
            raise _wrong(f"Expected string value type (got {_kind(value)})", path)
        if max_bytes is not None and (size := len(value.encode())) > max_bytes:
            raise _wrong(f"string too big (maximum {max_bytes}, got {size})", path)
        if max_graphemes is not None and (size := len(regex.findall(r"\X", value))) > max_graphemes:
            raise _wrong(f"grapheme too big (maximum {max_graphemes}, got {size})", path)
        if form is not None and not form[1](value):
            raise _wrong(f'Invalid {form[0]} (got "{value[:200]}")', path)

    return check


def _number(minimum: int) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            raise _wrong(f"Expected integer value type (got {_kind(value)})", path)
        if value < minimum:
            raise _wrong(f"integer too small (minimum {minimum}, got {value})", path)

    return check


def _array(item: Check, most: int | None = None) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, list):
            raise _wrong(f"Expected array value type (got {_kind(value)})", path)
        if most is not None and len(value) > most:
            raise _wrong(f"array too big (maximum {most}, got {len(value)})", path)
        for number, one in enumerate(value):
            item(one, f"{path}[{number}]")

    return check


def _object(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise _wrong(f"Expected object value type (got {_kind(value)})", path)
        for key, part in {**required, **(optional or {})}.items():
            if key in value:
                part(value[key], f"{path}.{key}")
            elif key in required:
                raise _wrong(f'Missing required key "{key}"', path)

    return check


def _union(known: Mapping[str, Check]) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise _wrong(f"Expected object value type (got {_kind(value)})", path)
        if not isinstance(value.get("$type"), str):
            raise _wrong('Missing required key "$type"', path)
        if value["$type"] in known:  # the union is open: what nobody knows is let through
            known[value["$type"]](value, path)

    return check


def _blob(accept: Sequence[str], most: int) -> Check:
    def check(value: Any, path: str) -> None:
        ref = value.get("ref") if isinstance(value, dict) and value.get("$type") == "blob" else None
        if not isinstance(ref, dict) or not LINK.fullmatch(str(ref.get("$link"))):
            raise _wrong(f"Expected blob value type (got {_kind(value)})", path)
        mime, size = value.get("mimeType"), value.get("size")
        fits = isinstance(mime, str) and any(re.fullmatch(a.replace("*", ".+"), mime) for a in accept)
        if not fits:
            told = " or ".join(f'"{a}"' for a in accept)
            raise _wrong(f'Expected {told} (got "{mime}")', f"{path}.mimeType")
        if not isinstance(size, int) or size < 0:
            raise _wrong(f"Expected integer value type (got {_kind(size)})", f"{path}.size")
        if size > most:
            raise _wrong(f"blob too big (maximum {most}, got {size})", path)

    return check


def _is_datetime(text: str) -> bool:
    try:
        return bool(_DATETIME.fullmatch(text) and datetime.fromisoformat(text))
    except ValueError:
        return False


_DATE = _string(form=("datetime", _is_datetime))
_LANG = _string(form=("language", _LANGUAGE.fullmatch))
_REF = _object(
    {"uri": _string(form=("at-uri", _AT_URI.fullmatch)), "cid": _string(form=("CID string", LINK.fullmatch))}
)
_RATIO = _object({"width": _number(1), "height": _number(1)})
_FEATURES = {
    "app.bsky.richtext.facet#link": _object({"uri": _string(form=("uri", _URI.fullmatch))}),
    "app.bsky.richtext.facet#tag": _object({"tag": _string(640, 64)}),
    "app.bsky.richtext.facet#mention": _object({"did": _string(form=("DID", DID.fullmatch))}),
}
_FACET = _object(
    {
        "index": _object({"byteStart": _number(0), "byteEnd": _number(0)}),
        "features": _array(_union(_FEATURES)),
    }
)
_IMAGE = _object({"image": _blob(["image/*"], 2_000_000), "alt": _string()}, {"aspectRatio": _RATIO})
_TRACK = _object({"lang": _LANG, "file": _blob(["text/vtt"], 20_000)})
_CARD = _object(
    {"uri": _string(form=("uri", _URI.fullmatch)), "title": _string(), "description": _string()},
    {"thumb": _blob(["image/*"], 1_000_000)},
)
_EMBEDS = {
    "app.bsky.embed.images": _object({"images": _array(_IMAGE, 4)}),
    "app.bsky.embed.video": _object(
        {"video": _blob(["video/mp4"], 300_000_000)},
        {"captions": _array(_TRACK, 20), "alt": _string(), "aspectRatio": _RATIO},
    ),
    "app.bsky.embed.external": _object({"external": _CARD}),
    "app.bsky.embed.record": _object({"record": _REF}),
}
_RECORDS: Mapping[str, Check] = {
    "app.bsky.feed.post": _object(
        {"text": _string(3000, 300), "createdAt": _DATE},
        {
            "facets": _array(_FACET),
            "reply": _object({"root": _REF, "parent": _REF}),
            "embed": _union(_EMBEDS),
            "langs": _array(_LANG, 3),
            "tags": _array(_string(640, 64), 8),
        },
    ),
    "app.bsky.feed.like": _object({"subject": _REF, "createdAt": _DATE}),
    "app.bsky.feed.repost": _object({"subject": _REF, "createdAt": _DATE}),
}
