"""STUN messages: bytes to values and back (RFC 8489), with what ICE adds to them (RFC 8445 section 16).

Spoken by browsers on media ports, and by phones behind NAT on the port of SIP.
"""

import hmac
import ipaddress
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Self

from mixminus.base.errors import MixminusError

MAGIC_COOKIE: Final = 0x2112A442
HEADER_BYTES: Final = 20
LONGEST_MESSAGE: Final = 1500
"""A STUN message over UDP fits into a datagram that nobody fragments (RFC 8489 section 6.1)."""

BINDING: Final = 0x001

COMPREHENSION_OPTIONAL: Final = 0x8000
"""Attributes from here on may be skipped by whoever does not know them (RFC 8489 section 14)."""

_HEADER: Final = struct.Struct("!HHI12s")
_ATTRIBUTE: Final = struct.Struct("!HH")
_INTEGRITY_BYTES: Final = 20
_FINGERPRINT_BYTES: Final = 4
_FINGERPRINT_XOR: Final = 0x5354554E
_FAMILIES: Final = {4: 1, 6: 2}
"""By the version of IP (RFC 8489 section 14.1)."""
_REASON_BYTES: Final = 763

Address = tuple[str, int]
Attributes = tuple[tuple[int, bytes], ...]
"""Types and values, without padding."""


class StunError(MixminusError):
    """These bytes are not a STUN message, or an attribute does not have the form of its type."""


class Class(IntEnum):
    """The two bits within a message's type that say what it is for (RFC 8489 section 5)."""

    REQUEST = 0b00
    INDICATION = 0b01
    SUCCESS = 0b10
    ERROR = 0b11


class Attribute(IntEnum):
    """RFC 8489 section 18.3, RFC 8445 section 16.1."""

    MAPPED_ADDRESS = 0x0001
    USERNAME = 0x0006
    MESSAGE_INTEGRITY = 0x0008
    ERROR_CODE = 0x0009
    UNKNOWN_ATTRIBUTES = 0x000A
    MESSAGE_INTEGRITY_SHA256 = 0x001C
    XOR_MAPPED_ADDRESS = 0x0020
    PRIORITY = 0x0024
    USE_CANDIDATE = 0x0025
    SOFTWARE = 0x8022
    FINGERPRINT = 0x8028
    ICE_CONTROLLED = 0x8029
    ICE_CONTROLLING = 0x802A


_BEHIND_INTEGRITY: Final = (Attribute.FINGERPRINT, Attribute.MESSAGE_INTEGRITY_SHA256)


