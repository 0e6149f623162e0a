"""Clips: kept byte for byte where they fit, packed or encoded where they do not, and never the end of the program."""

import os
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageStat
from tests.clips import clip_file, make, vtt_file

from campaign.core.errors import Invalid
from campaign.core.model import Medium
from campaign.media import ffmpeg
from campaign.media.burn import burn
from campaign.media.captions import take_captions
from campaign.media.clips import fit_clip, is_clip, probe, take_clip
from campaign.media.library import MIB
from campaign.media.shelf import Shelf

PLACE = b"+37.5665+126.9780"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shelf")


def content(shelf: Shelf, medium: Medium) -> bytes:
    return shelf.path(medium.sha256).read_bytes()


def test_a_clip_that_fits_is_kept_byte_for_byte(tmp_path: Path, shelf: Shelf) -> None:
    file = clip_file(tmp_path / "a.mp4")
    taken = take_clip(file, shelf)

    assert file.read_bytes() == content(shelf, taken.medium)
    assert ("video/mp4", 160, 90, 1.0) == (
        taken.medium.mime,
        taken.medium.width,
        taken.medium.height,
        taken.medium.seconds,
    )


def test_so_is_one_without_sound(tmp_path: Path, shelf: Shelf) -> None:
    taken = take_clip(clip_file(tmp_path / "a.mp4", sound=None), shelf)

    assert taken.medium.sha256 == taken.original.sha256


@pytest.mark.parametrize(
    ("name", "options"),
    [("slow.mp4", {"fast": False}), ("a.mov", {}), ("a.mkv", {"fast": False})],
)
def test_another_container_is_packed_anew_with_the_same_pictures(
    tmp_path: Path, shelf: Shelf, name: str, options: dict[str, bool]
) -> None:
    file = clip_file(tmp_path / name, **options)  # type: ignore[arg-type]
    taken = take_clip(file, shelf)
    found = probe(shelf.path(taken.medium.sha256), name)

    assert found.fits
    assert frames(file, tmp_path) == frames(shelf.path(taken.medium.sha256), tmp_path)


def frames(file: Path, folder: Path) -> str:
    """The digest of every frame that is shown."""
    out = make(folder / "frames.txt", "-i", str(file), "-map", "0:v", "-f", "framemd5")
    rows = [row for row in out.read_text().splitlines() if not row.startswith("#")]
    return "\n".join(row.split(",")[-1] for row in rows)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov"])
def test_where_it_was_filmed_does_not_leave_the_house(tmp_path: Path, shelf: Shelf, name: str) -> None:
    told = ["-metadata", f"location={PLACE.decode()}/", "-metadata", "artist=Kim", "-metadata:s:v", "title=Kim"]
    file = clip_file(tmp_path / name, *told, "-movflags", "+faststart+use_metadata_tags")
    assert PLACE in file.read_bytes()
    taken = take_clip(file, shelf)

    assert PLACE not in content(shelf, taken.medium)
    assert b"Kim" not in content(shelf, taken.medium)
    assert taken.medium.sha256 != taken.original.sha256


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.avi", {"codec": "mpeg4", "sound": "mp2", "fast": False}),
        ("a.mp4", {"codec": "mpeg4"}),
        ("odd.mkv", {"codec": "ffv1", "size": "161x91", "sound": "pcm_s16le", "fast": False}),
    ],
)
def test_what_platforms_do_not_take_is_encoded(
    tmp_path: Path, shelf: Shelf, name: str, options: dict[str, object]
) -> None:
    seen: list[float] = []
    taken = take_clip(clip_file(tmp_path / name, **options), shelf, progress=seen.append)  # type: ignore[arg-type]
    found = probe(shelf.path(taken.medium.sha256), name)

    assert ("h264", "yuv420p", "aac", True) == (found.video, found.pixels, found.audio, found.fits)
    assert (0, 0) == (found.width % 2, found.height % 2)
    assert 1.0 == pytest.approx(seen[-1], abs=0.3)


def test_a_large_one_is_encoded_with_a_long_side_of_1920(tmp_path: Path, shelf: Shelf) -> None:
    file = clip_file(tmp_path / "a.mkv", codec="ffv1", size="1080x2160", seconds=0.2, sound=None, fast=False)
    medium = take_clip(file, shelf).medium

    assert (960, 1920) == (medium.width, medium.height)


