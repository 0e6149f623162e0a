"""The guest's page: one post for who has its address, without a login or JavaScript; the secret stands nowhere else."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from campaign.clock import real_now
from campaign.core.model import Role
from campaign.service import campaigns
from campaign.service.approve import approve
from campaign.service.archive import archive
from campaign.service.look import look
from campaign.service.review import make_guest_link, ready, review, revoke_guest_link
from campaign.service.revise import revise
from campaign.store import approvals as approval_rows
from campaign.store import posts as post_rows
from campaign.store import reviews as review_rows
from campaign.web.words import CATALOGUE, LANGS
from tests.conftest import World
from tests.test_canary import contents, where
from tests.web.conftest import Desk, Page

BOTH = {"ko": "안녕하세요", "ru": "Здравствуйте <b>все</b>"}


@pytest.fixture
def guest(world: World, serve: Callable[..., Desk]) -> tuple[World, Desk, str]:
    """Post P01 with a picture waits for two steps in two languages; Ms Kim has a link to it."""
    world.campaign("s", approval="two")
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    picture = world.picture({"ko": "남색 그림", "ru": "Синяя картинка"})
    world.post("P01", campaign="s", to=("two",), texts=BOTH, approve_now=False, pictures=(picture,))
    token, _ = make_guest_link(world.app, "P01", "Ms Kim", by=world.alice, now=real_now())
    return world, serve(world.app, world.settings, by=None), f"/review/{token}"


def test_a_guest_reads_the_languages_side_by_side_each_marked_as_what_it_is(guest: tuple[World, Desk, str]) -> None:
    _, desk, path = guest
    answer = desk.ask(path, Accept_Language="en")
    page = Page(answer.text)

    assert 200 == answer.status
    assert "Ms Kim, alice asks you to read this post" in page.text
    assert BOTH["ko"] in page.text and BOTH["ru"] in page.text  # as text, not as markup
    assert {"ko", "ru"} <= {attrs.get("lang") for tag, attrs in page.tags if tag in ("div", "span")}
    assert ["남색 그림"] == [image["alt"] for image in page.all("img")] or ["Синяя картинка"] == [
        image["alt"] for image in page.all("img")
    ]
    assert not page.all("script") and not [attrs for _, attrs in page.tags if any(n.startswith("on") for n in attrs)]
    labelled = {attrs["for"] for attrs in page.all("label") if "for" in attrs}
    named = {attrs["id"] for tag, attrs in page.tags if tag in ("select", "textarea")}
    assert named and named <= labelled
    assert (2, 2) == (len(page.all("textarea")), len([a for a in page.all("form") if a.get("action") == path]))


def test_the_page_is_kept_from_machines_and_tells_nobody_where_it_is(guest: tuple[World, Desk, str]) -> None:
    _, desk, path = guest
    for answer in (desk.ask(path), desk.ask(path, method="HEAD")):
        told = {name: answer.headers.get(name) for name in ("referrer-policy", "x-robots-tag", "cache-control")}
        assert {
            "referrer-policy": "no-referrer",
            "x-robots-tag": "noindex, nofollow",
            "cache-control": "no-store",
        } == told
    assert {"name": "robots", "content": "noindex, nofollow"} in Page(desk.ask(path).text).all("meta")


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_speaks_the_languages_of_the_desk(guest: tuple[World, Desk, str], lang: str) -> None:
    _, desk, path = guest
    page = desk.ask(path, Accept_Language=lang).text

    assert f'<html lang="{lang}">' in page
    assert CATALOGUE["review.pass"][LANGS.index(lang)] in page


def test_a_guest_s_word_is_kept_under_the_guest_s_name(guest: tuple[World, Desk, str]) -> None:
    world, desk, path = guest
    told = {"about": "ko", "revision": "1"}
    passed = desk.send(path, **told, decision="passed")
    returned = desk.send(path, about="ru", revision="1", decision="returned", field="text", text="Не тот день")

    assert [(303, f"{path}?said=ko"), (303, f"{path}?said=ru")] == [
        (answer.status, answer.headers["location"]) for answer in (passed, returned)
    ]
    page = Page(desk.ask(f"{path}?said=ru", Accept_Language="en").text).text
    assert "your word is kept. Thank you." in page and "to be changed" in page and "Не тот день" in page
    with world.app.store.read() as tx:
        post = post_rows.post_named(tx, "P01")
        said = review_rows.reviews_of(tx, post.id)
        given = approval_rows.approvals_of(tx, post.id)
    assert [("ko", "passed", "Ms Kim"), ("ru", "returned", "Ms Kim")] == [(r.lang, r.decision, r.person) for r in said]
    assert [("ko", 1, 2, "guest Ms Kim")] == [(a.lang, a.step, a.steps, a.person) for a in given]


def test_what_cannot_be_kept_is_told_and_what_was_typed_stays(guest: tuple[World, Desk, str]) -> None:
    world, desk, path = guest
    empty = desk.send(f"{path}?lang=en", about="ru", revision="1", decision="returned", text=" ")

    assert (422, True) == (empty.status, "Say in words what is to be changed." in empty.text)

    revise(world.app, "P01", "ru", by=world.alice, text="Добрый день")
    late = desk.send(f"{path}?lang=en", about="ru", revision="1", decision="returned", text="Не тот день")

    assert 409 == late.status
    assert "The text has changed since you opened this page" in late.text
    assert "Добрый день" in late.text and "Не тот день</textarea>" in late.text
    odd = desk.send(f"{path}?lang=en", about="ru", revision="2", decision="approve", text="x")
    assert (422, True) == (odd.status, "must be passed, returned or comment" in odd.text)


def test_a_form_of_another_site_is_refused(guest: tuple[World, Desk, str]) -> None:
    world, desk, path = guest
    body = b"about=ko&revision=1&decision=passed"
    kind = {"Content_Type": "application/x-www-form-urlencoded"}
    for foreign in ({"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}):
        assert 403 == desk.ask(path, method="POST", body=body, **kind, **foreign).status
    with world.app.store.read() as tx:
        assert [] == review_rows.reviews_of(tx, post_rows.post_named(tx, "P01").id)


def test_a_link_that_is_over_or_wrong_shows_nothing_and_guessing_is_bounded(guest: tuple[World, Desk, str]) -> None:
    world, desk, path = guest
    with world.app.store.read() as tx:
        link = review_rows.links_of(tx, post_rows.post_named(tx, "P01").id)[0]
    revoke_guest_link(world.app, "P01", link.id, by=world.alice, now=real_now())
    old, _ = make_guest_link(world.app, "P01", "Mr Li", by=world.alice, now=real_now() - timedelta(days=8))
    for address in (path, f"/review/{old}", "/review/guess", f"{path}/media/{'0' * 64}"):
        answer = desk.ask(address)
        assert 404 == answer.status and "안녕하세요" not in answer.text
    assert 404 == desk.send(path, about="ko", revision="1", decision="passed").status

    found = [desk.ask(f"/review/guess{n}").status for n in range(20)]

    assert 429 == found[-1]
    assert "retry-after" in desk.ask("/review/guess").headers


def test_a_link_is_answered_so_often_and_no_oftener(guest: tuple[World, Desk, str]) -> None:
    _, desk, path = guest
    found = [desk.send(path, about="ko", revision="1", decision="comment", text=f"{n}").status for n in range(21)]

    assert ([303] * 20, 429) == (found[:20], found[20])


def test_a_guest_sees_the_media_of_this_post_and_of_no_other(guest: tuple[World, Desk, str]) -> None:
    world, desk, path = guest
    world.post("P02", minutes=20, pictures=(world.picture(colour="red", name="b.png"),))
    with world.app.store.read() as tx:
        mine, other = (
            post_rows.media_of(tx, post_rows.post_named(tx, name).id)[0].medium.sha256 for name in ("P01", "P02")
        )

    found = desk.ask(f"{path}/media/{mine}")

    assert (200, "image/png") == (found.status, found.headers["content-type"])
    assert 404 == desk.ask(f"{path}/media/{other}").status
    assert 303 == desk.ask(f"/media/{mine}").status  # the desk's own needs a login


def test_the_secret_is_found_in_no_table_file_log_or_page(guest: tuple[World, Desk, str]) -> None:
    world, desk, path = guest
    secret = path.removeprefix("/review/")
    logged: list[str] = []
    app = world.open(log=lambda name, **fields: logged.append(repr((name, fields))))
    desk.send(path, about="ko", revision="1", decision="passed")
    desk.send(path, about="ru", revision="1", decision="returned", text="Нет")
    wrong = desk.send(path, about="xx", revision="1", decision="passed")
    ready(world.app, "P01", "ru", by=world.alice)
    rita = campaigns.add_person(world.app, "rita", [Role.REVIEWER])
    review(world.app, "P01", "ru", "passed", by=rita)
    approve(world.app, "P01", by=world.bob)
    look(app)
    world.clock.turn(minutes=10)
    world.tick(app)
    archive(app)
    app.store.close()

    assert "published" in world.states()
    assert set() == where(contents(world), secret)
    assert secret not in "".join(logged) and secret not in wrong.text
    record = next(raw for name, raw in contents(world).items() if name.endswith("record.jsonld"))
    assert "guest Ms Kim" in json.dumps(json.loads(record), ensure_ascii=False)


def test_the_desk_tells_what_waits_for_a_word(guest: tuple[World, Desk, str]) -> None:
    _, desk, path = guest
    desk.send(path, about="ru", revision="1", decision="returned", text="Не тот день")
    page: Any = Page(desk.log_in("bob").ask("/?lang=en").text)

    assert "s/P01 (ru) was returned" in page.text
    assert "/posts/s/P01" in {attrs.get("href") for attrs in page.all("a")}
