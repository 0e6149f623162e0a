"""Accounts on the desk: who may do what, what a form may reach, and where a token never stands."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any, get_args
from urllib.parse import quote, urlencode

import pytest
import sqlalchemy as sa

from campaign.core.adapter import Unit
from campaign.core.model import Guarantee
from campaign.core.sheet import ABILITIES
from campaign.platforms import available, load
from campaign.service import App
from campaign.store import accounts as account_rows
from campaign.store.tables import accounts, events
from campaign.web.words import CATALOGUE
from tests.conftest import World
from tests.web.conftest import Answer, Desk, Page

Serve = Callable[..., Desk]
CANARY = "canary-Tok3n/of+the=test"


@pytest.fixture
def apart(world: World) -> Iterator[App]:
    """The installation as the desk's own process has it open: connections belong to one event loop."""
    app = world.open()
    yield app
    app.store.close()


def _posted(desk: Desk, path: str, fields: dict[str, str], **headers: str) -> Answer:
    named = {"Content_Type": "application/x-www-form-urlencoded"} | headers
    return desk.ask(path, method="POST", body=urlencode(fields).encode(), **named)


def _names(world: World) -> list[str]:
    with world.app.store.read() as tx:
        return [account.name for account in account_rows.all_accounts(tx)]


def _log(world: World) -> str:
    with world.app.store.read() as tx:
        return json.dumps([dict(row) for row in tx.execute(sa.select(events)).mappings()], default=str)


@pytest.mark.parametrize("lang", ["ko", "en", "ru"])
def test_the_list_says_what_an_account_may_do_and_what_a_doubt_means(world: World, serve: Serve, lang: str) -> None:
    answer = serve(world.app, world.settings, by="alice").ask(f"/accounts?lang={lang}")
    page = Page(answer.text)
    assert answer.status == 200 and page.open == [] and page.all("html") == [{"lang": lang}]
    place = ("ko", "en", "ru").index(lang)
    assert CATALOGUE["account.guarantee.dedup"][place] in page.text and "500" in page.text
    assert f"{world.twin.base_url}/@peace_ko" in [link["href"] for link in page.all("a")]
    ids = [attrs["id"] for _, attrs in page.tags if attrs.get("id")]
    assert len(ids) == len(set(ids))
    for platform in ("mastodon", "bluesky", "telegram"):
        form = Page(serve(world.app, world.settings, by="alice").ask(f"/accounts/connect/{platform}?lang={lang}").text)
        labelled = {label.get("for") for label in form.all("label")}
        typed = [one for one in form.all("input") if one.get("type") not in ("hidden", "checkbox")]
        assert typed and all(one["id"] in labelled for one in typed)
        tokens = [one for one in form.all("input") if one.get("type") == "password"]
        assert tokens and all(one["autocomplete"] == "off" and "value" not in one for one in tokens)


def test_every_guarantee_and_every_way_to_count_has_a_sentence(world: World) -> None:
    wanted = {f"account.guarantee.{one}" for one in Guarantee}
    wanted |= {f"account.counts.{one}" for one in get_args(Unit)}
    wanted |= {f"account.able.{one}" for one in ABILITIES} | {f"compose.unit.{one}" for one in get_args(Unit)}
    assert wanted | {"account.image", "account.video"} <= set(CATALOGUE)


@pytest.mark.parametrize("platform", available())
def test_every_option_and_secret_of_a_platform_has_words_in_three_languages(platform: str) -> None:
    kind = load(platform)
    wanted = {
        f"account.{what}.{platform}.{name}" for what in ("field", "note") for name in {**kind.options, **kind.secrets}
    }
    wanted.add(f"account.hint.{platform}")
    assert wanted <= set(CATALOGUE)
    # Nothing is said of what the adapter no longer asks for, and no language stands in for another.
    told = {key for key in CATALOGUE if key.startswith((f"account.field.{platform}.", f"account.note.{platform}."))}
    assert told <= wanted
    for key in wanted:
        ko, en, ru = CATALOGUE[key]
        assert re.search("[가-힣]", ko) and re.search("[а-яё]", ru) and not re.search("[가-힣а-яё]", en), key


