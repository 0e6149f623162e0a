"""The transport over TLS: whom it believes, and that nothing leaves before it does."""

import asyncio
import contextlib
import datetime
import ssl

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from campaign.net.line import Line
from campaign.net.transport import Transport

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for social.example, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "social.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("social.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    plain = serialization.NoEncryption()
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return path


class TlsPeer:
    def __init__(self):
        self.connections = self.requests = 0
        self.names, self.protocols = [], []

    @contextlib.asynccontextmanager
    async def listening(self, certificate, *, closes=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        context.set_alpn_protocols(["h2", "http/1.1"])
        context.sni_callback = lambda _socket, name, _context: self.names.append(name)

        async def serve(reader, writer):
            self.connections += 1
            self.protocols.append(writer.get_extra_info("ssl_object").selected_alpn_protocol())
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    await reader.readuntil(b"\r\n\r\n")
                    self.requests += 1
                    writer.write(ANSWER)
                    if closes:
                        break
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        async with server:
            self.port = server.sockets[0].getsockname()[1]
            yield self
        await asyncio.sleep(0.01)


def asking(certificate, scenario, *, trusted=True, **more):
    async def resolver(host, port):
        return ["127.0.0.1"]

    async def run():
        context = ssl.create_default_context(cafile=certificate if trusted else None)
        context.set_alpn_protocols(["http/1.1"])
        async with TlsPeer().listening(certificate, **more) as peer:
            transport = Transport(ssl_context=context, resolver=resolver)
            try:
                await scenario(peer, transport)
            finally:
                await transport.aclose()

    asyncio.run(run())


async def post(transport, url):
    line = Line()
    try:
        response = await transport.handle_async_request(httpx.Request("POST", url, extensions={"line": line}))
        return await response.aread(), line.state
    except httpx.HTTPError as error:
        return error, line.state


def test_a_name_is_checked_and_the_connection_kept(certificate):
    async def scenario(peer, transport):
        for _ in range(3):
            assert await post(transport, f"https://social.example:{peer.port}/") == (b"hello", "sent")
        assert (peer.connections, peer.requests) == (1, 3)
        assert (peer.names, peer.protocols) == (["social.example"], ["http/1.1"])

    asking(certificate, scenario)


def test_a_connection_that_the_peer_closed_is_not_used(certificate):
    async def scenario(peer, transport):
        for _ in range(3):
            assert await post(transport, f"https://social.example:{peer.port}/") == (b"hello", "sent")
            await asyncio.sleep(0.02)
        assert (peer.connections, peer.requests) == (3, 3)

    asking(certificate, scenario, closes=True)


@pytest.mark.parametrize(("host", "trusted"), [("other.example", True), ("social.example", False)])
def test_a_peer_that_is_not_believed_gets_no_byte(certificate, host, trusted):
    async def scenario(peer, transport):
        error, state = await post(transport, f"https://{host}:{peer.port}/")
        assert isinstance(error, httpx.ConnectError)
        assert "certificate" in str(error).lower()
        assert (state, peer.requests) == ("not_sent", 0)

    asking(certificate, scenario, trusted=trusted)
