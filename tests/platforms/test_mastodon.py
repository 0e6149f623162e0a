"""Mastodon: the contract, and what is its own: languages, alt texts, keys, media that attach once, limits, counts."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from campaign.core.adapter import Adapter, Doubt, Exchanges, Parent
from campaign.core.errors import RateLimited, Refused, Unauthorized, Unavailable, Uncertain
from campaign.core.model import Guarantee, Outgoing, OutgoingMedium, Published, ReadingStatus
from campaign.core.text import compose_text, count
from campaign.demo.journey import load_journey
from campaign.platforms.mastodon import CAPABILITIES, PAGES
from campaign.sandbox.mastodon.counting import length
from campaign.store import accounts as account_rows
from tests.conftest import World, picture_file

from .conformance import Bench, exercise

STATUSES = "/api/v1/statuses"


@pytest.fixture
def kept() -> Exchanges:
    return Exchanges()


@pytest.fixture
def adapter(world: World, kept: Exchanges) -> Adapter:
    with world.app.store.read() as tx:
        account = account_rows.account_named(tx, "kr")
    return world.app.open_adapter(account, world.twin.tokens["peace_ko"], kept)


def medium(world: World, alt: str = "남색 그림", colour: str = "navy") -> OutgoingMedium:
    found = world.app.media.put(picture_file(world.folder / f"{colour}.png", colour), mime="image/png")
    return OutgoingMedium(found.sha256, "image/png", found.size, 64, 36, alt)


def outgoing(text: str = "안녕하세요 <b>&", *media: OutgoingMedium, lang: str = "ko") -> Outgoing:
    return Outgoing("kr", "mastodon", (lang,), text, media=media)


def prepare(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> dict[str, Any]:
    options = {"key": "a key", "parent": None, "previous": None, **options}
    wire: dict[str, Any] = world.run(adapter.prepare(wanted, open_medium=world.app.media.open, **options))
    return wire


def test_it_keeps_the_contract(world: World, adapter: Adapter) -> None:
    def books() -> list[tuple[str, str, str | None, bool]]:
        return [(row["id"], row["text"], row["in_reply_to_id"], row["deleted"]) for row in world.twin.books()]

    one, other = outgoing("안녕 & <평화>", medium(world)), outgoing("다른 글")
    bench = Bench(
        adapter, one, other, books, "113000000000000000", world.clock.now, world.app.media.open,
        fault=world.twin.fault, line=("POST", STATUSES), wait=world.clock.turn_monotonic,
    )  # fmt: skip
    world.run(exercise(bench))


def test_language_alt_and_key_arrive_as_they_were_approved(world: World, adapter: Adapter) -> None:
    wanted = outgoing("Привет", medium(world, "синий 'квадрат' \"&<>"), lang="ru")
    made = world.run(adapter.publish(wanted, prepare(world, adapter, wanted)))
    [row] = world.twin.books()

    assert (made.remote_id, "ru", "a key", "public", "синий 'квадрат' \"&<>") == (
        row["id"],
        row["language"],
        row["idempotency_key"],
        row["visibility"],
        row["media"][0]["description"],
    )
    assert wanted.media[0].sha256 == row["media"][0]["sha256"]


def test_the_bytes_of_the_request_are_the_bytes_that_were_stored_at_the_line(
    world: World, adapter: Adapter, kept: Exchanges
) -> None:
    wanted = outgoing('평화 мир ☮️ \u2028 "\\')
    wire = prepare(world, adapter, wanted, parent=None)
    world.run(adapter.publish(wanted, wire))
    sent = next(row for row in world.twin.requests() if row["path"] == STATUSES)

    body = str(wire["body"]).encode()
    assert (hashlib.sha256(body).hexdigest(), body) == (
        sent["body_sha256"],
        kept.kept[-1].request.split(b"\r\n\r\n", 1)[1],
    )


def test_a_reply_names_its_parent_in_the_stored_bytes(world: World, adapter: Adapter) -> None:
    wanted = outgoing("parent")
    first = world.run(adapter.publish(wanted, prepare(world, adapter, wanted)))
    wire = prepare(world, adapter, outgoing("child"), key="another", parent=Parent(first.remote_id, {}))
    world.run(adapter.publish(outgoing("child"), wire))

    assert first.remote_id == json.loads(wire["body"])["in_reply_to_id"] == world.twin.books()[1]["in_reply_to_id"]


def test_an_upload_is_used_twice_then_made_anew_and_all_are_remembered(world: World, adapter: Adapter) -> None:
    wanted = outgoing("글", medium(world))
    first = prepare(world, adapter, wanted)
    second = prepare(world, adapter, wanted, previous=first)
    third = prepare(world, adapter, wanted, previous=second)
    fourth = prepare(world, adapter, wanted, previous=third)

    assert first["media_ids"] == second["media_ids"] != third["media_ids"] == fourth["media_ids"]
    assert (first["media_ids"], first["media_ids"], [1, 2, 1, 2]) == (
        third["past_media_ids"],
        fourth["past_media_ids"],
        [wire["uses"] for wire in (first, second, third, fourth)],
    )
    assert 2 == sum(row["path"] == "/api/v2/media" for row in world.twin.requests())


def test_a_second_post_with_the_same_upload_is_a_doubt_and_the_first_is_found(world: World, adapter: Adapter) -> None:
    world.twin.fault("ignore_key")
    wanted, since = outgoing("글", medium(world)), world.clock.now()
    wire = prepare(world, adapter, wanted)
    made = world.run(adapter.publish(wanted, wire))
    again = prepare(world, adapter, wanted, previous=wire)
    with pytest.raises(Uncertain, match="may have used its media"):
        world.run(adapter.publish(wanted, again))
    anew = prepare(world, adapter, wanted, previous=again)
    found = world.run(adapter.confirm(replace(wanted, text="otherwise rendered"), anew, Doubt(since)))

    assert (made.remote_id, 1) == (found.remote_id, len(world.twin.books()))


def test_a_first_use_that_is_refused_is_a_refusal(world: World, adapter: Adapter) -> None:
    wanted = outgoing("글", medium(world))
    wire = prepare(world, adapter, wanted)
    world.run(adapter.publish(wanted, wire))
    with pytest.raises(Refused):
        world.run(adapter.publish(wanted, {**wire, "key": "another key"}))


@pytest.mark.parametrize(
    ("fault", "args", "error"),
    [
        ("lose_response", {}, Uncertain),
        ("drop_request", {}, Uncertain),
        ("reset", {}, Uncertain),
        ("500_before", {}, Uncertain),
        ("503", {}, Uncertain),
        ("bad_json", {}, Uncertain),
        ("bad_json", {"body": "{}"}, Uncertain),
        ("bad_json", {"body": '{"id": null}'}, Uncertain),
        ("bad_json", {"body": '{"id": true}'}, Uncertain),
        ("bad_json", {"body": "[]"}, Uncertain),
        ("half_body", {}, Uncertain),
        ("429", {"retry_after": 30}, RateLimited),
        ("expired_token", {}, Unauthorized),
    ],
)
def test_what_comes_back_from_a_post_is_one_of_the_outcomes(
    world: World, adapter: Adapter, fault: str, args: dict[str, Any], error: type[Exception]
) -> None:
    wanted = outgoing()
    wire = prepare(world, adapter, wanted)
    world.twin.fault(fault, method="POST", path=STATUSES, **args)
    with pytest.raises(error):
        world.run(adapter.publish(wanted, wire))


@pytest.mark.parametrize("body", ["{}", "null", '{"url": null}', '{"id": ""}'])
def test_an_upload_without_an_id_is_tried_again(world: World, adapter: Adapter, body: str) -> None:
    wanted = outgoing("글", medium(world))
    world.twin.fault("bad_json", method="POST", path="/api/v2/media", body=body)
    with pytest.raises(Unavailable):
        prepare(world, adapter, wanted)

    assert prepare(world, adapter, wanted)["media_ids"]


@pytest.mark.parametrize("body", ["{}", "[1]", "[null]", '[{"id": null}]', '[{"id": ""}]'])
def test_a_list_that_cannot_be_read_is_never_taken_for_not_there(world: World, adapter: Adapter, body: str) -> None:
    wanted, since = outgoing(), world.clock.now()
    wire = prepare(world, adapter, wanted)
    world.run(adapter.publish(wanted, wire))
    world.twin.fault("bad_json", method="GET", path="/api/v1/accounts/*/statuses", body=body)
    try:
        found = world.run(adapter.confirm(wanted, wire, Doubt(since)))
    except Exception as error:  # noqa: BLE001 - any exception leaves the doubt as it is
        assert error
    else:
        assert found is not None


def test_a_list_too_long_to_be_read_to_its_end_is_never_taken_for_not_there(world: World, adapter: Adapter) -> None:
    wanted = outgoing()
    wire = prepare(world, adapter, wanted)
    page = [{"id": str(number), "content": "another", "media_attachments": []} for number in range(40)]
    path = "/api/v1/accounts/*/statuses"
    world.twin.fault("bad_json", method="GET", path=path, body=json.dumps(page), times=PAGES)
    with pytest.raises(Unavailable, match="not read to its end"):
        world.run(adapter.confirm(wanted, wire, Doubt(world.clock.now())))

    assert world.run(adapter.confirm(wanted, wire, Doubt(world.clock.now()))) is None


def test_the_text_is_found_behind_the_servers_mark_up(world: World, adapter: Adapter) -> None:
    wanted, since = outgoing("첫 줄 & <둘>\n\n#ISEOULU https://example.org/a?b=1&c=2 @peace_ru"), world.clock.now()
    wire = prepare(world, adapter, wanted)
    made = world.run(adapter.publish(wanted, wire))
    found = world.run(adapter.confirm(wanted, wire, Doubt(since)))

    assert isinstance(found, Published) and made.remote_id == found.remote_id


def test_what_is_older_than_the_doubt_is_not_looked_at(world: World, adapter: Adapter) -> None:
    wanted = outgoing()
    wire = prepare(world, adapter, wanted)
    world.run(adapter.publish(wanted, wire))
    world.clock.turn(minutes=30)

    assert world.run(adapter.confirm(wanted, wire, Doubt(world.clock.now()))) is None


def test_of_two_that_fit_the_oldest_is_taken(world: World, adapter: Adapter) -> None:
    wanted, since, made = outgoing(), world.clock.now(), []
    for key in ("one", "two"):
        wire = prepare(world, adapter, wanted, key=key)
        made.append(world.run(adapter.publish(wanted, wire)).remote_id)
        world.clock.turn(seconds=5)

    assert made[0] == world.run(adapter.confirm(wanted, wire, Doubt(since))).remote_id


def test_a_counter_that_is_missing_is_an_error_and_not_zero(world: World, adapter: Adapter) -> None:
    wanted = outgoing()
    made = world.run(adapter.publish(wanted, prepare(world, adapter, wanted)))
    world.twin.fault("missing_metric", metric="favourites")
    found = world.run(adapter.measure([made.remote_id]))[made.remote_id]

    assert (None, ReadingStatus.ERROR, 0) == (
        found["reactions"].value,
        found["reactions"].status,
        found["replies"].value,
    )


def test_what_the_instance_tells_overrides_the_defaults(world: World) -> None:
    with world.app.store.read() as tx:
        account = account_rows.account_named(tx, "kr")
    told = {"text_limit": 11000, "media_count": 9, "alt_limit": 3000, "image_bytes": 5, "image_mimes": ["image/png"]}
    changed = world.app.capabilities(replace(account, sheet={**account.sheet, **told}))

    assert (Guarantee.DEDUP, 500, 4) == (
        account.guarantee,
        world.app.capabilities(account).text.limit,
        world.app.capabilities(account).media[0].max_count,
    )
    assert (11000, 9, 3000, 5, frozenset({"image/png"}), CAPABILITIES.text.link_length) == (
        changed.text.limit,
        changed.media[0].max_count,
        changed.media[0].max_alt,
        changed.media[0].max_bytes,
        changed.media[0].mimes,
        changed.text.link_length,
    )


@pytest.mark.parametrize("post", load_journey().posts, ids=lambda post: post.id)
def test_we_count_the_texts_of_the_demo_as_the_twin_does(post: Any) -> None:
    for lang, text in post.text.items():
        whole = compose_text(text, post.tags[lang], post.link_in(lang))

        assert length(whole, "") == count(whole, CAPABILITIES.text)


def test_comments_are_the_answers_that_everybody_may_read_without_their_markup(world: World, adapter: Adapter) -> None:
    made = world.run(adapter.publish(outgoing("글"), prepare(world, adapter, outgoing("글"))))
    other = world.connect("ru", "ru", twin_account="peace_ru")
    speaker = world.app.open_adapter(other, world.twin.tokens["peace_ru"], Exchanges())
    answer = replace(outgoing("Спасибо <b> & мир\nвторая строка", lang="ru"), account="ru")
    wire = prepare(world, speaker, answer, parent=Parent(made.remote_id, {}))
    world.run(speaker.publish(answer, wire))
    whisper = {**wire, "body": json.dumps({**json.loads(wire["body"]), "visibility": "direct"}), "key": "another"}
    world.run(speaker.publish(answer, whisper))
    [found] = world.run(adapter.comments(made.remote_id))

    assert ("Спасибо <b> & мир\nвторая строка", made.remote_id, "@peace_ru") == (
        found.text,
        found.in_reply_to,
        found.author,
    )
    assert found.at == world.clock.now() and found.record["visibility"] == "public"
