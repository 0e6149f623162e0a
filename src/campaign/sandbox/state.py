"""What the rooms of the twin share."""

from dataclasses import dataclass, field
from typing import Any

from campaign.sandbox.books import Books
from campaign.sandbox.clock import PlatformClock
from campaign.sandbox.faults import Faults
from campaign.sandbox.limits import Limits, Throttle


@dataclass(slots=True)
class Sandbox:
    """One running sandbox."""

    books: Books
    clock: PlatformClock
    base_url: str
    seed: int = 2019
    faults: Faults = field(default_factory=Faults)
    throttle: Throttle = field(default_factory=lambda: Throttle(Limits()))
    key_lifetime: float = 3600.0  # PostStatusService keeps a key with redis.setex for 3600 s
    wide: bool = False  # no limit that a month in a minute would meet
    video_seconds: float = 0.5  # how long a video is processed
    sheets: dict[str, dict[str, int]] = field(default_factory=dict)  # account → limits that differ from the usual ones
    kinds: dict[str, str] = field(default_factory=dict)  # account → what software its server runs, if not Mastodon
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)  # what such a server keeps under a key

    @property
    def host(self) -> str:
        return self.base_url.partition("://")[2]
