"""How far this machine's clock is off, as the servers that it spoke to tell by their Date headers."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime

HOSTS = 9  # the last ones that answered; each has one vote, so that one wrong server decides nothing
EACH = 60.0  # seconds between two looks at the Date of one host: a look costs more than a claim
GOOD_FOR = 3600.0  # seconds for which what a host told counts
SLOWEST = 10.0  # seconds; of a longer exchange one cannot say when in it the answer was dated


class Skew:
    """Keeps what the last hosts told; seconds, positive where they are ahead of us. Safe to read from any thread."""

    def __init__(self) -> None:
        self._told: OrderedDict[str, tuple[float, float]] = OrderedDict()  # host → offset, monotonic second

    def note(
        self, host: str, headers: Mapping[str, str], *, sent: datetime, now: Callable[[], datetime], mono: float
    ) -> None:
        """Take the Date of an answer (RFC 9110 §6.6.1: whole seconds); names of headers are in lower case."""
        known = self._told.get(host)
        if known is not None and 0 <= mono - known[1] < EACH:
            return
        # RFC 9111 §5.1: an answer with an Age comes from a cache, and is dated when the cache got it.
        if "age" in headers or not 0 <= (took := (now() - sent).total_seconds()) <= SLOWEST:
            return
        from email.utils import parsedate_to_datetime

        try:
            dated = parsedate_to_datetime(headers["date"])
            offset = (dated - sent).total_seconds() + 0.5 - took / 2
        except (KeyError, ValueError, TypeError):
            return  # no Date, or none that can be read, or one without a zone
        told = self._told.copy()
        told[host] = offset, mono
        told.move_to_end(host)
        while len(told) > HOSTS:
            told.popitem(last=False)
        self._told = told

    def median(self, mono: float) -> float | None:
        """Return the offset of the host in the middle; None: none has told lately."""
        fresh = sorted(offset for offset, at in self._told.values() if 0 <= mono - at < GOOD_FOR)
        if not fresh:
            return None
        middle = len(fresh) // 2
        return fresh[middle] if len(fresh) % 2 else (fresh[middle - 1] + fresh[middle]) / 2
