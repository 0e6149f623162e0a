"""Matrix's twin, driven by the client that others wrote (matrix-nio): what it takes, and what it refuses."""

import asyncio
import io
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import httpx
import nio
import pytest
from nio.api import RelationshipType

from campaign.sandbox import Twin
from campaign.sandbox.matrix.refusals import REFUSALS

from .conftest import Hands, picture

MISSING = "$" + "A" * 43


class Session:
    """A client that is logged in, and a loop that it runs on."""

    def __init__(self, twin: Twin, runner: asyncio.Runner, token: str, user: str) -> None:
        self.runner = runner
        config = nio.AsyncClientConfig(max_limit_exceeded=0, max_timeouts=0)
        self.client = nio.AsyncClient(twin.base_url, user, config=config)
        self.client.access_token, self.client.user_id = token, user
        self.client.device_id = "CAMPAIGN" if token else ""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method: Callable[..., Coroutine[Any, Any, Any]] = getattr(self.client, name)
        return lambda *args, **options: self.runner.run(method(*args, **options))

    def send(self, room: str, body: str, txn: str, **content: Any) -> Any:
        told = {"msgtype": "m.text", "body": body, **content}
        return self.room_send(room, "m.room.message", told, tx_id=txn, ignore_unverified_devices=True)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.fixture
def told(twin: Twin) -> dict[str, str]:
    return twin.opened["matrix"]["peace_ko"]


@pytest.fixture
def nio_client(twin: Twin, runner: asyncio.Runner, told: dict[str, str]) -> Iterator[Session]:
    made = Session(twin, runner, told["token"], told["user"])
    yield made
    made.close()


@pytest.fixture
def room(nio_client: Session, told: dict[str, str]) -> str:
    return str(nio_client.room_resolve_alias(told["room"]).room_id)


def test_it_is_known_for_what_it_is(nio_client: Session, told: dict[str, str], room: str) -> None:
    who = nio_client.whoami()

    assert (told["user"], "CAMPAIGN", told["room_id"]) == (who.user_id, who.device_id, room)
    assert room in nio_client.joined_rooms().rooms
    levels = nio_client.room_get_state_event(room, "m.room.power_levels").content
    assert 0 == levels["events_default"]


def test_the_same_id_of_a_request_is_the_same_event_on_the_same_device(
    twin: Twin, nio_client: Session, told: dict[str, str], room: str, runner: asyncio.Runner
) -> None:
    first = nio_client.send(room, "안녕", "t1").event_id
    again = nio_client.send(room, "otherwise", "t1").event_id
    other = Session(twin, runner, "", told["user"])
    logged = other.login(told["password"])
    there = other.send(room, "안녕", "t1").event_id
    mine, theirs = nio_client.room_get_event(room, first), other.room_get_event(room, first)
    other.close()

    assert isinstance(logged, nio.LoginResponse)
    assert first == again != there
    assert ("안녕", "t1", None) == (mine.event.body, *(each.event.transaction_id for each in (mine, theirs)))
    assert 2 == len(twin.books(platform="matrix"))


