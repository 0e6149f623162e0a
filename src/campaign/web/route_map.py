"""The way of a journey as a picture: the legs by their coordinates, in their order; its twin is a list."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup, escape

from campaign.core.model import Leg
from campaign.web.formats import Look

WIDTHS = (720, 340)  # the page shows the one that fits
EDGE = 56.0
LOWEST = 200.0  # of the picture's height


@dataclass(frozen=True, slots=True)
class Stop:
    """A place on the map; several legs at one place share it."""

    x: float
    y: float
    numbers: tuple[int, ...]
    label: str
    lang: str | None


def draw(legs: Sequence[Leg], look: Look) -> Markup | None:
    """Return SVGs with the legs' places, numbered in order, and the way between them; None below two places.

    Equirectangular, with the longitudes shortened by the cosine of the middle latitude: distances look right near it.
    """
    placed = [leg for leg in legs if leg.latitude is not None and leg.longitude is not None]
    if len({(leg.latitude, leg.longitude) for leg in placed}) < 2:
        return None
    return Markup("").join(_drawn(placed, look, width) for width in WIDTHS)


def _drawn(legs: Sequence[Leg], look: Look, width: int) -> Markup:
    stops, order = _stops(legs, look, float(width))
    height = round(max(stop.y for stop in stops) + EDGE)
    names = " → ".join(stops[place].label for place in order)
    title = look.say("map.title")
    parts = [
        f'<svg class="chart map {"narrow" if width < 500 else "wide"}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-labelledby="map-t-{width} map-d-{width}">'
        f'<title id="map-t-{width}">{escape(title)}</title><desc id="map-d-{width}">{escape(names)}</desc>'
    ]
    for before, after in pairwise(order):
        parts.append(_way(stops[before], stops[after]))
    parts += [_marked(stop, float(width)) for stop in stops]
    return Markup("".join(parts) + "</svg>")  # noqa: S704 - every text in it is escaped above


def _stops(legs: Sequence[Leg], look: Look, width: float) -> tuple[list[Stop], list[int]]:
    places: dict[tuple[float, float], list[int]] = {}
    for number, leg in enumerate(legs, 1):
        places.setdefault((float(leg.latitude or 0), float(leg.longitude or 0)), []).append(number)
    middle = math.cos(math.radians(sum(lat for lat, _ in places) / len(places)))
    xs, ys = [lon * middle for _, lon in places], [-lat for lat, _ in places]
    room = width - 2 * EDGE
    scale = room / max(max(xs) - min(xs), (max(ys) - min(ys)) * 2, 1e-6)
    tall = (max(ys) - min(ys)) * scale
    down = max(0.0, (LOWEST - 2 * EDGE - tall) / 2)
    across = (room - (max(xs) - min(xs)) * scale) / 2
    stops: list[Stop] = []
    order: dict[int, int] = {}
    for place, ((lat, lon), numbers) in enumerate(places.items()):
        leg = legs[numbers[0] - 1]
        label, lang = look.told(leg.title, leg.name)
        x = EDGE + across + (lon * middle - min(xs)) * scale
        y = EDGE + down + (-lat - min(ys)) * scale
        stops.append(Stop(x, y, tuple(numbers), label, lang))
        order |= dict.fromkeys(numbers, place)
    return stops, [order[number] for number in sorted(order)]


def _way(a: Stop, b: Stop) -> str:
    """Return a line with an arrow in its middle; there and back bend to different sides."""
    dx, dy = b.x - a.x, b.y - a.y
    length = math.hypot(dx, dy) or 1.0
    bend = min(28.0, length / 6)
    cx, cy = (a.x + b.x) / 2 - dy / length * bend, (a.y + b.y) / 2 + dx / length * bend
    mx, my = (a.x + 2 * cx + b.x) / 4, (a.y + 2 * cy + b.y) / 4
    ux, uy = dx / length, dy / length
    left = f"{mx - 8 * ux - 5 * uy:.1f},{my - 8 * uy + 5 * ux:.1f}"
    right = f"{mx - 8 * ux + 5 * uy:.1f},{my - 8 * uy - 5 * ux:.1f}"
    return (
        f'<path class="way" d="M{a.x:.1f},{a.y:.1f} Q{cx:.1f},{cy:.1f} {b.x:.1f},{b.y:.1f}"/>'
        f'<polygon class="arrow" points="{left} {mx + 4 * ux:.1f},{my + 4 * uy:.1f} {right}"/>'
    )


def _marked(stop: Stop, width: float) -> str:
    above = stop.y > EDGE * 1.6
    anchor = "start" if stop.x < EDGE * 2 else "end" if stop.x > width - EDGE * 2 else "middle"
    lang = f' lang="{escape(stop.lang)}"' if stop.lang else ""
    numbers = ", ".join(map(str, stop.numbers))
    # On a phone names would lie on each other; the list below the map has them under the same numbers.
    name = f"{numbers}. {escape(stop.label)}" if width > 500 else numbers
    return (
        f'<circle class="dot" cx="{stop.x:.1f}" cy="{stop.y:.1f}" r="8"/>'
        f'<text class="label" x="{stop.x:.1f}" y="{stop.y + (-16 if above else 28):.1f}" text-anchor="{anchor}"{lang}>'
        f"{name}</text>"
    )
