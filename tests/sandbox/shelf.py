"""A web server with a few files, for twins that fetch media by themselves; and the client of Meta for its twins."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

from campaign.sandbox.graph import Said


class Shelf:
    """Files by name, at addresses."""

    def __init__(self) -> None:
        files = self.files = dict[str, bytes]()

        class Room(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = files.get(self.path.strip("/"))
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Room)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def put(self, name: str, content: bytes) -> str:
        """Return the address of a file."""
        self.files[name] = content
        return f"http://127.0.0.1:{self._server.server_port}/{name}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def shelf() -> Iterator[Shelf]:
    made = Shelf()
    yield made
    made.close()


@dataclass(frozen=True)
class Meta:
    """The client of Meta, facebook-business, which speaks to a twin instead."""

    api: FacebookAdsApi

    @classmethod
    def at(cls, base_url: str, token: str | None) -> "Meta":
        session = FacebookSession(access_token=token)
        session.GRAPH = base_url
        return cls(FacebookAdsApi(session, api_version="v25.0"))

    def close(self) -> None:
        self.api._session.requests.close()


def as_said(error: FacebookRequestError) -> tuple[int, int, int | None, str]:
    """Return what a refusal is known by."""
    told: tuple[int, int, int | None, str] = (
        error.http_status(), error.api_error_code(), error.api_error_subcode(), str(error.api_error_type()),
    )  # fmt: skip
    return told


def known_by(said: Said) -> tuple[int, int, int | None, str]:
    return said.status, said.code, said.subcode, said.kind
