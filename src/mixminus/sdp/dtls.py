"""What SDP says of DTLS-SRTP: whose certificate it is, and who begins (RFC 5763, RFC 8122, RFC 8842)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mixminus.sdp.description import Attributes, Description, Stream

HASH_BYTES: Final = {"sha-512": 64, "sha-384": 48, "sha-256": 32, "sha-224": 28, "sha-1": 20}
"""Strongest first; the older ones must not be used (RFC 8122 section 5)."""

_FINGERPRINT: Final = re.compile(
    r"(?P<hash>[A-Za-z0-9-]{1,16}) +(?P<digest>[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){15,63}) *"
)


class Setup(StrEnum):
    """Who opens the association (RFC 4145 section 4)."""

    ACTIVE = "active"
    PASSIVE = "passive"
    ACTPASS = "actpass"
    """Either: what offers say (RFC 5763 section 5)."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    hash_name: str
    """In lower case: `sha-256`."""
    digest: bytes

    @property
    def text(self) -> str:
        """The value of the attribute."""
        return f"{self.hash_name} {self.digest.hex(':').upper()}"


@dataclass(frozen=True, slots=True)
class DtlsEnd:
    """One side of a handshake.

    Ours says `actpass` until a role is agreed on, and that role from then on (RFC 8842 section 5).
    """

    fingerprint: Fingerprint
    setup: Setup = Setup.ACTPASS

    @property
    def attributes(self) -> Attributes:
        return (("fingerprint", self.fingerprint.text), ("setup", self.setup.value))


@dataclass(frozen=True, slots=True)
class AgreedDtls:
    """The handshake to be made."""

    is_client: bool
    """We begin."""
    fingerprint: Fingerprint
    """Of their certificate."""

    @property
    def setup(self) -> Setup:
        """Our part in it."""
        return Setup.ACTIVE if self.is_client else Setup.PASSIVE


def dtls_of(description: Description, stream: Stream, *, unsaid: Setup) -> DtlsEnd | None:
    """What a stream says, or the session for it, by the strongest hash that we know; None: nothing usable.

    A side that does not say who begins means *unsaid* (RFC 4145 4.1).
    """
    found = [_fingerprint(value) for value in description.values(stream, "fingerprint")]
    known = sorted((each for each in found if each is not None), key=lambda each: -len(each.digest))
    said = (description.value(stream, "setup") or unsaid.value).lower()
    if not known or said not in Setup.__members__.values():
        return None
    return DtlsEnd(known[0], Setup(said))


def accepted_role(theirs: DtlsEnd, ours: DtlsEnd) -> AgreedDtls:
    """Our part when they offer: the one that they leave us; where either will do, the one we have, else passive."""
    is_client = theirs.setup is Setup.PASSIVE or (theirs.setup is Setup.ACTPASS and ours.setup is Setup.ACTIVE)
    return AgreedDtls(is_client, theirs.fingerprint)


def answered_role(theirs: DtlsEnd) -> AgreedDtls:
    """Our part when they answer."""
    return AgreedDtls(theirs.setup is Setup.PASSIVE, theirs.fingerprint)


def _fingerprint(value: str) -> Fingerprint | None:
    match = _FINGERPRINT.fullmatch(value)
    if match is None:
        return None
    name, digest = match["hash"].lower(), bytes.fromhex(match["digest"].replace(":", ""))
    return Fingerprint(name, digest) if len(digest) == HASH_BYTES.get(name) else None
