"""what a translation is based on, field by field; steps of approval; days off, series, words, remarks, secret links."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
WORDING = ("text", "title", "tags", "link")
LOOKS = (("ix_outgoings_to_warn", "warned_at"), ("ix_outgoings_to_look", "looked_at"))


def upgrade() -> None:
    _surroundings()
    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.add_column(sa.Column("langs", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("accounts", sa.JSON(), server_default="[]", nullable=False))
    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.add_column(sa.Column("window_minutes", sa.Integer(), server_default="15", nullable=True))
        batch_op.add_column(sa.Column("approval_days", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("unready", sa.Text(), server_default="hold_language", nullable=False))
        batch_op.add_column(sa.Column("required_tags", sa.JSON(), server_default="{}", nullable=False))
    with op.batch_alter_table("posts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("langs", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("overflow", sa.Text(), server_default="refuse", nullable=False))
        batch_op.add_column(sa.Column("gap", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("fold", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("quiet_because", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("series_id", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("number", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("changed_at", INSTANT, nullable=True))
        batch_op.create_foreign_key(op.f("fk_posts_series_id"), "series", ["series_id"], ["id"])
    with op.batch_alter_table("targets", schema=None) as batch_op:
        batch_op.add_column(sa.Column("overrides", sa.JSON(), server_default="{}", nullable=False))
    _variants()
    with op.batch_alter_table("approvals", schema=None) as batch_op:
        batch_op.add_column(sa.Column("step", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("steps", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("due_at", INSTANT, nullable=True))
        batch_op.add_column(sa.Column("expires_at", INSTANT, nullable=True))
        batch_op.add_column(sa.Column("reason", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("carried_from", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("void_at", INSTANT, nullable=True))
        batch_op.add_column(sa.Column("void_because", sa.Text(), nullable=True))
        batch_op.drop_constraint(op.f("uq_approvals_post_id_outgoing_sha256_lang"), type_="unique")
        batch_op.create_index("ix_approvals_of", ["post_id", "outgoing_sha256", "lang"])
    with op.batch_alter_table("outgoings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("warned_at", INSTANT, nullable=True))
        batch_op.add_column(sa.Column("looked_at", INSTANT, nullable=True))
    for name, column in LOOKS:
        left = sa.text(f"superseded_at IS NULL AND {column} IS NULL")
        op.create_index(name, "outgoings", ["due_at"], sqlite_where=left, postgresql_where=left)


def downgrade() -> None:
    for name, _ in LOOKS:
        op.drop_index(name, "outgoings")
    with op.batch_alter_table("outgoings", schema=None) as batch_op:
        batch_op.drop_column("looked_at")
        batch_op.drop_column("warned_at")
    with op.batch_alter_table("approvals", schema=None) as batch_op:
        batch_op.drop_index("ix_approvals_of")
        batch_op.create_unique_constraint(
            op.f("uq_approvals_post_id_outgoing_sha256_lang"), ["post_id", "outgoing_sha256", "lang"]
        )
        for name in ("void_because", "void_at", "carried_from", "reason", "expires_at", "due_at", "steps", "step"):
            batch_op.drop_column(name)
    with op.batch_alter_table("variants", schema=None) as batch_op:
        for name in ("machine", "captions", "alt", "based_on"):
            batch_op.drop_column(name)
        batch_op.add_column(sa.Column("based_on", sa.Integer(), nullable=True))
    with op.batch_alter_table("targets", schema=None) as batch_op:
        batch_op.drop_column("overrides")
    with op.batch_alter_table("posts", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("fk_posts_series_id"), type_="foreignkey")
        for name in (
            "changed_at", "version", "number", "series_id", "quiet_because", "fold", "gap", "overflow", "langs",
        ):  # fmt: skip
            batch_op.drop_column(name)
    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        for name in ("required_tags", "unready", "approval_days", "window_minutes"):
            batch_op.drop_column(name)
    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.drop_column("accounts")
        batch_op.drop_column("langs")
    for name in ("feeds", "reviews", "review_links", "waivers", "terms", "series", "blackouts", "account_rules"):
        op.drop_table(name)


def _variants() -> None:
    """One number said what all of a wording is based on; now each field says it by itself."""
    bind = op.get_bind()
    rows = bind.execute(sa.text("SELECT post_id, lang, revision, based_on FROM variants WHERE based_on IS NOT NULL"))
    known = [dict(row) for row in rows.mappings()]
    with op.batch_alter_table("variants", schema=None) as batch_op:
        batch_op.drop_column("based_on")
    with op.batch_alter_table("variants", schema=None) as batch_op:
        batch_op.add_column(sa.Column("based_on", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("alt", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("captions", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("machine", sa.Text(), nullable=True))
    put = sa.text(
        "UPDATE variants SET based_on = :fields WHERE post_id = :post_id AND lang = :lang AND revision = :revision"
    )
    if known:
        fields = [json.dumps(dict.fromkeys(WORDING, row.pop("based_on"))) for row in known]
        bind.execute(put, [{**row, "fields": each} for row, each in zip(known, fields, strict=True)])


def _surroundings() -> None:
    op.create_table(
        "account_rules",
        sa.Column("campaign_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=True),
        sa.Column("spacing_minutes", sa.Integer(), nullable=True),
        sa.Column("slots", sa.JSON(), nullable=False),
        sa.Column("zones", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_rules_account_id")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_account_rules_campaign_id")),
        sa.PrimaryKeyConstraint("campaign_id", "account_id", name=op.f("pk_account_rules")),
    )
    op.create_table(
        "blackouts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("campaign_id", sa.String(length=36), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("langs", sa.JSON(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("title", sa.JSON(), nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_blackouts_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blackouts")),
        sa.UniqueConstraint("campaign_id", "name", name=op.f("uq_blackouts_campaign_id_name")),
    )
    op.create_table(
        "series",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("campaign_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("starts", sa.Text(), nullable=False),
        sa.Column("min_gap_minutes", sa.Integer(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_series_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("campaign_id", "name", name=op.f("uq_series_campaign_id_name")),
    )
    op.create_table(
        "terms",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("campaign_id", sa.String(length=36), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("forms", sa.JSON(), nullable=False),
        sa.Column("translate", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_terms_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terms")),
        sa.UniqueConstraint("campaign_id", "name", name=op.f("uq_terms_campaign_id_name")),
    )
    op.create_table(
        "waivers",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("post_id", sa.String(length=36), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_waivers_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waivers")),
    )
    op.create_index(op.f("ix_waivers_post_id"), "waivers", ["post_id"])
    op.create_table(
        "review_links",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("post_id", sa.String(length=36), nullable=False),
        sa.Column("langs", sa.JSON(), nullable=False),
        sa.Column("guest", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_review_links_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_links")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_review_links_token_sha256")),
    )
    op.create_table(
        "reviews",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("post_id", sa.String(length=36), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("link_id", sa.String(length=36), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["review_links.id"], name=op.f("fk_reviews_link_id")),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_reviews_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index(op.f("ix_reviews_post_id"), "reviews", ["post_id"])
    op.create_table(
        "feeds",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("texts", sa.Boolean(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feeds")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_feeds_token_sha256")),
    )
