"""report: one query layer for every door; what is missing is said, and a comparison carries its interval."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from campaign.core.engagement import MANDATORY, PUBLIC_INTERACTIONS, Interval, mean_interval, paired_ratio, total
from campaign.core.model import Campaign, Measurement, Metric, ReadingStatus
from campaign.core.states import State
from campaign.service import App
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows
from campaign.store import queue, readings

AGES: dict[str, timedelta] = {"24h": MANDATORY[0], "7d": MANDATORY[1], "28d": MANDATORY[2]}
TOLERANCE = timedelta(minutes=10)  # a reading this close to an age stands for it


@dataclass(frozen=True, slots=True)
class Series:
    """What one published delivery was seen to have, over time and at fixed ages."""

    delivery_id: str
    post: str
    leg: str | None
    lang: str
    account: str
    platform: str
    permalink: str | None
    published_at: datetime
    curve: tuple[tuple[datetime, int | None], ...]  # public interactions; None is a gap
    latest: Mapping[Metric, int | None]
    statuses: Mapping[Metric, str]
    at: Mapping[str, int | None]  # age → public interactions; None: not read, or not yet

    @property
    def gaps(self) -> int:
        """How many readings have no value."""
        return sum(value is None for _, value in self.curve)


@dataclass(frozen=True, slots=True)
class Group:
    """Posts taken together: a leg, a language, a post in all its languages."""

    name: str
    title: Mapping[str, str]
    n: int
    interactions: int | None  # at `age`; None while any of them has no value
    typical: Interval | None
    missing: int  # how many have no value at that age


@dataclass(frozen=True, slots=True)
class Report:
    """What a manager reads; web, HTML, JSON and all others render this and nothing else."""

    campaign: Campaign
    as_of: datetime | None  # the last reading in it
    age: str  # what comparisons are made at
    posts: int
    variants: int
    states: Mapping[str, int]
    on_time: int
    late: int
    series: tuple[Series, ...]
    by_post: tuple[Group, ...]
    by_leg: tuple[Group, ...]
    by_lang: tuple[Group, ...]
    by_platform: tuple[Group, ...]  # each counts what it counts: they are listed, not compared
    pairs: tuple[tuple[str, str, Interval], ...]  # first and second language, how many times as much
    readings: int
    missing: int  # readings without a value, that a platform offers
    not_offered: tuple[Metric, ...]

    def plain(self) -> dict[str, Any]:
        """Return it as plain JSON. A missing number is null and never 0."""
        return {
            "campaign": self.campaign.name,
            "title": dict(self.campaign.title),
            "demo": self.campaign.demo,
            "as_of": _iso(self.as_of),
            "age": self.age,
            "posts": self.posts,
            "variants": self.variants,
            "states": dict(self.states),
            "on_time": self.on_time,
            "late": self.late,
            "readings": self.readings,
            "missing": self.missing,
            "not_offered": list(self.not_offered),
            "interactions_are": list(PUBLIC_INTERACTIONS),
            "by_post": [_group(group) for group in self.by_post],
            "by_leg": [_group(group) for group in self.by_leg],
            "by_language": [_group(group) for group in self.by_lang],
            "by_platform": [_group(group) for group in self.by_platform],
            "pairs": [{"first": a, "second": b, "ratio": _interval(ratio)} for a, b, ratio in self.pairs],
            "deliveries": [_series(row) for row in self.series],
        }


def report(app: App, campaign_name: str, *, age: str = "7d") -> Report:
    """Return the report of a campaign; equal before and after an `archive rebuild`, for it reads no clock.

    Args:
        age: the age of a post at which comparisons are made: 24h, 7d or 28d.
    """
    with app.store.read() as tx:
        campaign = campaign_rows.campaign_named(tx, campaign_name)
        legs = campaign_rows.legs_of(tx, campaign.id)
        posts = post_rows.posts_of(tx, campaign.id)
        rows = queue.listed(tx, campaign.id)
        read = readings.readings_of(tx, [row["id"] for row in rows])
    by_delivery: dict[str, list[Measurement]] = defaultdict(list)
    for reading in read:
        by_delivery[reading.delivery_id].append(reading)
    leg_of = {post.name: next((leg for leg in legs if leg.id == post.leg_id), None) for post in posts}
    published = [row for row in rows if row["state"] == State.PUBLISHED]
    series = tuple(_of(row, by_delivery[row["id"]], leg_of[row["post"]]) for row in published)
    states: dict[str, int] = defaultdict(int)
    for row in rows:
        states[row["state"]] += 1
    on_time = sum(row["published_at"] - row["due_at"] <= timedelta(seconds=60) for row in published)
    return Report(
        campaign=campaign,
        as_of=max((reading.as_of for reading in read), default=None),
        age=age,
        posts=len({row["post"] for row in rows}),
        variants=len({(row["post"], lang) for row in rows for lang in row["langs"]}),
        states=dict(sorted(states.items())),
        on_time=on_time,
        late=len(published) - on_time,
        series=series,
        by_post=_groups(series, lambda row: row.post, age, {post.name: post.place for post in posts}),
        by_leg=_groups(series, lambda row: row.leg or "", age, {leg.name: leg.title for leg in legs}),
        by_lang=_groups(series, lambda row: row.lang, age, {}),
        by_platform=_groups(series, lambda row: row.platform, age, {}),
        pairs=tuple(_pairs(series, campaign, age)),
        readings=len(read),
        missing=sum(row.status not in (ReadingStatus.OK, ReadingStatus.NOT_OFFERED) for row in read),
        not_offered=tuple(sorted({row.metric for row in read if row.status is ReadingStatus.NOT_OFFERED})),
    )


def series_of(tx: Any, rows: Sequence[Mapping[str, Any]]) -> tuple[Series, ...]:
    """Return what was seen of the published ones among these deliveries (rows of queue.listed)."""
    published = [row for row in rows if row["state"] == State.PUBLISHED]
    read: dict[str, list[Measurement]] = defaultdict(list)
    for reading in readings.readings_of(tx, [row["id"] for row in published]):
        read[reading.delivery_id].append(reading)
    return tuple(_of(row, read[row["id"]], None) for row in published)


def _of(row: Mapping[str, Any], read: Sequence[Measurement], leg: Any) -> Series:
    moments: dict[datetime, dict[Metric, Measurement]] = defaultdict(dict)
    for reading in read:
        moments[reading.as_of][reading.metric] = reading
    curve = tuple((as_of, _interactions(values)) for as_of, values in sorted(moments.items()))
    last = moments[max(moments)] if moments else {}
    at = {name: _at(curve, row["published_at"] + age) for name, age in AGES.items()}
    return Series(
        delivery_id=row["id"],
        post=row["post"],
        leg=leg.name if leg else None,
        lang="+".join(row["langs"]),
        account=row["account"],
        platform=row["platform"],
        permalink=row["permalink"],
        published_at=row["published_at"],
        curve=curve,
        latest={metric: reading.value for metric, reading in last.items()},
        statuses={metric: str(reading.status) for metric, reading in last.items()},
        at=at,
    )


def _interactions(values: Mapping[Metric, Measurement]) -> int | None:
    offered = {
        metric: reading.value for metric, reading in values.items() if reading.status is not ReadingStatus.NOT_OFFERED
    }
    return total(offered)


def _at(curve: Iterable[tuple[datetime, int | None]], moment: datetime) -> int | None:
    near = [(as_of, value) for as_of, value in curve if moment <= as_of <= moment + TOLERANCE and value is not None]
    return near[0][1] if near else None


def _groups(
    series: Sequence[Series], key: Callable[[Series], str], age: str, titles: Mapping[str, Mapping[str, str]]
) -> tuple[Group, ...]:
    rows: dict[str, list[Series]] = defaultdict(list)
    for row in series:
        rows[key(row)].append(row)
    names = [name for name in titles if name in rows] or sorted(rows)
    names += [name for name in sorted(rows) if name not in names]
    return tuple(_grouped(name, titles.get(name, {}), rows[name], age) for name in names)


def _grouped(name: str, title: Mapping[str, str], rows: Sequence[Series], age: str) -> Group:
    values = [row.at[age] for row in rows]
    known = [value for value in values if value is not None]
    missing = len(values) - len(known)
    return Group(name, title, len(rows), None if missing else sum(known), mean_interval(known), missing)


def _pairs(series: Sequence[Series], campaign: Campaign, age: str) -> Iterable[tuple[str, str, Interval]]:
    values: dict[tuple[str, str, str], int] = {}
    for row in series:
        value = row.at[age]
        if value is not None:
            values[row.post, row.platform, row.lang] = values.get((row.post, row.platform, row.lang), 0) + value
    for lang in campaign.languages:
        if lang == campaign.source_lang:
            continue
        both = [
            (values[post, platform, lang], value)
            for (post, platform, other), value in values.items()
            if other == campaign.source_lang and (post, platform, lang) in values
        ]
        ratio = paired_ratio(both)
        if ratio is not None:
            yield lang, campaign.source_lang, ratio


def _series(row: Series) -> dict[str, Any]:
    return {
        "id": row.delivery_id,
        "post": row.post,
        "leg": row.leg,
        "language": row.lang,
        "account": row.account,
        "platform": row.platform,
        "permalink": row.permalink,
        "published_at": _iso(row.published_at),
        "metrics": {
            metric: {"value": value, "status": row.statuses[metric]} for metric, value in sorted(row.latest.items())
        },
        "interactions": dict(row.at),
        "gaps": row.gaps,
        "curve": [[_iso(as_of), value] for as_of, value in row.curve],
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "name": group.name,
        "title": dict(group.title),
        "n": group.n,
        "interactions": group.interactions,
        "missing": group.missing,
        "typical": _interval(group.typical),
    }


def _interval(interval: Interval | None) -> dict[str, Any] | None:
    if interval is None:
        return None
    low, high = interval.low, interval.high
    return {
        "estimate": round(interval.estimate, 3),
        "low": None if low is None else round(low, 3),
        "high": None if high is None else round(high, 3),
        "n": interval.n,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
