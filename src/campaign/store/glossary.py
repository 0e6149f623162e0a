"""The glossary's terms: kept, found by name, of one campaign or of all."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from campaign.core.errors import Conflict, NotFound
from campaign.core.plan import Form, Term
from campaign.store.plans import terms
from campaign.store.tables import campaigns


def add(tx: Connection, term: Term, *, at: datetime) -> None:
    """Keep a term. Raises: Conflict when there is one of that name for the same campaign, or for all."""
    if found(tx, term.name, term.campaign_id) is not None:
        raise Conflict(f"the glossary has a term '{term.name}' already; change it with: campaign glossary edit")
    tx.execute(terms.insert().values(id=term.id, campaign_id=term.campaign_id, created_at=at, **_values(term)))


def edit(tx: Connection, term: Term) -> None:
    """Keep a term as it is now."""
    tx.execute(terms.update().where(terms.c.id == term.id).values(**_values(term)))


def remove(tx: Connection, term: Term) -> None:
    """Take a term away."""
    tx.execute(terms.delete().where(terms.c.id == term.id))


def found(tx: Connection, name: str, campaign_id: str | None) -> Term | None:
    """Return the term of that name of a campaign, or of all campaigns (None); None: there is none."""
    row = tx.execute(sa.select(terms).where(terms.c.name == name, _of(campaign_id))).mappings().first()
    return _term(row) if row is not None else None


def named(tx: Connection, name: str, campaign_id: str | None) -> Term:
    """Return the term of that name. Raises: NotFound."""
    term = found(tx, name, campaign_id)
    if term is None:
        raise NotFound("term", name, "list them with: campaign glossary list")
    return term


def all_terms(tx: Connection) -> list[tuple[Term, str | None]]:
    """Return every term with the name of its campaign (None: of all), by name."""
    query = sa.select(terms, campaigns.c.name.label("campaign")).outerjoin(
        campaigns, campaigns.c.id == terms.c.campaign_id
    )
    rows = tx.execute(query.order_by(terms.c.name, terms.c.id)).mappings()
    return [(_term(row), row["campaign"]) for row in rows]


def terms_of(tx: Connection, campaign_id: str) -> tuple[Term, ...]:
    """Return the terms that a campaign keeps, by name: its own, and those of all that it has no own one of.

    While nothing was changed it is the same tuple, in one process: what is made of it need not be made again.
    """
    columns = [terms.c[name] for name in _COLUMNS]
    query = sa.select(*columns, sa.cast(terms.c.forms, sa.Text)).where(sa.or_(_of(None), _of(campaign_id)))
    return _kept(tuple(map(tuple, tx.execute(query.order_by(terms.c.name, terms.c.id)))))


_COLUMNS = ("id", "campaign_id", "name", "translate", "note", "source", "valid_until")


@lru_cache(maxsize=8)
def _kept(rows: tuple[tuple[Any, ...], ...]) -> tuple[Term, ...]:
    kept: dict[str, Term] = {}
    for *values, forms in rows:
        term = _term({**dict(zip(_COLUMNS, values, strict=True)), "forms": json.loads(forms)})
        if term.campaign_id is not None or term.name not in kept:
            kept[term.name] = term
    return tuple(kept.values())


def own_terms(tx: Connection, campaign_id: str | None) -> list[Term]:
    """Return the terms of a campaign alone, or those of all campaigns (None), by name."""
    rows = tx.execute(sa.select(terms).where(_of(campaign_id)).order_by(terms.c.name, terms.c.id)).mappings()
    return [_term(row) for row in rows]


def _of(campaign_id: str | None) -> sa.ColumnElement[bool]:
    return terms.c.campaign_id.is_(None) if campaign_id is None else terms.c.campaign_id == campaign_id


def _values(term: Term) -> dict[str, Any]:
    forms = {
        lang: {"text": form.text, "stems": list(form.stems), "forbidden": list(form.forbidden)}
        for lang, form in term.forms.items()
    }
    return {
        "name": term.name,
        "forms": forms,
        "translate": term.translate,
        "note": term.note,
        "source": term.source,
        "valid_until": term.valid_until,
    }


def _term(row: Mapping[Any, Any]) -> Term:
    forms = {
        lang: Form(form["text"], tuple(form.get("stems", ())), tuple(form.get("forbidden", ())))
        for lang, form in row["forms"].items()
    }
    return Term(
        id=row["id"],
        campaign_id=row["campaign_id"],
        name=row["name"],
        forms=forms,
        translate=row["translate"],
        note=row["note"],
        source=row["source"],
        valid_until=row["valid_until"],
    )
