"""Keys of SRTP in SDP: `a=crypto` (RFC 4568), with AES-GCM (RFC 7714 section 14).

What we cannot do makes one attribute unusable, not the stream: whoever offers several wants us to take another one.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from mixminus.sdp.description import Stream

KEY_AND_SALT_BYTES: Final = {
    "AEAD_AES_256_GCM": 32 + 12,
    "AEAD_AES_128_GCM": 16 + 12,
    "AES_CM_128_HMAC_SHA1_80": 16 + 14,
    "AES_CM_128_HMAC_SHA1_32": 16 + 14,
}
"""The suites that we have, strongest first: so they are offered. An answer of ours follows the offer's order."""

_CRYPTO: Final = re.compile(
    r"(?P<tag>0|[1-9][0-9]{0,8}) +(?P<suite>[A-Za-z0-9_]{1,64}) +"
    r"inline:(?P<key>[A-Za-z0-9+/]{16,88}={0,2})(?:\|(?P<lifetime>(?:2\^)?[0-9]{1,15}))?"
    r"(?P<parameters>(?: +\S+){0,16}) *"
)
"""One key without an MKI: several keys need one (RFC 4568 6.1), and we write and look for none in packets."""

_LONGEST_LIFE: Final = 1 << 48
"""Packets under one master key, of SRTP (RFC 3711 9.2): at 50 a second, more than any call has."""

_HARMLESS: Final = re.compile(r"WSH=[0-9]{1,5}|-\S+", re.IGNORECASE)
"""The size of a window is a hint, and what begins with a hyphen may be ignored (RFC 4568 6.3.7, 6.3.6). Each other
parameter has packets secured differently, or not at all."""


@dataclass(frozen=True, slots=True)
class Crypto:
    """One `a=crypto`. Master key and master salt are one behind the other."""

    tag: int
    suite: str
    key: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """The value of the attribute. Never to be logged."""
        return f"{self.tag} {self.suite} inline:{base64.b64encode(self.key).decode()}"


@dataclass(frozen=True, slots=True)
class AgreedKeys:
    """One suite, and what either side's packets are secured with."""

    suite: str
    ours: bytes = field(repr=False)
    theirs: bytes = field(repr=False)


def offered_keys(material: bytes) -> tuple[Crypto, ...]:
    """A key for each suite, cut from *material*: `OFFERED_BYTES` random ones."""
    keys, begin = [], 0
    for tag, (suite, size) in enumerate(KEY_AND_SALT_BYTES.items(), 1):
        keys.append(Crypto(tag, suite, material[begin : begin + size]))
        begin += size
    assert len(material) == begin, "not as many bytes as the suites need"
    return tuple(keys)


OFFERED_BYTES: Final = sum(KEY_AND_SALT_BYTES.values())


def cryptos_of(stream: Stream) -> list[Crypto]:
    """Those of a stream that we can do, in its order; of several with one tag only the first."""
    found = (_crypto(value) for value in stream.values("crypto"))
    return list({crypto.tag: crypto for crypto in reversed([each for each in found if each])}.values())[::-1]


def accepted(stream: Stream, ours: Iterable[Crypto]) -> tuple[Crypto, AgreedKeys] | None:
    """The first of an offer's keys whose suite we have, as the attribute of our answer and what it leads to.

    The answer has the offer's tag (RFC 4568 5.1.2).
    """
    own = {crypto.suite: crypto.key for crypto in ours}
    for theirs in cryptos_of(stream):
        if theirs.suite in own:
            key = own[theirs.suite]
            return Crypto(theirs.tag, theirs.suite, key), AgreedKeys(theirs.suite, key, theirs.key)
    return None


def answered(stream: Stream, ours: Iterable[Crypto]) -> AgreedKeys | None:
    """What an answer chose of *ours*: tag and suite must be those of one that we offered (RFC 4568 5.1.3)."""
    offered = {(crypto.tag, crypto.suite): crypto.key for crypto in ours}
    for theirs in cryptos_of(stream):
        if (key := offered.get((theirs.tag, theirs.suite))) is not None:
            return AgreedKeys(theirs.suite, key, theirs.key)
    return None


def _crypto(value: str) -> Crypto | None:
    match = _CRYPTO.fullmatch(value)
    if match is None or not _alive(match["lifetime"]):
        return None
    if not all(_HARMLESS.fullmatch(parameter) for parameter in match["parameters"].split()):
        return None
    suite = match["suite"].upper()
    try:
        key = base64.b64decode(match["key"], validate=True)
    except binascii.Error:
        return None
    return Crypto(int(match["tag"]), suite, key) if len(key) == KEY_AND_SALT_BYTES.get(suite) else None


def _alive(lifetime: str | None) -> bool:
    """Whether a key's life is one that a key can have (RFC 4568 6.1). Who gave it renews it in time."""
    if lifetime is None:
        return True
    power, _, number = lifetime.rpartition("^")
    packets = 1 << min(int(number), 64) if power else int(number)
    return 0 < packets <= _LONGEST_LIFE
