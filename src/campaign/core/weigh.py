"""Length as X weighs it, and links as twitter-text finds them; Mastodon finds them by the same rules, widened.

twitter-text 3.1.0 is the published reference, https://github.com/twitter/twitter-text (config/v3.json, js/src), read
2026-11-24. Its emoji are those of Unicode 11: a later sequence weighs as its parts do, which is never less.
"""

import unicodedata
from collections.abc import Iterator
from functools import cache

import regex

from campaign.core.tlds import TLDS

LINK_WEIGHT = 23
_HEAVY = 2
_MAX_URL, _MAX_LABEL, _MAX_TCO = 4096, 63, 40

# Everything else is heavy.
_LIGHT = regex.compile("[\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")

_ASTRAL = regex.compile("[\U00010000-\U0010ffff]")

_VS, _ZWJ, _SHE_HE = "\ufe0f", "\u200d", "[\u2640\u2642]\ufe0f"
_TONE = "[\U0001f3fb-\U0001f3ff]"
# What may be followed by U+FE0F and is one with it; what takes a tone after that; what takes a tone at once.
_STYLED = (
    r"\xa9\xae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u23cf\u23ed-\u23ef\u23f1\u23f2"
    r"\u23f8-\u23fa\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2604\u260e\u2611\u2614\u2615\u2618\u261d\u2620"
    r"\u2622\u2623\u2626\u262a\u262e\u262f\u2638-\u263a\u2640\u2642\u2648-\u2653\u265f\u2660\u2663\u2665\u2666\u2668"
    r"\u267b\u267f\u2692-\u2697\u2699\u269b\u269c\u26a0\u26a1\u26aa\u26ab\u26b0\u26b1\u26bd\u26be\u26c4\u26c5\u26c8"
    r"\u26cf\u26d1\u26d3\u26d4\u26e9\u26ea\u26f0-\u26f5\u26f7-\u26fa\u26fd\u2702\u2708\u2709\u270c\u270d\u270f\u2712"
    r"\u2714\u2716\u271d\u2721\u2733\u2734\u2744\u2747\u2757\u2763\u2764\u27a1\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c"
    r"\u2b50\u2b55\u3030\u303d\u3297\u3299\U0001f004\U0001f170\U0001f171\U0001f17e\U0001f17f\U0001f202\U0001f21a"
    r"\U0001f22f\U0001f237\U0001f321\U0001f324-\U0001f32c\U0001f336\U0001f37d\U0001f396\U0001f397\U0001f399-\U0001f39b"
    r"\U0001f39e\U0001f39f\U0001f3cb-\U0001f3ce\U0001f3d4-\U0001f3df\U0001f3f3\U0001f3f5\U0001f3f7\U0001f43f\U0001f441"
    r"\U0001f4fd\U0001f549\U0001f54a\U0001f56f\U0001f570\U0001f573-\U0001f579\U0001f587\U0001f58a-\U0001f58d\U0001f590"
    r"\U0001f5a5\U0001f5a8\U0001f5b1\U0001f5b2\U0001f5bc\U0001f5c2-\U0001f5c4\U0001f5d1-\U0001f5d3\U0001f5dc-\U0001f5de"
    r"\U0001f5e1\U0001f5e3\U0001f5e8\U0001f5ef\U0001f5f3\U0001f5fa\U0001f6cb\U0001f6cd-\U0001f6cf\U0001f6e0-\U0001f6e5"
    r"\U0001f6e9\U0001f6f0\U0001f6f3"
)
_STYLED_TONED = r"\u261d\u26f7\u26f9\u270c\u270d\U0001f3cb\U0001f3cc\U0001f574\U0001f575\U0001f590"
_TONED = (
    r"\u270a\u270b\U0001f385\U0001f3c2-\U0001f3c4\U0001f3c7\U0001f3ca\U0001f442\U0001f443\U0001f446-\U0001f450"
    r"\U0001f466-\U0001f469\U0001f46e\U0001f470-\U0001f478\U0001f47c\U0001f481-\U0001f483\U0001f485-\U0001f487"
    r"\U0001f4aa\U0001f57a\U0001f595\U0001f596\U0001f645-\U0001f647\U0001f64b-\U0001f64f\U0001f6a3"
    r"\U0001f6b4-\U0001f6b6\U0001f6c0\U0001f6cc\U0001f918-\U0001f91c\U0001f91e\U0001f91f\U0001f926"
    r"\U0001f930-\U0001f939\U0001f93d\U0001f93e\U0001f9b5\U0001f9b6\U0001f9b8\U0001f9b9\U0001f9d1-\U0001f9dd"
)
# Who is a woman or a man by a sign that follows: with a tone or without, and those who never have one.
_SIGNED = (
    r"\U0001f3c3\U0001f3c4\U0001f3ca\U0001f46e\U0001f471\U0001f473\U0001f477\U0001f481\U0001f482\U0001f486\U0001f487"
    r"\U0001f645-\U0001f647\U0001f64b\U0001f64d\U0001f64e\U0001f6a3\U0001f6b4-\U0001f6b6\U0001f926\U0001f935"
    r"\U0001f937-\U0001f939\U0001f93d\U0001f93e\U0001f9b8\U0001f9b9\U0001f9d6-\U0001f9dd"
)
_SIGNED_TONELESS = r"\U0001f46f\U0001f93c\U0001f9de\U0001f9df"
_SIGNED_STYLED = r"\u26f9\U0001f3cb\U0001f3cc\U0001f574\U0001f575"
_WORK = (
    r"(?:[\u2695\u2696\u2708]\ufe0f|[\U0001f33e\U0001f373\U0001f393\U0001f3a4\U0001f3a8\U0001f3eb\U0001f3ed\U0001f4bb"
    r"\U0001f4bc\U0001f527\U0001f52c\U0001f680\U0001f692\U0001f9b0-\U0001f9b3])"
)
_MAN, _WOMAN, _BOY, _GIRL = "\U0001f468", "\U0001f469", "\U0001f466", "\U0001f467"
_LOVE = f"{_ZWJ}\u2764{_VS}{_ZWJ}(?:\U0001f48b{_ZWJ})?"
_FAMILY = (
    f"(?:{_MAN}{_ZWJ}[{_MAN}{_WOMAN}]|{_WOMAN}{_ZWJ}{_WOMAN}|[{_MAN}{_WOMAN}]){_ZWJ}"
    f"(?:{_BOY}{_ZWJ}{_BOY}|{_GIRL}{_ZWJ}[{_BOY}{_GIRL}]|[{_BOY}{_GIRL}])"
)
# Second letters of the two-letter regions that have a flag, by the first.
_FLAGS = {
    "A": "CDEFGILMOQRSTUWXZ", "B": "ABDEFGHIJLMNOQRSTVWYZ", "C": "ACDFGHIKLMNOPRUVWXYZ", "D": "EGJKMOZ",
    "E": "ACEGHRSTU", "F": "IJKMOR", "G": "ABDEFGHILMNPQRSTUWY", "H": "KMNRTU", "I": "CDELMNOQRST", "J": "EMOP",
    "K": "EGHIMNPRWYZ", "L": "ABCIKRSTUVY", "M": "ACDEFGHKLMNOPQRSTUVWXYZ", "N": "ACEFGILOPRUZ", "O": "M",
    "P": "AEFGHKLMNRSTWY", "Q": "A", "R": "EOSUW", "S": "ABCDEGHIJKLMNORSTVXYZ", "T": "ACDFGHJKLMNORTVWZ",
    "U": "AGMNSYZ", "V": "ACEGINU", "W": "FS", "X": "K", "Y": "ET", "Z": "AMW",
}  # fmt: skip
_REGIONS = ("gbeng", "gbsct", "gbwls")  # flags of parts of a country, spelled in tags


