"""What a person can do on a post's page; above all, settle a doubt."""

from collections.abc import Callable

import pytest

from campaign.core.model import Guarantee
from campaign.core.plan import Form, Term
from campaign.service import accounts, glossary
from campaign.service.draft import Wording
from campaign.service.publish import publish
from campaign.store import posts
from tests.conftest import World
from tests.web.conftest import Desk, Page, post_id

Serve = Callable[..., Desk]

BOTH = {"ko": "안녕하세요", "ru": "Здравствуйте"}


@pytest.fixture
def written(world: World) -> World:
    world.campaign("s", approval="one")
    world.connect("two", "ko", "ru", twin_account="peace_ru")
    world.post("P01", campaign="s", to=("two",), texts=BOTH, approve_now=False)
    return world


@pytest.fixture
def doubtful(world: World) -> World:
    """A post on an account that nobody can ask, whose answer was lost: a Telegram channel without a watcher."""
    opened = world.twin.opened["telegram"]["peace_ko"]
    world.run(
        accounts.connect(
            world.app,
            "telegram",
            name="tg",
            base_url=world.twin.base_url,
            token=opened["token"],
            langs=("ko",),
            by=world.alice,
            private=True,
            options={"channel": opened["channel"]},
        )
    )
    world.post("P01", to=("tg",))
    world.twin.fault("lose_response", method="POST", path="/bot*/sendMessage")
    world.clock.turn(minutes=11)
    world.run(publish(world.app, limit=5))
    return world


def test_without_a_watcher_a_lost_answer_stays_a_doubt_and_comes_first(doubtful: World, serve: Serve) -> None:
    for _ in range(5):
        doubtful.clock.turn(minutes=10)
        doubtful.tick()

    assert ["uncertain"] == doubtful.states()
    assert Guarantee.NONE == doubtful.deliveries()[0].guarantee
    assert 1 == len(doubtful.twin.books(platform="telegram"))  # it is out, and it was not sent again

    desk = serve(doubtful.app, doubtful.settings, by="bob")
    first = Page(desk.ask("/?lang=ko").text)
    assert "불확실" in first.tables["attention"][1][0]
    sheet = desk.ask("/posts/c/P01?lang=ko").text
    assert "어떻게 되었나요?" in sheet and "sendMessage" in sheet
    assert "chat_id" in sheet and "sha256" in sheet and "no answer" in sheet  # what was sent, and what came back
    token = doubtful.twin.opened["telegram"]["peace_ko"]["token"]
    assert token not in sheet and token.replace(":", "%3A") not in sheet


@pytest.mark.parametrize(
    ("answer", "state"), [("published", "published"), ("not_published", "missed"), ("abandon", "failed")]
)
def test_each_of_the_three_answers_settles_it(doubtful: World, serve: Serve, answer: str, state: str) -> None:
    doubtful.clock.turn(hours=1)
    [row] = doubtful.deliveries()
    [there] = doubtful.twin.books(platform="telegram")
    desk = serve(doubtful.app, doubtful.settings, by="alice")

    done = desk.send("/posts/c/P01/settle", delivery=row.id, answer=answer, url=there["url"])

    assert 303 == done.status
    assert [state] == doubtful.states()
    if answer == "published":
        assert (there["id"], there["url"]) == (doubtful.deliveries()[0].remote_id, doubtful.deliveries()[0].permalink)
    doubtful.tick()
    assert 1 == len(doubtful.twin.books(platform="telegram"))  # whatever was answered, nothing went out twice


def test_not_published_within_its_grace_sends_it_again(doubtful: World, serve: Serve) -> None:
    """A person's word is taken: who says that it is not there, while it is, makes a second post, and that is known."""
    [row] = doubtful.deliveries()
    serve(doubtful.app, doubtful.settings, by="alice").send(
        "/posts/c/P01/settle", delivery=row.id, answer="not_published"
    )
    doubtful.tick()

    assert ["published"] == doubtful.states()


def test_a_wrong_answer_says_what_is_wrong_and_changes_nothing(doubtful: World, serve: Serve) -> None:
    [row] = doubtful.deliveries()
    desk = serve(doubtful.app, doubtful.settings, by="alice")

    refused = desk.send("/posts/c/P01/settle", delivery=row.id, answer="published", url="not an address")

    assert 422 == refused.status and "must be the post" in refused.text
    assert ["uncertain"] == doubtful.states()
    assert 404 == desk.send("/posts/c/P01/settle", delivery="0" * 36, answer="abandon").status


