"""The engine in this process, in virtual time: for tests. Nothing waits, nothing runs by itself."""

from collections.abc import Callable

from mixminus.media.contract import Command, Event, EventHandler
from mixminus.media.engine import Engine
from mixminus.media.ports import ImaginaryPorts, address_of

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
        """A datagram arrives. One for a port that nobody has is lost, as on a network."""
        slot = self._ports.slot_of.get(local_port)
        if slot is not None:
            self.engine.receive(self.engine.legs.slots.key(slot), packet, source)

    def tick(self) -> None:
        """20 ms pass."""
        self.engine.tick()
        outbox = self.engine.outbox
        for at in range(self.engine.departing):
            packet = outbox.data[at, : outbox.bytes[at]].tobytes()
            local_port = self._ports.port_of[int(outbox.slot[at])]
            self._send(local_port, address_of(int(outbox.destination[at])), packet)
        self.deliver()

    def deliver(self) -> None:
        """Tell what happened until now."""
        for event in self.engine.take_events():
            if self._handler is not None:
                self._handler(event)
