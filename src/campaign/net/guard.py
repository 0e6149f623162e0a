"""Where requests may go: declared hosts, public addresses, and tokens to declared hosts only."""

import ipaddress
import re
from collections.abc import Iterable

import httpx

from campaign.core.errors import Invalid, Refused, shown

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Where clouds answer with credentials; no operator means these, not even one who allows private addresses.
METADATA = frozenset(map(ipaddress.ip_address, ("169.254.169.254", "100.100.100.200", "192.0.0.192", "fd00:ec2::254")))
# IPv6 that carries an IPv4 address in its last 32 bits: RFC 6052 (NAT64), RFC 4291 §2.5.5.1 (compatible).
CARRIERS = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))
# What inet_aton takes for an address and a reader for a name: 2130706433, 0x7f.1, 127.1
DISGUISED = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+))*\.?", re.IGNORECASE)

HOST = re.compile(r"[0-9a-z._-]+|[0-9a-f:.]+")


class Guard:
    """One account's policy.

    Args:
        hosts: the hosts that the account declares, each `host` or `host:port` (a bare host means any port).
        private: whether these hosts may have private addresses and speak plain http: only where an operator typed
            the base URL at the command line.
    """

    def __init__(self, hosts: Iterable[str], *, private: bool = False) -> None:
        declared = [_declared(host) for host in hosts]
        self._hosts = frozenset(declared)
        self._names = frozenset(name for name, _ in declared)
        self._private = private
        self._seen: set[tuple[str, str]] = set()  # addresses that were found fit
        self._fit: set[tuple[str, bytes]] = set()  # scheme and host of URLs that were found fit

    def declares(self, url: httpx.URL) -> bool:
        """Whether the account's token may go there."""
        name, port = _wire_name(url), url.port or (443 if url.scheme == "https" else 80)
        return (name, None) in self._hosts or (name, port) in self._hosts

    def check_url(self, url: httpx.URL, *, foreign: bool = False) -> None:
        """Refuse a URL that this account may not speak to.

        Args:
            foreign: the platform itself returned the URL (an upload URL): any public host will do.
        """
        key = url.scheme, url.netloc  # without name and password
        if key in self._fit and not url.userinfo:
            return
        declared = self.declares(url)
        if not declared and not foreign:
            raise Refused(f"{shown(url.host)} is not a host of this account; its hosts are {self._listed()}")
        if url.scheme != "https" and not (url.scheme == "http" and declared and self._private):
            raise Refused(f"{shown(url.host)} must be spoken to over https, not {url.scheme}")
        if url.userinfo:
            raise Refused(f"a URL at {shown(url.host)} must not hold a name or password")
        if DISGUISED.fullmatch(url.host) and _parsed(url.host) is None:
            raise Refused(f"{shown(url.host)} is an address in disguise; write a name or a plain address")
        if declared and len(self._fit) < 1000:
            self._fit.add(key)

    def __call__(self, host: str, ip: str) -> None:
        """Refuse an address that this host may not have; called with every address before it is connected to."""
        if (host, ip) in self._seen:
            return
        address = _parsed(ip)
        if address is None:
            raise Refused(f"{shown(host)} has no valid address: {shown(ip)}")
        reason = forbidden(address, private=self._private and host.lower().rstrip(".") in self._names)
        if reason:
            raise Refused(f"{shown(host)} has the address {address}, which is {reason}; nothing was sent")
        if len(self._seen) < 1000:
            self._seen.add((host, ip))

    def _listed(self) -> str:
        return ", ".join(sorted(name if port is None else f"{name}:{port}" for name, port in self._hosts)) or "none"


def forbidden(address: Address, *, private: bool = False) -> str | None:
    """Return why an address must not be connected to, or None."""
    real = _unwrapped(address)
    if real in METADATA:
        return "a cloud's metadata service"
    if real.is_multicast:
        return "a multicast address"
    if real.is_unspecified or real == ipaddress.IPv4Address("255.255.255.255"):
        return "no address of a host"
    if private:
        return None
    if real.is_loopback:
        return "this machine itself (loopback)"
    if real.is_link_local:
        return "a link-local address"
    site_local = isinstance(real, ipaddress.IPv6Address) and real.is_site_local
    if not real.is_global or real.is_reserved or site_local:
        return "a private or reserved address"
    return None


def _unwrapped(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for, or the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if inner is not None:
        return inner
    low = int(address) & 0xFFFFFFFF
    if any(address in network for network in CARRIERS) and low > 1:  # :: and ::1 are themselves
        return ipaddress.IPv4Address(low)
    return address


def _parsed(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None


def _declared(host: str) -> tuple[str, int | None]:
    """Return name and port of `host` or `host:port`; the name as it goes over the wire."""
    bare_v6 = host.count(":") > 1 and not host.startswith("[")
    try:
        # A scheme without a default port, so that a port written down is a port kept.
        url = httpx.URL(f"host://[{host}]" if bare_v6 else f"host://{host}")
    except httpx.InvalidURL as error:
        raise Invalid("host", host, f"must be a host or host:port ({error})") from error
    if not HOST.fullmatch(_wire_name(url)) or url.path not in {"", "/"} or url.userinfo:
        raise Invalid("host", host, "must be a host or host:port, without scheme and path")
    return _wire_name(url), url.port


def _wire_name(url: httpx.URL) -> str:
    return url.raw_host.decode("ascii").lower().rstrip(".")
