"""The glossary as CSV: term, a column for each language, forbidden, translate, note, source, valid_until.

A language's cell holds the form, and behind it, with | between, the stems that find it: Синханчхон|Синханчхон*. The
forbidden forms stand as LANG:FORM, with | between; without LANG: their letters tell the language.
"""

import csv
import io
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

from campaign.core.errors import Invalid, ManyInvalid
from campaign.core.plan import Form, Term
from campaign.core.text import normalise
from campaign.sheets.column import guarded, unguarded
from campaign.sheets.comma import read_comma

BETWEEN: Final = "|"
_OTHERS: Final = ("forbidden", "translate", "note", "source", "valid_until")
_LANG: Final = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_LETTERS: Final = (
    ("ko", re.compile(r"[가-힣ㄱ-ㅎㅏ-ㅣ]")),
    ("ru", re.compile(r"[а-яё]", re.I)),
    ("en", re.compile(r"[a-z]", re.I)),
)
_YES, _NO = ("", "yes", "y", "1", "true"), ("no", "n", "0", "false")


def read_terms(file: Path) -> tuple[list[str], list[tuple[int, Term]]]:
    """Return what is to be known about how a file was read, and its terms with the numbers of their rows.

    The terms have no ids and belong to no campaign yet.

    Raises:
        Invalid: it is no CSV, lacks its header, or a cell cannot be read (several: ManyInvalid, each with its row).
    """
    notes, rows = read_comma(file)
    wrong: list[Invalid] = []
    found: list[tuple[int, Term]] = []
    columns: list[str] = []
    for number, cells in rows:
        texts = [normalise(unguarded(str(cell))) for cell in cells]
        if not any(texts):
            continue
        if not columns:
            columns = _columns([text.casefold() for text in texts])
            continue
        try:
            found.append((number, _term(dict(zip(columns, texts, strict=False)))))
        except Invalid as error:
            wrong.append(Invalid(f"row {number} {error.field}", error.value, error.rule))
    if not columns:
        raise Invalid("file", file.name, "is empty; its first row names the columns: term, ko, ru, forbidden, …")
    if wrong:
        raise wrong[0] if len(wrong) == 1 else ManyInvalid(wrong)
    return notes, found


def write_terms(terms: Sequence[Term], langs: Sequence[str]) -> str:
    """Return terms as CSV; `langs`: whose columns stand there in any case, in this order."""
    spoken = list(dict.fromkeys([*langs, *(lang for term in terms for lang in sorted(term.forms))]))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["term", *spoken, *_OTHERS])
    for term in terms:
        forms = [term.forms.get(lang) for lang in spoken]
        cells = [BETWEEN.join((form.text, *form.stems)) if form else "" for form in forms]
        wrong = [f"{lang}:{one}" for lang in spoken if lang in term.forms for one in term.forms[lang].forbidden]
        until = term.valid_until.isoformat() if term.valid_until else ""
        cells = [
            term.name,
            *cells,
            BETWEEN.join(wrong),
            "yes" if term.translate else "no",
            term.note,
            term.source,
            until,
        ]
        writer.writerow([guarded(cell) for cell in cells])
    return text.getvalue()


def read_day(field: str, text: str) -> date | None:
    """Return the last day on which a term is used; a year alone means its end. Raises: Invalid.

    >>> read_day("valid_until", "2023"), read_day("valid_until", "")
    (datetime.date(2023, 12, 31), None)
    """
    if not text:
        return None
    try:
        return date(int(text), 12, 31) if re.fullmatch(r"\d{4}", text) else date.fromisoformat(text)
    except ValueError:
        raise Invalid(field, text, "must be a day written YYYY-MM-DD, or a year") from None


def split_form(field: str, text: str) -> tuple[str, tuple[str, ...]]:
    """Return the form and the stems of a cell. Raises: Invalid."""
    form, *stems = (part.strip() for part in text.split(BETWEEN))
    if not form:
        raise Invalid(
            field, text, f"must begin with the form as it is written; stems follow it, with {BETWEEN} between"
        )
    return form, tuple(stem for stem in stems if stem)


def _columns(names: Sequence[str]) -> list[str]:
    wrong = [name for name in names if name not in ("term", *_OTHERS) and not _LANG.fullmatch(name)]
    if "term" not in names or wrong or len(set(names)) != len(names):
        known = "term, a column for each language (ko, ru, en), " + ", ".join(_OTHERS)
        raise Invalid("header", ", ".join(wrong or names), f"must name the columns, each once: {known}")
    return list(names)


def _term(cells: dict[str, str]) -> Term:
    name = cells.pop("term")
    if not name:
        raise Invalid("term", "", "must not be empty")
    others = {key: cells.pop(key, "") for key in _OTHERS}
    spoken = {lang: split_form(lang, cell) for lang, cell in cells.items() if cell}
    wrong: dict[str, list[str]] = {}
    for part in (part.strip() for part in others["forbidden"].split(BETWEEN) if part.strip()):
        lang, form = _forbidden(part, list(cells))
        if lang not in spoken:
            raise Invalid(
                "forbidden", part, f"has no form in {lang} that should stand instead; fill in the column {lang}"
            )
        wrong.setdefault(lang, []).append(form)
    forms = {lang: Form(text, stems, tuple(wrong.get(lang, ()))) for lang, (text, stems) in spoken.items()}
    if others["translate"].casefold() not in _YES + _NO:
        raise Invalid("translate", others["translate"], "must be yes or no")
    return Term(
        id="",
        campaign_id=None,
        name=name,
        forms=forms,
        translate=others["translate"].casefold() in _YES,
        note=others["note"],
        source=others["source"],
        valid_until=read_day("valid_until", others["valid_until"]),
    )


def _forbidden(part: str, langs: Sequence[str]) -> tuple[str, str]:
    lang, colon, form = part.partition(":")
    if colon and lang.strip() in langs and form.strip():
        return lang.strip(), form.strip()
    for lang, letters in _LETTERS:
        if letters.search(part) and lang in langs:
            return lang, part
    raise Invalid("forbidden", part, f"must say which language it is of, as in {next(iter(langs), 'ko')}:{part}")
