"""What the twins of translators answer: no translation, but words in the letters of the language, always the same."""

import re
from zlib import crc32

_LETTERS = {"ko": "가나다라마바사아자차", "ru": "оеаитнсрвл", "en": "etaoinshrd"}
_WORD = re.compile(r"[^\W\d_]+")


def babble(text: str, target: str) -> str:
    """Return a text of the same signs, numbers and lines, whose words are of the target language.

    >>> babble("서울, 2019", "ru")
    'теин, 2019'
    """
    letters = _LETTERS[target]

    def word(found: re.Match[str]) -> str:
        said = found[0]
        korean = "가" <= said[0] <= "힣"
        size = len(said)  # a Korean word is half as long
        if korean != (target == "ko"):
            size = size * 2 if korean else -(-size // 2)
        seed = crc32(said.encode("utf-8", "replace"))
        return "".join(letters[(seed >> 3 * at % 29) % 10] for at in range(size))

    return _WORD.sub(word, text)
