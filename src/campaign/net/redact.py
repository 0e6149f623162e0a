"""Takes secrets out of what is kept or shown, in every form in which they travel."""

import base64
import json
import re
from collections.abc import Callable, Iterable

TAKEN_OUT = "[redacted]"
SECRET_HEADERS = frozenset({b"authorization", b"cookie", b"set-cookie", b"proxy-authorization"})
SECRET_FIELDS = (
    "access_token", "refresh_token", "id_token", "token", "client_secret", "client_assertion", "code_verifier",
    "device_code", "password", "passwd", "secret", "api_key", "apikey", "private_key", "accessJwt", "refreshJwt",
    "session_token", "oauth_token", "oauth_token_secret", "oauth_signature", "fb_exchange_token", "input_token",
    "page_token_secret", "appsecret_proof",
    "upload_url",  # of an upload session: who has its address may upload into it (TikTok, Slack, VK)
)  # fmt: skip
# Secret in a URL or a form; in JSON `code` is an error's number or name.
SECRET_PARAMETERS = (
    *SECRET_FIELDS, "code", "X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "X-Goog-Signature",
    "upload_id", "upload_token",  # of the same (Google, TikTok)
)  # fmt: skip
SHORTEST_BASE64 = 5  # characters; a shorter piece would be found everywhere
_Form = tuple[bytes | None, bool, "re.Pattern[bytes]"]

_FIELDS = "|".join(sorted(SECRET_FIELDS, key=len, reverse=True)).encode()
_PARAMETERS = "|".join(sorted(SECRET_PARAMETERS, key=len, reverse=True)).encode()
# No closing quote is asked for: half an answer holds half a secret.
_JSON = re.compile(rb'"(' + _FIELDS + rb')"\s*:\s*"((?:[^"\\]|\\.)+)', re.IGNORECASE)
_QUERY = re.compile(rb"[?&#](" + _PARAMETERS + rb")=([^&#\s\"'<>]+)", re.IGNORECASE)
_FORM = re.compile(rb"(?:^|&)(" + _PARAMETERS + rb")=([^&]+)", re.IGNORECASE)
_PART = re.compile(
    rb'name="(' + _PARAMETERS + rb')"(?:;[^\r\n]*)?\r\n(?:[^\r\n]+\r\n){0,5}\r\n(.+?)(?=\r\n--|\Z)',
    re.IGNORECASE | re.DOTALL,
)


