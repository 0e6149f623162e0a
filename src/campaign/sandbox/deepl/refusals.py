"""What DeepL refuses.

https://developers.deepl.com/docs/best-practices/error-handling and its own mock server, which its client libraries are
tested against: https://github.com/DeepLcom/deepl-mock/blob/main/index.js (read 2026-11-24). 403 and 429 have no body.
"""

from collections.abc import Mapping
from typing import Literal

What = Literal["key", "missing", "value", "texts", "xml", "size", "slow", "quota", "broken"]
TABLE: Mapping[What, tuple[int, str]] = {
    "key": (403, ""),
    "missing": (400, "Parameter '{name}' not specified"),
    "value": (400, "Value for '{name}' not supported."),
    # That there are at most 50 is documented, its words are not: https://developers.deepl.com/api-reference/translate
    "texts": (400, "Bad request. Reason: too many texts"),
    # https://developers.deepl.com/docs/xml-and-html-handling/tag-handling-v2
    "xml": (400, "Tag handling parsing failed, please check input."),
    "size": (413, ""),
    "slow": (429, ""),
    "quota": (456, "Quota for this billing period has been exceeded."),
    "broken": (500, "Internal server error"),
}


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, what: What, **told: str) -> None:
        self.status, words = TABLE[what]
        self.words = words.format(**told)
        super().__init__(self.words)
