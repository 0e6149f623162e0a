"""A server in front of a twin that gives out tokens by OAuth 2: they end, refresh tokens serve once, a second use ends
the grant. What it was asked is kept, so that a test can count."""

import base64
import http.client
import itertools
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urlsplit

from campaign.core.adapter import Source
from campaign.core.oauth import OAuth, challenge

LASTS = 3600.0
CLIENT = ("the-client", "canary-client-secret/+1")
OAUTH = OAuth(
    authorize="/authorize",
    token="/token",
    scopes=("read", "write"),
    client_auth="basic",
    source=Source("https://www.rfc-editor.org/rfc/rfc6749", "2026-11-24"),
)


@dataclass
class Grant:
    """One consent: the tokens that hold now; None: it is over."""

    access: str | None
    refresh: str | None
    until: float
    used: list[str] = field(default_factory=list)


class Server(ThreadingHTTPServer):
    """The server; `behind` is the twin's address, `token` the one that the twin takes for all who are let through."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, behind: str, token: str, monotonic: Callable[[], float]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behind, self.token, self.monotonic = behind, token, monotonic
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.codes: dict[str, dict[str, str]] = {}
        self.grants: list[Grant] = []
        self.secrets: set[str] = {CLIENT[1]}  # whatever was given out or came in that nobody may see
        self.renewals: list[str] = []  # what became of each request for a renewal
        self.fault = ""  # of the next request to the token endpoint: lose | drop | 503 | echo
        self.lasts: float | None = LASTS
        self.admits_nobody = False
        self.documents: dict[str, Any] = {}  # path → what is told there, as JSON
        self.began, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self._number, self._lock = itertools.count(1), threading.Lock()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def consent(self, url: str) -> str:
        """Do what a person does at the address of a consent; return the address to which the browser is sent."""
        asked = dict(parse_qsl(urlsplit(url).query))
        assert url.startswith(f"{self.url}/authorize?"), url
        assert ("code", CLIENT[0], "S256") == tuple(
            asked[name] for name in ("response_type", "client_id", "code_challenge_method")
        )
        code = self._fresh("code")
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def admits(self, token: str) -> bool:
        """Whether an access token holds."""
        return not self.admits_nobody and any(
            grant.access == token and grant.until > self.monotonic() for grant in self.grants
        )

    def answer(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Return what the token endpoint answers."""
        pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        if tuple(map(unquote_plus, pair.split(":"))) != CLIENT:
            return 401, {"error": "invalid_client"}
        with self._lock:
            if form["grant_type"] == "authorization_code":
                asked = self.codes.pop(form["code"], None)
                self.secrets.add(form.get("code_verifier", ""))
                good = asked is not None and challenge(form["code_verifier"]) == asked["code_challenge"]
                if asked is None or not good or asked["redirect_uri"] != form["redirect_uri"]:
                    return 400, {"error": "invalid_grant", "error_description": f"the code {form['code']} is bad"}
                self.grants.append(grant := Grant(None, None, 0.0))
            else:
                found = next((g for g in self.grants if form["refresh_token"] in (g.refresh, *g.used)), None)
                if found is None or found.refresh != form["refresh_token"]:
                    if found is not None:
                        found.access = found.refresh = None  # somebody holds a stolen one: all of it is over
                    self.renewals.append("replayed" if found else "unknown")
                    return 400, {"error": "invalid_grant", "error_description": f"{form['refresh_token']} is used"}
                grant = found
                grant.used.append(str(grant.refresh))
                self.renewals.append("renewed")
            grant.access, grant.refresh = self._fresh("access"), self._fresh("refresh")
            grant.until = self.monotonic() + (self.lasts or 10**9)
            told = {"access_token": grant.access, "refresh_token": grant.refresh, "token_type": "bearer"}
            return 200, {**told, "scope": "read write"} | ({"expires_in": self.lasts} if self.lasts else {})

    def _fresh(self, kind: str) -> str:
        value = f"canary-{kind}-{next(self._number)}/+" + "x" * 12
        self.secrets.add(value)
        return value


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path != "/token":
            self._forward(body)
            return
        fault, self.server.fault = self.server.fault, ""
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if form["grant_type"] == "refresh_token":
            self.server.began.set()
            self.server.go_on.wait(30)
        if fault == "503":
            self._say(503, b'{"error": "temporarily_unavailable"}')
            return
        status, told = self.server.answer(form, self.headers.get("Authorization", ""))
        if fault == "lose":
            self.close_connection = True
            return
        if fault == "echo":
            status, told = 400, {"error": "invalid_request", "error_description": f"bad: {body.decode()} {told}"}
        self._say(status, json.dumps(told).encode())

    def do_GET(self) -> None:
        if self.path in self.server.documents:
            self._say(200, json.dumps(self.server.documents[self.path]).encode())
            return
        self._forward(b"")

    do_PUT = do_DELETE = do_POST

    def _forward(self, body: bytes) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token and not self.server.admits(token):
            self._say(401, b'{"error": "The access token is invalid"}')
            return
        headers = dict(self.headers.items()) | ({"Authorization": f"Bearer {self.server.token}"} if token else {})
        there = http.client.HTTPConnection(urlsplit(self.server.behind).netloc, timeout=20)
        try:
            there.request(self.command, self.path, body, headers)
            answer = there.getresponse()
            self._say(answer.status, answer.read(), answer.headers.get("Content-Type", "application/json"))
        finally:
            there.close()

    def _say(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass
