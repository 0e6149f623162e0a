"""Remarks on a plan as a whole: what no single delivery shows."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from campaign.core.model import Account, Campaign
from campaign.core.schedule import FORMAT
from campaign.core.text import fingerprint
from campaign.demo.rehearsal.outcome import Line, Remark

BURST = timedelta(minutes=10)  # two posts of one account that are nearer than this
NIGHT = (time(22), time(8))
SHOWN = 3  # examples in one remark


def remarks_on(lines: Sequence[Line], campaign: Campaign, accounts: Sequence[Account]) -> list[Remark]:
    """Return what a person should look at. Pure.

    Args:
        lines: what would go out, by time; parts of one post count as one.
        accounts: those that the campaign goes to.
    """
    heads = [line for line in lines if line.part == 1]
    return [
        *_bursts(heads),
        *_nights(heads, campaign),
        *_empty_days(heads, campaign),
        *_same_texts(lines),
        *_languages(heads, campaign, accounts),
    ]


def _bursts(heads: Sequence[Line]) -> list[Remark]:
    found: dict[str, list[str]] = {}
    last: dict[str, Line] = {}
    for line in heads:
        before = last.get(line.account)
        if before is not None and before.post != line.post and line.due_at - before.due_at < BURST:
            apart = int((line.due_at - before.due_at).total_seconds() // 60)
            found.setdefault(line.account, []).append(f"{before.post} and {line.post} ({apart} min, {_at(line)})")
        last[line.account] = line
    within = int(BURST.total_seconds() // 60)
    return [
        Remark("burst", f"{account}: less than {within} min apart are {_some(pairs)}")
        for account, pairs in sorted(found.items())
    ]


def _nights(heads: Sequence[Line], campaign: Campaign) -> list[Remark]:
    """Who has set quiet hours, or said that there are none, has thought of the night."""
    found: dict[tuple[str, str], list[str]] = {}
    for line in heads:
        langs = [lang for lang in line.langs if lang not in campaign.quiet_hours]
        local = line.due_at.astimezone(ZoneInfo(line.zone)).time()
        if langs and (local >= NIGHT[0] or local < NIGHT[1]):
            found.setdefault((line.account, "+".join(langs)), []).append(f"{line.post} ({_at(line)})")
    return [
        Remark("night", f"{account}: no quiet hours are set for {langs}, and it is night for {_some(posts)}")
        for (account, langs), posts in sorted(found.items())
    ]


def _empty_days(heads: Sequence[Line], campaign: Campaign) -> list[Remark]:
    home = ZoneInfo(campaign.zone)
    days = sorted({line.due_at.astimezone(home).date() for line in heads})
    found: list[Remark] = []
    for before, after in pairwise(days):
        first, last = before + timedelta(days=1), after - timedelta(days=1)
        if first <= last:
            found.append(Remark("empty days", f"nothing goes out on {_days(first, last)} ({campaign.zone})"))
    return found


def _days(first: date, last: date) -> str:
    return f"{first}" if first == last else f"{first} to {last} ({(last - first).days + 1} days)"


def _same_texts(lines: Sequence[Line]) -> list[Remark]:
    found: list[Remark] = []
    first: dict[tuple[str, str], Line] = {}
    for line in lines:
        before = first.setdefault((line.account, fingerprint(line.text)), line)
        if before is not line:
            found.append(Remark("same text", f"{line.account}: {before.post} and {line.post} say the same"))
    return found


def _languages(heads: Sequence[Line], campaign: Campaign, accounts: Sequence[Account]) -> list[Remark]:
    found: list[Remark] = []
    said: dict[tuple[str, str], set[str]] = defaultdict(set)
    for line in heads:
        said[line.post, line.account].update(line.langs)
    speaks = {account.name: [lang for lang in campaign.languages if lang in account.langs] for account in accounts}
    for (post, account), langs in said.items():
        missing = [lang for lang in speaks.get(account, ()) if lang not in langs]
        if missing:
            found.append(
                Remark(
                    "language", f"{post} goes to {account} in {', '.join(sorted(langs))}, not in {', '.join(missing)}"
                )
            )
    everywhere = {lang for langs in said.values() for lang in langs}
    for lang in campaign.languages:
        if heads and lang not in everywhere:
            found.append(Remark("language", f"nothing goes out in {lang}, which is a language of the campaign"))
    return found


def _some(items: Sequence[str]) -> str:
    rest = len(items) - SHOWN
    return ", ".join(items[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _at(line: Line) -> str:
    return f"{line.due_at.astimezone(ZoneInfo(line.zone)).strftime(FORMAT)} {line.zone}"
