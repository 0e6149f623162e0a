"""The desk: what every page needs, and how a page is made."""

from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from campaign.config import Settings
from campaign.core.errors import NotFound
from campaign.service import App
from campaign.service.login import Hasher
from campaign.store import accounts as account_rows
from campaign.web.formats import Look
from campaign.web.gate import Attempts, Gate, Visit
from campaign.web.holds import why
from campaign.web.reasons import reason
from campaign.web.report_page import environment
from campaign.web.states import SYMBOLS, TROUBLED
from campaign.web.words import CATALOGUE, LANGS

NAMES = {"ko": "한국어", "en": "English", "ru": "Русский"}
_HERE = Path(__file__).parent
_STATIC = {"css": "text/css", "js": "text/javascript"}


class Desk:
    """What pages need: the settings, the gate, and the way to make a page."""

    def __init__(self, app: App, settings: Settings, gate: Gate, hasher: Hasher | None = None) -> None:
        self.app, self.settings, self.gate, self.hasher = app, settings, gate, hasher
        self.attempts = Attempts(app.clock.monotonic)

    def page(self, visit: Visit, template: str, status: int = 200, *, demo: bool = False, **values: Any) -> Response:
        """Return a page made from a template; what stands on every page is added here."""
        with self.app.store.read() as tx:
            pauses = account_rows.pauses_now(tx) if visit.session else []
        return HTMLResponse(self.render(visit, template, demo=demo, pauses=pauses, **values), status)

    def render(self, visit: Visit, template: str, *, demo: bool = False, **values: Any) -> str:
        """Return the text of a template."""
        look = visit.look
        known: dict[str, Any] = {"look": look, "say": look.say, "lang": look.lang, "langs": LANGS, "names": NAMES}
        known |= {"symbols": SYMBOLS, "troubled": TROUBLED, "path": visit.path, "visit": visit, "refresh": 0}
        known |= {"person": visit.session.person if visit.session else None, "pauses": []}
        known |= {"csrf": visit.session.csrf if visit.session else "", "problem": None, "notice": None}
        known["reason"] = partial(reason, look=look)
        known["why"] = partial(why, look=look)
        known |= {"demo": demo or bool(self.settings.clock_file)}
        return environment().get_template(template).render(**known | values)

    def go(self, path: str) -> Response:
        """Send the browser on after a form: loading the page again then sends nothing twice."""
        return RedirectResponse(path, 303)

    def static(self, name: str) -> Response:
        """Serve one of our own files."""
        kind = _STATIC.get(name.rpartition(".")[2])
        file = _HERE / "static" / name
        if kind is None or not name.replace(".", "").replace("_", "").isalnum() or not file.is_file():
            raise NotFound("page", f"/static/{name[:80]}")
        return Response(file.read_bytes(), media_type=kind, headers={"Cache-Control": "no-cache"})

    def error(self, request: Request, status: int, message: str) -> Response:
        """Return what went wrong, as a page or, where JSON is wanted, as JSON."""
        accepts = request.headers.get("accept", "")
        if request.url.path.endswith((".json", "/healthz")) or ("json" in accepts and "html" not in accepts):
            return JSONResponse({"error": message, "status": status}, status)
        title = f"{status} {HTTPStatus(status).phrase}"
        visit = Visit(self.app, request, Look(self.gate.lang(request)), None)
        advice = f"error.{status}" if f"error.{status}" in CATALOGUE else "error.other"
        return HTMLResponse(
            self.render(visit, "error.html", message=message, title=title, advice=visit.look.say(advice)), status
        )
