"""Speaks HTTP for one account: every request ends in one outcome and leaves one exchange."""

import asyncio
import copy
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Callable, Container, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import httpx

from campaign.core.adapter import Exchanges, Notebook
from campaign.core.clock import Clock
from campaign.core.errors import Outcome, RateLimited, Refused, Unauthorized, Unavailable, Uncertain, shown
from campaign.core.model import Exchange
from campaign.net.dpop import Holder
from campaign.net.exchange import Sent, request_message, response_message
from campaign.net.guard import Guard
from campaign.net.limit import Limiter
from campaign.net.line import Line
from campaign.net.redact import Redactor
from campaign.net.reply import Rate, Reply, names_rate, own_words, parsed, rate_of, retry_after
from campaign.net.skew import Skew

T = TypeVar("T")
SUCCESS = range(200, 300)
REPEATABLE = frozenset({"GET", "HEAD"})  # where a dead connection costs a second try and no doubt
FRESH = 1.0  # seconds; a connection idle for longer may be dead, and a dead one looks like an unknown outcome
READING_WAITS = 600.0  # seconds; a reading that its budget does not admit by then is planned again
LONGEST_WORDS = 200  # characters of a platform's own text in a message
MAX_DECODED = 16 * 1024 * 1024  # bytes of an answer that was compressed against our wish
AGENT = "campaign"
FAULTS = (
    httpx.HTTPError,
    httpx.StreamError,
    OSError,
    EOFError,
    zlib.error,
)  # what a line or a peer can do to a request


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `read` and `write` are for silence; `total` is for the whole exchange."""

    connect: float = 10.0
    read: float = 30.0
    write: float = 30.0
    pool: float = 30.0
    total: float = 120.0


class Client:
    """The one user of httpx. It follows no redirect, keeps no cookie, and repeats nothing.

    Args:
        base_url: what a path is joined to.
        token: sent as `Authorization: Bearer`, to the guard's declared hosts only.
        guard: where requests may go; None: to public addresses of the base URL's host.
        redactor: what must not be kept; None: the token.
        sink: gets one Exchange for each call of ask() and commit(), however it ends.
        step: called while one is under way: request.sent, request.received, commit.sent, commit.received.
        skew: is told how the clocks of those who answer differ from ours.
        budget: waited for before each request, under `budget_key` (default: the label): see admitted().
        label: how messages name it: "mastodon account kr".
        secrets: the account's secrets by name, for a platform whose token is no bearer token.
        memory: what adapters of this account share in this process, such as a session.
        notebook: where a watcher's sightings are kept.
        holder: of a token that is bound to a key of ours: it goes with a proof, and not as a bearer token.
        share: (sha256, MIME type) → an address of a medium for a platform that fetches it by itself.
    """

    def __init__(
        self,
        *,
        base_url: str,
        transport: httpx.AsyncBaseTransport,
        sink: Callable[[Exchange], None],
        step: Callable[[str], None] = lambda name: None,
        skew: Skew | None = None,
        clock: Clock,
        label: str,
        token: str | None = None,
        guard: Guard | None = None,
        redactor: Redactor | None = None,
        budget: Limiter | None = None,
        budget_key: str | None = None,
        timeouts: Timeouts | None = None,
        agent: str = AGENT,
        secrets: Mapping[str, str] | None = None,
        memory: dict[str, Any] | None = None,
        notebook: Notebook | None = None,
        share: Callable[[str, str], str] | None = None,
        holder: Holder | None = None,
    ) -> None:
        self.secrets = dict(secrets or ({"token": token} if token else {}))
        self.memory = memory if memory is not None else {}
        self.notebook = notebook
        self._share, self._holder = share, holder
        self.now, self.monotonic = clock.now, clock.monotonic
        base = httpx.URL(base_url)
        self._base, self._label = base_url.rstrip("/"), label
        self._transport, self._sink, self._clock, self._budget = transport, sink, clock, budget
        self._step, self._skew = step, skew
        self._leave: Callable[[], None] = lambda: None
        self._urgent = False
        self._guard = guard or Guard([base.netloc.decode("ascii")])
        self._redactor = redactor or Redactor([token] if token else [])
        self._bearer = f"Bearer {token}" if token else None
        self._budget_key = budget_key or label
        self._agent = agent
        times = timeouts or Timeouts()
        self._total = times.total
        self._times = {"connect": times.connect, "read": times.read, "write": times.write, "pool": times.pool}
        self._urls: dict[str, httpx.URL] = {}  # parsed once: parsing is a fifth of the cost of a request
        self._rate_source: tuple[Mapping[str, str], datetime] | None = None
        self._admitted = False  # whether a request of the budget is kept for commit()

    def to(self, sink: Exchanges) -> "Client":
        """Return the same client, whose exchanges end in another sink."""
        other = copy.copy(self)
        other._sink, other._step, other._leave, other._urgent = sink, sink.step, sink.leave, sink.urgent
        return other

    def learn(self, *secrets: str) -> None:
        """Keep what the platform gave out as a secret out of everything that is kept or shown."""
        self._redactor.learn(*secrets)

    def cleaned(self, text: str) -> str:
        """Return a text as it may be shown: without the secrets that are known."""
        return self._redactor.text(text)

    def share(self, sha256: str, mime: str) -> str:
        """Return a short-lived public address of a medium of the library.

        Raises:
            Refused: nobody outside reaches ours; the message says what to set.
        """
        if self._share is None:
            raise Refused(f"{self._label}: this platform fetches media by itself, and none can be shared here")
        try:
            return self._share(sha256, mime)
        except Refused as error:
            raise Refused(f"{self._label}: {error}") from error

    @property
    def rate(self) -> Rate | None:
        """What the platform last said about its budget."""
        return rate_of(*self._rate_source) if self._rate_source else None

    @asynccontextmanager
    async def admitted(self, within: float) -> AsyncIterator[None]:
        """Keep one request of the budget for commit(), which then waits no more; unused, it is given back.

        Args:
            within: how many seconds it may take.

        Raises:
            Spent: it would take longer, or the budget cannot be read.
        """
        if self._budget is None:
            yield
            return
        await self._budget.take(self._budget_key, within=within)
        self._admitted = True
        try:
            yield
        finally:
            if self._admitted:
                self._admitted = False
                self._budget.give_back(self._budget_key)

    async def ask(
        self,
        method: str,
        path_or_url: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        data: Mapping[str, Any] | None = None,
        files: Any = None,
        content: bytes | Iterable[bytes] | AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        ok: Container[int] = SUCCESS,
        foreign: bool = False,
        reading: bool | None = None,
        counted: bool = True,
    ) -> Reply:
        """Send a request that may be repeated.

        Args:
            ok: statuses that are answers and no errors.
            foreign: the platform returned this URL (an upload URL): any public host, without the token.
            reading: takes from the part of the budget that publishing leaves (default: a GET or HEAD does).
            counted: takes from the budget at all; the pieces of an upload are counted apart by most platforms.

        Raises:
            Unavailable: silence, 5xx, or no usable answer.
            Spent: the budget admits it too late. RateLimited: 429. Unauthorized: 401. Refused: other 3xx and 4xx.
        """
        body = {"params": params, "json": json, "data": data, "files": files, "content": content}
        reads = not self._urgent and (method in REPEATABLE if reading is None else reading)
        call = _Call(method, path_or_url, body, headers, ok, foreign, reads, commits=False, counted=counted)
        return await self._perform(call)

    async def commit(
        self,
        method: str,
        path_or_url: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        data: Mapping[str, Any] | None = None,
        files: Any = None,
        content: bytes | Iterable[bytes] | AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        ok: Container[int] = SUCCESS,
        foreign: bool = False,
    ) -> Reply:
        """Send the ONE irreversible request, over a connection that is new or was in use a moment ago.

        Args:
            foreign: as of ask(): the last piece of an upload that publishes by itself.

        Raises:
            Unavailable: proved that no byte of it left. RateLimited: 429. Unauthorized: 401.
            Refused: other 4xx. Uncertain: everything else; it must not be sent again.
        """
        body = {"params": params, "json": json, "data": data, "files": files, "content": content}
        return await self._perform(_Call(method, path_or_url, body, headers, ok, foreign, False, commits=True))

    async def perform(self, work: Callable[[], T]) -> T:
        """Do the ONE irreversible thing where it is no request but work on this machine, in a thread.

        Raises:
            Uncertain: it failed under way; whether it took effect must be looked at.
        """
        if self._budget is not None:
            if not self._admitted:
                await self._budget.take(self._budget_key)
            self._admitted = False
        self._leave()
        self._step("commit.sent")
        try:
            done = await asyncio.to_thread(work)
        except Exception as error:
            raise Uncertain(f"{self._label}: {type(error).__name__}: {self._redactor.text(str(error))}") from error
        self._step("commit.received")
        return done

    async def _perform(self, call: "_Call") -> Reply:
        try:
            return await self._tried(call)
        except _Nonce:  # the server looked at the proof and at nothing else: RFC 9449 §9
            return await self._tried(call, again=True)

    async def _tried(self, call: "_Call", *, again: bool = False) -> Reply:
        what = "commit" if call.commits else "request"
        line = Line(gone=lambda: self._step(f"{what}.sent"), leave=self._leave if call.commits else lambda: None)
        request = self._request(call, line)
        trail = _Trail(request, line, self._clock.now(), self._clock.monotonic())
        line.state = "not_sent"  # until a transport has it
        try:
            self._check(request, call.foreign)
            if self._budget is not None and call.counted:
                await self._wait(self._budget, call)
                trail.at, trail.started = self._clock.now(), self._clock.monotonic()
            line.state = "unknown"  # from here on only the transport can vouch
            async with asyncio.timeout(self._total):
                await _fetch(self._transport, request, trail)
            self._step(f"{what}.received")
            if self._skew is not None:
                sent, mono = trail.at, trail.started
                self._skew.note(request.url.host, trail.plain_headers, sent=sent, now=self._clock.now, mono=mono)
        except FAULTS as error:
            raise self._silence(call, request, trail, error) from error
        except Exception as error:
            if not call.commits or line.state == "not_sent":
                raise  # the guard or the budget said no, or it is a fault of ours that must be seen
            raise self._uncertain(request, f"{type(error).__name__} while it was under way") from error
        finally:
            self._sink(self._exchange(trail))
        if self._holder is not None and self._holder.asked(str(request.url), trail) and not again:
            if trail.sent is not None:
                raise self._unavailable(request, "the server wants a new nonce; this body cannot be sent again now")
            raise _Nonce
        return self._judged(call, request, trail)

    async def _wait(self, budget: Limiter, call: "_Call") -> None:
        if call.commits:
            if not self._admitted:
                await budget.take(self._budget_key)
            self._admitted = False  # used
        else:
            within = READING_WAITS if call.reads else self._total
            await budget.take(self._budget_key, reading=call.reads, within=within)

    def _request(self, call: "_Call", line: Line) -> httpx.Request:
        url = self._url(call.path_or_url)
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": self._agent}
        if self._bearer and not call.foreign and self._guard.declares(url):
            headers |= self._shown_token(call.method, str(url))
        if call.headers:
            given = {name.lower() for name in call.headers}
            headers = {name: value for name, value in headers.items() if name.lower() not in given}
            headers.update(call.headers)
        extensions: dict[str, Any] = {
            "line": line, "timeout": self._times, "deadline": self._total, "guard": self._guard,
        }  # fmt: skip
        if call.commits or call.method not in REPEATABLE:
            extensions["fresh_within"] = FRESH
        return httpx.Request(call.method, url, headers=headers, extensions=extensions, **call.body)

    def _shown_token(self, method: str, url: str) -> dict[str, str]:
        return self._holder.headers(method, url) if self._holder else {"Authorization": str(self._bearer)}

    def _url(self, path_or_url: str) -> httpx.URL:
        if path_or_url.startswith(("http://", "https://")):
            try:
                return httpx.URL(path_or_url)
            except httpx.InvalidURL as error:  # platforms return URLs
                where = shown(self._redactor.text(path_or_url))
                raise Refused(f"{self._label}: {where} is no URL that can be asked") from error
        url = self._urls.get(path_or_url)
        if url is None:
            url = httpx.URL(f"{self._base}/{path_or_url.lstrip('/')}")
            if len(self._urls) < 100:
                self._urls[path_or_url] = url
        return url

    def _check(self, request: httpx.Request, foreign: bool) -> None:
        self._guard.check_url(request.url, foreign=foreign)
        if not self._guard.declares(request.url) and "authorization" in request.headers:
            raise Refused(f"{self._named(request)}: a token goes to the account's declared hosts only")

    def _judged(self, call: "_Call", request: httpx.Request, trail: "_Trail") -> Reply:
        """Return a usable answer, or raise what its status means."""
        status, headers = trail.status, trail.plain_headers
        if names_rate(headers):
            self._rate_source = headers, trail.at
            self._learn(call)
        doubt = self._uncertain if call.commits else self._unavailable
        if status in call.ok:
            return Reply(status, trail.headers, trail.body, lambda why: doubt(request, why, status))
        body = parsed(trail.body)
        words = self._words(status, body)
        if status == 401:
            raise Unauthorized(f"{self._named(request)}: {words}", status=status, body=body)
        if status == 429:
            seconds = retry_after(headers, trail.at, body)
            if self._budget is not None:
                self._budget.hold(self._budget_key, seconds)
            raise RateLimited(f"{self._named(request)}: {words}", retry_after=seconds, status=status, body=body)
        if 300 <= status < 400 and not call.commits:
            there = _host(headers.get("location", ""), request.url)
            raise Refused(f"{self._named(request)}: {words}, redirects to {there}", status=status, body=body)
        if 400 <= status < 500 and status != 408:
            raise Refused(f"{self._named(request)}: {words}", status=status, body=body)
        raise doubt(request, words, status, body)

    def _learn(self, call: "_Call") -> None:
        """Take over what the platform itself tells: the size of the budget, unlike its sheet, and how much is left.

        Only from a GET: what other requests tell may be about a narrower budget, of uploads or deletions.
        """
        if call.method != "GET" or call.foreign or self._budget is None or (rate := self.rate) is None:
            return
        if rate.limit:
            self._budget.resize(self._budget_key, rate.limit)
        if rate.remaining is not None:
            self._budget.settle(self._budget_key, rate.remaining, rate.reset)

    def _silence(self, call: "_Call", request: httpx.Request, trail: "_Trail", error: Exception) -> Outcome:
        why = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        unsent = trail.line.state == "not_sent"
        if unsent and isinstance(error, httpx.LocalProtocolError | httpx.UnsupportedProtocol):
            return Refused(f"{self._named(request)}: cannot be sent: {self._redactor.text(why)}")
        if unsent or not call.commits:
            return self._unavailable(request, f"nothing was sent ({why})" if unsent else f"no answer ({why})")
        return self._uncertain(request, f"no answer ({why})")

    def _unavailable(
        self, request: httpx.Request, why: str, status: int | None = None, body: Any = None
    ) -> Unavailable:
        return Unavailable(f"{self._named(request)}: {self._redactor.text(why)}", status=status, body=body)

    def _uncertain(self, request: httpx.Request, why: str, status: int | None = None, body: Any = None) -> Uncertain:
        message = f"{self._named(request)}: {self._redactor.text(why)}; it may have arrived"
        return Uncertain(message, status=status, body=body)

    def _named(self, request: httpx.Request) -> str:
        return self._redactor.text(f"{self._label}: {request.method} {request.url.path}")

    def _words(self, status: int, body: Any) -> str:
        words = " ".join(self._redactor.text(own_words(body)).split())
        if len(words) > LONGEST_WORDS:
            words = words[: LONGEST_WORDS - 1] + "…"
        return f"{status} {words}" if words else str(status)

    def _exchange(self, trail: "_Trail") -> Exchange:
        request, redactor = trail.request, self._redactor
        kept, names, digest, size = request_message(request, trail.sent, redactor)
        response: bytes | None = None
        found: tuple[str, ...] = ()
        if trail.status:
            raw = trail.headers.raw
            if trail.decoded:
                raw = [line for line in raw if line[0].lower() != b"content-encoding"]
            response, found = response_message(trail.status, trail.reason, raw, trail.body, redactor)
        outcome = "answered" if trail.complete else "not_sent" if trail.line.state == "not_sent" else "silent"
        return Exchange(
            method=request.method,
            url=redactor.text(str(request.url)),
            at=trail.at,
            request=kept,
            response=response,
            outcome=outcome,
            took=self._clock.monotonic() - trail.started,
            address=trail.line.peer,
            body_sha256=digest,
            body_size=size,
            redacted=tuple(dict.fromkeys(names + found)),
        )


@dataclass(slots=True)
class _Call:
    """What was asked for."""

    method: str
    path_or_url: str
    body: dict[str, Any]
    headers: Mapping[str, str] | None
    ok: Container[int]
    foreign: bool
    reads: bool
    commits: bool
    counted: bool = True


class _Nonce(Exception):
    """Nothing was done: the server wants its nonce in the proof."""


class _Trail:
    """What is known of one request so far, whatever ends it."""

    def __init__(self, request: httpx.Request, line: Line, at: datetime, started: float) -> None:
        self.request, self.line, self.at, self.started = request, line, at, started
        self.status, self.reason, self.headers, self.body = 0, b"", httpx.Headers(), b""
        self.plain_headers: dict[str, str] = {}  # names in lower case; httpx's own search each header for each question
        self.decoded = self.complete = False
        self.sent: Sent | None = None
        if not isinstance(request.stream, httpx.ByteStream):
            request.stream = self.sent = Sent(request.stream)


async def _fetch(transport: httpx.AsyncBaseTransport, request: httpx.Request, trail: _Trail) -> None:
    """Send the request and read the answer, keeping what comes as it comes."""
    response = await transport.handle_async_request(request)
    trail.status, trail.headers = response.status_code, response.headers
    for name, value in response.headers.raw:
        trail.plain_headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    trail.reason = response.extensions.get("reason_phrase", b"")
    trail.line.peer = response.extensions.get("peer", trail.line.peer)
    stream = response.stream
    if not isinstance(stream, httpx.AsyncByteStream):
        raise httpx.StreamError("the transport gave a body that cannot be read here")
    pieces: list[bytes] = []
    try:
        async for piece in stream:
            pieces.append(piece)
    finally:
        trail.body = b"".join(pieces)
        await stream.aclose()
    coding = trail.plain_headers.get("content-encoding", "identity")
    if coding != "identity" and trail.body:
        body, trail.body = trail.body, b""  # what cannot be read cannot be searched for secrets: it is not kept
        trail.body, trail.decoded = _decoded(body, coding), True
    trail.complete = True


def _decoded(body: bytes, coding: str) -> bytes:
    """Return the body of a server that compresses although we said identity."""
    if coding not in {"gzip", "x-gzip", "deflate"}:
        raise httpx.DecodingError(f"the answer is coded as {coding!r}, which was not asked for")
    decoder = zlib.decompressobj(47)  # gzip or zlib, told by its first bytes
    decoded = decoder.decompress(body, MAX_DECODED)
    if not decoder.eof:
        raise httpx.DecodingError("the compressed answer is cut short, or too long")
    return decoded


def _host(location: str, base: httpx.URL) -> str:
    try:
        return base.join(location).host or "nowhere"
    except httpx.InvalidURL:
        return "nowhere"
