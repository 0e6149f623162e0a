"""A whole day's work in a real browser, in Korean: written, approved by another, published on the twin, looked at."""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from argon2 import PasswordHasher

from campaign.core.states import State
from campaign.service import login
from campaign.service.compose import Wording
from campaign.service.measure import measure
from campaign.service.revise import revise
from campaign.store import posts as post_rows
from tests.conftest import World, picture_file
from tests.web.conftest import Desk

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PASSWORDS = {"alice": "alice writes in korean", "bob": "bob reads before he approves"}

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None and os.environ.get("CI") != "true", reason="there is no chromium here"),
    # A browser leaves sockets and processes to the interpreter's end.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield running
        running.close()


def come_in(browser: Any, desk: Desk, name: str, *, width: int = 1280, **options: Any) -> Any:
    """Return a page of a fresh browser in which this person has logged in."""
    page = browser.new_context(locale="ko-KR", viewport={"width": width, "height": 900}, **options).new_page()
    page.set_default_timeout(15_000)
    page.goto(f"http://127.0.0.1:{desk.port}/")
    page.get_by_label("이름").fill(name)
    page.get_by_label("비밀번호").fill(PASSWORDS[name])
    page.get_by_role("button", name="로그인").click()
    page.get_by_role("heading", name="캠페인 데스크").wait_for()
    return page