def _letter(sign: str) -> str:
    return chr(0x1F1E6 + ord(sign) - ord("A"))


def _tagged(region: str) -> str:
    return "".join(chr(0xE0000 + ord(sign)) for sign in region) + "\U000e007f"


# Only what is longer than one character: a single emoji weighs 2 anyway.
_EMOJI = regex.compile(
    "|".join(
        [
            f"[{_MAN}{_WOMAN}]{_TONE}?{_ZWJ}{_WORK}",
            f"[{_SIGNED_STYLED}](?:{_TONE}|{_VS}){_ZWJ}{_SHE_HE}",
            f"[{_SIGNED}]{_TONE}?{_ZWJ}{_SHE_HE}",
            f"[{_SIGNED_TONELESS}]{_ZWJ}{_SHE_HE}",
            f"{_MAN}{_LOVE}{_MAN}|{_WOMAN}{_LOVE}[{_MAN}{_WOMAN}]",
            _FAMILY,
            f"\U0001f3f3{_VS}{_ZWJ}\U0001f308|\U0001f3f4{_ZWJ}\u2620{_VS}|\U0001f441{_ZWJ}\U0001f5e8",
            f"[#*0-9]{_VS}?\u20e3",
            f"[{_STYLED_TONED}]{_VS}?{_TONE}|[{_TONED}]{_TONE}|[{_STYLED}]{_VS}",
            "\U0001f3f4(?:" + "|".join(_tagged(region) for region in _REGIONS) + ")",
            *(f"{_letter(one)}[{''.join(map(_letter, others))}]" for one, others in _FLAGS.items()),
        ]
    )
)

