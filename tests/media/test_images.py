"""A picture goes in as it came from a camera and comes out clean, upright and true to its name."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from campaign.core.errors import Invalid
from campaign.core.model import Medium
from campaign.media.images import Taken, take_image
from campaign.media.library import Library

SECRET = b"SecretCamera"


def scene(mode: str = "RGB", size: tuple[int, int] = (60, 40)) -> Image.Image:
    """Red above left, blue elsewhere: its orientation can be told."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1] // 2))
    return image.convert(mode)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def exif(orientation: int = 1) -> bytes:
    data = Image.Exif()
    data[0x010F], data[0x0112] = SECRET.decode(), orientation
    data.get_ifd(0x8825).update({1: "N", 2: (43.0, 6.0, 55.8), 3: "E", 4: (131.0, 53.0, 7.8)})
    return data.tobytes()


def moving(count: int = 3, **options: Any) -> bytes:
    frames = [Image.new("P", (20, 10), number) for number in range(count)]
    for frame in frames:
        frame.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100, loop=0, **options)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def pixels(medium: Medium, library: Library) -> Image.Image:
    with Image.open(library.path(medium.sha256)) as image:
        return image.convert("RGB")


DIRTY = {
    "photo.jpg": saved(scene(), "JPEG", exif=exif(), comment=SECRET, xmp=b"<x:xmpmeta>" + SECRET),
    "photo.webp": saved(scene(), "WEBP", exif=exif(), xmp=SECRET),
    "photo.png": saved(scene(), "PNG", exif=exif()) + SECRET,
    "photo.gif": saved(scene("P"), "GIF", comment=SECRET),
    "moving.gif": moving(comment=SECRET),
    "appended.jpg": saved(scene(), "JPEG") + b"PK\x03\x04" + SECRET,
}


@pytest.mark.parametrize("name", DIRTY)
def test_metadata_is_gone_from_the_bytes_and_no_pixel_has_changed(
    take: Callable[[str, bytes], Taken], library: Library, name: str
) -> None:
    taken = take(name, DIRTY[name])
    clean = library.path(taken.medium.sha256).read_bytes()

    assert SECRET in DIRTY[name]
    assert not any(trace in clean for trace in (SECRET, b"Exif", b"xmp", b"eXIf", b"EXIF"))
    assert DIRTY[name] == library.path(taken.original.sha256).read_bytes()
    assert pixels(taken.original, library).tobytes() == pixels(taken.medium, library).tobytes()
    assert taken.notes[-1].startswith("removed: ")


def test_the_position_of_the_camera_is_named_among_what_went(take: Callable[[str, bytes], Taken]) -> None:
    assert "position (GPS)" in take("photo.jpg", DIRTY["photo.jpg"]).notes[0]


def test_text_chunks_of_a_png_are_gone(take: Callable[[str, bytes], Taken], library: Library) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", SECRET.decode())
    text.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    taken = take("photo.png", saved(scene(), "PNG", pnginfo=text))

    assert SECRET not in library.path(taken.medium.sha256).read_bytes()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_turned_upright(
    take: Callable[[str, bytes], Taken], library: Library, kind: str, orientation: int
) -> None:
    backwards = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    turned = scene() if orientation == 1 else scene().transpose(Image.Transpose(backwards[orientation]))
    taken = take(
        f"photo.{kind.lower()}",
        saved(turned, kind, exif=exif(orientation), **({"quality": 95} if kind != "PNG" else {})),
    )
    upright = pixels(taken.medium, library)

    assert (60, 40) == upright.size == (taken.medium.width, taken.medium.height)
    red, blue = upright.getpixel((8, 8)), upright.getpixel((52, 32))
    assert isinstance(red, tuple) and isinstance(blue, tuple)
    assert red[0] > red[2] + 150 and blue[2] > blue[0] + 150
    assert SECRET not in library.path(taken.medium.sha256).read_bytes()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jpg", saved(scene(), "JPEG")),
        ("a.jpeg", saved(scene("L"), "JPEG", progressive=True)),
        ("a.png", saved(scene("RGBA"), "PNG")),
        ("b.png", saved(scene("P"), "PNG", transparency=0)),
        ("c.png", saved(scene("1"), "PNG")),
        ("a.webp", saved(scene(), "WEBP", lossless=True)),
        ("b.webp", saved(scene("RGBA"), "WEBP")),
        ("a.gif", saved(scene("P"), "GIF")),
        ("b.gif", moving()),
        ("noextension", saved(scene(), "PNG")),
    ],
)
def test_a_clean_upright_picture_is_kept_byte_for_byte(
    take: Callable[[str, bytes], Taken], library: Library, name: str, data: bytes
) -> None:
    taken = take(name, data)

    assert taken.medium == taken.original
    assert data == library.path(taken.medium.sha256).read_bytes()
    assert taken.notes == ()


