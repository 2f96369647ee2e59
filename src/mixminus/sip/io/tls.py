"""TLS: our certificate, and what we ask of those whom we connect to."""

import re
import ssl
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog

from mixminus.base.errors import MixminusError
from mixminus.sip.contract import Address
from mixminus.sip.trust.certificates import is_for

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.sip")

MOST_NAMES: Final = 1024


class BadCertificate(MixminusError):
    """A file of a certificate, a key or roots cannot be used."""


class WrongCertificate(MixminusError):
    """The far end proved to be somebody else."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Files with a certificate, its chain behind it, and its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Trust:
    """What is asked of a trunk's certificate. Without roots of its own, the system's are taken."""

    verifies: bool = True
    roots: Path | None = None


class Tls:
    """*trust* is by domain, as trunks name it. Raises `BadCertificate`, at once, for files that cannot be used."""

    def __init__(self, own: Identity | None = None, trust: Mapping[str, Trust] | None = None) -> None:
        self._own = own
        self._trust = {domain.lower(): each for domain, each in (trust or {}).items()}
        self._contexts: dict[Trust, ssl.SSLContext] = {}
        self._names: OrderedDict[str, str] = OrderedDict()
        self._server = _serving()
        self._loaded_at: tuple[int, ...] = ()
        if own is not None:
            self._load(own)
        for each in self._trust.values():
            self._context(each)

    @property
    def server(self) -> ssl.SSLContext:
        """For a connection that came in. A certificate that was renewed is shown from now on."""
        if self._own is not None and self._loaded_at != _written_at(self._own):
            try:
                self._load(self._own)
            except BadCertificate as error:
                log.warning("the certificate for SIP stays what it was", reason=str(error))
        return self._server

    def _load(self, own: Identity) -> None:
        self._loaded_at = _written_at(own)
        context = _serving()  # a new one: half of a renewal must not spoil what works
        try:
            context.load_cert_chain(own.certificate, own.key)
        except (OSError, ValueError) as error:
            raise BadCertificate(f"{own.certificate} and {own.key} cannot be used: {reason(error)}.") from error
        self._server = context

    def client(self, to: Address) -> ssl.SSLContext:
        """For a connection to *to*."""
        if to.name:
            self._names[to.host] = to.name
            self._names.move_to_end(to.host)
            if len(self._names) > MOST_NAMES:
                self._names.popitem(last=False)
        return self._context(self._trusted(to))

    def check(self, to: Address, connection: Any) -> None:
        """Whether who answered is who was asked for (RFC 5922 7.3). Raises `WrongCertificate`."""
        certificate = connection.getpeercert() if connection is not None else None
        if self._trusted(to).verifies and not is_for(certificate or {}, self._domain(to)):
            raise WrongCertificate(f"the certificate is not one of {self._domain(to)}")

    def verifies(self, to: Address) -> bool:
        """Whether anything is asked of the certificate of *to*."""
        return self._trusted(to).verifies

    def complain(self, to: Address, error: Exception) -> None:
        log.warning("no TLS connection", to=f"{self._domain(to)} ({to.host}:{to.port})", reason=str(error))

    def _domain(self, to: Address) -> str:
        """What was asked for; for a dialog that only knows the address, what was asked for before."""
        return to.name or self._names.get(to.host, to.host)

    def _trusted(self, to: Address) -> Trust:
        return self._trust.get(self._domain(to).lower(), Trust())

    def _context(self, trust: Trust) -> ssl.SSLContext:
        if (known := self._contexts.get(trust)) is not None:
            return known
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = False  # `check` knows SIP's rules
        if not trust.verifies:
            context.verify_mode = ssl.CERT_NONE
        elif trust.roots is None:
            context.load_default_certs()
        else:
            try:
                context.load_verify_locations(trust.roots)
            except (OSError, ValueError) as error:
                raise BadCertificate(f"{trust.roots} cannot be used: {reason(error)}.") from error
        self._contexts[trust] = context
        return context


def reason(error: OSError | ValueError) -> str:
    """Without the place in OpenSSL's source, and without the file, which whoever tells it names."""
    return re.sub(r" \(_ssl\.c:[0-9]+\)", "", getattr(error, "strerror", None) or str(error))


def _serving() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _written_at(identity: Identity) -> tuple[int, ...]:
    """When the files were last written; empty while they are not there."""
    try:
        return identity.certificate.stat().st_mtime_ns, identity.key.stat().st_mtime_ns
    except OSError:
        return ()
