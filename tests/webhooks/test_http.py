"""The real network: every failure has Twilio's code (twilio-conference-api 6.3). On loopback."""

import asyncio
import gzip
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from mixminus.webhooks.contract import HttpAnswer, HttpFailure, HttpRequest, Limits
from mixminus.webhooks.io.http import AiohttpFetch, failure_of

pytestmark = pytest.mark.network

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
QUICK = Limits(connect_ms=300, read_ms=300, total_ms=600)


@asynccontextmanager
async def serving(handler: Handler, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server that may break every rule of HTTP; yields host and port."""
    writers: list[asyncio.StreamWriter] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await handler(reader, writer)
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.close()


def answering(data: bytes) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        await writer.drain()

    return handler


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def fetched(request: HttpRequest) -> HttpAnswer:
    fetch = AiohttpFetch()
    try:
        return await fetch(request)
    finally:
        await fetch.close()


async def failing(url: str, limits: Limits = QUICK) -> HttpFailure:
    with pytest.raises(HttpFailure) as caught:
        await fetched(HttpRequest("GET", url, limits=limits))
    return caught.value


async def test_a_request_arrives_as_it_was_made_and_the_answer_comes_back() -> None:
    seen: list[tuple[str, str, str, str | None, list[str]]] = []

    async def voice(request: web.Request) -> web.Response:
        body = await request.text()
        seen.append((request.method, request.raw_path, body, request.headers.get("X-Test"), list(request.headers)))
        return web.Response(text="<Response/>", content_type="text/xml", headers={"ETag": '"1"'})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", voice)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/a%2Fb?q=%7e+x%20y&&z"
        answer = await fetched(HttpRequest("POST", url, (("X-Test", "1"),), b"a=b"))
    finally:
        await runner.cleanup()
    ((method, path, body, header, names),) = seen
    assert (method, path, body, header) == ("POST", "/a%2Fb?q=%7e+x%20y&&z", "a=b", "1")
    assert "User-Agent" not in names
    assert (answer.status, answer.body, answer.url) == (200, b"<Response/>", url)
    assert (answer.header("content-type"), answer.header("etag")) == ("text/xml; charset=utf-8", '"1"')


async def test_redirects_and_cookies_are_left_to_the_core() -> None:
    data = b"HTTP/1.1 302 Found\r\nLocation: /x\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n"
    async with serving(answering(data)) as place:
        answer = await fetched(HttpRequest("GET", f"http://{place}/"))
    assert (answer.status, answer.header("location")) == (302, "/x")
    assert [value for name, value in answer.headers if name == "set-cookie"] == ["a=1", "b=2"]


async def test_11202_nobody_listens() -> None:
    async with serving(silent) as place:
        pass
    failed = await failing(f"http://{place}/x?From=%2B15005550006")
    assert (failed.code, failed.kind) == (11202, "ct")
    assert "1500555" not in failed.message


async def test_11210_the_name_does_not_resolve() -> None:
    failed = await failing("http://nobody.invalid/", Limits(total_ms=5_000))
    assert (failed.code, failed.kind) == (11210, "ct")


async def test_11200_no_answer_in_time() -> None:
    async with serving(silent) as place:
        failed = await failing(f"http://{place}/")
    assert (failed.code, failed.kind) == (11200, "rt")


async def test_11200_an_answer_that_drips() -> None:
    async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.05)

    async with serving(dripping) as place:
        failed = await failing(f"http://{place}/")
    assert (failed.code, failed.kind) == (11200, "rt")


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x00\xff" * 100,
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\noops",
    ],
)
async def test_11206_what_is_not_http(garbage: bytes) -> None:
    async with serving(answering(garbage)) as place:
        failed = await failing(f"http://{place}/")
    assert (failed.code, failed.kind) == (11206, "rt")


async def test_11205_the_connection_is_closed_without_an_answer() -> None:
    async with serving(answering(b"")) as place:
        failed = await failing(f"http://{place}/")
    assert (failed.code, failed.kind) == (11205, "rt")


@pytest.mark.parametrize("body", [b"x" * 65_537, b"x" * 5_000_000])
async def test_11750_too_large(body: bytes) -> None:
    data = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body
    async with serving(answering(data)) as place:
        failed = await failing(f"http://{place}/", Limits())
    assert failed.code == 11750


async def test_11750_a_compressed_bomb() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
    async with serving(answering(head.encode() + bomb)) as place:
        failed = await failing(f"http://{place}/", Limits())
    assert failed.code == 11750


async def test_64_kilobytes_are_read() -> None:
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n" + b"x" * 65_536
    async with serving(answering(data)) as place:
        assert len((await fetched(HttpRequest("GET", f"http://{place}/"))).body) == 65_536


async def test_sound_is_not_read_however_long() -> None:
    data = b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nContent-Length: 5000000\r\n\r\n" + bytes(100_000)
    async with serving(answering(data)) as place:
        answer = await fetched(HttpRequest("GET", f"http://{place}/", limits=QUICK))
    assert (answer.status, answer.body) == (200, b"")


async def test_sound_is_read_for_who_asks_for_it() -> None:
    data = b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nContent-Length: 100000\r\n\r\n" + bytes(100_000)
    async with serving(answering(data)) as place:
        request = HttpRequest("GET", f"http://{place}/", limits=QUICK, max_body_bytes=200_000, unread_types=())
        answer = await fetched(request)
    assert len(answer.body) == 100_000


async def test_11220_no_tls_where_tls_was_expected() -> None:
    async def in_the_clear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serving(in_the_clear) as place:
        failed = await failing(f"https://{place}/", Limits(total_ms=3_000))
    assert (failed.code, failed.kind) == (11220, "ct")


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost"
    subprocess.run([*command.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


async def test_11237_a_certificate_that_nobody_signed(self_signed: ssl.SSLContext) -> None:
    async with serving(silent, self_signed) as place:
        failed = await failing(f"https://{place}/", Limits(total_ms=3_000))
    assert (failed.code, failed.kind) == (11237, "ct")


@pytest.mark.parametrize(("verify_code", "code"), [(10, 11236), (62, 11235), (64, 11235), (18, 11237), (20, 11237)])
def test_certificate_errors_have_their_own_codes(verify_code: int, code: int) -> None:
    """The numbers are OpenSSL's X509_V_ERR_*."""
    error = ssl.SSLCertVerificationError()
    error.verify_code = verify_code
    key = aiohttp.client_reqrep.ConnectionKey("a.test", 443, True, True, None, None, None)
    wrapped = aiohttp.ClientConnectorCertificateError(key, error)
    assert failure_of(wrapped, "https://a.test/").code == code


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with serving(answering(b"HTTP/1.1 204 No Content\r\n\r\n")) as place:
        assert (await fetched(HttpRequest("GET", f"http://{place}/"))).status == 204


async def test_a_hundred_requests_at_once() -> None:
    async with serving(answering(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")) as place:
        fetch = AiohttpFetch()
        answers = await asyncio.gather(*(fetch(HttpRequest("GET", f"http://{place}/")) for _ in range(100)))
        await fetch.close()
    assert {answer.status for answer in answers} == {204}
