"""A studio: the engine in virtual time, and phones that were written without looking at it."""

import random
from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixminus.audio import g711
from mixminus.media.contract import Command, Event, LegOpened, LegRow, OpenLeg, SetLegMedia, SetRoom
from mixminus.media.engine import Engine, EngineSettings
from mixminus.media.in_process import InProcessPlane
from mixminus.media.ports import ImaginaryPorts
from mixminus.rtp.packet import RtpPacket

Samples = NDArray[np.int16]
FRAME = 160
TELEPHONE_EVENT = 101


def hum(hz: int, at: int = 0, samples: int = FRAME, peak: float = 3000.0) -> Samples:
    """A stretch of a sine that began at sample 0. Multiples of 50 Hz repeat every frame."""
    time = (np.arange(samples) + at) / 8000
    return np.asarray(np.round(peak * np.sin(2 * np.pi * hz * time)), np.int16)


def notes(samples: Samples) -> set[int]:
    """Which multiples of 50 Hz sound in a frame (or, averaged, in several), at more than 1/30 of a hum's level."""
    frames = samples.reshape(-1, FRAME).astype(float)
    levels = np.abs(np.fft.rfft(frames)).mean(axis=0) / (FRAME / 2)
    return {int(at) * 50 for at in np.flatnonzero(levels > 100)}


class Phone:
    """The far end of a leg: sends packets, keeps what it is sent."""

    def __init__(self, studio: "Studio", leg: int, port: int, address: tuple[str, int]) -> None:
        self.studio, self.leg, self.port, self.address = studio, leg, port, address
        self.sequence, self.timestamp, self.ssrc, self.payload_type = 1000, 50_000, leg, 0
        self.hums: int | None = None
        self.packets: list[RtpPacket] = []

    def packet(self, samples: Samples, **changes: Any) -> RtpPacket:
        """The next packet of the stream."""
        payload_type = changes.pop("payload_type", self.payload_type)
        encode = g711.encode_alaw if payload_type == 8 else g711.encode_ulaw
        fields = {"sequence": self.sequence, "timestamp": self.timestamp, "ssrc": self.ssrc} | changes
        packet = RtpPacket(payload_type, payload=encode(samples), **fields)
        self.sequence = (self.sequence + 1) % 2**16
        self.timestamp = (self.timestamp + len(samples)) % 2**32
        return packet

    def send(self, packet: RtpPacket | bytes, source: tuple[str, int] | None = None) -> None:
        self.studio.plane.receive(self.port, bytes(packet), source or self.address)

    def say(self, samples: Samples, **changes: Any) -> None:
        self.send(self.packet(samples, **changes))

    def speak(self) -> None:
        """Hum for another frame."""
        if self.hums is not None:
            self.say(hum(self.hums, self.timestamp))

    @property
    def audio(self) -> Samples:
        """All that it heard, or nothing."""
        decoded = [
            g711.decode_alaw(p.payload) if p.payload_type == 8 else g711.decode_ulaw(p.payload)
            for p in self.packets
            if p.payload_type in (0, 8)
        ]
        return np.concatenate(decoded) if decoded else np.zeros(0, np.int16)

    def hears(self, last_frames: int = 1) -> set[int]:
        return notes(self.audio[-last_frames * FRAME :])

    def said(self) -> Samples:
        """The frame that the engine took from this phone in the last tick."""
        legs = self.studio.engine.legs
        row = legs.slots.row(self.leg)
        assert row is not None
        return np.asarray(legs.mixing.said[row]).copy()

    def count(self, counter: str) -> int:
        statistics = self.studio.engine.legs.statistics(self.leg)
        assert statistics is not None
        return int(getattr(statistics, counter))


class Studio:
    """Engine, plane, phones and events in one hand."""

    def __init__(self, **settings: int) -> None:
        sizes = {"legs": 2, "rooms": 1, "players": 1, "recorders": 1}
        self.engine = Engine(EngineSettings(**sizes, **settings), random.Random(7).randbytes)
        self.plane = InProcessPlane(self.engine, self._deliver)
        self.events: list[Event] = []
        self.plane.listen(self.events.append)
        self.phones: dict[int, Phone] = {}
        self._ports = count(40_000, 2)

    def _deliver(self, local_port: int, destination: tuple[str, int], packet: bytes) -> None:
        for phone in self.phones.values():
            if (phone.port, phone.address) == (local_port, destination):
                phone.packets.append(RtpPacket.parse(packet))

    def apply(self, *commands: Command) -> None:
        self.plane.apply(*commands)

    def phone(self, leg: int, *, codec: str = "PCMU", hums: int | None = None, **media: Any) -> Phone:
        """A leg with media, and the phone at its far end."""
        self.apply(OpenLeg(leg))
        self.plane.deliver()
        opened = self.events.pop()
        assert isinstance(opened, LegOpened)
        phone = self.phones[leg] = Phone(self, leg, opened.port, ("192.0.2.1", next(self._ports)))
        phone.payload_type = 8 if codec == "PCMA" else 0
        phone.hums = hums
        self.negotiate(leg, codec=codec, **media)
        return phone

    def negotiate(self, leg: int, **media: Any) -> None:
        host, port = self.phones[leg].address
        defaults: dict[str, Any] = {
            "remote_host": host,
            "remote_port": port,
            "codec": "PCMU",
            "telephone_event_payload_type": TELEPHONE_EVENT,
            "sends": True,
            "receives": True,
        }
        self.apply(SetLegMedia(leg, **defaults | media))

    def room(self, room: int, *legs: int) -> None:
        """Everybody hears everybody else."""
        self.apply(SetRoom(room, tuple(LegRow(leg, on_bus=True, hears_bus=True) for leg in legs)))

    def tick(self, ticks: int = 1, each: Callable[[], None] = lambda: None) -> None:
        for _ in range(ticks):
            each()
            for phone in self.phones.values():
                phone.speak()
            self.plane.tick()

    def beat(self) -> None:
        """5 ms, for those who look closer. What departs reaches its phone at once."""
        engine, ports = self.engine, self.engine.ports
        assert isinstance(ports, ImaginaryPorts)
        engine.begin_beat()
        for lane in engine.lanes:
            lane.departing = 0
            engine.serve(lane)
        engine.end_beat()
        for lane in engine.lanes:
            outbox = lane.outbox
            for at in range(lane.departing):
                row = int(outbox.slot[at])
                packet = outbox.data[at, : outbox.bytes[at]].tobytes()
                address = engine.legs.addresses.address(row, int(outbox.destination[at]))
                assert address is not None
                self._deliver(ports.port_of[row], address, packet)
        self.plane.deliver()

    def events_of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]
