"""Text as platforms see it: composed, counted, split, and compared."""

import html
import unicodedata
from collections.abc import Sequence

import regex

from campaign.core.count import count, fits, graphemes
from campaign.core.errors import Invalid
from campaign.core.split import split_text

__all__ = [
    "LINK",
    "check_tag",
    "check_text",
    "compose_text",
    "count",
    "fingerprint",
    "fits",
    "graphemes",
    "normalise",
    "split_text",
]

# Characters that may stand in the path of a web link: Latin and Cyrillic letters, digits and some signs. A Korean
# particle glued to a link ends it, as in twitter-text:
# https://github.com/twitter/twitter-text/blob/v3.1.0/rb/lib/twitter-text/regex.rb
_CHAR = r"\p{Latin}\p{Cyrillic}0-9"
_PATH = rf"(?:[{_CHAR}!*';:=+,.$/%#\[\]\-–_~@|&]|\([{_CHAR}!*';:=+,.$/%#\-_~@|&]*\))"
_LETTER = r"[\p{Latin}\p{Cyrillic}\p{Hangul}\p{Han}0-9]"
_LABEL = rf"{_LETTER}(?:[\p{{Latin}}\p{{Cyrillic}}\p{{Hangul}}\p{{Han}}0-9_\-]*{_LETTER})?"
_TLD = r"(?:xn--[a-z0-9\-]+|[a-z]{2,24}|\p{Cyrillic}{2,}|한국|삼성|닷컴|닷넷)"
LINK = regex.compile(
    rf"https?://(?P<host>(?:{_LABEL}\.)+{_TLD})(?![a-z0-9@])(?::\d+)?"
    rf"(?:/(?:{_PATH}*(?<=[{_CHAR}=_#/+\-)]))?)?(?:\?{_PATH}*(?<=[{_CHAR}_&=#/\-?]))?",
    regex.IGNORECASE,
)
_TAG = regex.compile(r"#[\p{L}\p{N}_][\p{L}\p{M}\p{N}_]*")
_MARKUP = regex.compile(r"<br\s*/?>|</p>\s*<p[^>]*>", regex.IGNORECASE)
_UNSEEN = frozenset({"Zs", "Zl", "Zp", "Cf", "Cn"})  # control characters get a sentence of their own
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"  # fillers of Hangul, Braille's blank: letters to Unicode
_ELEMENT = regex.compile(r"</?[a-z][^>]*>", regex.IGNORECASE)  # not the sign in "I <3 you"


def normalise(text: str) -> str:
    """Return the text in NFC with LF line ends and no blank edge.

    >>> normalise("  서울\\r\\n ")
    '서울'
    """
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def check_text(field: str, text: str) -> str:
    """Return the normalised text.

    Raises:
        Invalid: it is empty, or holds a character that no person writes (control characters, lone surrogates).
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Invalid(field, ascii(text), "must be valid Unicode text, without lone surrogates") from None
    result = normalise(text)
    if not result:
        raise Invalid(field, text, "must not be empty")
    if all(character in _BLANK or unicodedata.category(character) in _UNSEEN for character in result):
        signs = " ".join(dict.fromkeys(f"U+{ord(character):04X}" for character in result[:20]))
        raise Invalid(field, signs, "must not be empty: nothing of it can be seen")
    for position, character in enumerate(result):
        if unicodedata.category(character) == "Cc" and character not in "\n\t":
            raise Invalid(field, result, f"holds the control character U+{ord(character):04X} at {position}; remove it")
    return result


def check_tag(field: str, tag: str) -> str:
    """Return a hashtag with its sign.

    Raises:
        Invalid: it holds anything but letters, digits and underscores after the sign.
    """
    result = normalise(tag)
    result = result if result.startswith("#") else "#" + result
    if not _TAG.fullmatch(result):
        raise Invalid(field, tag, "a hashtag is # and then letters, digits or _ only, as in #ISEOULU")
    return result


def compose_text(body: str, tags: Sequence[str], link: str | None) -> str:
    """Return the text of a post: body, newline, hashtags joined by single spaces, newline, link.

    >>> compose_text("서울", ["#a", "#b"], "https://example.org/")
    '서울\\n#a #b\\nhttps://example.org/'
    """
    return "\n".join(part for part in (body, " ".join(tags), link or "") if part)


def fingerprint(text: str) -> str:
    """Return what two renderings of the same post have in common: no mark-up, NFC, single spaces.

    >>> fingerprint("<p>A&amp;B<br>c</p>") == fingerprint("A&B\\nc")
    True
    """
    if _ELEMENT.search(text):
        text = html.unescape(_ELEMENT.sub("", _MARKUP.sub("\n", text)))
    return " ".join(normalise(text).split())
