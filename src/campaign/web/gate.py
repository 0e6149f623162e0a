"""The gate of the desk: who comes in, what a form must carry, and what a page is made of."""

import hmac
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from campaign.clock import real_now
from campaign.core.errors import Forbidden, Invalid
from campaign.core.model import Person, Role
from campaign.service import App, login
from campaign.store.logins import Session
from campaign.web.formats import Look
from campaign.web.words import LANGS

COOKIE, LANG_COOKIE = "campaign_session", "campaign_lang"
MAX_FIELDS, MAX_FILES, MAX_FIELD = 400, 24, 1 << 20  # of one form; bytes of one field
TRIES, WITHIN = 8, 300.0  # of a password for one name or address, and the seconds that they count


@dataclass(slots=True)
class Visit:
    """One request, read: who asks for what, in which language."""

    app: App
    request: Request
    look: Look
    session: Session | None
    fields: Mapping[str, list[str]] = field(default_factory=dict)
    files: Mapping[str, list[UploadFile]] = field(default_factory=dict)

    @property
    def person(self) -> Person:
        """Return who is logged in. Raises: Forbidden."""
        if self.session is None:
            raise Forbidden("log in first")
        return self.session.person

    @property
    def path(self) -> str:
        """Return the address without its query."""
        return self.request.url.path

    def may(self, *roles: Role) -> bool:
        """Whether the person has one of these roles; pages show no button that a verb would refuse."""
        has = self.session.person.roles if self.session else frozenset()
        return Role.ADMIN in has or bool(has & set(roles))

    def place(self, name: str) -> str:
        """Return a part of the address."""
        return str(self.request.path_params[name])

    def asked(self, name: str, otherwise: str = "") -> str:
        """Return a value of the query."""
        return self.request.query_params.get(name, otherwise)

    def in_lang(self, lang: str) -> str:
        """Return the query by which this very page is read in another language: filters and links stay.

        What a platform sent the browser back with does not stay: it serves once, and stands on no page.
        """
        gone = ("lang", "code", "state")
        kept = [(name, value) for name, value in self.request.query_params.multi_items() if name not in gone]
        return "?" + urlencode([*kept, ("lang", lang)])

    def text(self, name: str, otherwise: str = "") -> str:
        """Return a field of the form, with the line ends of the web made plain."""
        values = self.fields.get(name)
        return values[0].replace("\r\n", "\n") if values else otherwise

    def texts(self, name: str) -> list[str]:
        """Return all values of a field."""
        return list(self.fields.get(name, ()))

    def needed(self, name: str) -> str:
        """Return a field that must be filled in. Raises: Invalid."""
        value = self.text(name).strip()
        if not value:
            raise Invalid(name, "", "must be filled in")
        return value