def test_a_second_person_approves_in_the_languages_that_were_ticked(written: World, serve: Serve) -> None:
    desk = serve(written.app, written.settings, by="bob")
    assert "승인할 언어" in desk.ask("/posts/s/P01?lang=ko").text

    assert 303 == desk.send("/posts/s/P01/approve", langs=["ko"]).status
    assert ["scheduled"] == written.states()
    assert 303 == desk.send("/posts/s/P01/approve", langs=["ru"]).status
    assert ["scheduled", "scheduled"] == written.states()


def test_the_author_sees_that_somebody_else_must_approve(written: World, serve: Serve) -> None:
    desk = serve(written.app, written.settings, by="alice")
    page = desk.ask("/posts/s/P01?lang=en").text

    assert "Another person than the author" in page and 'name="langs"' not in page
    assert 403 == desk.send("/posts/s/P01/approve", langs=["ko"]).status


def test_a_form_without_its_token_or_from_another_site_does_nothing(written: World, serve: Serve) -> None:
    desk = serve(written.app, written.settings, by="bob")

    assert 403 == desk.send("/posts/s/P01/approve", csrf="", langs=["ko"]).status
    assert 403 == desk.send("/posts/s/P01/approve", csrf="x" * 32, langs=["ko"]).status
    foreign = desk.ask(
        "/posts/s/P01/approve",
        method="POST",
        body=f"csrf={desk.csrf}&langs=ko".encode(),
        Content_Type="application/x-www-form-urlencoded",
        Origin="https://evil.example",
    )
    assert 403 == foreign.status
    assert [] == written.states()


def test_it_is_moved_cancelled_and_scheduled_again(written: World, serve: Serve) -> None:
    desk = serve(written.app, written.settings, by="bob")
    desk.send("/posts/s/P01/approve", langs=["ko", "ru"])

    assert 303 == desk.send("/posts/s/P01/move", date="2026-11-25", time="10:00").status
    assert {"2026-11-25T01:00:00+00:00"} == {row.due_at.isoformat() for row in written.deliveries()}
    past = desk.send("/posts/s/P01/move", date="2020-01-01", time="10:00")
    assert 422 == past.status and "is past" in past.text
    assert 303 == desk.send("/posts/s/P01/cancel").status
    assert ["cancelled", "cancelled"] == written.states()
    assert 409 == desk.send("/posts/s/P01/cancel").status


def test_an_edit_holds_the_translation_and_the_page_says_so(written: World, serve: Serve) -> None:
    serve(written.app, written.settings, by="bob").send("/posts/s/P01/approve", langs=["ko", "ru"])
    desk = serve(written.app, written.settings, by="alice")
    form = desk.ask("/posts/s/P01/edit?language=ko&lang=en").text
    assert 'name="change"' in form and "held back until translated again, and approved again: Russian" in form

    done = desk.send("/posts/s/P01/edit", language="ko", revision="1", text="안녕하십니까", tags="#서울", link="")

    assert 303 == done.status
    page = desk.ask("/posts/s/P01?lang=ru").text
    assert "перевод устарел" in page and "안녕하십니까" in page
    stale = desk.send("/posts/s/P01/edit", language="ko", revision="1", text="두 번째", tags="", link="")
    assert 409 == stale.status and "두 번째" in stale.text  # what was typed is not lost


def test_a_deleted_or_unknown_medium_or_post_is_not_found_in_the_readers_language(written: World, serve: Serve) -> None:
    desk = serve(written.app, written.settings)

    missing = desk.ask("/posts/s/P99", Accept_Language="ru")
    assert 404 == missing.status and "Такого нет" in missing.text
    assert 404 == desk.ask("/media/" + "0" * 64).status


def test_nobody_sees_anything_before_a_login(written: World, serve: Serve) -> None:
    desk = serve(written.app, written.settings, by=None)

    for path in ("/", "/campaigns/s", "/posts/s/P01", "/accounts", "/pauses", "/campaigns/s/report"):
        assert 303 == desk.ask(path).status and desk.ask(path).headers["location"].startswith("/login")
    assert 401 == desk.ask("/campaigns/s/report.json").status
    assert 401 == desk.send("/posts/s/P01/cancel").status


