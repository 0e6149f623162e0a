"""A canary token goes through everything that can go wrong, and is found nowhere; without redaction it is found."""

import base64
import gzip
import json
import sqlite3
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from campaign.core.errors import CampaignError
from campaign.service import App, accounts
from campaign.service import archive as verb
from campaign.service.measure import measure
from campaign.service.seal import seal
from campaign.store import accounts as account_rows
from tests.conftest import World

STATUSES = "/api/v1/statuses"
FAULTS = ("lose_response", "500_after", "bad_json", "half_body", "503", "reset", "429")


def forms(secret: str) -> list[bytes]:
    """The secret plain, in base64 at any offset, percent- and JSON-escaped."""
    raw = secret.encode()
    found = [raw, quote(secret, safe="").encode(), json.dumps(secret)[1:-1].encode()]
    found += ["".join(f"%{byte:02x}" for byte in raw).encode(), "".join(f"\\u{ord(c):04x}" for c in secret).encode()]
    for offset in range(3):
        whole = base64.b64encode(b"x" * offset + raw)
        inner = whole[4 if offset else 0 : -4]  # what does not depend on the neighbours
        found += [inner, inner.replace(b"+", b"-").replace(b"/", b"_")]
    return found


def contents(world: World) -> dict[str, bytes]:
    """Every file of the installation, unpacked where it is packed, and every cell of the database."""
    root = Path(world.settings.dir)
    found = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    found |= {f"{name} unpacked": gzip.decompress(raw) for name, raw in found.items() if name.endswith(".gz")}
    with sqlite3.connect(root / "campaign.db") as db:
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for number, row in enumerate(db.execute(f'SELECT * FROM "{table}"')):  # noqa: S608 - a name of our own
                cells = [cell if isinstance(cell, bytes) else str(cell).encode() for cell in row]
                cells += [zlib.decompress(row[-1])] if table == "answers" else []
                found[f"table {table} row {number}"] = b"\n".join(cells)
    db.close()
    return found


def where(haystack: dict[str, bytes], secret: str) -> set[str]:
    return {name for name, raw in haystack.items() if any(form.lower() in raw.lower() for form in forms(secret))}


def echo(secret: str) -> str:
    """An answer of a server that says the token back, as some do."""
    return json.dumps({"error": f"Bearer {secret} is bad", "token": secret, "seen": quote(secret, safe="")})


def everything(world: World, app: App, token: str) -> tuple[list[str], list[str]]:
    """Publish, fail, measure, archive and seal; return the names of the files, and every message of an error."""
    said: list[str] = []
    names = ["P00"]
    world.post("P00", minutes=1, pictures=(world.picture(),))
    world.clock.turn(minutes=1)
    world.tick(app)
    for number, fault in enumerate(FAULTS, 1):
        names.append(f"P{number:02}")
        world.post(names[-1], minutes=1)
        world.clock.turn(minutes=1)
        world.twin.fault(fault, method="POST", path=STATUSES, **({"body": echo(token)} if fault == "bad_json" else {}))
        for _ in range(3):
            world.tick(app)
            world.clock.turn(seconds=35)
    world.twin.fault("bad_json", method="GET", path="/api/v1/statuses*", body=echo(token))
    world.clock.turn(minutes=20)
    world.run(measure(app))
    world.twin.fault("expired_token", account="peace_ko")
    world.post("P99", minutes=1)
    world.clock.turn(minutes=1)
    world.tick(app)
    world.run(measure(app))
    given: tuple[dict[str, Any], ...] = (
        {"base_url": world.twin.base_url},
        {"base_url": f"{world.twin.base_url}/nothing"},
    )
    for options in given:
        try:
            world.run(
                accounts.connect(
                    app, "mastodon", name="other", token=token, langs=["ko"], by=world.alice, private=True, **options
                )
            )
        except CampaignError as error:
            said += [str(error), repr(error), repr(error.__cause__), repr(vars(error))]
    verb.archive(app)
    seal(app, until=world.clock.now())
    world.clock.turn(hours=2)
    world.run(measure(app))  # what is read now waits for the next sealing
    world.run(app.close_network())
    return names, said


@pytest.fixture
def canary(world: World) -> str:
    token: str = world.twin.tokens["peace_ko"]
    return token


def test_the_canary_is_found_nowhere(world: World, canary: str) -> None:
    logged: list[str] = []
    app = world.open(log=lambda name, **fields: logged.append(repr((name, fields))))
    names, said = everything(world, app, canary)
    found = contents(world)

    assert len(names) + 1 == len(world.states())
    assert (True, True, True, True, True, True) == (
        any(name.endswith(".warc.gz unpacked") for name in found),
        any(name.endswith("answers.warc.gz unpacked") for name in found),
        any(name.startswith("table exchanges") for name in found),
        any(name.startswith("table answers") for name in found),
        bool(logged),
        bool(said),
    )
    assert set() == where(found, canary)
    assert set() == where({line: line.encode() for line in [*logged, *said]}, canary)


def test_the_canary_is_found_when_nothing_is_taken_out(world: World, canary: str) -> None:
    app = world.open(redact=False)
    everything(world, app, canary)
    found = where(contents(world), canary)

    assert (True, True, True, True) == (
        any(name.startswith("table exchanges") for name in found),
        any(name.startswith("table answers") for name in found),
        any(name.endswith("answers.warc.gz unpacked") for name in found),
        any("/exchange/" in name for name in found),
    )


@pytest.mark.parametrize("form", forms('canary/+ü and "more" 1234567890'), ids=range(len(forms("c" * 30))))
def test_the_search_finds_every_form(form: bytes) -> None:
    assert {"a"} == where({"a": b"before" + form + b"after", "b": b"nothing"}, 'canary/+ü and "more" 1234567890')


def test_the_sealed_token_opens_again_and_the_key_lies_apart(world: World, canary: str) -> None:
    with world.app.store.read() as tx:
        account = account_rows.account_named(tx, "kr")

        assert canary == account_rows.token_of(tx, account, world.app.vault)
