"""Korean particles that follow the last sound of the word before: 은/는, 이/가, 을/를, 과/와, 으로/로.

한글 맞춤법 (2017) and 표준어 규정 leave no choice here; what is hard is to know when a syllable is a particle at all.
Inside a Hangul word only those are judged that can be nothing else: 작가, 국가, 효과, 종로, 좋은 end so without one.
After a quotation mark, Latin letters or digits the whole Hangul run must be a particle.
"""

from collections.abc import Iterator
from typing import Final, Literal

import regex

from campaign.core.finding import Finding
from campaign.core.lint.proof import Proof

End = Literal["vowel", "rieul", "other"]  # how the word before ends: in a vowel, in ㄹ, in another consonant

# After a consonant, after a vowel. 로 follows ㄹ too.
_PAIRS: Final = (("은", "는"), ("이", "가"), ("을", "를"), ("과", "와"), ("으로", "로"))
_OTHER: Final = {a: b for pair in _PAIRS for a, b in (pair, pair[::-1])}
_TAIL = r"(?:는|도|의|부터|까지|써)?"  # what may stand after 과/와 and 으로/로: 과는, 으로도
_FREE = regex.compile(
    rf"(?:(으로|로|과|와){_TAIL}|([은는이가을를]))(?![(가-힣\p{{Latin}}\p{{Cyrillic}}\p{{Han}}\p{{N}}])"
)
_AFTER = regex.compile(r"(?<=[A-Za-z0-9%’”」』》〉»)\]])[은는이가을를과와으로]")
_WITHIN = regex.compile(r"(?<=[가-힣])(?:를|와|으로|을|은)(?![(가-힣\p{Latin}\p{Cyrillic}\p{Han}\p{N}])")

# Verbs whose stem ends in a vowel before 은/을 (ㅅ-irregular), and nouns that end so.
_NO_PARTICLE: Final = {
    "을": frozenset("마가노고지나이모부그저"),
    "은": frozenset("지나이모부그저"),
    "를": frozenset("들"),
    "와": frozenset(),
    "으로": frozenset(),
}
_SURNAMES = frozenset(
    "김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허남심노하곽성차주우구민나진지엄채원천방공현함변염"
)

_UNITS: Final[dict[str, End]] = {
    "km": "vowel", "m": "vowel", "cm": "vowel", "mm": "vowel", "L": "vowel", "l": "vowel", "ml": "vowel", "mL": "vowel",
    "ha": "vowel", "kg": "other", "g": "other", "mg": "other", "t": "other",
}  # fmt: skip
_DIGITS: Final[dict[str, End]] = {
    "0": "other", "1": "rieul", "2": "vowel", "3": "other", "4": "vowel", "5": "vowel", "6": "other", "7": "rieul",
    "8": "rieul", "9": "vowel",
}  # fmt: skip
_NAMED: Final[dict[str, End]] = {"L": "rieul", "M": "other", "N": "other"}  # 엘, 엠, 엔; R is read both ways
_SILENT = frozenset("ekptcbdgq")  # what a word that ends so sounds like, only its reader knows: 북, 페이스북, 아트
_TOKEN = regex.compile(r"[A-Za-z0-9.,]+$")


def particles(proof: Proof) -> Iterator[Finding]:
    """Tell particles that do not fit the sound before them."""
    for match in _WITHIN.finditer(proof.text):
        if not _misfit(match[0], _hangul(proof.text[match.start() - 1])):
            continue
        word = _run(proof.text, match.start())
        if not _no_particle(word, match[0]):
            yield _told(proof, match.span(), word, match[0])
    for seam in _AFTER.finditer(proof.text):
        match = _FREE.match(proof.text, seam.start())
        if match is None:
            continue
        group = 1 if match[1] else 2
        word, end, digit = _before(proof.text, seam.start())
        if end is None or not _misfit(match[group], end):
            continue
        if digit and match[group] in {"가", "과", "로"}:  # 종로3가, 2과, 5로
            continue
        yield _told(proof, match.span(group), word, match[group])


