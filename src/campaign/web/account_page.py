"""Accounts on the desk: what each may do, whether its token holds, connected and removed."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from markupsafe import escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from campaign.bootstrap import new_key
from campaign.core.errors import CampaignError, Conflict, Invalid, NotFound, Outcome, Unauthorized
from campaign.core.model import Account, Role
from campaign.core.sheet import ABILITIES
from campaign.platforms import load
from campaign.service import SYSTEM, accounts, demand_role
from campaign.service.connect import begin, finish
from campaign.service.connect import client_metadata as metadata_of
from campaign.store import accounts as account_rows
from campaign.store import campaigns
from campaign.web.desk import Desk
from campaign.web.errand import ask
from campaign.web.gate import Visit
from campaign.web.words import CATALOGUE, LANGS

T = TypeVar("T")

WRITERS = (Role.AUTHOR, Role.APPROVER)  # as service.accounts demands
LONGEST, LONGEST_SECRET = 300, 4096  # characters of a platform's own fields
AT_THE_TERMINAL = frozenset({"feed"})  # it writes into a folder of this machine: an operator's to choose
FIELDS = {"name": "name", "base-url": "base_url", "token": "token", "lang": "langs"}  # of an error → of the form
_OPTION = re.compile(r"--option (\w+)")


def show(desk: Desk, visit: Visit) -> Response:
    """List the accounts, and the platforms that one can be connected on."""
    return _list(desk, visit)


def form(desk: Desk, visit: Visit) -> Response:
    """Show the form that connects an account; `?again=NAME` gives one that is there a new token."""
    demand_role(visit.person, *WRITERS)
    old = _old(desk, visit.asked("again"), visit.place("platform"))
    return _form(desk, visit, visit.place("platform"), old)


def connect(desk: Desk, visit: Visit) -> Response:
    """Ask the platform and keep the account; what fails comes back filled in, but for what is secret."""
    platform = visit.place("platform")
    if platform in ("test", "remove"):
        return _acted(desk, visit, "connect", platform)  # an account may be called so
    demand_role(visit.person, *WRITERS)
    kind, old = load(platform), _old(desk, visit.text("again"), platform)
    if platform in AT_THE_TERMINAL:  # it would write into a folder that a form names
        raise Invalid("platform", platform, f"is connected at the command line: campaign account add {platform} --help")
    further: dict[str, str] = {}
    try:
        options = _values(visit, "option", kind.options, LONGEST)
        if visit.text("how") == "consent" and not visit.text("token").strip():
            return _consent(desk, visit, platform, old, options)
        further = _values(visit, "secret", kind.secrets, LONGEST_SECRET)
        work = accounts.connect(
            desk.app,
            platform,
            name=old.name if old else visit.text("name").strip(),
            # A new token goes where the old one went. Only an operator at the command line may name a private address.
            base_url=old.base_url if old else visit.text("base_url").strip() or kind.home,
            private=bool(old and old.sheet.get("private")),
            token=new_key() if kind.tokenless else visit.text("token").strip(),
            langs=_langs(visit),
            by=visit.person,
            again=old is not None,
            options=options,
            secrets=further,
        )
        linked = ask(desk, work)
    except CampaignError as error:
        return _form(desk, visit, platform, old, error=error, hidden=(visit.text("token").strip(), *further.values()))
    if linked.warnings:
        return _list(desk, visit, connected=linked)
    return desk.go(f"/accounts#a-{quote(linked.account.name)}")


def _consent(desk: Desk, visit: Visit, platform: str, old: Account | None, options: Mapping[str, str]) -> Response:
    """Show where the person consents. Not a redirect: browsers let a form lead to our own pages alone (form-action)."""
    begun = ask(
        desk,
        begin(
            desk.app,
            platform,
            name=old.name if old else visit.text("name").strip(),
            base_url=old.base_url if old else visit.text("base_url").strip(),
            private=bool(old and old.sheet.get("private")),
            langs=_langs(visit),
            by=visit.person,
            again=old is not None,
            options=options,
            session=visit.session.token_sha256 if visit.session else None,
        ),
    )
    return desk.page(visit, "consent.html", url=begun.url, host=urlsplit(begun.url).hostname)


def returned(desk: Desk, visit: Visit) -> Response:
    """Take what a platform sent the browser back with, for the session that asked, once."""
    demand_role(visit.person, *WRITERS)
    told = dict(visit.request.query_params)
    try:
        session = visit.session.token_sha256 if visit.session else None
        linked = ask(desk, finish(desk.app, told, by=visit.person, session=session))
    except CampaignError as error:
        advice = visit.look.say("account.consent.failed")
        problem = _without(str(error), (told.get("code", ""), told.get("state", "")))
        return _list(desk, visit, error.status_code, problem=problem, advice=advice)
    if linked.warnings:
        return _list(desk, visit, connected=linked)
    return desk.go(f"/accounts#a-{quote(linked.account.name)}")


def client_metadata(desk: Desk, request: Request) -> Response:
    """Tell AT Protocol servers who we are. Raises: NotFound: the desk has no public https address."""
    for platform in desk.app.platforms:
        oauth = desk.app.consents.oauth(platform)
        if oauth is not None and oauth.discovery == "atproto" and (told := metadata_of(desk.app, oauth)):
            return JSONResponse(told)
    raise NotFound("page", request.url.path, "it needs web.url, with https, in the settings")


def client_page(desk: Desk, request: Request) -> Response:
    """Tell servers that read a page of their clients who we are, and where browsers come back to.

    https://indieauth.spec.indieweb.org/#client-information-discovery Raises: NotFound: the desk has no public address.
    """
    if not desk.app.consents.desk:
        raise NotFound("page", request.url.path, "it needs web.url, with https, in the settings")
    back = escape(desk.app.consents.redirect_uri)
    page = f'<link rel="redirect_uri" href="{back}"><p class="h-app"><a class="u-url p-name" href="/">campaign</a>'
    return HTMLResponse(f"<!doctype html><html lang=en><meta charset=utf-8><title>campaign</title>{page}")


def act(desk: Desk, visit: Visit) -> Response:
    """Ask an account's platform whether its token still holds, or forget the account's token."""
    return _acted(desk, visit, visit.place("name"), visit.place("act"))


def _acted(desk: Desk, visit: Visit, name: str, what: str) -> Response:
    demand_role(visit.person, *WRITERS)
    if what == "test":
        try:
            return _list(desk, visit, result=ask(desk, accounts.test(desk.app, name)))
        except Outcome as error:
            advice = "account.bad_token" if isinstance(error, Unauthorized) else "account.no_answer"
            problem = f"{name}: {error}"
            return _list(desk, visit, error.status_code, problem=problem, advice=visit.look.say(advice))
    if what == "remove":
        if not visit.text("sure"):
            raise Invalid("sure", "", f"tick the box that says that the token of account '{name}' is to be forgotten")
        accounts.remove(desk.app, name, by=visit.person)
        return desk.go("/accounts")
    raise NotFound("act", what, "an account is tested or removed")


def _list(desk: Desk, visit: Visit, status: int = 200, **values: Any) -> Response:
    with desk.app.store.read() as tx:
        found = account_rows.all_accounts(tx)
        fences = {entry.name: entry for entry in account_rows.pauses_now(tx) if entry.scope == "account"}
    cards = []
    for account in found:
        fence = fences.get(account.name)
        cards.append(
            {
                "account": account,
                "limits": desk.app.capabilities(account),
                "profile": profile_of(account),
                "tokenless": load(account.platform).tokenless,
                "missing": sorted(desk.app.capabilities(account).missing()),
                "offered": sorted(set(ABILITIES) - desk.app.capabilities(account).missing()),
                "fence": fence,
                "refused": fence is not None and fence.person == SYSTEM,
            }
        )
    known: dict[str, Any] = {"result": None, "connected": None, "advice": ""}
    known |= {
        "at_the_terminal": sorted(AT_THE_TERMINAL),
        "cards": cards,
        "platforms": desk.app.platforms,
        "may_act": visit.may(*WRITERS),
    }
    return desk.page(visit, "accounts.html", status, **known | values)


def _form(
    desk: Desk,
    visit: Visit,
    platform: str,
    old: Account | None,
    *,
    error: CampaignError | None = None,
    hidden: tuple[str, ...] = (),
) -> Response:
    kind, typed, say = load(platform), visit.request.method == "POST", visit.look.say
    given = old.sheet.get("given") if old else None
    given = given if isinstance(given, Mapping) else {}
    with desk.app.store.read() as tx:
        spoken = dict.fromkeys((*LANGS, *(lang for one in campaigns.all_campaigns(tx) for lang in one.languages)))
    chosen = _langs(visit) if typed else list(old.langs) if old else []
    fields = [
        _field(visit, platform, "option", name, words)
        | {"value": visit.text(f"option-{name}") if typed else str(given.get(name, ""))}
        for name, words in kind.options.items()
    ]
    fields += [_field(visit, platform, "secret", name, words) for name, words in kind.secrets.items()]
    hint = f"account.hint.{platform}"
    return desk.page(
        visit,
        "connect.html",
        422 if error else 200,
        platform=platform,
        home=kind.home,
        consents=kind.oauth is not None,
        tokenless=kind.tokenless,
        at_the_terminal=platform in AT_THE_TERMINAL,
        old=old,
        fields=fields,
        hint=say(hint) if hint in CATALOGUE else "",
        known=list(spoken),
        chosen=chosen,
        others=", ".join(lang for lang in chosen if lang not in spoken),
        name=visit.text("name") if typed else "",
        base_url=_address(visit, hidden) if typed else "",
        failure=_without(str(error), hidden) if error else "",
        wrong=_wrong(error),
        advice=say(_advice(error)) if error else "",
    )


def _advice(error: CampaignError) -> str:
    if isinstance(error, Unauthorized):
        return "account.bad_token"
    if _option(error):
        return "account.correct"
    # A refusal without a status is our own: nothing was sent, for the address is not public or not https.
    if isinstance(error, Outcome):
        return "account.private" if type(error).__name__ == "Refused" and error.status is None else "account.no_answer"
    return "account.conflict" if isinstance(error, Conflict) else "account.correct"


def _wrong(error: CampaignError | None) -> str:
    """Return the id of the field that an error is about, or nothing."""
    match error:
        case Invalid():
            # An adapter names an option by its word: "option privacy"; the form has it as option-privacy.
            return FIELDS.get(error.field, error.field.replace("option ", "option-"))
        case Unauthorized():
            return "token"
        case Outcome():
            return _option(error) or "base_url"
        case Conflict():
            return "name"
    return ""


def _option(error: CampaignError) -> str:
    """Return the id of the option that an adapter asks for, as in `name its room: --option room=…`, or nothing."""
    found = _OPTION.search(str(error)) if isinstance(error, Outcome) else None
    return f"option-{found[1]}" if found else ""


def _address(visit: Visit, hidden: tuple[str, ...]) -> str:
    """Return the address as it was typed, but nothing of one that may hold a secret."""
    typed = visit.text("base_url")
    return "" if any(sign in typed for sign in "@?#") else _without(typed, hidden)


def _values(visit: Visit, kind: str, known: Mapping[str, str], longest: int) -> dict[str, str]:
    values: dict[str, str] = {}
    for name in known:
        field = f"{kind}-{name}"
        value = visit.text(field).strip()
        shown = "…" if kind == "secret" else value
        if len(value) > longest:
            raise Invalid(field, shown, f"must have at most {longest} characters")
        if any(ord(sign) < 32 or ord(sign) == 127 for sign in value):
            raise Invalid(field, shown, "must be one line")
        if value:
            values[name] = value
    return values


def _langs(visit: Visit) -> list[str]:
    others = visit.text("others").replace(",", " ").split()
    return list(dict.fromkeys([*visit.texts("langs"), *others]))


def _field(visit: Visit, platform: str, kind: str, name: str, words: str) -> dict[str, Any]:
    """Return a field of the form; a platform of somebody else's package has its own English words alone."""
    label, note = f"account.field.{platform}.{name}", f"account.note.{platform}.{name}"
    return {
        "id": f"{kind}-{name}",
        "secret": kind == "secret",
        "value": "",
        "known": label in CATALOGUE,
        "label": visit.look.say(label) if label in CATALOGUE else name,
        "note": visit.look.say(note) if note in CATALOGUE else words,
    }


def _old(desk: Desk, name: str, platform: str) -> Account | None:
    """Return the account that is to have a new token. Raises: NotFound; Invalid: it is on another platform."""
    if not name:
        return None
    with desk.app.store.read() as tx:
        account = account_rows.account_named(tx, name)
    if account.platform != platform:
        raise Invalid("platform", platform, f"account '{account.name}' is on {account.platform}")
    return account


def _without(text: str, hidden: tuple[str, ...]) -> str:
    """Return a message without what must not be shown, whatever a server may have echoed."""
    for secret in hidden:
        if len(secret) >= 4:
            text = text.replace(secret, "…")
    return text


def profile_of(account: Account) -> str:
    """Return where an account can be seen by anybody, or nothing."""
    sheet, name = account.sheet, account.handle.removeprefix("@")
    if account.remote_id.startswith("did:"):
        return f"{sheet.get('web') or 'https://bsky.app'}/profile/{quote(name)}"
    if sheet.get("username"):
        return f"{sheet.get('shown_at') or 'https://t.me'}/{quote(str(sheet['username']))}"
    if "@" in name:
        return f"{account.base_url}/@{quote(name.partition('@')[0])}"
    return ""
