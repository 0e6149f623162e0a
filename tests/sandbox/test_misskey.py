"""The Misskey twin, driven by Misskey.py, which others wrote: what it does, and each refusal of the table."""

import io
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from misskey import Misskey
from misskey.exceptions import MisskeyAPIException, MisskeyAuthorizeFailedException
from requests.adapters import HTTPAdapter

from campaign.sandbox import Twin
from campaign.sandbox.misskey.refusals import TABLE, What

from .conftest import picture

NOWHERE = "9zzzzzzzsboxzzzz"


class Detour(HTTPAdapter):
    """Takes /api to where the twin has Misskey's; the client knows no path below a host."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        assert request.url is not None
        request.url = request.url.replace("/api/", "/misskey/api/", 1)
        return super().send(request, *args, **kwargs)


Join = Callable[..., Misskey]


@pytest.fixture
def join(twin: Twin) -> Iterator[Join]:
    """Return a maker of clients; their sockets are closed at the end."""
    sessions: list[requests.Session] = []

    def client(name: str = "peace_ko", bearer: str | None = None, **told: str) -> Misskey:
        given = twin.opened["misskey"].get(name) if not told else None
        given = given or twin.ask("POST", "/_accounts", {"platform": "misskey", "name": name, **told})
        session = requests.Session()
        session.mount("http://", Detour())
        sessions.append(session)
        return Misskey(twin.base_url, i=bearer or given["token"], session=session)

    yield client
    for session in sessions:
        session.close()


def refused(what: What, act: Callable[[], Any]) -> None:
    with pytest.raises(MisskeyAPIException) as caught:
        act()
    _, code, message, ident, source = TABLE[what]

    assert (code, message, ident) == (caught.value.code, caught.value.message, str(caught.value.id))
    assert source.startswith("https://github.com/misskey-dev/misskey/")


def upload(client: Misskey, content: bytes | None = None, **options: Any) -> dict[str, Any]:
    file = io.BytesIO(content or picture())
    file.name = "a.png"
    told: dict[str, Any] = client.drive_files_create(file, **options)
    return told


def test_a_note_with_a_file_is_read_answered_and_deleted(twin: Twin, join: Join) -> None:
    ko, ru = join(), join("peace_ru")
    note = ko.notes_create("안녕 & <평화>", file_ids=[upload(ko)["id"]])["createdNote"]
    answer = ru.notes_create("Привет", reply_id=note["id"])["createdNote"]
    shown = ru.notes_show(note["id"])

    assert ("안녕 & <평화>", "image/png", "peace_ko", 1) == (
        shown["text"],
        shown["files"][0]["type"],
        shown["user"]["username"],
        shown["repliesCount"],
    )
    assert [answer["id"]] == [one["id"] for one in ko.notes_children(note["id"])]
    assert ru.notes_reactions_create(note["id"], "👍") and 1 == ko.notes_show(note["id"])["reactionCount"]
    assert ko.notes_delete(note["id"])
    refused("note", lambda: ko.notes_show(note["id"]))
    refused("note", lambda: ko.notes_delete(note["id"]))
    assert [True, False] == [row["deleted"] for row in twin.books(platform="misskey")]


def test_who_one_is_and_what_the_server_takes(join: Join) -> None:
    ko = join("narrow", text_limit="5", file_mb="1")

    assert (5, "narrow", 1) == (ko.meta()["maxNoteTextLength"], ko.i()["username"], ko.i()["policies"]["maxFileSizeMb"])
    assert ko.notes_create("가나다라마")
    refused("param", lambda: ko.notes_create("가나다라마바"))
    refused("too_large", lambda: upload(ko, bytes((1 << 20) + 1)))


def test_a_list_goes_up_from_a_lower_bound_and_down_without_one(hands: Any, join: Join) -> None:
    ko = join()
    ids = []
    for number in range(4):
        hands.set(f"2019-10-01T03:00:0{number}+00:00")
        reply = ids[0] if number == 3 else None
        ids.append(ko.notes_create(str(number), reply_id=reply)["createdNote"]["id"])
    me = ko.i()["id"]

    def listed(**options: Any) -> list[str]:
        return [note["id"] for note in ko.users_notes(me, **options)]

    assert sorted(ids) == ids
    assert ids[::-1] == listed()
    assert ids[:3][::-1] == listed(include_replies=False)
    assert ids[1:3] == listed(since_id=ids[0], limit=2)
    assert [ids[1]] == listed(since_id=ids[0], until_id=ids[2])
    assert ids[2:] == listed(since_date=1569898802000)
    assert [ids[1], ids[0]] == listed(until_id=ids[2])
    refused("user", lambda: ko.users_notes(NOWHERE))
    refused("param", lambda: ko.users_notes(me, limit=101))


def test_the_drive_hands_out_the_old_file_unless_it_is_forced(join: Join) -> None:
    ko = join()
    first, again, forced = upload(ko), upload(ko), upload(ko, force=True)

    assert first["id"] == again["id"] != forced["id"]
    refused("file_name", lambda: upload(ko, name="a/b.png"))
    refused("space", lambda: [upload(ko, bytes([number]) * (29 << 20), force=True) for number in range(4)])


def test_tokens_that_may_not(twin: Twin, join: Join) -> None:
    reader, gone = join("reader", permissions="read:account"), join("gone", suspended="1")

    with pytest.raises(MisskeyAuthorizeFailedException):
        join(bearer="nobody")
    refused("permission", lambda: reader.notes_create("a"))
    refused("permission", lambda: upload(reader))
    refused("suspended", lambda: gone.notes_create("a"))
    del reader.token
    refused("credential", lambda: reader.notes_create("a"))
    assert [] == twin.books(platform="misskey")
    twin.fault("expired_token", account="peace_ko", times=1)
    with pytest.raises(MisskeyAuthorizeFailedException):
        join()


def test_what_a_note_may_not_be(twin: Twin, join: Join) -> None:
    ko, ru = join(), join("peace_ru")
    file, theirs = upload(ko)["id"], ru.notes_create("чужое")["createdNote"]["id"]
    cases: list[tuple[What, Callable[[], Any]]] = [
        ("param", ko.notes_create),
        ("param", lambda: ko.notes_create("")),
        ("param", lambda: ko.notes_create("я" * 3001)),
        ("param", lambda: ko.notes_create("a", file_ids=[file] * 2)),
        ("param", lambda: ko.notes_create("a", file_ids=[file] * 17)),
        ("param", lambda: ko.notes_create("a", reply_id="no id")),
        ("reply", lambda: ko.notes_create("a", reply_id=NOWHERE)),
        ("file", lambda: ko.notes_create("a", file_ids=[NOWHERE])),
        ("file", lambda: ru.notes_create("a", file_ids=[file])),
        ("not_yours", lambda: ko.notes_delete(theirs)),
        ("no_endpoint", ko.stats),
    ]
    for what, act in cases:
        refused(what, act)
    assert ["чужое"] == [row["text"] for row in twin.books(platform="misskey")]
    assert ko.notes_create("я" * 3000) and ko.notes_create(file_ids=[file])


def test_the_same_note_twice_is_two_notes(twin: Twin, join: Join) -> None:
    ko = join()

    assert ko.notes_create("a")["createdNote"]["id"] != ko.notes_create("a")["createdNote"]["id"]
    assert 2 == len(twin.books(platform="misskey"))


def test_trouble_is_said_as_misskey_says_it(twin: Twin, join: Join) -> None:
    ko = join()
    twin.fault("429", retry_after=7)
    refused("throttled", lambda: ko.notes_create("a"))
    twin.fault("500_after")
    refused("internal", lambda: ko.notes_create("b"))

    assert ["b"] == [row["text"] for row in twin.books(platform="misskey")]


def test_three_hundred_notes_an_hour(twin: Twin, join: Join) -> None:
    ko = join()
    for number in range(300):
        ko.notes_create(str(number))
    refused("throttled", lambda: ko.notes_create("one too many"))

    assert 300 == len(twin.books(platform="misskey"))
    assert join("peace_ru").notes_create("другой")


def test_the_page_of_a_note_escapes_what_was_posted(twin: Twin, join: Join) -> None:
    ko = join()
    note = ko.notes_create("<script>1</script>", file_ids=[upload(ko)["id"]])["createdNote"]
    page = requests.get(f"{twin.base_url}/misskey/notes/{note['id']}", timeout=5)

    assert (200, True, False) == (page.status_code, "&lt;script&gt;" in page.text, "<script>" in page.text)
    assert 404 == requests.get(f"{twin.base_url}/misskey/notes/{NOWHERE}", timeout=5).status_code
    assert picture() == requests.get(note["files"][0]["url"], timeout=5).content


def test_a_code_is_good_once_for_its_client_and_its_verifier(twin: Twin, join: Join) -> None:
    where = f"{twin.base_url}/misskey/oauth"
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # https://www.rfc-editor.org/rfc/rfc7636#appendix-B
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    us = {"client_id": "https://desk.example/", "redirect_uri": "https://desk.example/back"}
    asked = {**us, "scope": "read:account write:notes", "state": "s", "code_challenge": challenge}
    asked |= {"code_challenge_method": "S256", "account": "peace_ko"}

    def said(**other: str) -> str:
        told = requests.post(f"{where}/authorize", data={**asked, **other}, allow_redirects=False, timeout=5)
        return str(told.json()["error"])

    def exchanged(code: str, **other: str) -> requests.Response:
        given = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier, **us, **other}
        return requests.post(f"{where}/token", data=given, timeout=5)

    def coded() -> str:
        told = requests.post(f"{where}/authorize", data=asked, allow_redirects=False, timeout=5)
        return parse_qs(urlsplit(told.headers["location"]).query)["code"][0]

    assert ["invalid_request"] * 4 == [
        said(client_id="desk"),
        said(redirect_uri="https://evil.example/back"),
        said(code_challenge=""),
        said(code_challenge_method="plain"),
    ]
    assert "invalid_scope" == said(scope="write:everything")
    assert [403] * 3 == [
        exchanged("nonsense").status_code,
        exchanged(coded(), code_verifier="x").status_code,
        exchanged(coded(), client_id="https://other.example/").status_code,
    ]
    code = coded()
    bearer = exchanged(code).json()["access_token"]
    assert "peace_ko" == join(bearer=bearer).i()["username"]
    assert 403 == exchanged(code).status_code  # and the token is taken back
    with pytest.raises(MisskeyAuthorizeFailedException):
        join(bearer=bearer)
