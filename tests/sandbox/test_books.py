"""The books outlive the twin, however it ends."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from campaign import sandbox
from campaign.sandbox import Twin

from .conftest import Connect

START = "import sys, pathlib; from campaign import sandbox; sandbox.run(pathlib.Path(sys.argv[1]))"


@contextmanager
def process(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """Start a twin as a process of its own; wait for its file to name it."""
    child = subprocess.Popen([sys.executable, "-c", START, str(folder)])
    try:
        until = time.monotonic() + 20
        while True:
            assert time.monotonic() < until and child.poll() is None
            try:
                told = json.loads((folder / "sandbox.json").read_text())
            except FileNotFoundError:
                told = {}
            if told.get("pid") == child.pid:
                break
            time.sleep(0.02)
        yield child, told
    finally:
        if child.poll() is None:
            child.kill()
        child.wait(10)


def post(told: dict[str, Any], text: str, key: str) -> str:
    token = told["platforms"]["mastodon"]["accounts"][0]["token"]
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    with httpx.Client(base_url=told["base_url"], headers=headers) as http:
        ident: str = http.post("/api/v1/statuses", json={"status": text}).json()["id"]
    return ident


def test_a_killed_twin_comes_back_with_its_books_tokens_keys_and_port(tmp_path: Path) -> None:
    with process(tmp_path) as (child, told):
        names = [account["name"] for account in told["platforms"]["mastodon"]["accounts"]]
        assert names == ["peace_ko", "peace_ru", "peace_en"]
        assert stat.S_IMODE((tmp_path / "sandbox.json").stat().st_mode) == 0o600
        first = post(told, "one", "k1")
        before = sandbox.books(told["base_url"])
        os.kill(child.pid, signal.SIGKILL)
        child.wait(10)
    with process(tmp_path) as (child, again):
        assert {k: again[k] for k in ("port", "base_url", "platforms")} == {
            k: told[k] for k in ("port", "base_url", "platforms")
        }
        assert sandbox.books(again["base_url"]) == before
        assert post(again, "one", "k1") == first  # the key is remembered
        assert [row["idempotency_key"] for row in sandbox.ask(again["base_url"], "GET", "/_books/requests")] == [
            "k1"
        ] * 2
        child.terminate()
        assert child.wait(10) == 0


def test_two_twins_do_not_share_a_folder(tmp_path: Path) -> None:
    with Twin(tmp_path):
        with pytest.raises(RuntimeError, match="another sandbox"):
            Twin(tmp_path).__enter__()


def test_a_port_that_is_taken_meanwhile_is_given_up(tmp_path: Path) -> None:
    with Twin(tmp_path / "a") as twin:
        port = int(twin.base_url.rpartition(":")[2])
        (tmp_path / "b").mkdir()
        (tmp_path / "b" / "sandbox.json").write_text(json.dumps({"port": port}))
        with Twin(tmp_path / "b") as other:
            assert other.base_url != twin.base_url


def test_the_books_have_a_row_per_post_of_an_account_and_pages(twin: Twin, connect: Connect) -> None:
    en, ru = connect(twin, "peace_en"), connect(twin, "peace_ru")
    for n in range(3):
        en.status_post(f"en {n}")
    ru.status_post("ru", in_reply_to_id=en.status_post("last").id)
    assert [row["text"] for row in twin.books("peace_en")] == ["en 0", "en 1", "en 2", "last"]
    assert [row["account"] for row in twin.books()] == ["peace_en"] * 4 + ["peace_ru"]
    page = twin.ask("GET", "/_books", limit=2)
    assert [row["text"] for row in twin.ask("GET", "/_books", limit=2, after=page[-1]["id"])] == ["en 2", "last"]
    assert twin.books()[-1]["in_reply_to_id"] == page[0]["id"] or twin.books()[-1]["in_reply_to_id"] is not None


def test_requests_are_counted_per_route_without_ids(twin: Twin, connect: Connect) -> None:
    en = connect(twin)
    for _ in range(2):
        en.status(en.status_post("a").id)
    counters = twin.counters()
    assert counters["POST /api/v1/statuses"] == 2
    assert counters["GET /api/v1/statuses/{id}"] == 2


def test_a_boost_is_no_post(twin: Twin, connect: Connect) -> None:
    sent = connect(twin).status_post("a")
    connect(twin, "peace_ru").status_reblog(sent.id)
    assert len(twin.books()) == 1


def test_accounts_can_be_opened_and_found_again(tmp_path: Path, connect: Connect) -> None:
    with Twin(tmp_path, accounts=[{"name": "seoul", "display_name": "서울", "locale": "ko"}]) as twin:
        assert list(twin.tokens) == ["seoul"]
        me = connect(twin, "seoul").me()
        assert (me.display_name, me.source.language) == ("서울", "ko")
        token = twin.open_account("guest", display_name="Гость", locale="ru")
        assert connect(twin, token=token).me().display_name == "Гость"
        kept = twin.tokens["seoul"]
    with Twin(tmp_path, accounts=["seoul"]) as twin:
        assert twin.tokens == {"seoul": kept}
        assert connect(twin, token=token).me().username == "guest"


def test_only_known_platforms_have_a_twin(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no twin of orkut"):
        sandbox.run(tmp_path, platforms=("orkut",))
