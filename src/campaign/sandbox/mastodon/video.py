"""Films: told from their first bytes; size and length are read from an MP4 without decoding it."""

import struct
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Film:
    """What the container says."""

    mime: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None


def probe(content: bytes) -> Film | None:
    """Return what kind of film it is; None: it is none."""
    if content[:4] == b"\x1aE\xdf\xa3":
        return Film("video/webm")
    # AVIF and HEIC are images in the same container; their brands say so.
    if content[4:8] != b"ftyp" or content[8:12] in (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1"):
        return None
    mime = "video/quicktime" if content[8:12] == b"qt  " else "video/mp4"
    width = height = seconds = None
    moov = _inside(content, b"moov")
    if (mvhd := _inside(moov, b"mvhd")) and len(mvhd) >= 32:
        scale, length = struct.unpack(">II", mvhd[12:20]) if mvhd[0] == 0 else struct.unpack(">IQ", mvhd[20:32])
        seconds = length / scale if scale else None
    for start, end, kind in _boxes(moov):
        if kind == b"trak" and len(tkhd := _inside(moov[start:end], b"tkhd")) >= 84:
            # The last eight bytes are width and height as 16.16 fixed point: ISO/IEC 14496-12, 8.3.2.
            w, h = struct.unpack(">II", tkhd[-8:])
            if w and h:
                width, height = w >> 16, h >> 16
    return Film(mime, width, height, seconds)


def _inside(content: bytes, wanted: bytes) -> bytes:
    for start, end, kind in _boxes(content):
        if kind == wanted:
            return content[start:end]
    return b""


def _boxes(content: bytes) -> list[tuple[int, int, bytes]]:
    found: list[tuple[int, int, bytes]] = []
    at = 0
    while at + 8 <= len(content) and len(found) < 1000:
        size, kind = struct.unpack(">I4s", content[at : at + 8])
        head = 8
        if size == 1 and at + 16 <= len(content):
            (size,) = struct.unpack(">Q", content[at + 8 : at + 16])
            head = 16
        if size == 0:
            size = len(content) - at
        if size < head:
            break
        found.append((at + head, min(at + size, len(content)), kind))
        at += size
    return found
