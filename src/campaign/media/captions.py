"""Captions: WebVTT and SubRip read strictly, kept as plain WebVTT. https://www.w3.org/TR/webvtt1/"""

import html
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from campaign.core.errors import Invalid
from campaign.core.model import Medium
from campaign.media.library import Library, open_file

MIME = "text/vtt"
MAX_BYTES = 1024 * 1024
MANY = 5000  # cues
LINES = 2
# Characters a line that can be read in time: https://partnerhelp.netflixstudios.com/hc/en-us/sections/22463232153235
WIDTHS = {"ko": 20}
WIDTH = 42
SLACK = 0.5  # seconds that the last cue may outlast the clip: an editor's frame, or a rounded duration

# Hours may be left out in WebVTT; SubRip writes a comma before the milliseconds.
_TIME = r"(?:(\d{1,4}):)?([0-5]\d):([0-5]\d)[.,](\d{3})"
_ARROW = re.compile(rf"^\s*{_TIME}\s+-->\s+{_TIME}(?:[ \t].*)?$", re.ASCII)
_TAG = re.compile(r"</?[^<>\n]*>|\{\\[^{}\n]*\}")  # <b>, <v Name>, <00:01.000>; {\an8} of SubRip


@dataclass(frozen=True, slots=True)
class Cue:
    """What is read between two instants, in seconds."""

    start: float
    end: float
    lines: tuple[str, ...]


def take_captions(
    source: Path, library: Library, *, lang: str, seconds: float | None, field: str
) -> tuple[Medium, list[str]]:
    """Keep a caption file as canonical WebVTT; return it, and what makes it hard to read.

    Args:
        source: a WebVTT or SubRip file in UTF-8.
        lang: which language it is in; it decides how long a line may be.
        seconds: how long the clip is; a cue after its end is refused.
        field: what the person calls it, as in captions 1 (ko).

    Raises:
        Invalid: it cannot be read, has no cue, or a cue that no player would show.
    """
    with _named(source, field) as data:
        cues = parse_captions(data, field=field, name=source.name)
    if seconds is not None:
        cues = _within(cues, seconds, field)
    return library.put(BytesIO(write_captions(cues)), mime=MIME), legibility(cues, lang)


def parse_captions(data: bytes, *, field: str = "captions", name: str = "") -> list[Cue]:
    """Return the cues of a WebVTT or SubRip file, as plain text in their order.

    Styles, regions, notes, cue settings and markup are left out: no platform keeps them all, and none need be trusted.

    Raises:
        Invalid: it is no UTF-8, neither of the two formats, or a cue is empty, ends before it starts or goes back.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(field, name, f"is no UTF-8 (byte {error.start}); save it as UTF-8") from None
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    blocks = [block.split("\n") for block in re.split(r"\n{2,}", text.strip("\n")) if block.strip()]
    if blocks and re.match(r"WEBVTT(?:[ \t]|$)", blocks[0][0]):
        # A cue may stand right below the header line, without a blank line between them.
        blocks[0] = blocks[0][1:] if any("-->" in line for line in blocks[0]) else []
    elif not (blocks and any(_ARROW.match(line) for line in blocks[0][:2])):
        raise Invalid(field, name, "is neither WebVTT (its first line is WEBVTT) nor SubRip (SRT)")
    cues: list[Cue] = []
    for block in blocks:
        cues += _cue(block, len(cues) + 1, field)
        if len(cues) > MANY:
            raise Invalid(field, name, f"has more than {MANY} cues")
        if len(cues) > 1 and cues[-1].start < cues[-2].start:
            raise Invalid(field, _stamp(cues[-1].start), f"cue {len(cues)} starts before the one above it; sort them")
    if not cues:
        raise Invalid(field, name, "has no cue: a line such as 00:00.500 --> 00:03.500, and the words below it")
    return cues


def write_captions(cues: Sequence[Cue]) -> bytes:
    """Return cues as WebVTT; the same cues give the same bytes."""
    blocks = ["WEBVTT"]
    for cue in cues:
        words = "\n".join(html.escape(line, quote=False) for line in cue.lines)
        blocks.append(f"{_stamp(cue.start)} --> {_stamp(cue.end)}\n{words}")
    return ("\n\n".join(blocks) + "\n").encode()


def legibility(cues: Sequence[Cue], lang: str) -> list[str]:
    """Return what makes captions hard to read: long lines, many lines, cues on top of each other."""
    width = WIDTHS.get(lang.partition("-")[0], WIDTH)
    told: list[str] = []
    for number, cue in enumerate(cues, 1):
        if len(cue.lines) > LINES:
            told.append(f"cue {number} has {len(cue.lines)} lines; {LINES} can be read")
        if (longest := max(len(line) for line in cue.lines)) > width:
            told.append(f"cue {number} has a line of {longest} characters; {width} can be read")
        if number > 1 and cue.start < cues[number - 2].end:
            told.append(f"cue {number} starts while the one above it is still shown")
    return told


class _named:
    """The bytes of a caption file, with the person's own word for it in every error."""

    def __init__(self, source: Path, field: str) -> None:
        self.source, self.field = source, field

    def __enter__(self) -> bytes:
        try:
            with open_file(self.source) as stream:
                data = stream.read(MAX_BYTES + 1)
        except Invalid as error:
            raise Invalid(self.field, error.value, error.rule) from None
        if len(data) > MAX_BYTES:
            raise Invalid(self.field, self.source.name, f"is larger than {MAX_BYTES // 1024} KiB: no caption file")
        return data

    def __exit__(self, *error: object) -> None:
        return None


def _cue(block: Sequence[str], number: int, field: str) -> list[Cue]:
    arrows = [at for at, line in enumerate(block) if "-->" in line]
    if not arrows:
        return []  # a note, a style, a region, the rest of the header
    at = arrows[0]
    found = _ARROW.match(block[at])
    if at > 1 or found is None or len(arrows) > 1 or block[at].count("-->") > 1:
        rule = f"cue {number} has no such times as 00:00.500 --> 00:03.500, alone on their line"
        raise Invalid(field, block[at][:60], rule)
    start, end = _seconds(found.groups()[:4]), _seconds(found.groups()[4:])
    if end <= start:
        raise Invalid(field, block[at][:60], f"cue {number} ends before it starts")
    words = (unicodedata.normalize("NFC", html.unescape(_TAG.sub("", line))) for line in block[at + 1 :])
    lines = tuple(" ".join(line.split()) for line in words if line.strip())
    if not lines:
        raise Invalid(field, block[at][:60], f"cue {number} is empty; write its words below the times, or remove it")
    for character in "".join(lines):
        if unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn"):
            raise Invalid(field, block[at][:60], f"cue {number} holds U+{ord(character):04X}; remove it")
    return [Cue(start, end, lines)]


def _within(cues: Sequence[Cue], seconds: float, field: str) -> list[Cue]:
    """Return the cues, none longer than the clip."""
    for number, cue in enumerate(cues, 1):
        if cue.end > seconds + SLACK or cue.start >= seconds:
            raise Invalid(field, _stamp(cue.end), f"cue {number} ends after the clip, which has {seconds:g} s")
    return [Cue(cue.start, max(min(cue.end, round(seconds, 3)), cue.start + 0.001), cue.lines) for cue in cues]


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, thousandths = (int(part or 0) for part in parts)
    return hours * 3600 + minutes * 60 + seconds + thousandths / 1000


def _stamp(seconds: float) -> str:
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}.{whole % 1000:03}"
