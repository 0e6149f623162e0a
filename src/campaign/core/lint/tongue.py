"""Whether a text is in the language that it is declared to be in: by its letters first, then by py3langid.

py3langid (the extra `lang`) is asked only where the letters cannot tell: two languages of the campaign in one script.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Final

import regex

from campaign.core.finding import Finding, Severity
from campaign.core.lint.proof import Proof, finding, primary

_SCRIPTS: Final = {
    "Hangul": regex.compile(r"\p{Hangul}"),
    "Cyrillic": regex.compile(r"\p{Cyrillic}"),
    "Latin": regex.compile(r"\p{Latin}"),
    "Han": regex.compile(r"\p{Han}"),
    "Kana": regex.compile(r"[\p{Hiragana}\p{Katakana}]"),
    "Greek": regex.compile(r"\p{Greek}"),
    "Arabic": regex.compile(r"\p{Arabic}"),
    "Hebrew": regex.compile(r"\p{Hebrew}"),
    "Thai": regex.compile(r"\p{Thai}"),
    "Georgian": regex.compile(r"\p{Georgian}"),
    "Armenian": regex.compile(r"\p{Armenian}"),
    "Devanagari": regex.compile(r"\p{Devanagari}"),
}
_OWN: Final[dict[str, tuple[str, ...]]] = {  # language → its scripts; every other language: Latin
    "ko": ("Hangul", "Han"), "ja": ("Kana", "Han"), "zh": ("Han",), "yue": ("Han",),
    "ru": ("Cyrillic",), "uk": ("Cyrillic",), "be": ("Cyrillic",), "bg": ("Cyrillic",), "mk": ("Cyrillic",),
    "ky": ("Cyrillic",), "tg": ("Cyrillic",), "mn": ("Cyrillic",), "ba": ("Cyrillic",), "cv": ("Cyrillic",),
    "sr": ("Cyrillic", "Latin"), "kk": ("Cyrillic", "Latin"), "uz": ("Latin", "Cyrillic"), "tt": ("Cyrillic", "Latin"),
    "el": ("Greek",), "he": ("Hebrew",), "yi": ("Hebrew",), "th": ("Thai",), "ka": ("Georgian",), "hy": ("Armenian",),
    "hi": ("Devanagari",), "mr": ("Devanagari",), "ne": ("Devanagari",),
    "ar": ("Arabic",), "fa": ("Arabic",), "ur": ("Arabic",), "ps": ("Arabic",), "ug": ("Arabic",),
}  # fmt: skip
_UNKNOWN = frozenset({"bn", "ta", "te", "kn", "ml", "si", "pa", "gu", "my", "km", "lo", "am", "bo", "dv", "und", "mul"})
_SPEAKS: Final = {"Hangul": "ko", "Cyrillic": "ru", "Latin": "en", "Kana": "ja", "Han": "zh", "Greek": "el"}
_QUOTED = regex.compile(r"[«“„‘「『(\[][^«»“”„‘’「」『』()\[\]\n]{1,80}[»”“’」』)\]]")
_SCANNED = 4000  # characters: a long text tells its language early
_LEAST, _LEAST_LATIN, _LEAST_GUESSED = 8, 24, 40  # letters below which there is no verdict; names are often Latin
_SHARE, _SHARE_LATIN, _OTHERS_SHARE = 0.2, 0.05, 0.6  # "Одно из: naver-blog, kakao-channel" is Russian
_SURE = 0.9
_LETTERS_OF: Final = {  # letters that one Cyrillic language has and Russian has not, and the reverse
    "uk": frozenset("іїєґІЇЄҐ"), "be": frozenset("ўіЎІ"), "sr": frozenset("ђјљњћџЂЈЉЊЋЏ"),
    "kk": frozenset("әғқңөұүһӘҒҚҢӨҰҮҺ"),
}  # fmt: skip
_RUSSIAN = frozenset("ыэъёЫЭЪЁ")


def tongue(proof: Proof, among: Sequence[str] = ()) -> Iterator[Finding]:
    """Tell a text that is in another language than declared; nothing where a reader could not be sure.

    among: the languages of the campaign; those that share the script are told apart by letters or by py3langid.
    """
    if proof.lang in _UNKNOWN:
        return
    text = _bare(proof)
    counts = _counts(text)
    total = sum(counts.values())
    if total < _LEAST:
        return
    own = _OWN.get(proof.lang, ("Latin",))
    mine = sum(counts[script] for script in own)
    most = max(counts, key=lambda script: counts[script])
    share, least = (_SHARE_LATIN, _LEAST_LATIN) if most == "Latin" else (_SHARE, _LEAST)
    if most not in own and mine < share * total and counts[most] > _OTHERS_SHARE * total:
        if counts[most] >= least:
            yield _told(proof, _speaker(most, among), "error")
        return
    others = [lang for lang in dict.fromkeys(primary(one) for one in among) if lang != proof.lang]
    rivals = [lang for lang in others if most in _OWN.get(lang, ("Latin",))]
    if mine > _OTHERS_SHARE * total and total >= _LEAST_LATIN:
        found = _by_letters(proof.lang, text) if most == "Cyrillic" else None
        if found is None and rivals and total >= _LEAST_GUESSED:
            found = _guess(text, (proof.lang, *rivals))
        if found is not None and found != proof.lang:
            yield _told(proof, found, "warning")


def _told(proof: Proof, found: str, severity: Severity) -> Finding:
    return finding(proof.field, "tongue", found, severity, declared=proof.lang, found=found)


def _bare(proof: Proof) -> str:
    """Return the text without links, names, hashtags and what stands in quotation marks or brackets."""
    text, place, pieces = proof.text[:_SCANNED], 0, []
    for start, end in proof.kept:
        if start >= _SCANNED:
            break
        pieces.append(text[place:start])
        place = end
    pieces.append(text[place:])
    bare = " ".join(pieces)
    return _QUOTED.sub(" ", bare) if any(mark in bare for mark in "«“„‘「『([") else bare


def _counts(text: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for letter, number in Counter(text).items():
        if letter.isalpha() and (script := _script(letter)) is not None:
            counts[script] += number
    return counts


@cache
def _script(letter: str) -> str | None:
    return next((name for name, one in _SCRIPTS.items() if one.match(letter)), None)


def _speaker(script: str, among: Sequence[str]) -> str:
    """Return the language of the campaign that writes so; else the one that is most often meant."""
    return next(
        (lang for lang in map(primary, among) if script in _OWN.get(lang, ("Latin",))), _SPEAKS.get(script, script)
    )


def _by_letters(lang: str, text: str) -> str | None:
    """Return the Cyrillic language that the letters show; None: they do not tell."""
    letters = frozenset(text)
    if lang == "ru" and not letters & _RUSSIAN:
        scores = {one: sum(text.count(letter) for letter in own) for one, own in _LETTERS_OF.items()}
        best = max(scores, key=lambda one: scores[one])
        return best if scores[best] >= 3 else None
    if lang == "uk" and letters & _RUSSIAN and not letters & _LETTERS_OF["uk"]:
        return "ru"
    return None


@cache
def _installed() -> bool:
    return find_spec("py3langid") is not None


def _guess(text: str, langs: Sequence[str]) -> str | None:
    """Return which of these languages py3langid takes the text for; None: it is not installed, or is not sure."""
    if not _installed():
        return None
    scores = {lang: score for lang, score in import_module("py3langid").rank(text) if lang in langs}
    if len(scores) < 2:
        return None
    (best, first), (_, second), *_ = sorted(scores.items(), key=lambda item: -item[1])
    # scores are logarithms of likelihoods; a word more or less is worth about 10
    return best if first - second > max(10.0, _SURE * len(text) / 10) else None