def test_each_form_asks_for_what_its_platform_needs_and_for_nothing_else(world: World, serve: Serve) -> None:
    desk = serve(world.app, world.settings, by="alice")
    for platform, lang in product(available(), ("ko", "ru")):
        kind, answer = load(platform), desk.ask(f"/accounts/connect/{platform}?lang={lang}")
        form = Page(answer.text)
        assert answer.status == 200 and form.open == [], platform
        place = ("ko", "en", "ru").index(lang)
        assert CATALOGUE[f"account.hint.{platform}"][place] in form.text
        typed = {str(one["name"]): one for one in form.all("input") if one.get("type") not in ("hidden", "checkbox")}
        if platform == "feed":
            assert not typed and "campaign account add feed" in form.text
            continue
        wanted = {"name", "others", *(f"option-{name}" for name in kind.options)}
        wanted |= {f"secret-{name}" for name in kind.secrets}
        wanted |= (set() if kind.home else {"base_url"}) | (set() if kind.tokenless else {"token"})
        assert set(typed) == wanted, platform
        assert not kind.home or kind.home in form.text
        labelled = {label.get("for") for label in form.all("label")}
        ids = [attrs["id"] for _, attrs in form.tags if attrs.get("id")]
        assert len(ids) == len(set(ids)) and {one["id"] for one in typed.values()} <= labelled
        noted = {str(one["aria-describedby"]) for one in typed.values() if one.get("aria-describedby")}
        assert noted <= set(ids)
        for name in (*kind.options, *kind.secrets):
            assert CATALOGUE[f"account.note.{platform}.{name}"][place] in form.text


def test_a_place_without_a_token_is_connected_in_the_browser(world: World, apart: App, serve: Serve) -> None:
    desk = serve(apart, world.settings, by="alice")
    fields = {"name": "naver", "base_url": "https://blog.example", "langs": "ko", "option-person": "bob"}
    wrong = desk.send("/accounts/connect/handoff?lang=en", **fields, **{"option-place": "nowhere"})
    assert wrong.status == 422 and CATALOGUE["account.correct"][1] in wrong.text
    assert 'href="#option-place"' in wrong.text and _names(world) == ["kr"]
    answer = desk.send("/accounts/connect/handoff", **fields, **{"option-place": "naver-blog"})
    assert answer.status in (200, 303), answer.text
    assert _names(world) == ["kr", "naver"]
    assert "/accounts/connect/handoff?again=" not in desk.ask("/accounts").text


def test_a_folder_of_this_machine_is_not_named_in_a_browser(world: World, apart: App, serve: Serve) -> None:
    desk = serve(apart, world.settings, by="alice")
    folder = world.settings.root / "shown"
    fields: dict[str, Any] = {"name": "f", "base_url": "https://feeds.example", "langs": "ko"}
    fields["option-folder"] = str(folder)
    answer = desk.send("/accounts/connect/feed", **fields)
    assert answer.status == 422 and "campaign account add feed" in answer.text
    assert _names(world) == ["kr"] and not folder.exists()
    assert "/accounts/connect/feed" not in desk.ask("/accounts").text


def _moved(world: World, platform: str) -> None:
    """Have the account stand on another platform: only what its sheet says is looked at."""
    with world.app.store.begin() as tx:
        tx.execute(sa.update(accounts).values(platform=platform, sheet={}))


def test_a_card_says_what_is_offered_what_is_not_and_what_it_costs(world: World, serve: Serve) -> None:
    desk = serve(world.app, world.settings, by="carol")
    text = Page(desk.ask("/accounts?lang=en").text).text
    assert CATALOGUE["account.offers"][1] in text and CATALOGUE["account.price"][1] not in text
    _moved(world, "x")
    text = Page(desk.ask("/accounts?lang=en").text).text
    assert "0.015 USD a post, 0.20 USD with a link" in text
    lacks = text.partition(CATALOGUE["account.offers_not"][1])[2]
    assert CATALOGUE["account.able.edits"][1] in lacks.partition("<")[0]
    _moved(world, "youtube")
    text = Page(desk.ask("/accounts?lang=ru").text).text
    assert f"{CATALOGUE['account.needs.title'][2]}, {CATALOGUE['account.needs.clip'][2]}" in text


def test_a_title_is_asked_for_only_where_an_account_shows_it(world: World, serve: Serve) -> None:
    desk = serve(world.app, world.settings, by="alice")
    world.post("P01", minutes=100)
    assert "title_ko" not in desk.ask("/campaigns/c/compose").text
    assert 'id="title"' not in desk.ask("/posts/c/P01/edit?language=ko").text
    _moved(world, "youtube")
    page = desk.ask("/campaigns/c/compose?lang=ko").text
    assert 'id="title"' in desk.ask("/posts/c/P01/edit?language=ko").text
    assert 'id="title_ko"' in page and CATALOGUE["account.needs.title"][0] in page
    _moved(world, "x")
    page = desk.ask("/campaigns/c/compose?lang=ko").text
    assert "title_ko" not in page and "0.015 USD" in page