def _told(proof: Proof, place: tuple[int, int], word: str, particle: str) -> Finding:
    return proof.mark("particle", place, _OTHER[particle], word=word, right=f"{word}{_OTHER[particle]}")


def _misfit(particle: str, end: End | None) -> bool:
    """Whether the particle cannot follow this end.

    >>> _misfit("으로", "rieul"), _misfit("로", "rieul"), _misfit("을", "vowel")
    (True, False, True)
    """
    if end is None:
        return False
    if particle in {"으로", "로"}:
        return (particle == "으로") != (end == "other")
    return any(
        particle == (after_vowel if end != "vowel" else after_consonant) for after_consonant, after_vowel in _PAIRS
    )


def _no_particle(word: str, particle: str) -> bool:
    """Whether the syllable may belong to the word: 마을, 지은, 김하은."""
    if word[-1] in _NO_PARTICLE[particle]:
        return True
    if particle in {"을", "은"}:
        return len(word) < 2 or (len(word) == 2 and particle == "은" and word[0] in _SURNAMES)
    return False


def _hangul(syllable: str) -> End | None:
    """Return how a syllable ends.

    >>> _hangul("울"), _hangul("해"), _hangul("국")
    ('rieul', 'vowel', 'other')
    """
    if not "가" <= syllable <= "힣":
        return None
    final = (ord(syllable) - 0xAC00) % 28
    return "vowel" if final == 0 else "rieul" if final == 8 else "other"


def _run(text: str, end: int) -> str:
    """Return the Hangul that ends at a place; of a long run its end."""
    start = end
    while start and "가" <= text[start - 1] <= "힣" and end - start < 20:
        start -= 1
    return text[start:end]


def _before(text: str, place: int) -> tuple[str, End | None, bool]:
    """Return the word that ends at a place, how it ends (None: nobody can tell), and whether in a digit."""
    end = place
    while end and text[end - 1] in "’”」』》〉»":
        end -= 1
    if end and text[end - 1] in ")]":  # 서울(Seoul)을: the particle follows what stands before the bracket
        opening = max(text.rfind("(", max(0, end - 60), end), text.rfind("[", max(0, end - 60), end))
        if opening < 0:
            return "", None, False
        end = opening
        while end and text[end - 1] in "’”」』》〉»":
            end -= 1
    if not end:
        return "", None, False
    last = text[end - 1]
    if "가" <= last <= "힣":
        return _run(text, end), _hangul(last), False
    token = _TOKEN.search(text, max(0, end - 40), end)
    if token is None or text[token.start() - 1 : token.start()] in ("%", "$"):  # %s and $HOME stand for other words
        return "", ("vowel" if last == "%" else None), False
    return token[0], _spoken(token[0]), last.isdigit()


def _spoken(token: str) -> End | None:
    """Return how a word of Latin letters and digits ends when it is read aloud; None: readers differ.

    >>> [_spoken(word) for word in ("2019", "9288km", "KBS", "Seoul", "Facebook", "2.0")]
    ['vowel', 'vowel', 'vowel', 'rieul', None, None]
    """
    number = token.replace(",", "")
    if number.isdigit():
        return _DIGITS[number[-1]]
    if token[-1].isdigit() or token[-1] in ".,":
        return None
    unit = token.lstrip("0123456789.,")
    if unit != token:
        return _UNITS.get(unit)
    letters = regex.sub(r"^.*[^A-Za-z]", "", token)
    last, vowels = letters[-1], any(letter in "AEIOUaeiou" for letter in letters)
    if letters.isupper() or len(letters) == 1:
        last = last.upper()
        if last == "R" or (vowels and len(letters) > 1 and last.lower() in _SILENT):
            return None
        return _NAMED.get(last, "vowel")
    if last.lower() in _SILENT:
        return "other" if letters.endswith("ng") else None
    return _NAMED.get(last.upper(), "vowel")
