"""Clips: probed, taken in without a place or a name in them, and made to fit what a platform accepts."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from PIL import Image, ImageStat

from campaign.core.errors import Invalid
from campaign.core.model import Medium
from campaign.media.boxes import Layout, read_layout
from campaign.media.ffmpeg import THREADS, Ran, find_ffmpeg, run, source
from campaign.media.kinds import clip_demuxer
from campaign.media.library import MIB, open_file
from campaign.media.shelf import Shelf, digest_of

Progress = Callable[[float], None]  # how much is done, 0 to 1

MIME = "video/mp4"
MAKER = "1"  # part of every recipe: another number when the same settings would give other bytes
LONGEST = 4 * 3600.0  # seconds; no platform takes more
LONG_SIDE = 1920  # pixels of what is encoded anew
MAX_PIXELS = 50_000_000
FASTEST = 60.0  # frames a second
POSTER = 1280  # pixels, longer side
SOUND = 128  # kbit/s
PLAIN = ["-map_metadata", "-1", "-map_metadata:s", "-1", "-map_chapters", "-1", "-fflags", "+bitexact"]
MP4 = ["-movflags", "+faststart", "-f", "mp4"]
STREAMS = ["-map", "0:V:0", "-map", "0:a:0?"]  # the first film that is no cover picture, the first sound
_SIZES = (1920, 1600, 1280, 960, 854, 640, 426)  # longer sides to try when bytes are few

_STREAM = re.compile(r"^  Stream #0:\d+\S*: (\w+): (.*)$", re.MULTILINE)
_DURATION = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d\.\d+)", re.MULTILINE)
_TURNED = re.compile(r"display ?matrix: rotation of (-?[\d.]+) degrees", re.IGNORECASE)
_SIZE = re.compile(r", (\d{1,6})x(\d{1,6})(?: \[SAR (\d+):(\d+)[^]]*])?")
_RATE = re.compile(r", ([\d.]+) fps")


@dataclass(frozen=True, slots=True)
class Probe:
    """What a clip is, read from the file itself. Width and height are as it is shown, after a rotation."""

    demuxer: str
    video: str  # codec
    pixels: str  # format of the pixels
    width: int
    height: int
    rotation: int  # degrees
    square: bool  # whether its pixels are; width and height are those of square ones
    rate: float  # frames a second; 0: not told
    seconds: float | None
    audio: str | None  # codec
    streams: int
    size: int
    layout: Layout | None  # of an MP4

    @property
    def can_be_copied(self) -> bool:
        """Whether its pictures and sound may go out as they are, if perhaps in another container."""
        sound = self.audio in (None, "aac")
        even = self.width % 2 == 0 and self.height % 2 == 0
        shown = self.video == "h264" and self.pixels in ("yuv420p", "yuvj420p") and self.square and even
        return shown and sound and self.rate <= FASTEST and self.seconds is not None

    @property
    def fits(self) -> bool:
        """Whether the very bytes may go out: H.264 and AAC in an MP4 that starts fast and tells nothing more."""
        if self.layout is None or not self.can_be_copied or self.demuxer != "mov":
            return False
        lean = self.streams == 1 + (self.audio is not None) and not self.layout.tells_more
        return lean and self.layout.brand != "qt  " and self.layout.starts_fast and self.layout.is_whole


@dataclass(frozen=True, slots=True)
class TakenClip:
    """What became of a clip that was handed in; `medium` is `original` when there was nothing to do."""

    medium: Medium
    poster: Medium
    original: Medium


def is_clip(path: Path) -> bool:
    """Say whether a file that a person named is a clip, by its content. Raises: Invalid when it cannot be read."""
    with open_file(path) as stream:
        return clip_demuxer(stream.read(1024)) is not None


def probe(path: Path, name: str) -> Probe:
    """Return what a clip is.

    Raises:
        Invalid: it is no clip, has no pictures, is larger than anyone takes, or FFmpeg is missing.
    """
    with path.open("rb") as stream:
        demuxer = clip_demuxer(stream.read(1024))
        if demuxer is None:
            raise Invalid("media", name, "is no clip that this program knows; give an MP4, MOV, WebM, MKV or AVI file")
        layout = read_layout(stream) if demuxer == "mov" else None
    with TemporaryDirectory(prefix="campaign-") as folder:
        said = run(source(path, demuxer), folder=Path(folder), seconds=60, max_bytes=MIB, name=name).said
    streams = [(kind, rest) for kind, rest in _STREAM.findall(said) if "(attached pic)" not in rest]
    films = [rest for kind, rest in streams if kind == "Video"]
    sounds = [rest for kind, rest in streams if kind == "Audio"]
    if not films or (size := _SIZE.search(films[0])) is None:
        raise Invalid("media", name, "has no film that can be read; it is broken, or sound only: export it again")
    width, height = int(size[1]), int(size[2])
    turned = round(float(found[1])) if (found := _TURNED.search(said)) else 0
    stretch = int(size[3]) / int(size[4]) if size[3] and int(size[3]) and int(size[4]) else 1.0
    width = round(width * stretch)
    if turned % 180:
        width, height = height, width
    if not width or not height or width * height > MAX_PIXELS:
        raise Invalid("media", name, f"has {width} × {height} pixels; at most {MAX_PIXELS:,} in all are taken")
    length = _DURATION.search(said)
    seconds = int(length[1]) * 3600 + int(length[2]) * 60 + float(length[3]) if length else None
    if seconds is not None and seconds > LONGEST:
        raise Invalid("media", name, f"is {seconds / 60:.0f} minutes long; at most {LONGEST / 3600:.0f} hours: cut it")
    rate = _RATE.search(films[0])
    pixels = re.split(r"[(, ]", films[0].partition(", ")[2], maxsplit=1)[0]
    return Probe(
        demuxer=demuxer,
        video=films[0].split(" ")[0].rstrip(","),
        pixels=pixels,
        width=width,
        height=height,
        rotation=turned,
        square=stretch == 1.0,
        rate=float(rate[1]) if rate else 0.0,
        seconds=seconds,
        audio=sounds[0].split(" ")[0].rstrip(",") if sounds else None,
        streams=len(_STREAM.findall(said)),
        size=path.stat().st_size,
        layout=layout,
    )


def take_clip(file: Path, shelf: Shelf, *, name: str | None = None, progress: Progress | None = None) -> TakenClip:
    """Take a clip in: clean, playable everywhere, with the frame that stands for it.

    H.264 with AAC or no sound, in an MP4 that starts fast, is kept byte for byte. The same in another container, or
    with metadata (a phone writes where it was), is packed anew without touching pictures or sound. Anything else that
    FFmpeg reads is encoded. Every frame is decoded once: a broken one must not go out.

    Args:
        file: what the person named.
        shelf: where everything lies afterwards; a clip that lies there already is not made again.
        name: what the person calls the file, where `file` is a temporary one.
        progress: told how much is done.

    Raises:
        Invalid: it is broken, no clip, too large or too long; FFmpeg is missing.
    """
    name = name or file.name
    find_ffmpeg(name)

    def take() -> list[Medium]:
        original = shelf.put(file)
        path = shelf.path(original.sha256)
        found = probe(path, name)
        medium = replace(_shown(original, found), mime=MIME)
        if found.fits:
            _require_sound(path, found, name, progress)
        else:
            medium = _made(shelf, path, found, name, progress)
        return [medium, _poster(shelf, medium, name), replace(original, mime="application/octet-stream")]

    medium, poster, original = shelf.made(["clip", digest_of(file), MAKER], take)
    return TakenClip(medium, poster, original)


def fit_clip(
    shelf: Shelf,
    medium: Medium,
    *,
    max_bytes: int | None = None,
    max_seconds: float | None = None,
    max_pixels: int | None = None,
    max_sides: int | None = None,
    progress: Progress | None = None,
) -> Medium:
    """Return a rendition that a platform accepts; the same medium when it already fits. Never enlarges, never cuts.

    Args:
        max_bytes: size of the file, at most.
        max_pixels: width × height, at most.
        max_sides: width + height, at most.

    Raises:
        Invalid: it is too long, or so many seconds do not fit so few bytes.
    """
    name, seconds = medium.sha256[:12], medium.seconds or 0.0
    if max_seconds is not None and seconds > max_seconds:
        raise Invalid("media", f"{seconds:g} s", f"at most {max_seconds:g} seconds are taken; cut the clip")
    width, height = medium.width or 1, medium.height or 1
    small = min(
        1.0,
        (max_pixels / (width * height)) ** 0.5 if max_pixels else 1.0,
        max_sides / (width + height) if max_sides else 1.0,
    )
    if small == 1.0 and (max_bytes is None or medium.size <= max_bytes):
        return medium
    limit = min(max_bytes or shelf.limit, shelf.limit)

    def make() -> list[Medium]:
        path = shelf.path(medium.sha256)
        found = probe(path, name)
        longest = max(width, height) * small
        rate = limit * 8 * 0.95 / max(seconds, 0.1) / 1000  # kbit/s for everything
        if small < 1.0:
            made = _encoded(shelf, path, found, name, progress, long_side=longest)
            if made.size <= limit:
                return [made]
        for _ in range(4):
            film = min(rate - SOUND, 8000)
            if film < 60:
                break
            # Below a twentieth of a bit for each pixel a frame falls to pieces: fewer pixels look better.
            area = film * 1000 / (0.05 * (found.rate or 25))
            sides = [side for side in (longest, *_SIZES) if side <= longest]
            side = next((s for s in sides if s * s * min(width, height) / max(width, height) <= area), sides[-1])
            bits = ["-b:v", f"{film:.0f}k", "-maxrate", f"{film * 1.2:.0f}k", "-bufsize", f"{film * 2:.0f}k"]
            made = _encoded(shelf, path, found, name, progress, rate=bits, long_side=side)
            if made.size <= limit:
                return [made]
            rate *= 0.85 * limit / made.size
        rule = f"{seconds:g} s cannot be made to fit {limit:,} bytes; cut the clip"
        raise Invalid("media", f"of {medium.size} bytes", rule)

    return shelf.made(["fit-clip", MAKER, medium.sha256, str(limit), f"{small:.6f}"], make)[0]


def encode(
    shelf: Shelf,
    path: Path,
    found: Probe,
    name: str,
    *,
    filters: Sequence[str],
    folder: Path,
    rate: Sequence[str] = ("-crf", "20"),
    progress: Progress | None = None,
) -> Medium:
    """Encode a clip as H.264 and AAC through these filters, in this folder; the same input gives the same bytes."""
    sound = ["-c:a", "copy"] if found.audio == "aac" else ["-c:a", "aac", "-b:a", f"{SOUND}k", "-ac", "2"]
    film = ["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-threads", THREADS, *rate]
    exact = ["-flags:v", "+bitexact", "-flags:a", "+bitexact", "-filter_threads", THREADS]
    chain = ["-vf", ",".join([*filters, "setsar=1", "format=yuv420p"])]
    out = folder / "made.mp4"
    done = run(
        [*source(path, found.demuxer), *STREAMS, *PLAIN, *exact, *chain, *film, *sound, *MP4, out.name],
        folder=folder,
        seconds=_patience(found),
        max_bytes=shelf.limit,
        name=name,
        progress=_share(found, progress),
    )
    _require(done, found, name)
    return _kept(shelf, out, name)


@contextmanager
def working_folder() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with TemporaryDirectory(prefix="campaign-") as folder:
        yield Path(folder)


def _made(shelf: Shelf, path: Path, found: Probe, name: str, progress: Progress | None) -> Medium:
    if found.can_be_copied and (packed := _packed(shelf, path, found, name)) is not None:
        _require_sound(shelf.path(packed.sha256), found, name, progress)
        return packed
    return _encoded(shelf, path, found, name, progress)


def _packed(shelf: Shelf, path: Path, found: Probe, name: str) -> Medium | None:
    """Return the same pictures and sound in a clean container; None when that alone does not make it fit."""
    with working_folder() as folder:
        out = folder / "made.mp4"
        copy = [*source(path, found.demuxer), *STREAMS, *PLAIN, "-c", "copy", *MP4, out.name]
        done = run(copy, folder=folder, seconds=_patience(found), max_bytes=shelf.limit, name=name)
        if not done.ok or not probe(out, name).fits:
            return None
        return _kept(shelf, out, name)


def _encoded(
    shelf: Shelf,
    path: Path,
    found: Probe,
    name: str,
    progress: Progress | None,
    *,
    rate: Sequence[str] = ("-crf", "20"),
    long_side: float = LONG_SIDE,
) -> Medium:
    fast = [f"fps={FASTEST:g}"] if found.rate > FASTEST else []
    small = min(1.0, long_side / max(found.width, found.height))
    # Even numbers, for the colours of H.264 have half the size; rounded down, for a limit is a limit.
    width, height = (max(2, int(side * small + 1e-6) // 2 * 2) for side in (found.width, found.height))
    with working_folder() as folder:
        return encode(
            shelf,
            path,
            found,
            name,
            filters=[*fast, f"scale={width}:{height}"],
            folder=folder,
            rate=rate,
            progress=progress,
        )


def _kept(shelf: Shelf, out: Path, name: str) -> Medium:
    found = probe(out, name)
    if not found.fits:
        raise Invalid("media", name, "was encoded, and is still not what platforms take; export it as H.264 MP4")
    return replace(_shown(shelf.put(out), found), mime=MIME)


def _shown(medium: Medium, found: Probe) -> Medium:
    return replace(medium, width=found.width, height=found.height, seconds=found.seconds)


def _require_sound(path: Path, found: Probe, name: str, progress: Progress | None) -> None:
    """Decode everything once. Raises: Invalid when a frame is broken."""
    with working_folder() as folder:
        done = run(
            ["-v", "error", "-xerror", *source(path, "mov"), *STREAMS, "-f", "null", "-"],
            folder=folder,
            seconds=_patience(found),
            max_bytes=MIB,
            name=name,
            progress=_share(found, progress),
        )
    _require(done, found, name)


def _require(done: Ran, found: Probe, name: str) -> None:
    if done.out_of_time:
        raise Invalid("media", name, f"took more than {_patience(found) / 60:.0f} minutes to read; make it shorter")
    if done.too_large:
        raise Invalid("media", name, "becomes larger than the media library takes; make it shorter")
    if not done.ok:
        raise Invalid("media", name, "cannot be decoded: the clip is broken; export it again")


def _patience(found: Probe) -> float:
    return min(7200.0, 120 + 30 * (found.seconds or LONGEST / 10))


def _share(found: Probe, progress: Progress | None) -> Progress | None:
    if progress is None:
        return None
    told, whole = progress, found.seconds or 1.0
    return lambda seconds: told(min(1.0, seconds / whole))


def _poster(shelf: Shelf, medium: Medium, name: str) -> Medium:
    """Return the frame that stands for a clip: the first of a few that shows something."""
    best: tuple[float, Image.Image] | None = None
    for part in (0.25, 0.5, 0.1, 0.75, 0.0):
        image = _frame(shelf.path(medium.sha256), (medium.seconds or 0.0) * part, name)
        if image is None:
            continue
        spread = ImageStat.Stat(image.convert("L")).stddev[0]
        if best is None or spread > best[0]:
            best = spread, image
        if spread >= 10:  # not black, not white, not a fade
            break
    if best is None:
        raise Invalid("media", name, "shows no frame: the clip is broken; export it again")
    image = best[1]
    image.thumbnail((POSTER, POSTER), Image.Resampling.LANCZOS)
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=85, optimize=True, progressive=True)
    return shelf.put(BytesIO(buffer.getvalue()), mime="image/jpeg", width=image.width, height=image.height)


def _frame(path: Path, at: float, name: str) -> Image.Image | None:
    with working_folder() as folder:
        one = [*STREAMS[:2], "-frames:v", "1", "-c:v", "png", "-f", "image2", "-update", "1", "frame.png"]
        run(
            ["-ss", f"{at:.3f}", *source(path, "mov"), *one], folder=folder, seconds=120, max_bytes=256 * MIB, name=name
        )
        try:
            with (folder / "frame.png").open("rb") as stream:
                return _opened(stream)
        except FileNotFoundError:
            return None


def _opened(stream: BinaryIO) -> Image.Image:
    with Image.open(stream, formats=["PNG"]) as image:
        return image.convert("RGB")
