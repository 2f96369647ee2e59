"""Puts an agent on the network: UDP and TCP on one port."""

import asyncio
from collections.abc import Callable
from typing import Final

from mixminus.sip.agent import SipAgent
from mixminus.sip.contract import SipEvent, Transmit, Transport
from mixminus.sip.io.pump import SipPump
from mixminus.sip.io.tcp import TcpConnections
from mixminus.sip.io.udp import UdpEndpoint
from mixminus.sip.trace import SipTrace

PORT_ATTEMPTS: Final = 32
"""With port 0: how many free UDP ports are tried until one is free for TCP too."""

WILDCARDS: Final = ("0.0.0.0", "::")


class SipListener:
    """The sockets of one agent, and its pump. Command the agent through `pump.command`."""

    def __init__(self, pump: SipPump, udp: UdpEndpoint, tcp: TcpConnections, server: asyncio.Server) -> None:
        self.pump = pump
        self._udp = udp
        self._tcp = tcp
        self._server = server
        self.address: tuple[str, int] = server.sockets[0].getsockname()[:2]

    @classmethod
    async def start(
        cls,
        host: str,
        port: int,
        agent: SipAgent,
        on_event: Callable[[SipEvent], None],
        trace: SipTrace | None = None,
    ) -> "SipListener":
        """Bind both transports and tell the agent its address. Raises OSError: taken, or not ours.

        Bound to every interface, the agent keeps the host of its settings: 0.0.0.0 is no name to be called by.
        """
        loop = asyncio.get_running_loop()

        def send(transmit: Transmit) -> None:
            (udp if transmit.to.transport is Transport.UDP else tcp).send(transmit)

        pump = SipPump(agent, loop.time, loop, send, on_event, trace)
        tcp = TcpConnections(pump.receive, pump.connection_lost)
        udp, server = await _bind(host, port, pump, tcp)
        listener = cls(pump, udp, tcp, server)
        bound_host, bound_port = listener.address
        agent.bound(agent.settings.host if bound_host in WILDCARDS else bound_host, bound_port)
        return listener

    async def stop(self) -> None:
        """Close every socket. Calls that are up are not ended: hang them up before."""
        self.pump.close()
        self._server.close()
        self._tcp.close()
        self._udp.close()
        await asyncio.sleep(0)


async def _bind(host: str, port: int, pump: SipPump, tcp: TcpConnections) -> tuple[UdpEndpoint, asyncio.Server]:
    loop = asyncio.get_running_loop()
    for attempts_left in reversed(range(PORT_ATTEMPTS if port == 0 else 1)):
        transport, udp = await loop.create_datagram_endpoint(
            lambda: UdpEndpoint(pump.receive), local_addr=(host, port)
        )
        bound_port = transport.get_extra_info("sockname")[1]
        try:
            return udp, await loop.create_server(tcp.accept, host, bound_port)
        except OSError:
            transport.close()
            if not attempts_left:
                raise
    raise AssertionError("unreachable")
