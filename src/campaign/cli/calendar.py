"""Calendars: a campaign, account or person as iCalendar, as a file or under a secret address; and one taken in."""

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from campaign.cli.here import HERE, Here
from campaign.cli.show import cell, data, iso, line, say, table
from campaign.core.errors import Invalid
from campaign.core.holidays import holidays_in
from campaign.core.ics import MOST_BYTES
from campaign.core.plan import Feed, Hardness
from campaign.service.adopt import Kind, Line, adopt
from campaign.service.calendar import Scope, add_feed, calendar_of, revoke_feed
from campaign.store import feeds

ReadIn = Literal["ko", "en", "ru"]
MIN_YEAR, MAX_YEAR = 1990, 2100  # that the package of holidays is asked about


def export(
    file: Annotated[Path, Parameter(name="FILE")],
    /,
    *,
    campaign: str | None = None,
    account: str | None = None,
    person: str | None = None,
    texts: bool = False,
    lang: ReadIn = "en",
    here: Here = HERE,
) -> None:
    """Write what goes out when as an iCalendar file (.ics).

    Example: campaign calendar export peace.ics --campaign peace-2019 --lang ko

    Args:
        file: Where it is written to.
        campaign: All posts of this campaign, its legs and its blackout days.
        account: What goes to this account.
        person: What this person composed, worded or approved.
        texts: With the words of the posts.
        lang: The language of its reader.
    """
    scope, name = _scope(campaign, account, person)
    with here.opened() as app:
        here.person(app)
        shown = calendar_of(app, scope, name, lang=lang, texts=texts)
    file.write_bytes(shown.body)
    number = shown.body.count(b"BEGIN:VEVENT")
    if here.json:
        data({"file": str(file), "name": shown.name, "entries": number})
    else:
        line(f"{file}: {number} entries of {shown.name}")


def holidays(*, year: int, country: str, lang: ReadIn = "en", here: Here = HERE) -> None:
    """List a country's holidays, and the weekends on which it works in their place.

    Example: campaign calendar holidays --year 2026 --country KR --lang ko

    Args:
        year: The year.
        country: Its two letters (ISO 3166-1): KR, RU.
        lang: The language of its reader; English where the names are not known in it.
    """
    if not MIN_YEAR <= year <= MAX_YEAR:
        raise Invalid("year", year, f"must lie between {MIN_YEAR} and {MAX_YEAR}")
    found = holidays_in(year, country.strip().upper())
    if not found:
        raise Invalid("country", country, "is no country whose holidays are known; write two letters, as in KR")
    rows = [(each.day.isoformat(), each.kind, each.name(lang)) for each in found]
    if here.json:
        data([{"day": day, "kind": kind, "name": name} for day, kind, name in rows])
        return
    table(("day", "kind", "name"), rows)


def import_it(
    file: Annotated[Path, Parameter(name="FILE")],
    /,
    *,
    campaign: str,
    into: Kind,
    tz: str | None = None,
    kind: Hardness = "hard",
    dry_run: bool = False,
    here: Here = HERE,
) -> int:
    """Make legs or blackout days of an iCalendar file (.ics); the same file again changes nothing.

    Example: campaign calendar import holidays.ics --campaign peace-2019 --into blackouts --kind soft --dry-run

    What recurs is followed for a year. What is left out is named, with the reason. Exit 6 when something is.

    Args:
        file: The file, - for standard input.
        campaign: The campaign whose legs or blackout days they become.
        into: What its entries are: legs or blackouts.
        tz: The zone that is meant where the file names one that nobody knows, or none; else the campaign's.
        kind: Of blackout days: hard (nothing goes out) or soft (a person is warned).
        dry_run: Only say what would become of it.
    """
    raw = _read(file)
    with here.opened() as app:
        by = here.person(app)
        done = adopt(app, raw, campaign, into, by=by, tz=tz, hardness=kind, dry_run=dry_run)
    if here.json:
        lines = [_line(each) for each in done.lines]
        data({"kept": done.kept, "lines": lines, "told": list(done.told)})
    else:
        heads = ("action", "id", "from", "to", "zone", "held", "why")
        table(heads, [[cell(_line(each)[head]) for head in heads] for each in done.lines])
        for told in done.told:
            say(told)
        if dry_run:
            say("this was a dry run: nothing was kept")
    return 6 if done.told or any(each.action == "left" for each in done.lines) else 0


