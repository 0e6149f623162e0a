"""What LibreTranslate refuses, in its own words.

https://github.com/LibreTranslate/LibreTranslate/blob/main/libretranslate/app.py (read 2026-11-24)
"""

from collections.abc import Mapping
from typing import Literal

What = Literal[
    "no_object", "missing", "alternatives", "too_long", "language", "format", "pair", "key", "no_key", "slow", "broken"
]
TABLE: Mapping[What, tuple[int, str]] = {
    "no_object": (400, "Invalid JSON format"),
    "missing": (400, "Invalid request: missing {name} parameter"),
    "alternatives": (400, "Invalid request: {name} parameter is not a number"),
    "too_long": (400, "Invalid request: request ({size}) exceeds text limit ({limit})"),
    "language": (400, "{lang} is not supported"),
    "format": (400, "{format} format is not supported"),
    "pair": (400, "{target} is not available as a target language from {source}"),
    "key": (403, "Invalid API key"),
    "no_key": (400, "Please contact the server operator to get an API key"),
    "slow": (429, "Slowdown: {limit} per 1 minute"),
    "broken": (500, "Cannot translate text: the model is busy"),
}


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, what: What, **told: object) -> None:
        self.status, words = TABLE[what]
        self.words = words.format(**told)
        super().__init__(self.words)