_BIDI = r"\u202a-\u202e\u061c\u200e\u200f\u2066-\u2069"
_BROKEN = r"\ufffe\ufeff\uffff"
_SPACE = r"\x09-\x0d\x20\x85\xa0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_BEFORE = rf"(?P<before>[^A-Za-z0-9@＠$#＃{_BROKEN}]|^)"
_IN_LABEL = rf"[^!'#%&()*+,\\./:;<=>?@\[\]\^{{|}}~${_SPACE}{_BROKEN}{_BIDI}]"  # with the signs - and _
_END_OF_LABEL = r"(?<![\-_])"
_SUBDOMAIN = rf"(?![\-_]){_IN_LABEL}++{_END_OF_LABEL}\."
_NAME = rf"(?![\-_])(?:(?!_){_IN_LABEL})++{_END_OF_LABEL}\."
_LATIN = (
    r"\xc0-\xd6\xd8-\xf6\xf8-\xff\u0100-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f\u0272\u0289\u028b"
    r"\u02bb\u0300-\u036f\u1e00-\u1eff"
)
_LETTERS = rf"a-z\u0400-\u04ff0-9{_LATIN}"
_IN_PATH, _END_OF_PATH = rf"[{_LETTERS}!*';:=+,.$/%#\[\]\-\u2013_~@|&]", rf"[{_LETTERS}+\-=_#/]"
_IN_QUERY, _END_OF_QUERY = r"[A-Za-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]", r"[A-Za-z0-9\-_&=#/]"
# Mastodon's own: https://github.com/mastodon/mastodon/blob/main/config/initializers/twitter_regex.rb (2026-11-24). Its
# query may hold any letters, but its composer, and Mastodon.py's golden vectors, end it at the first that is not ASCII.
_IN_ITS_PATH, _END_OF_ITS_PATH = r"[^\p{White_Space}<>()?]", r"[^\p{White_Space}()?!*\"'「」<>;:=,.$%\[\]~&|@]"
_ITS_SCHEMES = "https?|dat|dweb|ipfs|ipns|ssb|gopher|gemini"
_TCO = regex.compile(rf"(?i:https?://t\.co/)(?P<slug>[A-Za-z0-9]+)(?:\?{_IN_QUERY}*{_END_OF_QUERY})?")


def weigh(text: str) -> int:
    """Return the length of a post as X weighs it.

    >>> weigh("한국"), weigh("Россия"), weigh("👨‍👩‍👧‍👦"), weigh("see example.com")
    (4, 6, 2, 27)
    """
    text = unicodedata.normalize("NFC", text)
    # In units of UTF-16, for twitter-text finds links in these and may end one within a character.
    units = _ASTRAL.sub(_halves, text)
    # What weighs as one, by where it begins; a link goes before an emoji, and what begins within another is none.
    wholes = {start: (end, _HEAVY) for start, end in _find_emoji(text)}
    wholes |= {start: (end, LINK_WEIGHT) for start, end in _find_urls(units)}
    weight = at = 0
    for start, (end, whole) in sorted(wholes.items()):
        if start >= at:
            weight += _plain(units[at:start]) + whole
            at = end
    return weight + _plain(units[at:])


def find_links(text: str) -> Iterator[tuple[int, int]]:
    """Yield where Mastodon sees a link, which needs a scheme."""
    at = 0
    for line in text.split("\n"):  # none goes on over its end, and most lines have none
        for match in _links(mastodon=True).finditer(line) if "://" in line else ():
            if match["scheme"] and _is_sound(match["url"], match["scheme"], match["domain"]):
                start, end = match.span("url")
                yield at + start, at + end
        at += len(line) + 1


def _find_emoji(text: str) -> Iterator[tuple[int, int]]:
    """Yield where emoji of several characters stand, in units of UTF-16."""
    at = units = 0
    for match in _EMOJI.finditer(text):
        start = units + _length(text[at : match.start()])
        at, units = match.end(), start + _length(match[0])
        yield start, units


def _find_urls(text: str) -> Iterator[tuple[int, int]]:
    """Yield where X sees a link, with a scheme or without; one may end before its address does, as there."""
    if "." not in text:
        return
    for match in _links(mastodon=False).finditer(text):
        url, scheme, domain = match["url"], match["scheme"] or "", match["domain"]
        start = match.start("url")
        if not _is_sound(url, scheme or "https://", domain):
            continue
        if scheme:
            if short := _TCO.match(url):
                if len(short["slug"]) <= _MAX_TCO:
                    yield start, start + short.end()
            else:
                yield start, match.end("url")
        elif match["before"] not in tuple("-_./"):
            # Without a scheme only what is spelled in Latin letters is a domain; there may be several in a row.
            found: list[tuple[int, int]] = []
            at = 0
            for plain in _plain_domain().findall(domain):
                begin = domain.index(plain, at)
                at = begin + len(plain)
                found.append((start + begin, start + at))
            if found and match["path"]:
                begin, end = found[-1]
                found[-1] = begin, end + len(url) - len(domain)
            yield from found


def _plain(units: str) -> int:
    """Return the weight of what holds neither."""
    text = _joined(units)
    return _HEAVY * len(text) - len(_LIGHT.findall(text))


def _is_sound(url: str, scheme: str, domain: str) -> bool:
    """Return whether the names of the domain are no longer than the domain name system admits."""
    if domain.startswith("xn--") and not _plain_domain().search(domain):
        return False
    if any(len(_punycode(label)) > _MAX_LABEL for label in domain.split(".")):
        return False
    return len(scheme) + len(url) <= _MAX_URL


def _punycode(label: str) -> str:
    names = regex.split("[\u3002\uff0e\uff61]", _joined(label))
    return ".".join(name if name.isascii() else "xn--" + name.encode("punycode").decode() for name in names)


def _halves(match: regex.Match[str]) -> str:
    high, low = divmod(ord(match[0]) - 0x10000, 0x400)
    return chr(0xD800 + high) + chr(0xDC00 + low)


def _length(text: str) -> int:
    return len(text) + len(_ASTRAL.findall(text))


def _joined(units: str) -> str:
    """Return a text from its units of UTF-16; half a character stays half a one."""
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


@cache
def _tld() -> str:
    known = "|".join(sorted(TLDS, key=lambda name: (-len(name), name)))
    return rf"(?:(?i:{known})(?![0-9a-zA-Z@+\-])|(?i:xn--)[\-0-9A-Za-z]+)"


@cache
def _links(*, mastodon: bool) -> regex.Pattern[str]:
    """Return what finds links. Made when first needed: it takes 50 ms."""
    inside, last = (_IN_ITS_PATH, _END_OF_ITS_PATH) if mastodon else (_IN_PATH, _END_OF_PATH)
    nest = rf"\((?:{inside}+|{inside}*\({inside}+\){inside}*)\)"
    return regex.compile(
        rf"{_BEFORE}(?P<url>(?P<scheme>(?i:{_ITS_SCHEMES if mastodon else 'https?'})://)?"
        rf"(?P<domain>(?:{_SUBDOMAIN})*{_NAME}{_tld()})(?::[0-9]+)?"
        rf"(?P<path>/(?i:(?:{inside}|{nest})*(?:{last}|{nest}))?)?(?:\?{_IN_QUERY}*{_END_OF_QUERY})?)"
    )


@cache
def _plain_domain() -> regex.Pattern[str]:
    return regex.compile(rf"(?:(?i:[\-a-z0-9{_LATIN}]+)\.)+{_tld()}")
