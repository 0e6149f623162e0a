"""The tables by which processes that publish tell each other, and people, how they are."""

import sqlalchemy as sa

from campaign.store.columns import Instant, metadata
from campaign.store.columns import id_column as _id

sightings = sa.Table(  # what a watcher saw on a platform that cannot be asked afterwards; append-only
    "sightings",
    metadata,
    sa.Column("watcher", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),  # the platform's own, rising
    sa.Column("at", Instant, nullable=False),
    sa.Column("seen", sa.JSON, nullable=False),
)

watches = sa.Table(  # until when a watcher has looked without a gap
    "watches",
    metadata,
    sa.Column("watcher", sa.Text, primary_key=True),
    sa.Column("since", Instant, nullable=False),
    sa.Column("until", Instant, nullable=False),
)

heartbeats = sa.Table(  # what each worker says of itself; doctor, health and the other workers read it
    "heartbeats",
    metadata,
    sa.Column("worker", sa.Text, primary_key=True),
    sa.Column("engine", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False, server_default=""),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("queues", sa.JSON, nullable=False, server_default="[]"),  # what it works on; empty: everything
    sa.Column("boot", sa.Text, nullable=False),
    sa.Column("beats", sa.BigInteger, nullable=False, server_default="0"),  # rises with each beat; still: it is dead
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("ticked_at", Instant, nullable=False),
    sa.Column("ticked_mono", sa.Float, nullable=False),
    sa.Column("clock_offset", sa.Float),  # seconds by which others are ahead of its clock, by their Date headers
)

eras = sa.Table(  # of the database's clock, as far as workers share it; one that stepped begins a new era
    "eras",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("began_at", Instant, nullable=False),
)

budgets = sa.Table(  # how many requests may still go, shared by all workers; monotonic seconds of `boot`
    "budgets",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("size", sa.Integer),  # requests that a window admits; NULL: any number
    sa.Column("seconds", sa.Float, nullable=False),  # the length of that window
    sa.Column("tokens", sa.Float, nullable=False),
    sa.Column("filled_at", sa.Float, nullable=False),
    sa.Column("held_until", sa.Float, nullable=False),  # the platform said 429: nothing before it
    sa.Column("held_till", Instant),  # the same in the campaign's time: another boot has no other way to know
    sa.Column("told", sa.Integer),  # how many the platform said are left until told_until
    sa.Column("told_until", sa.Float, nullable=False, server_default="0"),
    sa.Column("under", sa.Text, index=True),  # the key of the credential whose holds are this account's too
    sa.Column("boot", sa.Text, nullable=False),
)

notices = sa.Table(  # what a person must be told, once each
    "notices",
    metadata,
    _id(),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),  # what it is about: an account's name, a delivery's id
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("told_at", Instant),  # when it was handed over to the notifier
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_at", Instant),  # not handed over again before it
    sa.Column("over_at", Instant),  # when its cause was gone
    sa.Index(
        "ix_notices_open",
        "kind",
        "subject",
        unique=True,  # the same news is told once while it lasts
        sqlite_where=sa.text("over_at IS NULL"),
        postgresql_where=sa.text("over_at IS NULL"),
    ),
)
