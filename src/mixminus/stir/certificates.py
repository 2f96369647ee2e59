"""Certificates by their URLs: fetched once, kept for a while, and never from where they cannot honestly be."""

import ipaddress
import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from mixminus.base.errors import MixminusError

MAX_BYTES: Final = 65_536
MAX_KEPT: Final = 1_000
KEPT_S: Final = 3_600.0
"""Where the server does not say; carriers say a day, as a rule."""
MAX_KEPT_S: Final = 86_400.0
FAILURE_KEPT_S: Final = 30.0
"""A server that is down is not asked again for each call."""
PORTS: Final = frozenset({443, 8443})
"""ATIS-1000074 allows these."""


class NoCertificate(MixminusError):
    """It could not be had."""


def check_url(url: str, *, private: bool) -> None:
    """Raises `NoCertificate` for what must not be fetched because a stranger says so: anything but https on its
    usual ports, and (unless *private*) addresses that are not everybody's.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
    except ValueError as error:
        raise NoCertificate("the certificate's URL is none") from error
    if parts.scheme != "https" or not host or parts.username is not None or not url.isprintable():
        raise NoCertificate("certificates are fetched by https alone")
    if not private and (port not in PORTS or not may_be_asked(host)):
        raise NoCertificate("the certificate is at no public address")


def may_be_asked(host: str) -> bool:
    """Whether a host is a name, or an address that is reachable for everybody (no SSRF into our own network)."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return not re.fullmatch(r"[0-9.]+|0x[0-9a-f.x]+", host, re.IGNORECASE)  # other spellings of addresses
    if isinstance(address, ipaddress.IPv6Address) and (address.ipv4_mapped or address.sixtofour or address.teredo):
        return False
    return address.is_global and not address.is_multicast


def kept_s(cache_control: str | None) -> float:
    """How long an answer may be kept (RFC 9111 5.2.2)."""
    words = (cache_control or "").lower()
    if "no-store" in words or "no-cache" in words:
        return 0.0
    found = re.search(r"max-age\s*=\s*\"?([0-9]{1,9})", words)
    return min(MAX_KEPT_S, float(found[1])) if found else KEPT_S


@dataclass(frozen=True, slots=True)
class _Kept:
    chain: bytes | None
    until: float


class CertificateCache:
    """What URLs gave; None: nothing usable, lately."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, url: str, now: float) -> bytes | None:
        """The chain; None: it has to be fetched. Raises `NoCertificate`: that failed lately."""
        kept = self._kept.get(url)
        if kept is None or now >= kept.until:
            return None
        if kept.chain is None:
            raise NoCertificate("the certificate could not be fetched lately")
        return kept.chain

    def keep(self, url: str, chain: bytes, seconds: float, now: float) -> None:
        self._put(url, _Kept(chain, now + seconds))

    def failed(self, url: str, now: float) -> None:
        self._put(url, _Kept(None, now + FAILURE_KEPT_S))

    def _put(self, url: str, kept: _Kept) -> None:
        self._kept[url] = kept
        self._kept.move_to_end(url)
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
