"""LibreTranslate, and servers that speak its API: the office's own, or that of somebody it trusts.

https://docs.libretranslate.com/api/operations/translate/ (read 2026-11-24), and what it refuses:
https://github.com/LibreTranslate/LibreTranslate/blob/main/libretranslate/app.py
"""

from collections.abc import Sequence

import regex

from campaign.core.errors import Refused, Unauthorized
from campaign.core.kept import Kept, Pieces
from campaign.core.model import Lang
from campaign.core.translation import checked_answers
from campaign.translators import Ask

NAMED = "libretranslate"
MOST_TEXTS = 25  # in one request; a server may be set to take fewer (LT_BATCH_LIMIT), and says so

# The models know no mark-up in plain text. What should stay goes as a mark that they mostly leave alone, as Weblate
# sends it: https://github.com/WeblateOrg/weblate/blob/main/weblate/machinery/base.py (format_replacement). They put
# spaces into it, and write its letter as a Cyrillic one.
_MARK = regex.compile(r"\[ *[XxХх] *(?P<n>[0-9]{1,4}) *[XxХх] *\]")


class Tool:
    """One server."""

    tool = NAMED

    def __init__(self, ask: Ask, key: str) -> None:
        self._ask, self._key = ask, key

    async def translate(self, texts: Sequence[Pieces], source: Lang, target: Lang) -> list[str]:
        """As of core.translation.Translator."""
        answers: list[str] = []
        for at in range(0, len(texts), MOST_TEXTS):
            some = texts[at : at + MOST_TEXTS]
            told = checked_answers(NAMED, await self._translated(some, source, target), some)
            answers += [_restored(answer, parts) for answer, parts in zip(told, some, strict=True)]
        return answers

    async def _translated(self, texts: Sequence[Pieces], source: Lang, target: Lang) -> object:
        body = {
            "q": [_marked(parts) for parts in texts],
            "source": _code(source),
            "target": _code(target),
            "format": "text",
            **({"api_key": self._key} if self._key else {}),
        }
        try:
            told = (await self._ask("POST", "translate", json=body)).json()
        except Refused as error:
            if error.status == 403:
                raise Unauthorized(f"{error}; check [translation] key in the settings", status=403) from error
            raise
        return told.get("translatedText") if isinstance(told, dict) else None


def home(key: str) -> str:
    """Return nothing: there is no server for all."""
    return ""


def _code(lang: Lang) -> str:
    """Return a language as the server names it: without a region."""
    return lang.partition("-")[0].lower()


def _marked(parts: Pieces) -> str:
    """Return a text whose nth piece that stays is [XnX]."""
    return "".join(part if isinstance(part, str) else f"[X{number}X]" for number, part in enumerate(parts))


def _restored(answer: str, parts: Pieces) -> str:
    """Return a text with the pieces that stay in the places of their marks; a mark that was not sent is left."""

    def original(mark: regex.Match[str]) -> str:
        number = int(mark["n"])
        part = parts[number] if number < len(parts) else None
        return part.text if isinstance(part, Kept) else mark[0]

    restored: str = _MARK.sub(original, answer)
    return restored
