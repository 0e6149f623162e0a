"""Values as they are typed: LANG=TEXT, a,b,c, @FILE."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from campaign.core.errors import Invalid

MAX_BYTES = 1 << 20  # of a text file, a YAML file, or what comes in by standard input


def by_lang(field: str, items: Sequence[str], *, files: bool = False) -> dict[str, str]:
    """Return language → text of LANG=TEXT items.

    Args:
        files: TEXT may be @FILE or - (standard input); @@ begins a text with one @.
    """
    found: dict[str, str] = {}
    for item in items:
        lang, equals, text = item.partition("=")
        lang = lang.strip()
        if not equals or not lang:
            raise Invalid(field, item, f"must be written LANG=TEXT, as in --{field} ko=…")
        if lang in found:
            raise Invalid(field, item, f"gives language {lang} twice")
        found[lang] = _text(f"{field} ({lang})", text) if files else text
    return found


def words(items: Sequence[str]) -> tuple[str, ...]:
    """Return the words of items that may each hold several, with commas between."""
    return tuple(word.strip() for item in items for word in item.split(",") if word.strip())


def tags_by_lang(items: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """Return language → hashtags of LANG=#a,#b items."""
    return {lang: words([text]) for lang, text in by_lang("tags", items).items()}


def read_bounded(field: str, file: Path) -> str:
    """Return the text of a file. Raises: Invalid when it is not there, no UTF-8, or too large."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise Invalid(field, str(file), f"cannot be read: {error.strerror}") from None
    return _decoded(field, str(file), raw)


def read_stdin(field: str) -> str:
    """Return what comes in by standard input."""
    return _decoded(field, "-", sys.stdin.buffer.read(MAX_BYTES + 1))


def _text(field: str, text: str) -> str:
    if text == "-":
        return read_stdin(field).rstrip("\r\n")
    if text.startswith("@@"):
        return text[1:]
    if text.startswith("@"):
        return read_bounded(field, Path(text[1:])).rstrip("\r\n")
    return text


def _decoded(field: str, name: str, raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise Invalid(field, name, f"is larger than {MAX_BYTES} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(field, name, f"is not UTF-8 (byte {error.start})") from None
