"""The clock port: the only way to the time. bootstrap chooses what stands behind it."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Two times that must not be mixed.

    `now` is the campaign's time (aware UTC; virtual in a demo): when posts are due, what a record says.
    `monotonic` is real time in seconds that only goes forward: leases, time-outs, back-off, key lifetimes.
    """

    boot: str  # monotonic values of another boot mean nothing

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    async def wait_until(self, instant: datetime) -> None:
        """Return when `now` has reached the instant (aware UTC)."""
        ...
