"""TLS: our certificate, and what we ask of those whom we connect to."""

import ssl
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import structlog

from mixminus.base.errors import MixminusError
from mixminus.sip.certificates import is_for
from mixminus.sip.contract import Address

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
        if own is not None:
            _ = self.server
        for each in self._trust.values():
            self._context(each)

    @cached_property
    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self._own is not None:
            try:
                context.load_cert_chain(self._own.certificate, self._own.key)
            except (OSError, ValueError) as error:
                raise BadCertificate(
                    f"{self._own.certificate} and {self._own.key} cannot be used: {error}"
                ) from error
        return context

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
        if self._trusted(to).verifies and not is_for(connection.getpeercert() or {}, self._domain(to)):
            raise WrongCertificate(f"the certificate is not one of {self._domain(to)}")

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
                raise BadCertificate(f"{trust.roots} cannot be used: {error}") from error
        self._contexts[trust] = context
        return context
