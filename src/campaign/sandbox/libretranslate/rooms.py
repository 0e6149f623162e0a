"""LibreTranslate's rooms: a server that wants a key, as the public one does, behind a prefix (LT_URL_PREFIX)."""

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from campaign.sandbox.babble import babble
from campaign.sandbox.libretranslate.refusals import TABLE, Refusal
from campaign.sandbox.limits import Limit, Standing
from campaign.sandbox.rooms import Account, Answer, Caller, Handler, Rooms, Wrong
from campaign.sandbox.state import Sandbox
from campaign.sandbox.wire import Unreadable, read_params

LANGUAGES = {"en": "English", "ko": "Korean", "ru": "Russian"}
# A server loads the models that it is told to; this one has no pair of its two smaller languages (LT_LOAD_ONLY).
PAIRS = {"en": ["ko", "ru"], "ko": ["en", "ru"], "ru": ["en", "ko"]}
PER_MINUTE, MOST_TEXTS = 80, 25
_KEY = re.compile(rb'"api_key"\s*:\s*"([^"]{1,100})"|(?:^|&)api_key=([^&]{1,100})')
_MARK = re.compile(r"\[X(\d+)X\]")


async def translate(request: Request) -> Response:
    """Translate one text or a list of them. The order of the checks is the server's own."""
    sandbox: Sandbox = request.app.state.sandbox
    told = await _told(request)
    row = _row_of(sandbox, told.get("api_key"))
    texts, source, target = told.get("q"), told.get("source"), told.get("target")
    for name, value in (("q", texts), ("source", source), ("target", target)):
        if not value:
            raise Refusal("missing", name=name)
    try:
        int(told.get("alternatives", 0))
    except (ValueError, TypeError):
        raise Refusal("alternatives", name="alternatives") from None
    several = [str(text) for text in texts] if isinstance(texts, list) else [str(texts)]
    if isinstance(texts, list) and len(several) > MOST_TEXTS:
        raise Refusal("too_long", size=len(several), limit=MOST_TEXTS)
    for text in several:
        if len(text) > row["char_limit"]:
            raise Refusal("too_long", size=len(text), limit=row["char_limit"])
    if source not in LANGUAGES:
        raise Refusal("language", lang=source)
    if target not in LANGUAGES:
        raise Refusal("language", lang=target)
    if (form := told.get("format") or "text") not in ("text", "html"):
        raise Refusal("format", format=form)
    if target not in PAIRS[source]:
        names = {"target": f"{LANGUAGES[target]} ({target})", "source": f"{LANGUAGES[source]} ({source})"}
        raise Refusal("pair", **names)
    answers = [_answer(text, target) for text in several]
    return JSONResponse({"translatedText": answers if isinstance(texts, list) else answers[0]})


async def languages(request: Request) -> Response:
    """Tell what it translates into what; no key is wanted for that."""
    return JSONResponse([{"code": code, "name": LANGUAGES[code], "targets": PAIRS[code]} for code in LANGUAGES])


def _answer(text: str, target: str) -> str:
    """Return what the model makes of a text: it leaves marks alone, but for a space."""
    parts = _MARK.split(text)  # text, number, text …
    return "".join(f"[X{part} X]" if number % 2 else babble(part, target) for number, part in enumerate(parts))


async def _told(request: Request) -> dict[str, Any]:
    body, kind = await request.body(), request.headers.get("content-type", "")
    if "json" not in kind:
        try:
            return read_params(request.scope["query_string"], kind, body)
        except Unreadable:
            return {}
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal("no_object") from None
    if not isinstance(told, dict):
        raise Refusal("no_object")
    return told


def _row_of(sandbox: Sandbox, key: object) -> Any:
    if not key:
        raise Refusal("no_key")
    row = sandbox.books.one("SELECT * FROM libretranslate_keys WHERE key = ?", str(key))
    if row is None:
        raise Refusal("key")
    return row


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for it
    return JSONResponse({"error": error.words}, error.status)


class LibreTranslate(Rooms):
    """The rooms under /libretranslate. An account is a key."""

    name: ClassVar[str] = "libretranslate"
    publishes: ClassVar[bool] = False
    prefixes: ClassVar[tuple[str, ...]] = ("/libretranslate/",)
    server: ClassVar[bytes] = b"gunicorn"
    schema: ClassVar[str] = """
CREATE TABLE IF NOT EXISTS libretranslate_keys (
  key TEXT PRIMARY KEY, name TEXT NOT NULL, char_limit INTEGER NOT NULL);
"""
    routes: ClassVar[Sequence[Route]] = (
        Route("/libretranslate/translate", translate, methods=["POST"]),
        Route("/libretranslate/languages", languages, methods=["GET"]),
    )
    errors: ClassVar[Mapping[type[Exception], Handler]] = {Refusal: _refuse}
    accounts: ClassVar[Sequence[Account]] = ()

    def caller(self, sandbox: Sandbox, scope: Scope) -> Caller:
        found = _KEY.search(scope.get("sandbox.body", b""))
        key = (found[1] or found[2]).decode("latin-1") if found else None
        row = sandbox.books.one("SELECT * FROM libretranslate_keys WHERE key = ?", key)
        return Caller(row["name"], key) if row is not None else Caller()

    def route(self, path: str) -> str:
        return path

    def throttle(self, sandbox: Sandbox, caller: Caller, method: str, path: str, address: str) -> Standing | None:
        if path.endswith("/languages"):
            return None  # the server exempts it
        return sandbox.throttle.count(("libretranslate", caller.token or address), Limit(PER_MINUTE, 60))

    def wrong(self, kind: Wrong, sandbox: Sandbox, caller: Caller, standing: Standing | None) -> Answer:
        what = {"throttled": "slow", "internal": "broken", "temporary": "broken", "expired": "key"}[kind]
        status, words = TABLE[what]  # type: ignore[index]
        body = json.dumps({"error": words.format(limit=PER_MINUTE)}).encode()
        headers = [(b"content-type", b"application/json")]
        if kind == "throttled" and standing is not None:
            headers.append((b"retry-after", str(max(1, round(standing.resets_in))).encode()))
        return Answer(503 if kind == "temporary" else status, headers, bytearray(body))

    def open(self, sandbox: Sandbox, account: Account) -> dict[str, str]:
        """Give out a key. `char_limit`: characters that one text of it may have."""
        told = {"name": account} if isinstance(account, str) else account
        key, limit = secrets.token_hex(18), int(told.get("char_limit", 5000))
        sandbox.books.insert("libretranslate_keys", key=key, name=told["name"], char_limit=limit)
        return {"name": told["name"], "token": key, "base_url": f"{sandbox.base_url}/libretranslate"}

    def accepted(self, sandbox: Sandbox, account: str | None, after: str, limit: int) -> list[dict[str, Any]]:
        """Nothing: it keeps no text."""
        return []


ROOMS = LibreTranslate()
