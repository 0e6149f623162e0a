"""Rate limits in windows of real time, whatever the platform's clock does."""

import time
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limit:
    """How many requests a window of seconds admits."""

    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands in the tightest of its windows."""

    limit: int
    remaining: int
    resets_in: float
    over: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """The throttles that matter here; smaller ones are passed in by tests.

    https://github.com/mastodon/mastodon/blob/main/config/initializers/rack_attack.rb
    """

    token: Limit = Limit(300, 300)
    user: Limit = Limit(1500, 300)
    anonymous: Limit = Limit(300, 300)
    media: Limit = Limit(30, 1800)
    delete: Limit = Limit(30, 1800)


@dataclass(slots=True)
class Throttle:
    """Counts per key; a window begins with its first request."""

    limits: Limits = field(default_factory=Limits)
    _windows: dict[tuple[str, str], tuple[float, int]] = field(default_factory=dict)

    def take(self, method: str, path: str, token: str | None, user: str | None, address: str) -> Standing:
        """Count one request and return the window that leaves least."""
        keys: list[tuple[tuple[str, str], Limit]] = []
        if token is None:
            keys.append((("anonymous", address), self.limits.anonymous))
        else:
            keys.append((("token", token), self.limits.token))
            keys.append((("user", user or token), self.limits.user))
            if method == "POST" and path in ("/api/v1/media", "/api/v2/media"):
                keys.append((("media", user or token), self.limits.media))
            if method == "DELETE" and path.startswith("/api/v1/statuses/"):
                keys.append((("delete", user or token), self.limits.delete))
        now = time.monotonic()
        if len(self._windows) > 10_000:
            longest = max(self.limits.token.seconds, self.limits.media.seconds, self.limits.delete.seconds)
            self._windows = {k: w for k, w in self._windows.items() if now - w[0] < longest}
        standings = [self._count(key, limit, now) for key, limit in keys]
        return min(standings, key=lambda standing: (not standing.over, standing.remaining))

    def count(self, key: tuple[str, str], limit: Limit) -> Standing:
        """Count one request against one limit of a platform's own."""
        return self._count(key, limit, time.monotonic())

    def _count(self, key: tuple[str, str], limit: Limit, now: float) -> Standing:
        began, n = self._windows.get(key, (now, 0))
        if now - began >= limit.seconds:
            began, n = now, 0
        n += 1
        self._windows[key] = (began, n)
        return Standing(limit.requests, max(0, limit.requests - n), limit.seconds - (now - began), n > limit.requests)