def test_what_refers_to_an_event_is_listed_and_bundled(
    twin: Twin, hands: Hands, nio_client: Session, room: str
) -> None:
    first = nio_client.send(room, "하나", "1").event_id
    edit = {
        "m.new_content": {"msgtype": "m.text", "body": "둘"},
        "m.relates_to": {"rel_type": "m.replace", "event_id": first},
    }
    nio_client.send(room, "* 둘", "2", **edit)
    thread = {"rel_type": "m.thread", "event_id": first, "m.in_reply_to": {"event_id": first}}
    part = nio_client.send(room, "다음", "3", **{"m.relates_to": thread}).event_id
    key = {"m.relates_to": {"rel_type": "m.annotation", "event_id": first, "key": "👍"}}
    nio_client.room_send(room, "m.reaction", key, tx_id="4", ignore_unverified_devices=True)
    event = nio_client.room_get_event(room, first).event.source

    async def listed(**options: Any) -> list[Any]:
        return [each async for each in nio_client.client.room_get_event_relations(room, first, **options)]

    kinds = nio_client.runner.run(listed())
    assert "둘" == event["unsigned"]["m.relations"]["m.replace"]["content"]["m.new_content"]["body"]
    assert 3 == len(kinds)
    [reaction] = nio_client.runner.run(listed(rel_type=RelationshipType.annotation, event_type="m.reaction"))
    assert ("👍", nio.ReactionEvent) == (reaction.key, type(reaction))
    assert ["둘", "다음"] == [row["text"] for row in twin.books(platform="matrix")]
    assert [None, first] == [row["in_reply_to_id"] for row in twin.books(platform="matrix")]

    hands.set("2019-10-06T03:00:00+00:00")
    grown = twin.ask("GET", "/_books/counts", id=first, platform="matrix")
    reactions = nio_client.runner.run(listed(rel_type=RelationshipType.annotation))
    assert grown["reactions"] + 1 == len(reactions) > 1
    assert part in {each.event_id for each in nio_client.runner.run(listed(rel_type=RelationshipType.thread))}


def test_a_room_is_read_page_by_page(nio_client: Session, room: str) -> None:
    for number in range(5):
        nio_client.send(room, str(number), f"t{number}")
    bodies: list[str] = []
    start, options = "", {"direction": nio.MessageDirection.back, "limit": 2}
    for _ in range(5):
        page = nio_client.room_messages(room, start, **options)
        bodies += [event.body for event in page.chunk]
        start = page.end
        if not start:
            break

    assert ["4", "3", "2", "1", "0"] == bodies


def test_media_are_kept_and_given_back(twin: Twin, nio_client: Session, room: str) -> None:
    content = picture()
    answer, _ = nio_client.upload(io.BytesIO(content), "image/png", "a.png", filesize=len(content))
    back = nio_client.download(mxc=answer.content_uri)
    first = nio_client.send(room, "글", "1").event_id
    below = {
        "url": answer.content_uri,
        "info": {"w": 3},
        "m.relates_to": {"rel_type": "m.reference", "event_id": first},
    }
    nio_client.send(room, "그림", "2", **below, msgtype="m.image")
    [row] = twin.books(platform="matrix")

    assert (content, "image/png") == (back.body, back.content_type)
    assert ("그림", 3) == (row["media"][0]["description"], row["media"][0]["width"])
    assert 52_428_800 == nio_client.content_repository_config().upload_size


def test_what_is_redacted_has_no_content_and_may_be_redacted_again(twin: Twin, nio_client: Session, room: str) -> None:
    first = nio_client.send(room, "글", "1").event_id
    one, again = (nio_client.room_redact(room, first, tx_id="x") for _ in range(2))
    other, absent = nio_client.room_redact(room, first, tx_id="y"), nio_client.room_redact(room, MISSING, tx_id="z")
    event = nio_client.room_get_event(room, first).event

    assert one.event_id == again.event_id != other.event_id
    assert isinstance(absent, nio.RoomRedactResponse)
    assert isinstance(event, nio.RedactedEvent)
    assert [True] == [row["deleted"] for row in twin.books(platform="matrix")]


