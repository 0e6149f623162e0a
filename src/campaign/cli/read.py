"""Engagement: counters read now, and what a campaign reached."""

from pathlib import Path
from typing import Any, Literal

from campaign.cli.here import HERE, Here, ask
from campaign.cli.show import data, fields, line, say, table
from campaign.core.engagement import Interval
from campaign.core.errors import Invalid
from campaign.service.measure import measure
from campaign.service.report import Group, Report, report

MANY = 5000  # posts that one call reads at most


def measure_it(*, here: Here = HERE) -> None:
    """Read the counters that are due, now."""
    with here.opened(aloud=True) as app:
        kept = ask(app, measure(app, limit=MANY))
    if here.json:
        data({"readings": kept})
    else:
        line(f"{kept} readings kept")


def report_it(
    campaign: str,
    *,
    age: Literal["24h", "7d", "28d"] = "7d",
    format: Literal["text", "json", "html"] = "text",
    out: Path | None = None,
    lang: Literal["ko", "en", "ru"] = "en",
    here: Here = HERE,
) -> None:
    """Show what a campaign reached.

    Args:
        campaign: The campaign's id.
        age: The age of a post at which posts are compared.
        format: text, json or html; --json is the same as --format json.
        out: A file to write json or html to.
        lang: The language of the html page.
    """
    chosen = "json" if here.json else format
    if out is not None and chosen == "text":
        raise Invalid("out", str(out), "goes with --format html or --format json")
    with here.opened() as app:
        found = report(app, campaign, age=age)
    if chosen == "text":
        _tell(found)
        return
    if chosen == "html":
        from campaign.web.report_page import render

        _write(render(found, lang=lang), out)
    elif out is None:
        data(found.plain())
    else:
        import json

        _write(json.dumps(found.plain(), ensure_ascii=False, indent=2) + "\n", out)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        print(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Invalid("out", str(out), f"cannot be written: {error.strerror}") from None
    say(f"written to {out}")


def _tell(found: Report) -> None:
    when = f"{found.as_of:%Y-%m-%d %H:%M} UTC" if found.as_of else "nothing was read yet"
    head: dict[str, Any] = {
        "campaign": found.campaign.name + (" (demo)" if found.campaign.demo else ""),
        "posts": found.posts,
        "variants": found.variants,
        "states": dict(found.states),
        "on time": f"{found.on_time}, late {found.late}",
        "last reading": when,
        "readings": f"{found.readings}, without a value {found.missing}",
        "not offered": found.not_offered or "none",
        "compared at": f"{found.age} after publication; public interactions",
    }
    fields(head)
    for name, groups in (("language", found.by_lang), ("leg", found.by_leg), ("post", found.by_post)):
        if groups:
            print()
            heads = (name, "deliveries", "interactions", "typical (95 %)", "without a value")
            table(heads, [_group(group) for group in groups])
    for first, second, ratio in found.pairs:
        line(f"{first} : {second} = {_interval(ratio)}, from {ratio.n} pairs")


def _group(group: Group) -> tuple[object, ...]:
    typical = _interval(group.typical) if group.typical else None
    return (group.name or "no leg", group.n, group.interactions, typical, group.missing)


def _interval(found: Interval) -> str:
    if found.low is None or found.high is None:
        return f"{found.estimate:.2f} (too few to say how sure)"
    return f"{found.estimate:.2f} ({found.low:.2f} to {found.high:.2f})"
