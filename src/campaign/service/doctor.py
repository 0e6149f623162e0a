"""doctor: what works, what is stuck, and what to do about it; health asks the same."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from campaign.core.errors import CampaignError
from campaign.core.schedule import in_zone
from campaign.core.states import State
from campaign.service import App
from campaign.service.health import Check, check_clock, check_disks, living
from campaign.service.package import mark_handed
from campaign.service.rezone import rezone
from campaign.store import accounts as account_rows
from campaign.store import budgets, heartbeats, queue
from campaign.store.budgets import Standing
from campaign.store.credentials import credential_of
from campaign.store.heartbeats import Heartbeat, Holding


def doctor(app: App) -> list[Check]:
    """Look at the database, the daemon, the keys, what is stuck and what is paused. Changes nothing."""
    checks: list[Check] = []
    try:
        app.clock.measure()
        with app.store.read() as tx:
            beats, held = heartbeats.heartbeats_now(tx), heartbeats.holdings(tx)
            rows = queue.listed(tx)
            mark_handed(app, tx, rows)
            late = queue.overdue(tx, now=app.clock.now())
            pauses = account_rows.pauses_now(tx)
            accounts = account_rows.all_accounts(tx)
            standing = budgets.standings(tx, now=app.clock.now(), mono=app.clock.monotonic(), boot=app.clock.boot)
    except Exception as error:  # noqa: BLE001 - whatever keeps the database from answering is what a doctor must say
        return [Check("database", False, f"does not answer: {error}", grave=True)]
    checks.append(Check("database", True, f"{app.store.dialect} answers; {len(rows)} deliveries"))
    checks.append(_daemon(app, beats))
    checks.append(_leases(app, beats, held))
    checks.append(_doubts(app, [row for row in rows if not row["handed"]]))
    if handed := [row for row in rows if row["handed"]]:
        checks.append(_handed(app, handed))
    checks.append(_late(late))
    checks += [_count(rows, state, words) for state, words in _STUCK.items()]
    due = sum(row["archive_state"] == "due" for row in rows)
    checks.append(
        Check("archive", not due, f"{due} deliveries wait for the archive" if due else "holds all that happened")
    )
    said = "; ".join(f"{p.scope} {p.name} by {p.person}: {p.reason}".replace("  ", " ") for p in pauses)
    for name, part in (("archive", app.archive), ("media", app.media)):
        if trouble := part.trouble():
            checks.append(Check(f"{name} in a bucket", False, trouble))
    checks.append(Check("pauses", not pauses, said or "nothing is paused"))
    checks.append(_budgets({one.name: standing[one.id] for one in accounts if one.id in standing}))
    checks.append(_tokens(app, [account.name for account in accounts]))
    checks.append(_zones(app))
    clock = check_clock(living(app, beats))
    checks.append(replace(clock, detail=f"{in_zone(app.clock.now(), 'UTC')}; {clock.detail}"))
    checks.append(check_disks(app))
    checks += _translator(app)
    return checks


def _translator(app: App) -> list[Check]:
    """Say what drafts are sent to, if to anything; it is not asked."""
    try:
        tool = app.translator()
    except CampaignError as error:
        return [Check("machine translation", False, str(error))]
    if tool is None:
        return []
    return [Check("machine translation", True, f"texts are sent to {tool.tool} where somebody asks for a draft")]


LONG = timedelta(days=1)  # for which a person may have what is to be put up, before it is said
ENDING = 7 * 86400.0  # seconds before its end at which a token that nothing renews is told of
_STUCK = {
    State.UNCERTAIN: "in doubt; see: campaign delivery list, then: campaign delivery settle ID",
    State.MISSED: "missed; schedule again (campaign delivery retry ID --at …) or cancel",
    State.FAILED: "failed; see: campaign delivery show ID",
}


def workers(app: App) -> list[dict[str, object]]:
    """Return who publishes: engine, host, pid, queues, and the seconds since each gave a sign of life."""
    app.clock.measure()
    with app.store.read() as tx:
        beats = heartbeats.heartbeats_now(tx)
    alive = {each.worker for each in living(app, beats)}
    return [
        {
            "worker": each.worker,
            "engine": each.engine,
            "host": each.host,
            "pid": each.pid,
            "queues": list(each.queues),
            "since": each.started_at.isoformat(),
            "seconds_ago": round(_ago(app, each), 1),
            "lives": each.worker in alive,
        }
        for each in beats
    ]


def _daemon(app: App, beats: Sequence[Heartbeat]) -> Check:
    alive = living(app, beats)
    if alive:
        return Check("daemon", True, "; ".join(_named(app, each) for each in alive))
    return Check("daemon", False, "no daemon runs, so nothing is published; start it with: campaign daemon", grave=True)


def _named(app: App, beat: Heartbeat) -> str:
    queues = f", for {' and '.join(beat.queues)}" if beat.queues else ""
    where = f" on {beat.host}" if beat.host else ""
    return f"{beat.engine} engine{where}, pid {beat.pid}{queues}, seen {_ago(app, beat):.0f} s ago"


def _ago(app: App, beat: Heartbeat) -> float:
    if beat.boot == app.clock.boot:  # real seconds, also where the campaign's time is virtual
        return max(0.0, app.clock.monotonic() - beat.ticked_mono)
    return max(0.0, (app.clock.now() - beat.ticked_at).total_seconds())


def _leases(app: App, beats: Sequence[Heartbeat], held: Sequence[Holding]) -> Check:
    """Say what the dead hold: it is taken over by a living worker, if there is one."""
    alive = {each.worker for each in living(app, beats)}
    left = [each for each in held if each.worker not in alive]
    if not left:
        return Check("leases", True, f"{sum(each.number for each in held)} deliveries are under way")
    said = ", ".join(f"{each.number} by {each.worker}" for each in left)
    return Check("leases", False, f"held by workers that give no sign of life: {said}; a living one takes them over")


def _doubts(app: App, rows: Sequence[dict[str, object]]) -> Check:
    """Say what the platforms are still asked about by themselves."""
    mono, boot = app.clock.monotonic(), app.clock.boot
    asked = [row for row in rows if row["state"] in (State.UNCERTAIN, State.PROCESSING) and row["guarantee"] != "none"]
    waits = [max(0.0, float(str(row["retry_at"])) - mono) for row in asked if row["retry_at"] and row["boot"] == boot]
    if not asked:
        return Check("questions", True, "no platform has to be asked what became of a post")
    soon = f"; the next question is asked in {min(waits):.0f} s" if len(waits) == len(asked) else ""
    return Check("questions", False, f"{len(asked)} wait for what their platform answers{soon}")


def _handed(app: App, rows: Sequence[dict[str, Any]]) -> Check:
    """Say what a person was to put up, and has not told of for a day."""
    old = [row for row in rows if app.clock.now() - (row["sent_at"] or row["due_at"]) > LONG]
    if not old:
        return Check("by hand", True, f"{len(rows)} with a person; see: campaign notices")
    named = "; ".join(
        f"{row['campaign']}/{row['post']}/{'+'.join(row['langs'])} to {row['account']}" for row in old[:5]
    )
    more = f" and {len(old) - 5} more" if len(old) > 5 else ""
    return Check("by hand", False, f"with a person for over a day: {named}{more}; see: campaign notices")


def _late(late: int) -> Check:
    if not late:
        return Check("lateness", True, "nothing waits beyond its grace")
    return Check("lateness", False, f"{late} deliveries wait beyond their grace", grave=True)


def _count(rows: list[dict[str, object]], state: State, words: str) -> Check:
    number = sum(row["state"] == state for row in rows)
    return Check(str(state), not number, f"{number} {words}" if number else "none")


def _budgets(standing: dict[str, Standing]) -> Check:
    said = [
        f"{name} is held until {in_zone(each.held_till, 'UTC')}: its platform said 429"
        for name, each in standing.items()
        if each.held_till is not None
    ]
    said += [
        f"{name} has {each.left:.0f} of {each.size} requests left"
        for name, each in standing.items()
        if each.held_till is None and each.low
    ]
    return Check("budgets", not said, "; ".join(said) or "no account is held, none is nearly used up")


def _zones(app: App) -> Check:
    found = rezone(app)
    moves = sum(len(each.shift.moved) + len(each.shift.undecided) for each in found)
    if not moves:
        return Check("time zones", True, f"tzdata {app.tzdata}; every post keeps its local time")
    said = f"tzdata {app.tzdata} gives {moves} posts another instant than was planned; see: campaign time check"
    return Check("time zones", False, said)


def _tokens(app: App, names: list[str]) -> Check:
    broken: list[str] = []
    ending: list[str] = []
    for name in names:
        try:
            with app.store.read() as tx:
                life = credential_of(tx, account_rows.account_named(tx, name), app.vault).lifetime
        except CampaignError:
            broken.append(name)
            continue
        left = None if life.expires_mono is None else life.expires_mono - app.clock.monotonic()
        # What another boot counted from cannot be told; the date can, give or take what the clock was moved by.
        if left is None or life.boot != app.clock.boot:
            left = (life.expires_at - app.clock.now()).total_seconds() if life.expires_at else None
        if life.renewal is None and left is not None and left < ENDING:
            ending.append(f"{name} (in {max(0.0, left / 86400):.0f} days)")
    if broken:
        return Check(
            "tokens", False, f"cannot be used: {', '.join(broken)}; connect again: campaign account add … --again"
        )
    if ending:
        said = f"end, and nothing renews them: {', '.join(ending)}; connect again: campaign account add … --again"
        return Check("tokens", False, said)
    return Check("tokens", True, f"{len(names)} accounts have one")
