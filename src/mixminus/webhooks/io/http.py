"""`Fetch` over the network: one aiohttp session, one exchange per call, and every failure with Twilio's code."""

import errno
import ssl
from typing import Final

import aiohttp
from yarl import URL

from mixminus.webhooks.contract import HttpAnswer, HttpFailure, HttpRequest
from mixminus.webhooks.policy import body_is_wanted, shown, too_large

KEEPALIVE_S: Final = 1.0
"""Below what common servers use (Node and uvicorn 5 s, gunicorn 2 s): a POST must not meet a closing connection."""

CERTIFICATE_CODES: Final = {
    10: 11236,  # X509_V_ERR_CERT_HAS_EXPIRED
    62: 11235,  # X509_V_ERR_HOSTNAME_MISMATCH
    64: 11235,  # X509_V_ERR_IP_ADDRESS_MISMATCH
}
NO_CHAIN: Final = 11237


class AiohttpFetch:
    """Implements `Fetch`. No cookies, no redirects, no proxies of the environment unless *trust_env*.

    Made inside a running loop; `close` when done.
    """

    def __init__(self, connections: int = 1024, connections_per_host: int = 256, *, trust_env: bool = False) -> None:
        connector = aiohttp.TCPConnector(
            limit=connections, limit_per_host=connections_per_host, keepalive_timeout=KEEPALIVE_S
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=trust_env,
            skip_auto_headers=("User-Agent", "Accept", "Content-Type"),
        )

    async def __call__(self, request: HttpRequest) -> HttpAnswer:
        """One exchange. Raises `HttpFailure`."""
        limits = request.limits
        timeout = aiohttp.ClientTimeout(
            total=limits.total_ms / 1000, sock_connect=limits.connect_ms / 1000, sock_read=limits.read_ms / 1000
        )
        try:
            async with self._session.request(
                request.method,
                URL(request.url, encoded=True),
                headers=list(request.headers),
                data=request.body or None,
                allow_redirects=False,
                timeout=timeout,
            ) as response:
                return await _answer(request, response)
        except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
            raise failure_of(error, request.url) from error

    async def close(self) -> None:
        await self._session.close()


async def _answer(request: HttpRequest, response: aiohttp.ClientResponse) -> HttpAnswer:
    headers = tuple((name.lower(), value) for name, value in response.headers.items())
    wanted = body_is_wanted(request, response.headers.get("Content-Type"))
    body = await _body(request, response) if wanted else b""
    return HttpAnswer(response.status, headers, body, request.url)


async def _body(request: HttpRequest, response: aiohttp.ClientResponse) -> bytes:
    """The body, decompressed; reading stops as soon as it is too large."""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > request.max_body_bytes:
            response.close()
            raise too_large(request)
    return bytes(body)


def failure_of(error: Exception, url: str) -> HttpFailure:
    """Twilio's code for what aiohttp says (twilio-conference-api 6.3)."""
    code, kind, words = _verdict(error)
    return HttpFailure(code, kind, f"{shown(url)}: {words}")


def _verdict(error: Exception) -> tuple[int, str, str]:
    """Code, kind and words. `ct`: there was no connection, so nothing was sent."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return _certificate_code(error.certificate_error), "ct", str(error.certificate_error)
        case aiohttp.ClientSSLError():
            return 11220, "ct", f"the TLS handshake failed: {error.os_error}"
        case aiohttp.ClientConnectorDNSError():
            return 11210, "ct", "the host name does not resolve"
        case aiohttp.ConnectionTimeoutError():
            return 11201, "ct", "no connection in time"
        case aiohttp.ClientConnectorError() if error.os_error.errno == errno.ECONNREFUSED:
            return 11202, "ct", "the connection was refused"
        case aiohttp.ClientConnectorError():
            return 11205, "ct", f"no connection: {error.os_error}"
        case TimeoutError():
            return 11200, "rt", "no complete answer in time"
        case aiohttp.InvalidURL():
            return 11100, "url", "this is not a URL that can be requested"
        case aiohttp.ServerDisconnectedError() | OSError():
            return 11205, "rt", "the connection was closed before the answer"
        case _:
            return 11206, "rt", f"the answer is not HTTP: {type(error).__name__}"


def _certificate_code(error: Exception) -> int:
    return (
        CERTIFICATE_CODES.get(error.verify_code, NO_CHAIN)
        if isinstance(error, ssl.SSLCertVerificationError)
        else 11220
    )