def test_a_clip_that_lies_on_its_side_is_measured_upright(tmp_path: Path, shelf: Shelf) -> None:
    flat = clip_file(tmp_path / "a.mp4", sound=None)
    file = tmp_path / "b.mp4"
    # The matrix of a telephone held upright: a quarter turn, in the head of the track (ISO/IEC 14496-12, 8.3.2).
    data = flat.read_bytes()
    at = data.index(b"tkhd") + 4 + 40
    turned = b"".join(number.to_bytes(4, "big", signed=True) for number in (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30))
    file.write_bytes(data[:at] + turned + data[at + 36 :])
    taken = take_clip(file, shelf)

    assert (90, 160) == (taken.medium.width, taken.medium.height)
    assert (90, 160) == (taken.poster.width, taken.poster.height)


def test_the_poster_is_no_black_frame(tmp_path: Path, shelf: Shelf) -> None:
    black = "color=black:size=160x90:rate=10:duration=1[b];testsrc2=size=160x90:rate=10:duration=1[t];[b][t]concat"
    file = make(tmp_path / "a.mp4", "-f", "lavfi", "-i", black, "-pix_fmt", "yuv420p", "-movflags", "+faststart")
    poster = take_clip(file, shelf).poster

    assert ("image/jpeg", 160, 90) == (poster.mime, poster.width, poster.height)
    with Image.open(shelf.path(poster.sha256)) as image:
        assert 20 < ImageStat.Stat(image.convert("L")).stddev[0]


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def spoiled(data: bytes) -> bytes:
    chance = random.Random(7)
    start = data.index(b"mdat") + 8
    return data[:start] + chance.randbytes(len(data) - start)


def empty_index(data: bytes) -> bytes:
    return data[:32] + b"\0" * 4000


@pytest.mark.parametrize("harm", [cut, spoiled, empty_index])
def test_a_broken_clip_is_refused_and_named(tmp_path: Path, shelf: Shelf, harm: Callable[[bytes], bytes]) -> None:
    file = clip_file(tmp_path / "a.mp4", seconds=2.0)
    file.write_bytes(harm(file.read_bytes()))
    with pytest.raises(Invalid, match=r"media 'a.mp4'.*(broken|no film)"):
        take_clip(file, shelf)


def test_random_changes_in_the_boxes_never_end_the_program(tmp_path: Path, shelf: Shelf) -> None:
    whole = clip_file(tmp_path / "a.mp4", seconds=0.2, sound=None).read_bytes()
    chance = random.Random(3)
    for number in range(8):
        data = bytearray(whole)
        for _ in range(20):
            data[chance.randrange(12, whole.index(b"mdat"))] = chance.randrange(256)
        file = tmp_path / f"{number}.mp4"
        file.write_bytes(data)
        try:
            take_clip(file, shelf)
        except Invalid as error:
            assert file.name in str(error)


def test_a_play_list_names_no_other_file(tmp_path: Path, shelf: Shelf) -> None:
    secret = clip_file(tmp_path / "secret.mp4", seconds=0.2)
    for head in (f"#EXTM3U\n#EXTINF:1,\nfile://{secret}\n", f"ffconcat version 1.0\nfile {secret}\n"):
        file = tmp_path / "a.mp4"
        file.write_text(head)
        assert not is_clip(file)
        with pytest.raises(Invalid, match="is no clip"):
            take_clip(file, shelf)


def test_sound_alone_is_no_clip(tmp_path: Path, shelf: Shelf) -> None:
    file = make(tmp_path / "a.mp4", "-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac")
    with pytest.raises(Invalid, match="sound only"):
        take_clip(file, shelf)


@pytest.mark.parametrize(
    ("limits", "words"),
    [({"max_seconds": 0.5}, "at most 0.5 seconds"), ({"max_bytes": 1000}, "cannot be made to fit 1,000 bytes")],
)
def test_what_cannot_be_made_to_fit_says_so(tmp_path: Path, shelf: Shelf, limits: dict[str, float], words: str) -> None:
    medium = take_clip(clip_file(tmp_path / "a.mp4"), shelf).medium
    with pytest.raises(Invalid, match=words):
        fit_clip(shelf, medium, **limits)  # type: ignore[arg-type]


