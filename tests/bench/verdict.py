"""The targets, each held against the figures of the same run."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """One target. `holds` is None where this run has no figure for it."""

    target: str
    value: Any
    holds: bool | None


def verdicts(figures: dict[str, Any]) -> list[Verdict]:
    """Return every target with what was measured."""
    found: list[Verdict] = []

    def judge(target: str, value: Any, holds: bool | None) -> None:
        found.append(Verdict(target, value, None if value is None else holds))

    ours, client, aiohttp = (figures.get("ratios", {}).get(name, {}) for name in ("campaign", "client", "aiohttp"))
    rate = ours.get("per_second")
    above = ours["cpu_us"] - client["cpu_us"] if "cpu_us" in ours and "cpu_us" in client else None
    judge("CPU above the bare client <= 300 us a delivery", above, above is not None and above <= 300)
    share = round(rate / aiohttp["per_second"], 3) if rate and "per_second" in aiohttp else None
    judge("rate >= 35 % of bare aiohttp", share, share is not None and share >= 0.35)
    late = round(ours["late_p99"] / (ours["number"] / rate), 2) if rate and "late_p99" in ours else None
    judge("p99 lateness <= 1.3 x (N / own rate)", late, late is not None and late <= 1.3)
    kills = figures.get("kill", {})
    keepers = {
        name: peer["per_second"]
        for name, peer in figures.get("ratios", {}).get("peers", {}).items()
        if "per_second" in peer and _keeps(kills.get(name.removesuffix(", 50 threads"), {}))
    }
    fastest = max(keepers.values(), default=0.0)
    known = {"campaign": rate, **keepers} if rate and kills else None
    judge("not slower than any peer with 0 double and 0 lost", known, bool(rate) and rate >= fastest)
    for name in ("campaign", "campaign, postgresql"):
        result = kills.get(name)
        clean = result is not None and not (result.get("double") or result.get("lost") or result.get("unrecorded"))
        judge(f"kill -9 of {name}: 0 double, 0 lost, 0 unrecorded", result, clean)
    workers = figures.get("workers", {})
    one = workers.get("1", {}).get("per_second")
    for number, bound in (("2", 1.8), ("4", 3.0)):
        many = workers.get(number, {}).get("per_second")
        ratio = round(many / one, 2) if many and one else None
        judge(f"{number} workers >= {bound} x one", ratio, ratio is not None and ratio >= bound)
    claims = figures.get("claims", {})
    for database, sizes in claims.items():
        small, large = (sizes.get(size, {}).get("ahead") for size in ("10000", "1000000"))
        ratio = round(large / small, 2) if small and large else None
        judge(f"claim at 1 M rows <= 1.5 x at 10 k, {database}", ratio, ratio is not None and ratio <= 1.5)
    idle = figures.get("idle", {})
    percent, rss = idle.get("percent_of_a_core"), idle.get("rss_mb")
    judge("idle < 1 % of a core", percent, percent is not None and percent < 1)
    judge("idle RSS < 150 MB", rss, rss is not None and rss < 150)
    judge("RSS of the burst < 150 MB", ours.get("rss_mb"), ours.get("rss_mb", 0) < 150)
    return found


def _keeps(result: dict[str, Any]) -> bool:
    """Whether an engine was killed and posted nothing twice and lost nothing."""
    return "double" in result and not result["double"] and not result["lost"]


def plain(found: list[Verdict]) -> list[dict[str, Any]]:
    return [asdict(verdict) for verdict in found]