def test_all_frames_of_an_animation_stay(take: Callable[[str, bytes], Taken], library: Library) -> None:
    taken = take("moving.gif", DIRTY["moving.gif"])

    with Image.open(library.path(taken.medium.sha256)) as image:
        assert (getattr(image, "n_frames", 1), image.info["loop"]) == (3, 0)


def test_a_moving_webp_and_a_moving_png_stay_moving(take: Callable[[str, bytes], Taken], library: Library) -> None:
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "green", "blue")]
    for kind in ("WEBP", "PNG"):
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100, exif=exif())
        taken = take(f"moving.{kind.lower()}", data)
        with Image.open(library.path(taken.medium.sha256)) as image:
            assert getattr(image, "n_frames", 1) == 3
            assert not image.getexif()


def test_an_animation_on_its_side_is_refused(take: Callable[[str, bytes], Taken]) -> None:
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "green")]
    data = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], exif=exif(6))

    with pytest.raises(Invalid, match="lies on its side"):
        take("moving.webp", data)


def test_cmyk_becomes_rgb(take: Callable[[str, bytes], Taken], library: Library) -> None:
    taken = take("print.jpg", saved(scene("CMYK"), "JPEG", quality=95))

    with Image.open(library.path(taken.medium.sha256)) as image:
        assert image.mode == "RGB"
        red = image.getpixel((8, 8))
    assert isinstance(red, tuple) and red[0] > red[2] + 150
    assert "converted from CMYK" in taken.notes


def test_sixteen_bits_become_eight_without_being_cut_off(take: Callable[[str, bytes], Taken], library: Library) -> None:
    taken = take("deep.png", saved(Image.new("I;16", (8, 8), 32896), "PNG"))

    with Image.open(library.path(taken.medium.sha256)) as image:
        assert (image.mode, image.getpixel((4, 4))) == ("L", 128)


def test_a_profile_that_is_srgb_goes_without_a_new_encoding(
    take: Callable[[str, bytes], Taken], library: Library
) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    taken = take("photo.jpg", saved(scene(), "JPEG", icc_profile=profile))

    assert taken.notes == ("removed: ICC",)
    assert b"ICC_PROFILE" not in library.path(taken.medium.sha256).read_bytes()
    assert pixels(taken.original, library).tobytes() == pixels(taken.medium, library).tobytes()


def test_colours_of_another_profile_are_converted(take: Callable[[str, bytes], Taken], library: Library) -> None:
    lab = ImageCms.createProfile("sRGB")
    swapped = ImageCms.ImageCmsProfile(lab).tobytes()
    at = swapped.index(b"rXYZ"), swapped.index(b"gXYZ")  # red and green change places in the table of tags
    data = bytearray(swapped)
    data[at[0] : at[0] + 4], data[at[1] : at[1] + 4] = b"gXYZ", b"rXYZ"
    profile = bytes(data).replace("sRGB".encode("utf-16-be"), "odd ".encode("utf-16-be"))
    taken = take("photo.png", saved(scene(), "PNG", icc_profile=profile))
    green = pixels(taken.medium, library).getpixel((8, 8))

    assert "colours converted to sRGB" in taken.notes
    assert isinstance(green, tuple) and green[1] > green[0] + 150


def test_a_broken_profile_is_dropped(take: Callable[[str, bytes], Taken]) -> None:
    assert take("photo.jpg", saved(scene(), "JPEG", icc_profile=b"rubbish" * 40)).notes == ("removed: ICC",)


def test_the_same_file_always_gives_the_same_digest(tmp_path: Path) -> None:
    source = tmp_path / "photo.jpg"
    source.write_bytes(saved(scene(), "JPEG", exif=exif(6)))
    digests = {take_image(source, Library(tmp_path / folder)).medium.sha256 for folder in ("a", "b")}

    assert len(digests) == 1