def feed_add(
    *,
    campaign: str | None = None,
    account: str | None = None,
    person: str | None = None,
    texts: bool = False,
    lang: ReadIn | None = None,
    here: Here = HERE,
) -> None:
    """Make a secret address for calendar programs. It is shown once; who has it reads the calendar until it is revoked.

    Example: campaign calendar feed add --campaign peace-2019 --lang ru

    Programs ask in their own time: Google every few hours, whatever the calendar asks for.

    Args:
        campaign: All posts of this campaign, its legs and its blackout days.
        account: What goes to this account.
        person: What this person composed, worded or approved.
        texts: With the words of the posts, drafts too.
        lang: The language of its reader; else that of the desk.
    """
    scope, name = _scope(campaign, account, person)
    with here.opened() as app:
        feed, token = add_feed(app, scope, name, by=here.person(app), texts=texts)
        desk = here.settings().web.url.rstrip("/")
    path = f"/calendar/{token}.ics" + (f"?lang={lang}" if lang else "")
    if here.json:
        data(_row(feed) | {"url": desk + path})
        return
    line(desk + path)
    if not desk:
        say("web.url is not set: put the desk's address before it")
    end = f"campaign calendar feed revoke {feed.id[-8:]}"
    say(f"this address is a secret, and is not shown again; who has it reads the calendar until: {end}")


def feed_list(*, here: Here = HERE) -> None:
    """List the secret addresses of calendars, without the secrets.

    Example: campaign calendar feed list
    """
    with here.opened() as app, app.store.read() as tx:
        rows = [_row(feed) for feed in feeds.all_feeds(tx)]
    if here.json:
        data(rows)
        return
    heads = ("id", "scope", "name", "texts", "by", "created_at", "revoked_at")
    table(heads, [[cell(row[head]) for head in heads] for row in rows])


def feed_revoke(id: Annotated[str, Parameter(name="ID")], /, *, here: Here = HERE) -> None:
    """End a secret address: who asks for it finds nothing any more.

    Example: campaign calendar feed revoke 8f3a90c1

    Args:
        id: Its id, or at least 4 characters of its beginning or end.
    """
    with here.opened() as app:
        feed = revoke_feed(app, id, by=here.person(app))
    if here.json:
        data({"id": feed.id, "revoked": True})
    else:
        line(f"calendar feed {feed.id} of {feed.scope} {feed.name} is revoked")


def _scope(campaign: str | None, account: str | None, person: str | None) -> tuple[Scope, str]:
    given: list[tuple[Scope, str]] = []
    given += [("campaign", campaign)] if campaign else []
    given += [("account", account)] if account else []
    given += [("person", person)] if person else []
    if len(given) != 1:
        raise Invalid("campaign, account or person", "", "must be given, one of them: whose calendar is it?")
    return given[0]


def _read(file: Path) -> bytes:
    try:
        if str(file) == "-":
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with file.open("rb") as stream:
            return stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise Invalid("file", str(file), f"cannot be read: {error.strerror}") from None


def _line(each: Line) -> dict[str, object]:
    return {
        "action": each.action,
        "id": each.name,
        "from": each.span.first.isoformat(),
        "to": each.span.last.isoformat(),
        "zone": each.span.zone,
        "held": each.held,
        "why": each.why,
    }


def _row(feed: Feed) -> dict[str, object]:
    return {
        "id": feed.id,
        "scope": feed.scope,
        "name": feed.name,
        "texts": feed.texts,
        "by": feed.person,
        "created_at": iso(feed.created_at),
        "revoked_at": iso(feed.revoked_at),
    }
