"""WordPress's twin, asked as the REST reference says; tests/real asks the same of a real site."""

import pytest

from campaign.sandbox import Twin
from campaign.sandbox.wordpress.refusals import REFUSALS

from .conftest import Hands
from .wordpress_requests import LIFE, POSTS, ROLES, Ask, asker, life, provoke


@pytest.fixture
def ask(twin: Twin) -> Ask:
    opened = {
        name: twin.ask("POST", "/_accounts", {"platform": "wordpress", "name": name, "role": role})
        for name, role in ROLES.items()
    }
    return asker(twin.base_url, {name: told["token"] for name, told in opened.items()})


def test_each_refusal_is_said_as_in_the_table(ask: Ask) -> None:
    seen = provoke(ask)

    assert set(REFUSALS) == set(seen)
    for name, answer in seen.items():
        row, told = REFUSALS[name], answer.json()
        assert (row.status, row.code, row.words) == (answer.status_code, told["code"], told["message"]), name
        assert row.status == told["data"]["status"], name


def test_a_post_lives_as_on_a_real_site(twin: Twin, ask: Ask) -> None:
    assert life(ask) == LIFE
    [row] = twin.books(platform="wordpress")
    assert (row["text"], row["deleted"]) == ("안녕 <b> & [x]\n둘", True)


def test_the_same_title_twice_is_two_posts_at_two_addresses(ask: Ask) -> None:
    told = {"title": "Peace", "content": "x", "status": "publish"}

    assert ["peace", "peace-2"] == [ask("carol", "POST", POSTS, json=told).json()["slug"] for _ in range(2)]


def test_a_draft_is_seen_by_those_only_who_may_edit_it(ask: Ask) -> None:
    ident = ask("carol", "POST", POSTS, json={"title": "x", "status": "draft"}).json()["id"]
    seen = {
        who: [row["id"] for row in ask(who, "GET", POSTS, params={"status": "draft"}).json()]
        for who in ("carol", "alice", "bob")
    }

    assert {"carol": [ident], "alice": [ident], "bob": []} == seen


def test_comments_grow_with_time_and_only_under_what_is_public(twin: Twin, hands: Hands, ask: Ask) -> None:
    ident = ask("carol", "POST", POSTS, json={"title": "x", "content": "y", "status": "publish"}).json()["id"]
    hands.set("2019-10-06T03:00:00+00:00")
    asked = {"post": str(ident), "order": "asc", "per_page": "1"}
    answer = ask("carol", "GET", "/wp-json/wp/v2/comments", params=asked)
    true = twin.ask("GET", "/_books/counts", id=str(ident), platform="wordpress")["replies"]

    assert (str(true), 1, "reader0") == (
        answer.headers["x-wp-total"],
        len(answer.json()),
        answer.json()[0]["author_name"],
    )
    assert true > 0
    ask("carol", "DELETE", f"{POSTS}/{ident}")
    assert "0" == ask("carol", "GET", "/wp-json/wp/v2/comments", params=asked).headers["x-wp-total"]


def test_blanks_in_an_application_password_do_not_count(twin: Twin, ask: Ask) -> None:
    token = twin.opened["wordpress"]["peace_ko"]["token"]
    spaced = " ".join(token[at : at + 4] for at in range(0, len(token), 4))
    answer = asker(twin.base_url, {"peace_ko": spaced})("peace_ko", "GET", "/wp-json/wp/v2/users/me")

    assert "유라시아 평화 여정" == answer.json()["name"]
