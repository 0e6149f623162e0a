"""The figures as a table of Markdown, as the README shows them."""

from typing import Any


def markdown(figures: dict[str, Any]) -> str:
    """Return a row for each engine in the setting of the targets, with what kill -9 left behind; empty without them."""
    ratios, kills = figures.get("ratios"), figures.get("kill", {})
    if not ratios:
        return ""
    setting = ratios["setting"]
    milliseconds = setting["latency"] * 1000
    lines = [
        f"{setting['number']:,} posts due at once, platform {milliseconds:.0f} ms, {setting['slots']} slots:",
        "",
        "| engine | posts/s | late p50 / p99 s | CPU µs a post | RSS MB | kill -9: double / lost / not recorded |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    engines = {
        "bare aiohttp, nothing kept": ratios["aiohttp"],
        "our HTTP client alone, nothing kept": ratios["client"],
        "**campaign**, SQLite": ratios["campaign"],
        "**campaign**, PostgreSQL": ratios["campaign, postgresql"],
        **ratios["peers"],
    }
    killed = {"**campaign**, SQLite": "campaign", "**campaign**, PostgreSQL": "campaign, postgresql"}
    for label, run in engines.items():
        if "per_second" not in run:
            continue
        late = f"{run['late_p50']:.1f} / {run['late_p99']:.1f}" if "late_p99" in run else "–"
        left = kills.get(killed.get(label, label.removesuffix(", 50 threads")), {})
        books = f"{left['double']} / {left['lost']} / {left['unrecorded']}" if "double" in left else "–"
        lines.append(
            f"| {label} | {run['per_second']:,.0f} | {late} | {run['cpu_us']:,.0f} | {run['rss_mb']:.0f} | {books} |"
        )
    return "\n".join(lines)
