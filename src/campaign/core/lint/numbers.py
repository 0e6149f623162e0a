"""Numbers as three languages write them: digits, groups, decimals, 만 and тыс., months, hours, circled ones, words."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from math import prod
from typing import Final

import regex


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text: what stands there, where, and every value that would say the same in another language."""

    written: str
    place: tuple[int, int]
    values: frozenset[str]
    asked: bool = True  # False: it may be left out, as the 3·1 of 3·1운동 is


_MONTHS: Final = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
    "ru": ("январ", "феврал", "март", "апрел", "ма", "июн", "июл", "август", "сентябр", "октябр", "ноябр", "декабр"),
}  # fmt: skip
_SHORT = ("Jan", "Feb", "Mar", "Apr", "", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CASES = r"(?:(?:март|август)(?:а|у|е|ом)?|ма(?:й|я|е|ю|ем)|(?:{})(?:ь|я|е|ю|ём|ем))"

# Number words by their stems; what a translation may write in words is not asked for in digits.
_WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "0": "zero|no|none", "1": "one|first|once|single|a|an", "2": "two|second|twice|both|pair", "3": "three|third",
        "4": "four|fourth|quarter",
        "5": "five|fifth", "6": "six|sixth", "7": "seven|seventh|week", "8": "eight|eighth", "9": "nine|ninth",
        "10": "ten|tenth|decade", "11": "eleven|eleventh", "12": "twelve|twelfth|dozen", "15": "fifteen|fifteenth",
        "20": "twenty|twentieth", "30": "thirty|thirtieth", "40": "forty|fortieth", "50": "fifty|fiftieth|half",
        "60": "sixty|sixtieth", "70": "seventy|seventieth", "80": "eighty|eightieth", "90": "ninety|ninetieth",
        "100": "hundred|hundredth|century|centenary|centennial", "1000": "thousand|millennium", "1000000": "million",
    },
    "ru": {
        "0": "нул|нол", "1": "один|одн|перв|раз", "2": "два|две|дву|втор|оба|обе|пара", "3": "три|трёх|трех|трет|трое",
        "4": "четыр|четвёрт|четверт", "5": "пять|пяти|пят", "6": "шест", "7": "семь|семи|седьм|недел",
        "8": "восемь|восьм", "9": "девят", "10": "десят", "11": "одиннадцат", "12": "двенадцат|дюжин",
        "15": "пятнадцат", "20": "двадцат", "30": "тридцат", "40": "сорок|сорокал", "50": "пятьдесят|пятидесят|полвека",
        "60": "шестьдесят|шестидесят", "70": "семьдесят|семидесят", "80": "восемьдесят|восьмидесят", "90": "девяност",
        "100": "сто|ста|сотн|столет|век", "1000": "тысяч", "1000000": "миллион",
    },
    "ko": {
        "0": "영|없", "1": "한|하나|첫|일", "2": "두|둘|이", "3": "세|셋|석|삼", "4": "네|넷|넉|사", "5": "다섯|오",
        "6": "여섯|육", "7": "일곱|칠|주일", "8": "여덟|팔", "9": "아홉|구", "10": "열|십",
        "11": "열한|십일", "12": "열두|십이", "20": "스무|스물|이십",
        "30": "서른|삼십", "40": "마흔", "50": "쉰|오십", "60": "예순|환갑", "70": "일흔", "80": "여든", "90": "아흔",
        "100": "백|세기", "1000": "천", "1000000": "백만",
    },
}  # fmt: skip
_TIMES: Final = {
    "백": 100, "천": 1000, "만": 10_000, "억": 100_000_000, "조": 1_000_000_000_000,
    "тыс": 1000, "млн": 1_000_000, "млрд": 1_000_000_000, "миллион": 1_000_000, "миллиард": 1_000_000_000,
    "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000, "k": 1000, "m": 1_000_000, "bn": 1_000_000_000,
}  # fmt: skip
_UNIT = r"(?:[ \u00A0\u202F]?(?P<times>{}))?"
_GROUPED: Final = {  # groups of three: with commas, or as Russian prints them; decimals: the other sign
    "ru": r"[0-9]{1,3}(?:[ \u00A0\u202F][0-9]{3})+(?![0-9])(?:,[0-9]+)?|[0-9]+(?:[.,][0-9]+)?",
    "": r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])(?:\.[0-9]+)?|[0-9]+(?:[.,][0-9]+)?",
}
_COMMA_DECIMALS = frozenset({"ru", "uk", "be", "de", "fr", "es", "it", "pt", "pl", "cs", "tr", "kk"})
_HOURS: Final = {
    "ko": r"(?P<half>오전|오후|아침|저녁|밤|새벽|낮)\s*(?P<hour>[0-9]{1,2})(?=시|:)",
    "en": r"(?P<hour>[0-9]{1,2})(?=(?:[:.][0-9][0-9])?\s*(?P<half>[ap]\.?m\b))",
    "ru": r"(?P<hour>[0-9]{1,2})(?=(?:[:.][0-9][0-9])?\s+(?:час\w*\s+)?(?P<half>утра|дня|вечера|ночи))",
}
_CIRCLED = regex.compile(r"[①-⑳❶-❿➀-➉➊-➓]")
_ROMAN = re.compile(r"\b[IVX]{1,6}\b")
_DOTTED = re.compile(r"(?<![0-9.])[0-9]{1,2}[·.][0-9]{1,2}(?=\s?(?:운동|절|혁명|선언|전쟁|항쟁|만세|민주))")
_MONTHLY = regex.compile(rf"({'|'.join(_MONTHS['ru'])})(?:ь|й|ов)?ск", regex.IGNORECASE)


