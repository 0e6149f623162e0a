"""Load the packaged journey as people would: alice writes, bob approves, carol reads. Repeatable at any point."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from campaign.core.errors import NotFound
from campaign.core.model import Person, Role
from campaign.core.schedule import FORMAT
from campaign.demo.draw import draw
from campaign.demo.film import captions, film
from campaign.demo.journey import Journey, JourneyPost
from campaign.demo.journey import Picture as JourneyPicture
from campaign.demo.twin import CHANNELS
from campaign.platforms import load
from campaign.service import App, accounts, campaigns, glossary
from campaign.service.approve import approve
from campaign.service.compose import Draft, Picture, Wording, compose
from campaign.sheets.terms import read_terms
from campaign.store import accounts as account_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import people as people_rows
from campaign.store import posts as post_rows

ROLES = {"alice": Role.AUTHOR, "bob": Role.APPROVER, "carol": Role.VIEWER}
AFTERWARDS = timedelta(days=28, hours=1)  # so that every post is read at 24 hours, 7 days and 28 days


def starts_at(journey: Journey) -> datetime:
    """Return when the demo's clock begins: half a day before the first post."""
    return min(_due(journey, post) for post in journey.posts) - timedelta(hours=12)


def ends_at(journey: Journey) -> datetime:
    """Return when the journey's time is over and the clock goes on like any other."""
    return max(_due(journey, post) for post in journey.posts) + timedelta(days=1) + AFTERWARDS


def load_into(app: App, journey: Journey, platforms: Mapping[str, Any], pictures: Path) -> None:
    """Bring an installation to where all posts of the journey are approved and enqueued.

    Args:
        platforms: what the sandbox says of itself: platform → base_url, and accounts with what logs in to each.
    """
    people = {name: _person(app, name) for name in ROLES}
    asyncio.run(_connect(app, platforms, people["alice"]))
    _campaign(app, journey, people["alice"])
    with as_file(files("campaign.demo") / "glossary.csv") as sheet:
        glossary.import_terms(app, read_terms(sheet)[1], by=people["alice"], campaign_name=journey.campaign.id)
    pictures.mkdir(exist_ok=True)
    for post in journey.posts:
        _post(app, journey, post, pictures, people)


def _person(app: App, name: str) -> Person:
    try:
        with app.store.read() as tx:
            return people_rows.person_named(tx, name)
    except NotFound:
        return campaigns.add_person(app, name, [ROLES[name]])


async def _connect(app: App, platforms: Mapping[str, Any], by: Person) -> None:
    with app.store.read() as tx:
        known = {account.name for account in account_rows.all_accounts(tx)}
    try:
        for channel in CHANNELS:
            if channel.name in known:
                continue
            kind, there = load(channel.platform), platforms[channel.platform]
            opened = next(entry for entry in there["accounts"] if entry["name"] == channel.theirs)
            await accounts.connect(
                app,
                channel.platform,
                name=channel.name,
                base_url=there["base_url"],
                token=opened["token"],
                langs=channel.langs,
                by=by,
                private=True,
                options={name: opened[name] for name in kind.options},
                secrets={name: opened[name] for name in kind.secrets},
            )
    finally:
        await app.close_network()


def _campaign(app: App, journey: Journey, by: Person) -> None:
    row = journey.campaign
    with app.store.read() as tx:
        known = any(campaign.name == row.id for campaign in campaign_rows.all_campaigns(tx))
    if not known:
        campaigns.add_campaign(
            app,
            row.id,
            zone_name=row.home_tz,
            by=by,
            languages=row.languages,
            title=row.title,
            approval="one",
            quiet_hours=row.quiet_hours,
            demo=True,
        )
    with app.store.read() as tx:
        campaign = campaign_rows.campaign_named(tx, row.id)
        there = {leg.name for leg in campaign_rows.legs_of(tx, campaign.id)}
    for leg in journey.legs:
        if leg.id not in there:
            campaigns.add_leg(
                app,
                row.id,
                leg.id,
                zone_name=leg.tz,
                starts_on=leg.starts_on.isoformat(),
                ends_on=leg.ends_on.isoformat(),
                by=by,
                title=leg.name,
                latitude=leg.lat,
                longitude=leg.lon,
            )


def _post(app: App, journey: Journey, post: JourneyPost, pictures: Path, people: Mapping[str, Person]) -> None:
    name = journey.campaign.id
    with app.store.read() as tx:
        campaign = campaign_rows.campaign_named(tx, name)
        there = any(row.name == post.id for row in post_rows.posts_of(tx, campaign.id))
    if not there:
        wordings = {lang: Wording(post.text[lang], post.tags[lang], post.link_in(lang)) for lang in post.text}
        draft = Draft(
            name=post.id,
            wordings=wordings,
            at=post.local.strftime(FORMAT),
            to=tuple(channel.name for channel in CHANNELS),
            pictures=tuple(_picture(post, picture, pictures) for picture in post.pictures),
            leg=post.leg,
            place=post.place,
        )
        compose(app, name, draft, by=people["alice"])
    approve(app, post.id, by=people["bob"], campaign_name=name)


def _picture(post: JourneyPost, picture: JourneyPicture, folder: Path) -> Picture:
    if picture.film is None:
        drawn = _drawn(folder / f"{picture.draw}.png", lambda: draw(str(picture.draw)))
        return Picture(drawn, picture.alt)
    clip = folder / f"{picture.film}.mp4"
    if not clip.exists():
        film(picture.film, clip)
    spoken = {lang: partial(captions, cues) for lang, cues in (post.vtt or {}).items()}
    tracks = {lang: _drawn(folder / f"{picture.film}.{lang}.vtt", make) for lang, make in spoken.items()}
    return Picture(clip, picture.alt, tracks)


def _drawn(file: Path, make: Callable[[], bytes]) -> Path:
    if not file.exists():
        fresh = file.with_suffix(".part")
        fresh.write_bytes(make())
        fresh.replace(file)
    return file


def _due(journey: Journey, post: JourneyPost) -> datetime:
    return post.local.replace(tzinfo=ZoneInfo(journey.leg(post.leg).tz)).astimezone(UTC)
