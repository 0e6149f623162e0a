"""What a person should know about a text, a post or an outgoing: a value with its place, its fix and its message."""

from dataclasses import KW_ONLY, dataclass
from typing import Literal

Severity = Literal["error", "warning"]
Reader = Literal["ko", "en", "ru"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a person should know. An error stops, a warning does not.

    Attributes:
        rule: the English sentence.
        code: a stable name, as mixed-script; empty: it has none.
        place: from and to, in code points of the field's text; None: it is about the whole.
        fix: what would stand at the place; None: a person must write it.
        told: the values of the message, by name.
    """

    severity: Severity
    field: str
    value: str
    rule: str
    _: KW_ONLY
    code: str = ""
    place: tuple[int, int] | None = None
    fix: str | None = None
    told: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.field} {self.value}: {self.rule}"

    def message(self, reader: Reader) -> str:
        """Return the sentence in the reader's language; the English rule where the catalogue has none for the code."""
        from campaign.core.lint.words import sentence  # the lint makes findings: it stands above this file

        return sentence(self.code, reader, dict(self.told)) or self.rule
