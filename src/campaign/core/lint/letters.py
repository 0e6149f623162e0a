"""Characters that no reader sees or expects: decomposed, invisible, turning, lone, private, broken, full-width."""

import unicodedata
from collections.abc import Iterator

import regex

from campaign.core.finding import Finding
from campaign.core.lint.proof import Proof

# https://www.unicode.org/reports/tr9/#Explicit_Directional_Embeddings and below: who opens, who closes.
_EMBEDS, _POP = frozenset("\u202a\u202b\u202d\u202e"), "\u202c"
_ISOLATES, _POP_ISOLATE = frozenset("\u2066\u2067\u2068"), "\u2069"
_TURNS = _EMBEDS | _ISOLATES | {_POP, _POP_ISOLATE}
_MARKS = frozenset("\u200e\u200f\u061c")
_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "iw", "ps", "ur", "yi", "dv", "ug", "ckb", "sd"})
_JOINS = frozenset({"fa", "ur", "ps", "ckb", "hi", "mr", "ne", "bn", "ta", "te", "kn", "ml", "si", "pa", "gu", "ar"})
_EAST = frozenset({"ja", "zh", "yue"})

# Zero width, soft hyphen, fillers, selectors, tags: shown as nothing. An emoji may hold some of them.
_HIDDEN = (
    r"\u00AD\u034F\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200D\u2060-\u2065\u206A-\u206F\u3164\uFE00-\uFE0F"
    r"\uFEFF\uFFA0\uFFF0-\uFFFB\U0001BCA0-\U0001BCA3\U0001D173-\U0001D17A\U000E0000-\U000E0FFF"
)
_MAY_HIDE = regex.compile(f"[{_HIDDEN}]")
# https://www.unicode.org/reports/tr51/#EBNF_and_Regex: keycaps, flags by tags, sequences joined by U+200D; selectors
# after a sign or a Han character are fine.
_PICTURE = r"\p{Extended_Pictographic}\uFE0F?\p{Emoji_Modifier}?"
_INVISIBLE = regex.compile(
    r"\U0001F3F4[\U000E0020-\U000E007E]+\U000E007F"
    rf"|{_PICTURE}(?:\u200D(?:{_PICTURE}|[\u2640\u2642\u2695\u2696\u26A7\u2708]\uFE0F?))*\uFE0E?"
    r"|[0-9#*][\uFE0E\uFE0F]\u20E3?"
    r"|[\p{S}\p{P}][\uFE00-\uFE0F]|\p{Han}[\uFE00-\uFE0F\U000E0100-\U000E01EF]"
    rf"|(?P<bad>[{_HIDDEN}]+)"
)
_LONE = regex.compile(rf"(?:^|(?<=[\s\p{{Cc}}]))(?:(?![{_HIDDEN}])\p{{M}})+")
_HEAP = regex.compile(r"\p{M}{4,}")
_PIECES = regex.compile(r"\S+|\s+")
_FULL = regex.compile(r"(?:[\uFF01\uFF02\uFF04-\uFF1F\uFF21-\uFF5E\uFFE0-\uFFE6]|(?<=\S)\u3000(?=\S))+")
_HALF = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    0x3000: " ", 0xFFE0: "¢", 0xFFE1: "£", 0xFFE2: "¬", 0xFFE3: "¯", 0xFFE4: "¦", 0xFFE5: "¥", 0xFFE6: "₩"
}  # fmt: skip
_ODD = regex.compile(
    r"(?P<control>[\p{Cc}--[\n\t\r]]+)|(?P<broken>\uFFFD+)|(?P<surrogate>\p{Cs}+)|(?P<private>\p{Co}+)"
    r"|(?P<line>[\p{Zl}\p{Zp}])|(?P<unassigned>[\p{Cn}--\p{Extended_Pictographic}--[\u2065\uFFF0-\uFFF8"
    r"\U000E0000-\U000E0FFF]]+)",
    regex.V1,
)
_PLAIN = regex.compile(r"[\n\t -~\u00A0-\u00AC\u00AE-\u02FF\u0400-\u0482\u048A-\u0513\u1100-\u1112\u2010-\u2027"
                       r"\u2030-\u205E\u20A0-\u20BF\u2100-\u214F\u2460-\u2473\u3001-\u301D\uAC00-\uD7A3]*")  # fmt: skip


