"""Host names to addresses."""

import asyncio
import socket
from dataclasses import replace

from mixminus.sip.contract import Address, Transport


async def resolve(address: Address) -> Address:
    """The same place with an IP address for a host, IPv4 if there is a choice. Raises OSError: nobody by that name.

    A and AAAA records only; NAPTR and SRV (RFC 3263) come with carrier-grade trunks.
    """
    kind = socket.SOCK_DGRAM if address.transport is Transport.UDP else socket.SOCK_STREAM
    found = await asyncio.get_running_loop().getaddrinfo(address.host, address.port, type=kind)
    found.sort(key=lambda info: info[0] is not socket.AF_INET)
    return replace(address, host=str(found[0][4][0]), name=address.name or address.host)
