"""Putting a post up by hand, from a phone or without scripts: what to paste, what to do, and where it stands now."""

import os
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from campaign.core.model import Delivery
from campaign.service.compose import Wording
from campaign.web.gate import COOKIE
from tests.conftest import World
from tests.web.conftest import Answer, Desk, Page

from .test_browser import CHROMIUM, browser  # noqa: F401 - a fixture
from .test_compose_page import BOUNDARY, multipart

Serve = Callable[..., Desk]
TEXT = "\n평화의 길 </textarea><script>alert(1)</script>\n함께 걸어요"


@pytest.fixture
def handed(world: World) -> Delivery:
    """A post with a picture, with alice now, for the board."""
    world.link("handoff", "blog", "ko")
    wording = Wording(TEXT.strip(), ("#서울",), None, "첫째 날")
    picture = world.picture({"ko": "남색 그림"})
    world.post("P01", to=("blog",), texts={"ko": wording}, pictures=(picture,))
    world.clock.turn(minutes=10)
    world.tick()
    return world.deliveries()[0]


def board(world: World) -> str:
    return str(world.twin.opened["handoff"]["peace_ko"]["base_url"])


def page_of(held: Delivery) -> str:
    return f"/posts/c/P01/handoff/{held.id}"


def answer(desk: Desk, held: Delivery, files: Any = (), **fields: str) -> Answer:
    body = multipart({"csrf": desk.csrf, "act": "published", **fields}, list(files))
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return desk.ask(f"{page_of(held)}?lang=ko", method="POST", body=body, Content_Type=kind)


def png() -> bytes:
    kept = BytesIO()
    Image.new("RGB", (90, 160), "white").save(kept, "PNG")
    return kept.getvalue()


def test_the_page_is_found_from_wherever_one_looks(world: World, serve: Serve, handed: Delivery) -> None:
    desk = serve(world.app, world.settings, by="alice")
    for path in ("/?live=0&lang=en", "/campaigns/c?lang=en", "/posts/c/P01?lang=en"):
        page = Page(desk.ask(path).text)
        assert page_of(handed) in {link.get("href") for link in page.all("a")}, path
        assert "with a person" in page.text
    first = desk.ask("/?live=0&lang=en").text
    assert "Deliveries that a person puts up: 1" in first and 'id="attention"' in first
    assert "A request left and no answer came" not in desk.ask("/posts/c/P01?lang=en").text


@pytest.mark.parametrize("lang", ["ko", "en", "ru"])
def test_each_text_lies_in_a_field_with_a_label_as_it_was_approved(
    world: World, serve: Serve, handed: Delivery, lang: str
) -> None:
    desk = serve(world.app, world.settings, by="bob")
    answered = desk.ask(f"{page_of(handed)}?lang={lang}")
    page = Page(answered.text)

    assert 200 == answered.status and [] == page.open and [{"lang": lang}] == page.all("html")
    areas = page.all("textarea")
    texts = [data for tag, data in page.words if tag == "textarea"]
    # What follows the tag is a line break that browsers leave out.
    assert [text.removeprefix("\n") for text in texts] == ["첫째 날", f"{TEXT.strip()}\n#서울", "남색 그림"]
    assert all("readonly" in area and "ko" == area["lang"] for area in areas)
    labelled = {label["for"] for label in page.all("label") if "for" in label}
    fields = [field["id"] for field in areas + page.all("input") if field.get("type") not in ("hidden", "checkbox")]
    assert set(fields) <= labelled
    assert [{"type": "module", "src": "/static/copy.js"}] == page.all("script")
    buttons = [button for button in page.all("button") if "data-copy" in button]
    assert {area["id"] for area in areas} == {button["data-copy"] for button in buttons}
    assert all("hidden" in button for button in buttons)  # without JavaScript there is nothing to press
    links = {link.get("href"): link for link in page.all("a")}
    assert "1-P01-ko.png" == next(link["download"] for link in links.values() if "download" in link)
    assert {board(world), f"{page_of(handed)}/package.zip"} <= set(links)
    assert "alice" in page.text and "2026" in page.text and "Asia/Seoul" in page.text


def test_everything_comes_in_one_file(world: World, serve: Serve, handed: Delivery) -> None:
    desk = serve(world.app, world.settings, by="alice")
    zipped = desk.ask(f"{page_of(handed)}/package.zip?lang=ru")

    assert (200, "application/zip") == (zipped.status, zipped.headers["content-type"])
    assert 'attachment; filename="c-P01-ko-blog.zip"' in zipped.headers["content-disposition"]
    with zipfile.ZipFile(BytesIO(zipped.body)) as found:
        assert found.testzip() is None
        assert "Кто: alice" in found.read("c-P01-ko-blog/checklist.txt").decode("utf-8-sig")


