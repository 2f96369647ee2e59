"""Certificates over real TLS on loopback: fetched once, bounded, and not from our own network unless told."""

import asyncio
import ipaddress
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mixminus.stir.certificates import MAX_BYTES, NoCertificate
from mixminus.stir.io.repository import CertificateRepository

pytestmark = pytest.mark.network

CHAIN = b"-----BEGIN CERTIFICATE-----\n"


class Server:
    """Serves what is put there, and counts who asks."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.port = 0
        self.trust: ssl.SSLContext

    def url(self, path: str) -> str:
        return f"https://127.0.0.1:{self.port}/{path}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        self.asked[name] += 1
        match name:
            case "large":
                return web.Response(body=b"x" * (MAX_BYTES + 1))
            case "moved":
                raise web.HTTPFound("/good")
            case "gone":
                return web.Response(status=410)
            case "slow":
                await asyncio.sleep(0.3)
        return web.Response(body=CHAIN, headers={"Cache-Control": "max-age=60"})


def certificate(folder: Path) -> Path:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(here, critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(signed.public_bytes(Encoding.PEM) + secret)
    return path


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    server, pem = Server(), certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.trust = ssl.create_default_context(cafile=str(pem))
    app = web.Application()
    app.router.add_get("/{name}", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    server.port = runner.addresses[0][1]
    yield server
    await runner.cleanup()


def repository(server: Server, *, private: bool = True) -> CertificateRepository:
    return CertificateRepository(asyncio.get_running_loop().time, private=private, ssl_context=server.trust)


async def test_a_certificate_is_fetched_once_and_kept(server: Server) -> None:
    fetch = repository(server)
    assert await asyncio.gather(*(fetch(server.url("slow")) for _ in range(5))) == [CHAIN] * 5
    assert await fetch(server.url("slow")) == CHAIN
    assert server.asked == {"slow": 1}
    await fetch.close()


@pytest.mark.parametrize("path", ["large", "moved", "gone"])
async def test_what_is_no_certificate_is_not_asked_for_again_at_once(server: Server, path: str) -> None:
    fetch = repository(server)
    for _ in range(3):
        with pytest.raises(NoCertificate):
            await fetch(server.url(path))
    assert server.asked == {path: 1}
    await fetch.close()


async def test_a_call_that_does_not_wait_leaves_the_certificate_for_the_next(server: Server) -> None:
    fetch = repository(server)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await fetch(server.url("slow"))
    assert await fetch(server.url("slow")) == CHAIN
    assert server.asked == {"slow": 1}
    await fetch.close()


async def test_our_own_network_is_not_asked(server: Server) -> None:
    fetch = repository(server, private=False)
    for url in (server.url("good"), f"https://localhost:{server.port}/good", "https://localhost/good"):
        with pytest.raises(NoCertificate):
            await fetch(url)
    assert server.asked == {}
    await fetch.close()


async def test_who_is_not_who_he_says_is_not_believed(server: Server) -> None:
    fetch = CertificateRepository(asyncio.get_running_loop().time, private=True)
    with pytest.raises(NoCertificate):
        await fetch(server.url("good"))
    assert server.asked == {}
    await fetch.close()
