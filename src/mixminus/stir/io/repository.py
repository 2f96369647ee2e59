"""Fetches carriers' certificates by https (RFC 8224 7.2): bounded, kept, and not from our own network."""

import asyncio
import socket
from collections.abc import Callable
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from mixminus.stir.certificates import MAX_BYTES, CertificateCache, NoCertificate, check_url, kept_s, may_be_asked

FETCH_S: Final = 5.0
"""A call waits for less; what comes later is there for the next one."""
MAX_AT_ONCE: Final = 32


class _PublicAddresses(AbstractResolver):
    """Names that lead into our own network lead nowhere. What is checked here is what is connected to."""

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        public = [result for result in found if may_be_asked(result["host"])]
        if not public:
            raise OSError(f"{host} has no public address")
        return public

    async def close(self) -> None:
        await self._resolver.close()


class CertificateRepository:
    """One per node. `private` allows certificates of our own network, for laboratories."""

    def __init__(self, now: Callable[[], float], *, private: bool = False, ssl_context: object = True) -> None:
        self._now = now
        self._private = private
        self._ssl = ssl_context
        self._cache = CertificateCache()
        self._fetching: dict[str, asyncio.Task[bytes]] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, url: str) -> bytes:
        """The chain in PEM. Raises `NoCertificate`. Who waits no longer does not stop the fetch."""
        check_url(url, private=self._private)
        if (chain := self._cache.find(url, self._now())) is not None:
            return chain
        if url not in self._fetching:
            if len(self._fetching) >= MAX_AT_ONCE:
                raise NoCertificate("too many certificates are being fetched")
            task = self._fetching[url] = asyncio.get_running_loop().create_task(self._fetch(url))
            task.add_done_callback(lambda done: self._fetched(url, done))
        return await asyncio.shield(self._fetching[url])

    async def close(self) -> None:
        running = list(self._fetching.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _fetched(self, url: str, task: asyncio.Task[bytes]) -> None:
        del self._fetching[url]
        if not task.cancelled() and task.exception() is not None:
            self._cache.failed(url, self._now())

    async def _fetch(self, url: str) -> bytes:
        try:
            async with self._http().get(URL(url, encoded=True), allow_redirects=False) as response:
                chain = await _bounded(response)
                if response.status != 200:
                    raise NoCertificate(f"the certificate's server answered {response.status}")
                self._cache.keep(url, chain, kept_s(response.headers.get("Cache-Control")), self._now())
                return chain
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise NoCertificate(f"the certificate cannot be fetched: {error}") from error

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            resolver = None if self._private else _PublicAddresses()
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=resolver, limit=MAX_AT_ONCE, ssl=self._ssl),  # type: ignore[arg-type]
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=FETCH_S),
            )
        return self._session


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MAX_BYTES:
            raise NoCertificate("the certificate is too large")
    return bytes(body)
