"""The report as one self-contained page: no script, nothing loaded, every number from the Report."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse, JSONResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from campaign.core.engagement import PLAN_B
from campaign.core.errors import Invalid
from campaign.core.model import METRICS
from campaign.core.states import State
from campaign.service.report import AGES, TOLERANCE, Group, Report, Series
from campaign.service.report import report as make_report
from campaign.web import charts
from campaign.web.charts import Dot, Frame, Line
from campaign.web.formats import Look, iso, utc, web_address
from campaign.web.platform_words import brand
from campaign.web.words import LANGS

WIDTHS = (720, 340)  # the page shows the one that fits
_HERE = Path(__file__).parent
_TICKS = [timedelta(minutes=m) for m in (15, 60, 360, 1440, 4320, 10080, 40320, 129600, 525600)]


@dataclass(frozen=True, slots=True)
class Figure:
    """One chart in its widths, with what it says and its numbers."""

    ident: str
    title: str
    finding: str
    notes: tuple[str, ...]
    drawn: tuple[Markup, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def render(report: Report, *, lang: str = "en", served: bool = False) -> str:
    """Return the report as one HTML page in ko, en or ru.

    Args:
        served: whether it stands on the desk, where links to the other languages and ages lead somewhere.
    """
    look = Look(lang)
    zone = report.campaign.zone
    return (
        environment()
        .get_template("report.html")
        .render(
            report=report,
            campaign=report.campaign,
            look=look,
            say=look.say,
            lang=look.lang,
            langs=LANGS,
            ages=tuple(AGES),
            served=served,
            css=Markup(stylesheet()),  # noqa: S704 - a file of this package
            zone=zone,
            numbers=_numbers(report, look),
            figures=[_curves(report, look), _legs(report, look), _pairs(report, look)],
            groups=[
                ("by_post", report.by_post),
                ("by_leg", report.by_leg),
                ("by_lang", _by_lang(report)),
                ("by_platform", report.by_platform),
            ],
            group_name=lambda kind, group: _name(look, kind, group),
            why=lambda group: _why(report, look, _members(report, group)),
            metrics=[metric for metric in METRICS if any(metric in row.latest for row in report.series)],
            box=_box(report, look),
        )
    )


def show(desk: Any, visit: Any) -> Response:
    """Serve the report, in the language and at the age asked for."""
    page = render(_asked(desk, visit), lang=visit.look.lang, served=True)
    return HTMLResponse(page, headers={"Content-Security-Policy": policy()})


def show_json(desk: Any, visit: Any) -> Response:
    """Serve the same numbers for machines."""
    return JSONResponse(_asked(desk, visit).plain())


def _asked(desk: Any, visit: Any) -> Report:
    age = visit.asked("age", "7d")
    if age not in AGES:
        raise Invalid("age", age, f"must be one of: {', '.join(AGES)}")
    return make_report(desk.app, visit.place("name"), age=age)


def curves_of(series: Sequence[Series], look: Look) -> list[Figure]:
    """Return one chart per platform with the curve of each delivery, and its numbers; a gap stays a gap."""
    figures: list[Figure] = []
    for number, platform in enumerate(sorted({row.platform for row in series})):
        rows = [row for row in series if row.platform == platform and row.curve]
        lines = [Line(row.lang, _labelled(rows, row, look), _points(row)) for row in rows]
        if not any(value is not None for line in lines for _, value in line.points):
            continue
        ages = sorted({age for line in lines for age, _ in line.points})
        by_age = [dict(line.points) for line in lines]
        table = tuple((look.age(timedelta(seconds=age)), *((points.get(age),) for points in by_age)) for age in ages)
        title = look.say("post.curve", platform=platform)
        last = ", ".join(f"{line.label} {_latest(line, look)}" for line in lines)
        axes = (look.say("axis.age"), look.say("axis.interactions"))
        ticks = [(tick.total_seconds(), look.age(tick)) for tick in _TICKS]
        mark = AGES["7d"].total_seconds()
        drawn = tuple(
            charts.curves(
                Frame(f"curve-{number}", title, last, width),
                lines,
                ticks=ticks,
                mark=mark,
                axes=axes,
                number=look.number,
            )
            for width in WIDTHS
        )
        head = (look.say("col.age"), *(line.label for line in lines))
        figures.append(Figure(f"curve-{number}", title, last, (), drawn, head, table))
    return figures


def _labelled(rows: Sequence[Series], row: Series, look: Look) -> str:
    alone = sum(other.lang == row.lang for other in rows) == 1
    return look.language(row.lang) if alone else f"{look.language(row.lang)} · {row.account}"


def _points(row: Series) -> tuple[charts.Point, ...]:
    return tuple((max(1.0, (as_of - row.published_at).total_seconds()), value) for as_of, value in row.curve)


def _latest(line: Line, look: Look) -> str:
    value = line.points[-1][1] if line.points else None
    return "–" if value is None else look.number(value)


def policy() -> str:
    """Return the Content-Security-Policy under which the page is served: its own style and nothing else."""
    digest = b64encode(sha256(stylesheet().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@cache
def environment() -> Environment:
    """Return the templates; everything is escaped."""
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"utc": utc, "iso": iso, "web_address": web_address, "brand": brand}
    return made


@cache
def stylesheet() -> str:
    """Return the one stylesheet."""
    return (_HERE / "static" / "desk.css").read_text(encoding="utf-8")


def _numbers(report: Report, look: Look) -> list[tuple[str, int | None, str, str]]:
    """Return (key, number, as it is shown, note) of the six headline numbers."""
    out = report.on_time + report.late
    values = [row.at[report.age] for row in report.series]
    total = sum(value for value in values if value is not None) if values and None not in values else None
    note = look.say("head.on_time.note", published=look.number(out), on_time=look.number(report.on_time))
    return [
        ("posts", report.posts, look.number(report.posts), ""),
        ("variants", report.variants, look.number(report.variants), ""),
        (
            "on_time",
            report.on_time,
            look.percent(report.on_time, out) if out else "—",
            note if out else look.say("head.on_time.none"),
        ),
        ("readings", report.readings, look.number(report.readings), ""),
        (
            "interactions",
            total,
            "—" if total is None else look.number(total),
            look.say(f"age.{report.age}") if total is not None else _why(report, look, report.series),
        ),
        ("missing", report.missing, look.number(report.missing), look.say("head.missing.note")),
    ]


def _growing(report: Report, row: Series) -> bool:
    return report.as_of is None or row.published_at + AGES[report.age] > report.as_of


def _why(report: Report, look: Look, rows: Sequence[Series]) -> str:
    """Return why there is no sum of these."""
    without = [row for row in rows if row.at[report.age] is None]
    growing = sum(_growing(report, row) for row in without)
    parts = [
        look.say(key, n=look.number(n))
        for key, n in (("why.growing", growing), ("why.unread", len(without) - growing))
        if n
    ]
    return "; ".join(parts) if rows else look.say("why.nothing")


def _members(report: Report, group: Group) -> list[Series]:
    kinds = (("post", report.by_post), ("leg", report.by_leg), ("lang", report.by_lang))
    for key, groups in (*kinds, ("platform", report.by_platform)):
        if any(group is one for one in groups):
            return [row for row in report.series if (getattr(row, key) or "") == group.name]
    return []


def _name(look: Look, kind: str, group: Group) -> tuple[str, str | None]:
    if kind == "by_lang":
        return look.language(group.name), None
    if not group.name:
        return look.say("no_leg"), None
    return look.told(group.title, group.name)


def _by_lang(report: Report) -> list[Group]:
    """Return the languages in the campaign's order, its source first."""
    order = report.campaign.languages
    return sorted(report.by_lang, key=lambda one: order.index(one.name) if one.name in order else len(order))