class Redactor:
    """Knows the secrets of one account.

    Args:
        secrets: values that must not be seen wherever they stand; empty ones are passed over.
        enabled: off only to prove that a search for secrets would find one.
    """

    def __init__(self, secrets: Iterable[str] = (), *, enabled: bool = True) -> None:
        self.enabled = enabled
        self._known: set[str] = set()
        self._patterns: tuple[_Form, ...] = ()
        self.learn(*secrets)

    def learn(self, *secrets: str) -> None:
        """Know more secrets: those that a platform gave out meanwhile."""
        fresh = {secret for secret in secrets if secret} - self._known
        if fresh:
            self._known |= fresh
            known = sorted(self._known, key=len, reverse=True)
            self._patterns = tuple(pattern for secret in known for pattern in _forms(secret))

    def headers(self, raw: Iterable[tuple[bytes, bytes]]) -> tuple[list[tuple[bytes, bytes]], tuple[str, ...]]:
        """Return header lines without secrets, and the names of what was taken out."""
        kept: list[tuple[bytes, bytes]] = []
        names: list[str] = []
        for name, value in raw:
            if self.enabled and name.lower() in SECRET_HEADERS:
                names.append(f"header {name.decode('latin-1').lower()}")
                kept.append((name, TAKEN_OUT.encode()))
            else:
                kept.append((name, value))
        _, found = self.line(b"\n".join(value for _, value in kept))  # one look at all: most hold nothing
        if found:
            kept = [(name, self.line(value)[0]) for name, value in kept]
        return kept, _once((*names, *found))

    def line(self, data: bytes) -> tuple[bytes, tuple[str, ...]]:
        """Return one line, as it may hold a URL, without secrets, and the names of what was taken out."""
        return self._clean(data, _QUERY) if b"=" in data else self._clean(data)

    def body(self, data: bytes, content_type: str = "") -> tuple[bytes, tuple[str, ...]]:
        """Return a body without secrets, and the names of what was taken out."""
        if not data:
            return data, ()
        if "urlencoded" in content_type:
            return self._clean(data, _FORM)
        if "multipart" in content_type:
            return self._clean(data, _PART)
        return self._clean(data, _JSON)  # a body that is no JSON has no such fields

    def text(self, text: str) -> str:
        """Return a message or URL as it may be shown."""
        return self.line(text.encode("utf-8", "surrogateescape"))[0].decode("utf-8", "surrogateescape")

    def _clean(self, data: bytes, fields: "re.Pattern[bytes] | None" = None) -> tuple[bytes, tuple[str, ...]]:
        if not self.enabled:
            return data, ()
        names: list[str] = []
        if fields is not None:
            data = fields.sub(_blank(names), data)
        # Without these three nothing is escaped, and a secret can only stand there as it is: looking for bytes is ten
        # times as fast as a pattern, and nearly all that is looked at holds no secret.
        plain = b"%" not in data and b"\\" not in data and b"+" not in data
        for literal, exact, pattern in self._patterns:
            if literal is not None and (exact or plain) and literal not in data:
                continue
            data, count = pattern.subn(TAKEN_OUT.encode(), data)
            if count:
                names.append("secret")
        return data, _once(names) if names else ()


def _blank(names: list[str]) -> Callable[["re.Match[bytes]"], bytes]:
    def blank(match: "re.Match[bytes]") -> bytes:
        names.append(f"field {match[1].decode()}")
        before = match.start(2) - match.start()
        return match[0][:before] + TAKEN_OUT.encode() + match[0][match.end(2) - match.start() :]

    return blank


def _forms(secret: str) -> Iterable["_Form"]:
    """Return patterns for the secret as it is, percent-encoded, JSON-escaped (also mixed), and in base64.

    With each: its only bytes where nothing is escaped, if there is one such form, and whether it has no other at all.
    """
    data = secret.encode("utf-8", "surrogatepass")
    yield data, False, re.compile(b"".join(map(_character, secret)))
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + data).rstrip(b"=").decode()
        # Only characters whose six bits all come from the secret: its neighbours are not known.
        stable = encoded[-(-offset * 8 // 6) : (offset + len(data)) * 8 // 6]
        if len(stable) >= SHORTEST_BASE64:
            single = not {"+", "/"} & set(stable)
            yield stable.encode() if single else None, single, re.compile(b"".join(map(_character64, stable)))


def _character(character: str) -> bytes:
    data = character.encode("utf-8", "surrogatepass")
    forms = {re.escape(data), b"".join(b"%(?i:" + b"%02x" % byte + b")" for byte in data)}
    utf16 = character.encode("utf-16-be", "surrogatepass")
    forms.add(b"".join(rb"\\u(?i:" + utf16[at : at + 2].hex().encode() + b")" for at in range(0, len(utf16), 2)))
    escaped = json.dumps(character, ensure_ascii=False)[1:-1]
    forms.add(re.escape(escaped.encode("utf-8", "surrogatepass")))
    if character == "/":
        forms.add(rb"\\/")
    if character == " ":
        forms.add(rb"\+")
    # A backslash in the secret is also the start of its own escape.
    longest_first: list[bytes] = sorted(forms, key=_length, reverse=True)
    return b"(?:" + b"|".join(longest_first) + b")"


def _character64(character: str) -> bytes:
    other = {"+": "-", "/": "_"}.get(character)  # RFC 4648 §5
    if other is None:
        return character.encode()
    return b"(?:" + _character(character) + b"|" + _character(other) + b")"


def _length(form: bytes) -> int:
    return len(form)


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
