"""What a campaign asks of its accounts, and when the posts of an account go out."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from campaign.core.plan import AccountRule
from campaign.core.states import State
from campaign.store.plans import account_rules
from campaign.store.tables import deliveries, outgoings, posts, targets


def rule_of(tx: Connection, campaign_id: str, account_id: str) -> AccountRule:
    """Return what a campaign asks of an account; where it asks nothing, a rule that says nothing."""
    query = sa.select(account_rules).where(
        account_rules.c.campaign_id == campaign_id, account_rules.c.account_id == account_id
    )
    row = tx.execute(query).mappings().first()
    return _rule(row) if row is not None else AccountRule(campaign_id, account_id)


def rules_of(tx: Connection, campaign_id: str) -> dict[str, AccountRule]:
    """Return account id → what a campaign asks of it, where it asks anything."""
    query = sa.select(account_rules).where(account_rules.c.campaign_id == campaign_id)
    return {row["account_id"]: _rule(row) for row in tx.execute(query).mappings()}


def keep(tx: Connection, rule: AccountRule) -> None:
    """Keep a rule in the place of the one that was there."""
    tx.execute(
        account_rules.delete().where(
            account_rules.c.campaign_id == rule.campaign_id, account_rules.c.account_id == rule.account_id
        )
    )
    tx.execute(
        account_rules.insert().values(
            campaign_id=rule.campaign_id,
            account_id=rule.account_id,
            steps=rule.steps,
            spacing_minutes=None if rule.spacing is None else int(rule.spacing.total_seconds() // 60),
            slots={lang: list(times) for lang, times in rule.slots.items()},
            zones=dict(rule.zones),
        )
    )


def times_of(
    tx: Connection, account_id: str, starts: datetime, ends: datetime, *, but: str | None = None
) -> list[tuple[datetime, str, tuple[str, ...]]]:
    """Return when posts of an account go out, or went out, between two instants, by their time.

    Counted is what a reader sees as a post: the first part of each, drafts that wait for approval with it; what was
    cancelled is not.

    Args:
        but: the row id of a post that is left out.

    Returns:
        (aware UTC, the post's name, its languages)
    """
    at: sa.ColumnElement[Any] = sa.func.coalesce(deliveries.c.due_at, outgoings.c.due_at)
    query = (
        sa.select(at.label("at"), posts.c.name, outgoings.c.langs)
        .join(targets, targets.c.id == outgoings.c.target_id)
        .join(posts, posts.c.id == outgoings.c.post_id)
        .outerjoin(deliveries, deliveries.c.outgoing_id == outgoings.c.id)
        .where(
            targets.c.account_id == account_id,
            outgoings.c.superseded_at.is_(None),
            outgoings.c.parent_id.is_(None),
            sa.or_(deliveries.c.id.is_(None), deliveries.c.state != State.CANCELLED),
            at > starts,
            at < ends,
        )
        .order_by(at, posts.c.name)
    )
    if but is not None:
        query = query.where(outgoings.c.post_id != but)
    return [(row.at, row.name, tuple(row.langs)) for row in tx.execute(query)]


def _rule(row: RowMapping) -> AccountRule:
    minutes = row["spacing_minutes"]
    return AccountRule(
        campaign_id=row["campaign_id"],
        account_id=row["account_id"],
        steps=row["steps"],
        spacing=None if minutes is None else timedelta(minutes=minutes),
        slots={lang: tuple(times) for lang, times in row["slots"].items()},
        zones=row["zones"],
    )