def _curves(report: Report, look: Look) -> Figure:
    groups = _by_lang(report)
    lines = [line for group in groups if (line := _line(report, look, group.name)).points]
    at = look.say(f"age.{report.age}")
    told = [
        f"{look.language(group.name)} {'–' if group.interactions is None else look.number(group.interactions)}"
        for group in groups
    ]
    finding = look.say("curves.finding", age=at[:1].upper() + at[1:], list=", ".join(told))
    drawable = any(value is not None for line in lines for _, value in line.points)
    finding = finding if drawable else look.say("curves.none")
    ages = sorted({age for line in lines for age, _ in line.points})
    by_age = [dict(line.points) for line in lines]
    rows = tuple((look.age(timedelta(seconds=age)), *((points.get(age),) for points in by_age)) for age in ages)
    desc = look.say("curves.desc", text=finding)
    axes = (look.say("axis.age"), look.say("axis.interactions"))
    ticks = [(tick.total_seconds(), look.age(tick)) for tick in _TICKS]
    drawn = [
        charts.curves(
            Frame("curves", look.say("curves"), desc, width),
            lines,
            ticks=ticks,
            mark=AGES[report.age].total_seconds(),
            axes=axes,
            number=look.number,
        )
        for width in WIDTHS
        if drawable
    ]
    head = (look.say("col.age"), *(line.label for line in lines))
    return Figure(
        "curves",
        look.say("curves"),
        finding,
        (look.say("curves.cohort"),) if drawable else (),
        tuple(drawn),
        head,
        rows,
    )


