"""The desk put together: which address leads to which page, and what an error looks like."""

from functools import partial

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from campaign.config import Settings
from campaign.consents import CALLBACK, CLIENT_PAGE
from campaign.core.errors import CampaignError, NotFound
from campaign.opener import make_sharer
from campaign.service import App
from campaign.service.health import health as look
from campaign.service.login import Hasher
from campaign.service.refresh import METADATA
from campaign.web import (
    account_page,
    calendar_page,
    campaign_page,
    compose_page,
    edit_page,
    handoff_page,
    health_page,
    login_page,
    pause_page,
    post_page,
    report_page,
    review_page,
    shared_page,
    start_page,
)
from campaign.web.desk import Desk
from campaign.web.front import Front
from campaign.web.gate import Gate

FORM_EXTRA = 4 << 20  # bytes of a form beside its files


def create_app(app: App, settings: Settings, *, health: health_page.Look = look, hasher: Hasher | None = None) -> Front:
    """Return the application.

    Args:
        health: what /healthz asks.
        hasher: what passwords are hashed with; None: the usual one.
    """
    rooms = FastAPI(title="campaign", docs_url=None, redoc_url=None, openapi_url=None)
    rooms.add_exception_handler(CampaignError, _told)
    rooms.add_exception_handler(HTTPException, _told)
    rooms.add_exception_handler(Exception, _told)
    gate = Gate(
        app,
        lang=settings.web.lang,
        max_body=settings.media.max_bytes + FORM_EXTRA,
        secure=settings.web.url.startswith("https://"),
    )
    desk = Desk(app, settings, gate, hasher)
    watched = health_page.Health(app, health, measured=settings.web.metrics)
    rooms.state.desk = desk
    for path, page in (
        ("/login", login_page.show),
        ("/welcome", login_page.welcome),
    ):
        rooms.add_route(path, gate.route(partial(page, desk), open=True), methods=["GET", "HEAD"])
    for path, page in (("/login", login_page.enter), ("/welcome", login_page.choose)):
        rooms.add_route(path, gate.route(partial(page, desk), open=True), methods=["POST"])
    shown = {
        "/": start_page.show,
        "/campaigns/{name}": campaign_page.show,
        "/campaigns/{name}/compose": compose_page.show,
        "/campaigns/{name}/report": report_page.show,
        "/campaigns/{name}/report.json": report_page.show_json,
        "/posts/{campaign}/{post}": post_page.show,
        "/posts/{campaign}/{post}/edit": edit_page.show,
        "/posts/{campaign}/{post}/handoff/{delivery}": handoff_page.show,
        "/posts/{campaign}/{post}/handoff/{delivery}/package.zip": handoff_page.download,
        "/pauses": pause_page.show,
        "/accounts": account_page.show,
        "/accounts/connect/{platform}": account_page.form,
        "/media/{sha256}": post_page.medium,
    }
    acted = {
        "/logout": login_page.leave,
        "/campaigns/{name}/compose": compose_page.act,
        "/posts/{campaign}/{post}/{act}": post_page.act,
        "/posts/{campaign}/{post}/edit": edit_page.act,
        "/posts/{campaign}/{post}/handoff/{delivery}": handoff_page.act,
        "/pauses": pause_page.act,
        "/accounts/connect/{platform}": account_page.connect,
        "/accounts/{name}/{act}": account_page.act,
    }
    for path, action in sorted(acted.items(), key=lambda item: item[0].count("{")):
        rooms.add_route(path, gate.route(partial(action, desk)), methods=["POST"])
    # Not for HEAD: what a browser is sent back with serves once.
    rooms.add_route(CALLBACK, gate.route(partial(account_page.returned, desk)), methods=["GET"])
    rooms.add_route(METADATA, partial(account_page.client_metadata, desk), methods=["GET", "HEAD"])
    rooms.add_route(CLIENT_PAGE, partial(account_page.client_page, desk), methods=["GET", "HEAD"])
    for path, action in shown.items():
        rooms.add_route(path, gate.route(partial(action, desk)), methods=["GET", "HEAD"])
    rooms.add_api_route("/static/{name}", desk.static, methods=["GET", "HEAD"], response_model=None)
    shared = shared_page.Shared(app.media, make_sharer(settings, app.clock))
    rooms.add_route("/shared/{name}", shared.show, methods=["GET", "HEAD"])
    calendars = calendar_page.Calendars(app, lang=settings.web.lang, url=settings.web.url)
    rooms.add_route(calendar_page.PATH + "{name}", calendars.show, methods=["GET", "HEAD"])
    guests = review_page.Guests(desk, app.clock.uptime)
    for path, read in ((review_page.PATH, guests.show), (review_page.MEDIUM, guests.medium)):
        rooms.add_route(path, gate.route(read, open=True), methods=["GET", "HEAD"])
    rooms.add_route(review_page.PATH, gate.route(guests.act, open=True), methods=["POST"])
    rooms.add_route("/healthz", watched.healthz, methods=["GET", "HEAD"])
    rooms.add_route("/metrics", watched.metrics, methods=["GET", "HEAD"])
    return Front(rooms, host=settings.web.host, url=settings.web.url)


async def _told(request: Request, error: Exception) -> Response:
    desk: Desk = request.app.state.desk
    match error:
        case CampaignError():
            return desk.error(request, error.status_code, str(error))
        case HTTPException(status_code=404):
            return desk.error(request, 404, str(NotFound("page", request.url.path)))
        case HTTPException():
            answer = desk.error(request, error.status_code, str(error.detail))
            answer.headers.update(error.headers or {})
            return answer
        case _:
            return desk.error(request, 500, "the page could not be made; the log says why")
