"""Web feeds: the contract, and what readers that others wrote make of the files."""

import json
import urllib.request
import warnings
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.adapter import Adapter, Doubt, Exchanges, Parent
from campaign.core.errors import Invalid, Refused, Unavailable, Uncertain
from campaign.core.model import Account, Outgoing, OutgoingMedium
from campaign.platforms.feed.render import render
from campaign.store import accounts as account_rows
from tests.conftest import World, picture_file

from .conformance import Bench, exercise

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # feedparser names what Python drops one day
    import feedparser

MISSING = "0" * 32


@pytest.fixture
def account(world: World) -> Account:
    return world.link("feed", "web", "ko", "ru", options={"title": "평화 대표단 & <мир>"})


@pytest.fixture
def adapter(world: World, account: Account) -> Adapter:
    with world.app.store.read() as tx:
        token = account_rows.token_of(tx, account, world.app.vault)
    return world.app.open_adapter(account, token, Exchanges())


def medium(world: World, alt: str = '남색 "그림" <&>') -> OutgoingMedium:
    found = world.app.media.put(picture_file(world.folder / "a.png"), mime="image/png")
    return OutgoingMedium(found.sha256, "image/png", found.size, 64, 36, alt)


def outgoing(text: str, *media: OutgoingMedium, lang: str = "ko", **more: Any) -> Outgoing:
    return Outgoing("web", "feed", (lang,), text, media=media, **more)


def prepare(world: World, adapter: Adapter, wanted: Outgoing, **options: Any) -> dict[str, Any]:
    options = {"key": "a key", "parent": None, "previous": None, **options}
    wire: dict[str, Any] = world.run(adapter.prepare(wanted, open_medium=world.app.media.open, **options))
    return wire


def read(account: Account, path: str) -> tuple[str, bytes]:
    with urllib.request.urlopen(f"{account.base_url}/{path}", timeout=10) as answer:  # noqa: S310
        return answer.headers["Content-Type"], answer.read()


def books(world: World) -> list[dict[str, Any]]:
    return world.twin.books(platform="feed")


def test_it_keeps_the_contract(world: World, adapter: Adapter) -> None:
    def rows() -> list[tuple[str, str, str | None, bool]]:
        world.clock.turn(seconds=1)  # entries are told in the order of their seconds
        return [(row["id"], row["text"], row["in_reply_to_id"], row["deleted"]) for row in books(world)]

    one, other = outgoing("안녕 & <평화>", medium(world)), outgoing("다른 글")
    world.run(exercise(Bench(adapter, one, other, rows, MISSING, world.clock.now, world.app.media.open)))


def test_a_reader_of_somebody_else_finds_all_that_was_approved(
    world: World, adapter: Adapter, account: Account
) -> None:
    wanted = outgoing(
        "서울 & <평화>\n\n둘째 문단 https://example.org/a?b=1&c=2.", medium(world), title="첫 소식", tags=("#평화",)
    )
    made = world.run(adapter.publish(wanted, prepare(world, adapter, wanted)))
    kind, body = read(account, "feed.ko.atom")
    found = feedparser.parse(body)
    [entry] = found.entries

    assert ("application/atom+xml", False, "ko", "평화 대표단 & <мир>") == (
        kind, bool(found.bozo), found.feed.get("language", "ko"), found.feed.title,
    )  # fmt: skip
    assert ("첫 소식", "평화") == (entry.title, entry.tags[0].term)
    assert entry.id.endswith(made.remote_id) and entry.link == made.permalink
    assert "서울 &amp; &lt;평화&gt;" in entry.content[0].value
    assert '<a href="https://example.org/a?b=1&amp;c=2">' in entry.content[0].value
    [enclosure] = [link for link in entry.links if link.rel == "enclosure"]
    _, picture = read(account, enclosure.href.removeprefix(f"{account.base_url}/"))

    assert (str(len(picture)), "image/png") == (enclosure.length, enclosure.type)
    assert picture == world.app.media.path(wanted.media[0].sha256).read_bytes()


def test_each_entry_has_a_page_of_its_own_in_its_language(world: World, adapter: Adapter, account: Account) -> None:
    wanted = outgoing("мир <b>", medium(world), lang="ru")
    made = world.run(adapter.publish(wanted, prepare(world, adapter, wanted)))
    kind, body = read(account, str(made.permalink).removeprefix(f"{account.base_url}/"))

    assert kind.startswith("text/html") and '<html lang="ru">' in body.decode() and "мир &lt;b&gt;" in body.decode()


def test_json_feed_and_activitystreams_tell_the_same(world: World, adapter: Adapter, account: Account) -> None:
    wanted = outgoing("мир", medium(world, "синий"), lang="ru", title="Весть")
    made = world.run(adapter.publish(wanted, prepare(world, adapter, wanted)))
    feed, notes = (json.loads(read(account, f"feed.ru.{ending}")[1]) for ending in ("json", "as2.json"))
    [item], [note] = feed["items"], notes["orderedItems"]

    assert ("https://jsonfeed.org/version/1.1", "ru", f"{account.base_url}/feed.ru.json") == (
        feed["version"], feed["language"], feed["feed_url"],
    )  # fmt: skip
    assert ("Весть", "мир", made.permalink) == (item["title"], item["content_text"], item["url"])
    assert ({"ru": "<p>мир</p>"}, {"ru": "Весть"}, {"ru": "синий"}) == (
        note["contentMap"], note["nameMap"], note["attachment"][0]["nameMap"],
    )  # fmt: skip
    assert made.published_at == world.clock.now().astimezone(UTC).replace(microsecond=0)