def _line(report: Report, look: Look, lang: str) -> Line:
    """Add up the curves of a language at the planned ages; None wherever one of them has no value."""
    rows = [row for row in report.series if row.lang == lang]
    old = [row for row in rows if not _growing(report, row)] or rows
    points: list[charts.Point] = []
    for age in PLAN_B:
        # What none was read at is no gap but a time that has not come, or that nobody planned.
        found = [_near(row, age) for row in old]
        if any(read for read, _ in found):
            values = [value for _, value in found]
            known = [value for value in values if value is not None]
            points.append((age.total_seconds(), sum(known) if len(known) == len(values) else None))
    while points and points[-1][1] is None:
        points.pop()
    return Line(lang, look.language(lang), tuple(points))


def _near(row: Series, age: timedelta) -> tuple[bool, int | None]:
    """Return whether a delivery was read around an age, and the first value then."""
    moment = row.published_at + age
    near = [value for as_of, value in row.curve if moment <= as_of <= moment + TOLERANCE]
    return bool(near), next((value for value in near if value is not None), None)


def _legs(report: Report, look: Look) -> Figure:
    rows = []
    for group in report.by_leg:
        singles = [row.at[report.age] for row in _members(report, group)]
        known = tuple(float(value) for value in singles if value is not None)
        few = group.typical is None or group.typical.low is None
        n = f"n = {look.number(len(known))}"
        detail = f"{n} · {look.say('too_few') if few else look.interval(group.typical)}"
        value, low, high = (
            (None, None, None)
            if few or group.typical is None
            else (group.typical.estimate, group.typical.low, group.typical.high)
        )
        rows.append(Dot(_name(look, "by_leg", group)[0], detail, value, low, high, known if few else ()))
    finding = _leg_finding(report, look)
    drawn = _dots("legs", look, rows, finding, f"{look.say('axis.interactions')}, {look.say('age.' + report.age)}")
    table = tuple(
        (_name(look, "by_leg", group)[0], (group.typical.n if group.typical else 0,), look.interval(group.typical))
        for group in report.by_leg
    )
    head = (look.say("col.leg"), look.say("col.n"), look.say("col.typical"))
    return Figure("legs", look.say("legs"), finding, (look.say("legs.note"),), drawn, head, table)


