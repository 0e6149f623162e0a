"""The tables of what surrounds the posts: rules of accounts, days off, series, words, remarks, and secret links."""

import sqlalchemy as sa

from campaign.store.columns import Instant, metadata
from campaign.store.columns import id_column as _id
from campaign.store.columns import reference as _of

account_rules = sa.Table(  # what a campaign asks of one of its accounts
    "account_rules",
    metadata,
    _of("campaigns", "campaign_id", primary_key=True),
    _of("accounts", "account_id", primary_key=True),
    sa.Column("steps", sa.Integer),
    sa.Column("spacing_minutes", sa.Integer),
    sa.Column("slots", sa.JSON, nullable=False),  # language → local times
    sa.Column("zones", sa.JSON, nullable=False),  # language → the audience's zone
)

blackouts = sa.Table(  # days on which nothing should go out
    "blackouts",
    metadata,
    _id(),
    _of("campaigns", "campaign_id", nullable=True),  # NULL: of all campaigns
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("starts_on", sa.Date, nullable=False),
    sa.Column("ends_on", sa.Date, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # hard | soft
    sa.Column("langs", sa.JSON, nullable=False),  # empty: every audience
    sa.Column("zone", sa.Text),  # NULL: each audience's own
    sa.Column("title", sa.JSON, nullable=False),
    sa.Column("source", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("campaign_id", "name"),
)

series = sa.Table(  # posts that come again
    "series",
    metadata,
    _id(),
    _of("campaigns", "campaign_id"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),  # RFC 5545, section 3.3.10
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("starts", sa.Text, nullable=False),  # wall time, ISO without zone
    sa.Column("min_gap_minutes", sa.Integer, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.UniqueConstraint("campaign_id", "name"),
)

terms = sa.Table(  # the glossary
    "terms",
    metadata,
    _id(),
    _of("campaigns", "campaign_id", nullable=True),  # NULL: of all campaigns
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("forms", sa.JSON, nullable=False),  # language → text, stems, forbidden
    sa.Column("translate", sa.Boolean, nullable=False),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("source", sa.Text, nullable=False, server_default=""),
    sa.Column("valid_until", sa.Date),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("campaign_id", "name"),
)

waivers = sa.Table(  # findings that a person lets pass; append-only
    "waivers",
    metadata,
    _id(),
    _of("posts", "post_id", index=True),
    sa.Column("lang", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)

review_links = sa.Table(  # only a digest of the token is kept
    "review_links",
    metadata,
    _id(),
    sa.Column("token_sha256", sa.String(64), nullable=False, unique=True),
    _of("posts", "post_id"),
    sa.Column("langs", sa.JSON, nullable=False),
    sa.Column("guest", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("revoked_at", Instant),
)

reviews = sa.Table(  # what was said of a variant's revision; append-only
    "reviews",
    metadata,
    _id(),
    _of("posts", "post_id", index=True),
    sa.Column("lang", sa.Text, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("decision", sa.Text, nullable=False),  # ready | passed | returned | comment
    sa.Column("field", sa.Text),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    _of("review_links", "link_id", nullable=True),
    sa.Column("created_at", Instant, nullable=False),
)

feeds = sa.Table(  # calendars under a secret address; only a digest of the token is kept
    "feeds",
    metadata,
    _id(),
    sa.Column("token_sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("scope", sa.Text, nullable=False),  # campaign | account | person
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("texts", sa.Boolean, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("revoked_at", Instant),
)
