"""Bluesky's own server (PDS) and its consent in a real browser: PAR, PKCE, DPoP; posts, renewal, a token used twice."""

import contextlib
import json
import os
import secrets
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import pytest
from tests.real.test_pds import BOTH, Here, Pds, here, image, outgoing, pds

from campaign.core.adapter import Exchanges
from campaign.core.errors import Unauthorized
from campaign.core.oauth import read_redirect
from campaign.service.connect import begin, finish
from campaign.service.refresh import live
from campaign.store.credentials import Credential, credential_of, put_token

CHROMIUM = shutil.which("chromium")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")

pytestmark = [
    pytest.mark.real,
    pytest.mark.xdist_group("pds"),
    pytest.mark.skipif(CHROMIUM is None and os.environ.get("CI") != "true", reason="there is no chromium here"),
    # A browser leaves sockets and processes to the interpreter's end.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
__all__ = ["here", "pds"]


def consent(url: str, handle: str, password: str) -> str:
    """Log in and say yes in a browser; return where it is sent."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = running.new_page(locale="en-US")
        page.set_default_timeout(20_000)
        sent: list[str] = []
        page.on("request", lambda asked: sent.append(asked.url) if "/accounts/connect/callback" in asked.url else None)
        page.goto(url)
        page.get_by_role("button", name="Sign in").click()
        page.locator("input[name=username]").fill(handle)
        page.locator("input[name=password]").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Authorize").click()
        with contextlib.suppress(Exception):  # nobody listens where it is sent
            page.wait_for_url("**/accounts/connect/callback*", timeout=5000)
        running.close()
    return sent[0]


@pytest.fixture(scope="module")
def joined(here: Here, pds: Pds) -> Here:
    """An account of the server that was connected by consent."""
    password, handle = secrets.token_hex(16), "consent.test"
    body = {"handle": handle, "email": "consent@x.test", "password": password}
    httpx.post(f"{pds.base_url}/xrpc/com.atproto.server.createAccount", json=body).raise_for_status()
    base = f"http://localhost:{urlsplit(pds.base_url).port}"  # the server calls itself so
    given = {"base_url": base, "langs": ["ko", "ru"], "by": here.alice, "private": True}
    begun = here.run(begin(here.app, "bluesky", name="consent", **given))
    assert "verifier" not in begun.url and "code_challenge" not in begun.url, "what is asked was pushed"
    with ThreadPoolExecutor(1) as pool:  # the browser's driver keeps an event loop in its thread
        there = pool.submit(consent, begun.url, handle, password).result()
    linked = here.run(finish(here.app, read_redirect(there), by=here.alice))
    return replace(here, account=linked.account, password="")


def held(joined: Here) -> Credential:
    with joined.app.store.read() as tx:
        return credential_of(tx, joined.account, joined.app.vault)


def test_what_is_connected_by_consent_posts_measures_and_takes_down(joined: Here, pds: Pds) -> None:
    assert "@consent.test" == joined.account.handle
    secrets_ = joined.run(live(joined.app, joined.account, held(joined)))
    wanted = outgoing(BOTH, image(joined))
    of = replace(joined, password=secrets_)
    published, wire = of.send(wanted)
    again = of.run(of.adapter().publish(wanted, wire))

    assert published.remote_id == again.remote_id
    assert BOTH == of.run(of.adapter().fetch(published.remote_id))["value"]["text"]
    of.run(of.adapter().delete(published.remote_id))


def test_a_token_without_its_key_is_worth_nothing(joined: Here, pds: Pds) -> None:
    token = json.loads(held(joined).secrets)["token"]
    url = f"{pds.base_url}/xrpc/com.atproto.server.getSession"

    assert httpx.get(url, headers={"Authorization": f"Bearer {token}"}).status_code in (400, 401)
    assert httpx.get(url, headers={"Authorization": f"DPoP {token}"}).status_code in (400, 401)


def test_it_renews_itself_and_a_second_use_ends_the_grant(joined: Here) -> None:
    first = held(joined)
    with joined.app.store.begin() as tx:  # as if its end were near
        near = replace(first.lifetime, expires_mono=joined.app.clock.monotonic() + 60)
        put_token(tx, joined.account.id, joined.app.vault, first.secrets, near, at=joined.app.clock.now())
    fresh = joined.run(live(joined.app, joined.account, held(joined)))
    who = joined.run(joined.app.open_adapter(joined.account, fresh, Exchanges()).connect())
    assert (joined.account.remote_id, True) == (who.remote_id, fresh != first.secrets)

    with joined.app.store.begin() as tx:  # a crash before the commit
        over = replace(first.lifetime, expires_mono=joined.app.clock.monotonic())
        put_token(tx, joined.account.id, joined.app.vault, first.secrets, over, at=joined.app.clock.now())
    with pytest.raises(Unauthorized, match="cannot be renewed"):
        joined.run(live(joined.app, joined.account, held(joined)))
