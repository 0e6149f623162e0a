"""The tables. Instants are aware UTC; digests are sha256 in hex; ids are UUIDv7 strings."""

import sqlalchemy as sa

from campaign.store import plans, signs
from campaign.store.columns import Instant
from campaign.store.columns import id_column as _id
from campaign.store.columns import metadata as _metadata
from campaign.store.columns import reference as _of

metadata = _metadata  # whoever imports it from here has the tables in it, those of the other rooms too
OTHERS = (plans, signs)

people = sa.Table(
    "people",
    metadata,
    _id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("roles", sa.JSON, nullable=False),
    sa.Column("login", sa.Text, unique=True),
    sa.Column("langs", sa.JSON, nullable=False, server_default="[]"),  # that this person translates or reviews
    sa.Column("accounts", sa.JSON, nullable=False, server_default="[]"),  # that this person approves for
    sa.Column("password_hash", sa.Text),  # argon2id; NULL: cannot log in to the desk
    sa.Column("locale", sa.Text),  # the language that this person reads the desk in
    sa.Column("created_at", Instant, nullable=False),
)

sessions = sa.Table(  # who is logged in to the desk; only a digest of the cookie is kept
    "sessions",
    metadata,
    sa.Column("token_sha256", sa.String(64), primary_key=True),
    _of("people", "person_id"),
    sa.Column("csrf", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
)

login_links = sa.Table(  # a link that lets one person in once, to choose a password
    "login_links",
    metadata,
    sa.Column("token_sha256", sa.String(64), primary_key=True),
    _of("people", "person_id"),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("used_at", Instant),
)

campaigns = sa.Table(
    "campaigns",
    metadata,
    _id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("title", sa.JSON, nullable=False),
    sa.Column("source_lang", sa.Text, nullable=False),
    sa.Column("languages", sa.JSON, nullable=False),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("approval", sa.Text, nullable=False),
    sa.Column("grace_seconds", sa.Integer, nullable=False),
    sa.Column("late", sa.Text, nullable=False, server_default="ask"),  # what becomes of the missed: ask | cancel
    sa.Column("quiet_hours", sa.JSON, nullable=False),
    sa.Column("window_minutes", sa.Integer, server_default="15"),  # a move by more voids approvals; NULL: none does
    sa.Column("approval_days", sa.Integer),
    sa.Column("unready", sa.Text, nullable=False, server_default="hold_language"),
    sa.Column("required_tags", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("demo", sa.Boolean, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)

legs = sa.Table(
    "legs",
    metadata,
    _id(),
    _of("campaigns", "campaign_id"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("starts_on", sa.Date, nullable=False),
    sa.Column("ends_on", sa.Date, nullable=False),
    sa.Column("title", sa.JSON, nullable=False),
    sa.Column("latitude", sa.Float),
    sa.Column("longitude", sa.Float),
    sa.UniqueConstraint("campaign_id", "name"),
)

posts = sa.Table(
    "posts",
    metadata,
    _id(),
    _of("campaigns", "campaign_id"),
    _of("legs", "leg_id", nullable=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("local_at", sa.Text, nullable=False),  # wall time, ISO without zone
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("tzdata", sa.Text, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("place", sa.JSON, nullable=False),
    sa.Column("langs", sa.JSON, nullable=False, server_default="[]"),  # that it is to go out in
    sa.Column("overflow", sa.Text, nullable=False, server_default="refuse"),
    sa.Column("gap", sa.Text),
    sa.Column("fold", sa.Text),
    sa.Column("quiet_because", sa.Text),
    _of("series", "series_id", nullable=True),
    sa.Column("number", sa.Integer),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("changed_at", Instant),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("campaign_id", "name"),
)

variants = sa.Table(  # revisions are append-only
    "variants",
    metadata,
    _of("posts", "post_id", primary_key=True),
    sa.Column("lang", sa.Text, primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("link", sa.Text),
    sa.Column("based_on", sa.JSON, nullable=False, server_default="{}"),  # field → the source revision it translates
    sa.Column("change", sa.Text, nullable=False, server_default="meaning"),  # meaning | typo
    sa.Column("title", sa.Text),
    sa.Column("alt", sa.JSON, nullable=False, server_default="{}"),  # position → alt, where another than came with it
    sa.Column("captions", sa.JSON, nullable=False, server_default="{}"),  # position → digest, likewise
    sa.Column("machine", sa.Text),  # the tool that translated it; NULL: a person
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)

media = sa.Table(
    "media",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("mime", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("width", sa.Integer),
    sa.Column("height", sa.Integer),
    sa.Column("seconds", sa.Float),  # of a clip
)

post_media = sa.Table(
    "post_media",
    metadata,
    _of("posts", "post_id", primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("sha256", sa.String(64), sa.ForeignKey("media.sha256"), nullable=False),
    sa.Column("alt", sa.JSON, nullable=False),  # language → alt text
    sa.Column("captions", sa.JSON, nullable=False, server_default="{}"),  # language → digest of a WebVTT file
    sa.Column("poster", sa.String(64)),  # digest of the frame that stands for a clip
)

accounts = sa.Table(
    "accounts",
    metadata,
    _id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("base_url", sa.Text, nullable=False),
    sa.Column("handle", sa.Text, nullable=False),
    sa.Column("remote_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("langs", sa.JSON, nullable=False),
    sa.Column("guarantee", sa.Text, nullable=False),
    sa.Column("sheet", sa.JSON, nullable=False),
    sa.Column("connected_at", Instant, nullable=False),
    sa.Column("removed_at", Instant),
    sa.Column("archive_state", sa.Text, nullable=False),
)

credentials = sa.Table(  # AES-256-GCM, the account's id as associated data; the key lies outside the database
    "credentials",
    metadata,
    _of("accounts", "account_id", primary_key=True),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False, server_default="1"),  # each renewal is one more
    sa.Column("renewal", sa.JSON(none_as_null=True)),  # what it is renewed with, nothing secret; NULL: it is not
    sa.Column("expires_at", Instant),  # for people; the daemon goes by the next two: real time
    sa.Column("expires_mono", sa.Float),
    sa.Column("boot", sa.Text),
    sa.Column("refusals", sa.Integer, nullable=False, server_default="0"),  # what is thought of it
    sa.Column("lease", sa.Text),  # the worker that renews it now, alone
    sa.Column("lease_until", sa.Float),
    sa.Column("lease_boot", sa.Text),
)

connections = sa.Table(  # consents that were asked for and did not come back yet; each is used once
    "connections",
    metadata,
    sa.Column("state_sha256", sa.String(64), primary_key=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("session_sha256", sa.String(64)),  # of the desk's session that asked; NULL: the command line
    sa.Column("draft", sa.JSON, nullable=False),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),  # verifier, client secret, key; state_sha256 is bound in
    sa.Column("began_at", Instant, nullable=False),
    sa.Column("expires_mono", sa.Float, nullable=False),
    sa.Column("boot", sa.Text, nullable=False),
)

targets = sa.Table(
    "targets",
    metadata,
    _id(),
    _of("posts", "post_id"),
    _of("accounts", "account_id"),
    sa.Column("strategy", sa.Text, nullable=False),
    sa.Column("langs", sa.JSON, nullable=False),
    sa.Column("overrides", sa.JSON, nullable=False, server_default="{}"),  # language → another wording for this account
    sa.UniqueConstraint("post_id", "account_id"),
)

outgoings = sa.Table(  # exactly what leaves; a row is never changed, only superseded
    "outgoings",
    metadata,
    _id(),
    _of("targets", "target_id"),
    _of("posts", "post_id"),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("canonical", sa.LargeBinary, nullable=False),
    sa.Column("langs", sa.JSON, nullable=False),
    sa.Column("part", sa.Integer, nullable=False),
    _of("outgoings", "parent_id", nullable=True),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("moved_because", sa.Text),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("superseded_at", Instant),  # another one goes out in its place
    sa.Column("warned_at", Instant),  # when it was looked at a day before its time
    sa.Column("looked_at", Instant),  # and half an hour before
    sa.Index("ix_outgoings_post_id", "post_id"),
    sa.Index(
        "ix_outgoings_to_warn",
        "due_at",
        sqlite_where=sa.text("superseded_at IS NULL AND warned_at IS NULL"),
        postgresql_where=sa.text("superseded_at IS NULL AND warned_at IS NULL"),
    ),
    sa.Index(
        "ix_outgoings_to_look",
        "due_at",
        sqlite_where=sa.text("superseded_at IS NULL AND looked_at IS NULL"),
        postgresql_where=sa.text("superseded_at IS NULL AND looked_at IS NULL"),
    ),
)

approvals = sa.Table(  # of exactly these bytes, in one language of theirs
    "approvals",
    metadata,
    _id(),
    _of("posts", "post_id"),
    sa.Column("outgoing_sha256", sa.String(64), nullable=False),
    sa.Column("lang", sa.Text, nullable=False),
    sa.Column("step", sa.Integer, nullable=False, server_default="1"),
    sa.Column("steps", sa.Integer, nullable=False, server_default="1"),  # there were to be; the last is the approval
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("due_at", Instant),  # the time that it was given for; NULL: for any
    sa.Column("expires_at", Instant),
    sa.Column("reason", sa.Text),  # why it was given against the rule
    sa.Column("carried_from", sa.String(64)),  # the bytes that it was given to; these differ in nothing of its own
    sa.Column("void_at", Instant),  # when it was taken back: returned, or the source says something else
    sa.Column("void_because", sa.Text),
    sa.Index("ix_approvals_of", "post_id", "outgoing_sha256", "lang"),
)

deliveries = sa.Table(  # target × part; the rows are the only truth
    "deliveries",
    metadata,
    _id(),
    _of("campaigns", "campaign_id"),
    _of("posts", "post_id"),
    _of("accounts", "account_id"),
    _of("outgoings", "outgoing_id", unique=True),  # a double click enqueues once
    _of("deliveries", "parent_id", nullable=True),
    sa.Column("outgoing_sha256", sa.String(64), nullable=False),
    sa.Column("langs", sa.JSON, nullable=False),
    sa.Column("part", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("late_after", Instant, nullable=False),  # due_at + the campaign's grace
    sa.Column("moved_because", sa.Text),
    sa.Column("held_because", sa.Text),  # why it is not claimed though it is due: its translation is outdated
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("guarantee", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("lease", sa.Text),
    sa.Column("boot", sa.Text),  # the boot that the monotonic columns count from
    sa.Column("lease_until", sa.Float),
    sa.Column("retry_at", sa.Float),
    sa.Column("sent_mono", sa.Float),
    sa.Column("sent_boot", sa.Text),  # the boot that sent_mono counts from; `boot` moves on with each claim
    sa.Column("doubt_mono", sa.Float),
    sa.Column("questions", sa.Integer, nullable=False),
    sa.Column("wire", sa.JSON),
    sa.Column("sent_at", Instant),
    sa.Column("remote_id", sa.Text),
    sa.Column("permalink", sa.Text),
    sa.Column("published_at", Instant),
    sa.Column("error", sa.Text),
    sa.Column("archive_state", sa.Text, nullable=False),
    sa.Column("measure_at", Instant),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("account_id", "remote_id"),  # a remote post belongs to one delivery
    sa.Index(
        "ix_deliveries_scheduled",
        "due_at",
        "id",  # a claim among thousands that are due at the same instant must not sort them
        sqlite_where=sa.text("state = 'scheduled'"),
        postgresql_where=sa.text("state = 'scheduled'"),
    ),
    sa.Index(
        "ix_deliveries_late",
        "late_after",
        sqlite_where=sa.text("state = 'scheduled'"),
        postgresql_where=sa.text("state = 'scheduled'"),
    ),
    sa.Index(
        "ix_deliveries_retry_at",
        "retry_at",
        sqlite_where=sa.text("retry_at IS NOT NULL"),
        postgresql_where=sa.text("retry_at IS NOT NULL"),
    ),
    sa.Index(
        "ix_deliveries_open",
        "state",
        sqlite_where=sa.text("state IN ('claimed', 'publishing', 'processing', 'uncertain')"),
        postgresql_where=sa.text("state IN ('claimed', 'publishing', 'processing', 'uncertain')"),
    ),
    sa.Index(
        "ix_deliveries_archive_due",
        "post_id",
        sqlite_where=sa.text("archive_state = 'due'"),
        postgresql_where=sa.text("archive_state = 'due'"),
    ),
    sa.Index(
        "ix_deliveries_measure_at",
        "measure_at",
        sqlite_where=sa.text("measure_at IS NOT NULL"),
        postgresql_where=sa.text("measure_at IS NOT NULL"),
    ),
    sa.Index("ix_deliveries_post_id", "post_id"),
    sa.Index("ix_deliveries_parent_id", "parent_id"),
)

attempts = sa.Table(
    "attempts",
    metadata,
    _id(),
    _of("deliveries", "delivery_id", index=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("ended_at", Instant, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("error", sa.Text),
)

exchanges = sa.Table(  # bytes as they went over the wire, secrets redacted
    "exchanges",
    metadata,
    _of("attempts", "attempt_id", primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("request", sa.LargeBinary, nullable=False),
    sa.Column("response", sa.LargeBinary),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("took", sa.Float, nullable=False),
    sa.Column("address", sa.Text),
    sa.Column("body_sha256", sa.String(64)),
    sa.Column("body_size", sa.BigInteger),
    sa.Column("redacted", sa.JSON, nullable=False),
)

measurements = sa.Table(  # append-only; value is NULL unless a number was told
    "measurements",
    metadata,
    _of("deliveries", "delivery_id", primary_key=True),
    sa.Column("metric", sa.Text, primary_key=True),
    sa.Column("as_of", Instant, primary_key=True),
    sa.Column("value", sa.BigInteger),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("sealed", sa.Boolean, nullable=False),
    sa.CheckConstraint("(value IS NOT NULL) = (status IN ('ok', 'stale'))", name="missing_is_said"),
    sa.Index(
        "ix_measurements_unsealed",
        "delivery_id",
        sqlite_where=sa.text("sealed = 0"),
        postgresql_where=sa.text("NOT sealed"),
    ),
)

answers = sa.Table(  # the bytes that readings were read from, until the record holds them
    "answers",
    metadata,
    _id(),
    _of("accounts", "account_id"),
    _of("deliveries", "delivery_id", nullable=True),  # whose comments were asked for; NULL: counters
    sa.Column("at", Instant, nullable=False),  # of the reading, not of the exchange
    sa.Column("number", sa.Integer, nullable=False),  # its place among those of the reading
    sa.Column("asked", sa.String(64), nullable=False),  # digest of the question
    sa.Column("told", sa.String(64), nullable=False),  # digest of the answer
    sa.Column("packed", sa.LargeBinary, nullable=False),
    sa.Index("ix_answers_asked", "account_id", "asked"),
)

comments = sa.Table(  # what people answered, each once
    "comments",
    metadata,
    _of("deliveries", "delivery_id", primary_key=True),
    sa.Column("remote_id", sa.Text, primary_key=True),
    sa.Column("in_reply_to", sa.Text, nullable=False),
    sa.Column("author", sa.Text),
    sa.Column("author_hash", sa.String(64)),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("at", Instant),
    sa.Column("record", sa.JSON(none_as_null=True)),
    sa.Column("first_seen_at", Instant, nullable=False),
    sa.Column("last_seen_at", Instant, nullable=False),
    sa.Column("gone_at", Instant),
    sa.Column("sealed", sa.Boolean, nullable=False),
)

pauses = sa.Table(  # a fence read before every send
    "pauses",
    metadata,
    _id(),
    sa.Column("scope", sa.Text, nullable=False),  # all | campaign | language | platform | account
    sa.Column("name", sa.Text, nullable=False),  # of what; empty for all
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("until", Instant),  # when it was lifted
    sa.Column("lifted_by", sa.Text),
    sa.Index(
        "ix_pauses_standing",
        "scope",
        "name",
        unique=True,  # two workers that put up the same fence at once put up one
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    ),
)

events = sa.Table(  # the log of what people and the daemon did; append-only
    "events",
    metadata,
    _id(),
    sa.Column("at", Instant, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("post_id", sa.String(36), index=True),
    sa.Column("delivery_id", sa.String(36)),
    sa.Column("detail", sa.JSON, nullable=False),
)
