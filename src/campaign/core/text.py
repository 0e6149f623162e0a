"""Text as platforms see it: composed, counted, split, and compared."""

import html
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

import regex

from campaign.core.adapter import TextRule
from campaign.core.errors import Invalid

# Characters that may stand in the path of a web link: Latin and Cyrillic letters, digits and some signs. A Korean
# particle glued to a link ends it, as in twitter-text, whose rules Mastodon follows:
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
# @user@host counts as @user: https://docs.joinmastodon.org/user/posting/#mentions
MENTION = regex.compile(r"(?<![/\w])@(?P<user>[a-z0-9_]+(?:[a-z0-9_.\-]*[a-z0-9_])?)@[\w.\-]+[\w]", regex.IGNORECASE)
_GRAPHEME = regex.compile(r"\X")
_TAG = regex.compile(r"#[\p{L}\p{N}_][\p{L}\p{M}\p{N}_]*")
_SENTENCE = regex.compile(r"(?<=[.!?…。?!])\s+|\n+")
_MARKUP = regex.compile(r"<br\s*/?>|</p>\s*<p[^>]*>", regex.IGNORECASE)
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


def graphemes(text: str) -> int:
    """Return the number of extended grapheme clusters (UAX #29)."""
    return len(text) if text.isascii() else sum(1 for _ in _GRAPHEME.finditer(text))


def count(text: str, rule: TextRule) -> int:
    """Return the length of a text as the platform counts it."""
    if rule.link_length is not None:
        text = LINK.sub("x" * rule.link_length, text)
    if rule.short_mentions:
        text = MENTION.sub(r"@\g<user>", text)
    match rule.counts:
        case "graphemes":
            return graphemes(text)
        case "utf16":
            return len(text.encode("utf-16-le")) // 2
        case _:
            return len(text)


def fits(text: str, rule: TextRule) -> bool:
    """Return whether a text is short enough, in units and in bytes."""
    return count(text, rule) <= rule.limit and (rule.max_bytes is None or len(text.encode()) <= rule.max_bytes)


def split_text(text: str, rule: TextRule, *, under_media: bool = False) -> list[str]:
    """Return the text in parts that each fit the rule, cut between paragraphs or sentences, else between words.

    Nothing is lost but the white space at the cuts. `under_media`: the first part goes under the post's media.

    Raises:
        Invalid: one word alone is longer than a part may be.
    """
    parts: list[str] = []
    rest = text.strip()
    here = replace(rule, limit=rule.limit_with_media) if under_media and rule.limit_with_media else rule
    while not fits(rest, here):
        cut = _cut(rest, here)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
        here = rule
    return [*parts, rest]


def _cut(text: str, rule: TextRule) -> int:
    for pattern in (_SENTENCE, regex.compile(r"\s+")):
        best = 0
        for match in pattern.finditer(text):
            if match.start() and fits(text[: match.start()].rstrip(), rule):
                best = match.end()
            elif match.start():
                break
        if best:
            return best
    raise Invalid("text", text, f"holds one word that alone is longer than {rule.limit}; shorten it")


def fingerprint(text: str) -> str:
    """Return what two renderings of the same post have in common: no mark-up, NFC, single spaces.

    >>> fingerprint("<p>A&amp;B<br>c</p>") == fingerprint("A&B\\nc")
    True
    """
    if _ELEMENT.search(text):
        text = html.unescape(_ELEMENT.sub("", _MARKUP.sub("\n", text)))
    return " ".join(normalise(text).split())
