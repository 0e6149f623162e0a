"""What a sheet's web addresses lead to: bounded, public, looked at hop by hop."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from campaign.core.errors import Refused, Unavailable
from campaign.net.fetch import HOPS, fetch

HOST = "127.0.0.1"
ASKED: list[dict[str, str]] = []


class Answers(BaseHTTPRequestHandler):
    """Answers by the path: a file, a redirect to what follows, an endless one, a compressed one."""

    def do_GET(self) -> None:
        ASKED.append(dict(self.headers))
        what, _, rest = self.path[1:].partition("/")
        if what == "to":
            self.send_response(302)
            self.send_header("Location", rest if "://" in rest else f"/{rest}")
            self.send_header("Set-Cookie", "a=b")
            self.end_headers()
            return
        body = b"x" * int(rest or "10") if what in ("file", "gzip") else b""
        self.send_response(200 if body else 404)
        if what == "gzip":
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer((HOST, 0), Answers)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://{HOST}:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_file_is_fetched_over_redirects_and_nothing_goes_along(url: str, tmp_path: Path) -> None:
    ASKED.clear()
    fetch(f"{url}/to/to/file/1000", tmp_path / "a", limit=1000, private=[HOST])

    assert (tmp_path / "a").read_bytes() == b"x" * 1000
    assert len(ASKED) == 3
    assert all(not {"Cookie", "Authorization", "Referer"} & headers.keys() for headers in ASKED)


@pytest.mark.parametrize(
    ("path", "error", "said"),
    [
        ("file/1001", Unavailable, "no file"),
        ("none", Unavailable, "404"),
        ("gzip/20", Refused, "compressed"),
        ("to/" * (HOPS + 1) + "file", Refused, "at no end"),
        ("to/http://127.0.0.2/file", Refused, "https"),
        ("to/https://[::1]/file", Refused, "loopback"),
        ("to/https://169.254.169.254/file", Refused, "metadata"),
        ("to/file:///etc/passwd", Refused, "https"),
    ],
)
def test_what_leads_elsewhere_or_is_too_much_is_refused(
    url: str, tmp_path: Path, path: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        fetch(f"{url}/{path}", tmp_path / "a", limit=1000, private=[HOST])


@pytest.mark.parametrize(
    "address", ["https://127.0.0.1/a", "http://127.0.0.1/a", "https://user:x@example.org/a", "https://"]
)
def test_without_an_operators_word_only_public_hosts_are_asked(tmp_path: Path, address: str) -> None:
    with pytest.raises((Refused, Unavailable)):
        fetch(address, tmp_path / "a", limit=1000)
    assert not (tmp_path / "a").exists()
