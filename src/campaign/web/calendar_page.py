"""A calendar for programs that read one: without a login, for who has its secret address, until that is revoked."""

import threading
from hashlib import sha256

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from campaign.service import App
from campaign.service.calendar import calendar_of, feed_at
from campaign.web.words import LANGS

PATH = "/calendar/"
FRESH = 10.0  # seconds for which a calendar that was made is good: programs ask every hour, impatient ones more often
TIMES, WITHIN = 30, 60.0  # requests for one calendar, and the seconds that they count
KEPT = 64  # calendars that are kept at hand
_HEADERS = {
    "Cache-Control": "private, no-cache",  # it may be kept, and must be asked about: If-None-Match costs no body
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


class Calendars:
    """The calendars of one desk. A token stands in the address alone: no answer, page or log repeats it."""

    def __init__(self, app: App, *, lang: str, url: str) -> None:
        self._app, self._lang, self._url = app, lang, url
        self._lock, self._making = threading.Lock(), threading.Lock()
        self._asked: dict[str, list[float]] = {}
        self._made: dict[tuple[str, str, str], tuple[float, str, bytes]] = {}

    async def show(self, request: Request) -> Response:
        """Answer the calendar, 304 where the reader has this very one, 404 for what is unknown or revoked."""
        return await run_in_threadpool(self._show, request)

    def _show(self, request: Request) -> Response:
        name = str(request.path_params["name"])
        feed = feed_at(self._app, name.removesuffix(".ics")) if name.endswith(".ics") else None
        if feed is None:
            return PlainTextResponse("there is no such calendar; ask for a new address\n", 404, dict(_HEADERS))
        now = self._app.clock.uptime()
        wait = self._take(feed.id, now)
        if wait:
            headers = _HEADERS | {"Retry-After": str(wait)}
            return PlainTextResponse(f"asked too often; try again in {wait} seconds\n", 429, headers)
        asked = request.query_params.get("lang", "")
        lang = asked if asked in LANGS else self._lang
        desk = self._url or str(request.base_url)
        key = (feed.id, lang, desk)
        with self._making:  # one at a time, whoever asks
            made = self._made.get(key)
            if made is None or now - made[0] >= FRESH:
                body = calendar_of(self._app, feed.scope, feed.name, lang=lang, texts=feed.texts, desk=desk).body
                made = (now, f'"{sha256(body).hexdigest()[:32]}"', body)
                self._made.pop(key, None)
                self._made[key] = made
                while len(self._made) > KEPT:
                    del self._made[next(iter(self._made))]
        _, tag, body = made
        headers = _HEADERS | {"ETag": tag, "Content-Disposition": 'inline; filename="campaign.ics"'}
        known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
        if tag in known or "*" in known:
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="text/calendar; charset=utf-8", headers=headers)

    def _take(self, feed_id: str, now: float) -> int:
        """Count a request; return the seconds to wait where there were too many, else 0."""
        with self._lock:
            recent = [at for at in self._asked.get(feed_id, ()) if now - at < WITHIN]
            if len(recent) >= TIMES:
                return int(WITHIN - (now - recent[0])) + 1
            self._asked[feed_id] = [*recent, now]
            return 0
