"""The pages show every language, say that they are a demo, and run nothing that was posted."""

import html
import re

import httpx
import pytest
from mastodon import Mastodon

from campaign.sandbox import Twin

from .conftest import Connect, Hands, picture

HOSTILE = '<script>alert(1)</script> "><img src=x onerror=alert(1)> javascript:alert(1) {{ 7*7 }} </article>'


def page(twin: Twin, path: str = "/") -> httpx.Response:
    with httpx.Client(base_url=twin.base_url) as http:
        return http.get(path)


def test_the_timeline_shows_each_language_as_itself(twin: Twin, hands: Hands, connect: Connect) -> None:
    for name, text, lang in (("ko", "서울에서", "ko"), ("ru", "Из Сеула", "ru"), ("en", "From Seoul", "en")):
        client = connect(twin, f"peace_{name}")
        medium = client.media_post(picture(), "image/png", description=f"alt {text}")
        client.status_post(text, language=lang, media_ids=[medium.id])
    hands.set("2019-10-01T06:00:00Z")
    shown = page(twin).text
    for text, lang in (("서울에서", "ko"), ("Из Сеула", "ru"), ("From Seoul", "en")):
        assert f'<div class="text" lang="{lang}"><p>{text}</p></div>' in shown
        assert f'alt="alt {text}"' in shown
        assert f'<span lang="{lang}">alt {text}</span>' in shown
    assert "2019-10-01 03:00:00 UTC" in shown
    assert "3 h ago" in shown


@pytest.mark.parametrize("path", ["/", "/@peace_en", "/@peace_en/{id}", "/tags/peace", "/@nobody", "/nowhere"])
def test_every_page_is_marked_and_carries_a_strict_policy(twin: Twin, en: Mastodon, path: str) -> None:
    sent = en.status_post("a #peace")
    answer = page(twin, path.format(id=sent.id))
    assert "demo / sandbox" in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "<script" not in answer.text
    assert answer.status_code == (404 if "no" in path else 200)


def test_hostile_text_is_shown_and_not_run(twin: Twin, connect: Connect) -> None:
    token = twin.open_account("guest", display_name=HOSTILE[:100])
    guest = connect(twin, token=token)
    medium = guest.media_post(picture(), "image/png", description=HOSTILE)
    sent = guest.status_post(HOSTILE, media_ids=[medium.id], spoiler_text=HOSTILE, language="en")
    for path in ("/", "/@guest", f"/@guest/{sent.id}"):
        shown = page(twin, path).text
        tags = {tag.lower() for tag in re.findall(r"<\s*([a-z]+)", shown, re.IGNORECASE)}
        assert "script" not in tags
        assert "onerror=alert" not in "".join(re.findall(r"<img[^>]*>", shown)).replace(
            html.escape(HOSTILE), ""
        ).replace(HOSTILE.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;"), "")
        assert "49" not in re.findall(r'<div class="text"[^>]*>(.*?)</div>', shown, re.DOTALL)[0]
        assert 'href="javascript' not in shown
    assert "<script" not in guest.status(sent.id).content


def test_the_timeline_follows_until_it_is_stopped(twin: Twin) -> None:
    assert '<meta http-equiv="refresh" content="10">' in page(twin).text
    assert '<a href="?refresh=0">' in page(twin).text
    assert "http-equiv" not in page(twin, "/?refresh=0").text


def test_a_permalink_shows_an_edit_and_forgets_a_deleted_post(twin: Twin, en: Mastodon) -> None:
    sent = en.status_post("before")
    en.status_update(sent.id, "after")
    path = sent.url.removeprefix(twin.base_url)
    shown = page(twin, path).text
    assert "<p>after</p>" in shown
    assert "<p>before</p>" in shown
    assert page(twin, sent.uri.removeprefix(twin.base_url)).status_code == 200
    en.status_delete(sent.id)
    assert page(twin, path).status_code == 404


def test_a_private_post_is_on_no_page(twin: Twin, en: Mastodon) -> None:
    sent = en.status_post("secret", visibility="private")
    assert "secret" not in page(twin).text
    assert page(twin, f"/@peace_en/{sent.id}").status_code == 404


def test_a_long_timeline_is_paged(twin: Twin, en: Mastodon) -> None:
    for n in range(32):
        en.status_post(f"post {n}")
    first = page(twin).text
    assert first.count('<article class="card">') == 30
    older = html.unescape(re.findall(r'class="more" href="([^"]+)"', first)[0])
    assert page(twin, f"/{older}").text.count('<article class="card">') == 2
