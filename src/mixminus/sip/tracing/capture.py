"""Messages as a capture file that every analyser reads: classic pcap, raw IP (LINKTYPE_RAW, draft-ietf-opsawg-pcap).

What went over a stream is written as a datagram, too: the ring keeps messages, not segments, and what was encrypted
is in the clear here (without its secrets, see `redaction`). The `Via` of each message tells how it really travelled.
"""

from collections.abc import Iterable
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from struct import pack
from typing import Final

from mixminus.sip.contract import Address
from mixminus.sip.tracing.trace import Traced, Way

MAGIC: Final = 0xA1B2C3D4
LINKTYPE_RAW: Final = 101
UDP: Final = 17
MOST: Final = 65_535 - 40 - 8

_FILE_HEADER: Final = pack("<IHHiIII", MAGIC, 2, 4, 0, 0, 65_535, LINKTYPE_RAW)


def capture(messages: Iterable[Traced], us: tuple[str, int], began: datetime, now: float) -> bytes:
    """A capture of *messages*. We are at *us*; the agent's time *now* was *began* on the wall clock."""
    zero = began.timestamp() - now
    return _FILE_HEADER + b"".join(_record(message, us, zero + message.at) for message in messages)


def _record(message: Traced, us: tuple[str, int], at: float) -> bytes:
    if (listener := message.far.by) is not None:
        us = (listener.host, listener.port)
    ours, theirs = (ip_address(us[0]), us[1]), (_ip(message.far), message.far.port)
    source, to = (theirs, ours) if message.way is Way.IN else (ours, theirs)
    packet = _packet(source, to, message.data[:MOST])
    microseconds = round(at * 1e6)
    return pack("<IIII", *divmod(microseconds, 1_000_000), len(packet), len(packet)) + packet


Ip = IPv4Address | IPv6Address


def _ip(address: Address) -> Ip:
    """Connections that we could not open yet may be known by a name; it is no address."""
    try:
        return ip_address(address.host)
    except ValueError:
        return IPv4Address(0)


def _packet(source: tuple[Ip, int], to: tuple[Ip, int], data: bytes) -> bytes:
    """RFC 768 in RFC 791 or RFC 8200. Where one end has an IPv4 address and the other one does not, it is mapped."""
    (from_ip, from_port), (to_ip, to_port) = source, to
    udp_length = 8 + len(data)
    if isinstance(from_ip, IPv4Address) and isinstance(to_ip, IPv4Address):
        length = 20 + udp_length
        header = pack(">BBHHHBBH", 0x45, 0, length, 0, 0, 64, UDP, 0) + from_ip.packed + to_ip.packed
        header = header[:10] + pack(">H", _checksum(header)) + header[12:]
        checksum = 0  # "no checksum" (RFC 768)
    else:
        ends = _ipv6(from_ip).packed + _ipv6(to_ip).packed
        header = pack(">IHBB", 0x60000000, udp_length, UDP, 64) + ends
        pseudo = ends + pack(">II", udp_length, UDP) + pack(">HHHH", from_port, to_port, udp_length, 0) + data
        checksum = _checksum(pseudo) or 0xFFFF  # RFC 8200 8.1
    return header + pack(">HHHH", from_port, to_port, udp_length, checksum) + data


def _ipv6(address: Ip) -> IPv6Address:
    return address if isinstance(address, IPv6Address) else IPv6Address(f"::ffff:{address}")


def _checksum(data: bytes) -> int:
    """The internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total = sum(int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