@dataclass(frozen=True, slots=True)
class StunMessage:
    """One message. What secures it is not among its attributes: see `is_authentic` and `written`."""

    kind: Class
    transaction: bytes
    attributes: Attributes = ()
    method: int = BINDING
    """Below 0x100 (RFC 8489 section 18.2): other first bytes are not STUN's (RFC 7983)."""
    has_integrity: bool = field(default=False, compare=False)
    """It came with a MESSAGE-INTEGRITY, which is another question than whether that is right."""

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a datagram. Raises `StunError`, also when it has a FINGERPRINT that is wrong.

        Attributes behind MESSAGE-INTEGRITY are left out: nothing vouches for them (RFC 8489 section 14.5).
        """
        if not is_stun(data):
            raise StunError("not a STUN message")
        kind, _, _, transaction = _HEADER.unpack_from(data)
        attributes: list[tuple[int, bytes]] = []
        is_secured = False
        for name, value, at in _attributes_of(data):
            if name == Attribute.FINGERPRINT:
                if at + _ATTRIBUTE.size + _FINGERPRINT_BYTES != len(data) or value != _fingerprint(data[:at]):
                    raise StunError("the fingerprint is wrong")
            elif name == Attribute.MESSAGE_INTEGRITY:
                is_secured = True
            elif not is_secured and name not in _BEHIND_INTEGRITY:
                attributes.append((name, value))
        return cls(Class(kind >> 7 & 2 | kind >> 4 & 1), transaction, tuple(attributes), _method_of(kind), is_secured)

    def written(self, key: bytes | None = None) -> bytes:
        """The datagram, with a FINGERPRINT, and with MESSAGE-INTEGRITY when there is a key."""
        data = _HEADER.pack(_type_of(self.kind, self.method), 0, MAGIC_COOKIE, self.transaction)
        data += b"".join(_written(name, value) for name, value in self.attributes)
        if key is not None:
            data = _with_length(data, _ATTRIBUTE.size + _INTEGRITY_BYTES)
            data += _written(Attribute.MESSAGE_INTEGRITY, hmac.digest(key, data, "sha1"))
        data = _with_length(data, _ATTRIBUTE.size + _FINGERPRINT_BYTES)
        return data + _written(Attribute.FINGERPRINT, _fingerprint(data))

    def find(self, name: Attribute) -> bytes | None:
        """The first attribute of that type: later ones do not count (RFC 8489 section 14)."""
        return next((value for each, value in self.attributes if each == name), None)

    def number(self, name: Attribute) -> int | None:
        """PRIORITY, ICE-CONTROLLED or ICE-CONTROLLING. Raises `StunError` when it has another length."""
        value = self.find(name)
        if value is not None and len(value) != (4 if name == Attribute.PRIORITY else 8):
            raise StunError(f"{name.name} has {len(value)} bytes")
        return None if value is None else int.from_bytes(value)

    @property
    def username(self) -> str | None:
        """Raises `StunError` when it is not UTF-8."""
        value = self.find(Attribute.USERNAME)
        try:
            return None if value is None else value.decode()
        except UnicodeDecodeError as error:
            raise StunError("USERNAME is not UTF-8") from error

    @property
    def mapped_address(self) -> Address | None:
        """Where the other side saw us: XOR-MAPPED-ADDRESS. Raises `StunError`."""
        value = self.find(Attribute.XOR_MAPPED_ADDRESS)
        return None if value is None else _address(value, self.transaction)

    @property
    def error_code(self) -> int | None:
        """Raises `StunError` when it is not one of 300 to 699 (RFC 8489 section 14.8)."""
        value = self.find(Attribute.ERROR_CODE)
        if value is None:
            return None
        if len(value) < 4 or not 3 <= value[2] & 7 <= 6 or value[3] > 99:
            raise StunError("ERROR-CODE is not valid")
        return 100 * (value[2] & 7) + value[3]

    def unknown(self, known: Iterable[int]) -> tuple[int, ...]:
        """What its sender wants understood, and is not among these: to be answered with 420."""
        understood = frozenset(known)
        names = (name for name, _ in self.attributes if name < COMPREHENSION_OPTIONAL)
        return tuple(dict.fromkeys(name for name in names if name not in understood))


def is_stun(data: bytes) -> bool:
    """Whether a datagram that may be something else is STUN (RFC 8489 section 5, RFC 7983)."""
    if not HEADER_BYTES <= len(data) <= LONGEST_MESSAGE or data[0] > 3:
        return False
    _, length, cookie, _ = _HEADER.unpack_from(data)
    return bool(cookie == MAGIC_COOKIE and length % 4 == 0 and length == len(data) - HEADER_BYTES)


def is_authentic(data: bytes, key: bytes) -> bool:
    """Whether a message has a MESSAGE-INTEGRITY made with that key. Raises `StunError` when it is no message.

    With short-term credentials, those of ICE, the key is the password (RFC 8489 section 9.1.1).
    """
    if not is_stun(data):
        raise StunError("not a STUN message")
    for name, value, at in _attributes_of(data):
        if name == Attribute.MESSAGE_INTEGRITY:
            # The length in the header, for this sum, is that of a message which ends with this attribute.
            secured = _with_length(data[:at], _ATTRIBUTE.size + _INTEGRITY_BYTES)
            return hmac.compare_digest(value, hmac.digest(key, secured, "sha1"))
    return False


def binding_success(request: StunMessage, source: Address) -> StunMessage:
    """The answer that tells from where a request came. Raises `StunError` when its host is no address."""
    address = xor_mapped_address(source, request.transaction)
    return StunMessage(Class.SUCCESS, request.transaction, (address,), request.method)


def error_response(request: StunMessage, code: int, reason: str, *more: tuple[int, bytes]) -> StunMessage:
    """A refusal (RFC 8489 section 14.8)."""
    words = reason.encode()[:_REASON_BYTES]
    value = struct.pack("!HBB", 0, code // 100, code % 100) + words
    return StunMessage(Class.ERROR, request.transaction, ((Attribute.ERROR_CODE, value), *more), request.method)


def unknown_attributes(names: Iterable[int]) -> tuple[int, bytes]:
    """What goes with 420 (RFC 8489 section 14.9)."""
    return Attribute.UNKNOWN_ATTRIBUTES, b"".join(struct.pack("!H", name) for name in names)


def xor_mapped_address(address: Address, transaction: bytes) -> tuple[int, bytes]:
    """RFC 8489 section 14.2. Raises `StunError` for a host that is no address."""
    try:
        host = ipaddress.ip_address(address[0])
    except ValueError as error:
        raise StunError("not an IP address") from error
    port = address[1] ^ MAGIC_COOKIE >> 16
    value = struct.pack("!BBH", 0, _FAMILIES[host.version], port) + _masked(host.packed, transaction)
    return Attribute.XOR_MAPPED_ADDRESS, value


def _address(value: bytes, transaction: bytes) -> Address:
    if len(value) not in (8, 20):
        raise StunError(f"XOR-MAPPED-ADDRESS has {len(value)} bytes")
    _, family, port = struct.unpack_from("!BBH", value)
    host = ipaddress.ip_address(_masked(value[4:], transaction))
    if family != _FAMILIES[host.version]:
        raise StunError("XOR-MAPPED-ADDRESS is of another family")
    return str(host), port ^ MAGIC_COOKIE >> 16


def _masked(packed: bytes, transaction: bytes) -> bytes:
    mask = MAGIC_COOKIE.to_bytes(4) + transaction
    return bytes(octet ^ other for octet, other in zip(packed, mask, strict=False))


def _attributes_of(data: bytes) -> list[tuple[int, bytes, int]]:
    """Type, value and place of each. Raises `StunError`."""
    found: list[tuple[int, bytes, int]] = []
    at = HEADER_BYTES
    while at < len(data):
        name, length = _ATTRIBUTE.unpack_from(data, at)
        start = at + _ATTRIBUTE.size
        if start + length > len(data):
            raise StunError("an attribute is cut off")
        found.append((name, data[start : start + length], at))
        at = start + length + -length % 4
    return found


def _written(name: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(name, len(value)) + value + bytes(-len(value) % 4)


def _with_length(data: bytes, more: int) -> bytes:
    """The same message, when so many bytes are still to come."""
    return data[:2] + struct.pack("!H", len(data) - HEADER_BYTES + more) + data[4:]


def _fingerprint(data: bytes) -> bytes:
    return struct.pack("!I", zlib.crc32(data) ^ _FINGERPRINT_XOR)


def _type_of(kind: Class, method: int) -> int:
    """The bits of the class stand among those of the method (RFC 8489 section 5, figure 3)."""
    return (method & 0xF80) << 2 | (kind & 2) << 7 | (method & 0x70) << 1 | (kind & 1) << 4 | method & 0xF


def _method_of(kind: int) -> int:
    return kind >> 2 & 0xF80 | kind >> 1 & 0x70 | kind & 0xF