def refusals(twin: Twin, runner: asyncio.Runner, session: Session, told: dict[str, str], room: str) -> dict[str, Any]:
    """Provoke each refusal that nio can provoke; return what it saw."""
    locked = twin.ask(
        "POST", "/_accounts", {"platform": "matrix", "name": "l", "user": "peace", "power": "50", "level": "0"}
    )
    stranger = twin.ask("POST", "/_accounts", {"platform": "matrix", "name": "elsewhere"})
    other = Session(twin, runner, stranger["token"], stranger["user"])
    nobody, forgetful = (Session(twin, runner, token, told["user"]) for token in ("nonsense", ""))
    first = session.send(room, "1", "r1").event_id
    part = session.send(room, "2", "r2", **{"m.relates_to": {"rel_type": "m.thread", "event_id": first}}).event_id
    key = {"m.relates_to": {"rel_type": "m.annotation", "event_id": first, "key": "👍"}}

    def react() -> Any:
        return session.room_send(room, "m.reaction", key, ignore_unverified_devices=True)

    def refers(rel: str, target: str) -> Any:
        return session.send(room, "3", f"r-{rel}-{target}", **{"m.relates_to": {"rel_type": rel, "event_id": target}})

    react()
    seen = {
        "bad_token": nobody.whoami(),
        "wrong_password": forgetful.login("wrong"),
        "no_body": session.room_send(room, "m.room.message", {"msgtype": "m.text"}, ignore_unverified_devices=True),
        "too_large": session.send(room, "x" * 66_000, "r3"),
        "no_alias": session.room_resolve_alias("#nope:matrix.sandbox"),
        "not_in_room": other.send(room, "x", "r4"),
        "no_event": session.room_get_event(room, MISSING),
        "no_power": session.send(locked["room_id"], "x", "r5"),
        "thread_in_thread": refers("m.thread", part),
        "unknown_relation": refers("m.thread", MISSING),
        "same_reaction": react(),
        "no_medium": session.download(mxc="mxc://matrix.sandbox/nope"),
    }
    other.join(room)
    seen["no_redaction"] = other.room_redact(room, first)
    twin.fault("429", retry_after=7)
    seen["throttled"] = session.whoami()
    for each in (other, nobody, forgetful):
        each.close()
    return seen


VALUES = {
    "alias": "#nope:matrix.sandbox", "user": "@elsewhere:matrix.sandbox", "level": 0, "needed": 50,
    "path": "/_matrix/client/v1/media/download/matrix.sandbox/nope",
}  # fmt: skip
# No client sends these; they are asked for by hand.
BY_HAND = {
    "no_preview",
    "no_token",
    "unknown_path",
    "not_json",
    "not_object",
    "no_parent",
    "unknown_method",
    "upload_too_large",
}
BY_FRONT = {"internal", "temporary"}


def test_what_is_refused_is_what_the_client_understands(
    twin: Twin, runner: asyncio.Runner, nio_client: Session, told: dict[str, str], room: str
) -> None:
    seen = refusals(twin, runner, nio_client, told, room)

    assert set(REFUSALS) - BY_HAND - BY_FRONT == set(seen)
    for name, answer in seen.items():
        row = REFUSALS[name]
        assert isinstance(answer, nio.ErrorResponse), name
        assert (row.code, row.words.format(room=room, **VALUES)) == (answer.status_code, answer.message), name
        assert row.status == answer.transport_response.status, name
    assert 7000 == seen["throttled"].retry_after_ms


def test_what_no_client_sends_is_refused_as_the_server_does(twin: Twin, told: dict[str, str]) -> None:
    head = {"Authorization": f"Bearer {told['token']}"}
    path = f"{twin.base_url}/_matrix/client/v3/rooms/{told['room_id']}/send/m.room.message/t"
    stranger = twin.ask("POST", "/_accounts", {"platform": "matrix", "name": "elsewhere"})
    other = {"Authorization": f"Bearer {stranger['token']}"}
    seen = {
        "no_preview": httpx.get(
            f"{twin.base_url}/_matrix/client/v3/rooms/{told['room_id']}/state/m.room.power_levels", headers=other
        ),
        "no_token": httpx.get(f"{twin.base_url}/_matrix/client/v3/account/whoami"),
        "unknown_path": httpx.get(f"{twin.base_url}/_matrix/client/v3/nothing", headers=head),
        "not_json": httpx.put(path, content=b"{nope", headers=head),
        "not_object": httpx.put(path, json=[1], headers=head),
        "no_parent": httpx.get(
            f"{twin.base_url}/_matrix/client/v1/rooms/{told['room_id']}/relations/{MISSING}", headers=head
        ),
    }
    for name, answer in seen.items():
        row = REFUSALS[name]
        words = row.words.format(user=stranger["user"], room=told["room_id"])
        assert (row.status, {"errcode": row.code, "error": words}) == (answer.status_code, answer.json()), name
