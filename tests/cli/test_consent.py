"""An account connected by consent at the terminal: an address is printed, and what the browser ends at is read."""

import http.client
import subprocess
import sys
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from tests.cli.conftest import Shell
from tests.conftest import World

from campaign.store import accounts as account_rows


def consent(url: str, account: str = "peace_ru") -> str:
    """Do what a person does on the page of the twin; return where the browser is sent."""
    parts = urlsplit(url)
    form = {**dict(parse_qsl(parts.query)), "account": account}
    there = http.client.HTTPConnection(parts.netloc, timeout=20)
    there.request("POST", parts.path, urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"})
    answer = there.getresponse()
    answer.read()
    there.close()
    assert answer.status == 303
    return str(answer.headers["Location"])


@pytest.mark.parametrize("whole", [True, False], ids=["address", "code"])
def test_an_account_is_connected_by_consent(shell: Shell, world: World, whole: bool) -> None:
    words = ["account", "add", "mastodon", "--name", "ru", "--base-url", world.twin.base_url, "--lang", "ru"]
    command = [sys.executable, "-m", "campaign", *words, "--dir", str(shell.dir), "--as", "alice"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:  # type: ignore[call-overload]
        said = [process.stderr.readline() for _ in range(2)]
        url = said[1].strip()
        there = consent(url)
        code = dict(parse_qsl(urlsplit(there).query))["code"]
        out, err = process.communicate((there if whole else code) + "\n", timeout=60)

    assert (0, True) == (process.returncode, out.startswith("account ru: @peace_ru")), err
    assert code not in out + err
    with world.app.store.read() as tx:
        account = account_rows.account_named(tx, "ru")
        token = account_rows.token_of(tx, account, world.app.vault)
    assert token not in out + err and world.twin.tokens["peace_ru"] not in token


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("--client-id", "x", "--token-stdin"), "client-id"),
        (("--base-url", "ftp://x"), "base-url"),
    ],
)
def test_what_cannot_be_is_told_before_anybody_consents(shell: Shell, words: tuple[str, ...], field: str) -> None:
    said = shell(
        "account", "add", "mastodon", "--name", "ru", "--lang", "ru", "--base-url", "https://x.example", *words
    )

    assert (2, True) == (said.code, field in said.err)
