"""An account of a twin of Meta's is connected by consent, as a person does it."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from campaign.core.model import Account
from campaign.core.oauth import Registered, read_redirect
from campaign.sandbox.graph import CLIENT
from campaign.service.connect import begin, finish
from campaign.service.refresh import live
from campaign.store import accounts as account_rows
from campaign.store.credentials import credential_of
from tests.conftest import World

US = Registered(*CLIENT)


def asked(world: World, platform: str, name: str) -> Any:
    told = world.twin.opened[platform]["peace_ru"]
    return world.run(
        begin(
            world.app, platform, name=name, base_url=told["base_url"], langs=["ru"], by=world.alice, private=True,
            client=US, redirect_uri="http://127.0.0.1/back",
        )
    )  # fmt: skip


def consent(url: str) -> str:
    """Say yes on the page of the twin; return where the browser is sent."""
    answer = httpx.post(url, data={**dict(parse_qsl(urlsplit(url).query)), "account": "peace_ru"})
    assert 303 == answer.status_code, answer.text
    return answer.headers["location"]


def joined(world: World, platform: str, name: str) -> tuple[Account, str]:
    """Return the account, and the code, which was used."""
    told = read_redirect(consent(asked(world, platform, name).url))
    account: Account = world.run(finish(world.app, told, by=world.alice)).account
    return account, told["code"]


def joined_with(world: World, platform: str, code: str) -> None:
    """Try the code of somebody else's consent under one's own."""
    told = read_redirect(consent(asked(world, platform, "other").url))
    world.run(finish(world.app, {**told, "code": code}, by=world.alice))


def token(world: World, account: Account) -> str:
    """Return a token that lives, renewed where its end is near."""
    with world.app.store.read() as tx:
        held = credential_of(tx, account_rows.account_named(tx, account.name), world.app.vault)
    return str(json.loads(world.run(live(world.app, account, held)))["token"])
