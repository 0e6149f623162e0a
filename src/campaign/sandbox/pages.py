"""Pages to look at: the timeline, an account, a post. No script; everything that was posted is escaped."""

import io
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image, ImageDraw
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from campaign.sandbox.books import Row
from campaign.sandbox.clock import from_ms
from campaign.sandbox.mastodon import entities
from campaign.sandbox.mastodon.asking import whole
from campaign.sandbox.mastodon.refusals import not_found
from campaign.sandbox.state import Sandbox

_TEMPLATES = Path(__file__).with_name("templates")
_PAGE = 30
_REFRESH = 10
_SEEN = "deleted_at IS NULL AND visibility IN ('public', 'unlisted')"
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'self'"
)
# What follows the name of a language in a badge; the rest show their code.
_NAMES = {"ko": "한국어", "ru": "Русский", "en": "English", "de": "Deutsch"}


class Pages:
    """Templates, and the headers that go with every page."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._environment.filters["age"] = age
        self._environment.filters["language"] = lambda code: _NAMES.get(code, code or "?")

    def answer(self, template: str, status: int = 200, **values: Any) -> Response:
        page = self._environment.get_template(template).render({"refresh": 0, "query": ""} | values)
        headers = {"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
        return HTMLResponse(page, status, headers | {"X-Content-Type-Options": "nosniff"})


async def timeline(request: Request) -> Response:
    return _list(request, _SEEN, [], title="All accounts")


async def of_account(request: Request) -> Response:
    sandbox: Sandbox = request.app.state.sandbox
    row = sandbox.books.account(request.path_params["name"])
    if row is None:
        raise not_found()
    shown = entities.account(sandbox, row, sandbox.clock.milliseconds())
    return _list(request, f"{_SEEN} AND account_id = ?", [row["id"]], title=row["display_name"], account=shown)


async def of_tag(request: Request) -> Response:
    sandbox: Sandbox = request.app.state.sandbox
    tag = str(request.path_params["tag"]).lower()
    rows = sandbox.books.all(
        f"SELECT * FROM statuses WHERE {_SEEN} AND instr(text, '#') ORDER BY id DESC LIMIT 1000"  # noqa: S608
    )
    now = sandbox.clock.milliseconds()
    posts = [_post(sandbox, row, now) for row in rows]
    posts = [post for post in posts if tag in {t["name"] for t in post["tags"]}][:_PAGE]
    return _answer(request, posts=posts, title=f"#{tag}", now=from_ms(now))


async def post(request: Request) -> Response:
    sandbox: Sandbox = request.app.state.sandbox
    ident = whole(request.path_params["id"])
    row = sandbox.books.one(f"SELECT * FROM statuses WHERE id = ? AND {_SEEN}", ident)  # noqa: S608
    now = sandbox.clock.milliseconds()
    told = _post(sandbox, row, now) if row is not None else None
    if row is None or told is None or told["account"]["username"] != request.path_params["name"]:
        raise not_found()
    older = entities.history(sandbox, row, now)[:-1]
    for version in older:
        version["content"] = Markup(version["content"])  # noqa: S704 - made by render.html, which escapes
    page: Response = request.app.state.pages.answer(
        "post.html", posts=[told], older=older, title=told["account"]["display_name"], now=from_ms(now)
    )
    return page


async def style(request: Request) -> Response:
    return FileResponse(_TEMPLATES / "sandbox.css", media_type="text/css", headers={"Cache-Control": "no-cache"})


async def picture(request: Request) -> Response:
    return Response(_picture(), media_type="image/png")


ROUTES = [
    Route("/", timeline),
    Route("/assets/sandbox.css", style),
    Route("/assets/account.png", picture),
    Route("/tags/{tag}", of_tag),
    Route("/@{name}", of_account),
    Route("/@{name}/{id}", post),
    Route("/users/{name}", of_account),
    Route("/users/{name}/statuses/{id}", post),
]


def age(seconds: float) -> str:
    """Return an age in the one unit that fits."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"


def _list(request: Request, where: str, values: list[Any], **shown: Any) -> Response:
    sandbox: Sandbox = request.app.state.sandbox
    asked = request.query_params.get("max_id")
    if asked:
        where, values = f"{where} AND id < ?", [*values, whole(asked)]
    sql = f"SELECT * FROM statuses WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608
    rows = sandbox.books.all(sql, *values, _PAGE + 1)
    now = sandbox.clock.milliseconds()
    posts = [_post(sandbox, row, now) for row in rows[:_PAGE]]
    older = posts[-1]["id"] if len(rows) > _PAGE else None
    return _answer(request, posts=posts, older=older, now=from_ms(now), may_refresh=not asked, **shown)


def _answer(request: Request, *, may_refresh: bool = False, **shown: Any) -> Response:
    wanted = request.query_params.get("refresh", str(_REFRESH))
    refresh = int(wanted) if may_refresh and wanted.isascii() and wanted.isdigit() and len(wanted) < 5 else 0
    sandbox: Sandbox = request.app.state.sandbox
    accounts = sandbox.books.all("SELECT * FROM accounts ORDER BY id LIMIT 50")
    values = {"older": None, "account": None, "may_refresh": may_refresh, "refresh": refresh} | shown
    page: Response = request.app.state.pages.answer("timeline.html", accounts=accounts, **values)
    return page


def _post(sandbox: Sandbox, row: Row, now: int) -> dict[str, Any]:
    told = entities.status(sandbox, row, now, faulty=False)
    boosted_by = None
    if told["reblog"]:
        boosted_by, told = told["account"]["display_name"], told["reblog"]
    original = sandbox.books.one("SELECT * FROM statuses WHERE id = ?", int(told["id"]))
    created = original["created_at"] if original else row["created_at"]
    # made by render.html, which escapes
    told["content"] = Markup(told["content"])  # noqa: S704
    return told | {"boosted_by": boosted_by, "at": from_ms(created), "age": (now - created) / 1000}


@cache
def _picture() -> bytes:
    image = Image.new("RGB", (48, 48), "#2b4a6f")
    ImageDraw.Draw(image).ellipse((12, 12, 36, 36), fill="#f2c14e")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
