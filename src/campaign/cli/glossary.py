"""The glossary: which word stands for which in each language, and which must not."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from campaign.cli.given import by_lang
from campaign.cli.here import HERE, Here
from campaign.cli.show import data, line, say, table
from campaign.core.errors import Invalid
from campaign.core.plan import Form, Term
from campaign.service import glossary
from campaign.sheets.terms import read_day, read_terms, split_form, write_terms
from campaign.store import campaigns as campaign_rows

Forms = Annotated[list[str] | None, Parameter(name="--form")]
Forbidden = Annotated[list[str] | None, Parameter(name="--forbid")]
Until = Annotated[str | None, Parameter(name="--until")]
Keep = Annotated[bool | None, Parameter(name="--keep", negative="--translate")]


def add(
    term: Annotated[str, Parameter(name="TERM")],
    /,
    *,
    form: Forms = None,
    forbid: Forbidden = None,
    keep: Keep = None,
    note: str = "",
    source: str = "",
    until: Until = None,
    campaign: str | None = None,
    here: Here = HERE,
) -> None:
    """Add a term.

    Examples: campaign glossary add Владивосток --form ko=블라디보스토크 --form ru=Владивосток --forbid ko=블라디보스톡
    · campaign glossary add I·SEOUL·U --form ko=I·SEOUL·U --keep --until 2023

    Russian endings are guessed where no stems are given. A stem ends in *: --form "ru=Синханчхон|Синханчхон*|Нов*
    Корейск* слободк*".

    Args:
        term: Its name.
        form: LANG=FORM, or LANG=FORM|STEM|STEM.
        forbid: LANG=FORM that must not stand; may be given several times.
        keep: It stands as it is in every language.
        note: What a writer should know.
        source: Where it comes from.
        until: The last day on which it is used, or a year.
        campaign: Of this campaign alone; else of all.
    """
    made = Term("", None, term, _forms(form, forbid, {}), not keep, note, source, read_day("until", until or ""))
    with here.opened() as app:
        kept = glossary.add_term(app, made, by=here.person(app), campaign_name=campaign)
    _answer(here, kept, campaign, f"term {kept.name} is kept")


def edit(
    term: Annotated[str, Parameter(name="TERM")],
    /,
    *,
    form: Forms = None,
    forbid: Forbidden = None,
    keep: Keep = None,
    note: str | None = None,
    source: str | None = None,
    until: Until = None,
    campaign: str | None = None,
    here: Here = HERE,
) -> None:
    """Change a term; what is not given stays.

    Example: campaign glossary edit Владивосток --form ru=Владивосток --forbid ru=Владивасток

    Args:
        term: Its name.
        form: LANG=FORM, or LANG=FORM|STEM|STEM; LANG= takes the language away.
        forbid: LANG=FORM that must not stand, in place of those there are in that language; LANG= takes them away.
        keep: It stands as it is in every language; --translate: it is translated.
        note: What a writer should know.
        source: Where it comes from.
        until: The last day on which it is used, or a year; empty: it does not end.
        campaign: The campaign's own term; else that of all.
    """
    with here.opened() as app:
        by = here.person(app)
        known = {each.name: each for each, owner in glossary.list_terms(app) if owner == campaign}
        old = dict(known[term].forms) if term in known else {}
        fields: dict[str, object] = {} if keep is None else {"translate": not keep}
        fields |= {name: value for name, value in (("note", note), ("source", source)) if value is not None}
        fields |= {} if until is None else {"valid_until": read_day("until", until)}
        forms = {**dict.fromkeys(_gone(form)), **_forms(form, forbid, old)}
        kept = glossary.edit_term(app, term, by=by, forms=forms, campaign_name=campaign, **fields)
    _answer(here, kept, campaign, f"term {kept.name} is changed")


def remove(term: Annotated[str, Parameter(name="TERM")], /, *, campaign: str | None = None, here: Here = HERE) -> None:
    """Take a term away.

    Example: campaign glossary remove Владивосток

    Args:
        term: Its name.
        campaign: The campaign's own term; else that of all.
    """
    with here.opened() as app:
        gone = glossary.remove_term(app, term, by=here.person(app), campaign_name=campaign)
    _answer(here, gone, campaign, f"term {gone.name} is gone")


def show_all(*, campaign: str | None = None, here: Here = HERE) -> None:
    """List the terms.

    Example: campaign glossary list --campaign peace-2019

    Args:
        campaign: What this campaign keeps: its own terms, and those of all.
    """
    with here.opened() as app:
        found = glossary.list_terms(app, campaign)
    if here.json:
        data([_plain(term, owner) for term, owner in found])
        return
    langs = list(dict.fromkeys(lang for term, _ in found for lang in sorted(term.forms)))
    rows = [
        [
            term.name,
            *(term.forms[lang].text if lang in term.forms else None for lang in langs),
            [wrong for form in term.forms.values() for wrong in form.forbidden],
            None if term.translate else "as it is",
            term.valid_until,
            owner or "all",
            term.note,
        ]
        for term, owner in found
    ]
    table(["term", *langs, "forbidden", "translated", "until", "campaign", "note"], rows)


def import_it(
    file: Annotated[Path, Parameter(name="FILE")],
    /,
    *,
    campaign: str | None = None,
    dry_run: bool = False,
    here: Here = HERE,
) -> None:
    """Bring terms from a CSV file, all or none; what is there already becomes as it is in the file.

    Columns: term, one for each language, forbidden, translate, note, source, valid_until. What export writes, import
    reads.

    Example: campaign glossary import terms.csv --dry-run

    Args:
        file: The file.
        campaign: Of this campaign alone; else of all.
        dry_run: Say what would come of it, and keep nothing.
    """
    notes, given = read_terms(file)
    with here.opened() as app:
        done = glossary.import_terms(app, given, by=here.person(app), campaign_name=campaign, dry_run=dry_run)
    for note in notes:
        say(note)
    if here.json:
        data({"added": done.added, "changed": done.changed, "same": done.same, "dry_run": dry_run})
    else:
        would = "would be " if dry_run else ""
        line(f"{len(done.added)} terms {would}added, {len(done.changed)} {would}changed, {len(done.same)} the same")


def export_it(
    file: Annotated[Path | None, Parameter(name="FILE")] = None,
    /,
    *,
    campaign: str | None = None,
    here: Here = HERE,
) -> None:
    """Write the terms as CSV, to a file or to standard output.

    Example: campaign glossary export terms.csv

    Args:
        file: The file.
        campaign: The campaign's own terms; else those of all campaigns.
    """
    with here.opened() as app:
        if campaign:
            with app.store.read() as tx:
                campaign_rows.campaign_named(tx, campaign)
        terms = [term for term, owner in glossary.list_terms(app) if owner == campaign]
    text = write_terms(terms, ("ko", "ru", "en"))
    if file is None:
        sys.stdout.write(text)
        return
    try:
        file.write_text(text, encoding="utf-8-sig", newline="")  # without the mark Excel cannot read Korean
    except OSError as error:
        raise Invalid("file", str(file), f"cannot be written: {error.strerror}") from None
    if here.json:
        data({"file": str(file), "terms": len(terms)})
    else:
        line(f"{len(terms)} terms are written to {file}")


def _forms(form: list[str] | None, forbid: list[str] | None, old: dict[str, Form]) -> dict[str, Form]:
    """Return the forms that are given, with the rest of the old ones."""
    found: dict[str, Form] = {}
    for lang, text in by_lang("form", form or []).items():
        if text:
            written, stems = split_form(f"form ({lang})", text)
            found[lang] = Form(written, stems, old[lang].forbidden if lang in old else ())
    wrong: dict[str, list[str]] = {}
    for item in forbid or []:
        [(lang, text)] = by_lang("forbid", [item]).items()
        wrong.setdefault(lang, []).extend([text] if text else [])
    for lang, forms in wrong.items():
        right = found.get(lang) or old.get(lang)
        if right is None:
            raise Invalid(f"forbid ({lang})", ", ".join(forms), f"needs what should stand instead: --form {lang}=…")
        found[lang] = Form(right.text, right.stems, tuple(forms))
    return found


def _gone(form: list[str] | None) -> list[str]:
    return [lang for lang, text in by_lang("form", form or []).items() if not text]


def _answer(here: Here, term: Term, campaign: str | None, words: str) -> None:
    if here.json:
        data(_plain(term, campaign))
    else:
        line(words)


def _plain(term: Term, owner: str | None) -> dict[str, object]:
    return {
        "term": term.name,
        "campaign": owner,
        "forms": {
            lang: {"text": form.text, "stems": form.stems, "forbidden": form.forbidden}
            for lang, form in term.forms.items()
        },
        "translate": term.translate,
        "note": term.note,
        "source": term.source,
        "valid_until": term.valid_until,
    }
