"""Takes out of a picture file all that is not picture, without touching a pixel."""

import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

MAX_SCANS = 100  # each costs a pass over all pixels: a small file could keep a decoder busy for hours
ICC_LIMIT = 8 * 1024 * 1024
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_JPEG_HEADERS = {0xE0: b"JFIF\0", 0xEE: b"Adobe"}
_PNG_KEPT = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"bKGD", b"pHYs", b"sBIT", b"sRGB", b"gAMA", b"cHRM"}
_PNG_MOVING = {b"acTL", b"fcTL", b"fdAT"}
_PNG_NAMES = {b"eXIf": "EXIF", b"iCCP": "ICC", b"tEXt": "comment", b"zTXt": "comment", b"iTXt": "comment or XMP"}
_WEBP_KEPT = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"}
_WEBP_NAMES = {b"EXIF": "EXIF", b"ICCP": "ICC", b"XMP ": "XMP"}
_GIF_LOOPS = (b"\x0bNETSCAPE2.0", b"\x0bANIMEXTS1.0")


class Broken(Exception):
    """The file ends too soon, or is not built as its kind is."""


@dataclass
class Stripped:
    """The picture alone, and what lay beside it.

    The size is what the header claims: nothing was decoded, so that a bomb can be refused by it.
    """

    data: bytes = b""
    width: int = 0
    height: int = 0
    frames: int = 1
    depth: int = 8  # bits per channel
    exif: bytes = b""
    icc: bytes = b""
    removed: set[str] = field(default_factory=set)


def strip(data: bytes, kind: str) -> Stripped:
    """Return the file without EXIF, XMP, IPTC, ICC, comments, previews and whatever was appended to it.

    A file that has none of these comes back byte for byte. Lossless, and the same for the same input.
    """
    found = Stripped()
    try:
        found.data = _STRIPPERS[kind](data, found)
    except (IndexError, struct.error) as error:
        raise Broken("is cut off") from error
    if found.width < 1 or found.height < 1:
        raise Broken("has no size")
    return found


def _jpeg(data: bytes, found: Stripped) -> bytes:
    out, at, profile, kept = [data[:2]], 2, dict[int, bytes](), set[int]()
    scans = 0
    while True:
        while data[at] == 0xFF and data[at + 1] == 0xFF:
            at += 1
        if data[at] != 0xFF:
            raise Broken("has rubbish between its parts")
        marker = data[at + 1]
        if marker == 0xD9:
            out.append(data[at : at + 2])
            break
        (length,) = struct.unpack(">H", data[at + 2 : at + 4])
        body, end = data[at + 4 : at + 2 + length], at + 2 + length
        if length < 2 or end > len(data):
            raise Broken("is cut off")
        if marker == 0xDA:
            scans += 1
            if scans > MAX_SCANS:
                raise Broken("has more scans than any camera writes")
            hit = _MARKER.search(data, end)
            if not hit:
                raise Broken("is cut off")
            out.append(data[at : hit.start()])
            end = hit.start()
        elif 0xC0 <= marker <= 0xCF or marker in (0xDB, 0xDC, 0xDD):
            if marker < 0xD0 and marker not in (0xC4, 0xC8, 0xCC):
                if found.width:
                    raise Broken("has two headers")
                found.depth, found.height, found.width = struct.unpack(">BHH", body[:5])
            out.append(data[at:end])
        elif marker in _JPEG_HEADERS and marker not in kept and body.startswith(_JPEG_HEADERS[marker]):
            kept.add(marker)
            out.append(_jpeg_header(marker, body, found))
        else:
            _jpeg_removed(marker, body, found, profile)
        at = end
    found.icc = b"".join(profile[key] for key in sorted(profile))
    _appended(data, at + 2, found)
    return b"".join(out)


def _jpeg_header(marker: int, body: bytes, found: Stripped) -> bytes:
    """Both say how colours are to be read; either can carry a preview or other bytes behind that."""
    right = body[:12] + b"\0\0" if marker == 0xE0 else body[:12]
    if len(right) != (14 if marker == 0xE0 else 12):
        raise Broken("has a broken header")
    if body != right:
        found.removed.add("preview")
    return struct.pack(">BBH", 0xFF, marker, len(right) + 2) + right


def _jpeg_removed(marker: int, body: bytes, found: Stripped, profile: dict[int, bytes]) -> None:
    if marker == 0xE1 and body.startswith(b"Exif\0\0"):
        found.exif = found.exif or body[6:]
        found.removed.add("EXIF")
    elif marker == 0xE1:
        found.removed.add("XMP")
    elif marker == 0xE2 and body.startswith(b"ICC_PROFILE\0"):
        profile[body[12]] = body[14:]
        found.removed.add("ICC")
    elif marker == 0xED:
        found.removed.add("IPTC")
    elif marker == 0xFE:
        found.removed.add("comment")
    elif 0xE0 <= marker <= 0xEF:
        found.removed.add("application data")
    else:
        raise Broken("has parts that no JPEG has")