def test_a_viewer_sees_accounts_and_can_do_nothing_to_them(world: World, serve: Serve) -> None:
    desk = serve(world.app, world.settings, by="carol")
    page = Page(desk.ask("/accounts").text)
    assert "kr" in page.text
    assert [form["action"] for form in page.all("form")] == ["/logout"]
    assert desk.ask("/accounts/connect/mastodon").status == 403
    assert desk.send("/accounts/connect/mastodon", name="x", base_url="https://a.example", token="t").status == 403
    assert desk.send("/accounts/kr/test").status == desk.send("/accounts/kr/remove", sure="yes").status == 403
    assert _names(world) == ["kr"]


def test_who_is_not_logged_in_sees_nothing(world: World, serve: Serve) -> None:
    desk = serve(world.app, world.settings, by=None)
    answer = desk.ask("/accounts")
    assert (answer.status, answer.headers["location"]) == (303, "/login?next=%2Faccounts")
    assert desk.send("/accounts/kr/remove", sure="yes").status == 401 and _names(world) == ["kr"]


def test_a_form_without_its_csrf_or_from_another_site_does_nothing(world: World, serve: Serve) -> None:
    desk = serve(world.app, world.settings, by="alice")
    fields = {"csrf": desk.csrf, "sure": "yes"}
    assert desk.send("/accounts/kr/remove", csrf="", sure="yes").status == 403
    assert desk.send("/accounts/kr/remove", csrf="x" * 32, sure="yes").status == 403
    assert _posted(desk, "/accounts/kr/remove", fields, Origin="https://evil.example").status == 403
    assert _posted(desk, "/accounts/kr/remove", fields, Sec_Fetch_Site="cross-site").status == 403
    other = serve(world.app, world.settings, by="bob")
    assert desk.send("/accounts/kr/remove", csrf=other.csrf, sure="yes").status == 403
    assert _names(world) == ["kr"]
    assert _posted(desk, "/accounts/kr/remove", fields, Origin=f"http://127.0.0.1:{desk.port}").status == 303
    assert _names(world) == []


def test_an_account_is_tested_and_removed_only_when_one_is_sure(world: World, apart: App, serve: Serve) -> None:
    desk = serve(apart, world.settings, by="alice")
    tested = desk.send("/accounts/kr/test")
    assert tested.status == 200 and 'id="result"' in tested.text and "@peace_ko" in tested.text
    assert desk.send("/accounts/kr/test").status == 200  # the network serves a second event loop, too
    assert desk.send("/accounts/kr/remove").status == 422 and _names(world) == ["kr"]
    assert desk.send("/accounts/nobody/test").status == 404 and desk.send("/accounts/kr/burn").status == 404
    world.post("P01")
    assert desk.send("/accounts/kr/remove", sure="yes").status == 409 and _names(world) == ["kr"]


def test_an_account_may_be_called_connect(world: World, apart: App, serve: Serve) -> None:
    world.connect("connect", "ru", twin_account="peace_ru")
    desk = serve(apart, world.settings, by="alice")
    assert 'id="result"' in desk.send("/accounts/connect/test").text
    assert desk.send("/accounts/connect/remove", sure="yes").status == 303 and _names(world) == ["kr"]


@pytest.mark.parametrize(
    "address", ["", "http://localhost:1", "https://127.0.0.1", "https://[::1]", "https://10.0.0.1"]
)
def test_a_private_address_typed_at_the_desk_is_refused(world: World, apart: App, serve: Serve, address: str) -> None:
    desk = serve(apart, world.settings, by="alice")
    before = world.twin.books()
    fields = {"name": "ru", "base_url": address or world.twin.base_url, "langs": ["ru", "en"], "token": CANARY}
    answer = desk.send("/accounts/connect/mastodon?lang=en", **fields)
    page = Page(answer.text)
    assert answer.status == 422 and "campaign account add mastodon --name ru" in page.text
    assert world.twin.books() == before and _names(world) == ["kr"]
    typed = {str(one.get("name")): one for one in page.all("input")}
    assert typed["name"]["value"] == "ru" and typed["base_url"]["value"] == (address or world.twin.base_url)
    chosen = [one["value"] for one in page.all("input") if one.get("name") == "langs" and "checked" in one]
    assert chosen == ["en", "ru"] and "value" not in typed["token"]


