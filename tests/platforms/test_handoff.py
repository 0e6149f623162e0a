"""Hand-off: a person puts it up; what is handed over is with that person until an address is given."""

import urllib.parse
import urllib.request
from dataclasses import replace
from typing import Any

import pytest

from campaign.core.adapter import Adapter, Doubt, Exchanges, Parent
from campaign.core.errors import Invalid, Outcome, Refused
from campaign.core.model import Account, Outgoing, Pending
from campaign.service import confirm as confirming
from campaign.store import accounts as account_rows
from tests.conftest import World


@pytest.fixture
def account(world: World) -> Account:
    return world.link("handoff", "blog", "ko")


@pytest.fixture
def adapter(world: World, account: Account) -> Adapter:
    with world.app.store.read() as tx:
        token = account_rows.token_of(tx, account, world.app.vault)
    return world.app.open_adapter(account, token, Exchanges())


def put_up(board: str, text: str) -> str:
    """Fill in the board's form, as a person does; return the address of what hangs there then."""
    asked = urllib.request.Request(board, urllib.parse.urlencode({"text": text}).encode(), method="POST")  # noqa: S310
    with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310
        return str(answer.url)


def outgoing(text: str = "글") -> Outgoing:
    return Outgoing("blog", "handoff", ("ko",), text)


def prepare(world: World, adapter: Adapter, **options: Any) -> dict[str, Any]:
    options = {"key": "a key", "parent": None, "previous": None, **options}
    wire: dict[str, Any] = world.run(adapter.prepare(outgoing(), open_medium=world.app.media.open, **options))
    return wire


def test_what_is_handed_over_is_with_a_person_whoever_asks(world: World, adapter: Adapter) -> None:
    wire = prepare(world, adapter)
    handed = world.run(adapter.publish(outgoing(), wire))

    assert isinstance(handed, Pending) and "alice" == handed.ticket["person"]
    for _ in range(3):
        world.clock.turn(hours=5)
        asked = world.run(
            adapter.confirm(outgoing(), {**wire, "ticket": dict(handed.ticket)}, Doubt(world.clock.now()))
        )
        assert handed == asked


def test_a_delivery_is_processing_until_the_person_gives_the_address(world: World, account: Account) -> None:
    world.post("P01", to=("blog",))
    world.clock.turn(minutes=10)
    world.tick()

    assert ["processing"] == world.states()

    board = world.twin.opened["handoff"]["peace_ko"]["base_url"]
    where = put_up(board, "안녕하세요 P01")
    [held] = world.deliveries()
    done = confirming.settle(world.app, held.id, "published", by=world.alice, url=where)

    assert ("published", where) == (str(done.state), done.permalink)
    assert [where] == [row["url"] for row in world.twin.books(platform="handoff")]


def test_an_address_of_another_place_is_refused(account: Account, adapter: Adapter) -> None:
    kind = type(adapter)

    assert kind.locate(account, f"{account.base_url}/abc") == kind.locate(account, f"{account.base_url}/abc")
    blog = replace(account, base_url="https://blog.naver.com/seoul")
    assert kind.locate(blog, "https://m.blog.naver.com/seoul/1")
    for other in ("https://naver.com/x", "https://com/x", "https://evilblog.naver.com.example/x"):
        with pytest.raises(Invalid):
            kind.locate(blog, other)
    for url in (
        "https://evil.example/abc",
        "javascript:alert(1)",
        "https://",
        "https://u:p@127.0.0.1/",
        "ftp://127.0.0.1/",
    ):
        with pytest.raises(Invalid):
            kind.locate(account, url)


@pytest.mark.parametrize(
    ("options", "said"), [({"place": "myspace"}, "no place 'myspace'"), ({"person": ""}, "who puts it up")]
)
def test_a_place_that_is_not_known_or_nobody_to_serve_it_is_refused(
    world: World, options: dict[str, str], said: str
) -> None:
    with pytest.raises(Refused, match=said):
        world.link("handoff", "blog", "ko", options=options)


def test_what_a_person_must_do_by_hand_is_refused(world: World, adapter: Adapter) -> None:
    works = [
        lambda: adapter.fetch("x"),
        lambda: adapter.edit("x", outgoing(), {}),
        lambda: adapter.delete("x"),
        lambda: adapter.comments("x"),
        lambda: adapter.prepare(
            outgoing(), key="k", parent=Parent("x", {}), previous=None, open_medium=world.app.media.open
        ),
    ]
    for work in works:
        with pytest.raises(Outcome):
            world.run(work())

    assert {"x": {}} == world.run(adapter.measure(["x"]))
