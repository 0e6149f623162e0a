"""What stands against the time of a post: blackout days, holidays of its audience, and other posts of its account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from campaign.core import blackout as off
from campaign.core.finding import Finding
from campaign.core.holidays import holiday_on
from campaign.core.model import Campaign, Delivery, Post
from campaign.core.plan import AccountRule, Blackout
from campaign.core.schedule import audience_time, audience_zone, in_zone
from campaign.core.spacing import neighbour, next_free
from campaign.service.draft import Placed
from campaign.store import account_rules, blackouts
from campaign.store import campaigns as campaign_rows
from campaign.store.posts import Queued

REACH = timedelta(days=3)  # in which the neighbours of a post are looked for
RESCHEDULED = "rescheduled by "  # what begins the reason of a time that a person gave a delivery of its own


@dataclass(frozen=True, slots=True)
class Days:
    """What decides when the audiences of a campaign may be reached, as it stands in one transaction.

    Attributes:
        rules: by the account's row id; an account of which nothing is asked has none.
        legs: the row id of a leg → its zone, which 'leg' stands for in quiet hours.
    """

    campaign: Campaign
    blackouts: tuple[Blackout, ...]
    rules: Mapping[str, AccountRule]
    legs: Mapping[str, str]

    @classmethod
    def read(cls, tx: Any, campaign: Campaign) -> "Days":
        """Return the days of a campaign."""
        legs = {leg.id: leg.zone for leg in campaign_rows.legs_of(tx, campaign.id)}
        rules = account_rules.rules_of(tx, campaign.id)
        return cls(campaign, tuple(blackouts.blackouts_of(tx, campaign.id)), rules, legs)

    def leg_zone(self, post: Post) -> str:
        """Return the zone of a post's leg; of a post without one, its own."""
        return self.legs.get(post.leg_id or "", post.zone)

    def zones(self, account_id: str, langs: Sequence[str], post: Post) -> dict[str, str]:
        """Return language → where its audience lives."""
        rule, quiet = self.rules.get(account_id), self.campaign.quiet_hours
        return {lang: audience_zone(lang, quiet, self.leg_zone(post), rule.zones if rule else {}) for lang in langs}

    def time(
        self, post: Post, langs: Sequence[str], *, now: bool = False, after: datetime | None = None
    ) -> tuple[datetime, str | None]:
        """Return when a post may reach the audiences of these languages, and why that is not its own time, if so.

        Args:
            now: whoever says now breaks soft quiet hours.
            after: when that goes out which it answers: it never goes out before, and follows it at once but for hard
                quiet hours.

        Raises:
            Invalid: there is no hour at which all of them may be reached.
        """
        anyway = now or post.quiet_because is not None
        quiet, zone = self.campaign.quiet_hours, self.leg_zone(post)
        at, why = audience_time(post.due_at, langs, quiet, zone, anyway=anyway)
        if after is None or after <= at:
            return at, why
        later, because = audience_time(after, langs, quiet, zone, anyway=True)
        return later, because or why

    def times(self, post: Post, entries: Sequence[Queued]) -> dict[str, tuple[datetime, str | None]]:
        """Return, by the ids of a post's Outgoings, when each goes out and why that is not the post's own time.

        What answers another never goes out before it.
        """
        known = {entry.id for entry in entries}
        found: dict[str, tuple[datetime, str | None]] = {}
        rest = list(entries)
        while rest:
            ready = [each for each in rest if each.parent_id not in known or each.parent_id in found]
            for each in ready:
                before = found.get(each.parent_id or "")
                found[each.id] = self.time(post, each.outgoing.langs, after=before[0] if before else None)
            rest = [each for each in rest if each.id not in found]
        return found

    def dark(self, account_id: str, langs: Sequence[str], instant: datetime, post: Post) -> str | None:
        """Return why nothing may go out to these audiences at an instant; None: it may."""
        if not self.blackouts:
            return None
        found = off.dark(self.blackouts, instant, self.zones(account_id, langs, post), kind="hard")
        return off.because(*found) if found else None

    def darkness(self, post: Post, row: Delivery, now: datetime) -> str | None:
        """Return why a delivery is held by a hard blackout: on the day when it is due, or, late already, today."""
        why = self.dark(row.account_id, row.langs, row.due_at, post)
        return self.dark(row.account_id, row.langs, now, post) if why is None and row.due_at < now else why

    def stops(self, post: Post, queued: Sequence[Queued], *, field: str = "at") -> list[Placed]:
        """Return where what would go out falls on a blackout: a hard one is an error that names the next free day."""
        if not self.blackouts:
            return []
        return [
            Placed(finding, entry.outgoing.account, entry.outgoing.langs)
            for entry in queued
            if entry.parent_id is None
            for finding in _blackouts(
                self, entry, self.zones(entry.account_id, entry.outgoing.langs, post), post, field
            )
        ]


