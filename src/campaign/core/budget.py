"""How many requests may still go: a bucket that fills with time, a hold, and the platform's own last word. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

READING_LEAVES = 0.5  # the share of every budget that reading never touches
LONGEST = 24 * 3600.0  # seconds; no hold and no word of a platform counts for longer
HAIR = 1e-9  # of a token; rounding must not cost another turn
EARLIER = 1.0  # seconds by which a word about another window differs from one about this one


class Grant(NamedTuple):
    """What one step came to.

    `wait` is the seconds until more can be had, as far as it can be told; 0 where all was granted. `left`, `size` and
    `seconds` are the budget as it is now: requests, and the rule; None for size: any number.
    """

    granted: int
    wait: float
    left: float
    size: int | None
    seconds: float
    held: float  # seconds that a hold still lasts


@dataclass(frozen=True, slots=True)
class Budget:
    """One budget at one time; times are monotonic seconds.

    Attributes:
        size: requests that a window admits, and the most that may go at once; None: any number.
        seconds: the length of that window.
        told: how many the platform said are left until `told_until`; it only ever lowers what the bucket holds.
        under: the key of the budget that this one shares its holds with: an account's, that of its credential.
    """

    size: int | None
    seconds: float
    tokens: float
    filled_at: float
    held_until: float = 0.0
    told: int | None = None
    told_until: float = 0.0
    under: str | None = None

    def at(self, now: float) -> "Budget":
        """Return it refilled, without what is over."""
        told = self.told if self.told_until > now else None
        tokens = self.tokens
        if self.size is not None:
            tokens = min(float(self.size), tokens + max(0.0, now - self.filled_at) * self.size / self.seconds)
        return replace(self, tokens=tokens, filled_at=now, told=told)

    @property
    def left(self) -> float:
        """How many requests may go, a hold left aside."""
        left = float("inf") if self.size is None else self.tokens
        return left if self.told is None else min(left, self.told)


def fresh(now: float, *, size: int | None = None, seconds: float = 1.0) -> Budget:
    """Return a budget of which nothing was used."""
    return Budget(size, seconds, float(size or 0), now)


Step = Callable[[Budget, float], tuple[Budget, int, float]]  # (budget, now) → after it, granted, seconds to wait


class Book(Protocol):
    """Where budgets are kept that several processes share. Synchronous: call it in a thread, in no transaction."""

    def apply(self, steps: Sequence[tuple[str, Step]]) -> list[Grant]:
        """Do the steps in their order, each on the budget of its key, all or none; return what each came to.

        Raises: whatever keeps the book from being written; nothing was changed then.
        """


def do(budget: Budget, step: Step, now: float) -> tuple[Budget, Grant]:
    """Return a budget after one step, and what came of it. One that the step left alone is returned as it was."""
    filled = budget.at(now)
    after, granted, wait = step(filled, now)
    grant = Grant(granted, wait, after.left, after.size, after.seconds, max(0.0, after.held_until - now))
    return budget if after is filled else after, grant


def draw(least: int, most: int | None = None, *, reading: bool = False) -> Step:
    """Take from `least` to `most` requests (default: exactly as many), or none. Reading leaves half of the size."""
    upper = max(least, most or least)

    def step(budget: Budget, now: float) -> tuple[Budget, int, float]:
        waits = [budget.held_until - now]
        stays = 0.0
        if budget.size is not None:
            stays = max(0.0, min(budget.size * READING_LEAVES, budget.size - least)) if reading else 0.0
            lacking = least + stays - budget.tokens
            waits.append(lacking * budget.seconds / budget.size if lacking > HAIR else 0.0)
        if budget.told is not None and budget.told < least + stays:
            waits.append(budget.told_until - now)
        if (wait := max(waits)) > 0:
            return budget, 0, wait
        granted = upper if budget.size is None and budget.told is None else min(upper, int(budget.left - stays + HAIR))
        told = None if budget.told is None else budget.told - granted
        tokens = budget.tokens if budget.size is None else max(0.0, budget.tokens - granted)
        return replace(budget, tokens=tokens, told=told), granted, 0.0

    return step


def give_back(n: int) -> Step:
    """Put back what was drawn and not used. What the platform told is not raised by it: it counts by itself."""
    return lambda budget, now: (replace(budget, tokens=budget.tokens + n).at(now), 0, 0.0)


def hold(seconds: float) -> Step:
    """Let nothing through for a while: the platform said 429. A shorter hold does not lift a longer one."""
    rest = min(max(0.0, seconds), LONGEST)
    return lambda budget, now: (replace(budget, held_until=max(budget.held_until, now + rest)), 0, 0.0)


def rule(size: int | None, seconds: float, *, under: str | None = None) -> Step:
    """Say what a window admits; what was used already stays used."""

    def step(budget: Budget, now: float) -> tuple[Budget, int, float]:
        tokens = float(size or 0)
        if size is not None and budget.size is not None:
            tokens = max(0.0, size - max(0.0, budget.size - budget.tokens))
        return replace(budget, size=size, seconds=seconds, tokens=tokens, under=under or budget.under), 0, 0.0

    return step


def resize(size: int) -> Step:
    """Say that a window admits another number of requests, being as long as it was."""

    def step(budget: Budget, now: float) -> tuple[Budget, int, float]:
        if size < 1 or budget.size is None or budget.size == size:
            return budget, 0, 0.0
        return rule(size, budget.seconds)(budget, now)

    return step


def settle(remaining: int, reset_in: float | None) -> Step:
    """Take the platform's word for how many are left, and for how many seconds that is so (None: one window).

    A word about a window that ended before the one that is known comes too late and changes nothing.
    """

    def step(budget: Budget, now: float) -> tuple[Budget, int, float]:
        until = now + min(max(0.0, budget.seconds if reset_in is None else reset_in), LONGEST)
        if budget.told is not None and until < budget.told_until - EARLIER:
            return budget, 0, 0.0
        return replace(budget, told=max(0, remaining), told_until=until).at(now), 0, 0.0

    return step