@pytest.fixture
def aside() -> Iterator[Callable[..., Any]]:
    """Do something in a thread of its own: the browser's driver keeps an event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda work, *args, **options: pool.submit(work, *args, **options).result()


def test_a_bilingual_post_goes_from_the_form_to_the_record(
    world: World, serve: Callable[..., Desk], browser: Any, aside: Callable[..., Any]
) -> None:
    world.campaign("s", approval="one")
    aside(world.connect, "two", "ko", "ru", twin_account="peace_ru")
    desk = serve(world.app, world.settings, by=None)
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    for name, password in PASSWORDS.items():
        login.set_password(world.app, name, password, hasher=cheap)
    file = picture_file(world.folder / "밤.png")

    alice = come_in(browser, desk, "alice")
    alice.locator('a[href="/campaigns/s/compose"]', has_text="새 게시물 쓰기").click()
    alice.locator("#text_ko").fill("서울을 떠나 모스크바로 갑니다")
    alice.locator("#text_ru").fill("Мы едем из Сеула в Москву")
    alice.locator("#tags_ko").fill("#서울")
    alice.locator("#preview .count").first.wait_for()  # counted while it is typed
    assert "/ 500" in alice.locator("#preview").inner_text()
    alice.locator("#media").set_input_files(str(file))
    alice.locator('input[name="to"][value="kr"]').uncheck()
    alice.locator("#date").fill("2026-11-24")
    alice.locator("#time").fill("19:00")
    alice.get_by_role("button", name="올리기").click()
    alice.locator("#alt_0_ko").fill("남색 밤하늘")
    alice.locator("#alt_0_ru").fill("Синее ночное небо")
    alice.get_by_role("button", name="저장", exact=True).click()
    alice.wait_for_url("**/posts/s/P01")
    assert "다른 사람이 승인해야 합니다" in alice.inner_text("main")

    bob = come_in(browser, desk, "bob")
    bob.goto(f"http://127.0.0.1:{desk.port}/posts/s/P01")
    bob.get_by_role("button", name="승인").click()
    bob.locator(".s-scheduled").first.wait_for()
    assert ["scheduled", "scheduled"] == world.states()

    world.clock.turn(hours=10)  # 19:00 in Seoul
    aside(world.tick)
    posts = {row["language"]: row for row in world.twin.books(platform="mastodon")}
    assert {"ko": "서울을 떠나 모스크바로 갑니다\n#서울", "ru": "Мы едем из Сеула в Москву"} == {
        lang: row["text"] for lang, row in posts.items()
    }
    assert "남색 밤하늘" == posts["ko"]["media"][0]["description"]
    for _ in range(3):
        world.clock.turn(hours=8)
        aside(lambda: world.run(measure(world.app)))

    bob.reload()
    shown = bob.inner_text("main")
    assert all(row.state is State.PUBLISHED for row in world.deliveries())
    assert "urn:uuid:" in shown and "기록 번호" in shown
    assert bob.locator("figure svg.wide path.line").count() >= 2  # a curve in each language
    assert 0 == bob.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.fixture
def outdated(world: World, serve: Callable[..., Desk]) -> Desk:
    """The desk with P03, whose Korean has changed since it was put into Russian; alice has a password."""
    world.campaign("s", approval="one")
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    texts = {"ko": Wording("오늘 떠납니다."), "ru": Wording('Едем "сегодня".')}
    world.post("P03", campaign="s", to=("two",), approve_now=False, minutes=300, texts=texts)
    revise(world.app, "P03", "ko", text="내일 떠납니다.", by=world.alice, campaign_name="s")
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    login.set_password(world.app, "alice", PASSWORDS["alice"], hasher=cheap)
    return serve(world.app, world.settings, by=None)


def newest(world: World) -> str:
    with world.app.store.read() as tx:
        variants = post_rows.variants_of(tx, post_rows.post_named(tx, "P03").id)
    return next(each.text for each in reversed(variants) if each.lang == "ru")


def test_a_translation_is_counted_while_it_is_typed_but_not_within_a_syllable(
    world: World, outdated: Desk, browser: Any, aside: Callable[..., Any]
) -> None:
    alice = come_in(browser, outdated, "alice")
    alice.goto(f"http://127.0.0.1:{outdated.port}/posts/s/P03")
    alice.locator('a[href$="edit?language=ru"]').click()
    source, target = alice.locator("#s-text"), alice.get_by_label("글, 러시아어")
    assert "내일 떠납니다." == source.inner_text() and ("ru", "true") == (
        target.get_attribute("lang"),
        target.get_attribute("spellcheck"),
    )
    beside, box = source.bounding_box(), target.bounding_box()
    assert beside["x"] + beside["width"] <= box["x"] and abs(beside["y"] - box["y"]) < 2
    heights = alice.evaluate(
        "['#s-text', '#text'].map(one => getComputedStyle(document.querySelector(one)).lineHeight)"
    )
    assert heights[0] == heights[1]

    target.fill("х" * 600)
    alice.locator("#counts .s-failed").wait_for()
    assert "600 / 500" in alice.locator("#counts").inner_text()
    assert "600 / 500" in alice.locator("#said").text_content()
    asked: list[str] = []
    alice.on("request", lambda request: asked.append(request.method))
    keyboard = alice.context.new_cdp_session(alice)
    target.fill("")
    alice.locator("#counts li").wait_for(state="detached")
    asked.clear()
    for sign in ("ㄱ", "가", "강"):
        keyboard.send("Input.imeSetComposition", {"text": sign, "selectionStart": 1, "selectionEnd": 1})
    alice.wait_for_timeout(600)  # longer than the pause after which it is counted
    assert [] == asked and "강" == target.input_value()
    keyboard.send("Input.insertText", {"text": "강"})
    alice.locator("#counts li", has_text="1 / 500").wait_for()
    assert ["POST"] == asked

    alice.get_by_role("button", name="원문 그대로 넣기: 글").click()
    assert "내일 떠납니다." == target.input_value()
    alice.keyboard.press("Control+z")
    assert "강" == target.input_value()
    assert 'Едем "сегодня".' == aside(newest, world)


def test_a_phone_without_javascript_does_the_same_by_buttons(
    world: World, outdated: Desk, browser: Any, aside: Callable[..., Any]
) -> None:
    alice = come_in(browser, outdated, "alice", width=360, java_script_enabled=False)
    alice.goto(f"http://127.0.0.1:{outdated.port}/posts/s/P03/edit?language=ru")
    source, target = alice.locator("#s-text").bounding_box(), alice.locator("#text").bounding_box()
    assert source["y"] + source["height"] <= target["y"]  # one below the other, the source first
    alice.get_by_role("button", name="모두 고치기").click()
    assert "Едем «сегодня»." == alice.locator("#text").input_value()
    alice.locator("#text").fill("Едем завтра.")
    aside(revise, world.app, "P03", "ru", text="Завтра!", by=world.alice, campaign_name="s")
    alice.get_by_role("button", name="저장", exact=True).click()
    assert "그사이 다른 사람이 고쳤습니다" in alice.locator("#theirs").inner_text()
    assert "Едем завтра." == alice.locator("#text").input_value()
    alice.locator("#tags").fill("#мир")
    alice.locator("#tags").press("Enter")
    assert "Завтра!" == aside(newest, world)  # the Enter key checks and keeps nothing
    alice.get_by_role("button", name="저장", exact=True).click()
    alice.wait_for_url("**/posts/s/P03")
    assert "Едем завтра." == aside(newest, world)
