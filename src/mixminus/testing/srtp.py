"""Secured packets of the phones' own, from RFC 3711 and RFC 7714 alone."""

import hmac
import struct
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

_WINDOW: Final = 64
"""How far back a packet may be that comes late (RFC 3711 3.3.2)."""


@dataclass(frozen=True, slots=True)
class Suite:
    """Sizes in bytes; `tag` is what a packet grows by."""

    name: str
    key: int
    salt: int
    tag: int
    is_gcm: bool = False


SUITES: Final = {
    suite.name: suite
    for suite in (
        Suite("AES_CM_128_HMAC_SHA1_80", 16, 14, 10),
        Suite("AES_CM_128_HMAC_SHA1_32", 16, 14, 4),
        Suite("AEAD_AES_128_GCM", 16, 12, 16, is_gcm=True),
        Suite("AEAD_AES_256_GCM", 32, 12, 16, is_gcm=True),
    )
}


class Bad(Enum):
    """Why a packet was not taken."""

    FORGED = auto()
    REPLAYED = auto()


@dataclass
class Direction:
    """One direction of one stream: a master key, and where its packets' numbers have come to."""

    suite: Suite
    master: bytes = field(repr=False)
    highest: int | None = None
    """The index of the packet that is furthest: rollovers * 65536 + sequence number (RFC 3711 3.3.1)."""
    seen: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        size = self.suite.key
        key, salt = self.master[:size], self.master[size:]
        if len(salt) != self.suite.salt:
            raise ValueError(f"{self.suite.name} has no key of {len(self.master)} bytes")
        self._key = derived(key, salt, 0, size)
        self._authentication = derived(key, salt, 1, 20)
        self._salt = derived(key, salt, 2, self.suite.salt)

    def protect(self, packet: bytes) -> bytes:
        """The packet as it goes out; its sequence numbers have to ascend."""
        index = self._index(packet)
        self.highest = index if self.highest is None else max(self.highest, index)
        start = header_bytes(packet)
        header, payload = packet[:start], packet[start:]
        if self.suite.is_gcm:
            return header + AESGCM(self._key).encrypt(self._gcm_iv(packet, index), payload, header)
        sealed = header + self._counted(packet, index, payload)
        return sealed + self._tag(sealed, index)

    def unprotect(self, packet: bytes) -> bytes | Bad:
        """The packet as it was before it was secured."""
        if len(packet) < 12 + self.suite.tag or len(packet) < header_bytes(packet) + self.suite.tag:
            return Bad.FORGED
        index = self._index(packet)
        if index in self.seen or (self.highest is not None and index <= self.highest - _WINDOW):
            return Bad.REPLAYED
        plain = self._opened(packet, index)
        if plain is None:
            return Bad.FORGED
        self.highest = index if self.highest is None else max(self.highest, index)
        self.seen = {each for each in self.seen if each > self.highest - _WINDOW} | {index}
        return plain

    def _opened(self, packet: bytes, index: int) -> bytes | None:
        start = header_bytes(packet)
        header = packet[:start]
        if self.suite.is_gcm:
            try:
                return header + AESGCM(self._key).decrypt(self._gcm_iv(packet, index), packet[start:], header)
            except InvalidTag:
                return None
        sealed, tag = packet[: -self.suite.tag], packet[-self.suite.tag :]
        if not hmac.compare_digest(tag, self._tag(sealed, index)):
            return None
        return header + self._counted(packet, index, sealed[start:])

    def _index(self, packet: bytes) -> int:
        """The rollover that makes the number come nearest to the furthest one (RFC 3711 appendix A)."""
        sequence = int.from_bytes(packet[2:4])
        if self.highest is None:
            return sequence
        rollovers = self.highest >> 16
        candidates = ((rollovers + turn << 16 | sequence) for turn in (-1, 0, 1) if rollovers + turn >= 0)
        highest = self.highest
        return min(candidates, key=lambda index: abs(index - highest))

    def _counted(self, packet: bytes, index: int, payload: bytes) -> bytes:
        """AES in counter mode (RFC 3711 4.1.1)."""
        ssrc = int.from_bytes(packet[8:12])
        start = int.from_bytes(self._salt) << 16 ^ ssrc << 64 ^ index << 16
        return keystream(self._key, start.to_bytes(16), payload)

    def _gcm_iv(self, packet: bytes, index: int) -> bytes:
        """RFC 7714 8.1."""
        whole = int.from_bytes(b"\0\0" + packet[8:12] + index.to_bytes(6))
        return (whole ^ int.from_bytes(self._salt)).to_bytes(12)

    def _tag(self, sealed: bytes, index: int) -> bytes:
        """RFC 3711 4.2: over the packet and the rollovers."""
        return hmac.digest(self._authentication, sealed + struct.pack("!I", index >> 16), "sha1")[: self.suite.tag]


def derived(key: bytes, salt: bytes, label: int, size: int) -> bytes:
    """A session key (RFC 3711 4.3.1, 4.3.3); salts of 96 bits are filled up on the right (RFC 7714 11)."""
    start = int.from_bytes(salt.ljust(14, b"\0")) ^ label << 48
    return keystream(key, (start << 16).to_bytes(16), bytes(size))


def keystream(key: bytes, start: bytes, data: bytes) -> bytes:
    """*data* with the stream of a counter that begins at *start*."""
    return Cipher(AES(key), CTR(start)).encryptor().update(data)


def header_bytes(packet: bytes) -> int:
    """What stays in the clear: the fixed header, contributing sources, the extension (RFC 3711 3.1)."""
    size = 12 + 4 * (packet[0] & 0x0F)
    if packet[0] & 0x10:
        size += 4 + 4 * int.from_bytes(packet[size + 2 : size + 4])
    return size
