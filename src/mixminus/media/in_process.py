"""The engine in this process, in virtual time: for tests. Nothing waits, nothing runs by itself."""

from collections.abc import Callable

from mixminus.audio.frames import FRAMES_PER_SECOND
from mixminus.media.contract import Command, Event, EventHandler
from mixminus.media.engine import Engine
from mixminus.media.ports import ImaginaryPorts

Send = Callable[[int, tuple[str, int], bytes], None]
"""Local port, destination, packet."""


class InProcessPlane:
    """A `MediaPlane` whose owner brings the packets and makes the time pass."""

    def __init__(self, engine: Engine, send: Send) -> None:
        if not isinstance(engine.ports, ImaginaryPorts):
            raise TypeError("an engine with real ports needs a shell with sockets")
        self.engine = engine
        self._ports = engine.ports
        self._send = send
        self._handler: EventHandler | None = None
        self._held_back: list[Event] = []

    def apply(self, *commands: Command) -> None:
        """Carry out before the next `tick`. Events are told by `tick` or `deliver`, never from in here."""
        self.engine.apply(commands)

    def listen(self, handler: EventHandler) -> None:
        self._handler = handler

    def receive(self, local_port: int, packet: bytes, source: tuple[str, int]) -> None:
        """A datagram arrives; RTCP at the port after RTP's. One for a port that nobody has is lost."""
        engine = self.engine
        if (slot := self._ports.slot_of.get(local_port)) is not None:
            engine.receive(engine.legs.slots.key(slot), packet, source)
        elif (slot := self._ports.slot_of.get(local_port - 1)) is not None:
            engine.reports.receive(engine.legs.slots.key(slot), packet, source, self._now())

    def tick(self) -> None:
        """20 ms pass."""
        self.engine.tick()
        for lane in self.engine.lanes:
            outbox = lane.outbox
            for at in range(lane.departing):
                packet = outbox.data[at, : outbox.bytes[at]].tobytes()
                slot = int(outbox.slot[at])
                destination = self.engine.legs.addresses.address(slot, int(outbox.destination[at]))
                if destination is not None:
                    self._send(self._ports.port_of[slot], destination, packet)
        for datagram in self.engine.shake_hands():
            row = self.engine.legs.slots.row(datagram.leg)
            if row is not None:
                self._send(self._ports.port_of[row], datagram.destination, datagram.data)
        for report in self.engine.reports.exchange(self.engine.ticks, self._now()):
            local_port = self._ports.port_of[report.row] + (not report.muxed)
            self._send(local_port, report.destination, report.data)
        self.deliver()

    def _now(self) -> float:
        """The ticks are the only clock here."""
        return self.engine.ticks / FRAMES_PER_SECOND

    def deliver(self) -> None:
        """Tell what happened until now."""
        for event in self.engine.take_events():
            if self._handler is not None:
                self._handler(event)
