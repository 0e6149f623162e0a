"""Slack: the contract by a bot; keys in metadata, files that tell where they stand, words for errors, webhooks."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.adapter import Adapter, Doubt, Exchanges, Parent
from campaign.core.errors import Invalid, Outcome, RateLimited, Refused, Unauthorized, Unavailable, Uncertain
from campaign.core.model import Account, Guarantee, Outgoing, OutgoingMedium, Pending, Published, Reading, ReadingStatus
from campaign.platforms.slack import PAGES
from campaign.platforms.slack import SCOPES as WANTED
from campaign.platforms.slack import Adapter as Slack
from campaign.platforms.slack.speech import comment_of, plain, readings_of, shares_of, spoken
from campaign.sandbox.slack.rooms import SCOPES
from campaign.service.confirm import settle
from campaign.store import accounts as account_rows
from tests.conftest import World, picture_file

from .conformance import Bench, exercise

KEYS = st.sampled_from(["text", "user", "user_profile", "reactions", "reply_count", "count", "public", "C1", "ts", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="<>:"), max_size=30)
POST, SHARE = "/slack/api/chat.postMessage", "/slack/api/files.completeUploadExternal"
HISTORY, INFO = "/slack/api/conversations.history", "/slack/api/files.info"
HOOK = "/slack/services/*"


def told(world: World, name: str = "peace_ko") -> dict[str, str]:
    return world.twin.opened["slack"][name]


def account_of(world: World, name: str = "sl") -> Account:
    with world.app.store.read() as tx:
        return account_rows.account_named(tx, name)


def opened(world: World, name: str = "sl", kept: Exchanges | None = None) -> Adapter:
    with world.app.store.read() as tx:
        token = account_rows.token_of(tx, account_rows.account_named(tx, name), world.app.vault)
    adapter: Adapter = world.app.open_adapter(account_of(world, name), token, kept or Exchanges())
    return adapter


def open_new(world: World, name: str, **options: str) -> None:
    new = {"platform": "slack", "name": name, "bot": name, **options}
    world.twin.opened["slack"][name] = world.twin.ask("POST", "/_accounts", new)


@pytest.fixture
def adapter(world: World) -> Adapter:
    world.link("slack", "sl")
    return opened(world)


@pytest.fixture
def hook(world: World) -> Adapter:
    world.link("slack", "sl", token=told(world)["webhook"])
    return opened(world)


def medium(world: World, colour: str = "navy", alt: str = "남색 그림") -> OutgoingMedium:
    found = world.app.media.put(picture_file(world.folder / f"{colour}.png", colour), mime="image/png")
    return OutgoingMedium(found.sha256, "image/png", found.size, 64, 36, alt)


def outgoing(text: str = "안녕 & <평화>", *media: OutgoingMedium) -> Outgoing:
    return Outgoing("sl", "slack", ("ko",), text, media=media)


def prepare(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> dict[str, Any]:
    options = {"key": "a key", "parent": None, "previous": None, **options}
    wire: dict[str, Any] = world.run(adapter.prepare(wanted, open_medium=world.app.media.open, **options))
    return wire


def publish(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> Any:
    return world.run(adapter.publish(wanted, prepare(world, adapter, wanted, **options)))


def confirm(world: World, adapter: Adapter, wanted: Outgoing, wire: dict[str, Any], *owned: str) -> Any:
    return world.run(adapter.confirm(wanted, wire, Doubt(world.clock.now(), frozenset(owned))))


def books(world: World) -> list[dict[str, Any]]:
    return world.twin.books(platform="slack")


def test_it_keeps_the_contract(world: World, adapter: Adapter) -> None:
    def rows() -> list[tuple[str, str, str | None, bool]]:
        return [(row["id"], row["text"], row["in_reply_to_id"], row["deleted"]) for row in books(world)]

    bench = Bench(
        adapter,
        outgoing("안녕 & <평화>", medium(world)),
        outgoing("다른 글"),
        rows,
        "1300000000.000100",
        world.clock.now,
        world.app.media.open,
        fault=world.twin.fault,
        line=("POST", POST),
        wait=world.clock.turn_monotonic,
    )
    world.run(exercise(bench))


def test_an_account_is_a_channel_and_who_posts_is_told_by_the_form_of_the_token(world: World) -> None:
    bot = world.link("slack", "sl")
    hook = world.link("slack", "wh", token=told(world)["webhook"])
    limits = world.app.capabilities(hook)

    assert (Guarantee.READ_BACK, "slack-bot", "#평화-여정") == (bot.guarantee, bot.kind, bot.handle)
    assert (Guarantee.NONE, "slack-webhook") == (hook.guarantee, hook.kind)
    assert not any((limits.threads, limits.edits, limits.deletes, limits.fetches, limits.comments, limits.metrics))
    assert {0} == {rule.max_count for rule in limits.media}
    assert told(world)["webhook"].rpartition("/")[2] not in json.dumps([hook.handle, hook.remote_id, dict(hook.sheet)])
    assert [] == books(world)  # asking whether a webhook lives posts nothing


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"token": "xoxb-nobody"}, Unauthorized, "auth.test: invalid_auth"),
        ({"token": "nonsense"}, Unauthorized, "begins with xoxb-"),
        ({"token": "https://hooks.slack.com/services/T0EURASIA/B0NOBODY/abc"}, Unauthorized, "make another"),
        ({"options": {"channel": "C0NOBODY00"}}, Refused, "conversations.info: channel_not_found"),
        ({"options": {"channel": ""}}, Refused, "--option channel=C0123456789"),
    ],
)
def test_what_does_not_connect_says_what_to_do(
    world: World, given: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        world.link("slack", "sl", **given)


@pytest.mark.parametrize(
    ("opening", "words"),
    [
        ({"member": "no"}, "invite the bot new_bot there"),
        ({"archived": "yes"}, "not archived"),
        ({"scopes": "channels:read,channels:history"}, "give the app the scope chat:write"),
        ({"scopes": "chat:write"}, "it needs the scope channels:read"),
    ],
)
def test_a_bot_that_may_not_post_does_not_connect(world: World, opening: dict[str, str], words: str) -> None:
    open_new(world, "new", **opening)
    with pytest.raises(Refused, match=words):
        world.link("slack", "new", twin_account="new")


@pytest.mark.parametrize(
    ("without", "guarantee", "media", "reads"),
    [("channels:history", Guarantee.NONE, 0, False), ("files:write", Guarantee.READ_BACK, 0, True)],
)
def test_scopes_decide_what_an_account_offers(
    world: World, without: str, guarantee: Guarantee, media: int, reads: bool
) -> None:
    open_new(world, "new", scopes=SCOPES.replace(f"{without},", ""))
    account = world.link("slack", "sl", twin_account="new")
    limits, adapter = world.app.capabilities(account), opened(world)
    wire = prepare(world, adapter, outgoing())

    assert (guarantee, {media}, reads) == (
        account.guarantee, {rule.max_count for rule in limits.media}, limits.fetches,
    )  # fmt: skip
    if not reads:
        with pytest.raises(Uncertain, match="look at the channel"):
            confirm(world, adapter, outgoing(), wire)
        with pytest.raises(Refused):
            world.run(adapter.comments("1700000000.000100"))
        assert {"1700000000.000100": {}} == world.run(adapter.measure(["1700000000.000100"]))


def test_a_post_with_media_is_pending_until_its_files_tell_where_they_stand(world: World, adapter: Adapter) -> None:
    wanted = outgoing("글 & <그림>", medium(world, "red", "빨강"), medium(world, "blue", "파랑"))
    wire = prepare(world, adapter, wanted)
    made = world.run(adapter.publish(wanted, wire))
    found = confirm(world, adapter, wanted, wire)
    [row] = books(world)

    assert isinstance(made, Pending) and (row["id"], row["url"]) == (found.remote_id, found.permalink)
    assert (["빨강", "파랑"], wanted.text) == ([each["description"] for each in row["media"]], row["text"])
    assert [each.sha256 for each in wanted.media] == [each["sha256"] for each in row["media"]]
    assert found.remote_id == Slack.locate(account_of(world), found.permalink)


def test_files_that_are_in_no_message_yet_are_never_not_there(world: World, adapter: Adapter) -> None:
    wanted = outgoing("글", medium(world))
    wire, since = prepare(world, adapter, wanted), world.clock.now()
    assert confirm(world, adapter, wanted, wire) is None  # uploaded and not completed: nobody can see it
    world.run(adapter.publish(wanted, wire))
    world.twin.fault("lagging_list", path=INFO, seconds=600)
    assert isinstance(confirm(world, adapter, wanted, wire), Pending)
    world.clock.turn(minutes=11)
    with pytest.raises(Unavailable, match="shows them in no message"):
        world.run(adapter.confirm(wanted, wire, Doubt(since)))


def test_what_earlier_attempts_uploaded_is_remembered(world: World, adapter: Adapter) -> None:
    wanted = outgoing("글", medium(world))
    first = prepare(world, adapter, wanted)
    world.run(adapter.publish(wanted, first))
    second = prepare(world, adapter, wanted, previous=first)
    third = prepare(world, adapter, wanted, previous=second)

    assert ([*first["files"], *second["files"]], 3) == (
        third["past"], len({*first["files"], *second["files"], *third["files"]}),
    )  # fmt: skip
    assert books(world)[0]["id"] == confirm(world, adapter, wanted, third).remote_id


@pytest.mark.parametrize("fault", ["lose_response", "500_after", "drop_request"])
@pytest.mark.parametrize("path", [POST, SHARE])
def test_a_lost_answer_ends_in_one_message(world: World, adapter: Adapter, fault: str, path: str) -> None:
    world.post(to=("sl",), texts={"ko": "글 🕊️"}, pictures=[world.picture()] if path == SHARE else [], minutes=1)
    world.clock.turn(minutes=1)
    world.twin.fault(fault, method="POST", path=path)
    for _ in range(3):
        world.tick()
        world.clock.turn(seconds=31)

    assert (["published"], 1) == (world.states(), len(books(world)))


def test_the_key_tells_a_message_whose_words_slack_has_changed(world: World, adapter: Adapter) -> None:
    wanted = outgoing("글 🕊️ https://example.org/a?b=1&c=2")
    wire = prepare(world, adapter, wanted)
    other = prepare(world, adapter, wanted, key="another")
    made = world.run(adapter.publish(wanted, wire))

    assert made.remote_id == confirm(world, adapter, wanted, wire).remote_id
    assert confirm(world, adapter, wanted, other) is None
    assert confirm(world, adapter, wanted, wire, made.remote_id) is None
    assert "글 :dove_of_peace: https://example.org/a?b=1&c=2" == plain(world.run(adapter.fetch(made.remote_id))["text"])


def test_where_metadata_are_not_shown_the_words_decide(world: World) -> None:
    open_new(world, "blind", scopes=SCOPES.replace(",metadata.message:read", ""))
    world.link("slack", "sl", twin_account="blind")
    adapter, wanted = opened(world), outgoing("글 🕊️ & https://example.org/")
    wire = prepare(world, adapter, wanted)
    made = world.run(adapter.publish(wanted, wire))

    assert made.remote_id == confirm(world, adapter, wanted, wire).remote_id
    assert confirm(world, adapter, outgoing("다른 글"), prepare(world, adapter, outgoing("다른 글"))) is None


@given(text=TEXT, name=st.sampled_from(["dove_of_peace", "+1", "e-mail"]))
def test_emoji_and_their_names_are_the_same_and_letters_are_not(text: str, name: str) -> None:
    assert spoken(f"{text} 평화🕊️👩‍👩‍👧") == spoken(f"{text} 평화:{name}:")
    assert spoken(f"{text} мир") != spoken(f"{text} миръ")


@given(told=JSON)
def test_whatever_stands_in_a_message_it_is_read_without_a_fault(told: Any) -> None:
    message = {**told, "ts": "1700000000.000100"} if isinstance(told, dict) else {"ts": "1700000000.000100", "x": told}

    assert {"reactions", "replies"} == set(readings_of(message, ("reactions", "replies")))
    assert comment_of(message, "1").remote_id and isinstance(plain(message.get("text")), str)
    assert all(
        isinstance(ts, str) for ts in shares_of({"shares": told}, "C1") + shares_of({"shares": {"public": told}}, "C1")
    )


def test_no_page_is_shown_that_was_not_approved(world: World, adapter: Adapter) -> None:
    bare = prepare(world, adapter, outgoing("https://example.org/"))
    linked = prepare(world, adapter, replace(outgoing("https://example.org/"), link="https://example.org/"))

    assert [False, True] == [wire["fields"]["unfurl_links"] for wire in (bare, linked)]


def test_all_parts_hang_on_the_first(world: World, adapter: Adapter) -> None:
    first = publish(world, adapter, outgoing("1"))
    wire = prepare(world, adapter, outgoing("2"), key="2", parent=Parent(first.remote_id, {"parent": None}))
    second = world.run(adapter.publish(outgoing("2"), wire))
    third = prepare(world, adapter, outgoing("3"), key="3", parent=Parent(second.remote_id, wire))
    assert confirm(world, adapter, outgoing("3"), third) is None
    made = world.run(adapter.publish(outgoing("3"), third))

    assert [None, first.remote_id, first.remote_id] == [row["in_reply_to_id"] for row in books(world)]
    assert made.remote_id == confirm(world, adapter, outgoing("3"), third).remote_id
    assert [second.remote_id, made.remote_id] == [
        each.remote_id for each in world.run(adapter.comments(first.remote_id))
    ]


def test_comments_are_the_thread(world: World, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing())
    open_new(world, "guest", **{"in": "peace_ko"})
    guest = world.app.open_adapter(account_of(world), told(world, "guest")["token"], Exchanges())
    answer = publish(world, guest, outgoing("고마워요 <3"), key="1", parent=Parent(made.remote_id, {}))
    [comment] = world.run(adapter.comments(made.remote_id))
    readings = world.run(adapter.measure([made.remote_id]))[made.remote_id]

    assert (answer.remote_id, made.remote_id, "guest_bot", "고마워요 <3") == (
        comment.remote_id, comment.in_reply_to, comment.author, comment.text,
    )  # fmt: skip
    assert Reading(1) == readings["replies"]


@pytest.mark.parametrize(
    ("error", "status", "raised"),
    [
        ("internal_error", 200, Uncertain),
        ("fatal_error", 200, Uncertain),
        ("token_revoked", 200, Unauthorized),
        ("ratelimited", 200, RateLimited),
        ("restricted_action", 200, Refused),
        ("", 200, Refused),
    ],
)
def test_each_word_of_an_error_is_the_right_outcome(
    world: World, adapter: Adapter, error: str, status: int, raised: type[Outcome]
) -> None:
    wire = prepare(world, adapter, outgoing())
    body = json.dumps({"ok": False, "error": error})
    world.twin.fault("bad_json", method="POST", path=POST, body=body)
    with pytest.raises(raised) as caught:
        world.run(adapter.publish(outgoing(), wire))
    assert type(caught.value) is raised and error in str(caught.value)


@pytest.mark.parametrize("body", ['{"ok": true}', '{"ok": true, "ts": 5}', '{"ts": "1700000000.000100"}', "[]"])
def test_a_yes_that_names_no_message_is_a_doubt(world: World, adapter: Adapter, body: str) -> None:
    wire = prepare(world, adapter, outgoing())
    world.twin.fault("bad_json", method="POST", path=POST, body=body)
    with pytest.raises(Uncertain):
        world.run(adapter.publish(outgoing(), wire))


@pytest.mark.parametrize(
    "body",
    ['{"ok": true}', '{"ok": true, "messages": [1]}', '{"ok": true, "messages": [], "has_more": true}', "{}"],
)
def test_a_history_that_cannot_be_read_is_no_not_there(world: World, adapter: Adapter, body: str) -> None:
    wire = prepare(world, adapter, outgoing())
    world.twin.fault("bad_json", method="POST", path=HISTORY, body=body)
    with pytest.raises(Unavailable):
        confirm(world, adapter, outgoing(), wire)


def test_a_history_without_an_end_is_no_not_there(world: World, adapter: Adapter) -> None:
    wire = prepare(world, adapter, outgoing())
    page = {"ok": True, "messages": [], "response_metadata": {"next_cursor": "after:1"}}
    world.twin.fault("bad_json", method="POST", path=HISTORY, body=json.dumps(page), times=PAGES)
    with pytest.raises(Unavailable, match="not read to their end"):
        confirm(world, adapter, outgoing(), wire)


def test_a_long_history_is_read_page_by_page(world: World, adapter: Adapter) -> None:
    wire, wanted = prepare(world, adapter, outgoing("우리 글")), outgoing("우리 글")
    made = world.run(adapter.publish(wanted, wire))
    for number in range(4):
        publish(world, adapter, outgoing(str(number)), key=str(number))
    pages = [{"ok": True, "messages": [{"ts": "1799999999.000100"}], "response_metadata": {"next_cursor": "after:9"}}]
    world.twin.fault("bad_json", method="POST", path=HISTORY, body=json.dumps(pages[0]))

    assert made.remote_id == confirm(world, adapter, wanted, wire).remote_id


@pytest.mark.parametrize(
    ("message", "reading"),
    [
        ({"reactions": [{"count": 2}, {"count": 3}]}, Reading(5)),
        ({}, Reading(0)),
        ({"reactions": "many"}, Reading(None, ReadingStatus.ERROR)),
        ({"reactions": [None]}, Reading(None, ReadingStatus.ERROR)),
        ({"subtype": "tombstone"}, Reading(None, ReadingStatus.EXPIRED)),
    ],
)
def test_reactions_are_counted_and_what_is_no_number_is_an_error(
    world: World, adapter: Adapter, message: dict[str, Any], reading: Reading
) -> None:
    ts = "1700000000.000100"
    body = json.dumps({"ok": True, "messages": [{"ts": ts, **message}]})
    world.twin.fault("bad_json", path="/slack/api/conversations.replies", body=body)

    assert reading == world.run(adapter.measure([ts]))[ts]["reactions"]


def test_a_message_is_taken_down_with_its_files(world: World, adapter: Adapter) -> None:
    wanted = outgoing("글", medium(world))
    wire = prepare(world, adapter, wanted)
    world.run(adapter.publish(wanted, wire))
    found = confirm(world, adapter, wanted, wire)
    world.twin.fault("lose_response", path="/slack/api/files.delete")  # and then the same again
    with pytest.raises(Unavailable):
        world.run(adapter.delete(found.remote_id))
    world.run(adapter.delete(found.remote_id))
    [row] = books(world)

    assert (True, [True]) == (row["deleted"], [each["deleted"] for each in row["media"]])


def test_a_webhook_posts_and_its_lost_answer_waits_for_a_person(world: World, hook: Adapter) -> None:
    made: Published = publish(world, hook, outgoing("글 & <평화>"))
    other: Published = publish(world, hook, outgoing("글 & <평화>"), key="another")
    assert made.remote_id != other.remote_id and made.permalink is None
    assert ["글 & <평화>"] * 2 == [row["text"] for row in books(world)]

    world.post(to=("sl",), texts={"ko": "글"}, minutes=1)
    world.clock.turn(minutes=1)
    world.twin.fault("lose_response", method="POST", path=HOOK)
    for _ in range(2):
        world.tick()
        world.clock.turn(seconds=60)
    [delivery] = world.deliveries()
    assert ("uncertain", 3) == (delivery.state, len(books(world)))

    url = f"https://team.slack.com/archives/C0AAAAAAA/p{books(world)[-1]['id'].replace('.', '')}"
    settled = settle(world.app, delivery.id, "published", by=world.alice, url=url)
    assert ("published", books(world)[-1]["id"]) == (settled.state, settled.remote_id)


@pytest.mark.parametrize(
    ("body", "raised"), [("no", Uncertain), ("", Uncertain), ('{"ok": true}', Uncertain)], ids=["no", "empty", "json"]
)
def test_a_webhook_that_does_not_say_ok_leaves_a_doubt(
    world: World, hook: Adapter, body: str, raised: type[Outcome]
) -> None:
    wire = prepare(world, hook, outgoing())
    world.twin.fault("bad_json", method="POST", path=HOOK, body=body)
    with pytest.raises(raised):
        world.run(hook.publish(outgoing(), wire))
    with pytest.raises(Uncertain):
        confirm(world, hook, outgoing(), wire)


def test_a_webhook_does_nothing_else(world: World, hook: Adapter) -> None:
    wire = prepare(world, hook, outgoing())
    for work in (
        hook.fetch("1700000000.000100"), hook.comments("1700000000.000100"), hook.delete("1700000000.000100"),
        hook.edit("1700000000.000100", outgoing(), wire),
    ):  # fmt: skip
        with pytest.raises(Refused):
            world.run(work)
    for options in ({"parent": Parent("1700000000.000100", {})}, {}):
        with pytest.raises(Refused, match="a text alone"):
            prepare(world, hook, outgoing("글", *([] if options else [medium(world)])), **options)


def test_a_webhooks_address_is_seen_nowhere(world: World) -> None:
    world.link("slack", "sl", token=told(world)["webhook"])
    kept = Exchanges()
    hook = opened(world, kept=kept)
    world.run(hook.connect())
    publish(world, hook, outgoing())
    secret = told(world)["webhook"].rpartition("/")[2]
    with pytest.raises(Refused) as error:
        publish(world, hook, outgoing(" "))
    seen = b"".join(each.request + (each.response or b"") + each.url.encode() for each in kept.kept)

    assert secret.encode() not in seen and secret not in str(error.value)


def test_a_consent_asks_for_what_is_needed_and_no_more() -> None:
    assert WANTED == Slack.oauth.scopes == tuple(SCOPES.split(","))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://example.org/archives/C1/p1700000000000100", "must be at"),
        ("{web}archives/{channel}/1700", "must look like"),
        ("{web}archives/C0AAAAAAA/p1700000000000100", "not of channel C0AAAAAAA"),
    ],
)
def test_an_address_that_names_no_message_of_the_channel_is_refused(
    world: World, adapter: Adapter, url: str, words: str
) -> None:
    account = account_of(world)
    with pytest.raises(Invalid, match=words):
        Slack.locate(account, url.format(web=account.sheet["web"], channel=account.remote_id))
