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
from campaign.service.measure import measure
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


def come_in(browser: Any, desk: Desk, name: str) -> Any:
    """Return a page of a fresh browser in which this person has logged in."""
    page = browser.new_context(locale="ko-KR", viewport={"width": 1280, "height": 900}).new_page()
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
