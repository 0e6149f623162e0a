"""accounts: connected after the platform was asked, reconnected, removed; each kind of server gets its guarantee."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from campaign.core.errors import (
    CampaignError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    Unauthorized,
    Unavailable,
)
from campaign.core.model import Account, Guarantee
from campaign.service import accounts
from campaign.service.enqueue import cancel
from campaign.store import accounts as account_rows
from tests.conftest import World

TOKEN = "a-token-of-the-test"
NODEINFO = "http://nodeinfo.diaspora.software/ns/schema/2.0"
Pages = Mapping[str, tuple[int, Any]]


@contextmanager
def serving(pages: Pages) -> Iterator[str]:
    """A server that answers with these pages, and 404 elsewhere."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = pages.get(self.path, (404, {"error": "Not Found"}))
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def pages(
    version: str, software: str | None, *, v2: bool = True, who: tuple[int, Any] | None = None, **more: Any
) -> Pages:
    instance = {"version": version, "domain": "social.example", "uri": "social.example", **more}
    found: dict[str, tuple[int, Any]] = {
        "/api/v2/instance" if v2 else "/api/v1/instance": (200, instance),
        "/api/v1/accounts/verify_credentials": who or (200, {"id": "01H", "acct": "peace", "username": "peace"}),
    }
    if software:
        href = "https://social.example/nodeinfo/2.0"  # the public address, not the one that we reach
        found["/.well-known/nodeinfo"] = (200, {"links": [{"rel": NODEINFO, "href": href}]})
        found["/nodeinfo/2.0"] = (200, {"software": {"name": software, "version": version}})
    return found


def link(world: World, base_url: str, name: str = "other", **options: Any) -> accounts.Linked:
    options = {"token": TOKEN, "langs": ["ko"], "by": world.alice, "private": True, **options}
    linked: accounts.Linked = world.run(
        accounts.connect(world.app, "mastodon", name=name, base_url=base_url, **options)
    )
    return linked


def every(world: World) -> list[Account]:
    with world.app.store.read() as tx:
        return account_rows.every_account(tx)


def test_a_mastodon_account_has_its_sheet_and_the_keys_guarantee(world: World) -> None:
    [account] = every(world)

    assert ("mastodon", Guarantee.DEDUP, 500, 20, ["reactions", "replies", "reposts", "quotes"], True) == (
        account.kind,
        account.guarantee,
        account.sheet["text_limit"],
        account.sheet["ids_per_reading"],
        account.sheet["metrics"],
        account.sheet["private"],
    )
    assert account.handle.startswith("@peace_ko@")


@pytest.mark.parametrize(
    ("version", "software", "v2", "kind"),
    [
        ("0.17.3+git-5a7b3c2", "gotosocial", True, "gotosocial"),
        ("4.2.0 (compatible; snac 2.73)", "snac", False, "snac"),
        ("4.2.0 (compatible; snac 2.73)", None, False, "snac"),
        ("2.7.2 (compatible; Pleroma 2.8.0)", "pleroma", False, "pleroma"),
        ("2.7.2 (compatible; Akkoma 3.10.4-0-gebfb617)", None, True, "akkoma"),
        ("3.5.3 (compatible; Pixelfed 0.12.4)", "pixelfed", True, "pixelfed"),
        ("takahe/0.11.0", "takahe", True, "takahe"),
        ("something else", None, True, "mastodon-compatible"),
        ("4.6.4", None, True, "mastodon-compatible"),  # whoever hides what it runs is not trusted with keys
    ],
)
def test_any_other_server_is_read_back_unless_it_is_known_to_keep_keys(
    world: World, version: str, software: str | None, v2: bool, kind: str
) -> None:
    with serving(pages(version, software, v2=v2)) as base_url:
        linked = link(world, base_url)
    sheet, keeps = linked.account.sheet, kind in ("pleroma", "akkoma")
    guarantee, lifetime = (Guarantee.DEDUP, 3600.0) if keeps else (Guarantee.READ_BACK, 0.0)

    assert (kind, guarantee, "@peace@social.example", 120.0, lifetime, 1) == (
        linked.account.kind,
        linked.account.guarantee,
        linked.account.handle,
        sheet["settles_within"],
        sheet["key_lifetime"],
        sheet["ids_per_reading"],
    )
    told = linked.warnings[0].lower().replace("ē", "e")
    assert "key" in told or kind in told


def test_gotosocial_counts_characters_and_gives_no_discount_for_links(world: World) -> None:
    statuses = {"max_characters": 5000, "characters_reserved_per_url": 25, "max_media_attachments": 6}
    with serving(pages("0.17.3", "gotosocial", configuration={"statuses": statuses})) as base_url:
        text = world.app.capabilities(link(world, base_url).account).text

    assert (5000, "characters", None) == (text.limit, text.counts, text.link_length)


@pytest.mark.parametrize(
    ("version", "ids", "quotes"),
    [
        ("4.2.9", 1, False),
        ("4.3.0", 20, False),
        ("4.5.0", 20, True),
        ("4.5.0-beta.1", 20, True),
        ("4.4.1+glitch", 20, False),
    ],
)
def test_what_a_mastodon_can_depends_on_its_version(world: World, version: str, ids: int, quotes: bool) -> None:
    with serving(pages(version, "mastodon")) as base_url:
        sheet = link(world, base_url).account.sheet

    assert (ids, quotes) == (sheet["ids_per_reading"], "quotes" in sheet["metrics"])