def _leg_finding(report: Report, look: Look) -> str:
    sure = [
        (group.typical.low, group.typical.high, group)
        for group in report.by_leg
        if group.typical and group.typical.low is not None and group.typical.high is not None
    ]
    if len(sure) < 2:
        return look.say("legs.few")
    low, _, best = max(sure, key=lambda item: item[0])
    if all(low > high for _, high, group in sure if group is not best):
        return look.say("legs.ahead", leg=_name(look, "by_leg", best)[0], value=look.interval(best.typical))
    return look.say("legs.overlap")


def _pairs(report: Report, look: Look) -> Figure:
    rows, table, told = [], [], []
    for first, second, ratio in report.pairs:
        names = look.language(first), look.language(second)
        if ratio.low is None or ratio.high is None:
            verdict = look.say("too_few")
        elif ratio.low > 1 or ratio.high < 1:
            verdict = look.say("pairs.more" if ratio.low > 1 else "pairs.fewer")
        else:
            verdict = look.say("pairs.same")
        pairs = look.count("n.pairs", ratio.n)
        shown = look.interval(ratio, ratio=True) if ratio.low is not None else f"×{look.times(ratio.estimate)}"
        told.append(look.say("pairs.one", first=names[0], second=names[1], ratio=shown, pairs=pairs, verdict=verdict))
        few = ratio.low is None
        label = f"{names[0]} ÷ {names[1]}"
        rows.append(
            Dot(
                label,
                f"{shown} · {pairs}" + (f" · {verdict}" if few else ""),
                ratio.estimate,
                ratio.low,
                ratio.high,
                (ratio.estimate,) if few else (),
            )
        )
        table.append((label, (ratio.n,), look.interval(ratio, ratio=True)))
    finding = " ".join(told) or look.say("pairs.none")
    drawn = _dots("pairs", look, rows, finding, look.say("age." + report.age), ratio=True)
    head = (look.say("col.pair"), look.say("col.pairs"), look.say("col.ratio"))
    return Figure("pairs", look.say("pairs"), finding, (look.say("pairs.note"),), drawn, head, tuple(table))


def _dots(ident: str, look: Look, rows: list[Dot], text: str, axis: str, *, ratio: bool = False) -> tuple[Markup, ...]:
    if not rows:
        return ()
    desc = look.say(f"{ident}.desc", text=text)
    form = (lambda value: look.number(value, 0 if value >= 1 else 2)) if ratio else look.number
    return tuple(
        charts.dots(Frame(ident, look.say(ident), desc, width), rows, number=form, axis=axis, ratio=ratio)
        for width in WIDTHS
    )


def _box(report: Report, look: Look) -> list[str]:
    """Return what the data cannot say, each as a sentence."""
    without = [row for row in report.series if row.at[report.age] is None]
    states = [
        f"{look.say('state.' + state)} {look.number(n)}"
        for state, n in report.states.items()
        if state != State.PUBLISHED
    ]
    growing = [row for row in without if _growing(report, row)]
    gaps = [row for row in report.series if row.gaps]
    metrics = [look.say(f"metric.{metric}") for metric in report.not_offered]
    return [
        look.say("box.missing", readings=look.count("n.readings", report.missing)),
        look.say("box.not_offered", list=_listed(look, metrics)),
        look.say("box.growing", list=_listed(look, _named(look, growing))),
        look.say("box.unread", list=_listed(look, _named(look, [row for row in without if row not in growing]))),
        look.say("box.gaps", list=_listed(look, (f"{row.post} {row.lang} ({row.gaps})" for row in gaps))),
        look.say("box.unpublished", list=_listed(look, states)),
    ]


def _named(look: Look, rows: Iterable[Series]) -> list[str]:
    return [f"{row.post} {row.lang}" for row in rows]


def _listed(look: Look, names: Iterable[str]) -> str:
    return ", ".join(names) or look.say("nothing")
