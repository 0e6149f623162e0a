"""The pages of the desk: they only read; every route is a plain function that runs in a worker thread."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from campaign.config import Settings
from campaign.core.errors import CampaignError, Invalid, NotFound
from campaign.service import App
from campaign.service.doctor import Check
from campaign.service.doctor import doctor as ask_doctor
from campaign.service.report import AGES, Report, report
from campaign.web import desk, report_page
from campaign.web.formats import Look
from campaign.web.front import Front
from campaign.web.words import LANGS

ROWS = 300  # on the first page, unless all are asked for
REFRESH = 10  # seconds
# What makes the installation ill; the rest of what the doctor says, a missed post say, is a person's work.
VITAL = ("doctor", "database", "daemon", "lateness")
_NAMES = {"ko": "한국어", "en": "English", "ru": "Русский"}
# What a browser may show in its place; anything else is only handed out as a file.
_SHOWN = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/avif", "video/mp4", "video/webm")

Doctor = Callable[[App], list[Check]]


def create_app(app: App, settings: Settings, *, doctor: Doctor = ask_doctor) -> Front:
    """Return the application.

    Args:
        doctor: what /healthz asks.
    """
    rooms = FastAPI(title="campaign", docs_url=None, redoc_url=None, openapi_url=None)
    rooms.add_exception_handler(CampaignError, _told)
    rooms.add_exception_handler(HTTPException, _told)
    rooms.add_exception_handler(Exception, _told)
    pages = Pages(app, settings, doctor)
    for path, page in (
        ("/", pages.desk),
        ("/campaigns/{name}/report", pages.report),
        ("/campaigns/{name}/report.json", pages.report_json),
        ("/posts/{campaign}/{post}", pages.post),
        ("/media/{sha256}", pages.medium),
        ("/static/desk.css", pages.style),
        ("/healthz", pages.health),
    ):
        rooms.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    rooms.state.pages = pages
    return Front(rooms, host=settings.web.host)


class Pages:
    """The routes, with what they need."""

    def __init__(self, app: App, settings: Settings, doctor: Doctor) -> None:
        self._app, self._settings, self._doctor = app, settings, doctor

    def desk(self, request: Request, live: str = "1", all: str = "") -> Response:
        shown = desk.desk(self._app, limit=1_000_000 if all else ROWS)
        demo = any(campaign.demo for campaign, _ in shown.campaigns)
        refresh = REFRESH if live != "0" else 0
        return self._page(request, "desk.html", desk=shown, demo=demo, refresh=refresh, all=bool(all))

    def report(self, request: Request, name: str, age: str = "7d") -> Response:
        page = report_page.render(self._report(name, age), lang=self.lang(request), served=True)
        return HTMLResponse(page, headers={"Content-Security-Policy": report_page.policy()})

    def report_json(self, name: str, age: str = "7d") -> Response:
        return JSONResponse(self._report(name, age).plain())

    def post(self, request: Request, campaign: str, post: str) -> Response:
        sheet = desk.sheet(self._app, campaign, post)
        return self._page(request, "post.html", sheet=sheet, demo=sheet.campaign.demo)

    def medium(self, sha256: str) -> Response:
        found = desk.medium(self._app, sha256)
        shown = found.mime in _SHOWN
        return FileResponse(
            self._app.media.path(found.sha256),
            media_type=found.mime if shown else "application/octet-stream",
            filename=None if shown else found.sha256,
            headers={
                "Cache-Control": "private, max-age=31536000, immutable",
                "ETag": f'"{found.sha256}"',
                "Content-Security-Policy": "default-src 'none'; sandbox",
            },
        )

    def style(self) -> Response:
        return Response(report_page.stylesheet(), media_type="text/css", headers={"Cache-Control": "no-cache"})

    def health(self) -> Response:
        try:
            checks = self._doctor(self._app)
        except Exception as error:  # noqa: BLE001 - whatever breaks it, the answer is: not healthy
            self._app.log("health.failed", error=f"{type(error).__name__}: {error}")
            checks = [Check("doctor", ok=False, detail=f"could not look: {type(error).__name__}")]
        ok = all(check.ok for check in checks if check.name in VITAL)
        told = [{"name": check.name, "ok": check.ok, "detail": check.detail} for check in checks]
        return JSONResponse({"ok": ok, "checks": told}, 200 if ok else 503)

    def error(self, request: Request, status: int, message: str) -> Response:
        """Return what went wrong, as a page or, where JSON is wanted, as JSON."""
        accepts = request.headers.get("accept", "")
        if request.url.path.endswith((".json", "/healthz")) or ("json" in accepts and "html" not in accepts):
            return JSONResponse({"error": message, "status": status}, status)
        title = f"{status} {HTTPStatus(status).phrase}"
        return self._page(request, "error.html", status, message=message, title=title, demo=False)

    def lang(self, request: Request) -> str:
        """Return the language asked for: by the address, by the browser, else that of the settings."""
        asked = request.query_params.get("lang")
        if asked in LANGS:
            return str(asked)
        return preferred(request.headers.get("accept-language", "")) or self._settings.web.lang

    def _report(self, name: str, age: str) -> Report:
        if age not in AGES:
            raise Invalid("age", age, f"must be one of: {', '.join(AGES)}")
        return report(self._app, name, age=age)

    def _page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        look = Look(self.lang(request))
        known = {"look": look, "say": look.say, "lang": look.lang, "langs": LANGS, "names": _NAMES, "refresh": 0}
        known |= {"symbols": desk.SYMBOLS, "troubled": desk.TROUBLED, "path": request.url.path}
        html = report_page.environment().get_template(template).render(**known | values)
        return HTMLResponse(html, status)


def preferred(header: str) -> str | None:
    """Return the first of our languages in an Accept-Language header.

    >>> preferred("de, ru-RU;q=0.8, en;q=0.9")
    'en'
    """
    asked: list[tuple[float, int, str]] = []
    for place, item in enumerate(header.split(",")[:20]):
        tag, _, rest = item.strip().partition(";")
        try:
            weight = float(rest.strip().removeprefix("q=")) if rest else 1.0
        except ValueError:
            weight = 0.0
        asked.append((-weight, place, tag.partition("-")[0].lower()))
    return next((tag for weight, _, tag in sorted(asked) if weight < 0 and tag in LANGS), None)


async def _told(request: Request, error: Exception) -> Response:
    pages: Pages = request.app.state.pages
    match error:
        case CampaignError():
            return pages.error(request, error.status_code, str(error))
        case HTTPException(status_code=404):
            return pages.error(request, 404, str(NotFound("page", request.url.path)))
        case HTTPException():
            return pages.error(request, error.status_code, str(error.detail))
        case _:
            return pages.error(request, 500, "the page could not be made; the log says why")