def test_a_clip_is_made_to_fit_pixels_sides_and_bytes_and_else_stays(tmp_path: Path, shelf: Shelf) -> None:
    medium = take_clip(clip_file(tmp_path / "a.mp4", size="640x360", seconds=2.0), shelf).medium
    small = fit_clip(shelf, medium, max_pixels=320 * 180)
    slim = fit_clip(shelf, medium, max_sides=500)
    light = fit_clip(shelf, medium, max_bytes=80_000)

    assert medium == fit_clip(shelf, medium, max_bytes=10 * MIB, max_pixels=640 * 360, max_seconds=2.0)
    assert (320, 180) == (small.width, small.height)
    assert 500 >= (slim.width or 0) + (slim.height or 0)
    assert 80_000 >= light.size
    assert {2.0} == {one.seconds for one in (small, slim, light)}


def test_a_burned_rendition_is_made_once_and_is_the_same_elsewhere(tmp_path: Path, shelf: Shelf) -> None:
    file = clip_file(tmp_path / "a.mp4")
    made = []
    for one in (shelf, shelf, Shelf(tmp_path / "other")):
        clip = take_clip(file, one).medium
        vtt = vtt_file(tmp_path / "a.vtt", "안녕하세요 {x} Привет")
        track, _ = take_captions(vtt, one, lang="ko", seconds=clip.seconds, field="captions")
        seen: list[float] = []
        made.append(burn(one, clip, {"ko": track}, progress=seen.append))
        assert bool(seen) is (one is not shelf or len(made) == 1)

    assert made[0] == made[1] == made[2]
    assert made[0].sha256 != clip.sha256


def test_a_letter_that_our_fonts_lack_is_refused_with_its_language(tmp_path: Path, shelf: Shelf) -> None:
    clip = take_clip(clip_file(tmp_path / "a.mp4"), shelf).medium
    track, _ = take_captions(vtt_file(tmp_path / "a.vtt", "мир 😀"), shelf, lang="ru", seconds=1.0, field="captions")
    with pytest.raises(Invalid, match=r"captions \(ru\).*U\+1F600"):
        burn(shelf, clip, {"ru": track})


def test_a_run_that_takes_too_long_is_ended_with_all_its_processes(tmp_path: Path) -> None:
    endless = ["-f", "lavfi", "-i", "testsrc2=size=64x64", "-f", "null", "-"]
    done = ffmpeg.run(endless, folder=tmp_path, seconds=0.5, max_bytes=MIB)

    assert (False, True) == (done.ok, done.out_of_time)


def test_a_file_that_grows_too_large_ends_the_run(tmp_path: Path) -> None:
    wide = ["-f", "lavfi", "-i", "testsrc2=size=640x480:duration=60", "-f", "rawvideo", "out.raw"]
    done = ffmpeg.run(wide, folder=tmp_path, seconds=60, max_bytes=MIB)

    assert (False, True, False) == (done.ok, done.too_large, done.out_of_time)
    assert MIB >= (tmp_path / "out.raw").stat().st_size


def test_without_ffmpeg_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Invalid, match=r"media 'a.mp4'.*apt-get install ffmpeg.*campaign\[video\]"):
        ffmpeg.find_ffmpeg("a.mp4", package="no_such_package_of_films")


def test_a_shelf_gives_up_what_was_not_asked_for_longest(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf", room=250)
    made: list[str] = []

    def maker(letter: str) -> Callable[[], list[Medium]]:
        def make_it() -> list[Medium]:
            made.append(letter)
            (tmp_path / letter).write_bytes(letter.encode() * 100)
            return [shelf.put(tmp_path / letter, mime="text/plain")]

        return make_it

    for age, letter in enumerate("ab"):
        [medium] = shelf.made([letter], maker(letter))
        os.utime(shelf.path(medium.sha256), (age, age))
    shelf.made(["c"], maker("c"))
    shelf.made(["b"], maker("b"))
    shelf.made(["a"], maker("a"))

    assert ["a", "b", "c", "a"] == made


def test_a_torn_note_on_the_shelf_is_made_again(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    file = tmp_path / "a"
    file.write_bytes(b"a")
    first = shelf.made(["a"], lambda: [shelf.put(file, mime="text/plain")])
    for note in (shelf.root / "recipes").iterdir():
        note.write_text('[{"sha256": "')

    assert first == shelf.made(["a"], lambda: [replace(shelf.put(file), mime="text/plain")])