@pytest.mark.parametrize("limit", ["500", -1, 0, None, True, 10**15, [500]])
def test_limits_that_make_no_sense_leave_the_defaults(world: World, limit: Any) -> None:
    with serving(pages("4.6.4", "mastodon", configuration={"statuses": {"max_characters": limit}})) as base_url:
        account = link(world, base_url).account

    assert (500, int) == (world.app.capabilities(account).text.limit, type(world.app.capabilities(account).text.limit))


@pytest.mark.parametrize(
    ("told", "error"),
    [
        (pages("4.2.0", "snac", who=(422, b"")), Unauthorized),
        (pages("4.2.0", "takahe", who=(400, {"error": "x"})), Unauthorized),
        (pages("4.2.0", "mastodon", who=(401, {"error": "x"})), Unauthorized),
        (pages("4.2.0", "mastodon", who=(200, {})), Unavailable),
        (pages("4.2.0", "mastodon", who=(200, [])), Unavailable),
        (pages("4.2.0", "mastodon", who=(503, {})), Unavailable),
        ({}, Refused),
        ({"/api/v2/instance": (200, b"<html>")}, Unavailable),
        ({"/api/v2/instance": (200, {"title": "no version"})}, Refused),
    ],
)
def test_what_is_no_account_keeps_nothing(world: World, told: Pages, error: type[Exception]) -> None:
    with serving(told) as base_url, pytest.raises(error):
        link(world, base_url)

    assert ["kr"] == [account.name for account in every(world)]


def test_a_bad_token_and_a_server_that_is_not_there_keep_nothing(world: World) -> None:
    with pytest.raises(Unauthorized):
        link(world, world.twin.base_url)
    with serving({}) as base_url:
        pass
    with pytest.raises(Unavailable):
        link(world, base_url)

    assert ["kr"] == [account.name for account in every(world)]


def test_a_private_address_needs_an_operators_word(world: World) -> None:
    with pytest.raises(CampaignError):
        link(world, world.twin.base_url, token=world.twin.tokens["peace_ru"], private=False)

    assert ["kr"] == [account.name for account in every(world)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "a b"},
        {"name": "x" * 65},
        {"base_url": "mastodon.example"},
        {"base_url": "ftp://mastodon.example"},
        {"base_url": "https://user:pass@mastodon.example"},
        {"base_url": "https://mastodon.example/?a=b"},
        {"token": ""},
        {"token": "two words"},
        {"token": "a\nb"},
        {"langs": []},
        {"langs": ["ko", "ko"]},
        {"langs": ["한국어"]},
    ],
    ids=str,
)
def test_values_that_break_a_rule_ask_nobody(world: World, wrong: dict[str, Any]) -> None:
    given = {"base_url": world.twin.base_url, "token": world.twin.tokens["peace_ru"], **wrong}
    before = world.twin.counters()
    with pytest.raises(Invalid) as told:
        link(world, **given)

    assert (before, False) == (world.twin.counters(), given["token"] in str(told.value) if given["token"] else False)


def test_a_name_that_is_taken_and_an_identity_that_is_connected_are_refused(world: World) -> None:
    with pytest.raises(Conflict, match="exists already"):
        world.connect("kr", "ru", twin_account="peace_ru")
    with pytest.raises(Conflict, match="connected already, as account 'kr'"):
        world.connect("other", "ko")
    with pytest.raises(Conflict, match="this token belongs to"):
        world.connect("kr", "ko", twin_account="peace_ru", again=True)

    assert [("kr", ("ko",))] == [(account.name, account.langs) for account in every(world)]


def test_a_viewer_may_connect_and_remove_nothing(world: World) -> None:
    with pytest.raises(Forbidden):
        link(world, world.twin.base_url, token=world.twin.tokens["peace_ru"], by=world.carol)
    with pytest.raises(Forbidden):
        accounts.remove(world.app, "kr", by=world.carol)

    assert 1 == len(every(world))


def test_an_account_with_open_deliveries_is_not_removed_and_a_removed_one_forgets_its_token(world: World) -> None:
    world.post("P01")
    with pytest.raises(Conflict, match="1 open deliver"):
        accounts.remove(world.app, "kr", by=world.alice)
    cancel(world.app, "P01", by=world.alice)
    removed = accounts.remove(world.app, "kr", by=world.alice)
    with world.app.store.read() as tx:
        assert [] == account_rows.all_accounts(tx)
        with pytest.raises(NotFound):
            account_rows.token_of(tx, removed, world.app.vault)
    with pytest.raises(NotFound):
        world.run(accounts.test(world.app, "kr"))

    again = world.connect("kr", "ko")  # its name and its history are its own again

    assert removed.id == again.id


def test_a_test_says_what_changed_since_it_was_connected(world: World) -> None:
    assert {} == world.run(accounts.test(world.app, "kr"))["changed"]

    with world.app.store.begin() as tx:
        tx.exec_driver_sql("UPDATE accounts SET sheet = json_set(sheet, '$.text_limit', 300)")

    assert {"text_limit": [300, 500]} == world.run(accounts.test(world.app, "kr"))["changed"]

    world.twin.fault("expired_token", account="peace_ko")
    with pytest.raises(Unauthorized):
        world.run(accounts.test(world.app, "kr"))
