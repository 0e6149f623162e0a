"""The map of a journey: every place once, in order, whatever the names and the coordinates are."""

import re
from datetime import date
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from campaign.core.model import Leg
from campaign.web.formats import Look
from campaign.web.route_map import draw


def leg(name: str, lat: float | None, lon: float | None) -> Leg:
    day = date(2019, 10, 1)
    return Leg(name, "c", name, "Asia/Seoul", day, day, {"ko": name}, lat, lon)


SEOUL, MOSCOW = leg("서울", 37.5, 127.0), leg("모스크바", 55.7, 37.6)


def test_a_place_that_is_visited_twice_is_one_point_with_both_numbers() -> None:
    drawn = str(draw([SEOUL, MOSCOW, SEOUL], Look("ko")))

    assert 1 == drawn.count("1, 3. 서울")  # on the wide picture; the narrow one has the number alone
    assert 1 == drawn.count(">1, 3</text>")
    assert 1 == drawn.count("2. 모스크바")
    assert "서울 → 모스크바 → 서울" in drawn


def test_a_journey_of_one_place_has_no_map() -> None:
    assert draw([SEOUL], Look("en")) is None
    assert draw([], Look("en")) is None
    assert draw([SEOUL, leg("nowhere", None, None)], Look("en")) is None


def test_hostile_names_stay_names() -> None:
    drawn = str(draw([leg("<script>x</script>", 1, 1), MOSCOW], Look("en")))

    assert "<script>" not in drawn and "&lt;script&gt;" in drawn


@given(places=st.lists(st.tuples(st.floats(-90, 90), st.floats(-180, 180)), min_size=2, max_size=8, unique=True))
def test_every_point_lies_on_the_picture(places: list[tuple[float, float]]) -> None:
    drawn = draw([leg(f"L{n}", lat, lon) for n, (lat, lon) in enumerate(places)], Look("en"))

    assert drawn is not None
    for svg in re.findall(r"<svg.*?</svg>", str(drawn), re.DOTALL):
        root = ElementTree.fromstring(svg)  # noqa: S314 - our own
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        for dot in root.iter("circle"):
            assert 0 <= float(dot.attrib["cx"]) <= width and 0 <= float(dot.attrib["cy"]) <= height