def test_the_form_of_an_edit_holds_the_link_and_keeps_it(world: World, serve: Serve) -> None:
    world.post("P01", texts={"ko": Wording("안녕하세요", (), "https://example.org/ko")})
    desk = serve(world.app, world.settings, by="alice")

    [address] = [
        one for one in Page(desk.ask("/posts/c/P01/edit?language=ko").text).all("input") if one["name"] == "link"
    ]
    assert "https://example.org/ko" == address["value"]

    sent = desk.send("/posts/c/P01/edit", language="ko", revision="1", text="반갑습니다", link=address["value"])
    assert 303 == sent.status
    with world.app.store.read() as tx:
        newest = posts.variants_of(tx, post_id(world, "P01"))[-1]
    assert ("반갑습니다", "https://example.org/ko") == (newest.text, newest.link)


def test_no_form_is_shown_that_its_verb_would_refuse(doubtful: World, serve: Serve) -> None:
    doubtful.post("P02", minutes=1)
    doubtful.post("P03", minutes=100)
    doubtful.clock.turn(minutes=2)
    doubtful.tick()
    desk = serve(doubtful.app, doubtful.settings, by="alice")

    def acts(post: str) -> set[str]:
        forms = Page(desk.ask(f"/posts/c/{post}").text).all("form")
        return {str(form["action"]).rpartition("/")[2] for form in forms if post in str(form.get("action"))}

    assert {"settle"} == acts("P01")  # in doubt
    assert {"withdraw"} == acts("P02")  # out
    assert {"move", "cancel"} == acts("P03")  # waits
    assert 1 == len(Page(desk.ask("/").text).all("form"))
    assert "/compose" in desk.ask("/").text
    assert "/compose" not in serve(doubtful.app, doubtful.settings, by="carol").ask("/").text


def test_what_waits_for_an_approval_is_seen_on_the_campaign(written: World, serve: Serve) -> None:
    desk = serve(written.app, written.settings, by="bob")
    assert "승인 대기: ko, ru" in Page(desk.ask("/campaigns/s?lang=ko").text).tables["posts"][1][1]

    desk.send("/posts/s/P01/approve", langs=["ko"])
    assert "승인 대기: ru" in Page(desk.ask("/campaigns/s?lang=ko").text).tables["posts"][1][1]

    desk.send("/posts/s/P01/approve", langs=["ru"])
    assert "승인 대기" not in desk.ask("/campaigns/s?lang=ko").text


def test_what_is_out_is_taken_down_with_a_reason(world: World, serve: Callable[..., Desk]) -> None:
    world.post("P01")
    world.clock.turn(minutes=10)
    world.tick()
    world.run(world.app.close_network())
    [held] = world.deliveries()
    desk = serve(world.app, world.settings, by="alice")

    assert "Take down: kr" in desk.ask("/posts/c/P01?lang=en").body.decode()
    without = desk.send("/posts/c/P01/withdraw", delivery=held.id, reason=" ")
    done = desk.send("/posts/c/P01/withdraw", delivery=held.id, reason="틀린 날짜")

    assert (422, 303) == (without.status, done.status)
    assert [True] == [row["deleted"] for row in world.twin.books()]
    assert "Take down" not in serve(world.app, world.settings, by="carol").ask("/posts/c/P01?lang=en").body.decode()


def test_what_stops_a_post_is_told_on_its_page_and_may_be_let_stand_with_a_reason(serve: Serve, written: World) -> None:
    greeting = Term("", None, "привет", {"ru": Form("Добрый день", forbidden=("Здравствуйте",))})
    glossary.add_term(written.app, greeting, by=written.alice)
    desk = serve(written.app, written.settings, by="bob")
    page = desk.ask("/posts/s/P01?lang=ru").text

    assert "Так не выйдет" in page and "пишется «Добрый день»" in page
    assert 409 == desk.send("/posts/s/P01/approve", langs=["ru"]).status
    told = {"language": "ru", "code": "glossary-forbidden", "value": "Здравствуйте"}
    assert 422 == desk.send("/posts/s/P01/waive", **told, reason="").status
    assert 303 == desk.send("/posts/s/P01/waive", **told, reason="цитата").status
    assert "Так не выйдет" not in desk.ask("/posts/s/P01").text
    assert 303 == desk.send("/posts/s/P01/approve", langs=["ru"]).status
