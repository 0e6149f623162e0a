"""The journey itself: local time, languages that cannot go stale unseen, lengths as X counts them, language tags."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from tests.conftest import World

from campaign.core.errors import Conflict
from campaign.core.schedule import FORMAT, in_zone
from campaign.core.text import compose_text, count
from campaign.demo.journey import JourneyPost, load_journey
from campaign.platforms import load
from campaign.service import campaigns
from campaign.service.approve import approve
from campaign.service.compose import Draft, Wording, compose
from campaign.service.revise import revise
from campaign.store import posts as post_rows

JOURNEY = load_journey()
POSTS = {post.id: post for post in JOURNEY.posts}
BEFORE = datetime(2019, 9, 30, tzinfo=UTC)
# languages-engagement-ux.md, section 7: weighted lengths of the whole posts, hashtags and link included.
X_WEIGHTS = {
    "P01": (204, 209, 213), "P02": (163, 157, 191), "P03": (179, 219, 208), "P04": (148, 146, 159),
    "P05": (129, 132, 127), "P06": (128, 143, 166), "P07": (111, 101, 122), "P08": (160, 202, 218),
    "P09": (97, 121, 114), "P10": (157, 160, 182),
}  # fmt: skip


@pytest.fixture
def journey(make_world: Callable[..., World]) -> World:
    """P03 and P07 in a campaign like the demo's, on an account of all three languages, in 2019."""
    world = make_world(start=BEFORE)
    row = JOURNEY.campaign
    options = {"languages": row.languages, "quiet_hours": row.quiet_hours, "approval": "one"}
    campaigns.add_campaign(world.app, row.id, zone_name=row.home_tz, by=world.alice, **options)  # type: ignore[arg-type]
    for leg in JOURNEY.legs:
        days = {"starts_on": leg.starts_on.isoformat(), "ends_on": leg.ends_on.isoformat()}
        campaigns.add_leg(world.app, row.id, leg.id, zone_name=leg.tz, by=world.alice, **days)
    world.connect("all", "ko", "ru", "en", twin_account="peace_ru")
    for name in ("P03", "P07"):
        add(world, POSTS[name])
        approve(world.app, name, by=world.bob)
    return world


def add(world: World, post: JourneyPost) -> None:
    wordings = {lang: Wording(post.text[lang], post.tags[lang]) for lang in post.text}
    picture = world.picture(dict(post.pictures[0].alt), name=f"{post.id}.png")
    at = post.local.strftime(FORMAT)
    draft = Draft(name=post.id, wordings=wordings, at=at, to=("all",), pictures=(picture,), leg=post.leg)
    compose(world.app, JOURNEY.campaign.id, draft, by=world.alice)


def of(world: World, post: str) -> dict[str, tuple[str, str | None]]:
    """Return language → (local time in Seoul, why it is held) of a post's deliveries."""
    with world.app.store.read() as tx:
        mine = post_rows.post_named(tx, post).id
    rows = [row for row in world.deliveries() if row.post_id == mine]
    return {row.langs[0]: (in_zone(row.due_at, "Asia/Seoul")[:16], row.held_because) for row in rows}


def test_p07_is_sent_in_moscow_in_the_evening_and_to_koreans_in_their_morning(journey: World) -> None:
    assert of(journey, "P07") == {
        "ko": ("2019-10-08 08:00", None),
        "ru": ("2019-10-08 01:00", None),  # 19:00 in Moscow
        "en": ("2019-10-08 01:00", None),
    }


def test_a_changed_korean_text_of_p03_makes_the_others_stale_and_voids_their_approval(journey: World) -> None:
    done = revise(journey.app, "P03", "ko", by=journey.alice, text="신한촌을 기억합니다.")

    assert done.outdated == ("en", "ru")
    assert {lang: why for lang, (_, why) in of(journey, "P03").items()} == {
        "ko": "not approved in ko",
        "ru": "outdated in ru: ko has changed (revision 2)",
        "en": "outdated in en: ko has changed (revision 2)",
    }
    with pytest.raises(Conflict, match="outdated in ru"):
        approve(journey.app, "P03", by=journey.bob, langs=["ru"])

    revise(journey.app, "P03", "ru", by=journey.alice)  # the same words still hold: that is another word to approve

    assert str(of(journey, "P03")["ru"][1]).startswith("not approved in ru")

    approve(journey.app, "P03", by=journey.bob, langs=["ko", "ru"])
    journey.clock.turn_to(datetime(2019, 10, 2, 2, 31, tzinfo=UTC))
    journey.tick()

    assert {row["language"] for row in journey.twin.books(platform="mastodon")} == {"ko", "ru"}


def test_an_alt_edit_of_p03_voids_its_own_language_only_and_makes_the_alt_texts_of_the_others_stale(
    journey: World,
) -> None:
    done = revise(journey.app, "P03", "ko", by=journey.alice, alt={1: "1919년과 2019년을 이은 화살표."})

    assert (done.outdated, done.stale) == ((), {"ru": ("alt",), "en": ("alt",)})
    held = {lang: why for lang, (_, why) in of(journey, "P03").items()}
    assert held == {"ko": "not approved in ko", "ru": None, "en": None}


@pytest.mark.parametrize("post", JOURNEY.posts, ids=lambda post: post.id)
def test_x_counts_each_post_of_the_journey_as_the_table_says(post: JourneyPost) -> None:
    rule = load("x").defaults.text
    weights = {
        lang: count(compose_text(post.text[lang], post.tags[lang], post.link_in(lang)), rule)
        for lang in ("ko", "ru", "en")
    }

    assert tuple(weights.values()) == X_WEIGHTS[post.id]


def test_each_platform_is_told_the_language_as_it_wants_it_told(journey: World) -> None:
    journey.clock.turn_to(datetime(2019, 10, 2, 2, 31, tzinfo=UTC))
    journey.tick()

    told = {row["language"]: row["text"] for row in journey.twin.books(platform="mastodon")}
    assert {lang: POSTS["P03"].text[lang] in text for lang, text in told.items()} == dict.fromkeys(
        ("ko", "ru", "en"), True
    )
