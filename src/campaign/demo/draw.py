"""Draws the demo's pictures, so that no photograph and no person is in it; the same name gives the same bytes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from itertools import accumulate, pairwise
from math import atan2, cos, degrees, hypot, log, pi, radians, sin, tan

from PIL import Image, ImageDraw, ImageFont

from campaign.core.errors import NotFound
from campaign.media.fonts import fonts as typefaces

Point = tuple[float, float]
Box = tuple[float, float, float, float]
Say = Callable[[str, str, str], list[str]]  # takes ko, ru, en; returns them with the leading language first

WIDTH, HEIGHT, MARGIN = 1600, 900, 100
FINE = 3  # everything is drawn this much larger and made smaller at the end: smooth edges
LANGS = ("ko", "ru", "en")

INK, NAVY, BLUE, SKY, PALE = "#14213D", "#0B1F3F", "#1D4E89", "#9FC3E0", "#DDE6ED"
PAPER, WHITE, GREY, ORANGE, GOLD = "#F7F5F0", "#FFFFFF", "#5E6B7E", "#E8601A", "#F4B942"
GREEN, RED, BRASS, PLUM = "#1E7F58", "#C9400A", "#C08F2C", "#2A1533"

DOT = "   ·   "
JOURNEY = DOT.join(("유라시아 평화 여정 2019", "Путешествие мира по Евразии", "Eurasia Peace Journey"))
# Latitude, longitude, where the label stands, the names.
CITIES: Mapping[str, tuple[float, float, tuple[float, float, str], tuple[str, str, str]]] = {
    "seoul": (37.5665, 126.9780, (-44, 10, "right"), ("서울", "Сеул", "Seoul")),
    "vladivostok": (43.1155, 131.8855, (124, -92, "right"), ("블라디보스토크", "Владивосток", "Vladivostok")),
    "irkutsk": (52.2870, 104.3050, (0, 80, "middle"), ("이르쿠츠크", "Иркутск", "Irkutsk")),
    "moscow": (55.7558, 37.6173, (50, -42, "left"), ("모스크바", "Москва", "Moscow")),
}


def draw(name: str, *, lang: str | None = None) -> bytes:
    """Return the picture (a key of CARDS) as PNG. `lang` comes first in it; all three are always there."""
    return lay_out(name, lang=lang).png()


def lay_out(name: str, *, lang: str | None = None) -> "Canvas":
    """Return the drawn canvas, which also knows what was written where."""
    if name not in CARDS:
        raise NotFound("card", name, "one of " + ", ".join(CARDS))
    if lang not in (None, *LANGS):
        raise NotFound("language", lang, "one of " + ", ".join(LANGS))

    def say(*words: str) -> list[str]:
        return [word for _, word in sorted(zip(LANGS, words, strict=True), key=lambda pair: pair[0] != lang)]

    return CARDS[name](say)


def _ink(start: float, run: str, font: ImageFont.FreeTypeFont, stroke: float) -> Box:
    """Return the box of what is black, from the baseline's start. Pillow's own box has the white before a letter."""
    mask, (x, y) = font.getmask2(run, "L", anchor="ls", stroke_width=stroke)
    left, top, right, bottom = mask.getbbox() or (0, 0, 0, 0)
    return start + x + left, y + top, start + x + right, y + bottom


class Canvas:
    """A picture in the making, measured in its final pixels."""

    def __init__(self, ground: str, *, clear: bool = False) -> None:
        """Begin with a ground of one colour; `clear`: with none, to be laid over another picture."""
        self.image = Image.new("RGBA" if clear else "RGB", (WIDTH * FINE, HEIGHT * FINE), ground + "00" * clear)
        self.pen = ImageDraw.Draw(self.image)
        self.written: list[tuple[str, Box]] = []

    def text(self, place: Point, words: str, size: float, fill: str, *, weight: int = 400, align: str = "left") -> Box:
        """Write one line on the baseline of `place` and return the box of its ink."""
        fonts, x, y = typefaces(), place[0] * FINE, place[1] * FINE
        runs = [(number, run, fonts.cut(number, size * FINE, weight)) for number, run in fonts.runs(words)]
        # The Korean face has one weight: a thin stroke of the same colour makes the heavier ones.
        strokes = [max(0.0, (weight - 400) / 300 * 0.014 * size * FINE) if number else 0.0 for number, _, _ in runs]
        starts = accumulate((font.getlength(run) for _, run, font in runs), initial=0.0)
        parts = [(at, run, font, stroke) for at, (_, run, font), stroke in zip(starts, runs, strokes, strict=False)]
        left, top, right, bottom = zip(*(_ink(*part) for part in parts), strict=True)
        # The ink is aligned, not the advance: large letters would else stand off the margin.
        x -= {"left": min(left), "middle": (min(left) + max(right)) / 2, "right": max(right)}[align]
        for at, run, font, stroke in parts:
            self.pen.text((x + at, y), run, fill, font, "ls", stroke_width=stroke)
        box = (min(left) + x) / FINE, (min(top) + y) / FINE, (max(right) + x) / FINE, (max(bottom) + y) / FINE
        self.written.append((words, box))
        return box

    def stack(self, at: Point, lines: Sequence[str], sizes: Point, fills: tuple[str, str]) -> None:
        """Write the first line large and heavy on the baseline `at`, the others small below it."""
        self.text(at, lines[0], sizes[0], fills[0], weight=700)
        y = at[1] + sizes[0] * 0.22
        for line in lines[1:]:
            y += sizes[1] * 1.4
            self.text((at[0], y), line, sizes[1], fills[1])

    def line(self, points: Sequence[Point], width: float, fill: str) -> None:
        self.pen.line([(x * FINE, y * FINE) for x, y in points], fill, round(width * FINE), joint="curve")
        for end in (points[0], points[-1]):
            self.dot(end, width / 2, fill)

    def dot(self, at: Point, radius: float, fill: str, ring: str | None = None, width: float = 0) -> None:
        if ring:
            self.dot(at, radius + width, ring)
        x, y, reach = at[0] * FINE, at[1] * FINE, radius * FINE
        self.pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill)

    def area(self, points: Sequence[Point], fill: str) -> None:
        self.pen.polygon([(x * FINE, y * FINE) for x, y in points], fill)

    def panel(self, box: Box, radius: float, fill: str) -> None:
        self.pen.rounded_rectangle([edge * FINE for edge in box], radius * FINE, fill)

    def finish(self, quiet: str) -> "Canvas":
        """Add what all pictures have: the journey's name below, and the ribbon."""
        self.text((MARGIN, HEIGHT - 48), JOURNEY, 22, quiet)
        return self.ribbon()

    def ribbon(self) -> "Canvas":
        """Add the ribbon that says what this is."""
        ribbon = Image.new("RGB", (300 * FINE, 42 * FINE), RED)
        ImageDraw.Draw(ribbon).text((150 * FINE, 29 * FINE), "demo", WHITE, typefaces().cut(0, 25 * FINE, 700), "ms")
        shape = Image.new("L", ribbon.size, 255).rotate(-45, Image.Resampling.BICUBIC, expand=True)
        turned = ribbon.rotate(-45, Image.Resampling.BICUBIC, expand=True)
        centre = (WIDTH - 64) * FINE, 64 * FINE
        self.image.paste(turned, (centre[0] - turned.width // 2, centre[1] - turned.height // 2), shape)
        return self

    def png(self, size: tuple[int, int] = (WIDTH, HEIGHT)) -> bytes:
        """Return it as PNG, made smaller."""
        buffer = BytesIO()
        self.image.resize(size, Image.Resampling.LANCZOS).save(buffer, "PNG", optimize=True)
        return buffer.getvalue()


def _cone(latitude: float, longitude: float) -> Point:
    """Project by Lambert's conformal cone with true parallels 40° and 60° N (Snyder, Map Projections, p. 104)."""
    reach = {at: tan(pi / 4 + radians(at) / 2) for at in (40, 60, latitude)}
    n = log(cos(radians(40)) / cos(radians(60))) / log(reach[60] / reach[40])
    rho = cos(radians(40)) * (reach[40] / reach[latitude]) ** n / n
    theta = n * radians(longitude - 88)
    return 800 + 1105 * rho * sin(theta), -448 + 1105 * rho * cos(theta)


def _great_circle(start: Point, end: Point) -> Iterator[Point]:
    """Yield latitudes and longitudes along the shortest way over the globe."""
    a, b = (
        (cos(radians(lat)) * cos(radians(lon)), cos(radians(lat)) * sin(radians(lon)), sin(radians(lat)))
        for lat, lon in (start, end)
    )
    for step in range(13):
        x, y, z = (p * (12 - step) + q * step for p, q in zip(a, b, strict=True))
        yield degrees(atan2(z, hypot(x, y))), degrees(atan2(y, x))


def _map(say: Say, title: Sequence[str], *, lit: str | None = None, ticked: bool = False) -> Canvas:
    canvas = Canvas(PAPER)
    for longitude in range(-20, 201, 10):
        canvas.line([_cone(latitude, longitude) for latitude in range(15, 88)], 1.5, PALE)
    for latitude in range(20, 81, 10):
        canvas.line([_cone(latitude, longitude) for longitude in range(-20, 201, 2)], 1.5, PALE)
    way = [at for a, b in pairwise(CITIES.values()) for at in _great_circle(a[:2], b[:2])]
    canvas.line([_cone(*at) for at in way], 5, SKY if lit else BLUE)
    for key, (north, east, (right, down, align), names) in CITIES.items():
        x, y = _cone(north, east)
        if here := key == lit:
            canvas.dot((x, y), 30, PAPER, "#FBD3BC", 22)
        canvas.dot((x, y), 24 if here or ticked else 13, ORANGE if here else GREEN if ticked else BLUE, PAPER, 6)
        if ticked:
            canvas.line([(x - 10, y + 1), (x - 3, y + 8), (x + 10, y - 8)], 5, WHITE)
        main, *rest = say(*names)
        place = x + right + (24 if here else 0), y + down
        canvas.text(place, main, 46 if here else 38, ORANGE if here else INK, weight=700, align=align)
        canvas.text((place[0], place[1] + 38), "  ·  ".join(rest), 25, GREY, align=align)
    canvas.panel((MARGIN, 596, MARGIN + 72, 604), 4, ORANGE)
    canvas.stack((MARGIN, 672), title, (54, 31), (INK, GREY))
    return canvas.finish(GREY)


def _years(say: Say) -> Canvas:
    canvas = Canvas(WHITE)
    start = canvas.text((MARGIN, 440), "1919", 230, INK, weight=700)[2] + 76
    left = canvas.text((WIDTH - MARGIN, 440), "2019", 230, ORANGE, weight=700, align="right")[0]
    end = left - 76
    canvas.line([(start, 357), (end, 357)], 10, GREY)
    canvas.line([(end - 40, 317), (end, 357), (end - 40, 397)], 10, GREY)
    movement = say("3·1운동", "Первомартовское движение", "March 1st Movement")
    canvas.stack((MARGIN, 578), movement, (46, 34), (INK, GREY))
    canvas.stack((left, 578), say("100주년", "Столетие", "Centenary"), (46, 34), (ORANGE, GREY))
    return canvas.finish(GREY)


def _hour(say: Say, words: Sequence[str], colours: Sequence[str], sun: tuple[Point, float]) -> Canvas:
    ground, land, disc, halo, ink = colours
    canvas = Canvas(ground)
    canvas.dot(*sun, disc, halo, 46)
    hills = [(x, 734 - 38 * sin((x - 900) / 300) - 12 * sin(x / 120)) for x in range(-10, WIDTH + 11, 4)]
    canvas.area([(-10, HEIGHT), *hills, (WIDTH + 10, HEIGHT)], land)
    canvas.text((MARGIN, 150), DOT.join(say(*CITIES["irkutsk"][3])), 32, ink)
    canvas.stack((MARGIN, 392), words, (176, 64), (ink, ink))
    return canvas.finish(ink)


def _tiles(say: Say) -> Canvas:
    canvas = Canvas(PAPER)
    main, *rest = say(
        "서울에서 가장 가 보고 싶은 곳은?",
        "Куда в Сеуле вам хочется больше всего?",
        "Which place in Seoul would you most like to visit?",
    )
    canvas.text((MARGIN, 124), main, 46, INK, weight=700)
    canvas.text((MARGIN, 178), DOT.join(rest), 27, GREY)
    places = (
        (say("경복궁", "Кёнбоккун", "Gyeongbokgung"), BLUE),
        (say("한강", "Ханган", "Han River"), "#1F7A8C"),
        (say("북촌", "Пукчхон", "Bukchon"), "#B5532A"),
        (say("남산", "Намсан", "Namsan"), "#3D7A4A"),
    )
    size = 46 if max(len(names[0]) for names, _ in places) > 9 else 68
    for number, (names, colour) in enumerate(places):
        left, top = MARGIN + 712 * (number % 2), 220 + 286 * (number // 2)
        canvas.panel((left, top, left + 688, top + 262), 20, colour)
        canvas.dot((left + 138, top + 131), 82, WHITE)
        canvas.text((left + 138, top + 171), str(number + 1), 112, colour, weight=700, align="middle")
        canvas.stack((left + 268, top + 106), names, (size, 36), (WHITE, WHITE))
    return canvas.finish(GREY)


def _concert(say: Say) -> Canvas:
    canvas = Canvas(PLUM)
    canvas.text((MARGIN, 150), DOT.join(say("음악회", "Концерт", "Concert")), 34, GOLD)
    for number in range(5):
        canvas.panel((-9, 240 + 104 * number, WIDTH + 9, 243 + 104 * number), 0, "#8E7699")
    for number, words in enumerate(say("10월 8일 모스크바", "8 октября, Москва", "8 October, Moscow")):
        canvas.text((MARGIN + 130 * number, 319 + 104 * number), words, 66, WHITE, weight=600)
    for x, y in ((1130, 604), (1260, 552), (1390, 500)):
        canvas.line([(x + 34, y - 8), (x + 34, y - 190)], 6, GOLD)
        canvas.area([(x + 36 * cos(t / 40), y - 24 * sin(t / 40) - 9 * cos(t / 40)) for t in range(252)], GOLD)
    halls = say("자랴디예 콘서트홀", "Концертный зал «Зарядье»", "Zaryadye Concert Hall")
    canvas.text((MARGIN, 754), DOT.join(halls), 34, "#E8DDEE")
    return canvas.finish("#B9A6C2")


def _words(say: Say) -> Canvas:
    canvas = Canvas(PAPER)
    canvas.text((MARGIN, 150), DOT.join(say("오늘의 낱말", "Слово дня", "Word of the day")), 32, GREY)
    words, names, colours = say("평화", "мир", "peace"), say("한국어", "Русский", "English"), say(BLUE, ORANGE, GREEN)
    first = canvas.text((MARGIN, 500), words[0], 146, colours[0], weight=700)
    last = canvas.text((WIDTH - MARGIN, 500), words[2], 146, colours[2], weight=700, align="right")
    middle = canvas.text(((first[2] + last[0]) / 2, 500), words[1], 146, colours[1], weight=700, align="middle")
    for box, name in zip((first, middle, last), names, strict=True):
        canvas.text(((box[0] + box[2]) / 2, 606), name, 36, GREY, align="middle")
    for before, after in ((first, middle), (middle, last)):
        for y in (438, 472):
            canvas.panel(((before[2] + after[0]) / 2 - 38, y, (before[2] + after[0]) / 2 + 38, y + 12), 6, INK)
    return canvas.finish(GREY)


MORNING = "#FBD34D", "#F0B323", "#FFF6D6", "#FDE38B", "#3B2A00"
NOON = "#A9DAF5", "#7FC1E8", "#FFE58A", "#C9E9FA", "#0A2A4A"
EVENING = "#5D3F9E", "#2E1E57", "#F3A6C8", "#7A55B0", "#FFFFFF"
START = "서울에서 모스크바까지", "От Сеула до Москвы", "From Seoul to Moscow"
MOSCOW = "모스크바에 도착했습니다", "Мы прибыли в Москву", "We have reached Moscow"
THANKS = "함께해 주셔서 고맙습니다", "Спасибо, что были с нами!", "Thank you for travelling with us!"
CARDS: Mapping[str, Callable[[Say], Canvas]] = {
    "route_map": lambda say: _map(say, say(*START)),
    "years_card": _years,
    "morning_card": lambda say: _hour(say, say("아침", "Утро", "Morning"), MORNING, ((1180, 690), 210)),
    "noon_card": lambda say: _hour(say, say("낮", "Полдень", "Noon"), NOON, ((1180, 340), 130)),
    "evening_card": lambda say: _hour(say, say("저녁", "Вечер", "Evening"), EVENING, ((1180, 650), 140)),
    "tiles": _tiles,
    "map_moscow": lambda say: _map(say, say(*MOSCOW), lit="moscow"),
    "concert_card": _concert,
    "words_card": _words,
    "route_map_done": lambda say: _map(say, say(*THANKS), ticked=True),
}