def test_a_form_that_fails_comes_back_filled_in_and_names_the_field(world: World, serve: Serve) -> None:
    desk = serve(world.app, world.settings, by="alice")
    good = {"name": "n", "base_url": "https://a.example", "langs": "ko", "token": CANARY}
    for field, bad in {"name": "a b", "base_url": "ftp://a.example", "token": "two words", "langs": ""}.items():
        answer = desk.send("/accounts/connect/mastodon", **good | {field: bad})
        assert answer.status == 422 and f'href="#{field}"' in answer.text, field
        assert CANARY not in answer.text and "two words" not in answer.text
    taken = desk.send("/accounts/connect/mastodon", **good | {"name": "kr"})
    assert taken.status == 422 and "exists already" in taken.text
    hostile = {"name": "<script>alert(1)</script>", "others": '"><img src=x>', "option-channel": "x\ty"}
    answer = desk.send("/accounts/connect/telegram", **good | hostile)
    page = Page(answer.text)
    assert answer.status == 422 and not page.all("script") and not page.all("img")
    assert desk.send("/accounts/connect/nowhere", **good).status == desk.ask("/accounts/connect/nowhere").status == 404


def test_a_new_token_goes_where_the_old_one_went_and_lifts_the_pause(world: World, apart: App, serve: Serve) -> None:
    desk = serve(apart, world.settings, by="bob")
    world.post("P01", minutes=5)
    world.twin.fault("expired_token", path="/api/v1/statuses")
    world.clock.turn(minutes=5)
    world.tick()
    listed = Page(desk.ask("/accounts?lang=en").text)
    assert CATALOGUE["account.refused"][1] in listed.text
    form = Page(desk.ask("/accounts/connect/mastodon?again=kr").text)
    assert world.twin.base_url in form.text and "base_url" not in [one.get("name") for one in form.all("input")]
    # What a hostile form says of the address is not heard: the token goes to the server that the account is on.
    fields = {"again": "kr", "base_url": "https://evil.example", "langs": "ko", "name": "other"}
    bad = desk.send("/accounts/connect/mastodon?lang=en", token=CANARY, **fields)
    assert bad.status == 422 and CATALOGUE["account.bad_token"][1] in bad.text and CANARY not in bad.text
    foreign = desk.send("/accounts/connect/mastodon", token=world.twin.tokens["peace_ru"], **fields)
    assert foreign.status == 422
    good = desk.send("/accounts/connect/mastodon", token=world.twin.tokens["peace_ko"], **fields)
    assert (good.status, good.headers["location"]) == (303, "/accounts#a-kr")
    with world.app.store.read() as tx:
        assert not account_rows.pauses_now(tx)
    assert desk.send("/accounts/connect/bluesky", token="t", **fields).status == 422


def test_a_token_stands_in_no_page_and_no_event(world: World, apart: App, serve: Serve) -> None:
    desk = serve(apart, world.settings, by="alice")
    fields = {"name": "n", "langs": "ko", "token": CANARY, "secret-watcher": CANARY + "2"}
    pages = [desk.send(f"/accounts/connect/{platform}", base_url=url, **fields) for platform, url in _PLACES]
    pages.append(desk.send("/accounts/connect/mastodon", again="kr", **fields))
    pages += [desk.ask(path) for path in ("/", "/accounts", "/accounts/connect/mastodon?again=kr", "/pauses")]
    kept = world.twin.tokens["peace_ko"]
    texts = [page.text for page in pages] + [_log(world)]
    for secret in (CANARY, kept):
        for form in (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode()):
            assert not [text for text in texts if form in text], form


_PLACES = (
    ("mastodon", f"https://user:{quote(CANARY, safe='')}@a.example"),
    ("mastodon", "http://127.0.0.1:1"),
    ("telegram", "http://127.0.0.1:1"),
    ("bluesky", "http://127.0.0.1:1"),
)


def test_hostile_words_of_a_platform_stay_words(world: World, serve: Serve) -> None:
    with world.app.store.begin() as tx:
        [account] = account_rows.all_accounts(tx)
        hostile = replace(account, handle='@"><script>alert(1)</script>', kind="<img src=x onerror=alert(1)>")
        token = account_rows.token_of(tx, account, world.app.vault)
        account_rows.reconnect(tx, hostile, world.app.vault, token)
    page = Page(serve(world.app, world.settings, by="alice").ask("/accounts").text)
    assert page.open == [] and not page.all("script") and not page.all("img")
    assert "onerror=alert(1)" in page.text and "<script>alert(1)</script>" in page.text