def test_who_may_only_read_gets_neither_texts_nor_files(world: World, serve: Serve, handed: Delivery) -> None:
    desk = serve(world.app, world.settings, by="carol")
    for path in (page_of(handed), f"{page_of(handed)}/package.zip"):
        assert 403 == desk.ask(path).status
    assert 403 == answer(desk, handed, url=f"{board(world)}/abc").status
    assert page_of(handed) not in desk.ask("/posts/c/P01").text
    assert ["processing"] == world.states()


def test_the_address_ends_it(world: World, serve: Serve, handed: Delivery) -> None:
    desk = serve(world.app, world.settings, by="alice")
    done = answer(desk, handed, url=f"{board(world)}/abc")

    assert (303, "/posts/c/P01#deliveries") == (done.status, done.headers["location"])
    assert f"{board(world)}/abc" == world.deliveries()[0].permalink
    after = desk.ask(f"{page_of(handed)}?lang=en").text
    assert "on record" in after and 'name="url"' not in after


def test_a_screenshot_ends_it_and_is_shown(world: World, serve: Serve, handed: Delivery) -> None:
    desk = serve(world.app, world.settings, by="alice")
    done = answer(desk, handed, [("screenshot", "화면 캡처.PNG", png())])

    assert 303 == done.status and ["published"] == world.states()
    [image] = [
        each for each in Page(desk.ask(f"{page_of(handed)}?lang=en").text).all("img") if each.get("class") == "shot"
    ]
    assert (200, "image/png") == (
        (shown := desk.ask(str(image["src"]))).status,
        shown.headers["content-type"],
    )


@pytest.mark.parametrize(
    ("fields", "files", "said", "field"),
    [
        ({}, [], "give the address of the post", "url"),
        ({"url": "https://evil.example/1"}, [], "must be an address at", "url"),
        ({"url": "나중에"}, [("screenshot", "a.png", b"no picture")], "JPEG, PNG, WebP", "screenshot"),
        ({}, [("screenshot", "a.jpg", png())], "is in truth a PNG picture", "screenshot"),
    ],
    ids=["nothing", "elsewhere", "no picture", "misnamed"],
)
def test_what_tells_nothing_is_said_beside_its_field_and_nothing_is_lost(
    world: World, serve: Serve, handed: Delivery, fields: Any, files: Any, said: str, field: str
) -> None:
    desk = serve(world.app, world.settings, by="alice")
    refused = answer(desk, handed, files, **fields)
    page = Page(refused.text)

    assert 422 == refused.status and said in page.text and ["processing"] == world.states()
    [wrong] = [each for each in page.all("input") if "aria-invalid" in each]
    assert field == wrong["name"] and "wrong" in str(wrong["aria-describedby"]).split()
    [url] = [each for each in page.all("input") if each.get("name") == "url"]
    assert fields.get("url", "") == url["value"]


def test_it_can_be_given_up(world: World, serve: Serve, handed: Delivery) -> None:
    desk = serve(world.app, world.settings, by="alice")

    assert 303 == desk.send(page_of(handed), act="abandon").status
    assert ["failed"] == world.states()


def test_an_address_of_another_post_leads_nowhere(world: World, serve: Serve, handed: Delivery) -> None:
    world.post("P02", minutes=30)
    desk = serve(world.app, world.settings, by="alice")
    [other] = [row for row in world.deliveries() if row.id != handed.id]

    assert 404 == desk.ask(f"/posts/c/P02/handoff/{handed.id}").status
    assert 409 == desk.ask(f"/posts/c/P02/handoff/{other.id}").status  # it is sent by itself
    assert 404 == desk.ask("/posts/c/P01/handoff/nothing").status


@pytest.mark.skipif(CHROMIUM is None and os.environ.get("CI") != "true", reason="there is no chromium here")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_phone_copies_a_text_and_sends_a_screenshot(
    world: World,
    serve: Serve,
    handed: Delivery,
    browser: Any,  # noqa: F811
) -> None:
    desk = serve(world.app, world.settings, by="alice")
    session = {"name": COOKIE, "value": desk.cookie, "url": f"http://127.0.0.1:{desk.port}"}
    for scripts in (True, False):
        context = browser.new_context(
            locale="ko-KR", viewport={"width": 360, "height": 740}, java_script_enabled=scripts
        )
        context.add_cookies([session])
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{desk.port}{page_of(handed)}?lang=ko")
        assert scripts is page.get_by_role("button", name="복사: 본문").is_visible()
        assert page.get_by_label("본문, 한국어", exact=True).input_value().startswith("평화의 길 </textarea>")
        if scripts:
            context.grant_permissions(["clipboard-read", "clipboard-write"])
            page.get_by_role("button", name="복사: 본문").click()
            page.get_by_role("button", name="복사했습니다: 본문").wait_for()
            assert f"{TEXT.strip()}\n#서울" == page.evaluate("navigator.clipboard.readText()")
            assert 0 == page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.locator("#screenshot").set_input_files({"name": "화면.png", "mimeType": "image/png", "buffer": png()})
    page.get_by_role("button", name="올렸다고 알리기").click()
    page.wait_for_url("**/posts/c/P01#deliveries")

    assert ["published"] == world.states()
