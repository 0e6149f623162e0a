"""In and out of the desk: passwords, one-time links, sessions, and what of them is kept or shown."""

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from starlette.exceptions import HTTPException

from campaign.clock import real_now
from campaign.core.errors import Forbidden
from campaign.service import login
from campaign.store.tables import events, login_links, people, sessions
from campaign.web.gate import COOKIE, LANG_COOKIE, TRIES, Attempts
from campaign.web.words import CATALOGUE
from tests.conftest import World
from tests.web.conftest import Answer, Desk, Page

Serve = Callable[..., Desk]
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "정동길-peace-2019"


@pytest.fixture
def desk(world: World, serve: Serve) -> Desk:
    """A desk at which nobody is logged in; alice has a password."""
    login.set_password(world.app, "alice", PASSWORD, hasher=HASHER)
    return serve(world.app, world.settings, by=None)


def _cookie(answer: Answer) -> str:
    """Return the session that an answer gives, after a look at its flags."""
    name, _, rest = answer.headers["set-cookie"].partition("=")
    value, *flags = [part.strip() for part in rest.split(";")]
    assert name == COOKIE and {"HttpOnly", "SameSite=lax", "Path=/"} <= set(flags)
    return value


def _whose(desk: Desk, cookie: str) -> str:
    """Return the name on the page of whoever has this cookie."""
    desk.cookie = cookie
    page = Page(desk.ask("/pauses?lang=en").text)
    return next((data for tag, data in page.words if tag == "span" and data in ("alice", "bob", "carol")), "")


def test_name_and_password_lead_to_where_one_wanted_to_go(desk: Desk) -> None:
    asked = desk.ask("/campaigns/c?live=0")
    assert (asked.status, asked.headers["location"]) == (303, "/login?next=%2Fcampaigns%2Fc%3Flive%3D0")
    shown = Page(desk.ask(asked.headers["location"]).text)
    [there] = [one["value"] for one in shown.all("input") if one.get("name") == "next"]
    answer = desk.send("/login", name=" alice ", password=PASSWORD, next=there)
    assert (answer.status, answer.headers["location"]) == (303, "/campaigns/c?live=0")
    assert _whose(desk, _cookie(answer)) == "alice"


@pytest.mark.parametrize(
    "next", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", ""]
)
def test_a_login_leads_to_no_other_site(desk: Desk, next: str) -> None:
    assert desk.send("/login", name="alice", password=PASSWORD, next=next).headers["location"] == "/"


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(desk: Desk) -> None:
    for name in ("alice", "nobody", "bob", '"><script>alert(1)</script>', "x" * 5000):
        answer = desk.send("/login?lang=en", name=name, password="wrong-" + PASSWORD)
        page = Page(answer.text)
        assert answer.status == 403 and CATALOGUE["login.wrong"][1] in page.text, name
        assert COOKIE not in answer.headers.get("set-cookie", "") and not page.all("script")
        assert PASSWORD not in answer.text and [one["value"] for one in page.all("input") if one["name"] == "name"]


def test_too_many_wrong_passwords_are_answered_no_more(desk: Desk) -> None:
    codes = [desk.send("/login", name="alice", password="wrong").status for _ in range(TRIES)]
    assert codes == [403] * TRIES
    refused = desk.send("/login", name="alice", password=PASSWORD)
    assert refused.status == 429 and 0 < int(refused.headers["retry-after"]) <= 301
    assert COOKIE not in refused.headers.get("set-cookie", "")


def test_wrong_passwords_are_forgotten_after_a_while() -> None:
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    for _ in range(TRIES):
        attempts.take("name alice", "address x")
    for keys in (("address x",), ("name alice",), ("name bob", "address x")):
        with pytest.raises(HTTPException):
            attempts.take(*keys)
    attempts.take("name bob")
    now[0] = 301.0
    attempts.take("name alice", "address x")


