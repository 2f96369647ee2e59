"""Where packets come from and go to, between the system's form and ours.

Ours is one number, so that it is compared, kept and copied like any other. An IPv4 address is `address << 16 | port`.
An IPv6 address does not fit: it is `SIX | hash << 16 | port`, and the table `FarHosts` of the leg says what the hash
stands for. The hash is keyed at random, so nobody can choose an address that is taken for another.
"""

from typing import Any, Final

import numpy as np

from mixminus.audio.compiled import kernel
from mixminus.media.address_state import FAR_HOSTS, HOST_BYTES, SIX, FarHosts
from mixminus.media.kernels.copying import copy
from mixminus.media.state import U8, Line

AF_UNSPEC: Final = 0
AF_INET: Final = 2
AF_INET6: Final = 10
ADDRESS_BYTES: Final = 28
"""Of `sockaddr_in6` (ipv6(7)): family, port, flow, address, scope. `sockaddr_in` is shorter and has no flow."""
NOBODY: Final = 0

PORT_BITS: Final = 16
_HASH_SHIFT: Final = 18
"""What is left is 46 bits, the upper ones, which depend on all of the address."""


@kernel
def hash_of(far: FarHosts, host: Any) -> int:
    """Of an IPv6 address and its scope, as they are in `sockaddr_in6`: a sum of products with random odd numbers."""
    total = far.secret[0]
    for i in range(HOST_BYTES):
        total += far.secret[1 + i] * host[i]
    return int(total >> np.uint64(_HASH_SHIFT))


@kernel
def is_mapped(host: Any) -> bool:
    """Whether it is an IPv4 address in the clothes of an IPv6 one (RFC 4291 section 2.5.5.2)."""
    for i in range(10):
        if host[i] != 0:
            return False
    return bool(host[10] == 0xFF and host[11] == 0xFF)


@kernel
def remember(far: FarHosts, line: Line, slot: int, host: Any) -> int:
    """Keep an IPv6 address among the leg's latest ones. Returns its number, without a port.

    Those that are in use stay; a flood of others takes turns with the rest of the table.
    """
    key = SIX >> PORT_BITS | hash_of(far, host)
    for n in range(FAR_HOSTS):
        if far.key[slot, n] == key:
            return key
    at = int(far.next[slot])
    for _ in range(FAR_HOSTS):
        held = far.key[slot, at]
        if held == 0 or (held != line.remote[slot] >> PORT_BITS and held != line.announced[slot] >> PORT_BITS):
            break
        at = (at + 1) % FAR_HOSTS
    far.key[slot, at] = key
    far.next[slot] = (at + 1) % FAR_HOSTS
    copy(far.host[slot, at], host)
    return key


@kernel
def read_address(address: U8, is_six: bool, far: FarHosts, line: Line, slot: int) -> int:
    """What the system found, as a number."""
    port = int(address[2]) << 8 | int(address[3])
    host, key = 4, 0
    if is_six:
        if not is_mapped(address[8 : 8 + HOST_BYTES]):
            return remember(far, line, slot, address[8 : 8 + HOST_BYTES]) << PORT_BITS | port
        host = 20
    for i in range(4):
        key = key << 8 | int(address[host + i])
    return key << PORT_BITS | port


@kernel
def write_address(address: U8, key: int, is_six: bool, far: FarHosts, slot: int) -> bool:
    """For the system; nobody's dissolves a connection (connect(2)). False: it cannot be reached from that socket."""
    address[:] = 0
    address[0] = AF_UNSPEC if key == NOBODY else AF_INET6 if is_six else AF_INET  # in the host's order: little-endian
    address[2], address[3] = (key >> 8) & 0xFF, key & 0xFF
    host = 4
    if key >= SIX:
        if not is_six:
            return False
        for n in range(FAR_HOSTS):
            if far.key[slot, n] == key >> PORT_BITS:
                copy(address[8 : 8 + HOST_BYTES], far.host[slot, n])
                return True
        return False
    if is_six and key != NOBODY:
        address[18], address[19], host = 0xFF, 0xFF, 20
    for i in range(4):
        address[host + i] = (key >> (40 - 8 * i)) & 0xFF
    return True