def test_a_thread_names_what_it_answers_and_what_is_gone_leaves_a_mark(
    world: World, adapter: Adapter, account: Account
) -> None:
    first = world.run(adapter.publish(outgoing("하나"), prepare(world, adapter, outgoing("하나"))))
    wire = prepare(world, adapter, outgoing("둘"), key="another", parent=Parent(first.remote_id, {}))
    world.run(adapter.publish(outgoing("둘"), wire))
    _, before = read(account, "feed.ko.atom")
    world.run(adapter.delete(first.remote_id))
    _, after = read(account, "feed.ko.atom")

    assert f'ref="tag:127.0.0.1,2026:{first.remote_id}"'.encode() in before
    assert b"deleted-entry" in after and "하나".encode() not in after
    assert 1 == len(feedparser.parse(after).entries)


def test_a_crash_between_entry_and_feed_is_mended_when_it_is_asked_for(
    world: World, adapter: Adapter, account: Account
) -> None:
    wanted, since = outgoing("글"), world.clock.now()
    wire = prepare(world, adapter, wanted)
    world.run(adapter.publish(wanted, wire))
    folder = Path(world.twin.opened["feed"]["peace_ko"]["folder"])
    (folder / "feed.ko.atom").unlink()
    found = world.run(adapter.confirm(wanted, wire, Doubt(since)))

    assert found is not None and 1 == len(feedparser.parse(read(account, "feed.ko.atom")[1]).entries)


def test_the_same_key_is_the_same_entry_whatever_happened(world: World, adapter: Adapter) -> None:
    wire = prepare(world, adapter, outgoing("글"))
    for _ in range(3):
        world.run(adapter.publish(outgoing("글"), wire))

    assert 1 == len(books(world))


def test_a_disk_that_says_no_is_a_doubt_at_the_line_and_a_pause_before_it(world: World, adapter: Adapter) -> None:
    wanted = outgoing("글")
    wire = prepare(world, adapter, wanted)
    folder = Path(world.twin.opened["feed"]["peace_ko"]["folder"])
    (folder / "entries").write_text("a file in the folder's place")
    with pytest.raises(Uncertain):
        world.run(adapter.publish(wanted, wire))
    with pytest.raises(Unavailable):
        world.run(adapter.confirm(wanted, wire, Doubt(world.clock.now())))
    (folder / "entries").unlink()

    assert world.run(adapter.confirm(wanted, wire, Doubt(world.clock.now()))) is None
    assert world.run(adapter.publish(wanted, wire)).remote_id == books(world)[0]["id"]


@pytest.mark.parametrize("folder", ["", "feeds", "/nowhere/at/all"])
def test_a_folder_that_is_none_is_refused_and_named(world: World, folder: str) -> None:
    with pytest.raises(Refused, match="must be a folder"):
        world.link("feed", "web", "ko", options={"folder": folder or "."})


def test_a_folder_is_never_chosen_in_a_browser(world: World, account: Account, adapter: Adapter) -> None:
    public = replace(account, sheet={**account.sheet, "private": False})
    with pytest.raises(Refused, match="command line"):
        world.run(world.app.open_adapter(public, "t", Exchanges()).connect())


def test_an_address_names_an_entry_of_this_feed_alone(account: Account, adapter: Adapter) -> None:
    kind = type(adapter)

    assert MISSING == kind.locate(account, f"{account.base_url}/entries/{MISSING}.html")
    for url in (
        f"{account.base_url}/entries/..%2f.html",
        f"{account.base_url}/media/{MISSING}.html",
        "https://example.org/",
    ):
        with pytest.raises(Invalid):
            kind.locate(account, url)


@given(
    text=st.text(st.characters(exclude_categories=["Cs"])),
    title=st.none() | st.text(st.characters(exclude_categories=["Cs"])),
)
def test_whatever_is_written_all_three_feeds_stay_well_formed(text: str, title: str | None) -> None:
    picture = {"path": "media/a.png", "mime": "image/png", "size": 1, "alt": text}
    times = {"published": "2026-11-24T00:00:00Z", "updated": "2026-11-24T00:00:00Z"}
    names = {"name": MISSING, "id": "tag:a,2026:b", "url": "https://a.example/b", "parent": None}
    words = {"langs": ["ko"], "title": title, "text": text, "tags": [text[:10]], "media": [picture]}
    entry = {**names, **times, **words}
    files = render("https://a.example", title or "t", [entry])
    ElementTree.fromstring(files["feed.ko.atom"])  # noqa: S314 - it is ours

    assert text == json.loads(files["feed.ko.json"])["items"][0]["content_text"]
    assert "Note" == json.loads(files["feed.ko.as2.json"])["orderedItems"][0]["type"]