def test_a_right_password_costs_no_try_and_forgives_no_wrong_one() -> None:
    attempts = Attempts(lambda: 0.0)
    for _ in range(TRIES - 1):
        attempts.take("address x")
    for _ in range(20):
        attempts.give_back(attempts.take("name alice", "address x"), "name alice", "address x")
    attempts.take("address x")
    with pytest.raises(HTTPException):
        attempts.take("address x")


def test_many_guesses_at_once_are_as_few_as_one_after_the_other(desk: Desk) -> None:
    with ThreadPoolExecutor(30) as pool:
        codes = list(pool.map(lambda n: desk.send("/login", name="alice", password=f"wrong {n}").status, range(30)))
    assert {403: TRIES, 429: 30 - TRIES} == Counter(codes)


def test_behind_a_proxy_with_https_the_desk_has_its_name_and_the_cookie_is_for_https_alone(
    world: World, serve: Serve
) -> None:
    login.set_password(world.app, "alice", PASSWORD, hasher=HASHER)
    web = world.settings.web.model_copy(update={"url": "https://desk.example"})
    desk = serve(world.app, world.settings.model_copy(update={"web": web}), by=None)

    entered = desk.send("/login", host="desk.example", name="alice", password=PASSWORD)

    assert 303 == entered.status and "Secure" in entered.headers["set-cookie"]
    assert 400 == desk.ask("/login", host="evil.example").status


def test_a_link_lets_its_owner_in_once(world: World, desk: Desk) -> None:
    token = login.make_link(world.app, "bob", now=real_now())
    shown = desk.ask(f"/welcome?token={token}&lang=ko")
    assert shown.status == 200 and "bob" in shown.text and shown.headers["referrer-policy"] == "no-referrer"
    short = desk.send("/welcome", token=token, password="short", again="short", locale="ru")
    differ = desk.send("/welcome", token=token, password=PASSWORD, again=PASSWORD + "x", locale="ru")
    assert (short.status, differ.status) == (422, 422) and PASSWORD not in differ.text
    entered = desk.send("/welcome", token=token, password=PASSWORD, again=PASSWORD, locale="ru")
    assert (entered.status, entered.headers["location"]) == (303, "/?lang=ru")
    again = desk.send("/welcome", token=token, password="another-password", again="another-password")
    assert again.status == 404 and desk.ask(f"/welcome?token={token}").status == 404
    assert _whose(desk, _cookie(entered)) == "bob"
    assert login.log_in(world.app, "bob", PASSWORD, now=real_now(), hasher=HASHER).session.person.name == "bob"


def test_a_link_works_for_who_is_logged_in_as_somebody_else(world: World, desk: Desk) -> None:
    desk.log_in("alice")
    token = login.make_link(world.app, "bob", now=real_now())
    form = Page(desk.ask(f"/welcome?token={token}").text)
    [csrf] = [one["value"] for one in form.all("input") if one.get("name") == "csrf" and one["value"] == desk.csrf][:1]
    entered = desk.send("/welcome", csrf=csrf, token=token, password=PASSWORD, again=PASSWORD)
    assert entered.status == 303 and _whose(desk, _cookie(entered)) == "bob"


def test_another_language_keeps_the_link_and_the_way_on(world: World, desk: Desk) -> None:
    def russian(path: str) -> str:
        [there] = [one["href"] for one in Page(desk.ask(path).text).all("a") if one.get("hreflang") == "ru"]
        return path.partition("?")[0] + str(there)

    token = login.make_link(world.app, "bob", now=real_now())
    shown = desk.ask(russian(f"/welcome?token={token}&lang=en"))
    assert shown.status == 200 and f"{CATALOGUE['welcome'][2]}, bob" in shown.text
    onward = Page(desk.ask(russian("/login?next=%2Fposts%2Fc%2FP01%3Flive%3D0%26x%3D%22")).text)
    assert ['/posts/c/P01?live=0&x="'] == [one["value"] for one in onward.all("input") if one["name"] == "next"]
    # A page that answers a form has no address of its own: it offers no other language.
    assert "hreflang" not in desk.send("/login", name="alice", password="wrong").text


