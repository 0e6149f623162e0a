"""The shelf of the stage: media at an address of loopback, for twins whose platforms fetch them by themselves."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from campaign.config import Settings
from campaign.core.clock import Clock
from campaign.core.errors import CampaignError
from campaign.media.share import PATH
from campaign.opener import make_sharer
from campaign.places import open_library


@contextmanager
def shelved(settings: Settings, clock: Clock) -> Iterator[Settings]:
    """Serve the stage's media, each under its signed address alone; yield the settings that name the shelf's address.

    Args:
        settings: the stage's own.
        clock: the stage's: by it addresses end.
    """
    library = open_library(settings)

    class Shelf(BaseHTTPRequestHandler):
        """One request."""

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            query = dict(parse_qsl(asked.query))
            name, until, signature = asked.path.removeprefix(PATH), query.get("until", ""), query.get("signature", "")
            try:
                digest, mime = sharer.admitted(name, until, signature)
                size = library.file(digest).stat().st_size
            except (CampaignError, OSError):
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", mime)
            self.send_header("Content-Length", str(size))
            self.end_headers()
            if self.command == "GET":
                with library.open(digest) as file:
                    shutil.copyfileobj(file, self.wfile)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    url = f"http://127.0.0.1:{server.server_port}"
    chosen = settings.model_copy(update={"web": settings.web.model_copy(update={"url": url})})
    sharer = make_sharer(chosen, clock)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield chosen
    finally:
        server.shutdown()
        server.server_close()
