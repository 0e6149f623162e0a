"""Each card shows all its words in letters that its fonts have, inside the margins, and always in the same bytes."""

import struct
from io import BytesIO
from itertools import combinations

import pytest
from PIL import Image

from campaign.core.errors import CampaignError, NotFound
from campaign.demo.draw import CARDS, HEIGHT, WIDTH, draw, lay_out
from campaign.media.fonts import Fonts

FONTS = Fonts()


def covered(file: bytes) -> set[int]:
    """Read the characters of a font from its own table, independently of how the program asks."""
    tables = struct.unpack(">H", file[4:6])[0]
    rows = (struct.unpack(">4s4xII", file[at : at + 16]) for at in range(12, 12 + 16 * tables, 16))
    start = next(offset for tag, offset, _ in rows if tag == b"cmap")
    found = set[int]()
    for at in range(start + 4, start + 4 + 8 * struct.unpack(">H", file[start + 2 : start + 4])[0], 8):
        table = start + struct.unpack(">I", file[at + 4 : at + 8])[0]
        if struct.unpack(">H", file[table : table + 2])[0] == 12:
            groups = struct.unpack(">I", file[table + 12 : table + 16])[0]
            for row in range(table + 16, table + 16 + 12 * groups, 12):
                first, last = struct.unpack(">II", file[row : row + 8])
                found.update(range(first, last + 1))
    return found


COVERED = [covered(file) for file in FONTS.files]


@pytest.mark.parametrize("lang", [None, "ru", "en"])
@pytest.mark.parametrize("name", CARDS)
def test_a_card_is_whole_in_every_order_of_languages(name: str, lang: str | None) -> None:
    canvas = lay_out(name, lang=lang)

    for words, _ in canvas.written:
        for number, run in FONTS.runs(words):
            assert {ord(char) for char in run} <= COVERED[number], words
    for _, (left, top, right, bottom) in canvas.written:
        assert left >= 90 and right <= WIDTH - 90
        assert top >= 60 and bottom <= HEIGHT - 30
        assert not (right > WIDTH - 170 and top < 170), "under the ribbon"
    for (one, a), (other, b) in combinations(canvas.written, 2):
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, f"{one} lies on {other}"


@pytest.mark.parametrize("lang", ["ko", "ru", "en"])
def test_words_stay_on_their_own_plate(lang: str) -> None:
    for words, (left, top, right, _) in lay_out("tiles", lang=lang).written:
        assert right <= 770 or left >= 830 or top < 200 or top > 790, words


def test_the_fonts_are_asked_rightly_for_what_they_have() -> None:
    for char in "가힣뷁Яёяйє«»„“№₽·→①=평мирpeace é字":
        assert FONTS.having(char) == tuple(number for number in (0, 1) if ord(char) in COVERED[number]), char


def test_a_mixed_line_changes_its_font_where_the_script_changes() -> None:
    assert FONTS.runs("서울 역 Сеул Seoul") == [(1, "서울 역"), (0, " Сеул Seoul")]


def test_a_character_that_no_font_has_is_an_error_and_never_a_box() -> None:
    with pytest.raises(CampaignError, match=r"U\+1F600"):
        FONTS.runs("мир 😀")


@pytest.mark.parametrize("name", CARDS)
def test_a_card_is_a_small_png_of_full_size(name: str) -> None:
    data = draw(name)

    assert len(data) < 300_000
    with Image.open(BytesIO(data)) as image:
        assert (image.format, image.size, image.info) == ("PNG", (WIDTH, HEIGHT), {})


def test_the_same_card_has_the_same_bytes_and_another_language_others() -> None:
    assert draw("words_card") == draw("words_card") == draw("words_card", lang="ko")
    assert draw("words_card") != draw("words_card", lang="en")


def test_every_card_has_the_ribbon() -> None:
    for name in CARDS:
        assert lay_out(name).image.getpixel((4728, 312)) == (201, 64, 10)


def test_moscow_is_lit_on_its_own_map_alone() -> None:
    def orange(name: str) -> int:
        head = lay_out(name).image.crop((0, 0, 2400, 900))
        return sum(pixel == (232, 96, 26) for pixel in head.get_flattened_data())

    assert orange("map_moscow") > 5000
    assert orange("route_map") == orange("route_map_done") == 0


def test_without_its_fonts_it_says_what_to_install() -> None:
    with pytest.raises(CampaignError, match=r"pip install 'campaign\[fonts\]'"):
        Fonts(hangul="no_such_package_of_fonts")


def test_an_unknown_card_or_language_is_not_found() -> None:
    with pytest.raises(NotFound, match="route_map"):
        draw("photo")
    with pytest.raises(NotFound, match="ko, ru, en"):
        draw("tiles", lang="fr")
