"""Looking at a trunk: its address, certificate, answers, registration, and how it sees us. No call is placed."""

import asyncio
import contextlib
import os
import secrets
import socket
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography import x509

from mixminus.base.errors import MixminusError
from mixminus.base.settings import PortRange, Settings, Trunk
from mixminus.cli.doctor import trunk_findings as findings
from mixminus.cli.doctor.findings import Finding, Health
from mixminus.sip.agent import SipAgent
from mixminus.sip.contract import Address, Credentials, DialogKey, Question, Replied, SipEvent
from mixminus.sip.io.configured import means, sip_tls
from mixminus.sip.io.dns_client import DnsClient
from mixminus.sip.io.listener import SipListener
from mixminus.sip.io.resolver import Resolver
from mixminus.sip.io.tls import Tls, WrongCertificate, reason
from mixminus.sip.messages.uri import AddressError, bracketed, sip_uri
from mixminus.sip.settings import SipSettings

SILENCE_S: Final = 8.0
TLS_S: Final = 5.0
PORTS_TRIED: Final = 16
MOST_PLACES: Final = 6
"""Behind one name."""


async def look_at_trunk(settings: Settings, name: str) -> AsyncIterator[Finding]:
    """All its gateways, then what is ours. Raises `MixminusError` for a trunk that nobody declared."""
    trunk = next((trunk for trunk in settings.trunks if trunk.name == name), None)
    if trunk is None:
        names = ", ".join(trunk.name for trunk in settings.trunks) or "none; name the file with --config"
        raise MixminusError(f"there is no trunk {name!r} in the settings; there are: {names}")
    for door in trunk.doors:
        async for finding in _look_at_gateway(settings, trunk, door.uri):
            yield finding
    yield await asyncio.to_thread(_look_at_media, settings.rtp)


async def _look_at_gateway(settings: Settings, trunk: Trunk, uri: str) -> AsyncIterator[Finding]:
    ask = DnsClient(settings.nameservers).ask
    resolver = Resolver(time.monotonic, secrets.randbelow, ask, means(settings))
    try:
        places = await resolver.locate(uri)
    except AddressError as error:
        yield findings.place(uri, None, str(error))
        return
    finally:
        resolver.close()
    for place in places[:MOST_PLACES]:
        yield findings.place(uri, place)
        async for finding in _look_at_place(settings, trunk, uri, place):
            yield finding


async def _look_at_place(settings: Settings, trunk: Trunk, uri: str, place: Address) -> AsyncIterator[Finding]:
    if (unreachable := findings.our_address(settings.sip.host, place.host)) is not None:
        yield unreachable
        return
    tls = sip_tls(settings, (), datetime.now(UTC))
    if place.transport.is_secure:
        certificate = await asyncio.to_thread(_look_at_certificate, place, tls)
        yield certificate
        if certificate.health is Health.BAD:
            return  # nothing else is said over such a connection
    async with _asking(settings, tls) as ask:
        answer, took_s = await ask.options(uri, place)
        yield findings.options(answer.status, took_s)
        if answer.headers:
            yield findings.nat(_header(answer, "Via"), ask.address, settings.rtp.host)
            for finding in (
                findings.clock(_header(answer, "Date"), datetime.now(UTC)),
                findings.codecs(answer.body, settings.codecs),
            ):
                if finding is not None:
                    yield finding
        if trunk.register and answer.headers:
            bindings = await ask.who_is_registered(trunk, place)
            yield findings.registration(bindings.status, sum(name == "Contact" for name, _ in bindings.headers))


def _header(answer: Replied, name: str) -> str | None:
    return next((value for key, value in answer.headers if key == name), None)