def numbers(text: str, lang: str) -> list[Number]:
    """Return the numbers of a text that is without links, names and hashtags.

    >>> [sorted(one.values) for one in numbers("10월 8일, 9,288km", "ko")]
    [['10', 'M10'], ['8'], ['9288']]
    """
    found: dict[tuple[int, int], Number] = {}
    taken: set[int] = set()

    def take(place: tuple[int, int], values: frozenset[str], asked: bool = True) -> None:
        if not taken & set(range(*place)):
            taken.update(range(*place))
            found[place] = Number(text[place[0] : place[1]].strip(), place, values, asked)

    for match in _DOTTED.finditer(text) if lang == "ko" else ():
        month, day = re.split("[·.]", match[0])
        take(match.span(), frozenset({f"M{int(month)}", str(int(month)), str(int(day))}), asked=False)
    for match in _month(lang).finditer(text):
        month = match["digits"] or _which(match[0], lang)
        take(match.span(), frozenset({f"M{int(month)}", str(int(month))}), lang in {"ko", "en", "ru"})
    for match in _hours(lang).finditer(text):
        hour = int(match["hour"])
        take(match.span("hour"), frozenset(str(one) for one in (hour % 12, hour % 12 + 12, hour)))
    for match in _CIRCLED.finditer(text):
        take(match.span(), frozenset({str(int(unicodedata.numeric(match[0])))}))
    for match in _digits(lang).finditer(text):
        bare = {_bare(match[0])} if lang == "ko" else set()  # 버전 3만 may be "version 3 only"
        take(match.span(), frozenset({value(match[0], lang), *bare}))
    return [found[place] for place in sorted(found)]


def spelt(text: str, lang: str) -> frozenset[str]:
    """Return the values that a text may say in words, or in Roman numerals."""
    found = {str(_arabic(one)) for one in _ROMAN.findall(text)}
    if lang == "ru":  # Первомартовское движение is the March 1st Movement
        found |= {f"M{_which(one[1], lang)}" for one in _MONTHLY.finditer(text)}
    words = _words(lang)
    return frozenset(found | ({words[1][name] for name in _named(words[0], text)} if words else set()))


def value(written: str, lang: str) -> str:
    """Return a number in one spelling: plain digits, a point for decimals, no idle zeros.

    >>> value("1,5", "ru"), value("1.50", "en"), value("9 288", "ru"), value("1만 2천", "ko"), value("08", "ko")
    ('1.5', '1.5', '9288', '12000', '8')
    """
    total = Decimal(0)
    for match in _digits(lang, parts=True).finditer(written):
        total += _plain(match["number"], lang) * _times(match["times"] or "")
    return format(total.normalize(), "f")


