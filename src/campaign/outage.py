"""What does not work is said once a minute, not at every look; that it works again is said once."""

from collections.abc import Callable

EVERY = 60.0  # seconds


class Outage:
    """One thing that may not work for a while.

    Args:
        log: an event and its fields.
        uptime: seconds of this machine.
        name: what the log calls it.
    """

    def __init__(self, log: Callable[..., None], uptime: Callable[[], float], *, name: str = "engine") -> None:
        self._log, self._uptime, self._name = log, uptime, name
        self._since: float | None = None
        self._said = 0.0

    @property
    def lasts(self) -> bool:
        """Whether it does not work just now."""
        return self._since is not None

    def failed(self, error: BaseException, **fields: object) -> None:
        """It does not work."""
        now = self._uptime()
        if self._since is None:
            self._since = now
        elif now - self._said < EVERY:
            return
        self._said = now
        what = str(error) if isinstance(error, ConnectionError) else f"{type(error).__name__}: {error}"
        self._log(f"{self._name}.failed", error=what, for_seconds=round(now - self._since), **fields)

    def over(self) -> None:
        """It works."""
        if self._since is not None:
            self._log(f"{self._name}.works_again", after_seconds=round(self._uptime() - self._since))
            self._since = None