def test_an_old_or_invented_link_is_worth_nothing(world: World, desk: Desk) -> None:
    old = login.make_link(world.app, "bob", now=real_now() - login.LINK_LASTS - timedelta(minutes=1))
    for token in (old, "invented", "", "x" * 5000):
        assert desk.ask(f"/welcome?token={token}").status == 404
        answer = desk.send("/welcome", token=token, password=PASSWORD, again=PASSWORD)
        assert answer.status == 404 and "set-cookie" not in answer.headers
    with pytest.raises(Forbidden):
        login.log_in(world.app, "bob", PASSWORD, now=real_now(), hasher=HASHER)


def test_who_logs_out_is_out_with_every_copy_of_the_cookie(desk: Desk) -> None:
    desk.log_in("alice")
    assert desk.send("/logout", csrf="x").status == 403 and desk.ask("/").status == 200
    out = desk.send("/logout")
    assert (out.status, out.headers["location"]) == (303, "/login") and "Max-Age=0" in out.headers["set-cookie"]
    assert desk.ask("/").status == 303


def test_a_session_ends_when_it_was_not_used_for_long(world: World, desk: Desk) -> None:
    now = real_now()
    ago = {"old": login.LASTS + timedelta(minutes=1), "fresh": login.LASTS - timedelta(minutes=30)}
    cookies = {name: login.enter(world.app, world.alice, now=now - time).cookie for name, time in ago.items()}
    assert _whose(desk, cookies["old"]) == "" and _whose(desk, cookies["fresh"]) == "alice"
    # What was used lasts longer.
    assert login.session_of(world.app, cookies["fresh"], now=now + timedelta(hours=11)) is not None
    for false in ("x", "x" * 5000, ""):
        assert _whose(desk, false) == ""


def test_a_new_password_ends_what_was_open_under_the_old_one(world: World, desk: Desk) -> None:
    desk.log_in("alice")
    login.set_password(world.app, "alice", PASSWORD + "2", hasher=HASHER)
    assert desk.ask("/").status == 303


def test_a_login_ends_the_session_that_was_there_before(world: World, desk: Desk) -> None:
    desk.log_in("carol")
    old = desk.cookie
    answer = desk.send("/login", name="alice", password=PASSWORD)
    fresh = _cookie(answer)
    assert fresh != old and _whose(desk, old) == "" and _whose(desk, fresh) == "alice"


def test_a_form_of_another_site_logs_nobody_in(desk: Desk) -> None:
    body = f"name=alice&password={PASSWORD}".encode()
    kind = "application/x-www-form-urlencoded"
    for headers in ({"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}):
        answer = desk.ask("/login", method="POST", body=body, Content_Type=kind, **headers)
        assert answer.status == 403 and "set-cookie" not in answer.headers


def test_the_page_says_how_to_get_in_while_nobody_has_a_password(world: World, serve: Serve) -> None:
    desk = serve(world.app, world.settings, by=None)
    assert "campaign user link NAME" in desk.ask("/login").text
    login.set_password(world.app, "alice", PASSWORD, hasher=HASHER)
    assert "campaign user link NAME" not in desk.ask("/login").text


def test_no_secret_is_kept_as_it_is(world: World, desk: Desk) -> None:
    link = login.make_link(world.app, "carol", now=real_now())
    cookie = _cookie(desk.send("/login", name="alice", password=PASSWORD))
    with world.app.store.read() as tx:
        rows = [
            dict(row)
            for table in (events, people, sessions, login_links)
            for row in tx.execute(table.select()).mappings()
        ]
    text = json.dumps(rows, default=str, ensure_ascii=False)
    assert "$argon2id$" in text
    assert not [secret for secret in (link, cookie, PASSWORD) if secret in text]


def test_the_language_that_was_asked_for_is_remembered(desk: Desk) -> None:
    answer = desk.ask("/login?lang=ko", Accept_Language="ru")
    assert Page(answer.text).all("html") == [{"lang": "ko"}]
    assert answer.headers["set-cookie"].startswith(f"{LANG_COOKIE}=ko")
    assert Page(desk.ask("/login", Accept_Language="ru").text).all("html") == [{"lang": "ru"}]