@contextlib.asynccontextmanager
async def _asking(settings: Settings, tls: Tls) -> AsyncIterator["_Asking"]:
    """An agent of our own beside a node that may run: on the host of its SIP address, at another port."""
    waiting: dict[DialogKey, asyncio.Future[Replied]] = {}

    def heard(event: SipEvent) -> None:
        if isinstance(event, Replied) and (future := waiting.get(event.question)) is not None and not future.done():
            future.set_result(event)

    agent = SipAgent(SipSettings(host=settings.sip.host), os.urandom)
    listener = await SipListener.start(settings.sip.host, 0, agent, heard, tls=tls)
    try:
        yield _Asking(listener, waiting)
    finally:
        await listener.stop()


@dataclass(frozen=True, slots=True)
class _Asking:
    listener: SipListener
    waiting: dict[DialogKey, asyncio.Future[Replied]]

    @property
    def address(self) -> tuple[str, int]:
        return self.listener.address

    async def options(self, uri: str, place: Address) -> tuple[Replied, float]:
        """What it meets, and after how many seconds."""
        us = sip_uri("doctor", *self.address)
        asked_at = time.monotonic()
        answer = await self._ask("OPTIONS", uri, place, us, uri, None)
        return answer, time.monotonic() - asked_at

    async def who_is_registered(self, trunk: Trunk, place: Address) -> Replied:
        """A REGISTER without a Contact."""
        host = place.name or place.host
        us = sip_uri(trunk.username or "", trunk.domain or host)
        registrar = f"sip:{bracketed(host)}:{place.port};transport={place.transport}"
        return await self._ask(
            "REGISTER", registrar, place, us, us, Credentials(trunk.username or "", trunk.password or "")
        )

    async def _ask(
        self, method: str, target: str, place: Address, from_uri: str, to_uri: str, who: Credentials | None
    ) -> Replied:
        key = DialogKey(os.urandom(8).hex())
        future: asyncio.Future[Replied] = asyncio.get_running_loop().create_future()
        self.waiting[key] = future
        question = Question(key, method, target, place, from_uri, to_uri, os.urandom(8).hex(), 1, (), who, SILENCE_S)
        self.listener.pump.command(lambda now: self.listener.agent.ask(question, now))
        return await future


def _look_at_certificate(place: Address, tls: Tls) -> Finding:
    """As calls over the trunk judge it: by its `tls_roots` and `tls_verify`, and by the name in its URI."""
    now = datetime.now(UTC)
    try:
        with (
            socket.create_connection((place.host, place.port), TLS_S) as raw,
            tls.client(place).wrap_socket(raw, server_hostname=place.name or place.host) as secure,
        ):
            tls.check(place, secure)
            shown = secure.getpeercert(binary_form=True) or b""
    except ssl.SSLError as error:
        return findings.certificate("", None, now, reason(error))
    except WrongCertificate as error:
        return findings.certificate("", None, now, str(error))
    except TimeoutError:
        return findings.no_connection(f"nobody speaks TLS there within {TLS_S:g} s")
    except OSError as error:
        return findings.no_connection(reason(error))
    certificate = x509.load_der_x509_certificate(shown)
    subject = certificate.subject.rfc4514_string() or place.name
    if not tls.verifies(place):
        return findings.any_certificate(subject)
    return findings.certificate(subject, certificate.not_valid_after_utc, now)


def _look_at_media(rtp: PortRange) -> Finding:
    """Bind some ports of the range, and send each a packet."""
    ports = [port for port in range(rtp.low, rtp.high + 1) if port % 2 == 0]
    sample = ports[:: max(1, len(ports) // PORTS_TRIED)]
    taken = seen = 0
    for port in sample:
        try:
            seen += _takes_a_packet(rtp.host, port)
        except OSError:
            taken += 1
    return findings.media_ports(rtp.host, len(sample), taken, seen)


def _takes_a_packet(host: str, port: int) -> bool:
    """Raises OSError: it cannot be bound."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as here, socket.socket(family, socket.SOCK_DGRAM) as there:
        here.bind((host, port))
        here.settimeout(0.2)
        with contextlib.suppress(OSError):
            there.sendto(b"mixminus", (host, port))
            return here.recv(16) == b"mixminus"
    return False