def letters(proof: Proof) -> Iterator[Finding]:
    """Tell what is wrong with single characters. Most texts are plain, and cost one look."""
    if not unicodedata.is_normalized("NFC", proof.text):
        yield from _not_nfc(proof)
    if _PLAIN.fullmatch(proof.text):
        return
    yield from _odd(proof)
    if _MAY_HIDE.search(proof.text):
        yield from _invisible(proof)
    if proof.chars & (_TURNS | _MARKS):
        yield from _turns(proof)
    yield from _marks(proof)
    if proof.lang not in _EAST:
        for match in _FULL.finditer(proof.text):
            yield proof.mark("full-width", match.span(), match[0].translate(_HALF))


def _not_nfc(proof: Proof) -> Iterator[Finding]:
    """A name in another form is another name: so this fix reaches links and tags too, as text.normalise() does."""
    for match in _PIECES.finditer(proof.text):
        if not unicodedata.is_normalized("NFC", match[0]):
            fix = unicodedata.normalize("NFC", match[0])
            yield proof.mark("not-nfc", match.span(), fix, everywhere=True)


def _odd(proof: Proof) -> Iterator[Finding]:
    for match in _ODD.finditer(proof.text):
        if match["control"]:
            yield proof.mark("control", match.span(), "")
        elif match["broken"]:
            yield proof.mark("replacement-character", match.span())
        elif match["surrogate"]:
            yield proof.mark("surrogate", match.span(), severity="error")
        elif match["private"]:
            yield proof.mark("private-use", match.span())
        elif match["line"]:
            yield proof.mark("line-separator", match.span(), "\n")
        else:
            yield proof.mark("unassigned", match.span())


def _invisible(proof: Proof) -> Iterator[Finding]:
    for match in _INVISIBLE.finditer(proof.text):
        if not match["bad"] or (proof.lang in _JOINS and match[0] in "\u200c\u200d"):
            continue
        yield proof.mark("invisible", match.span(), "")


def _turns(proof: Proof) -> Iterator[Finding]:
    """Signs that turn the direction: unbalanced ones make a reader see other text than is there (CVE-2021-42574)."""
    unbalanced = _unbalanced(proof.text)
    for place, character in enumerate(proof.text):
        if place in unbalanced:
            yield proof.mark("bidi-unbalanced", (place, place + 1), "", "error")
        elif (character in _TURNS or character in _MARKS) and proof.lang not in _RIGHT_TO_LEFT:
            yield proof.mark("bidi-control", (place, place + 1), "")


def _unbalanced(text: str) -> set[int]:
    """Return the places of the signs without a partner. The end of a paragraph closes what is open, unseen."""
    found: set[int] = set()
    opened: list[tuple[int, str]] = []
    for place, character in enumerate(text):
        if character in _EMBEDS or character in _ISOLATES:
            opened.append((place, _POP if character in _EMBEDS else _POP_ISOLATE))
        elif character in (_POP, _POP_ISOLATE):
            if opened and opened[-1][1] == character:
                opened.pop()
            else:
                found.add(place)
        elif character == "\n":
            found.update(place for place, _ in opened)
            opened.clear()
    return found | {place for place, _ in opened}


def _marks(proof: Proof) -> Iterator[Finding]:
    for match in _LONE.finditer(proof.text):
        yield proof.mark("lone-mark", match.span(), "")
    for match in _HEAP.finditer(proof.text):
        yield proof.mark("many-marks", match.span())
