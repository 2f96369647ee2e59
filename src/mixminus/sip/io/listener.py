"""Puts an agent on the network: UDP and TCP on one port, and whatever else it listens on."""

import asyncio
import os
import resource
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from mixminus.sip.agent import SipAgent
from mixminus.sip.contract import Address, Listener, SipEvent, Transmit, Transport
from mixminus.sip.io.pump import SipPump
from mixminus.sip.io.streams import StreamWire
from mixminus.sip.io.tls import Tls
from mixminus.sip.io.udp import UdpWire
from mixminus.sip.io.wire import Ends, Wire, WireCounts
from mixminus.sip.places.names import can_reach, facing
from mixminus.sip.places.networks import is_loopback
from mixminus.sip.tracing.trace import SipTrace
from mixminus.sip.trust.doorman import Doorman

PORT_ATTEMPTS: Final = 32
"""With port 0: how many free UDP ports are tried until one is free for TCP too."""
MAX_CONNECTIONS: Final = 4096
KEEPALIVE_S: Final = 25.0
"""RFC 5626 4.4.1 wants 24 to 30 s where nobody says."""

WILDCARDS: Final = ("0.0.0.0", "::")


class NotBound(OSError):
    """The address of a listener is taken, or not ours."""

    def __init__(self, listener: Listener, error: OSError) -> None:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)
        super().__init__(error.errno, why)
        self.listener = listener


class SipListener:
    """The sockets of one agent, and its pump. Command the agent through `pump.command`."""

    def __init__(
        self,
        agent: SipAgent,
        on_event: Callable[[SipEvent], None],
        trace: SipTrace | None = None,
        tls: Tls | None = None,
        keepalive_s: float = KEEPALIVE_S,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.agent = agent
        self.pump = SipPump(agent, loop.time, loop, self._send, on_event, trace)
        self.counts = WireCounts()
        self.doorman = Doorman(_most_connections(), self._is_at_home)
        self._ends = Ends(self.pump.receive, self.pump.connection_lost)
        self._tls = tls or Tls()
        self._keepalive_s = keepalive_s
        self._wires: list[Wire] = []
        self._outward: dict[Transport, StreamWire] = {}
        """For transports that we do not listen on, but trunks may want."""

    @classmethod
    async def start(
        cls,
        host: str,
        port: int,
        agent: SipAgent,
        on_event: Callable[[SipEvent], None],
        trace: SipTrace | None = None,
        more: Sequence[Listener] = (),
        tls: Tls | None = None,
        keepalive_s: float = KEEPALIVE_S,
    ) -> "SipListener":
        """Bind UDP and TCP on that port, and everything else, and tell the agent. Raises `NotBound`.

        Bound to every interface, the agent keeps the host of its settings: 0.0.0.0 is no name to be called by.
        """
        listener = cls(agent, on_event, trace, tls, keepalive_s)
        wanted = Listener(Transport.UDP, host, port)
        try:
            await listener._open_pair(host, port)
            for wanted in more:
                await listener._open(wanted)
        except OSError as error:
            await listener.stop()
            raise NotBound(wanted, error) from error
        bound_host, bound_port = listener.address
        agent.bound(agent.settings.host if bound_host in WILDCARDS else bound_host, bound_port)
        agent.reconfigure(replace(agent.settings, listeners=listener.listeners))
        return listener

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """As they are bound."""
        return tuple(wire.listener for wire in self._wires)

    @property
    def address(self) -> tuple[str, int]:
        """Of the first pair."""
        return self._wires[0].listener.host, self._wires[0].listener.port

    def connections(self) -> dict[str, int]:
        """How many are open, by transport."""
        open_now: dict[str, int] = {}
        for wire in (*self._wires, *self._outward.values()):
            if isinstance(wire, StreamWire):
                kind = wire.listener.transport
                open_now[kind] = open_now.get(kind, 0) + len(wire)
        return open_now

    async def stop(self) -> None:
        """Close every socket. Calls that are up are not ended: hang them up before."""
        self.pump.close()
        for wire in (*self._wires, *self._outward.values()):
            await wire.close()
        await asyncio.sleep(0)

    # --- sending --------------------------------------------------------------------------------------------------

    def _send(self, transmit: Transmit) -> None:
        wire = self._wire_to(transmit.to)
        if wire is None:  # no socket of ours can reach it
            self.counts.dropped[transmit.to.transport] += 1
            asyncio.get_running_loop().call_soon(self._ends.lost, transmit.to)
        else:
            wire.send(transmit)

    def _wire_to(self, to: Address) -> Wire | None:
        """The listener that it came in by; one with a connection there; the one that faces it."""
        able = [wire for wire in self._wires if can_reach(wire.listener, to)]
        if able:
            by = to.by or facing([wire.listener for wire in able], to)
            known = [wire for wire in able if wire.listener is by]
            return next((wire for wire in (*known, *able) if wire.has(to)), (known or able)[0])
        return None if to.transport is Transport.UDP else self._outward_wire(to.transport)

    def _outward_wire(self, transport: Transport) -> StreamWire:
        if transport not in self._outward:
            settings = self.agent.settings
            self._outward[transport] = self._streams(Listener(transport, settings.host, settings.port))
        return self._outward[transport]

    # --- binding --------------------------------------------------------------------------------------------------

    async def _open_pair(self, host: str, port: int) -> None:
        told = self.agent.settings.host if host in WILDCARDS else ""
        for attempts_left in reversed(range(PORT_ATTEMPTS if port == 0 else 1)):
            datagrams = await UdpWire.open(Listener(Transport.UDP, host, port, told), self._ends, self.counts)
            streams = self._streams(Listener(Transport.TCP, host, datagrams.listener.port, told))
            try:
                await streams.listen()
            except OSError:
                await datagrams.close()
                await streams.close()
                if not attempts_left:
                    raise
            else:
                self._wires += (datagrams, streams)
                return

    async def _open(self, wanted: Listener) -> None:
        if wanted.transport is Transport.UDP:
            self._wires.append(await UdpWire.open(wanted, self._ends, self.counts))
            return
        streams = self._streams(wanted)
        self._wires.append(streams)
        await streams.listen()

    def _streams(self, listener: Listener) -> StreamWire:
        return StreamWire(listener, self._ends, self.counts, self.doorman, self._tls, self._keepalive_s)

    def _is_at_home(self, host: str) -> bool:
        return is_loopback(host) or self.agent.settings.trusts(host)


def _most_connections() -> int:
    """Half of the files that may be open: media, webhooks and the database need the others."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MAX_CONNECTIONS, soft // 2)
