"""DeepL's rooms: keys with a quota of characters each; XML is read as strictly as by its second version."""

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from xml.etree.ElementTree import Element, ParseError, XMLParser
from xml.sax.saxutils import escape, quoteattr

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from campaign.sandbox.babble import babble
from campaign.sandbox.books import Row
from campaign.sandbox.deepl.refusals import TABLE, Refusal
from campaign.sandbox.limits import Limit, Standing
from campaign.sandbox.rooms import Account, Answer, Caller, Handler, Rooms, Wrong
from campaign.sandbox.state import Sandbox
from campaign.sandbox.wire import Unreadable, read_params

SOURCES = {"EN": "English", "KO": "Korean", "RU": "Russian"}
TARGETS = {"EN-GB": "English (British)", "EN-US": "English (American)", "KO": "Korean", "RU": "Russian"}
MOST_TEXTS, MOST_BYTES = 50, 128 * 1024
QUOTA = 500_000  # characters a month, of DeepL API Free
PER_SECOND = 50  # https://github.com/DeepLcom/deepl-node/issues/33
_PREFIX = "DeepL-Auth-Key "


async def translate(request: Request) -> Response:
    """Translate texts. What is counted is what was sent, tags included, once it is accepted."""
    sandbox, row = _asked(request)
    body = await request.body()
    if len(body) > MOST_BYTES:
        raise Refusal("size")
    told = await _told(request)
    target, source = str(told.get("target_lang", "")).upper(), told.get("source_lang")
    if target not in TARGETS:
        raise Refusal("value", name="target_lang")
    if source is not None and str(source).upper() not in SOURCES:
        raise Refusal("value", name="source_lang")
    texts = told.get("text")
    if not texts:
        raise Refusal("missing", name="text")
    texts = [str(text) for text in texts] if isinstance(texts, list) else [str(texts)]
    if len(texts) > MOST_TEXTS:
        raise Refusal("texts")
    handling = told.get("tag_handling")
    if handling not in (None, "xml", "html"):
        raise Refusal("value", name="tag_handling")
    ignored = told.get("ignore_tags") or []
    ignored = ignored if isinstance(ignored, list) else str(ignored).split(",")
    answers = [_answer(text, target, handling == "xml", frozenset(map(str, ignored))) for text in texts]
    count = sum(map(len, texts))
    if row["used"] + count > row["quota"]:
        raise Refusal("quota")
    sandbox.books.do("UPDATE deepl_keys SET used = used + ? WHERE key = ?", count, row["key"])
    said = str(source).upper() if source else "KO"
    told_back: list[dict[str, Any]] = [{"detected_source_language": said, "text": answer} for answer in answers]
    if told.get("show_billed_characters"):
        told_back = [one | {"billed_characters": len(text)} for one, text in zip(told_back, texts, strict=True)]
    return JSONResponse({"translations": told_back})


async def usage(request: Request) -> Response:
    """Tell how many characters of the quota are used."""
    _, row = _asked(request)
    return JSONResponse({"character_count": row["used"], "character_limit": row["quota"]})


async def languages(request: Request) -> Response:
    """Tell the languages that it knows as sources, or as targets."""
    _asked(request)
    told = await _told(request)
    named = TARGETS if told.get("type") == "target" else SOURCES
    more = {"supports_formality": False} if named is TARGETS else {}
    return JSONResponse([{"language": code, "name": name, **more} for code, name in named.items()])


def _answer(text: str, target: str, is_xml: bool, ignored: frozenset[str]) -> str:
    lang = target.partition("-")[0].lower()
    if not is_xml:
        return babble(text, lang)
    try:
        parser = XMLParser()  # noqa: S314 - no entity but XML's own five gets past the check
        if "<!" in text:
            raise ParseError("a document type")
        parser.feed(f"<all>{text}</all>")
        root = parser.close()
    except ParseError:
        raise Refusal("xml") from None
    return _inside(root, lang, ignored)


