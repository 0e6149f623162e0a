"""The glossary as people keep it: terms added, changed, removed, brought from a sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from campaign.core.errors import Invalid, ManyInvalid
from campaign.core.model import Person, Role
from campaign.core.plan import Form, Term
from campaign.core.text import check_text, normalise
from campaign.service import App, demand_role, event
from campaign.sheets.terms import BETWEEN
from campaign.store import campaigns as campaign_rows
from campaign.store import glossary as rows

LONGEST = 200  # characters of a form
MOST = 5_000  # terms of an installation


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a sheet of terms: the names of those that are new, that changed, and that stayed."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    same: tuple[str, ...]


def add_term(app: App, term: Term, *, by: Person, campaign_name: str | None = None) -> Term:
    """Add a term, of a campaign or of all; its id is made here.

    Raises:
        Invalid: a form breaks a rule.
        Conflict: there is one of that name.
        NotFound, Forbidden.
    """
    _demand(by)
    with app.store.begin() as tx:
        campaign_id = _campaign(tx, campaign_name)
        made = replace(checked(term), id=app.new_id(), campaign_id=campaign_id)
        rows.add(tx, made, at=app.clock.now())
        event(app, tx, "glossary.added", by.name, detail=_detail(made, campaign_name))
    return made


def edit_term(
    app: App,
    name: str,
    *,
    by: Person,
    forms: Mapping[str, Form | None] | None = None,
    campaign_name: str | None = None,
    **fields: Any,
) -> Term:
    """Change a term; what is not given stays.

    Args:
        forms: language → its form; None takes the language away.
        fields: translate, note, source, valid_until.

    Raises:
        Invalid: a form breaks a rule, or nothing would change.
        NotFound, Forbidden.
    """
    _demand(by)
    with app.store.begin() as tx:
        old = rows.named(tx, name, _campaign(tx, campaign_name))
        spoken = {lang: form for lang, form in {**old.forms, **(forms or {})}.items() if form is not None}
        new = checked(replace(old, forms=spoken, **fields))
        if new == old:
            raise Invalid("term", name, "is so already; nothing was changed")
        rows.edit(tx, new)
        event(app, tx, "glossary.edited", by.name, detail=_detail(new, campaign_name))
    return new


def remove_term(app: App, name: str, *, by: Person, campaign_name: str | None = None) -> Term:
    """Take a term away. Raises: NotFound, Forbidden."""
    _demand(by)
    with app.store.begin() as tx:
        term = rows.named(tx, name, _campaign(tx, campaign_name))
        rows.remove(tx, term)
        event(app, tx, "glossary.removed", by.name, detail=_detail(term, campaign_name))
    return term


def list_terms(app: App, campaign_name: str | None = None) -> list[tuple[Term, str | None]]:
    """Return the terms with the names of their campaigns (None: of all): every one, or those that a campaign keeps."""
    with app.store.read() as tx:
        if campaign_name is None:
            return rows.all_terms(tx)
        campaign = campaign_rows.campaign_named(tx, campaign_name)
        kept = rows.terms_of(tx, campaign.id)
        return [(term, campaign.name if term.campaign_id else None) for term in kept]


def import_terms(
    app: App, given: Sequence[tuple[int, Term]], *, by: Person, campaign_name: str | None = None, dry_run: bool = False
) -> Imported:
    """Bring terms into the glossary, all or none: new ones are added, others become as they are given, none is removed.

    Args:
        given: each with the number of its row.
        dry_run: say what would come of it, and keep nothing.

    Raises:
        ManyInvalid: what is wrong with them, each with its row.
        NotFound, Forbidden.
    """
    _demand(by)
    terms = _all_checked(given)
    added: list[str] = []
    changed: list[str] = []
    same: list[str] = []
    with app.store.begin() as tx:
        campaign_id = _campaign(tx, campaign_name)
        there = {term.name: term for term in rows.own_terms(tx, campaign_id)}
        for term in terms:
            old = there.get(term.name)
            new = replace(term, id=old.id if old else app.new_id(), campaign_id=campaign_id)
            (added if old is None else same if new == old else changed).append(term.name)
            if dry_run or new == old:
                continue
            if old is None:
                rows.add(tx, new, at=app.clock.now())
            else:
                rows.edit(tx, new)
        if len(there) + len(added) > MOST:
            raise Invalid("file", f"{len(there) + len(added)} terms", f"a glossary holds at most {MOST}")
        if not dry_run and (added or changed):
            detail = {"campaign": campaign_name, "added": len(added), "changed": len(changed)}
            event(app, tx, "glossary.imported", by.name, detail=detail)
    return Imported(tuple(added), tuple(changed), tuple(same))


def checked(term: Term) -> Term:
    """Return a term, clean. Raises: Invalid."""
    name = _line("term", term.name)
    if not term.forms:
        raise Invalid("term", name, "must have a form in at least one language, as in --form ko=…")
    forms: dict[str, Form] = {}
    for lang, form in term.forms.items():
        text = _line(lang, form.text)
        stems = tuple(dict.fromkeys(_line(f"stem ({lang})", stem) for stem in form.stems))
        wrong = tuple(dict.fromkeys(_line(f"forbidden ({lang})", one) for one in form.forbidden))
        for one in wrong:
            if one in (text, *stems):
                raise Invalid(f"forbidden ({lang})", one, "is what the glossary wants; it cannot be forbidden as well")
        for stem in stems:
            if not any(c.isalnum() for c in stem.replace("*", "")):
                raise Invalid(f"stem ({lang})", stem, "must hold a letter, as in Владивосток*")
        forms[lang] = Form(text, stems, wrong)
    note, source = normalise(term.note), normalise(term.source)
    return replace(term, name=name, forms=forms, note=note, source=source)


def _all_checked(given: Sequence[tuple[int, Term]]) -> list[Term]:
    wrong: list[Invalid] = []
    found: dict[str, Term] = {}
    for number, term in given:
        try:
            clean = checked(term)
            if clean.name in found:
                raise Invalid("term", clean.name, "stands there twice")
            found[clean.name] = clean
        except Invalid as error:
            wrong.append(Invalid(f"row {number} {error.field}", error.value, error.rule))
    if wrong:
        raise ManyInvalid(wrong)
    return list(found.values())


def _line(field: str, text: str) -> str:
    clean = check_text(field, text)
    if "\n" in clean or BETWEEN in clean or len(clean) > LONGEST:
        raise Invalid(field, clean[:40], f"must be one line of at most {LONGEST} characters, without {BETWEEN}")
    return clean


def _campaign(tx: Any, name: str | None) -> str | None:
    return campaign_rows.campaign_named(tx, name).id if name else None


def _demand(by: Person) -> None:
    demand_role(by, Role.AUTHOR, Role.TRANSLATOR)


def _detail(term: Term, campaign_name: str | None) -> dict[str, Any]:
    return {
        "term": term.name,
        "campaign": campaign_name,
        "forms": {lang: form.text for lang, form in term.forms.items()},
    }