class Attempts:
    """Counts tries of a password by name and by address, in real time and in memory."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._tries: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def take(self, *keys: str) -> float:
        """Count a try before it is made, so that many at once get no more of them; return what gives it back.

        Raises:
            HTTPException: 429, one of these has failed too often.
        """
        now = self._monotonic()
        with self._lock:
            if len(self._tries) > 10_000:
                self._tries = {key: times for key, times in self._tries.items() if now - times[-1] < WITHIN}
            recent = {key: [at for at in self._tries.get(key, ()) if now - at < WITHIN] for key in keys}
            full = [times[0] for times in recent.values() if len(times) >= TRIES]
            if not full:
                for key, times in recent.items():
                    self._tries[key] = [*times, now]
                return now
        wait = int(WITHIN - (now - min(full))) + 1
        raise HTTPException(429, f"too many attempts; try again in {wait} seconds", {"Retry-After": str(wait)})

    def give_back(self, taken: float, *keys: str) -> None:
        """Forget a try that was right; those that were wrong stay."""
        with self._lock:
            for key in keys:
                times = self._tries.get(key, [])
                if taken in times:
                    times.remove(taken)
                if not times:
                    self._tries.pop(key, None)


Page = Callable[[Visit], Response]


class Gate:
    """Turns a page, a plain function of a Visit, into a route: logged in, checked, in a worker thread."""

    def __init__(
        self, app: App, *, lang: str, max_body: int, now: Callable[[], datetime] = real_now, secure: bool = False
    ) -> None:
        self._app, self._lang, self._max_body = app, lang, max_body
        self._now, self._secure = now, secure

    def route(self, page: Page, *, open: bool = False) -> Callable[[Request], Any]:
        """Return the route of a page; `open`: also for who is not logged in."""

        async def answer(request: Request) -> Response:
            session = await run_in_threadpool(self._session, request)
            if session is None and not open:
                return self._to_login(request)
            form = await self._form(request) if request.method == "POST" else None
            visit = Visit(self._app, request, Look(self.lang(request, session)), session)
            if form is not None:
                visit.fields, visit.files = _sorted(form)
                self._check(visit)
            try:
                response = await run_in_threadpool(page, visit)
            finally:
                if form is not None:
                    await form.close()
            return self._remember(request, response)

        return answer

    def lang(self, request: Request, session: Session | None = None) -> str:
        """Return the language asked for: by the address, by the person, by the browser, else that of the settings."""
        for asked in (
            request.query_params.get("lang"),
            request.cookies.get(LANG_COOKIE),
            session.locale if session else None,
        ):
            if asked in LANGS:
                return str(asked)
        return preferred(request.headers.get("accept-language", "")) or self._lang

    def let_in(self, response: Response, cookie: str) -> Response:
        """Put the session's cookie on an answer."""
        response.set_cookie(COOKIE, cookie, httponly=True, samesite="lax", secure=self._secure, path="/")
        return response

    def let_out(self, response: Response) -> Response:
        """Take the session's cookie away."""
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=self._secure)
        return response

    @property
    def now(self) -> datetime:
        """The machine's time: a login lasts in real hours, whatever a demo's clock does."""
        return self._now()

    def _session(self, request: Request) -> Session | None:
        return login.session_of(self._app, request.cookies.get(COOKIE, ""), now=self.now)

    async def _form(self, request: Request) -> FormData:
        length = request.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > self._max_body:
            raise HTTPException(413, f"a form may have at most {self._max_body // 2**20} MiB, files included")
        return await request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD)

    def _check(self, visit: Visit) -> None:
        """Let a form pass that one of our own pages sent, for this very session. Raises: HTTPException 403."""
        headers = visit.request.headers
        origin = headers.get("origin")
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise HTTPException(403, "this form was sent by another site")
        if origin is not None and origin != "null" and urlsplit(origin).netloc != headers.get("host"):
            raise HTTPException(403, "this form was sent by another site")
        if visit.session is not None and not hmac.compare_digest(
            visit.text("csrf").encode(), visit.session.csrf.encode()
        ):
            raise HTTPException(403, "this form is too old or not ours; open the page again")

    def _to_login(self, request: Request) -> Response:
        if request.method != "GET" or request.url.path.endswith(".json"):
            raise HTTPException(401, "log in first")
        there = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse("/login" + (f"?next={quote(there, safe='')}" if there != "/" else ""), 303)

    def _remember(self, request: Request, response: Response) -> Response:
        asked = request.query_params.get("lang")
        if asked in LANGS and request.cookies.get(LANG_COOKIE) != asked:
            response.set_cookie(LANG_COOKIE, str(asked), samesite="lax", secure=self._secure, path="/")
        return response


def own_path(asked: str) -> str:
    """Return an address of this desk to go on to; anything else leads to the first page.

    >>> own_path("/posts/c/P01?lang=ko"), own_path("//evil.example"), own_path("https://evil.example")
    ('/posts/c/P01?lang=ko', '/', '/')
    """
    good = asked.startswith("/") and not asked.startswith(("//", "/\\")) and "\\" not in asked
    return asked if good and all(32 < ord(sign) < 127 for sign in asked) else "/"


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


def _sorted(form: FormData) -> tuple[dict[str, list[str]], dict[str, list[UploadFile]]]:
    fields: dict[str, list[str]] = {}
    files: dict[str, list[UploadFile]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            fields.setdefault(name, []).append(value)
        elif value.filename:
            files.setdefault(name, []).append(value)
    return fields, files
