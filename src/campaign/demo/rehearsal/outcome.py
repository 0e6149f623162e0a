"""What a rehearsal tells: one line per delivery, budgets that would be exceeded, remarks, and what was left out."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from campaign.core.model import Lang
from campaign.core.schedule import in_zone
from campaign.demo.rehearsal.budget import Breach

Standing = Literal["published", "late", "missed", "refused", "held", "uncertain", "not rehearsed"]
STANDINGS: tuple[Standing, ...] = ("published", "late", "missed", "refused", "held", "uncertain", "not rehearsed")
FINE = ("published", "not rehearsed")
GOING = ("published", "late", "held", "not rehearsed")  # what a person means to send, and may
LATE = timedelta(minutes=1)  # what goes out later than this after its time is called late


@dataclass(frozen=True, slots=True)
class Line:
    """One delivery, or what would be one if it were approved."""

    id: str  # of its Outgoing
    post: str
    part: int
    parts: int
    account: str
    platform: str
    langs: tuple[Lang, ...]
    due_at: datetime
    late_after: datetime
    zone: str  # the post's
    home: str  # the campaign's zone
    length: int
    limit: int
    media: int
    text: str
    parent: str | None = None  # the Outgoing that it answers
    standing: Standing = "uncertain"
    why: str | None = None
    refused_by: Literal["check", "twin"] | None = None  # ours, before anything is sent; or the platform's twin
    moved_because: str | None = None
    out_at: datetime | None = None
    requests: int = 0  # that it took, uploads included
    uploads: int = 0

    def stands(self, standing: Standing, why: str | None = None, **more: Any) -> "Line":
        """Return the line with what came of it."""
        return replace(self, standing=standing, why=why, **more)

    def left_behind(self, before: "Line") -> "Line":
        """Return the line when the part that it continues does not go out."""
        standing: Standing = before.standing if before.standing in ("held", "not rehearsed") else "missed"
        return self.stands(standing, f"the part before it is {before.standing}", out_at=None)

    @property
    def order(self) -> tuple[Any, ...]:
        """By time; parts of one text in their order."""
        return self.due_at, self.post, self.account, self.langs, self.part

    @property
    def name(self) -> str:
        """How messages call it: P03/ko to kr."""
        part = f" part {self.part}" if self.parts > 1 else ""
        return f"{self.post}/{'+'.join(self.langs)}{part} to {self.account}"

    def plain(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "post": self.post,
            "part": self.part,
            "parts": self.parts,
            "account": self.account,
            "platform": self.platform,
            "langs": list(self.langs),
            "local": in_zone(self.due_at, self.zone),
            "home": in_zone(self.due_at, self.home),
            "due_at": _iso(self.due_at),
            "out_at": _iso(self.out_at),
            "state": self.standing,
            "why": self.why,
            "refused_by": self.refused_by,
            "moved_because": self.moved_because,
            "text_length": self.length,
            "text_limit": self.limit,
            "media": self.media,
            "requests": self.requests,
            "uploads": self.uploads,
        }


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that stops nothing, and that a person should look at."""

    kind: Literal["burst", "night", "empty days", "same text", "language"]
    text: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of a rehearsal."""

    campaign: str
    zone: str
    starts: datetime
    ends: datetime
    drafts: bool
    lines: tuple[Line, ...]
    breaches: tuple[Breach, ...]
    remarks: tuple[Remark, ...]
    left_out: tuple[str, ...]
    seconds: float

    @property
    def tally(self) -> dict[str, int]:
        """How many deliveries stand how."""
        found = Counter(line.standing for line in self.lines)
        return {standing: found[standing] for standing in STANDINGS if found[standing]}

    @property
    def exit_code(self) -> int:
        """0: all that could be rehearsed would go out in time. 6: something would not."""
        return 0 if all(line.standing in FINE for line in self.lines) and not self.breaches else 6

    def plain(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "campaign": self.campaign,
            "zone": self.zone,
            "from": _iso(self.starts),
            "until": _iso(self.ends),
            "drafts_as_approved": self.drafts,
            "tally": self.tally,
            "deliveries": [line.plain() for line in self.lines],
            "rate_limits": [breach.plain() for breach in self.breaches],
            "remarks": [{"kind": remark.kind, "text": remark.text} for remark in self.remarks],
            "left_out": list(self.left_out),
            "seconds": self.seconds,
        }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
