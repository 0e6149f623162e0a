"""The door of the desk: only names that are ours are answered, and every answer carries strict headers."""

import ipaddress
import socket
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; media-src 'self';"
    " base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Front:
    """Refuse a foreign Host (DNS rebinding) and put on the headers that an answer has not set itself."""

    def __init__(self, app: ASGIApp, *, host: str, url: str = "") -> None:
        self._app, self._host = app, host
        # A proxy asks under the name that people typed.
        self._names = names_of(host) | ({_name(url.partition("://")[2])} if url else set())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        hosts = Headers(scope=scope).getlist("host")
        if len(hosts) != 1 or not self._ours(hosts[0]):
            refusal = PlainTextResponse(
                "this desk is not called that; open it under the address that it printed when it started\n", 400
            )
            await refusal(scope, receive, headed)
            return
        await self._app(scope, receive, headed)

    def _ours(self, host: str) -> bool:
        name = _name(host)
        return name in self._names or (is_wildcard(self._host) and _address(name) is not None)


def names_of(host: str) -> frozenset[str]:
    """Return the names under which a desk bound to this host may be asked for."""
    names: Iterable[str] = (host,)
    if is_wildcard(host):
        # An address cannot be rebound, so any is fine; of names only those that this machine gives itself.
        names = (*_LOOPBACK, socket.gethostname())
    elif host in _LOOPBACK:
        names = _LOOPBACK
    return frozenset(name.lower() for name in names)


def is_wildcard(host: str) -> bool:
    """Say whether it means every address of this machine."""
    address = _address(host)
    return address is not None and address.is_unspecified


def _name(host: str) -> str:
    """Return the host without its port: [::1]:8765 → ::1."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().rstrip(".")


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _shown(host: str) -> str:
    return "localhost" if is_wildcard(host) else f"[{host}]" if ":" in host else host
