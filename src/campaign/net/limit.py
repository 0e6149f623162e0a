"""Rate budgets: how soon the next request of an account may go."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from campaign.core import budget as budgets
from campaign.core.budget import Book, Budget, Grant, Step, do, draw, fresh
from campaign.core.clock import Clock
from campaign.core.errors import CampaignError, Invalid, Spent

CHUNK = 20  # a worker holds at most a twentieth of a budget's size in its hand
FARTHEST = 120.0  # seconds after which whoever was sent away asks again, unless a hold lasts longer
AGAIN = 5.0  # seconds after which a book that could not be written is tried again
KEPT = 1.0  # seconds; what was not used by then is given back


class Limiter:
    """Lets requests through as the budgets admit. Waiting is first come, first served, and may be cancelled.

    With a book the budgets are shared with all processes that use it. Requests are then drawn in chunks, and whatever
    is to be written for many keys at about the same time is one transaction, in a thread. A crash loses what is in the
    hand: it is unused budget, never more than a chunk. Real monotonic time; one event loop at a time.

    Args:
        clock: the source of monotonic time.
        book: where budgets are shared; None: they are this process's own.
        requests: how many requests a window admits where nothing else is said; None: any number.
        seconds: the length of that window.
        sleep: how to wait; passed in by whoever turns the clock by hand.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        book: Book | None = None,
        requests: int | None = None,
        seconds: float = 1.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock, self._book, self._sleep = clock, book, sleep
        self._default = requests, seconds
        self._own: dict[str, Budget] = {}
        self._accounts: dict[str, _Account] = {}
        self._orders: list[_Order] = []
        self._writing: asyncio.Task[None] | None = None

    def allow(self, key: str, requests: int | None, seconds: float, *, under: str | None = None) -> None:
        """Say how many requests a window of this key admits; what was used already stays used.

        `under` is the key of the credential that it belongs to: a hold of that one is a hold of this one too.
        """
        account = self._account(key)
        account.size, account.seconds = requests, seconds
        self._post(key, budgets.rule(requests, seconds, under=under), now=False)

    def resize(self, key: str, requests: int) -> None:
        """Say that a window of this key admits another number of requests, the window being as long as it was."""
        account = self._account(key)
        if account.size is not None and requests > 0 and account.size != requests:
            account.size = requests
            self._post(key, budgets.resize(requests))

    def settle(self, key: str, remaining: int, reset_in: float | None) -> None:
        """Take the platform's word for how many requests are left; only what is news is written."""
        account, now = self._account(key), self._clock.uptime()
        believed = self.left(key)
        slack = max(1.0, (account.size or 0) / CHUNK)
        raises = account.told_until > now and remaining > account.told + 4 * slack
        # Requests under way are counted by us and not yet by them: a little more than we believe is no news.
        if raises or remaining < believed - slack:
            account.told = float(remaining)
            account.told_until = now + (account.seconds if reset_in is None else reset_in)
            self._post(key, budgets.settle(remaining, reset_in))

    def hold(self, key: str, seconds: float) -> None:
        """Let nothing through for a while: the platform said 429."""
        account = self._account(key)
        account.held_until = max(account.held_until, self._clock.uptime() + seconds)
        self._post(key, budgets.hold(seconds))

    def left(self, key: str) -> float:
        """Return how many requests may go, as far as this process knows; a hold left aside."""
        account = self._account(key)
        return account.left_at(self._clock.uptime()) + sum(hand.tokens for hand in account.hands)

    def give_back(self, key: str, n: int = 1) -> None:
        """Return requests that were taken and did not go."""
        self._post(key, budgets.give_back(n))

    async def take(self, key: str, n: int = 1, *, reading: bool = False, within: float | None = None) -> None:
        """Wait until n requests may go. Reading leaves half of the budget to publishing, and never stands before it.

        Args:
            within: wait no longer than so many seconds; None: however long it takes.

        Raises:
            Spent: it would take longer, or the book cannot be written; nothing was taken.
            Invalid: a window never admits so many.
        """
        account = self._account(key)
        hand = account.hands[reading]
        deadline = None if within is None else self._clock.uptime() + within
        if deadline is not None:
            self._give_up(key, account, account.estimate(n + hand.wanted, self._clock.uptime()), deadline)
        hand.wanted += n
        try:
            async with hand.lock:
                while (wait := await self._try(key, account, hand, n, reading)) > 0:
                    if deadline is not None:
                        self._give_up(key, account, wait, deadline)
                    await self._sleep(wait)
        finally:
            hand.wanted -= n

    async def aclose(self) -> None:
        """Give back what is in the hand and write what is to be written; the next event loop may begin."""
        for key, account in self._accounts.items():
            for hand in account.hands:
                self._empty(key, hand)
        if self._book is not None and self._orders:
            self._write_soon()
        if self._writing is not None and self._writing.get_loop() is asyncio.get_running_loop():
            await asyncio.wait([self._writing])
        self._writing = None
        for account in self._accounts.values():
            account.hands = _Hand(), _Hand()  # a lock belongs to one loop

    def _give_up(self, key: str, account: "_Account", wait: float, deadline: float) -> None:
        if (now := self._clock.uptime()) + wait > deadline:
            why = "the platform asked us to wait" if account.held_until > now else "its rate budget is used up"
            raise Spent(f"{key}: {why}; the next request may go in {wait:.0f} s", retry_after=account.turn(wait, now))

    async def _try(self, key: str, account: "_Account", hand: "_Hand", n: int, reading: bool) -> float:
        """Take n requests now and return 0, or return the seconds to wait."""
        now = self._clock.uptime()
        if account.held_until > now:
            return account.held_until - now
        if hand.tokens and (hand.tokens < n or now - hand.since > KEPT):
            self._empty(key, hand)
        if hand.tokens < n:
            order = self._post(key, draw(n, self._chunk(account, hand, n), reading=reading), hand=hand)
            grant: Grant = order.grant or await order.future
            if grant.size is not None and n > grant.size:
                raise Invalid("n", n, f"the budget of {key} is {grant.size} requests")
            if not grant.granted:
                return grant.wait
        hand.tokens -= n
        return 0.0

    def _chunk(self, account: "_Account", hand: "_Hand", n: int) -> int:
        """Return how many are worth being drawn at once: who waits already, or twice what was used up within a second.

        A chunk outlives its use by a second at most, so more than a twentieth of the size is never out of the book.
        """
        if self._book is None:
            return n
        # Without a size there is nothing to run out of: only a hold is to be noticed.
        most = account.size // CHUNK if account.size is not None else 1000
        quick = self._clock.uptime() - hand.since <= KEPT
        hand.pace = min(2 * hand.pace, max(1, most)) if quick else 1
        return max(n, min(max(hand.wanted, hand.pace), most))

    def _post(self, key: str, step: Step, *, now: bool = True, hand: "_Hand | None" = None) -> "_Order":
        """Have a step done: at once where the budgets are our own, else with whatever else is written next."""
        order = _Order(key, step, hand)
        if self._book is None:
            old = self._own.get(key) or fresh(self._clock.uptime(), size=self._default[0], seconds=self._default[1])
            self._own[key], grant = do(old, step, self._clock.uptime())
            self._received(order, grant)
            return order
        if hand is not None:
            order.future = asyncio.get_running_loop().create_future()
        self._orders.append(order)
        if now:
            self._write_soon()
        return order

    def _received(self, order: "_Order", grant: Grant) -> None:
        """Learn from what a step came to. What was drawn is in the hand, whether whoever asked still waits or not."""
        order.grant, now, account = grant, self._clock.uptime(), self._account(order.key)
        account.size, account.seconds = grant.size, grant.seconds
        account.left, account.left_since = grant.left, now
        account.told = max(0.0, account.told - grant.granted)
        if grant.held:
            account.held_until = now + grant.held
        if order.hand is not None and grant.granted:
            order.hand.tokens += grant.granted
            order.hand.since = now
            if self._book is not None:
                asyncio.get_running_loop().call_later(KEPT, self._expire, order.key, order.hand, now)

    def _write_soon(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # with the next request
        if self._writing is None or self._writing.done() or self._writing.get_loop() is not loop:
            self._writing = loop.create_task(self._write())

    async def _write(self) -> None:
        while self._book is not None and self._orders:
            orders, self._orders = self._orders, []
            try:
                grants = await asyncio.to_thread(self._book.apply, [(order.key, order.step) for order in orders])
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing was drawn, and nothing is sent
                self._failed(orders, error)
                return
            for order, grant in zip(orders, grants, strict=True):
                self._received(order, grant)
                if order.future is not None and not order.future.done():
                    order.future.set_result(order.grant)

    def _failed(self, orders: "list[_Order]", error: Exception) -> None:
        for order in orders:
            if order.future is not None and not order.future.done():
                why = str(error) if isinstance(error, CampaignError) else f"{type(error).__name__}: {error}"
                # Not now, and no attempt is lost by it: the database is away, or its disk is full.
                said = f"{order.key}: its rate budget cannot be read: {why}"
                order.future.set_exception(Spent(said, retry_after=AGAIN))
        # Rules and holds must not be forgotten: they go with the next draw.
        self._orders = [order for order in orders if order.future is None] + self._orders

    def _expire(self, key: str, hand: "_Hand", since: float) -> None:
        if hand.since == since:
            self._empty(key, hand)

    def _empty(self, key: str, hand: "_Hand") -> None:
        tokens, hand.tokens = hand.tokens, 0
        if tokens:
            self.give_back(key, tokens)

    def _account(self, key: str) -> "_Account":
        account = self._accounts.get(key)
        if account is None:
            account = self._accounts[key] = _Account(*self._default)
        return account


@dataclass(slots=True)
class _Hand:
    """Requests that were drawn and may go at once: for publishing, or for reading."""

    tokens: int = 0
    since: float = float("-inf")  # monotonic seconds
    pace: int = 1  # how many the last chunk was worth
    wanted: int = 0  # by those who wait
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)  # it wakes its waiters in their order


