"""Discord: the contract by bot and by webhook; nonces, files named by the key, rights, hidden wordings, replies."""

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.adapter import Adapter, Doubt, Exchanges, Parent
from campaign.core.check import check
from campaign.core.errors import Invalid, Refused, Unauthorized, Unavailable, Uncertain
from campaign.core.model import Account, Guarantee, Outgoing, OutgoingMedium, Published, Reading, ReadingStatus
from campaign.platforms.discord import COMMENT_PAGES, PAGES
from campaign.platforms.discord import Adapter as Discord
from campaign.platforms.discord.speech import (
    EVERYTHING,
    answered_by,
    attachments_of,
    comment_of,
    permissions,
    reactions_of,
)
from campaign.store import accounts as account_rows
from tests.conftest import World, picture_file

from .conformance import Bench, exercise

KEYS = st.sampled_from(["content", "author", "username", "reactions", "count", "roles", "id", "allow", "type", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
LIST = "/discord/api/v10/channels/*/messages"
HOOK = "/discord/api/v10/webhooks/*"


def told(world: World, name: str = "peace_ko") -> dict[str, str]:
    return world.twin.opened["discord"][name]


def opened(world: World, name: str = "dc", kept: Exchanges | None = None) -> Adapter:
    with world.app.store.read() as tx:
        account = account_rows.account_named(tx, name)
        token = account_rows.token_of(tx, account, world.app.vault)
    adapter: Adapter = world.app.open_adapter(account, token, kept or Exchanges())
    return adapter


def link_webhook(world: World, *, reader: bool = True, name: str = "wh", **given: Any) -> Account:
    secrets = {} if reader else {"reader": ""}
    return world.link("discord", name, token=told(world)["webhook"], secrets=secrets, **given)


@pytest.fixture
def adapter(world: World) -> Adapter:
    world.link("discord", "dc")
    return opened(world)


@pytest.fixture
def hook(world: World) -> Adapter:
    link_webhook(world)
    return opened(world, "wh")


def medium(world: World, colour: str = "navy", alt: str = "남색 그림") -> OutgoingMedium:
    found = world.app.media.put(picture_file(world.folder / f"{colour}.png", colour), mime="image/png")
    return OutgoingMedium(found.sha256, "image/png", found.size, 64, 36, alt)


def outgoing(text: str = "안녕 & <평화>", *media: OutgoingMedium) -> Outgoing:
    return Outgoing("dc", "discord", ("ko",), text, media=media)


def prepare(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> dict[str, Any]:
    options = {"key": "a key", "parent": None, "previous": None, **options}
    wire: dict[str, Any] = world.run(adapter.prepare(wanted, open_medium=world.app.media.open, **options))
    return wire


def publish(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> Published:
    made: Published = world.run(adapter.publish(wanted, prepare(world, adapter, wanted, **options)))
    return made


def books(world: World) -> list[dict[str, Any]]:
    return world.twin.books(platform="discord")


@pytest.mark.parametrize("by", ["bot", "webhook"])
def test_it_keeps_the_contract(world: World, by: str) -> None:
    if by == "bot":
        world.link("discord", "dc")
    else:
        link_webhook(world, name="dc")

    def rows() -> list[tuple[str, str, str | None, bool]]:
        return [(row["id"], row["text"], row["in_reply_to_id"], row["deleted"]) for row in books(world)]

    bench = Bench(
        opened(world),
        outgoing("안녕 & <평화>", medium(world)),
        outgoing("다른 글"),
        rows,
        "1300000000000000000",
        world.clock.now,
        world.app.media.open,
        fault=world.twin.fault,
        line=("POST", LIST if by == "bot" else HOOK),
        wait=world.clock.turn_monotonic,
    )
    world.run(exercise(bench))


def test_who_posts_is_told_by_the_form_of_the_token(world: World) -> None:
    bot, watched = world.link("discord", "dc"), link_webhook(world)

    assert (Guarantee.DEDUP, "discord-bot", "#평화-여정") == (bot.guarantee, bot.kind, bot.handle)
    assert (Guarantee.READ_BACK, "discord-webhook") == (watched.guarantee, watched.kind)
    assert (True, False) == (
        world.app.capabilities(bot).threads,
        world.app.capabilities(watched).threads,
    )
    assert bot.remote_id == bot.sheet["channel"] == watched.sheet["channel"] != watched.remote_id


def test_a_webhook_alone_says_that_nobody_can_ask(world: World) -> None:
    account = link_webhook(world, reader=False)

    assert (Guarantee.NONE, False) == (account.guarantee, world.app.capabilities(account).comments)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"token": "x" * 60}, Unauthorized, "401: Unauthorized"),
        ({"token": "https://discord.com/x?y"}, Unauthorized, "the developer portal shows it"),
        ({"token": "https://discord.com/api/webhooks/1234567/" + "t" * 68}, Unauthorized, "was deleted; make another"),
        ({"options": {"channel": "peace"}}, Refused, "--option channel=1234567890123456789"),
        ({"options": {"channel": "1300000000000000000"}}, Refused, "Unknown Channel"),
    ],
)
def test_what_does_not_connect_says_what_to_do(
    world: World, given: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        world.link("discord", "dc", **given)
    assert given.get("token", "none of it") not in str(caught.value)


def test_rights_that_are_missing_are_named_for_discord_shows_an_empty_channel_and_refuses_nothing(world: World) -> None:
    def connect(rights: str, *, webhook: bool = False) -> None:
        new = {"platform": "discord", "name": rights, "bot": rights, "rights": rights}
        made = world.twin.opened["discord"][rights] = world.twin.ask("POST", "/_accounts", new)
        if webhook:
            made["reader"] = made["token"]
        world.link("discord", rights, twin_account=rights, token=made["webhook" if webhook else "token"])

    with pytest.raises(Refused, match=r"give the bot reads_bot the rights Send Messages, Attach Files$"):
        connect("reads")
    with pytest.raises(Refused, match=r"give the bot posts_bot the rights Read Message History$"):
        connect("posts")
    with pytest.raises(Refused, match=r"give the bot posts_bot the rights Read Message History$"):
        connect("posts", webhook=True)


def test_rights_are_computed_as_discord_computes_them() -> None:
    guild = {"id": "1", "owner_id": "9", "roles": [{"id": "1", "permissions": "1024"}, {"id": "2", "permissions": "8"}]}
    deny = [{"id": "1", "deny": "1024", "allow": "0"}, {"id": "5", "deny": "0", "allow": "2048"}]

    assert EVERYTHING == permissions(guild, {}, {}, "9")
    assert EVERYTHING == permissions(guild, {"permission_overwrites": deny}, {"roles": ["2"]}, "5")
    assert 1024 == permissions(guild, {}, {"roles": ["7", None]}, "5")
    assert 2048 == permissions(guild, {"permission_overwrites": deny}, {}, "5")
    assert 0 == permissions({"roles": [None, {"id": "1"}], "id": "1"}, {"permission_overwrites": 3}, {"roles": 1}, "5")


@given(told=JSON, other=JSON)
def test_whatever_stands_in_an_answer_it_is_read_without_a_fault(told: Any, other: Any) -> None:
    message = {**(told if isinstance(told, dict) else {"reactions": told}), "id": "1300000000000000000"}
    message |= {"attachments": other, "message_reference": told, "author": other}

    assert reactions_of(message).status in (ReadingStatus.OK, ReadingStatus.ERROR)
    assert comment_of(message, "1").remote_id and isinstance(attachments_of(message), list)
    assert answered_by(message) is None or isinstance(answered_by(message), str)
    guild, channel = {"id": told, "roles": told}, {"permission_overwrites": other}
    assert permissions(guild, channel, {"roles": other}, "5") in range(EVERYTHING + 1)


def test_no_page_is_shown_that_was_not_approved(world: World, adapter: Adapter) -> None:
    bare = prepare(world, adapter, outgoing("https://example.org/"))
    linked = prepare(world, adapter, replace(outgoing("https://example.org/"), link="https://example.org/"))

    assert [4, None] == [json.loads(wire["body"]).get("flags") for wire in (bare, linked)]


def test_alt_texts_and_nothing_that_notifies(world: World, adapter: Adapter) -> None:
    wanted = outgoing("@everyone 글", medium(world, "red", "빨강"), medium(world, "blue", "파랑"))
    made = publish(world, adapter, wanted)
    [row] = books(world)

    assert ["빨강", "파랑"] == [file["description"] for file in row["media"]]
    assert [each.sha256 for each in wanted.media] == [file["sha256"] for file in row["media"]]
    assert {"parse": []} == json.loads(prepare(world, adapter, wanted)["body"])["allowed_mentions"]
    assert made.permalink == row["url"]
    assert made.remote_id == Discord.locate(_account(world), str(made.permalink))


def _account(world: World, name: str = "dc") -> Account:
    with world.app.store.read() as tx:
        return account_rows.account_named(tx, name)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://discord.com/x", "must be at"),
        ("{base}/channels/1/2/3", "must look like"),
        ("{base}/channels/11111/22222/33333", "not of channel 22222"),
    ],
)
def test_an_address_that_names_no_message_of_the_channel_is_refused(
    world: World, adapter: Adapter, url: str, words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        Discord.locate(_account(world), url.format(base=_account(world).base_url))


def test_the_same_nonce_is_the_same_message_and_the_same_bytes(world: World, adapter: Adapter) -> None:
    wanted = outgoing("글", medium(world))
    wire = prepare(world, adapter, wanted)
    first, second = (world.run(adapter.publish(wanted, wire)) for _ in range(2))
    sent = {row["body_sha256"] for row in world.twin.requests() if row["path"].endswith("/messages")}

    assert (first.remote_id, 1, 1) == (second.remote_id, len(books(world)), len(sent))


def test_files_are_known_by_their_names_whatever_became_of_the_text(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("글", medium(world)), world.clock.now()
    wire = prepare(world, adapter, wanted)
    other = prepare(world, adapter, wanted, key="another")
    made = world.run(adapter.publish(wanted, wire))
    world.run(adapter.edit(made.remote_id, outgoing("누가 고친 글"), wire))
    found = world.run(adapter.confirm(wanted, wire, Doubt(since)))

    assert made.remote_id == found.remote_id
    assert world.run(adapter.confirm(wanted, other, Doubt(since))) is None


def test_a_reply_is_not_taken_for_a_post_of_the_same_words(world: World, adapter: Adapter) -> None:
    first, since = publish(world, adapter, outgoing("처음"), key="0"), world.clock.now()
    answer = prepare(world, adapter, outgoing("같은 말"), key="1", parent=Parent(first.remote_id, {}))
    post = prepare(world, adapter, outgoing("같은 말"), key="2")
    made = world.run(adapter.publish(outgoing("같은 말"), answer))

    assert world.run(adapter.confirm(outgoing("같은 말"), post, Doubt(since))) is None
    assert made.remote_id == world.run(adapter.confirm(outgoing("같은 말"), answer, Doubt(since))).remote_id


def test_a_lost_answer_ends_in_one_message(world: World, adapter: Adapter) -> None:
    world.post(to=("dc",), texts={"ko": "글"}, pictures=[world.picture()], minutes=1)
    world.clock.turn(minutes=1)
    world.twin.fault("lose_response", method="POST", path=LIST)
    world.tick()
    world.clock.turn(seconds=30)
    world.tick()

    assert (["published"], 1) == (world.states(), len(books(world)))


def test_the_reader_sees_no_wording_and_the_webhook_does(world: World, hook: Adapter) -> None:
    since = world.clock.now()
    publish(world, hook, outgoing("다른 글"), key="other")
    wire = prepare(world, hook, outgoing("우리 글"))
    made = world.run(hook.publish(outgoing("우리 글"), wire))
    found = world.run(hook.confirm(outgoing("우리 글"), wire, Doubt(since)))

    assert made.remote_id == found.remote_id
    with pytest.raises(Refused, match="a webhook answers no message"):
        prepare(world, hook, outgoing("답"), parent=Parent(made.remote_id, {}))


def test_too_many_messages_of_a_webhook_are_no_not_there(world: World, hook: Adapter) -> None:
    wire, bot = prepare(world, hook, outgoing()), _account(world, "wh").remote_id
    page = [{"id": str(10**18 + n), "webhook_id": bot} for n in range(26)]
    world.twin.fault("bad_json", method="GET", path=LIST, body=json.dumps(page))
    with pytest.raises(Unavailable, match="over 25 messages"):
        world.run(hook.confirm(outgoing(), wire, Doubt(world.clock.now())))


def test_a_channel_not_read_to_its_end_is_no_not_there(world: World, adapter: Adapter) -> None:
    wire = prepare(world, adapter, outgoing())
    page = [{"id": str(10**18 + n)} for n in range(100)]
    world.twin.fault("bad_json", method="GET", path=LIST, body=json.dumps(page), times=PAGES)
    with pytest.raises(Unavailable, match="not read to their end"):
        world.run(adapter.confirm(outgoing(), wire, Doubt(world.clock.now())))


@pytest.mark.parametrize("body", ["{}", "[1]", '[{"id": 5}]', '[{"id": "x"}]'])
def test_a_list_that_cannot_be_read_is_no_not_there(world: World, adapter: Adapter, body: str) -> None:
    wire = prepare(world, adapter, outgoing())
    world.twin.fault("bad_json", method="GET", path=LIST, body=body)
    with pytest.raises(Unavailable):
        world.run(adapter.confirm(outgoing(), wire, Doubt(world.clock.now())))


def test_a_webhook_that_was_deleted_or_renewed_asks_for_a_person(world: World, hook: Adapter) -> None:
    wire, address = prepare(world, hook, outgoing()), told(world)["webhook"]
    renewed: Adapter = world.app.open_adapter(
        _account(world, "wh"), address.rpartition("/")[0] + "/" + "t" * 68, Exchanges()
    )
    with pytest.raises(Unauthorized, match="Invalid Webhook Token"):
        world.run(renewed.publish(outgoing(), wire))
    httpx.delete(address.replace("https://discord.com/api", f"{world.twin.base_url}/discord/api/v10"))
    with pytest.raises(Unauthorized, match="was deleted; make another"):
        world.run(hook.publish(outgoing(), wire))
    assert [] == books(world)


def test_a_webhooks_token_is_seen_nowhere(world: World) -> None:
    link_webhook(world)
    kept = Exchanges()
    adapter = opened(world, "wh", kept)
    world.run(adapter.connect())
    publish(world, adapter, outgoing())
    with pytest.raises(Refused) as error:
        publish(world, adapter, outgoing("x" * 2001), key="long")
    secret = told(world)["webhook"].rpartition("/")[2]
    assert all(b"user-agent: discordbot (" in each.request.lower() for each in kept.kept)
    seen = b"".join((each.request + (each.response or b"") + each.url.encode()) for each in kept.kept)

    assert secret.encode() not in seen and secret not in str(error.value)


def test_reactions_are_counted_and_what_is_no_number_is_an_error(world: World, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing())
    assert {"reactions": Reading(0)} == world.run(adapter.measure([made.remote_id]))[made.remote_id]
    world.clock.turn(days=3)
    true = world.twin.ask("GET", "/_books/counts", platform="discord", id=made.remote_id)

    assert {"reactions": Reading(true["reactions"])} == world.run(adapter.measure([made.remote_id]))[made.remote_id]
    assert true["reactions"] > 0
    for broken in ('"many"', '[{"count": "3"}]', "[null]"):
        body = f'{{"id": "{made.remote_id}", "reactions": {broken}}}'
        world.twin.fault("bad_json", method="GET", path=f"{LIST}/*", body=body)
        found = world.run(adapter.measure([made.remote_id]))[made.remote_id]
        assert {"reactions": Reading(None, ReadingStatus.ERROR)} == found


def test_comments_are_the_replies_and_the_thread(world: World, adapter: Adapter) -> None:
    made = publish(world, adapter, outgoing())
    new = {"platform": "discord", "name": "guest", "bot": "guest", "in": "peace_ko"}
    world.twin.opened["discord"]["guest"] = world.twin.ask("POST", "/_accounts", new)
    with pytest.raises(Exception, match="is connected already"):
        world.link("discord", "guest", twin_account="guest")
    guest = world.app.open_adapter(_account(world), world.twin.opened["discord"]["guest"]["token"], Exchanges())
    answer = publish(world, guest, outgoing("고마워요"), key="1", parent=Parent(made.remote_id, {}))
    publish(world, guest, outgoing("딴 얘기"), key="2")
    again = publish(world, adapter, outgoing("천만에요"), key="3", parent=Parent(answer.remote_id, {}))
    found = world.run(adapter.comments(made.remote_id))

    assert [
        (answer.remote_id, made.remote_id, "guest_bot", ""),
        (again.remote_id, answer.remote_id, "peace_bot", "천만에요"),
    ] == [(each.remote_id, each.in_reply_to, each.author, each.text) for each in found]
    assert COMMENT_PAGES < PAGES and found[0].at == world.clock.now()


def test_what_is_too_long_is_found_before_it_is_sent(world: World, adapter: Adapter) -> None:
    long, alt = outgoing("가" * 2001), outgoing("글", medium(world, alt="a" * 1025))

    assert ["error", "error"] == [check(each, adapter.capabilities)[0].severity for each in (long, alt)]
    for each in (long, alt):
        with pytest.raises(Refused, match="Invalid Form Body"):
            publish(world, adapter, each)


def test_a_lost_answer_of_a_webhook_alone_waits_for_a_person(world: World) -> None:
    link_webhook(world, reader=False)
    adapter = opened(world, "wh")
    wire = prepare(world, adapter, outgoing())
    world.twin.fault("lose_response", method="POST", path=HOOK)
    with pytest.raises(Uncertain):
        world.run(adapter.publish(outgoing(), wire))
    with pytest.raises(Uncertain, match="look at the channel and settle it"):
        world.run(adapter.confirm(outgoing(), wire, Doubt(world.clock.now())))
