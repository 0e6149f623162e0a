"""The Graph API, as Facebook, Instagram and Threads speak it: its errors, its lists, its counters, its containers."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from campaign.core.errors import Outcome, RateLimited, Refused, Unauthorized, Unavailable, Uncertain
from campaign.core.model import Reading, ReadingStatus
from campaign.net.client import Client
from campaign.net.reply import Reply, instant

# https://developers.facebook.com/docs/graph-api/guides/error-handling
TOKEN = frozenset({102, 190})
MISSING = 100, 33  # "Object with ID … does not exist, cannot be loaded due to missing permissions, or …"
# https://developers.facebook.com/docs/graph-api/overview/rate-limiting
LIMITS = frozenset({4, 9, 17, 32, 613, *range(80_000, 80_015)})  # 9: too many actions, as the posts of a day
PASSING = frozenset({-2, -1, 1, 2})  # "unknown", "service": what it did is not said
# Media that could not be fetched: true one minute and not the next, of the same host: postiz-app#1900, mixpost#197.
# Nothing is published when a container is made.
FETCHED = frozenset({2207003, 2207020, 2207032, 2207052, 2207053})
PERMISSION = frozenset({3, 10, *range(200, 300)})
WAIT = 300.0  # seconds; windows roll over one hour, or a day, and the body does not say when
# A post of seven said "500, code 2" and was live each time: https://github.com/arsduo/koala/issues/699
REPEATED = frozenset({368, 506})  # "already posted", "duplicate": the earlier one may be this one

State = Literal["EXPIRED", "ERROR", "FINISHED", "IN_PROGRESS", "PUBLISHED", "UNKNOWN"]
STATES: tuple[State, ...] = ("EXPIRED", "ERROR", "FINISHED", "IN_PROGRESS", "PUBLISHED")
DEAD = frozenset({"EXPIRED", "ERROR", "UNKNOWN"})
LIFETIME = timedelta(hours=24)  # of a container
# "once per minute, for no more than 5 minutes" is for clips; pictures and texts are ready at once.
PAUSES = (1, 1, 2, 3, 5, 8, 10, 15, 15, *(30,) * 8)  # seconds between two questions: five minutes in all


def code_of(error: Outcome) -> tuple[int, int]:
    """Return code and subcode of an error; 0 where it names none."""
    told = error.body.get("error") if isinstance(error.body, dict) else None
    told = told if isinstance(told, dict) else {}
    code, subcode = told.get("code"), told.get("error_subcode")
    return code if type(code) is int else 0, subcode if type(subcode) is int else 0


def passes(error: Outcome) -> bool:
    """Whether the platform itself says that this error will pass."""
    told = error.body.get("error") if isinstance(error.body, dict) else None
    return isinstance(told, dict) and (told.get("is_transient") is True or code_of(error)[0] in PASSING)


class Graph:
    """Speaks to one version of the Graph API for one account.

    Args:
        client: of the account.
        version: the first part of each path.
        may_be_live: subcodes of errors that come although the post was made.
        not_yet: subcodes of errors that say: nothing was done, ask again in a moment.
    """

    def __init__(
        self,
        client: Client,
        version: str,
        *,
        may_be_live: frozenset[int] = frozenset(),
        not_yet: frozenset[int] = frozenset(),
    ) -> None:
        self.client, self._version, self._may_be_live, self._not_yet = client, version, may_be_live, not_yet
        self.token: str | None = None  # where another than the account's own is to be used

    async def ask(self, method: str, path: str, **body: Any) -> Any:
        """Send a request that may be repeated; return the object that it answers.

        Raises: Unauthorized, RateLimited, Unavailable, Refused.
        """
        try:
            return self._object(await self.client.ask(method, self._path(path), headers=self._headers(), **body))
        except Refused as error:
            raise self._judged(error) from error

    async def get(self, path: str, **params: Any) -> dict[str, Any]:
        """Return an object. Raises as ask() does."""
        told: dict[str, Any] = await self.ask("GET", path, params=params)
        return told

    async def find(self, path: str, *, reading: bool | None = None, **params: Any) -> dict[str, Any] | None:
        """Return an object; None: there is none of that name. Raises as ask() does.

        Args:
            reading: False: it takes from the budget as publishing does.
        """
        try:
            told: dict[str, Any] = await self.ask("GET", path, params=params, reading=reading)
            return told
        except Refused as error:
            if is_missing(error):
                return None
            raise

    async def commit(self, path: str, data: Mapping[str, Any], *, again: bool) -> Reply:
        """Send the one irreversible request.

        Args:
            again: it was sent before, and what became of that is not proved: then no refusal proves anything.

        Raises:
            Uncertain: also for an error that came although the post was made. RateLimited, Unauthorized, Refused.
        """
        try:
            return await self.client.commit("POST", self._path(path), data=data, headers=self._headers())
        except Refused as error:
            code, subcode = code_of(error)
            if subcode in self._may_be_live or code in REPEATED:
                raise Uncertain(f"{error}; it may be live", status=error.status, body=error.body) from error
            if code in TOKEN or code in LIMITS:
                raise self._judged(error) from error
            if subcode in self._not_yet and not again:
                raise Unavailable(str(error), status=error.status, body=error.body) from error
            if passes(error) or again:
                raise Uncertain(f"{error}; it may be live", status=error.status, body=error.body) from error
            raise

    async def listed(
        self, path: str, *, newer: datetime | None = None, field: str = "timestamp", most: int = 20, **params: Any
    ) -> list[dict[str, Any]]:
        """Return what a list holds, in its order, page by page.

        Args:
            newer: what is older than this ends it; lists of posts are newest first.
            field: what tells the time of an entry.
            most: pages; a list that has more is not believed.

        Raises:
            Unavailable: it cannot be read, or was not read to its end.
        """
        found: list[dict[str, Any]] = []
        for _ in range(most):
            told = await self.get(path, **params)
            page = told.get("data")
            if not isinstance(page, list) or not all(isinstance(entry, dict) for entry in page):
                raise Unavailable(f"the list {path} cannot be read")
            recent = [entry for entry in page if newer is None or (time_of(entry, field) or newer) >= newer]
            found += recent
            after = _after(told)
            # A page may be empty, or short, though there are more: what was taken out stays a gap.
            if after is None or len(recent) < len(page):
                return found
            params = {**params, "after": after}
        raise Unavailable(f"the list {path} has more than {most} pages; it was not read to its end")

    async def insights(self, remote_id: str, names: Sequence[str]) -> dict[str, Reading] | None:
        """Return the counters of a post by the platform's names; None: the post is gone.

        They are asked for together, and each by itself where that is refused: one that is retired blanks none.
        """
        try:
            told = await self.get(f"/{remote_id}/insights", metric=",".join(names))
        except Refused as error:
            if is_missing(error):
                return None
            if len(names) == 1:
                return {names[0]: Reading(None, _why(error))}
            found: dict[str, Reading] = {}
            for name in names:
                alone = await self.insights(remote_id, [name])
                if alone is None:
                    return None
                found |= alone
            return found
        return _counted(told, names)

    def must_live(self, wire: Mapping[str, Any], handle: str) -> None:
        """Refuse to believe that a handle is gone which is not a day old: reads say so that are true a minute later.

        https://github.com/gitroomhq/postiz-app/issues/1562

        Args:
            wire: as the adapter made it; `made` is when, ISO.

        Raises: Unavailable.
        """
        made = instant(text_of(wire, "made"))
        if made is not None and self.client.now() - made < LIFETIME:
            raise Unavailable(
                f"what was made for this post ({handle}) is said not to be there, and cannot have died yet; it is asked"
                " for again"
            )

    def must_settle(self, since: datetime, seconds: float) -> None:
        """Refuse to say "not there" by a list alone, of a container that came to nothing, until the list has settled.

        Args:
            since: when the request that may have published it left.
            seconds: how long a list may lag.

        Raises: Unavailable.
        """
        if self.client.now() - since < timedelta(seconds=seconds):
            raise Unavailable("its container came to nothing, and the list of posts may lag; it is asked for again")

    def _path(self, path: str) -> str:
        return f"/{self._version}{path}"

    def _headers(self) -> dict[str, str] | None:
        return {"Authorization": f"Bearer {self.token}"} if self.token else None

    def _object(self, reply: Reply) -> Any:
        told = reply.json()
        if not isinstance(told, dict):
            raise reply.bad("the answer is no object")
        if isinstance(told.get("error"), dict):
            raise Refused(f"an error in an answer of status {reply.status}", status=reply.status, body=told)
        return told

    def _judged(self, error: Refused) -> Outcome:
        code, subcode = code_of(error)
        if code in TOKEN:
            return Unauthorized(str(error), status=error.status, body=error.body)
        if code in LIMITS:
            return RateLimited(str(error), retry_after=WAIT, status=error.status, body=error.body)
        if passes(error) or subcode in FETCHED:
            return Unavailable(str(error), status=error.status, body=error.body)
        return error


class Containers:
    """Posts in two phases: a container that nobody sees, and the request that publishes it.

    Args:
        make, flip: the edges of the user that make and publish one: media, media_publish.
        state: the field of a container that tells its state.
    """

    def __init__(self, graph: Graph, user: str, *, make: str, flip: str, state: str) -> None:
        self._graph, self._make, self._state = graph, f"/{user}/{make}", state
        self._flip = f"/{user}/{flip}"

    async def make(self, **params: Any) -> str:
        """Return the id of a new container. Raises as Graph.ask() does."""
        return str_id(await self._graph.ask("POST", self._make, data=params), "container")

    async def state(self, ident: str) -> State:
        """Return how it stands with a container; UNKNOWN: there is none. Raises: Unavailable."""
        try:
            told = await self._graph.find(f"/{ident}", fields=f"id,{self._state}")
        except Refused as error:
            if code_of(error)[0] != 100:
                raise
            # "Tried accessing nonexisting field (status)": it is no container any more, but a post:
            # https://github.com/exileum/meta-mcp/issues/143
            return "PUBLISHED"
        if told is None:
            return "UNKNOWN"
        found = next((state for state in STATES if state == told.get(self._state)), None)
        if found is None:
            raise Unavailable(f"the state of container {ident} cannot be read")
        return found

    async def ready(self, ident: str) -> None:
        """Wait until a container can be published.

        Raises:
            Refused: the platform could not make it. Unavailable: it takes too long, or a medium could not be fetched.
        """
        for pause in (*PAUSES, 0):
            state = await self.state(ident)
            if state in ("FINISHED", "PUBLISHED"):
                return
            if state in DEAD:
                reason = await self._reason(ident, state)
                passing = "FAILED_DOWNLOADING" in reason or any(str(code) in reason for code in FETCHED)
                raise (Unavailable if passing else Refused)(f"container {ident} came to nothing: {reason}")
            await asyncio.sleep(pause)
        raise Unavailable(f"container {ident} is still being made after {sum(PAUSES)} seconds")

    async def publish(self, ident: str, *, again: bool) -> str:
        """Publish a container; return the id of the post. Raises as Graph.commit() does."""
        reply = await self._graph.commit(self._flip, {"creation_id": ident}, again=again)
        told = reply.json()
        remote_id = told.get("id") if isinstance(told, dict) else None
        if not isinstance(remote_id, str | int) or isinstance(remote_id, bool) or not str(remote_id).isdigit():
            raise reply.bad("the answer names no post")
        return str(remote_id)

    async def _reason(self, ident: str, state: State) -> str:
        # Instagram tells it in `status`, Threads in `error_message`.
        name = "status" if self._state != "status" else "error_message"
        told = await self._graph.find(f"/{ident}", fields=f"id,{name}") or {}
        return f"{state} {str(told.get(name, ''))[:200]}".strip()


def is_missing(error: Outcome) -> bool:
    """Whether it says that there is no such object."""
    return code_of(error) == MISSING or code_of(error)[0] == 803


def str_id(told: Any, what: str) -> str:
    """Return the id that an answer names. Raises: Unavailable."""
    ident = told.get("id") if isinstance(told, dict) else None
    if not isinstance(ident, str | int) or isinstance(ident, bool) or not str(ident):
        raise Unavailable(f"the answer names no {what}")
    return str(ident)


def text_of(told: Mapping[str, Any], field: str) -> str | None:
    """Return a field that is a text."""
    value = told.get(field)
    return value if isinstance(value, str) else None


def time_of(told: Mapping[str, Any], field: str) -> datetime | None:
    """Return a field that is an instant, as aware UTC."""
    return instant(text_of(told, field))


def number_of(value: Any) -> Reading:
    """Return a counter as a reading; what is no number is an error, never 0."""
    if type(value) is int and value >= 0:
        return Reading(value)
    return Reading(None, ReadingStatus.ERROR)


def total_of(told: Mapping[str, Any], edge: str) -> Reading:
    """Return how many an edge holds, from its summary: `reactions.limit(0).summary(total_count)`."""
    held = told.get(edge)
    summary = held.get("summary") if isinstance(held, dict) else None
    return number_of(summary.get("total_count") if isinstance(summary, dict) else None)


def web_address(told: Mapping[str, Any], field: str) -> str | None:
    """Return a field that is a web address."""
    value = text_of(told, field)
    return value if value and value.startswith(("https://", "http://")) else None


def _after(told: Mapping[str, Any]) -> str | None:
    """Return where the next page begins; the cursor stands there on the last page too, but `next` does not."""
    paging = told.get("paging")
    if not isinstance(paging, dict) or not paging.get("next"):
        return None
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    if not isinstance(after, str):
        raise Unavailable("a list has a next page that cannot be asked for")
    return after


def _counted(told: Mapping[str, Any], names: Sequence[str]) -> dict[str, Reading]:
    # "If insights data … does not exist or is currently unavailable, the API returns an empty data set instead of 0":
    # https://developers.facebook.com/documentation/instagram-platform/reference/instagram-media/insights
    found = dict.fromkeys(names, Reading(None, ReadingStatus.TOO_NEW))
    data = told.get("data")
    for entry in data if isinstance(data, list) else ():
        name = text_of(entry, "name") if isinstance(entry, dict) else None
        if name not in found:
            continue
        values, total = entry.get("values"), entry.get("total_value")
        holder = values[0] if isinstance(values, list) and values else total
        found[name] = number_of(holder.get("value") if isinstance(holder, dict) else None)
    return found


def _why(error: Refused) -> ReadingStatus:
    code, _ = code_of(error)
    if code == 10 and "not enough viewers" in str(error).lower():
        return ReadingStatus.TOO_NEW
    if code in PERMISSION:
        return ReadingStatus.NOT_PERMITTED
    return ReadingStatus.NOT_OFFERED if code in (100, 3001) else ReadingStatus.ERROR