def _inside(element: Element, lang: str, ignored: frozenset[str]) -> str:
    """Return what is in an element, its words translated."""
    made = [escape(babble(element.text or "", lang))]
    for child in element:
        names = "".join(f" {name}={quoteattr(value)}" for name, value in child.attrib.items())
        inside = escape("".join(child.itertext())) if child.tag in ignored else _inside(child, lang, ignored)
        made += [f"<{child.tag}{names}>{inside}</{child.tag}>", escape(babble(child.tail or "", lang))]
    return "".join(made)


def _asked(request: Request) -> tuple[Sandbox, Row]:
    sandbox: Sandbox = request.app.state.sandbox
    row = _row_of(sandbox, request.headers.get("authorization", ""))
    if row is None:
        raise Refusal("key")
    return sandbox, row


def _row_of(sandbox: Sandbox, header: str) -> Row | None:
    key = header.removeprefix(_PREFIX) if header.startswith(_PREFIX) else None
    return sandbox.books.one("SELECT * FROM deepl_keys WHERE key = ?", key)


async def _told(request: Request) -> dict[str, Any]:
    try:
        return read_params(request.scope["query_string"], request.headers.get("content-type", ""), await request.body())
    except Unreadable:
        return {}


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for it
    return JSONResponse({"message": error.words}, error.status) if error.words else Response(status_code=error.status)


class DeepL(Rooms):
    """The rooms under /deepl. An account is a key; one that ends with :fx is of DeepL API Free."""

    name: ClassVar[str] = "deepl"
    publishes: ClassVar[bool] = False
    prefixes: ClassVar[tuple[str, ...]] = ("/deepl/",)
    server: ClassVar[bytes] = b"nginx"
    schema: ClassVar[str] = """
CREATE TABLE IF NOT EXISTS deepl_keys (
  key TEXT PRIMARY KEY, name TEXT NOT NULL, used INTEGER NOT NULL DEFAULT 0, quota INTEGER NOT NULL);
"""
    routes: ClassVar[Sequence[Route]] = (
        Route("/deepl/v2/translate", translate, methods=["POST"]),
        Route("/deepl/v2/usage", usage, methods=["GET", "POST"]),
        Route("/deepl/v2/languages", languages, methods=["GET", "POST"]),
    )
    errors: ClassVar[Mapping[type[Exception], Handler]] = {Refusal: _refuse}
    accounts: ClassVar[Sequence[Account]] = ()

    def caller(self, sandbox: Sandbox, scope: Scope) -> Caller:
        header = next((v for n, v in scope["headers"] if n.lower() == b"authorization"), b"").decode("latin-1")
        row = _row_of(sandbox, header)
        return Caller(row["name"], row["key"]) if row is not None else Caller()

    def route(self, path: str) -> str:
        return path

    def throttle(self, sandbox: Sandbox, caller: Caller, method: str, path: str, address: str) -> Standing | None:
        return sandbox.throttle.count(("deepl", caller.token or address), Limit(PER_SECOND, 1))

    def wrong(self, kind: Wrong, sandbox: Sandbox, caller: Caller, standing: Standing | None) -> Answer:
        what = {"throttled": "slow", "internal": "broken", "temporary": "broken", "expired": "key"}[kind]
        status, words = TABLE[what]  # type: ignore[index]
        body = bytearray(json.dumps({"message": words}).encode()) if words else bytearray()
        headers = [(b"content-type", b"application/json")]
        if kind == "throttled" and standing is not None:
            headers.append((b"retry-after", str(max(1, round(standing.resets_in))).encode()))
        return Answer(503 if kind == "temporary" else status, headers, body)

    def open(self, sandbox: Sandbox, account: Account) -> dict[str, str]:
        """Give out a key. `quota`: characters that it may spend; `pro`: no key of DeepL API Free."""
        told = {"name": account} if isinstance(account, str) else account
        key = f"{secrets.token_hex(16)}{'' if 'pro' in told else ':fx'}"
        sandbox.books.insert("deepl_keys", key=key, name=told["name"], quota=int(told.get("quota", QUOTA)))
        return {"name": told["name"], "token": key, "base_url": f"{sandbox.base_url}/deepl"}

    def accepted(self, sandbox: Sandbox, account: str | None, after: str, limit: int) -> list[dict[str, Any]]:
        """Nothing: it keeps no text."""
        return []


ROOMS = DeepL()
