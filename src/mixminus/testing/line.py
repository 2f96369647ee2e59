"""The audio of one call: an RTP port that speaks with a voice, presses keys, and listens with an ear.

A packet leaves every 20 ms on deadlines counted from the first one, so lateness never adds up.
"""

import asyncio
import random as randomness
from collections import deque
from dataclasses import replace
from typing import Final

from mixminus.testing.detection import CELL, CELL_S
from mixminus.testing.ear import Ear
from mixminus.testing.g711 import Law
from mixminus.testing.network import Address, DatagramPort, Network
from mixminus.testing.rtp import Packet, TelephoneEvent, parse_event, parse_packet
from mixminus.testing.sdes import PLAIN, SECURE, SecureLine
from mixminus.testing.sdp import EVENTS_PAYLOAD_TYPE, Description, Direction
from mixminus.testing.voice import Silence, Voice

_KEY_PACKETS: Final = 5  # 100 ms a key, above the 40 ms that receivers must take (ITU-T Q.24)
_GAP_PACKETS: Final = 3  # 60 ms between keys
_END_PACKETS: Final = 3  # RFC 4733 2.5.1.4: the last packet is sent three times


class AudioLine:
    """One port, one stream out, everything in. Nothing is sent before `connect`."""

    def __init__(self, law: Law, random: randomness.Random, suites: tuple[str, ...] = ()) -> None:
        self.law = law
        self.secure = SecureLine(suites, random) if suites else None
        """With keys every packet is secured; None: none is."""
        self.profile = SECURE if suites else PLAIN
        self.ear = Ear()
        self.voice: Voice = Silence()
        self.keys_heard = ""
        self.strangers = 0
        """Packets that are no RTP, or of a payload type that was not agreed on (RTCP is among them)."""
        self.packets_sent = 0
        self.last_sent = b""
        """As it was on the wire."""
        self.direction = Direction.BOTH
        self._port: DatagramPort | None = None
        self._peer: Address | None = None
        self._events_payload_type = EVENTS_PAYLOAD_TYPE
        self._ssrc = random.getrandbits(32)
        self._sequence = random.getrandbits(16)
        self._timestamp = random.getrandbits(32)
        self._marker = True
        self._keys: deque[Packet | None] = deque()
        self._keys_done: asyncio.Future[None] | None = None
        self._last_key_timestamp: int | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._began_at = 0.0
        self._ticks = 0

    async def open(self, network: Network, host: str) -> None:
        """Take an RTP port on *host*."""
        self._port = await network.open_datagrams((host, 0), self._receive)

    @property
    def peer(self) -> Address | None:
        """Where it sends; None before `connect`."""
        return self._peer

    def describe(self, direction: Direction = Direction.BOTH) -> Description:
        """What to say about this line in SDP."""
        assert self._port is not None, "the line is not open"
        plain = Description(*self._port.address, (self.law,), self._events_payload_type, direction)
        return plain if self.secure is None else replace(plain, profile=self.profile, keys=self.secure.keys)

    def agrees_to(self, remote: Description) -> bool:
        """Whether *remote* is as secure as this line; its keys are taken."""
        if self.secure is None:
            return remote.profile == PLAIN
        self.profile = remote.profile  # it may have a plain name all the same (RFC 8643 3.1)
        return self.secure.agree(remote.keys)

    def connect(self, remote: Description, direction: Direction) -> None:
        """Send to where *remote* says, as far as *direction* lets us; may be called again at any time."""
        self._peer = (remote.host, remote.port)
        if remote.events_payload_type is not None:
            self._events_payload_type = remote.events_payload_type  # an answer keeps the offer's (RFC 3264 6.1)
        self._marker = self._marker or direction.sends > self.direction.sends
        self.direction = direction
        if self._timer is None and self._port is not None:
            self._began_at = asyncio.get_running_loop().time()
            self._tick()

    def close(self) -> None:
        """Fall silent and deaf at once."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._port is not None:
            self._port.close()
            self._port = None
        self._finish_keys()

    async def press(self, keys: str) -> None:
        """Send *keys* as telephone events in place of the voice; returns when the last one is released."""
        for key in keys:
            self._keys.extend(_key_press(key))
        if self._keys_done is None:
            self._keys_done = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._keys_done)

    def _tick(self) -> None:
        self._ticks += 1
        deadline = self._began_at + self._ticks * CELL_S
        self._timer = asyncio.get_running_loop().call_at(deadline, self._tick)
        frame = self.voice.next_frame()
        if self.direction.sends and self._peer is not None:
            if self._keys:
                self._send_key_packet()
            else:
                self._send(Packet(self.law.payload_type, 0, self._timestamp, 0, self.law.encode(frame)))
        self._timestamp = (self._timestamp + CELL) & 0xFFFF_FFFF

    def _send_key_packet(self) -> None:
        """A prepared packet's timestamp counts back, in samples, to the beginning of its key (RFC 4733 2.5.1.2)."""
        packet = self._keys.popleft()
        if packet is not None:
            begins_at = (self._timestamp - packet.timestamp) & 0xFFFF_FFFF
            self._send(Packet(self._events_payload_type, 0, begins_at, 0, packet.payload, packet.marker))
            self._marker = True  # the voice that follows is a new talkspurt
        if not self._keys:
            self._finish_keys()

    def _send(self, packet: Packet) -> None:
        if self._port is None or self._peer is None:
            return
        packet.ssrc, packet.sequence = self._ssrc, self._sequence
        if packet.payload_type == self.law.payload_type:
            packet.marker, self._marker = self._marker, False
        if (data := self._sealed(bytes(packet))) is not None:
            self.inject(data)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self.packets_sent += 1

    def inject(self, data: bytes) -> None:
        """Send these bytes as they are, from our port to the far end's."""
        if self._port is not None and self._peer is not None:
            self.last_sent = data
            self._port.send(data, self._peer)

    def _finish_keys(self) -> None:
        done, self._keys_done = self._keys_done, None
        if done is not None and not done.done():
            done.set_result(None)

    def _sealed(self, packet: bytes) -> bytes | None:
        """As it goes out; None: it cannot, yet."""
        return packet if self.secure is None else self.secure.protect(packet)

    def _opened(self, data: bytes) -> bytes | None:
        """The packet in what came; None: it was thrown away."""
        return data if self.secure is None else self.secure.unprotect(data)

    def _receive(self, data: bytes, _: Address) -> None:
        packet = parse_packet(self._opened(data) or b"")
        if packet is None:
            self.strangers += 1
        elif packet.payload_type == self.law.payload_type:
            self.ear.hear(packet, self.law, asyncio.get_running_loop().time())
        elif packet.payload_type in (EVENTS_PAYLOAD_TYPE, self._events_payload_type):
            self._receive_key(packet)
        else:
            self.strangers += 1

    def _receive_key(self, packet: Packet) -> None:
        """All packets of one key press share their timestamp; any one of them will do."""
        event = parse_event(packet.payload)
        if event is not None and packet.timestamp != self._last_key_timestamp:
            self._last_key_timestamp = packet.timestamp
            self.keys_heard += event.key


def _key_press(key: str) -> list[Packet | None]:
    """The packets of one key and the gap after it (None: send nothing); see `AudioLine._send_key_packet`."""
    packets: list[Packet | None] = []
    for step in range(_KEY_PACKETS + _END_PACKETS - 1):
        duration = min(step + 1, _KEY_PACKETS) * CELL
        event = TelephoneEvent(key, end=step + 1 >= _KEY_PACKETS, duration=duration)
        packets.append(Packet(0, 0, step * CELL, 0, bytes(event), marker=step == 0))
    return packets + [None] * _GAP_PACKETS
