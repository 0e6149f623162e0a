"""In and out of the desk: name and password, or a one-time link by which a password is chosen."""

from starlette.responses import Response

from campaign.core.errors import Forbidden, Invalid
from campaign.service import login
from campaign.store import logins
from campaign.web.desk import Desk
from campaign.web.gate import Visit, own_path
from campaign.web.words import LANGS


def show(desk: Desk, visit: Visit) -> Response:
    """Ask for name and password; say how to get in where nobody has a password yet."""
    if visit.session is not None:
        return desk.go(own_path(visit.asked("next", "/")))
    return _form(desk, visit)


def enter(desk: Desk, visit: Visit) -> Response:
    """Log in. A session that was there before ends: its cookie may have been known to somebody else."""
    name, address = visit.text("name").strip(), visit.request.client.host if visit.request.client else ""
    keys = (f"name {name.casefold()[:100]}", f"address {address}")
    taken = desk.attempts.take(*keys)
    try:
        entered = login.log_in(desk.app, name, visit.text("password"), now=desk.gate.now, hasher=desk.hasher)
    except Forbidden:
        return _form(desk, visit, status=403, notice=visit.look.say("login.wrong"), name=name)
    desk.attempts.give_back(taken, *keys)
    if visit.session is not None:
        login.log_out(desk.app, visit.session)
    return desk.gate.let_in(desk.go(own_path(visit.text("next") or "/")), entered.cookie)


def leave(desk: Desk, visit: Visit) -> Response:
    """Log out."""
    if visit.session is not None:
        login.log_out(desk.app, visit.session)
    return desk.gate.let_out(desk.go("/login"))


def welcome(desk: Desk, visit: Visit) -> Response:
    """Let the owner of a one-time link choose a password."""
    token = visit.asked("token")
    person = login.whose_link(desk.app, token, now=desk.gate.now)
    return desk.page(visit, "welcome.html", token=token, name=person.name, locale=visit.look.lang)


def choose(desk: Desk, visit: Visit) -> Response:
    """Take the password that was chosen, and come in."""
    token, password = visit.text("token"), visit.text("password")
    locale = visit.text("locale") if visit.text("locale") in LANGS else visit.look.lang
    person = login.whose_link(desk.app, token, now=desk.gate.now)
    notice = None if password == visit.text("again") else visit.look.say("login.differ")
    try:
        if notice is None:
            entered = login.use_link(desk.app, token, password, locale=locale, now=desk.gate.now, hasher=desk.hasher)
            return desk.gate.let_in(desk.go(f"/?lang={locale}"), entered.cookie)
    except Invalid:
        notice = visit.look.say("login.rule", n=login.SHORTEST)
    return desk.page(visit, "welcome.html", 422, token=token, name=person.name, locale=locale, notice=notice)


def _form(desk: Desk, visit: Visit, *, status: int = 200, notice: str | None = None, name: str = "") -> Response:
    with desk.app.store.read() as tx:
        nobody = not logins.has_password(tx)
    there = own_path(visit.text("next") or visit.asked("next", "/"))
    return desk.page(visit, "login.html", status, notice=notice, name=name, next=there, nobody=nobody)
