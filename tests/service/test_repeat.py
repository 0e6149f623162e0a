"""Series: every time is a post of its own, with its own approval; this, the following, or all are changed together."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaign.core.errors import CampaignError, Conflict, Forbidden, Invalid
from campaign.core.language import latest, outdated
from campaign.core.model import Post
from campaign.core.schedule import FORMAT
from campaign.core.states import State
from campaign.service.approve import approve
from campaign.service.blackout import add_blackout
from campaign.service.compose import Wording
from campaign.service.duplicate import duplicate
from campaign.service.miss import miss
from campaign.service.proofread import proofread
from campaign.service.repeat import cancel_all, end, move_all, repeat, revise_all
from campaign.service.revise import Edit, revise
from campaign.store import campaigns as campaign_rows
from campaign.store import posts as post_rows
from campaign.store import queue
from campaign.store import series as series_rows
from tests.conftest import World

BOTH = {"ko": Wording("안녕하세요", ("#평화",)), "ru": Wording("Здравствуйте", ("#мир",))}
WEEKLY = "FREQ=WEEKLY;COUNT=4"


@pytest.fixture
def weekly(world: World) -> World:
    """Campaign s, which wants approvals, and post P01 with a picture, on two accounts, every week, four times."""
    world.campaign("s", languages=("ko", "ru"), approval="one")
    world.connect("ru", "ru", twin_account="peace_ru")
    picture = world.picture({"ko": "남색 그림", "ru": "Синяя картина"})
    world.post("P01", campaign="s", to=("kr", "ru"), texts=BOTH, minutes=60, pictures=(picture,), approve_now=False)
    repeat(world.app, "P01", every=WEEKLY, by=world.alice)
    return world


def post(world: World, name: str) -> Post:
    with world.app.store.read() as tx:
        return post_rows.post_named(tx, name)


def members(world: World, name: str = "P01") -> Sequence[Post]:
    with world.app.store.read() as tx:
        return series_rows.members(tx, series_rows.series_named(tx, name))


def times(world: World) -> list[str]:
    return [f"{each.local_at:%m-%d %H:%M}" for each in members(world)]


def states(world: World, name: str) -> list[str]:
    with world.app.store.read() as tx:
        return [str(row.state) for row in queue.of_post(tx, post_rows.post_named(tx, name).id)]


def text(world: World, name: str, lang: str = "ko") -> str:
    with world.app.store.read() as tx:
        return latest(post_rows.variants_of(tx, post_rows.post_named(tx, name).id))[lang].text


def test_each_time_is_a_post_of_its_own_with_the_same_bytes_and_no_approval(weekly: World) -> None:
    approve(weekly.app, "P01", by=weekly.bob)
    with weekly.app.store.read() as tx:
        made = {each.name: post_rows.outgoings_of(tx, each.id) for each in members(weekly)}

    assert list(made) == ["P01", "P01-2", "P01-3", "P01-4"]
    assert times(weekly) == ["11-24 10:00", "12-01 10:00", "12-08 10:00", "12-15 10:00"]
    assert len({tuple(sorted(entry.sha256 for entry in queued)) for queued in made.values()}) == 1
    assert len({entry.id for queued in made.values() for entry in queued}) == 8
    assert (states(weekly, "P01"), states(weekly, "P01-2")) == (["scheduled"] * 2, [])

    approve(weekly.app, "P01-2", by=weekly.bob)
    weekly.clock.turn(days=7, hours=1)
    with weekly.app.store.begin() as tx:
        miss(weekly.app, tx)
    weekly.tick()

    assert (states(weekly, "P01"), states(weekly, "P01-2")) == (["missed"] * 2, ["published"] * 2)  # never a burst
    assert states(weekly, "P01-3") == []


def test_what_was_outdated_is_outdated_in_every_copy_and_the_rest_is_not(world: World) -> None:
    world.campaign("s", languages=("ko", "ru"), approval="one")
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    world.post("P01", campaign="s", to=("two",), texts=BOTH, minutes=60, approve_now=False)
    revise(world.app, "P01", "ko", by=world.alice, text="안녕하십니까")
    repeat(world.app, "P01", every=WEEKLY, by=world.alice)
    with world.app.store.read() as tx:
        variants = post_rows.variants_of(tx, post_rows.post_named(tx, "P01-3").id)

    assert (outdated(variants, "ko"), latest(variants)["ko"].text) == ({"ru": 1}, "안녕하십니까")
    assert latest(variants)["ru"].based_on == {"text": 0}
    revise(world.app, "P01-3", "ru", by=world.alice)  # it holds
    approve(world.app, "P01-3", by=world.bob)
    assert states(world, "P01-3") == ["scheduled", "scheduled"]


def test_a_copy_at_another_time_keeps_its_translations_which_need_a_look(weekly: World) -> None:
    made = duplicate(weekly.app, "P01", "P11", at="2026-12-24 18:00", by=weekly.alice)

    assert (made.unchecked, made.post.series_id, text(weekly, "P11", "ru")) == (("ru",), None, "Здравствуйте")
    with pytest.raises(Conflict, match="ru"):
        approve(weekly.app, "P11", by=weekly.bob, langs=["ru"])
    revise(weekly.app, "P11", "ru", by=weekly.alice)
    approve(weekly.app, "P11", by=weekly.bob)
    assert states(weekly, "P11") == ["scheduled", "scheduled"]
    with pytest.raises(Conflict, match="used already"):
        duplicate(weekly.app, "P01", "P11", at="2026-12-24 18:00", by=weekly.alice)
    with pytest.raises(Conflict, match="past"):
        duplicate(weekly.app, "P01", "P12", at="2026-11-23 18:00", by=weekly.alice)


def test_a_move_shifts_this_the_following_or_all_on_the_wall_clock(weekly: World) -> None:
    move_all(weekly.app, "P01-3", at="2026-12-09 11:30", by=weekly.alice, scope="following")
    assert times(weekly) == ["11-24 10:00", "12-01 10:00", "12-09 11:30", "12-16 11:30"]
    move_all(weekly.app, "P01-2", at="2026-12-01 09:00", by=weekly.alice, scope="this")
    assert times(weekly)[1] == "12-01 09:00"
    move_all(weekly.app, "P01-2", at="2026-12-01 10:00", by=weekly.alice, scope="all")
    assert times(weekly) == ["11-24 11:00", "12-01 10:00", "12-09 12:30", "12-16 12:30"]


def test_a_move_that_would_bring_two_too_near_moves_none(weekly: World) -> None:
    before = times(weekly)
    with pytest.raises(Invalid, match="closer than 1 day"):
        move_all(weekly.app, "P01-3", at="2026-12-01 20:00", by=weekly.alice, scope="this")
    with pytest.raises(Invalid, match="closer than 1 day"):
        move_all(weekly.app, "P01-3", at="2026-12-01 20:00", by=weekly.alice, scope="following")
    assert times(weekly) == before


def test_what_cannot_move_is_left_and_named(weekly: World) -> None:
    cancel_all(weekly.app, "P01-3", by=weekly.alice, scope="this")
    approve(weekly.app, "P01", by=weekly.bob)
    weekly.clock.turn(minutes=60)
    weekly.tick()
    done = move_all(weekly.app, "P01-4", at="2026-12-16 10:00", by=weekly.alice, scope="all")

    assert [each.name for each in done.posts] == ["P01-2", "P01-3", "P01-4"]  # a draft that was taken back may move
    assert [name for name, _ in done.left] == ["P01"] and "out" in done.left[0][1]


def test_a_cancellation_takes_drafts_back_too_so_that_nobody_can_approve_them(weekly: World) -> None:
    approve(weekly.app, "P01-2", by=weekly.bob)
    done = cancel_all(weekly.app, "P01-2", by=weekly.alice, scope="following")

    assert [each.name for each in done.posts] == ["P01-2", "P01-3", "P01-4"] and len(done.deliveries) == 2
    assert states(weekly, "P01-2") == ["cancelled", "cancelled"]
    approve(weekly.app, "P01", by=weekly.bob)
    with weekly.app.store.read() as tx:
        assert post_rows.outgoings_of(tx, post_rows.post_named(tx, "P01-3").id) == []
    with pytest.raises(Conflict, match="nothing to cancel"):
        cancel_all(weekly.app, "P01-3", by=weekly.alice, scope="following")


def test_a_series_that_ends_takes_back_what_has_not_left(weekly: World) -> None:
    approve(weekly.app, "P01", by=weekly.bob)
    weekly.clock.turn(minutes=60)
    weekly.tick()
    entry, done = end(weekly.app, "P01", by=weekly.alice)

    assert entry.ended_at == weekly.clock.now()
    assert ([each.name for each in done.posts], [name for name, _ in done.left]) == (
        ["P01-2", "P01-3", "P01-4"],
        ["P01"],
    )
    assert states(weekly, "P01") == ["published", "published"]
    with pytest.raises(Conflict, match="ended already"):
        end(weekly.app, "P01", by=weekly.alice)


def test_an_edit_reaches_those_that_say_the_same_and_names_the_others(weekly: World) -> None:
    revise(weekly.app, "P01-3", "ko", by=weekly.alice, text="셋째 주")
    first, done = revise_all(weekly.app, "P01-2", "ko", Edit(text="새 글"), by=weekly.alice, scope="following")

    assert (first.outdated, [each.name for each in done.posts]) == (("ru",), ["P01-2", "P01-4"])
    assert done.left == (("P01-3", "says something of its own in ko"),)
    assert [text(weekly, name) for name in ("P01", "P01-2", "P01-3", "P01-4")] == [
        "안녕하세요",
        "새 글",
        "셋째 주",
        "새 글",
    ]


def test_posts_of_one_series_are_no_echoes_of_one_another_but_a_copy_is(weekly: World) -> None:
    def codes(name: str) -> set[str]:
        with weekly.app.store.read() as tx:
            campaign = campaign_rows.campaign_named(tx, "s")
            found = proofread(weekly.app, tx, campaign, post_rows.post_named(tx, name))
        return {each.finding.code for each in found}

    assert not codes("P01-2") & {"same-text", "similar-text"}
    duplicate(weekly.app, "P01", "P11", at="2026-12-24 18:00", by=weekly.alice)
    assert "same-text" in codes("P11")


def test_what_makes_no_series_changes_nothing(weekly: World) -> None:
    app, alice = weekly.app, weekly.alice
    for name, error, options in (
        ("P01", Conflict, {"every": WEEKLY}),
        ("P09", Invalid, {"every": "FREQ=DAILY"}),
        ("P09", Invalid, {"every": WEEKLY, "until": "2027-01-01"}),
        ("P09", Invalid, {"every": "FREQ=WEEKLY", "until": "soon"}),
        ("P09", Forbidden, {"every": WEEKLY, "approve_now": True}),
        ("P09", Conflict, {"every": WEEKLY, "series_name": "P01"}),
    ):
        if name == "P09" and options == {"every": "FREQ=DAILY"}:
            weekly.post("P09", campaign="s", approve_now=False)
        with pytest.raises(error):
            repeat(app, name, by=alice, **options)
    assert post(weekly, "P09").series_id is None
    with pytest.raises(Conflict, match="in no series"):
        move_all(app, "P09", at="2026-12-01 10:00", by=alice, scope="all")
    with pytest.raises(Forbidden):
        repeat(app, "P09", every=WEEKLY, by=weekly.carol)


def test_a_series_of_a_campaign_without_approvals_is_enqueued_at_once_where_that_is_asked(world: World) -> None:
    world.post("P01", minutes=60)
    made = repeat(world.app, "P01", every="FREQ=DAILY", until="2026-12-31", by=world.alice, approve_now=True)

    assert (len(made.posts), len(made.deliveries)) == (38, 37)
    assert {row.state for row in world.deliveries()} == {State.SCHEDULED}


def test_a_time_on_a_hard_blackout_day_is_left_out_and_told(weekly: World) -> None:
    add_blackout(weekly.app, "election", starts_on="2026-12-09", by=weekly.alice, campaign_name="s")
    weekly.post("P09", campaign="s", minutes=60 * 24, approve_now=False)
    made = repeat(weekly.app, "P09", every=WEEKLY, by=weekly.alice)

    assert [each.name for each in made.posts] == ["P09", "P09-2", "P09-4"]
    assert len(made.told) == 1 and made.told[0].startswith("P09-3 is left out: ") and "election" in made.told[0]
    with pytest.raises(Invalid, match="election"):
        duplicate(weekly.app, "P09", "P10", at="2026-12-09 12:00", by=weekly.alice)


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["move", "move", "cancel"]),
        st.integers(0, 3),
        st.integers(-30, 30),
        st.sampled_from(["this", "following", "all"]),
    ),
    max_size=6,
)


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_no_sequence_of_moves_brings_two_of_a_series_within_the_least_gap(
    world: World, acts: list[tuple[str, int, int, str]]
) -> None:
    with world.app.store.read() as tx:
        name = f"S{len(post_rows.posts_of(tx))}"
    world.post(name, minutes=60 * 24 * 9)
    repeat(world.app, name, every="FREQ=DAILY;COUNT=4", by=world.alice, approve_now=True)
    versions = {each.id: each.version for each in members(world, name)}
    for act, which, hours, scope in acts:
        one = members(world, name)[which]
        at = (one.local_at + timedelta(hours=hours)).strftime(FORMAT)
        try:
            if act == "cancel":
                cancel_all(world.app, one.name, by=world.alice, scope=scope)  # type: ignore[arg-type]
            else:
                move_all(world.app, one.name, at=at, by=world.alice, scope=scope)  # type: ignore[arg-type]
        except CampaignError:
            pass
        living = [each for each in members(world, name) if set(states(world, each.name)) != {"cancelled"}]
        for before, after in pairwise(sorted(living, key=lambda each: each.due_at)):
            assert after.due_at - before.due_at >= timedelta(days=1)
        for each in members(world, name):
            assert each.version >= versions[each.id]
            versions[each.id] = each.version
