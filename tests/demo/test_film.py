"""The demo's clips are drawn ready to go out, always in the same bytes, with captions that can be read in time."""

from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat
from tests.clips import make

from campaign.core.errors import NotFound
from campaign.demo.film import FILMS, SIZE, captions, film
from campaign.demo.journey import load_journey
from campaign.media.burn import burn
from campaign.media.captions import legibility, parse_captions, take_captions
from campaign.media.clips import probe, take_clip
from campaign.media.shelf import Shelf

CLIPS = {picture.film: post for post in load_journey().posts for picture in post.pictures if picture.film}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    for name in FILMS:
        film(name, folder / f"{name}.mp4")
    return folder


def frame(clip: Path, at: float, into: Path) -> Image.Image:
    make(into, "-ss", str(at), "-i", str(clip), "-frames:v", "1", "-update", "1")
    with Image.open(into) as image:
        return image.convert("L")


@pytest.mark.parametrize("name", FILMS)
def test_a_film_goes_out_as_it_is_and_moves(drawn: Path, tmp_path: Path, name: str) -> None:
    file = drawn / f"{name}.mp4"
    found = probe(file, name)

    assert found.fits
    assert (*SIZE, 9.0, 25.0, "aac") == (found.width, found.height, found.seconds, found.rate, found.audio)
    assert found.size < 1_000_000
    early, late = (frame(file, at, tmp_path / f"{at}.png") for at in (0.2, 5.0))
    assert ImageStat.Stat(ImageChops.difference(early, late)).rms[0] > 10


@pytest.mark.parametrize("name", FILMS)
def test_its_captions_can_be_read_in_time_and_are_seen_in_the_frames(drawn: Path, tmp_path: Path, name: str) -> None:
    shelf = Shelf(tmp_path / "shelf")
    taken = take_clip(drawn / f"{name}.mp4", shelf)
    plain = frame(shelf.path(taken.medium.sha256), 6.0, tmp_path / "plain.png")

    assert taken.medium.sha256 == taken.original.sha256
    for lang, cues in (CLIPS[name].vtt or {}).items():
        data = captions(cues)
        assert [] == legibility(parse_captions(data), lang)
        (tmp_path / "a.vtt").write_bytes(data)
        track, _ = take_captions(tmp_path / "a.vtt", shelf, lang=lang, seconds=9.0, field="captions")
        burned = burn(shelf, taken.medium, {lang: track})
        shown = frame(shelf.path(burned.sha256), 6.0, tmp_path / f"{lang}.png")
        changed = ImageChops.difference(plain, shown).point(lambda value: 255 * (value > 100))
        left, top, right, bottom = changed.getbbox() or (0, 0, 0, 0)
        assert top > SIZE[1] * 0.7 and bottom < SIZE[1] * 0.97, "they stand low, and clear of the edge"
        assert abs((left + right) / 2 - SIZE[0] / 2) < 20, "in the middle"


def test_the_same_film_has_the_same_bytes(drawn: Path, tmp_path: Path) -> None:
    film("wave_film", tmp_path / "again.mp4")

    assert (drawn / "wave_film.mp4").read_bytes() == (tmp_path / "again.mp4").read_bytes()


def test_an_unknown_film_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="title_film"):
        film("holiday", tmp_path / "a.mp4")
