"""The clock port: the only way to the time. bootstrap chooses what stands behind it."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Two times that must not be mixed.

    `now` is the campaign's time (aware UTC; virtual in a demo): when posts are due, what a record says.
    `monotonic` is real time in seconds that only goes forward: leases, time-outs, back-off, key lifetimes. All who
    share the rows share it; `boot` names what it counts from. `uptime` is for what one process compares with itself.
    """

    @property
    def boot(self) -> str:
        """What `monotonic` counts from: values of another boot mean nothing."""
        ...

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    def uptime(self) -> float:
        """Return this machine's own seconds, those that it slept through counted where it can tell them."""
        ...

    def measure(self, *, worker: bool = False) -> None:
        """Look anew at a clock that is another machine's; a worker does it at each of its beats.

        Args:
            worker: a jump may be written down, so that all others learn of it.
        """
        ...

    async def wait_until(self, instant: datetime) -> None:
        """Return when `now` has reached the instant (aware UTC)."""
        ...