def _times(unit: str) -> int:
    """Return what a unit stands for; 천만 is a thousand times ten thousand."""
    known = _TIMES.get(unit.lower())
    return known if known is not None else prod(_TIMES.get(sign, 1) for sign in unit)


def _bare(written: str) -> str:
    return value(written.rstrip("백천만억조"), "ko") if written[-1] in "만조" else value(written, "ko")


def _plain(number: str, lang: str) -> Decimal:
    number = re.sub(r"[ \u00a0\u202f]", "", number)
    if lang not in _COMMA_DECIMALS and re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", number):
        number = number.replace(",", "")
    return Decimal(number.replace(",", "."))


@cache
def _digits(lang: str, parts: bool = False) -> "regex.Pattern[str]":
    kind = _GROUPED["ru" if lang in _COMMA_DECIMALS else ""]
    units = {"ko": "[백천]?[만억조]|[백천]", "ru": "тыс|млн|млрд|миллион|миллиард"}.get(
        lang, "(?i:thousand|million|billion|bn)"
    )
    unit = _UNIT.format(units) if lang != "ko" else rf"(?P<times>{units})?"  # 10 조각 are ten pieces
    one = rf"(?:{kind}){unit.replace('?P<times>', '')}"
    if parts:
        return regex.compile(rf"(?P<number>{kind}){unit}")
    if lang == "ko":  # 1만 2천 is one number
        return regex.compile(rf"(?:(?:{kind})(?:{units})[ ]?(?=[0-9]))*(?:{one})")
    return regex.compile(one)


@cache
def _month(lang: str) -> "regex.Pattern[str]":
    if lang == "ru":
        soft = "|".join(stem for stem in _MONTHS["ru"] if stem not in {"март", "ма", "август"})
        return regex.compile(rf"(?<!\p{{L}})(?P<digits>)?{_CASES.format(soft)}(?!\p{{L}})", regex.IGNORECASE)
    if lang == "en":
        names = "|".join((*_MONTHS["en"], *(name.upper() for name in _MONTHS["en"])))
        short = "|".join(rf"{name}\b\.?" for name in _SHORT if name)
        near = r"(?=.{0,8}[0-9]|(?<=[0-9].{1,16}))"  # not the May of "May we?"
        return regex.compile(rf"\b(?P<digits>)?(?:(?:{names})\b|(?:{short})){near}")
    return regex.compile(r"(?P<digits>1[0-2]|0?[1-9])월")


def _which(name: str, lang: str) -> str:
    stems = _MONTHS[lang] if lang == "ru" else tuple(month[:3].lower() for month in _MONTHS[lang])
    fits = [month for month, stem in enumerate(stems, 1) if name.lower().startswith(stem)]
    return str(fits[-1] if fits != [3, 5] else 3)  # март begins as май does


@cache
def _hours(lang: str) -> "regex.Pattern[str]":
    return regex.compile(_HOURS.get(lang, r"(?P<hour>(?!))"), regex.I)


@cache
def _words(lang: str) -> "tuple[regex.Pattern[str], dict[str, str]] | None":
    known = _WORDS.get(lang)
    if known is None:
        return None
    stems = {stem: number for number, row in known.items() for stem in row.split("|")}
    tail = {"en": r"s?(?!\p{L})", "ru": "", "ko": ""}[lang]
    longest = "|".join(sorted(stems, key=len, reverse=True))
    start = "" if lang == "ko" else r"(?<!\p{L})"
    return regex.compile(rf"{start}({longest}){tail}"), stems


def _named(pattern: "regex.Pattern[str]", text: str) -> Iterator[str]:
    for match in pattern.finditer(text.lower()):
        yield match[1]


def _arabic(roman: str) -> int:
    """Return the value of a Roman numeral; of another word of these letters, some number.

    >>> _arabic("XXI"), _arabic("XIX")
    (21, 19)
    """
    values = [{"I": 1, "V": 5, "X": 10}[letter] for letter in roman]
    return sum(-one if one < max(values[place:]) else one for place, one in enumerate(values))
