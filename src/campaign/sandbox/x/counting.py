"""How X counts a text: https://github.com/twitter/twitter-text/blob/master/config/v3.json"""

import unicodedata

import regex

MAX, LINK = 280, 23
_LIGHT = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))  # of weight 1; all else has 2
_EMOJI = regex.compile(r"\p{Emoji_Presentation}|\ufe0f|\u20e3|\p{Regional_Indicator}")
URL = regex.compile(
    r"(?:https?://(?:[\p{L}\p{N}_-]+\.)+(?:[a-z]{2,24}|\p{Cyrillic}{2,}|한국)"
    r"|(?<![\w@./-])(?:[a-z0-9-]+\.)+(?:com|org|net|info|edu|gov|kr|ru|eu)(?![\w@]))(?::\d+)?"
    r"(?:/(?:[\p{Latin}\p{Cyrillic}0-9!*';:=+,.$/%#\[\]\-–_~@|&()?]*[\p{Latin}\p{Cyrillic}0-9=_#/+\-&])?"
    r"|\?[\p{Latin}\p{Cyrillic}0-9!*';:=+,.$/%#\[\]\-_~@|&]*[\p{Latin}\p{Cyrillic}0-9=_#/\-&])?",
    regex.IGNORECASE,
)


def weight(text: str) -> int:
    """Return the weighted length of a text: a link is 23, an emoji 2, a Hangul syllable 2, a Cyrillic letter 1."""
    text, links = URL.subn("", unicodedata.normalize("NFC", text))
    total: int = LINK * links
    for cluster in regex.findall(r"\X", text):
        if _EMOJI.search(cluster):
            total += 2
        else:
            total += sum(1 if any(least <= ord(c) <= most for least, most in _LIGHT) else 2 for c in cluster)
    return total
