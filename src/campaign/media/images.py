"""Pictures: taken in clean and upright, and made to fit what a platform accepts."""

import struct
import warnings
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms

from campaign.core.errors import Invalid
from campaign.core.model import Medium
from campaign.media.kinds import MIMES, picture_kind
from campaign.media.library import MIB, Library, open_file
from campaign.media.strip import Broken, Stripped, strip

MAX_BYTES = 64 * MIB
MAX_PIXELS = 50_000_000
MAX_MOVING_PIXELS = 10 * MAX_PIXELS  # all frames of an animation together
MAX_FRAMES = 2000
SMALLEST = 200  # pixels; a rendition whose longer side is below this serves nobody
QUALITIES = (92, 85, 78, 70)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION, _GPS = 0x0112, 0x8825
# What Pillow's readers are known to raise at bytes that are not what they say.
_UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    OverflowError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Warning,  # where warnings are errors, as that about bombs is below
)

# Pillow only warns between one and two times its own limit. A filter per call would not be safe across threads.
warnings.simplefilter("error", Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a picture that was handed in. The two media are the same when there was nothing to do."""

    medium: Medium
    original: Medium
    notes: tuple[str, ...] = ()


def take_image(
    source: Path,
    library: Library,
    *,
    name: str | None = None,
    declared: str | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Taken:
    """Keep a picture, clean and upright, and the file that it was made of.

    The content decides what it is. All metadata is taken out, losslessly where the pixels can stay as they are; a
    picture that has none and is upright is kept byte for byte. The same file always gives the same digest.

    Args:
        source: a JPEG, PNG, WebP or GIF file; the extension must agree with the content.
        library: where both are kept; nothing is kept when the file is refused.
        name: what the person calls the file, where `source` is a temporary one.
        declared: the media type that came with an upload.
        max_pixels: refused above, by the header, before anything is decoded.
    """
    name = name or source.name
    with open_file(source) as stream:
        data = stream.read(MAX_BYTES + 1)
    kind = picture_kind(data[:1024], name, declared)
    if len(data) > MAX_BYTES:
        raise Invalid("media", name, f"is larger than {MAX_BYTES // MIB} MiB; make it smaller")
    try:
        found = strip(data, kind)
    except Broken as error:
        raise Invalid("media", name, f"{error}: the {kind} file is broken; export it again") from None
    _require_size(name, found, max_pixels)
    with _readable(name, kind):
        clean, size, notes = _cleaned(name, kind, found)
    original = library.put(BytesIO(data), mime=MIMES[kind], width=found.width, height=found.height)
    medium = library.put(BytesIO(clean), mime=MIMES[kind], width=size[0], height=size[1])
    return Taken(medium, original, notes)


def fit_image(
    medium: Medium,
    library: Library,
    max_bytes: int | None = None,
    max_pixels: int | None = None,
    mimes: Collection[str] | None = None,
) -> Medium:
    """Return a rendition that a platform accepts; the same medium when it already fits. Never enlarges.

    Args:
        max_bytes: size of the file, at most.
        max_pixels: width × height, at most.
        mimes: media types that the platform takes; the medium's own is kept where it can be.
    """
    name = medium.sha256[:12]
    kind = next((kind for kind, mime in MIMES.items() if mime == medium.mime), None)
    if kind is None:
        raise Invalid("media", name, f"is {medium.mime}, not a picture that can be made smaller")
    limit = max_bytes or MAX_BYTES
    with library.open(medium.sha256) as stream, _readable(name, kind), Image.open(stream, formats=[kind]) as opened:
        area = opened.width * opened.height
        if medium.size <= limit and area <= (max_pixels or area) and (mimes is None or medium.mime in mimes):
            return medium
        if area > MAX_PIXELS:
            raise Invalid("media", name, f"has {area:,} pixels; make it smaller")
        if getattr(opened, "n_frames", 1) > 1:
            raise Invalid(
                "media", name, "is an animation that the platform does not take as it is; give a smaller one or a still"
            )
        opened.load()
        image = _plain(opened)
    for size in _sizes(image, max_pixels):
        small = image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)
        for target in _targets(image, kind, mimes):
            for data in _encodings(small, target):
                if len(data) <= limit:
                    return library.put(BytesIO(data), mime=MIMES[target], width=size[0], height=size[1])
    takes = ", ".join(sorted(mimes or MIMES.values()))
    raise Invalid("media", name, f"cannot be made to fit {limit:,} bytes as {takes}; give a simpler picture")


def _require_size(name: str, found: Stripped, max_pixels: int) -> None:
    area = found.width * found.height
    shape = f"has {found.width} × {found.height} pixels"
    if area > max_pixels:
        raise Invalid("media", name, f"{shape}; at most {max_pixels:,} in all are taken: make it smaller")
    if found.frames > MAX_FRAMES or (found.frames > 1 and area * found.frames > MAX_MOVING_PIXELS):
        raise Invalid("media", name, f"{shape} in {found.frames} frames; shorten the animation or make it smaller")


@contextmanager
def _readable(name: str, kind: str) -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        raise Invalid("media", name, f"cannot be decoded: the {kind} file is broken; export it again") from error


def _cleaned(name: str, kind: str, found: Stripped) -> tuple[bytes, tuple[int, int], tuple[str, ...]]:
    """Return the clean file, its size and what was done. Every frame is decoded: a broken one must not go out."""
    turn, notes = _exif(found), _removal(found)
    with Image.open(BytesIO(found.data), formats=[kind]) as image:
        if found.frames > 1:
            for number in range(getattr(image, "n_frames", 1)):
                image.seek(number)
                image.load()
            if turn is not None:
                raise Invalid("media", name, "is an animation that lies on its side; turn it and export it again")
            return found.data, image.size, tuple(notes)
        image.load()
        made, done = _converted(image, found)
        if turn is not None:
            made, done = made.transpose(turn), [*done, "turned upright"]
        if not done:
            return found.data, image.size, tuple(notes)
        return _encoded(made, kind, found.data), made.size, tuple(done + notes)


def _exif(found: Stripped) -> Image.Transpose | None:
    exif = Image.Exif()
    try:
        exif.load(found.exif)
        if _GPS in exif:
            found.removed.add("position (GPS)")
        return _TURNS.get(exif.get(_ORIENTATION, 1))
    except _UNREADABLE:  # it goes anyway; a picture is not worse for a broken EXIF
        return None


def _removal(found: Stripped) -> list[str]:
    return ["removed: " + ", ".join(sorted(found.removed))] if found.removed else []


def _converted(image: Image.Image, found: Stripped) -> tuple[Image.Image, list[str]]:
    """Return the picture in sRGB with 8 bits per channel, and what that took; nothing where it is that already."""
    done = []
    if image.mode.startswith("I"):  # 16 bits of grey: a plain convert("L") would cut off instead of scaling
        image = image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    if found.depth == 16:
        done.append("reduced from 16 to 8 bits")
    if found.icc and (profiled := _to_srgb(image, found.icc)):
        image = profiled
        done.append("colours converted to sRGB")
    if image.mode == "CMYK":
        image = image.convert("RGB")
        done.append("converted from CMYK")
    return image, done


def _to_srgb(image: Image.Image, icc: bytes) -> Image.Image | None:
    """Return None where there is nothing to convert: the profile is sRGB itself, or unusable."""
    if image.mode in ("P", "PA"):
        image = _plain(image)
    out = {"RGBA": "RGBA", "LA": "LA", "L": "L"}.get(image.mode, "RGB")
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
        if "sRGB" in (ImageCms.getProfileDescription(profile) or ""):
            return None
        if out in ("L", "LA"):
            return None  # grey stays grey; tone curves of grey profiles differ little
        return ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode=out)
    except (ImageCms.PyCMSError, *_UNREADABLE):
        return None


def _plain(image: Image.Image) -> Image.Image:
    """Return it as L, RGB or RGBA, with transparency only where there is some."""
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        low = rgba.getchannel("A").getextrema()[0]
        return rgba if isinstance(low, int | float) and low < 255 else rgba.convert("RGB")
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _encoded(image: Image.Image, kind: str, like: bytes) -> bytes:
    if image.mode in ("P", "PA") or "transparency" in image.info:
        image = _plain(image)
    lossless = kind == "WEBP" and b"VP8L" in like[:64]
    return _saved(image, kind, 92, lossless=lossless)


def _targets(image: Image.Image, kind: str, mimes: Collection[str] | None) -> list[str]:
    """Return the kinds to try, best first: its own, then one that keeps what the picture has."""
    others = ["PNG", "WEBP", "JPEG"] if image.mode == "RGBA" else ["JPEG", "WEBP", "PNG"]
    order = [kind, *[other for other in others if other != kind]]
    return [one for one in order if one != "GIF" and (mimes is None or MIMES[one] in mimes)]


def _sizes(image: Image.Image, max_pixels: int | None) -> Iterator[tuple[int, int]]:
    area = image.width * image.height
    scale = min(1.0, (max_pixels / area) ** 0.5) if max_pixels else 1.0
    while True:
        size = max(1, int(image.width * scale)), max(1, int(image.height * scale))
        yield size
        scale *= 0.8
        if max(size) * 0.8 < SMALLEST:
            return


def _encodings(image: Image.Image, kind: str) -> Iterator[bytes]:
    for quality in QUALITIES if kind != "PNG" else QUALITIES[:1]:
        yield _saved(image, kind, quality)


def _saved(image: Image.Image, kind: str, quality: int, *, lossless: bool = False) -> bytes:
    options: dict[str, Any] = {}
    if kind == "JPEG":
        if image.mode == "RGBA":  # JPEG knows no transparency; white is what a page shows behind it
            white = Image.new("RGB", image.size, "white")
            white.paste(image, mask=image.getchannel("A"))
            image = white
        options = {"quality": quality, "optimize": True, "progressive": True}
    elif kind == "WEBP":
        options = {"lossless": True} if lossless else {"quality": quality, "method": 4}
    image.info = {}  # nothing that was read may slip into what is written
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