def _png(data: bytes, found: Stripped) -> bytes:
    out, at, kind = [data[:8]], 8, b""
    while kind != b"IEND":
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body, end = data[at + 8 : at + 8 + length], at + 12 + length
        if end > len(data):
            raise Broken("is cut off")
        if (at == 8) != (kind == b"IHDR"):
            raise Broken("does not begin with its header")
        if kind == b"IHDR":
            found.width, found.height, found.depth = struct.unpack(">IIB", body[:9])
        elif kind == b"acTL":
            (found.frames,) = struct.unpack(">I", body[:4])
        elif kind == b"eXIf":
            found.exif = body
        elif kind == b"iCCP":
            found.icc = _inflated(body.partition(b"\0")[2][1:])
        if kind in _PNG_KEPT | _PNG_MOVING:
            out.append(data[at:end])
        else:
            found.removed.add(_PNG_NAMES.get(kind, "application data"))
        at = end
    _appended(data, at, found)
    return b"".join(out)


def _inflated(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, ICC_LIMIT)
    except zlib.error:
        return b""


def _webp(data: bytes, found: Stripped) -> bytes:
    (length,) = struct.unpack("<I", data[4:8])
    if 8 + length > len(data) or length < 4:
        raise Broken("is cut off")
    chunks = list(_riff(data, 12, 8 + length))
    found.frames = max(1, sum(kind == b"ANMF" for kind, _ in chunks))
    out = []
    for kind, body in chunks:
        if kind not in _WEBP_KEPT:
            found.removed.add(_WEBP_NAMES.get(kind, "application data"))
            found.exif = body.removeprefix(b"Exif\0\0") if kind == b"EXIF" else found.exif
            found.icc = body if kind == b"ICCP" else found.icc
            continue
        if not found.width:
            found.width, found.height = _webp_size(kind, body)
        out.append(_riff_chunk(kind, _webp_body(kind, body, found)))
    _appended(data, 8 + length + length % 2, found)
    joined = b"WEBP" + b"".join(out)
    return b"RIFF" + struct.pack("<I", len(joined)) + joined


def _webp_body(kind: bytes, body: bytes, found: Stripped) -> bytes:
    if kind == b"VP8X":
        return bytes([body[0] & ~0x2C]) + body[1:]  # no ICC, EXIF and XMP any more
    if kind == b"ANMF":
        inner = list(_riff(body, 16, len(body)))
        if any(name not in _WEBP_KEPT for name, _ in inner):
            found.removed.add("application data")
        return body[:16] + b"".join(_riff_chunk(name, part) for name, part in inner if name in _WEBP_KEPT)
    return body


def _webp_size(kind: bytes, body: bytes) -> tuple[int, int]:
    if kind == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if kind == b"VP8L":
        (bits,) = struct.unpack("<I", body[1:5])
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    raise Broken("does not begin with its header")


def _riff(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    while at + 8 <= end:
        kind, length = struct.unpack("<4sI", data[at : at + 8])
        if at + 8 + length > end:
            raise Broken("is cut off")
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _riff_chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _gif(data: bytes, found: Stripped) -> bytes:
    found.width, found.height, flags = struct.unpack("<HHB", data[6:11])
    at, found.frames = 13 + _gif_palette(flags), 0
    out = [data[:at]]
    while data[at] != 0x3B:
        start = at
        if data[at] == 0x21:
            at = _gif_blocks(data, at + 2)
            if data[start + 1] == 0xF9 or data[start + 2 : start + 14] in _GIF_LOOPS:
                out.append(data[start:at])
            else:
                found.removed.add("comment" if data[start + 1] == 0xFE else "application data")
        elif data[at] == 0x2C:
            left, top, width, height, flags = struct.unpack("<HHHHB", data[at + 1 : at + 10])
            # A frame may reach over the edge, and a decoder then makes the whole picture larger.
            found.width, found.height = max(found.width, left + width), max(found.height, top + height)
            at = _gif_blocks(data, at + 11 + _gif_palette(flags))
            found.frames += 1
            out.append(data[start:at])
        else:
            raise Broken("has rubbish between its parts")
    out.append(data[at : at + 1])
    _appended(data, at + 1, found)
    if not found.frames:
        raise Broken("holds no picture")
    return b"".join(out)


def _gif_palette(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _gif_blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += 1 + data[at]
    return at + 1


def _appended(data: bytes, end: int, found: Stripped) -> None:
    if end < len(data):
        found.removed.add("appended data")


_STRIPPERS: Mapping[str, Callable[[bytes, Stripped], bytes]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "WEBP": _webp,
    "GIF": _gif,
}
