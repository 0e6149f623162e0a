"""Charts as inline SVG: shapes, dashes and words as well as colours; a gap is drawn as a gap."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

Point = tuple[float, float | None]
_SHAPES = {"ko": 0, "en": 1, "ru": 2}


@dataclass(frozen=True, slots=True)
class Line:
    """One language over age in seconds; None is a gap."""

    lang: str
    label: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Dot:
    """One row: an estimate with its interval, or, where there are too few, the single values."""

    label: str
    detail: str
    value: float | None
    low: float | None
    high: float | None
    singles: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """What every chart says of itself, and how wide it is."""

    ident: str
    title: str
    desc: str
    width: int = 720

    @property
    def small(self) -> bool:
        return self.width < 500

    def svg(self, height: float, inside: Sequence[Markup]) -> Markup:
        return Markup(
            '<svg class="{0}" viewBox="0 0 {1} {2:.0f}" role="img" aria-labelledby="{3}-t {3}-d">'
            '<title id="{3}-t">{4}</title><desc id="{3}-d">{5}</desc>{6}</svg>'
        ).format(
            "chart narrow" if self.small else "chart wide",
            self.width,
            height,
            f"{self.ident}-{self.width}",
            self.title,
            self.desc,
            Markup("").join(inside),
        )


def curves(
    frame: Frame,
    lines: Sequence[Line],
    *,
    ticks: Sequence[tuple[float, str]],
    mark: float,
    axes: tuple[str, str],
    number: Callable[[float], str],
) -> Markup:
    """Draw cumulative curves over a logarithmic age axis, each labelled at its end."""
    left, right, top, bottom = (40, 112, 34, 48) if frame.small else (60, 170, 38, 52)
    wide, high = frame.width - left - right, 200 if frame.small else 290
    ages = [age for line in lines for age, value in line.points if value is not None]
    first, last = math.log(min([*ages, mark])), math.log(max([*ages, mark]))
    steps = nice(max((value for line in lines for _, value in line.points if value is not None), default=1))

    def x(age: float) -> float:
        return left + wide * (math.log(age) - first) / ((last - first) or 1)

    def y(value: float) -> float:
        return top + high * (1 - value / steps[-1])

    inside = [_text(left, 16, axes[1], "axis")]
    for step in steps:
        inside.append(_rule(left, y(step), left + wide, y(step), "base" if step == 0 else "grid"))
        inside.append(_text(left - 8, y(step) + 4, number(step), "tick end"))
    seen = -1e9
    for age, label in ticks:
        if not first - 1e-9 <= math.log(age) <= last + 1e-9 or x(age) - seen < (46 if frame.small else 52):
            continue
        seen = x(age)
        inside.append(_rule(seen, top + high, seen, top + high + 5, "base"))
        inside.append(_text(seen, top + high + 19, label, "tick mid"))
    inside.append(_text(left + wide / 2, top + high + 40, axes[0], "axis mid"))
    inside.append(_rule(x(mark), top, x(mark), top + high, "mark"))
    ends: list[tuple[float, float, Line, float]] = []
    for line in lines:
        for run in runs(line.points):
            path = " ".join(f"{'L' if i else 'M'}{x(age):.1f} {y(value):.1f}" for i, (age, value) in enumerate(run))
            inside.append(Markup('<path class="line {}" d="{}"/>').format(f"l-{_kind(line.lang)}", path))
            inside += [_shape(line.lang, x(age), y(value), 3.2 if frame.small else 4.2) for age, value in run]
        known = [(age, value) for age, value in line.points if value is not None]
        if known:
            ends.append((y(known[-1][1]), x(known[-1][0]), line, known[-1][1]))
    floor = -1e9
    for height, edge, line, value in sorted(ends, key=lambda end: end[0]):
        at = max(height, floor)
        floor = at + (32 if frame.small else 20)
        text = line.label if frame.small else f"{line.label} {number(value)}"
        inside.append(_shape(line.lang, edge + 14, at, 4.2))
        inside.append(_text(edge + 23, at + 4.5, text, f"label t-{_kind(line.lang)}"))
        if frame.small:
            inside.append(_text(edge + 23, at + 19, number(value), f"label t-{_kind(line.lang)}"))
    return frame.svg(max(top + high + bottom, floor), inside)


def dots(
    frame: Frame,
    rows: Sequence[Dot],
    *,
    number: Callable[[float], str],
    axis: str,
    ratio: bool = False,
) -> Markup:
    """Draw a dot with its interval per row; as a ratio on a logarithmic axis around 1."""
    edge, row, top = 14, 68 if frame.small else 52, 8
    values = [v for r in rows for v in (r.value, r.low, r.high, *r.singles) if v is not None]
    steps = _doublings(values) if ratio else nice(max(values, default=1))
    low, high = (math.log(steps[0]), math.log(steps[-1])) if ratio else (0.0, steps[-1])
    foot = top + row * len(rows) + 6

    def x(value: float) -> float:
        at = math.log(max(value, 1e-9)) if ratio else value
        return edge + (frame.width - 2 * edge) * (at - low) / ((high - low) or 1)

    inside: list[Markup] = []
    seen = -1e9
    for step in steps:
        one = ratio and step == 1
        inside.append(_rule(x(step), top, x(step), foot, "mark" if one else "grid"))
        if x(step) - seen >= 34:
            seen = x(step)
            near = "start" if seen < 30 else "end" if seen > frame.width - 30 else "mid"
            inside.append(_text(seen, foot + 16, ("×" if ratio else "") + number(step), f"tick {near}"))
    inside.append(_text(frame.width / 2, foot + 36, axis, "axis mid"))
    for index, item in enumerate(rows):
        head = top + row * index
        line = head + row - 18
        if frame.small:
            inside.append(_text(edge, head + 16, item.label, "label"))
            inside.append(_text(edge, head + 33, item.detail, "label quiet"))
        else:
            inside.append(_row_label(edge, head + 16, item))
        inside.append(_rule(edge, line, frame.width - edge, line, "rail"))
        if item.low is not None and item.high is not None and item.value is not None:
            inside.append(_rule(x(item.low), line, x(item.high), line, "range"))
            for end in (item.low, item.high):
                inside.append(_rule(x(end), line - 6, x(end), line + 6, "cap"))
            inside.append(_circle(x(item.value), line, 6, "dot"))
        else:
            inside += [_circle(x(value), line, 5, "single") for value in item.singles]
    return frame.svg(foot + 46, inside)


def runs(points: Sequence[Point]) -> list[list[tuple[float, float]]]:
    """Return the unbroken stretches of a curve; what is None is in none of them.

    >>> runs([(1, 2), (2, None), (3, 4), (4, 5)])
    [[(1, 2)], [(3, 4), (4, 5)]]
    """
    found: list[list[tuple[float, float]]] = [[]]
    for age, value in points:
        if value is None:
            found.append([])
        else:
            found[-1].append((age, value))
    return [run for run in found if run]


def nice(top: float) -> list[float]:
    """Return round steps from 0 up to at least `top`.

    >>> nice(37)
    [0.0, 10.0, 20.0, 30.0, 40.0]
    """
    top = max(top, 1.0)
    power = 10 ** math.floor(math.log10(top / 4)) if top >= 4 else 1
    step = next(power * unit for unit in (1, 2, 5, 10) if power * unit * 5 >= top)
    return [float(step * i) for i in range(math.ceil(top / step) + 1)]


def _doublings(values: Sequence[float]) -> list[float]:
    low = min([*values, 0.8])
    high = max([*values, 1.25])
    first, last = max(-6, math.floor(math.log2(low))), min(6, math.ceil(math.log2(high)))
    return [2.0**power for power in range(first, last + 1)]


def _kind(lang: str) -> str:
    return lang if lang in _SHAPES else "other"


def _row_label(x: float, y: float, item: Dot) -> Markup:
    return Markup(
        '<text class="label" xml:space="preserve" x="{}" y="{:.1f}">{}<tspan class="quiet">   {}</tspan></text>'
    ).format(x, y, item.label, item.detail)


def _text(x: float, y: float, text: str, kind: str) -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>').format(kind, x, y, text)


def _rule(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(kind, x1, y1, x2, y2)


def _circle(x: float, y: float, r: float, kind: str) -> Markup:
    return Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="{}"/>').format(kind, x, y, r)


def _shape(lang: str, x: float, y: float, r: float) -> Markup:
    kind = f"p-{_kind(lang)}"
    match _SHAPES.get(lang):
        case 0:
            return _circle(x, y, r, kind)
        case 1:
            corners = ((-r, -r), (r, -r), (r, r), (-r, r))
        case 2:
            corners = ((0, -1.25 * r), (1.2 * r, r), (-1.2 * r, r), (0, -1.25 * r))
        case _:
            corners = ((0, -1.3 * r), (1.3 * r, 0), (0, 1.3 * r), (-1.3 * r, 0))
    points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
    return Markup('<polygon class="{}" points="{}"/>').format(kind, points)
