"""Whatever was done to a post, its sheet says what is there: here it changes nothing, elsewhere it is the same."""

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaign.core.errors import Conflict, Invalid
from campaign.service import campaigns
from campaign.service.approve import approve
from campaign.service.arrange import arrange
from campaign.service.compose import Draft, Picture, Wording, compose
from campaign.service.enqueue import move
from campaign.service.export import export
from campaign.service.load import load
from campaign.service.revise import revise
from tests.conftest import World, picture_file
from tests.service.test_load import gist, wholes

WORDS = {
    "ko": ["안녕하세요", "반갑습니다 여러분", "=평화를 위하여"],
    "ru": ["Привет всем", "Добрый день, друзья", "- Мир вам"],
}
ALT = {"ko": ["그림", "남색 그림"], "ru": ["Рисунок", "Синий рисунок"]}
LINKS = ["", "https://example.org/{lang}", "https://example.org/?a=1"]
TITLES = ["", "제목", "Заголовок"]
TAGS: list[list[str]] = [[], ["#a"], ["#a", "#b_1"]]
STRATEGIES: list[dict[str, Any]] = [
    {"strategy": "split", "overflow": "refuse"},
    {"strategy": "combined", "overflow": "numbered"},
    {"strategy": "thread", "overflow": "thread"},
]
WHAT = ("text", "typo", "link", "title", "tags", "alt", "own", "own link", "move", "to", "arrange", "media", "approve")
STEPS = st.tuples(st.sampled_from(WHAT), st.sampled_from(["ko", "ru"]), st.integers(0, 2))


def step(world: World, campaign: str, what: str, lang: str, number: int, pictures: list[Path]) -> None:
    """Do one thing to the post, where it can be done."""
    app, given = world.app, {"by": world.alice, "campaign_name": campaign}
    text = WORDS[lang][number]
    match what:
        case "text":
            revise(app, "P", lang, text=text, keep_own=True, **given)
        case "typo":
            revise(app, "P", lang, text=text, change="typo", **given)
        case "link":
            revise(app, "P", lang, link=LINKS[number], keep_own=True, **given)
        case "title":
            revise(app, "P", lang, title=TITLES[number], keep_own=True, **given)
        case "tags":
            revise(app, "P", lang, tags=TAGS[number], keep_own=True, **given)
        case "alt":
            revise(app, "P", lang, alt={1: ALT[lang][number % 2]}, **given)
        case "own":
            revise(app, "P", lang, text=text, account="both", **given)
        case "own link":
            revise(app, "P", lang, link=["", "https://example.org/own"][number % 2], account="both", **given)
        case "move":
            move(app, "P", at=f"2026-12-0{number + 1} 19:30", tz=["Asia/Seoul", "Europe/Moscow", None][number], **given)
        case "to":
            arrange(app, "P", to=[("both",), ("kr", "both"), ("kr",)][number], **given)
        case "arrange":
            arrange(app, "P", **STRATEGIES[number], **given)
        case "media":
            shown = [Picture(file, {each: ALT[each][0] for each in ALT}) for file in pictures[:number]]
            arrange(app, "P", media=shown, **given)
        case "approve":
            approve(app, "P", by=world.bob, langs=[lang], campaign_name=campaign)


@pytest.mark.parametrize("suffix", [".csv", ".yaml"])
def test_a_walk_of_edits_comes_back_as_it_was(make_world: Any, tmp_path: Path, suffix: str) -> None:
    world: World = make_world()
    world.connect("kr", "ko")
    world.connect("both", "ko", "ru", twin_account="peace_ru")
    pictures = [picture_file(tmp_path / f"{colour}.png", colour) for colour in ("navy", "red")]
    runs: list[int] = []

    @settings(max_examples=7, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from([("ko",), ("ko", "ru")]), st.lists(STEPS, max_size=8))
    def holds(langs: tuple[str, ...], steps: list[tuple[str, str, int]]) -> None:
        runs.append(len(runs))
        names = f"from{len(runs)}", f"into{len(runs)}"
        for name in names:
            options = {"languages": ("ko", "ru"), "zone_name": "Asia/Seoul", "approval": "one"}
            campaigns.add_campaign(world.app, name, by=world.alice, **options)
        wordings = {lang: Wording(WORDS[lang][0]) for lang in langs}
        shown = (Picture(pictures[0], {lang: ALT[lang][0] for lang in ALT}),)
        draft = Draft("P", wordings, "2026-12-01 19:00", ("kr", "both"), pictures=shown)
        compose(world.app, names[0], draft, by=world.alice)
        for what, lang, number in steps:
            with contextlib.suppress(Invalid, Conflict):
                step(world, names[0], what, lang, number, pictures)
        file = tmp_path / f"{len(runs)}{suffix}"
        export(world.app, file, campaign_name=names[0])
        [here] = load(world.app, file, by=world.alice, campaign_name=names[0]).rows
        [there] = load(world.app, file, by=world.alice, campaign_name=names[1]).rows

        assert (here.what, here.changes, here.faults) == ("same", (), ())
        assert (there.what, there.faults) == ("new", ())
        assert gist(wholes(world, names[0])[0]) == gist(wholes(world, names[1])[0])

    holds()
