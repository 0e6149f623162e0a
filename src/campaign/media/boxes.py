"""MP4 boxes: whether a film can be played while it loads, and whether it says more than it shows.

https://developer.apple.com/documentation/quicktime-file-format · ISO/IEC 14496-12. Only heads are read, never samples.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_INSIDE = {b"moov", b"trak", b"mdia", b"minf"}  # boxes that hold boxes
_TOLD = {b"meta", b"uuid", b"XMP_", b"id3 "}  # places, names, devices, anything
_ENCODER = b"\xa9too"  # the program that wrote the file; it says nothing about a person
MANY = 20_000  # boxes


@dataclass(frozen=True, slots=True)
class Layout:
    """What the boxes tell of a file."""

    brand: str
    starts_fast: bool  # the index stands before the samples
    is_whole: bool  # one index, no fragments
    tells_more: bool  # it holds metadata: a position, a device, a name


def read_layout(stream: BinaryIO) -> Layout:
    """Return the layout of an MP4 or QuickTime file; whatever the bytes are, it returns."""
    size = stream.seek(0, 2)
    brand, order, more = "", [], False
    for count, (kind, start, end) in enumerate(_boxes(stream, 0, size)):
        if count > MANY:
            more = True
            break
        order.append(kind)
        if kind == b"ftyp":
            stream.seek(start)
            brand = stream.read(4).decode("latin-1")
        more = more or _tells(stream, kind, start, end, [0])
    fast = b"moov" in order and b"mdat" in order and order.index(b"moov") < order.index(b"mdat")
    return Layout(brand, fast, b"moof" not in order and order.count(b"moov") == 1, more)


def _tells(stream: BinaryIO, kind: bytes, start: int, end: int, seen: list[int]) -> bool:
    seen[0] += 1
    if seen[0] > MANY or kind in _TOLD:
        return True
    if kind in (b"free", b"skip", b"wide"):  # where editors leave what was there before
        stream.seek(start)
        return any(stream.read(min(end - start, 1 << 20))) or end - start > 1 << 20
    if kind == b"udta":
        return not _is_encoder_only(stream, start, end)
    if kind in _INSIDE:
        return any(_tells(stream, *box, seen) for box in _boxes(stream, start, end))
    return False


def _is_encoder_only(stream: BinaryIO, start: int, end: int) -> bool:
    inner = list(_boxes(stream, start, end))
    if not inner:
        return True
    if [kind for kind, _, _ in inner] != [b"meta"]:
        return False
    _, first, last = inner[0]
    parts = {kind: (a, b) for kind, a, b in _boxes(stream, first + 4, last)}  # 4: its version and flags
    if not set(parts) <= {b"hdlr", b"ilst"}:
        return False
    return all(kind == _ENCODER for kind, _, _ in _boxes(stream, *parts.get(b"ilst", (0, 0))))


def _boxes(stream: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and end of the content of each box."""
    at = start
    for _ in range(MANY):
        stream.seek(at)
        head = stream.read(16)
        if at + 8 > end or len(head) < 8:
            return
        size, kind = struct.unpack(">I4s", head[:8])
        begin = at + 8
        if size == 1 and len(head) == 16:
            (size,) = struct.unpack(">Q", head[8:])
            begin = at + 16
        size = end - at if size == 0 else size
        if size < begin - at:
            return
        yield kind, begin, min(at + size, end)
        at += size
