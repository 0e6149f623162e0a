"""A proxy in front of a real server that loses an answer on cue: the work is done, and nobody hears of it."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Losing(ThreadingHTTPServer):
    """Passes everything on. `lose` holds (method, part of the path) pairs: each costs one answer."""

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream, self.lose, self.lost = urlsplit(upstream), list[tuple[str, str]](), 0
        self.base_url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """One request, one connection to the server behind."""

    protocol_version = "HTTP/1.1"
    server: Losing

    def handle_one(self) -> None:
        size = self.headers.get("Content-Length")
        body = self.rfile.read(int(size)) if size else b""
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            while length := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(length)
                self.rfile.readline()
            self.rfile.readline()
        there = http.client.HTTPConnection(self.server.upstream.hostname or "", self.server.upstream.port, timeout=60)
        dropped = {"host", "content-length", "transfer-encoding", "connection"}
        headers = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
        there.request(self.command, self.path, body or None, headers | {"Host": self.server.upstream.netloc})
        answer = there.getresponse()
        content = answer.read()
        there.close()
        for cue in self.server.lose:
            if cue[0] == self.command and cue[1] in self.path:
                self.server.lose.remove(cue)
                self.server.lost += 1
                self.close_connection = True
                return
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in dropped:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = handle_one

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def losing(upstream: str) -> Iterator[Losing]:
    """Stand in front of a server until the end of the block."""
    proxy = Losing(upstream)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join(5)
