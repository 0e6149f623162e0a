"""One campaign: its legs and its way on a map, its posts by local time, and the state of every delivery."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from campaign.core.errors import Invalid
from campaign.core.language import outdated
from campaign.core.model import Leg, Post, Role
from campaign.core.states import State
from campaign.service.package import mark_handed
from campaign.service.standing import waiting_in
from campaign.store import accounts as account_rows
from campaign.store import campaigns, queue
from campaign.store import posts as post_rows
from campaign.web import route_map
from campaign.web.desk import Desk
from campaign.web.gate import Visit
from campaign.web.states import needs_a_person, ordered


@dataclass(frozen=True, slots=True)
class Row:
    """A post with its deliveries in their cells: account → deliveries."""

    post: Post
    leg: Leg | None
    langs: tuple[str, ...]
    outdated: tuple[str, ...]
    waiting: tuple[str, ...]  # languages that somebody still has to approve
    cells: dict[str, list[dict[str, Any]]]


def show(desk: Desk, visit: Visit) -> Response:
    """Show a campaign; filters are plain fields of the address."""
    name = visit.place("name")
    with desk.app.store.read() as tx:
        campaign = campaigns.campaign_named(tx, name)
        legs = campaigns.legs_of(tx, campaign.id)
        posts = post_rows.posts_of(tx, campaign.id)
        variants = post_rows.variants_in(tx, campaign.id)
        waiting = waiting_in(tx, campaign, now=desk.app.clock.now())
        rows = queue.listed(tx, campaign.id)
        mark_handed(desk.app, tx, rows)
        accounts = account_rows.all_accounts(tx)
    wanted = {key: visit.asked(key) for key in ("state", "language", "account")}
    if wanted["state"] and wanted["state"] not in [*map(str, State), "held"]:
        raise Invalid("state", wanted["state"], f"must be one of: {', '.join(State)}, held")
    shown = [row for row in rows if _fits(row, wanted)]
    by_post: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in shown:
        by_post[row["post_id"]][row["account"]].append(row)
    filtered = any(wanted.values())
    lines = [
        Row(
            post=post,
            leg=next((leg for leg in legs if leg.id == post.leg_id), None),
            langs=tuple(dict.fromkeys(variant.lang for variant in variants.get(post.id, ()))),
            outdated=tuple(outdated(variants.get(post.id, ()), campaign.source_lang)),
            waiting=tuple(waiting.get(post.id, ())),
            cells=dict(by_post[post.id]),
        )
        for post in posts
        if not filtered or post.id in by_post
    ]
    used = {row["account"] for row in rows}
    return desk.page(
        visit,
        "campaign.html",
        demo=campaign.demo,
        campaign=campaign,
        legs=legs,
        map=route_map.draw(legs, visit.look),
        lines=lines,
        columns=[account for account in accounts if account.name in used],
        attention=[row for row in ordered(rows) if needs_a_person(row)],
        wanted=wanted,
        states=[*map(str, State), "held"],
        number=len(shown),
        may_write=visit.may(Role.AUTHOR),
        now=desk.app.clock.now(),
    )


def _fits(row: dict[str, Any], wanted: dict[str, str]) -> bool:
    if wanted["state"] == "held":
        return bool(row["held_because"] and row["state"] == State.SCHEDULED)
    return (
        wanted["state"] in ("", str(row["state"]))
        and (not wanted["language"] or wanted["language"] in row["langs"])
        and wanted["account"] in ("", row["account"])
    )
