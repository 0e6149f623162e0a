"""Where requests may go."""

import ipaddress

import httpx
import pytest

from campaign.core.errors import Invalid, Refused
from campaign.net.guard import Guard, forbidden

PUBLIC = ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "1.1.1.1"]
PRIVATE = ["127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.1.1", "::1", "fe80::1",
           "fc00::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
           "::127.0.0.1", "192.0.2.1", "198.18.0.1", "240.0.0.1"]  # fmt: skip
NEVER = ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "64:ff9b::a9fe:a9fe", "100.100.100.200",
         "224.0.0.1", "ff02::1", "0.0.0.0", "::", "255.255.255.255"]  # fmt: skip  # noqa: S104


@pytest.mark.parametrize("ip", PUBLIC)
def test_a_public_address_is_fine(ip):
    Guard(["social.example"])("social.example", ip)


@pytest.mark.parametrize("ip", PRIVATE + NEVER)
def test_a_private_address_is_refused_in_every_guise(ip):
    with pytest.raises(Refused, match="nothing was sent"):
        Guard(["social.example"])("social.example", ip)


@pytest.mark.parametrize("ip", PRIVATE)
def test_an_operators_host_may_be_private(ip):
    Guard(["social.example:8443"], private=True)("social.example", ip)


@pytest.mark.parametrize("ip", NEVER)
def test_some_addresses_are_nobodys(ip):
    with pytest.raises(Refused):
        Guard(["social.example"], private=True)("social.example", ip)


def test_the_operators_word_counts_for_the_declared_hosts_only():
    with pytest.raises(Refused, match="loopback"):
        Guard(["social.example"], private=True)("upload.example", "127.0.0.1")


@pytest.mark.parametrize("ip", ["", "nonsense", "127.1"])
def test_what_is_no_address_is_refused(ip):
    with pytest.raises(Refused):
        Guard(["social.example"])("social.example", ip)


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0x7f.1", "127.1", "017700000001", "127.0.0.1."])
def test_an_address_in_disguise_is_refused(host):
    with pytest.raises(Refused):
        Guard(["social.example"]).check_url(httpx.URL(f"https://{host}/"), foreign=True)


@pytest.mark.parametrize(
    ("declared", "url", "expected"),
    [
        ("social.example", "https://social.example/x", True),
        ("social.example", "https://SOCIAL.example.:8443/x", True),
        ("social.example:443", "https://social.example/x", True),
        ("social.example:443", "https://social.example:8443/x", False),
        ("social.example:8443", "https://social.example/x", False),
        ("social.example", "https://social.example.evil.example/", False),
        ("social.example", "https://evil.example/social.example", False),
        ("social.example", "https://notsocial.example/", False),
        ("bücher.example", "https://xn--bcher-kva.example/", True),
        ("[2001:db8::1]:8443", "https://[2001:db8::1]:8443/", True),
        ("2001:db8::1", "https://[2001:db8::1]/", True),
        ("127.0.0.1:18090", "http://127.0.0.1:18090/", True),
    ],
)
def test_a_host_is_declared_by_name_and_port(declared, url, expected):
    assert Guard([declared]).declares(httpx.URL(url)) is expected


def test_another_host_is_refused_unless_the_platform_returned_it():
    guard = Guard(["social.example"])
    with pytest.raises(Refused, match=r"not a host of this account; its hosts are social\.example"):
        guard.check_url(httpx.URL("https://other.example/"))
    guard.check_url(httpx.URL("https://other.example/"), foreign=True)


@pytest.mark.parametrize("private", [True, False])
def test_plain_http_is_for_the_operators_own_hosts(private):
    guard = Guard(["social.example"], private=private)
    with pytest.raises(Refused, match="https"):
        guard.check_url(httpx.URL("http://upload.example/"), foreign=True)
    if private:
        guard.check_url(httpx.URL("http://social.example/"))
    else:
        with pytest.raises(Refused, match="https"):
            guard.check_url(httpx.URL("http://social.example/"))


def test_a_url_with_a_password_is_refused():
    with pytest.raises(Refused, match="password") as caught:
        Guard(["social.example"]).check_url(httpx.URL("https://alice:hunter2@social.example/"))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("host", ["https://social.example/", "social.example/path", "a b", ""])
def test_a_declared_host_must_be_one(host):
    with pytest.raises(Invalid):
        Guard([host])


def test_reasons_are_words():
    assert forbidden(ipaddress.ip_address("::1")) == "this machine itself (loopback)"
    assert forbidden(ipaddress.ip_address("1.1.1.1")) is None