PNG = saved(scene(), "PNG")
REFUSED = [
    ("photo.png", saved(scene(), "JPEG"), "in truth a JPEG picture"),
    ("photo.txt", PNG, "in truth a PNG picture"),
    ("empty.jpg", b"", "is empty"),
    ("drawing.svg", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
    ("page.jpg", b"\n<!DOCTYPE html><html>", "HTML"),
    ("paper.png", b"%PDF-1.7\n", "a PDF"),
    ("clip.jpg", b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00", "a video"),
    ("clip.webm", b"\x1a\x45\xdf\xa3\x01", "a video"),
    ("photo.heic", b"\x00\x00\x00\x20ftypheic\x00\x00\x00\x00", "HEIC"),
    ("album.zip", b"PK\x03\x04\x14\x00", "a zip"),
    ("photo.tif", b"II*\x00\x08\x00\x00\x00", "TIFF"),
    ("words.jpg", b"just words", "no picture that this program knows"),
    ("cut.jpg", saved(scene(), "JPEG")[:-40], "cut off"),
    ("cut.png", PNG[:-20], "cut off"),
    ("cut.webp", saved(scene(), "WEBP")[:-5], "cut off"),
    ("cut.gif", moving()[:-10], "cut off"),
    ("hollow.png", PNG[:33] + chunk(b"IEND", b""), "cannot be decoded"),
    ("wrong.png", PNG.replace(PNG[45:49], b"\0\0\0\0"), "cannot be decoded"),
    ("short.jpg", b"\xff\xd8\xff\xd9", "has no size"),
    ("none.gif", b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", "holds no picture"),
]


@pytest.mark.parametrize(("name", "data", "says"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_no_whole_picture_is_refused_by_name(
    take: Callable[[str, bytes], Taken], library: Library, name: str, data: bytes, says: str
) -> None:
    with pytest.raises(Invalid, match=says) as caught:
        take(name, data)

    assert ("media", name) == (caught.value.field, caught.value.value)
    assert not library.root.exists()


def test_a_declared_type_must_agree(tmp_path: Path, library: Library) -> None:
    (tmp_path / "a.png").write_bytes(PNG)

    assert take_image(tmp_path / "a.png", library, declared="image/png; charset=x").medium.mime == "image/png"
    assert take_image(tmp_path / "a.png", library, declared="application/octet-stream")
    with pytest.raises(Invalid, match="came as image/jpeg"):
        take_image(tmp_path / "a.png", library, declared="image/jpg")


def test_an_upload_is_told_by_the_name_that_the_person_gave_it(tmp_path: Path, library: Library) -> None:
    (tmp_path / "tmp1234").write_bytes(PNG)

    with pytest.raises(Invalid, match=r"'holiday\.jpg': is in truth a PNG"):
        take_image(tmp_path / "tmp1234", library, name="holiday.jpg")


def test_folders_devices_and_missing_files_are_refused(tmp_path: Path, library: Library) -> None:
    (tmp_path / "link.png").symlink_to("/dev/zero")
    (tmp_path / "loop.png").symlink_to("loop.png")
    for path, says in (
        (tmp_path, "is a folder"),
        (tmp_path / "link.png", "a device or a pipe"),
        (tmp_path / "loop.png", "cannot be opened"),
        (tmp_path / "none.png", "is not there"),
    ):
        with pytest.raises(Invalid, match=says):
            take_image(path, library)


def test_a_bomb_is_refused_by_its_header(take: Callable[[str, bytes], Taken]) -> None:
    header = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    packed = zlib.compress(bytes(100_000))

    with pytest.raises(Invalid, match="60000 × 60000 pixels"):
        take("bomb.png", header + chunk(b"IDAT", packed) + chunk(b"IEND", b""))
    with pytest.raises(Invalid, match="65000 × 65000 pixels"):
        take("bomb.gif", moving().replace(b"GIF89a\x14\x00\x0a\x00", b"GIF89a\xe8\xfd\xe8\xfd"))


def test_a_jpeg_of_endless_scans_is_refused(take: Callable[[str, bytes], Taken]) -> None:
    data = saved(scene(), "JPEG", progressive=True)
    at = data.rindex(b"\xff\xda")

    with pytest.raises(Invalid, match="more scans"):
        take("slow.jpg", data[:at] + data[at:-2] * 200 + data[-2:])


def test_a_frame_larger_than_its_screen_counts(take: Callable[[str, bytes], Taken]) -> None:
    data = bytearray(moving())
    at = data.index(b",\x00\x00\x00\x00\x14\x00\x0a\x00")
    data[at + 5 : at + 9] = struct.pack("<HH", 65_000, 65_000)

    with pytest.raises(Invalid, match="65000 × 65000"):
        take("bomb.gif", bytes(data))


def test_an_animation_of_too_many_pixels_is_refused(take: Callable[[str, bytes], Taken]) -> None:
    frames = b"\x21\xf9\x04\x00\x0a\x00\x00\x00,\x00\x00\x00\x00\xa0\x0f\xa0\x0f\x00\x02\x02\x44\x01\x00" * 60
    with pytest.raises(Invalid, match="in 60 frames"):
        take("long.gif", b"GIF89a\xa0\x0f\xa0\x0f\x80\x00\x00" + bytes(6) + frames + b";")


SEEDS = [PNG, *DIRTY.values(), moving()]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.sampled_from(SEEDS),
    cut=st.floats(0, 1),
    places=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=6),
)
def test_damaged_bytes_are_taken_or_refused_and_nothing_else(
    take: Callable[[str, bytes], Taken], seed: bytes, cut: float, places: list[tuple[float, int]]
) -> None:
    data = bytearray(seed)
    for place, value in places:
        data[int(place * len(data))] = value
    try:
        take("damaged", bytes(data[: 12 + int(cut * len(data))]))
    except Invalid as error:
        assert error.field == "media"


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    magic=st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\x20\0\0\0WEBP"]),
    rest=st.binary(max_size=200),
)
def test_random_bytes_are_refused(take: Callable[[str, bytes], Taken], magic: bytes, rest: bytes) -> None:
    try:
        take("random", magic + rest)
    except Invalid as error:
        assert error.field == "media"