@dataclass(slots=True)
class _Account:
    """What this process knows of one budget."""

    size: int | None
    seconds: float
    held_until: float = float("-inf")
    left: float = float("inf")  # in the book, when it was last seen
    left_since: float = 0.0
    told: float = 0.0  # what the platform said is left until `told_until`, as far as it was passed on
    told_until: float = float("-inf")
    turns: float = float("-inf")  # the last turn that was given to who was sent away
    hands: tuple[_Hand, _Hand] = field(default_factory=lambda: (_Hand(), _Hand()))

    def left_at(self, now: float) -> float:
        """Return how many requests may be left in the book, as far as it can be told."""
        left = self.left
        if self.size is not None:
            left = min(self.size, left + (now - self.left_since) * self.size / self.seconds)
        return min(left, self.told) if self.told_until > now else left

    def estimate(self, n: int, now: float) -> float:
        """Return how long it would take until n more have gone: for who need not even stand in the queue."""
        held = self.held_until - now
        if self.size is None:
            return held
        lacking = n - self.hands[0].tokens - self.left_at(now)
        return max(held, lacking * self.seconds / self.size)

    def turn(self, wait: float, now: float) -> float:
        """Return the seconds after which who is sent away may ask again: each a little later than the one before.

        Else all would come back at once. A far turn is not waited for: the budget may have grown by then.
        """
        step = self.seconds / self.size if self.size else 0.0
        self.turns = max(now + wait, min(self.turns + step, now + FARTHEST))
        return max(1.0, self.turns - now)


@dataclass(slots=True)
class _Order:
    """A step to be done, and for whom."""

    key: str
    step: Step
    hand: _Hand | None = None
    future: Any = None  # of the grant, where a book is asked
    grant: Grant | None = None
