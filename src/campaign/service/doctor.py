"""doctor: what works, what is stuck, and what to do about it; health asks the same."""

from dataclasses import dataclass

from campaign.core.errors import CampaignError
from campaign.core.schedule import in_zone
from campaign.core.states import State
from campaign.service import App
from campaign.store import accounts as account_rows
from campaign.store import budgets, heartbeats, queue
from campaign.store.budgets import Standing

SILENT_AFTER = 40.0  # seconds without a sign of life: more than two looks of the daemon


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `grave`: nothing could be published while it is so."""

    name: str
    ok: bool
    detail: str
    grave: bool = False


def doctor(app: App) -> list[Check]:
    """Look at the database, the daemon, the keys, what is stuck and what is paused. Changes nothing."""
    checks: list[Check] = []
    try:
        with app.store.read() as tx:
            beats = heartbeats.heartbeats_now(tx)
            rows = queue.listed(tx)
            late = queue.overdue(tx, now=app.clock.now())
            pauses = account_rows.pauses_now(tx)
            accounts = account_rows.all_accounts(tx)
            standing = budgets.standings(tx, now=app.clock.now(), mono=app.clock.monotonic(), boot=app.clock.boot)
    except Exception as error:  # noqa: BLE001 - whatever keeps the database from answering is what a doctor must say
        return [Check("database", False, f"does not answer: {error}", grave=True)]
    checks.append(Check("database", True, f"{app.store.dialect} answers; {len(rows)} deliveries"))
    checks.append(_daemon(app, beats))
    checks.append(_late(late))
    checks += [_count(rows, state, words) for state, words in _STUCK.items()]
    due = sum(row["archive_state"] == "due" for row in rows)
    checks.append(
        Check("archive", not due, f"{due} deliveries wait for the archive" if due else "holds all that happened")
    )
    said = "; ".join(f"{p.scope} {p.name} by {p.person}: {p.reason}".replace("  ", " ") for p in pauses)
    checks.append(Check("pauses", not pauses, said or "nothing is paused"))
    checks.append(_budgets({one.name: standing[one.id] for one in accounts if one.id in standing}))
    checks.append(_tokens(app, [account.name for account in accounts]))
    checks.append(Check("clock", True, in_zone(app.clock.now(), "UTC")))
    return checks


_STUCK = {
    State.UNCERTAIN: "in doubt; see: campaign delivery list, then: campaign delivery settle ID",
    State.MISSED: "missed; schedule again (campaign delivery retry ID --at …) or cancel",
    State.FAILED: "failed; see: campaign delivery show ID",
}


def _daemon(app: App, beats: list[heartbeats.Heartbeat]) -> Check:
    living = [
        beat
        for beat in beats
        if beat.boot == app.clock.boot and app.clock.monotonic() - beat.ticked_mono < SILENT_AFTER
    ]
    if living:
        said = ", ".join(f"{beat.engine} engine, pid {beat.pid}" for beat in living)
        return Check("daemon", True, said)
    return Check("daemon", False, "no daemon runs, so nothing is published; start it with: campaign daemon", grave=True)


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


def _tokens(app: App, names: list[str]) -> Check:
    broken: list[str] = []
    for name in names:
        try:
            with app.store.read() as tx:
                account_rows.token_of(tx, account_rows.account_named(tx, name), app.vault)
        except CampaignError:
            broken.append(name)
    if broken:
        return Check(
            "tokens", False, f"cannot be used: {', '.join(broken)}; connect again: campaign account add … --again"
        )
    return Check("tokens", True, f"{len(names)} accounts have one")
