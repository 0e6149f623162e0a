"""What goes wrong on the journey, and the verb by which a person puts it right; each beat may be told twice."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from campaign import sandbox
from campaign.core.language import outdated
from campaign.core.model import Person
from campaign.core.states import State
from campaign.service import App
from campaign.service.approve import approve
from campaign.service.enqueue import retry
from campaign.service.pause import pause, resume
from campaign.service.revise import revise
from campaign.store import accounts as account_rows
from campaign.store import campaigns as campaign_rows
from campaign.store import people as people_rows
from campaign.store import posts as post_rows
from campaign.store import queue, readings

KO = (
    "블라디보스토크에는 1911년부터 1937년까지 한인 마을 ‘신한촌’이 있었습니다. 이곳은 나라 밖 독립운동의 중요한 "
    "터전이었습니다. 오늘 그 옛터에서 100년 전의 목소리를 기억합니다."
)
RU = (
    "С 1911 по 1937 год во Владивостоке существовал корейский квартал Синханчхон — Новая Корейская слободка. Он был "
    "важным центром движения за независимость Кореи. Сегодня на этом месте мы вспоминаем голоса столетней давности."
)
EN = (
    "From 1911 to 1937 Vladivostok was home to Sinhanchon, a Korean quarter that became an important centre of the "
    "independence movement abroad. Today, at its site, we remember the voices of a century ago."
)
CHANNEL = "tg-ru"
CHECKED = "Проверяем описание канала"  # the channel's description is checked
REASON = "한글날 행사 일정을 확인하는 동안 멈춥니다"  # the programme of Hangul Day is checked


@dataclass(frozen=True, slots=True)
class Scene:
    """What a beat may use."""

    app: App
    campaign: str
    base_url: str
    people: Mapping[str, Person]

    @property
    def alice(self) -> Person:
        """Writes."""
        return self.people["alice"]

    @property
    def bob(self) -> Person:
        """Approves."""
        return self.people["bob"]

    def rows(self, post: str) -> list[dict[str, Any]]:
        """Return the deliveries of a post."""
        with self.app.store.read() as tx:
            campaign = campaign_rows.campaign_named(tx, self.campaign)
            return [row for row in queue.listed(tx, campaign.id) if row["post"] == post]


@dataclass(frozen=True, slots=True)
class Beat:
    """One moment of the story: the virtual clock stands still at `at` until it was told."""

    at: datetime
    name: str
    tell: Callable[[Scene], None]


def scene(app: App, campaign: str, base_url: str) -> Scene:
    """Return the scene of a demo that is loaded."""
    with app.store.read() as tx:
        people = {person.name: person for person in people_rows.all_people(tx)}
    return Scene(app, campaign, base_url, people)


def _source_changes(on: Scene) -> None:
    """The Korean text of P03 gains a meaning; English is translated at once, Russian is not."""
    with on.app.store.read() as tx:
        campaign = campaign_rows.campaign_named(tx, on.campaign)
        post = post_rows.post_named(tx, "P03", campaign)
        latest = {variant.lang: variant for variant in post_rows.variants_of(tx, post.id)}
    if latest["ko"].revision == 1:
        revise(on.app, "P03", "ko", by=on.alice, text=KO, campaign_name=on.campaign)
    if latest["en"].revision == 1:
        revise(on.app, "P03", "en", by=on.alice, text=EN, campaign_name=on.campaign)
    approve(on.app, "P03", by=on.bob, langs=["ko", "en"], campaign_name=on.campaign)


def _translation_follows(on: Scene) -> None:
    """It was due ten minutes ago and held; the new translation is approved, and still within its grace."""
    with on.app.store.read() as tx:
        campaign = campaign_rows.campaign_named(tx, on.campaign)
        post = post_rows.post_named(tx, "P03", campaign)
        stale = outdated(post_rows.variants_of(tx, post.id), campaign.source_lang)
    if "ru" in stale:
        revise(on.app, "P03", "ru", by=on.alice, text=RU, campaign_name=on.campaign)
    approve(on.app, "P03", by=on.bob, langs=["ru"], campaign_name=on.campaign)


def _answers_are_lost(on: Scene) -> None:
    """The next answer of each platform is lost on the way back: the post is out, and nobody was told."""
    for match in LOSSES:
        cue = {"fault": "lose_response", "match": match, "times": 1}
        sandbox.ask(on.base_url, "POST", "/_faults", cue)


LOSSES = (
    {"method": "POST", "path": "/api/v1/statuses", "account": "peace_ru"},
    {"method": "POST", "path": "/xrpc/com.atproto.repo.putRecord"},
    {"method": "POST", "path": "/bot*/sendMediaGroup"},
)


def _standing(on: Scene) -> set[tuple[str, str]]:
    with on.app.store.read() as tx:
        return {(entry.scope, entry.name) for entry in account_rows.pauses_now(tx)}


def _a_channel_is_paused(on: Scene) -> None:
    """The Russian channel of Telegram is paused shortly before P09 is due."""
    if ("account", CHANNEL) not in _standing(on):
        pause(on.app, "account", CHANNEL, reason=CHECKED, by=on.alice)


def _all_is_paused(on: Scene) -> None:
    """Then everything is paused; what P09 has on other accounts is out by now."""
    if ("all", "") not in _standing(on):
        pause(on.app, "all", reason=REASON, by=on.alice)
    if ("account", CHANNEL) in _standing(on):
        resume(on.app, "account", CHANNEL, by=on.alice)


def _the_missed_is_rescheduled(on: Scene) -> None:
    """One delivery's grace ended meanwhile: it is not sent late by itself, a person gives it another time, and another
    approves it for that."""
    if ("all", "") in _standing(on):
        resume(on.app, "all", by=on.alice)
    for row in on.rows("P09"):
        if row["state"] == State.MISSED:
            retry(on.app, row["id"], by=on.bob, at="2019-10-09 12:30")
    approve(on.app, "P09", by=on.bob, langs=["ru"], campaign_name=on.campaign)


def _a_counter_is_missing(on: Scene) -> None:
    """Mastodon does not tell the favourites of the English P08 for a week: its curve has a gap, and no zero."""
    for row in on.rows("P08"):
        if row["platform"] == "mastodon" and row["langs"] == ["en"] and row["remote_id"]:
            args = {"id": row["remote_id"], "metric": "favourites", "as": "null"}
            cue = {"fault": "missing_metric", "match": {"account": "peace_en"}, "args": args}
            sandbox.ask(on.base_url, "POST", "/_faults", cue)


def _the_counter_is_back(on: Scene) -> None:
    sandbox.ask(on.base_url, "DELETE", "/_faults")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


STORY = (
    Beat(_at("2019-10-01 11:00"), "source_changed", _source_changes),
    Beat(_at("2019-10-02 02:40"), "translated_again", _translation_follows),
    Beat(_at("2019-10-04 10:00"), "answers_lost", _answers_are_lost),
    Beat(_at("2019-10-08 09:00"), "counter_missing", _a_counter_is_missing),
    Beat(_at("2019-10-09 08:50"), "channel_paused", _a_channel_is_paused),
    Beat(_at("2019-10-09 09:05"), "all_paused", _all_is_paused),
    Beat(_at("2019-10-09 09:20"), "rescheduled", _the_missed_is_rescheduled),
    Beat(_at("2019-10-16 00:00"), "counter_back", _the_counter_is_back),
)


def told(app: App, campaign: str) -> dict[str, Any]:
    """Return what the record says of the story: counted from the log and the readings, not from what was planned."""
    with app.store.read() as tx:
        rows = queue.listed(tx, campaign_rows.campaign_named(tx, campaign).id)
        events = [entry for post in {row["post_id"] for row in rows} for entry in people_rows.events_of(tx, post)]
        gaps = readings.gaps(tx)
    waited = {row["id"] for row in rows if row["published_at"] and row["published_at"] > row["due_at"]}
    names = {row["id"]: f"{row['post']}/{'+'.join(row['langs'])} to {row['account']}" for row in rows}
    states = {row["id"]: str(row["state"]) for row in rows}

    def of(name: str) -> list[str]:
        return sorted({entry["delivery_id"] for entry in events if entry["event"] == name and entry["delivery_id"]})

    def ended(name: str, how: str) -> list[str]:
        return [f"{names[id]}: {how}, {states[id]}" for id in of(name) if id in names]

    outdated_ones = sorted(
        {
            entry["delivery_id"]
            for entry in events
            if entry["event"] == "delivery.held"
            and "outdated" in str(entry["detail"].get("why"))
            and entry["delivery_id"] in waited
        }
    )
    return {
        "held": [f"{names[id]}: translated again and approved, {states[id]}" for id in outdated_ones if id in names],
        "missed": ended("delivery.missed", "rescheduled by a person"),
        "lost_answers": ended("delivery.uncertain", "settled by asking"),
        "gaps": [f"{names[id]}: {metric} not told {number} times" for id, metric, number in gaps if id in names],
    }
