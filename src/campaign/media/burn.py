"""Burn: captions drawn into the frames of a clip, for platforms that take no track beside it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from campaign.core.errors import CampaignError, Invalid
from campaign.core.model import Medium
from campaign.media.captions import Cue, parse_captions
from campaign.media.clips import MAKER, Progress, encode, probe, working_folder
from campaign.media.fonts import FAMILIES, FILES, Fonts, fonts
from campaign.media.shelf import Shelf

# Only our own faces, so that the same captions look the same on every machine: https://fontconfig.org
_CONF = '<?xml version="1.0"?><fontconfig><dir>{0}/fonts</dir><cachedir>{0}/cache</cachedir></fontconfig>'


def burn(
    shelf: Shelf, clip: Medium, captions: Mapping[str, Medium], *, name: str = "", progress: Progress | None = None
) -> Medium:
    """Return a rendition with captions in its frames; made once, and found again.

    Args:
        shelf: where clip and captions lie, and the rendition afterwards.
        captions: language → WebVTT. Several stand above each other, in their order.
        name: what the person calls the clip.
        progress: told how much is done.

    Raises:
        Invalid: the fonts are missing, or lack a character of the captions; the clip cannot be encoded.
    """
    cues: list[tuple[str, Sequence[Cue]]] = []
    for lang, medium in captions.items():
        with shelf.open(medium.sha256) as stream:
            cues.append((lang, parse_captions(stream.read(), field=f"captions ({lang})")))

    def make() -> list[Medium]:
        path = shelf.path(clip.sha256)
        found = probe(path, name)
        faces = _faces(name)
        with working_folder() as folder:
            _lay_out(folder, faces)
            script = _script(cues, clip.width or found.width, clip.height or found.height, faces)
            (folder / "captions.ass").write_text(script, encoding="utf-8")
            filters = ["ass=filename=captions.ass:fontsdir=fonts"]
            return [encode(shelf, path, found, name, filters=filters, folder=folder, progress=progress)]

    recipe = ["burn", MAKER, clip.sha256, *(f"{lang}={medium.sha256}" for lang, medium in captions.items())]
    return shelf.made(recipe, make)[0]


def _faces(name: str) -> Fonts:
    try:
        return fonts()
    except CampaignError as error:
        raise Invalid("captions", name, str(error)) from None


def _lay_out(folder: Path, faces: Fonts) -> None:
    (folder / "fonts").mkdir()
    for file, data in zip(FILES, faces.files, strict=True):
        (folder / "fonts" / file).write_bytes(data)
    (folder / "fonts.conf").write_text(_CONF.format(escape(str(folder))), encoding="utf-8")


def _script(cues: Sequence[tuple[str, Sequence[Cue]]], width: int, height: int, faces: Fonts) -> str:
    """Return an ASS script: white with a dark edge, low in the frame. http://www.tcax.org/docs/ass-specs.htm"""
    # A line of 42 Cyrillic letters must fit the width, and be read on a telephone held upright.
    size = round(min(height * 0.075, width * 0.052))
    edge, margin = max(1.5, size * 0.075), round(width * 0.04)
    style = [FAMILIES[0], size, "&H00FFFFFF", "&H00FFFFFF", "&H00101010", "&H80000000", 0, 0, 0, 0, 100, 100, 0, 0]
    style += [1, f"{edge:.1f}", f"{edge / 3:.1f}", 2, margin, margin, round(height * 0.055), 1]
    lines = [
        "[Script Info]",
        "ScriptType: v4.00+",
        f"PlayResX: {width}",
        f"PlayResY: {height}",
        "WrapStyle: 0",
        "ScaledBorderAndShadow: yes",
        "",
        "[V4+ Styles]",
        "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, "
        "Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, "
        "MarginR, MarginV, Encoding",
        "Style: Default," + ",".join(map(str, style)),
        "",
        "[Events]",
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text",
    ]
    # What comes later is stacked above what came before: the first language goes last, to stand on top.
    for lang, spoken in reversed(cues):
        for cue in spoken:
            words = "\\N".join(_words(line, lang, faces) for line in cue.lines)
            lines.append(f"Dialogue: 0,{_stamp(cue.start)},{_stamp(cue.end)},Default,,0,0,0,,{words}")
    return "\n".join(lines) + "\n"


def _words(line: str, lang: str, faces: Fonts) -> str:
    try:
        runs = faces.runs(line)
    except CampaignError as error:
        raise Invalid(f"captions ({lang})", line, f"{error}; write it otherwise") from None
    return "".join(f"{{\\fn{FAMILIES[number]}}}{_escaped(run)}" for number, run in runs)


def _escaped(text: str) -> str:
    # ASS has no escape for a backslash; its full-width sister looks the same and commands nothing.
    return text.replace("\\", "＼").replace("{", "\\{").replace("}", "\\}")


def _stamp(seconds: float) -> str:
    whole = round(seconds * 100)
    return f"{whole // 360_000}:{whole // 6000 % 60:02}:{whole // 100 % 60:02}.{whole % 100:02}"
