"""Faults on cue: what a test asks the twin to do wrong, for whom, and how often it did."""

import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

# Nothing is done: the request has no effect.
BEFORE = frozenset({"drop_request", "500_before", "429", "503"})
# The work is done first; then the answer is spoilt. `reset` is one of them unless args.before is true.
AFTER = frozenset({"lose_response", "slow", "500_after", "reset", "bad_json", "half_body"})
# In force until cleared (or until `times` hits); they bend what the twin does instead of cutting an answer.
STANDING = frozenset({"burnt_key", "expired_token", "ignore_key", "lagging_list", "missing_metric", "unknown_fields"})
NAMES = BEFORE | AFTER | STANDING


class UnknownFault(ValueError):
    """There is no fault of that name, or the cue is not well formed."""


@dataclass(slots=True)
class Fault:
    """One cue."""

    id: int
    fault: str
    match: Mapping[str, str]
    times: int | None  # None: until cleared
    args: Mapping[str, Any]
    hits: int = 0
    since: float = field(default_factory=time.monotonic)

    @property
    def spent(self) -> bool:
        return self.times is not None and self.hits >= self.times

    @property
    def before(self) -> bool:
        return self.fault in BEFORE or (self.fault == "reset" and bool(self.args.get("before")))

    def fits(self, method: str, path: str, account: str | None) -> bool:
        match = self.match
        return (
            match.get("method", method).upper() == method
            and fnmatchcase(path, match.get("path", "*"))
            and match.get("account", account) == account
        )

    def told(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "fault": self.fault,
            "match": dict(self.match),
            "times": self.times,
            "args": dict(self.args),
            "hits": self.hits,
        }


class Faults:
    """All cues, in the order in which they came. They are forgotten with the process."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)

    def cue(self, told: Mapping[str, Any]) -> Fault:
        """Add a cue; raise UnknownFault on a name or a form that is not known."""
        name, match, args = told.get("fault"), told.get("match") or {}, told.get("args") or {}
        if name not in NAMES:
            raise UnknownFault(f"fault must be one of {', '.join(sorted(NAMES))}")
        if not isinstance(match, dict) or set(match) - {"method", "path", "account"}:
            raise UnknownFault("match may hold method, path and account")
        if not isinstance(args, dict):
            raise UnknownFault("args must be an object")
        times = told.get("times", None if name in STANDING else 1)
        if times is not None and (not isinstance(times, int) or times < 1):
            raise UnknownFault("times must be a whole number from 1, or null")
        fault = Fault(next(self._ids), name, {k: str(v) for k, v in match.items()}, times, args)
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        self._faults.clear()

    def told(self) -> list[dict[str, Any]]:
        return [fault.told() for fault in self._faults]

    def take(self, method: str, path: str, account: str | None) -> Fault | None:
        """Return the first cue that acts on this request, and count the hit."""
        for fault in self._faults:
            if fault.fault not in STANDING and not fault.spent and fault.fits(method, path, account):
                fault.hits += 1
                return fault
        return None

    def standing(self, name: str, method: str, path: str, account: str | None) -> Fault | None:
        """Return the cue of that name in force for this request; the caller counts the hit where it bites."""
        for fault in self._faults:
            if fault.fault == name and not fault.spent and fault.fits(method, path, account):
                return fault
        return None

    def missing(self, status: str, account: str) -> dict[str, str]:
        """Return which counters of a post must not be told, and how: absent or null."""
        gone: dict[str, str] = {}
        for fault in self._faults:
            if fault.fault != "missing_metric" or fault.spent or fault.match.get("account", account) != account:
                continue
            if str(fault.args.get("id", status)) != status:
                continue
            fault.hits += 1
            metric = str(fault.args.get("metric", "favourites")).removesuffix("_count")
            gone[f"{metric}_count"] = str(fault.args.get("as", "absent"))
        return gone
