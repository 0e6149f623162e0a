"""Rate budgets: how soon the next request of an account may go."""

import asyncio
from collections.abc import Awaitable, Callable

from campaign.core.clock import Clock
from campaign.core.errors import Invalid

READING_LEAVES = 0.5  # the share of every budget that reading never touches


class Limiter:
    """A token bucket per key, in real monotonic time. Waiting is first come, first served, and may be cancelled.

    Args:
        clock: the source of monotonic time.
        requests: how many requests a window admits where nothing else is said; None: any number.
        seconds: the length of that window.
        sleep: how to wait; passed in by whoever turns the clock by hand.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        requests: int | None = None,
        seconds: float = 1.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._default = requests, seconds
        self._buckets: dict[str, _Bucket] = {}

    def allow(self, key: str, requests: int, seconds: float) -> None:
        """Say how many requests a window of this key admits; what was used already stays used."""
        bucket = self._bucket(key)
        used = max(0.0, (bucket.size or 0) - bucket.tokens)
        bucket.size, bucket.per_second = requests, requests / seconds
        bucket.tokens = max(0.0, requests - used)

    def resize(self, key: str, requests: int) -> None:
        """Say that a window of this key admits another number of requests, the window being as long as it was."""
        bucket = self._bucket(key)
        if bucket.size and bucket.per_second and bucket.size != requests:
            self.allow(key, requests, bucket.size / bucket.per_second)

    def hold(self, key: str, seconds: float) -> None:
        """Let nothing through for a while: the platform said 429."""
        bucket = self._bucket(key)
        bucket.held_until = max(bucket.held_until, self._clock.monotonic() + seconds)

    async def take(self, key: str, n: int = 1, *, reading: bool = False) -> None:
        """Wait until n requests may go. Reading leaves half of the budget to publishing, and never stands before it."""
        bucket = self._bucket(key)
        if bucket.size is not None and n > bucket.size:
            raise Invalid("n", n, f"the budget of {key} is {bucket.size} requests")
        async with bucket.reading if reading else bucket.publishing:
            while (seconds := bucket.missing(n, self._clock.monotonic(), reading=reading)) > 0:
                await self._sleep(seconds)
            bucket.tokens -= n

    def _bucket(self, key: str) -> "_Bucket":
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(*self._default, self._clock.monotonic())
        return bucket


class _Bucket:
    def __init__(self, size: int | None, seconds: float, now: float) -> None:
        self.size = size
        self.per_second = (size or 0) / seconds
        self.tokens = float(size or 0)
        self.held_until = now
        self.publishing, self.reading = asyncio.Lock(), asyncio.Lock()  # a Lock wakes its waiters in their order
        self._filled_at = now

    def missing(self, n: int, now: float, *, reading: bool) -> float:
        """Return the seconds until n may be taken, as far as it can be told now."""
        if self.size is None:
            self.tokens = float(n)
        else:
            self.tokens = min(self.size, self.tokens + (now - self._filled_at) * self.per_second)
        self._filled_at = now
        held = self.held_until - now
        if self.size is None:
            return held
        wanted = min(self.size, n + self.size * READING_LEAVES) if reading else n
        lacking = wanted - self.tokens
        # A hair of rounding must not cost another turn of the loop.
        return max(held, lacking / self.per_second if lacking > 1e-9 else 0.0)
