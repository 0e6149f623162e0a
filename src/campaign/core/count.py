"""The length of a text as each platform counts it."""

from functools import lru_cache

import regex

from campaign.core.adapter import TextRule
from campaign.core.weigh import find_links, weigh

# @user@host counts as @user: https://docs.joinmastodon.org/user/posting/#mentions
_MENTION = regex.compile(r"(?<![/\w])@(?P<user>[a-z0-9_]+(?:[a-z0-9_.\-]*[a-z0-9_])?)@[\w.\-]+[\w]", regex.IGNORECASE)
_GRAPHEME = regex.compile(r"\X")
# An emoji with what belongs to it. Threads counts it as its bytes of UTF-8, and does not say what else is counted in:
# https://developers.facebook.com/docs/threads/posts (2026-04-14). Units of UTF-16 are never fewer than characters.
# What may be an emoji is taken for one; ©, ® and ™ are text unless U+FE0F follows.
_EMOJI = regex.compile(
    r"(?:(?![©®™](?!\ufe0f))\p{Extended_Pictographic}(?!\ufe0e)|\p{Emoji_Modifier}|\p{Regional_Indicator}"
    r"|[#*0-9](?=\ufe0f?\u20e3))[\ufe0f\u200d\u20e3\U000e0020-\U000e007f]*"
)
# Reserved in LinkedIn's little text, so each goes out behind a backslash, and LinkedIn does not say that it does not
# count: https://learn.microsoft.com/linkedin/marketing/community-management/shares/little-text-format (2026-05).
_RESERVED = regex.compile(r"[\\|{}@\[\]()<>#*_~]")


def graphemes(text: str) -> int:
    """Return the number of extended grapheme clusters (UAX #29).

    >>> graphemes("👨‍👩‍👧‍👦 é")
    3
    """
    return len(text) if text.isascii() and "\r" not in text else len(_GRAPHEME.findall(text))


def utf16(text: str) -> int:
    """Return the number of units of UTF-16."""
    return len(text.encode("utf-16-le")) // 2


def count(text: str, rule: TextRule) -> int:
    """Return the length of a text as the platform counts it.

    >>> from campaign.core.adapter import Source
    >>> count("한국 👍", TextRule(280, "x", Source("", "")))
    7
    """
    if rule.link_length is not None and rule.counts != "x":  # weigh() finds X's links by X's own rules
        text = _with_links(text, "x" * rule.link_length)
    if rule.short_mentions:
        text = _MENTION.sub(r"@\g<user>", text)
    return _COUNTERS[rule.counts](text)


def fits(text: str, rule: TextRule) -> bool:
    """Return whether a text is short enough, in units and in bytes."""
    return count(text, rule) <= rule.limit and (rule.max_bytes is None or len(text.encode()) <= rule.max_bytes)


@lru_cache(maxsize=64)  # a text is counted at once by who checks it and by who shows it
def _with_links(text: str, instead: str) -> str:
    parts, at = [], 0
    for start, end in find_links(text):
        parts += [text[at:start], instead]
        at = end
    return "".join([*parts, text[at:]])


def _size(text: str) -> int:
    return len(text.encode())


def _threads(text: str) -> int:
    emoji = _EMOJI.findall(text)
    return utf16(text) + sum(len(one.encode()) - utf16(one) for one in emoji)


def _linkedin(text: str) -> int:
    return utf16(text) + len(_RESERVED.findall(text))


_COUNTERS = {
    "characters": len,
    "graphemes": graphemes,
    "utf16": utf16,
    "bytes": _size,
    "x": weigh,
    "threads": _threads,
    "linkedin": _linkedin,
}
