"""What translates by machine, made of the settings."""

import asyncio
import http.server
import threading
from pathlib import Path

import pytest

from campaign.config import Settings, Translation, load_settings
from campaign.core.errors import CampaignError, Invalid, Refused
from campaign.core.kept import pieces
from campaign.interpreter import make_translator
from tests.conftest import HandClock


@pytest.fixture
def clock(tmp_path: Path) -> HandClock:
    return HandClock(tmp_path / "clock.json")


def test_nothing_translates_unless_the_settings_say_so(clock: HandClock) -> None:
    assert None is make_translator(Settings(), clock)


def test_a_tool_without_what_it_needs_says_what_to_set(clock: HandClock) -> None:
    with pytest.raises(Invalid, match="must name the server of libretranslate"):
        make_translator(Settings(translation=Translation(tool="libretranslate")), clock)
    with pytest.raises(Invalid, match="CAMPAIGN_TRANSLATION__KEY"):
        make_translator(Settings(translation=Translation(tool="deepl")), clock)
    with pytest.raises(Invalid, match="without spaces") as caught:
        make_translator(Settings(translation=Translation(tool="deepl", key="canary key")), clock)  # type: ignore[arg-type]

    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["ftp://a.example", "https://user:canary@a.example", "https://a.example/?key=canary", "a.example"]
)
def test_a_url_that_is_none_is_refused_and_not_shown(tmp_path: Path, url: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f'[translation]\nurl = "{url}"\nkey = "canary"\ntool = "deepl"\n')
    with pytest.raises(CampaignError) as caught:
        load_settings(str(file), environ={})

    assert "translation.url" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_key_of_another_type_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[translation]\nkey = ["canary"]\n')
    with pytest.raises(CampaignError) as caught:
        load_settings(str(file), environ={})

    assert "translation.key" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_key_may_come_from_the_environment() -> None:
    settings = load_settings(environ={"CAMPAIGN_TRANSLATION__KEY": "canary", "CAMPAIGN_TRANSLATION__TOOL": "deepl"})

    assert "canary" == settings.translation.key.get_secret_value()
    assert "canary" not in repr(settings)


def test_a_redirect_is_not_followed_and_gets_no_key(clock: HandClock) -> None:
    seen: list[str] = []

    class Redirecting(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(self.path)
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(307)
            self.send_header("Location", f"http://localhost:{self.server.server_port}/other")  # type: ignore[attr-defined]
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Redirecting) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        given = Translation(tool="deepl", url=url, key="canary")  # type: ignore[arg-type]
        tool = make_translator(Settings(translation=given), clock, sleep=clock.sleep)
        assert tool is not None
        with pytest.raises(Refused, match="redirects to localhost"):
            asyncio.run(tool.translate([pieces("서울")], "ko", "ru"))
        server.shutdown()

    assert ["/v2/translate"] == seen
