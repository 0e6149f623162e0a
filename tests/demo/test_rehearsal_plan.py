"""The plan of a rehearsal: what needs no rehearsing to be told."""

from tests.conftest import World

from campaign.core.schedule import in_zone
from campaign.demo.rehearsal.plan import Plan, read_plan
from campaign.service.blackout import add_blackout
from campaign.store import campaigns as campaign_rows


def _plan(world: World) -> Plan:
    now = world.clock.now()
    with world.app.store.read() as tx:
        campaign = campaign_rows.campaign_named(tx, "c")
        limits = world.app.capabilities
        return read_plan(tx, campaign, starts=now, now=now, drafts=True, limits_of=limits, twins=["mastodon"])


def test_what_falls_on_a_blackout_is_held_in_the_plan_drafts_too(world: World) -> None:
    world.post("queued")
    world.post("draft", approve_now=False)
    world.post("later", minutes=24 * 60)
    assert ["uncertain"] * 3 == [line.standing for line in _plan(world).lines.values()]
    add_blackout(world.app, "애도", starts_on=in_zone(world.clock.now(), "Asia/Seoul")[:10], by=world.alice)
    lines = {line.post: line for line in _plan(world).lines.values()}

    assert {"queued": "held", "draft": "held", "later": "uncertain"} == {
        name: line.standing for name, line in lines.items()
    }
    assert "blackout 애도 (2026-11-24) for the ko audience: move it" in str(lines["draft"].why)
