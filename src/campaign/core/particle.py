"""Korean particles: which of two stands after a word is decided by how the word ends."""

import re
from typing import Final

# After a final consonant, after a vowel. Longer ones first: 으로 before 로.
_PAIRS: Final = (("으로", "로"), ("이라", "라"), ("이나", "나"), ("은", "는"), ("이", "가"), ("을", "를"), ("과", "와"))
_ALONE = r"(?![가-힣])|(?=(?:서|써|도|만|의)(?![가-힣]))"  # the word ends after it, or after one more particle
_ENDS: Final = {closed: _ALONE for closed, _ in _PAIRS} | {"이라": r"(?=[가-힣])"}
_RIEUL = 8  # the number of ㄹ among the final consonants: 로 follows it as it follows a vowel


def final(word: str) -> int | None:
    """Return the number of the final consonant of a word's last syllable, 0: none; None: it is no Hangul."""
    last = word[-1:]
    return (ord(last) - 0xAC00) % 28 if "가" <= last <= "힣" else None


def joined(fix: str, shown: str, text: str, end: int) -> tuple[str, int]:
    """Return a word that takes another's place with the particle that it needs, and where what it replaces ends.

    >>> joined("블라디보스토크", "블라디보스톡", "블라디보스톡은 멀다", 6)
    ('블라디보스토크는', 7)
    """
    old, new = final(shown), final(fix)
    if old is None or new is None:
        return fix, end
    for closed, open_ in _PAIRS:
        vowel = (0, _RIEUL) if closed == "으로" else (0,)
        particle = open_ if old in vowel else closed
        if re.compile(rf"{particle}(?:{_ENDS[closed]})").match(text, end):
            return fix + (open_ if new in vowel else closed), end + len(particle)
    return fix, end
