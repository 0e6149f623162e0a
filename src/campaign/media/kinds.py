"""What a file is, told from its first bytes and never from its name."""

from collections.abc import Mapping
from pathlib import PurePath

from campaign.core.errors import Invalid

MIMES: Mapping[str, str] = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
}
EXTENSIONS: Mapping[str, str] = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".apng": "PNG",
    ".webp": "WEBP",
    ".gif": "GIF",
}
_UNTOLD = {"", "application/octet-stream", "binary/octet-stream"}
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a zip file (or an office document)"),
    (b"PK\x05\x06", "a zip file"),
    (b"\x1f\x8b", "a gzip file"),
    (b"BM", "a BMP picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"8BPS", "a Photoshop file"),
    (b"\x1a\x45\xdf\xa3", "a video (Matroska or WebM)"),
    (b"FLV", "a video (Flash)"),
    (b"\x00\x00\x01\xba", "a video (MPEG)"),
    (b"OggS", "an Ogg file"),
    (b"ID3", "a sound file"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)
_DEMUXERS: tuple[tuple[bytes, str], ...] = (
    (b"\x1a\x45\xdf\xa3", "matroska"),  # WebM too
    (b"FLV\x01", "flv"),
    (b"\x00\x00\x01\xba", "mpeg"),
    (b"OggS", "ogg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
)
_PICTURES = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis", b"crx ")
_BRANDS = {b"heic": "a HEIC picture", b"heix": "a HEIC picture", b"mif1": "a HEIF picture", b"avif": "an AVIF picture"}


def picture_kind(head: bytes, name: str, declared: str | None) -> str:
    """Return JPEG, PNG, WEBP or GIF, or say what else the file is and what to do with it.

    Args:
        head: the first 1024 bytes, or fewer.
        name: the name of the file; an extension that disagrees with the content is refused.
        declared: the media type that came with it, if one came; it too must agree.
    """
    kind = _kind(head)
    if kind is None:
        raise Invalid("media", name, f"{_described(head)}; give a JPEG, PNG, WebP or GIF picture")
    extension = PurePath(name).suffix.lower()
    if extension and EXTENSIONS.get(extension) != kind:
        raise Invalid("media", name, f"is in truth a {kind} picture; rename it to match, or export it again")
    said = (declared or "").split(";")[0].strip().lower().replace("image/jpg", "image/jpeg")
    if said not in _UNTOLD and said != MIMES[kind]:
        raise Invalid("media", name, f"is in truth a {kind} picture, but came as {said}; send {MIMES[kind]}")
    return kind


def clip_demuxer(head: bytes) -> str | None:
    """Return FFmpeg's name of the container of a clip, by its first 1024 bytes; None: it is no clip.

    Only these containers are read: a play list, which could name other files, is none of them.
    """
    if head[4:8] == b"ftyp":
        return None if head[8:12] in _PICTURES else "mov"
    if head[4:8] in (b"moov", b"mdat", b"wide"):  # QuickTime files of before 2001
        return "mov"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[:1] == b"G" and head[188:189] == b"G" and head[376:377] == b"G":
        return "mpegts"
    return next((demuxer for magic, demuxer in _DEMUXERS if head.startswith(magic)), None)


def _kind(head: bytes) -> str | None:
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    return None


def _described(head: bytes) -> str:
    if not head:
        return "is empty"
    if head[4:8] == b"ftyp":
        return "is " + _BRANDS.get(head[8:12], "a video (MP4 or QuickTime)")
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "is a video (AVI)"
    for magic, what in _OTHERS:
        if head.startswith(magic):
            return f"is {what}"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if b"<svg" in text:
        return "is an SVG drawing, which can carry scripts"
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<script")):
        return "is a web page (HTML)"
    if text.startswith((b"<?xml", b"<")):
        return "is an XML file"
    return "is no picture that this program knows"
