"""What surrounds the posts of a campaign: rules of its accounts, days off, series, words, remarks, and secret links."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from campaign.core.model import Field, Lang

Hardness = Literal["hard", "soft"]  # hard: nothing goes out; soft: a person is warned
Decision = Literal["ready", "passed", "returned", "comment"]


@dataclass(frozen=True, slots=True)
class AccountRule:
    """What a campaign asks of one of its accounts.

    Attributes:
        steps: how many people approve what goes to it; None: as many as the campaign says.
        spacing: how far apart its posts should be; None: as close as they come.
        slots: language → local times ("08:00") at which its audience is best reached.
        zones: language → the zone of that audience.
    """

    campaign_id: str
    account_id: str
    steps: int | None = None
    spacing: timedelta | None = None
    slots: Mapping[Lang, tuple[str, ...]] = field(default_factory=dict)
    zones: Mapping[Lang, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Blackout:
    """Days on which nothing should go out."""

    id: str
    campaign_id: str | None  # None: of all campaigns
    name: str
    starts_on: date
    ends_on: date
    kind: Hardness
    langs: tuple[Lang, ...] = ()  # of these audiences; empty: of all
    zone: str | None = None  # whose days are meant; None: each audience's own
    title: Mapping[Lang, str] = field(default_factory=dict)
    source: str = ""  # where it came from: a person, a calendar's UID


@dataclass(frozen=True, slots=True)
class Series:
    """Posts that come again by a rule (RFC 5545, section 3.3.10) in local time."""

    id: str
    campaign_id: str
    name: str
    rule: str
    zone: str
    starts: datetime  # naive wall time of the first
    min_gap: timedelta
    author: str
    created_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """A term in one language: as it is written, what finds it in any case, and what must not stand in its place."""

    text: str
    stems: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """One row of the glossary."""

    id: str
    campaign_id: str | None  # None: of all campaigns
    name: str
    forms: Mapping[Lang, Form]
    translate: bool = True  # False: it stands as it is in every language
    note: str = ""
    source: str = ""
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class Waiver:
    """A finding that a person lets pass, and why."""

    id: str
    post_id: str
    lang: Lang
    code: str
    value: str  # what the finding was about; empty: whatever it is
    person: str
    reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Review:
    """What somebody said of a variant's revision; append-only."""

    id: str
    post_id: str
    lang: Lang
    revision: int
    decision: Decision
    field: Field | None
    text: str
    person: str  # a guest's name where there is a link
    link_id: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ReviewLink:
    """A secret address at which a guest reads one post, says what he thinks, and may pass or return it."""

    id: str
    post_id: str
    langs: tuple[Lang, ...]
    guest: str
    person: str  # who made it
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """A secret address at which a calendar program reads what goes out."""

    id: str
    scope: Literal["campaign", "account", "person"]
    name: str
    texts: bool  # whether drafts are told in it
    person: str
    created_at: datetime
    revoked_at: datetime | None = None
