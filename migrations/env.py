"""Alembic's environment: runs the migrations over the connection that store/schema.py hands in."""

import sqlalchemy as sa
from alembic import context

from campaign.store.columns import Instant
from campaign.store.tables import metadata


def render_item(kind, item, autogen_context):
    if kind == "type" and isinstance(item, Instant):
        return "sa.DateTime(timezone=True)"
    return False


def run(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        render_item=render_item,
        transaction_per_migration=False,
    )
    context.run_migrations()


run(context.config.attributes["connection"])
