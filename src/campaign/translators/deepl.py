"""DeepL's API, Free and Pro.

https://developers.deepl.com/api-reference/translate (read 2026-11-24); what it refuses, and when to ask again:
https://developers.deepl.com/docs/best-practices/error-handling; limits:
https://developers.deepl.com/docs/resources/usage-limits
"""

import html
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from xml.sax.saxutils import escape

import regex

from campaign.core.errors import Outcome, Refused, Unauthorized
from campaign.core.kept import Kept, Pieces
from campaign.core.model import Lang
from campaign.core.translation import checked_answers
from campaign.translators import Ask

NAMED = "deepl"
MOST_TEXTS = 50  # in one request
MOST_BYTES = 100 * 1024  # of texts in one request; DeepL takes 128 KiB with all that is around them
QUOTA_SPENT, TOO_LARGE = 456, 413
FREE = ":fx"  # ends the key of DeepL API Free: https://developers.deepl.com/docs/getting-started/auth

# Languages that must name a variety as a target: https://developers.deepl.com/docs/getting-started/supported-languages
_TARGETS = {"en": "EN-GB", "pt": "PT-PT"}
# What is in <x> is not translated: https://developers.deepl.com/docs/xml-and-html-handling/xml (ignored tags)
_KEPT = regex.compile(r'<x id="(?P<n>[0-9]{1,4})">.*?</x>|<x id="(?P<n>[0-9]{1,4})" ?/>', regex.DOTALL)
_SPARE = regex.compile(r"</?x\b[^<>]*>")


class Tool:
    """One account."""

    tool = NAMED

    def __init__(self, ask: Ask, key: str) -> None:
        self._ask = ask
        self._headers = {"Authorization": f"DeepL-Auth-Key {key}"}

    async def translate(self, texts: Sequence[Pieces], source: Lang, target: Lang) -> list[str]:
        """As of core.translation.Translator. Raises also Refused: the quota is spent."""
        marked = [_marked(parts) for parts in texts]
        answers: list[str] = []
        for start, end in pairwise(_cuts(marked)):
            told = checked_answers(NAMED, await self._translated(marked[start:end], source, target), texts[start:end])
            answers += [_restored(answer, parts) for answer, parts in zip(told, texts[start:end], strict=True)]
        return answers

    async def _translated(self, texts: Sequence[str], source: Lang, target: Lang) -> object:
        body = {
            "text": list(texts),
            "source_lang": source.partition("-")[0].upper(),
            "target_lang": _TARGETS.get(target, target.upper()),
            "tag_handling": "xml",
            "tag_handling_version": "v2",
            "ignore_tags": ["x"],
            "preserve_formatting": True,
            "split_sentences": "1",
        }
        try:
            told = (await self._ask("POST", "v2/translate", json=body, headers=self._headers)).json()
        except Refused as error:
            raise await self._meant(error) from error
        found = told.get("translations") if isinstance(told, dict) else None
        if not isinstance(found, list):
            return None
        return [one.get("text") if isinstance(one, dict) else None for one in found]

    async def _meant(self, error: Refused) -> Outcome:
        """Return what a refusal means, and what to do next."""
        if error.status == 403:
            return Unauthorized(f"{error}; check [translation] key in the settings", status=403)
        if error.status == QUOTA_SPENT:
            rule = f"the characters of this billing period are spent{await self._used()}"
            return Refused(f"{NAMED}: {rule}; raise the limit there, or wait", status=QUOTA_SPENT)
        if error.status == TOO_LARGE:
            return Refused(
                f"{NAMED}: the text is too long for one request of {MOST_BYTES // 1024} KiB", status=TOO_LARGE
            )
        return error

    async def _used(self) -> str:
        """Return how many characters are spent, of how many; nothing when it does not say."""
        with suppress(Outcome):
            told = (await self._ask("GET", "v2/usage", headers=self._headers)).json()
            count, limit = (told.get(f"character_{name}") for name in ("count", "limit"))
            if isinstance(count, int) and isinstance(limit, int):
                return f" ({count:,} of {limit:,})"
        return ""


def home(key: str) -> str:
    """Return the host that a key is for."""
    return "https://api-free.deepl.com" if key.endswith(FREE) else "https://api.deepl.com"


def _cuts(texts: Sequence[str]) -> list[int]:
    """Return where requests begin and end, so that none is too large; one text alone may still be."""
    cuts, size = [0], 0
    for number, text in enumerate(texts):
        weight = len(text.encode("utf-8", "replace"))
        if number > cuts[-1] and (number - cuts[-1] == MOST_TEXTS or size + weight > MOST_BYTES):
            cuts.append(number)
            size = 0
        size += weight
    return [*cuts, len(texts)] if texts else [0]


def _marked(parts: Pieces) -> str:
    """Return a text as XML; what stays is in <x>, so that sentences are read with it."""
    return "".join(
        escape(part) if isinstance(part, str) else f'<x id="{number}">{escape(part.text)}</x>'
        for number, part in enumerate(parts)
    )


def _restored(answer: str, parts: Pieces) -> str:
    """Return the text of an answer, with what stays as it was sent, whatever was made of it."""
    made, at = [], 0
    for found in _KEPT.finditer(answer):
        number = int(found["n"])
        part = parts[number] if number < len(parts) else None
        made += [_plain(answer[at : found.start()]), part.text if isinstance(part, Kept) else _plain(found[0])]
        at = found.end()
    return "".join([*made, _plain(answer[at:])])


def _plain(xml: str) -> str:
    return html.unescape(_SPARE.sub("", xml))