def hints(
    tx: Any, days: Days, post: Post, queued: Sequence[Queued], *, countries: Mapping[str, str], field: str = "at"
) -> list[Placed]:
    """Return, as warnings, holidays of the audiences and posts of the same account nearer than its spacing.

    Args:
        countries: language → the country whose holidays its audience keeps.
    """
    found: list[Placed] = []
    for entry in queued:
        if entry.parent_id is None:
            account, langs = entry.outgoing.account, entry.outgoing.langs
            findings = _holidays(entry, days.zones(entry.account_id, langs, post), countries, field)
            findings += spacing_findings(days, entry, post, near_times(tx, days, entry, post), field=field)
            found += [Placed(finding, account, langs) for finding in findings]
    return found


def near_times(tx: Any, days: Days, entry: Queued, post: Post) -> list[tuple[datetime, str]]:
    """Return when other posts of an account go out within some days, with their names; nothing where no rule asks."""
    rule = days.rules.get(entry.account_id)
    if rule is None or not rule.spacing:
        return []
    reach = REACH + rule.spacing
    others = account_rules.times_of(tx, entry.account_id, entry.due_at - reach, entry.due_at + reach, but=post.id)
    return [(at, name) for at, name, _ in others]


def _blackouts(days: Days, entry: Queued, zones: Mapping[str, str], post: Post, field: str) -> list[Finding]:
    found = off.dark(days.blackouts, entry.due_at, zones, kind="hard")
    soft = off.dark(days.blackouts, entry.due_at, zones, kind="soft") if found is None else None
    hit = found or soft
    if hit is None:
        return []
    blackout, lang = hit
    shown = in_zone(entry.due_at, blackout.zone or zones[lang])
    free = off.free_day(days.blackouts, entry.due_at, zones, shown_in=post.zone)
    next_day = free.isoformat() if free else "–"
    told = (("name", blackout.name), ("days", off.days_shown(blackout)), ("lang", lang), ("free", next_day))
    if found is None:
        rule = f"falls on the {off.because(blackout, lang)}: look whether it should go out that day"
        return [Finding("warning", field, shown, rule, code="blackout-soft", told=told)]
    advice = f"the next free day is {next_day}" if free else "no day is free for long"
    rule = f"falls on the {off.because(blackout, lang)}: nothing goes out then; {advice}"
    return [Finding("error", field, shown, rule, code="blackout", told=told)]


def _holidays(entry: Queued, zones: Mapping[str, str], countries: Mapping[str, str], field: str) -> list[Finding]:
    found: list[Finding] = []
    for lang in entry.outgoing.langs:
        country = countries.get(lang)
        day = off.day_of(entry.due_at, zones[lang])
        holiday = holiday_on(day, country) if country else None
        if holiday is None:
            continue
        what = "a holiday" if holiday.kind == "holiday" else "a weekend on which people work"
        rule = f"is {what} of the {lang} audience ({holiday.country}): {holiday.names['en']}"
        told = (
            ("day", day.isoformat()),
            ("country", holiday.country),
            ("lang", lang),
            *sorted(_names(holiday.names).items()),
        )
        code = "holiday" if holiday.kind == "holiday" else "working-weekend"
        found.append(Finding("warning", field, day.isoformat(), rule, code=code, told=told))
    return found


def _names(names: Mapping[str, str]) -> dict[str, str]:
    return {f"name_{lang}": names.get(lang, names["en"]) for lang in ("ko", "en", "ru")}


def spacing_findings(
    days: Days, entry: Queued, post: Post, others: Sequence[tuple[datetime, str]], *, field: str = "at"
) -> list[Finding]:
    """Return a warning where another post of the account is nearer than its spacing, with the next free time.

    Args:
        others: when other posts of the account go out, and their names.
    """
    rule = days.rules.get(entry.account_id)
    if rule is None or not rule.spacing:
        return []
    times = [at for at, _ in others]
    near = neighbour(entry.due_at, times, rule.spacing)
    if near is None:
        return []
    name = next(name for at, name in others if at == near)
    minutes = f"{rule.spacing.total_seconds() / 60:g}"
    free = in_zone(_free_time(days, entry, post, times, rule.spacing), post.zone)
    account, when = entry.outgoing.account, in_zone(near, post.zone)
    sentence = f"is nearer than {minutes} minutes to post {name} of account {account} ({when})"
    told = (("minutes", minutes), ("post", name), ("account", account), ("when", when), ("free", free))
    value = in_zone(entry.due_at, post.zone)
    return [Finding("warning", field, value, f"{sentence}; the next free time is {free}", code="spacing", told=told)]


def _free_time(days: Days, entry: Queued, post: Post, times: Sequence[datetime], spacing: timedelta) -> datetime:
    """Return the next time that is far enough from the others and in no quiet hours."""
    at = entry.due_at
    for _ in range(len(times) + 2):
        free = next_free(at, times, spacing)
        at, _why = audience_time(free, entry.outgoing.langs, days.campaign.quiet_hours, days.leg_zone(post))
        if at == free:
            break
    return at
