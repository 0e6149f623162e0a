"""Accounts of the twin that stand on servers of other kinds, as a client that others wrote meets them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from mastodon import Mastodon, MastodonAPIError, MastodonServerError

from campaign.sandbox import Twin
from campaign.sandbox.mastodon.kinds import KINDS, known_kind
from campaign.sandbox.mastodon.refusals import Refusal

from .conftest import Connect, picture

DRIVEN = [kind for kind in KINDS if kind != "takahe"]


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[Twin]:
    with Twin(tmp_path / "sandbox", accounts=[{"name": kind, "kind": kind} for kind in KINDS]) as running:
        yield running


def takahe(twin: Twin, method: str, path: str, **options: Any) -> httpx.Response:
    """Ask as Takahē's account, for Mastodon.py cannot read its version."""
    headers = {"Authorization": f"Bearer {twin.tokens['takahe']}", **options.pop("headers", {})}
    return httpx.request(method, twin.base_url + path, headers=headers, **options)


def post(client: Mastodon, key: str, text: str = "글", **options: object) -> str:
    return str(client.status_post(text, idempotency_key=key, **options).id)


def medium(client: Mastodon) -> str:
    return str(client.media_post(picture(), "image/png", description="그림").id)


def test_each_says_what_it_is(twin: Twin, connect: Connect) -> None:
    told = {kind: str(connect(twin, kind).instance().version) for kind in DRIVEN}

    assert {kind: KINDS[kind].version for kind in DRIVEN} == told
    assert "takahe/0.11.0" == takahe(twin, "GET", "/api/v1/instance").json()["version"]
    with pytest.raises(Refusal, match="kind must be one of"):
        known_kind("wildebeest")


def test_a_key_that_is_used_twice(twin: Twin, connect: Connect) -> None:
    clients = {kind: connect(twin, kind) for kind in DRIVEN}
    for kind in ("mastodon", "hollo", "pleroma", "akkoma"):
        assert post(clients[kind], f"{kind} key") == post(clients[kind], f"{kind} key", "다른 글")
    for kind in ("gotosocial", "snac"):
        assert post(clients[kind], "key") != post(clients[kind], "key")
    media = [medium(clients["pixelfed"])]
    assert post(clients["pixelfed"], "key", media_ids=media)
    with pytest.raises(MastodonAPIError, match="Duplicate idempotency key"):
        post(clients["pixelfed"], "key", "다른 글", media_ids=[medium(clients["pixelfed"])])


def test_an_error_is_kept_under_the_key_or_burns_it(twin: Twin, connect: Connect) -> None:
    pleroma, pixelfed, hollo = (connect(twin, kind) for kind in ("pleroma", "pixelfed", "hollo"))
    for client in (pleroma, pixelfed):
        twin.fault("burnt_key", times=1)
        with pytest.raises(MastodonServerError, match="500"):
            post(client, "key", media_ids=[medium(client)])
    with pytest.raises(MastodonServerError, match="500"):
        post(pleroma, "key")
    with pytest.raises(MastodonAPIError, match="400"):
        post(pixelfed, "key", media_ids=[medium(pixelfed)])
    assert [] == twin.books()
    assert post(pleroma, "another") and post(hollo, "key")


@pytest.mark.parametrize(
    ("kind", "status"),
    [("mastodon", 422), ("hollo", 500), ("gotosocial", 400), ("pixelfed", 403), ("snac", 0)],
)
def test_a_medium_that_is_part_of_a_post_already(twin: Twin, connect: Connect, kind: str, status: int) -> None:
    client = connect(twin, kind)
    media = [medium(client)]
    post(client, "one", media_ids=media)
    if not status:
        assert post(client, "two", media_ids=media)
        return
    with pytest.raises(MastodonAPIError, match=str(status)):
        post(client, "two", media_ids=media)


def test_what_else_they_refuse(twin: Twin, connect: Connect) -> None:
    pixelfed, snac = (connect(twin, kind) for kind in ("pixelfed", "snac"))
    with pytest.raises(MastodonAPIError, match="Empty statuses"):
        post(pixelfed, "key")
    stays = snac.status_post("글", language="ko")
    with pytest.raises(MastodonAPIError, match="404"):
        snac.status_delete(stays.id)
    assert "en" == snac.status(stays.id).language
    twin.fault("expired_token", times=1)
    with pytest.raises(MastodonAPIError, match="422"):
        snac.me()


def test_takahe(twin: Twin) -> None:
    made = [
        takahe(twin, "POST", "/api/v1/statuses", data={"status": "글"}, headers={"Idempotency-Key": "key"}).json()["id"]
        for _ in range(2)
    ]
    assert 2 == len(set(made)) == len(twin.books())
    assert 404 == takahe(twin, "GET", "/api/v1/statuses", params={"id[]": made}).status_code
    twin.fault("expired_token", times=1)
    refused = takahe(twin, "GET", "/api/v1/accounts/verify_credentials")
    assert (400, "Unauthorized") == (refused.status_code, refused.text)
