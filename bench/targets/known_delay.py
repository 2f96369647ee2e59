"""A server with faults to order: it judges the instrument. What is injected here must be what is measured.

It forwards what the speaker of a room sends to the others, unmixed, *delay_ms* later; it loses every *lose_every*-th
packet, and with *leak* the phones of room 1 hear the speaker of room 0.
"""

import argparse
import asyncio
import re
import struct
import sys
from dataclasses import dataclass, field
from typing import Final, cast

from bench.load import sip_text, ulaw
from bench.targets.target import TargetFailed

_HEADER_BYTES: Final = 12
_SILENT: Final = bytes([ulaw.SILENCE]) * 160


@dataclass(frozen=True, slots=True)
class Faults:
    """What the server does wrong, on purpose."""

    delay_ms: float = 0.0
    lose_every: int = 0
    leak: bool = False


@dataclass(slots=True)
class _Leg(asyncio.DatagramProtocol):
    """One phone's media: what it says goes to its room's listeners."""

    server: "KnownDelayServer"
    room: int
    phone: tuple[str, int]
    sent: int = 0
    transport: asyncio.DatagramTransport = field(init=False)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data[_HEADER_BYTES:] != _SILENT:
            self.server.spread(self, data)

    def hear(self, data: bytes) -> None:
        if self.transport.is_closing():  # hung up while the packet was on its way
            return
        self.sent += 1
        lose_every = self.server.faults.lose_every
        if lose_every and self.sent % lose_every == 0:
            return
        header = struct.pack("!BBHII", 0x80, 0, self.sent & 0xFFFF, self.sent * 160 & 0xFFFFFFFF, self.phone[1])
        self.transport.sendto(header + data[_HEADER_BYTES:], self.phone)


class KnownDelayServer(asyncio.DatagramProtocol):
    """SIP enough to be called: number `room-N` is room N; every INVITE is answered at once."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._legs: dict[str, _Leg] = {}
        self._answers: dict[str, asyncio.Task[None]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = sip_text.parse(data)
        call_id = message.first("call-id")
        if message.method == "INVITE" and call_id not in self._answers:
            self._answers[call_id] = asyncio.create_task(self._answer(call_id, message, addr), name=call_id)
        elif message.method == "BYE":
            if leg := self._legs.pop(call_id, None):
                leg.transport.close()
            self._transport.sendto(sip_text.response(message, "200 OK", []), addr)

    def spread(self, speaker: _Leg, data: bytes) -> None:
        """Let the room of *speaker* hear a packet when its time has come."""
        rooms = {speaker.room}
        if self.faults.leak:
            rooms = {0: {0, 1}, 1: set[int]()}.get(speaker.room, rooms)
        loop = asyncio.get_running_loop()
        for leg in self._legs.values():
            if leg.room in rooms and leg is not speaker:
                loop.call_later(self.faults.delay_ms / 1e3, leg.hear, data)

    async def _answer(self, call_id: str, invite: sip_text.Message, addr: tuple[str, int]) -> None:
        room = re.search(r"room-(\d+)@", invite.first("to"))
        leg = _Leg(self, int(room[1]) if room else 0, sip_text.media_address(invite.body))
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: leg, local_addr=("127.0.0.1", 0))
        self._legs[call_id] = leg
        port = transport.get_extra_info("sockname")[1]
        host, sip_port = self._transport.get_extra_info("sockname")
        contact = [("Contact", f"<sip:{host}:{sip_port}>")]
        self._transport.sendto(sip_text.response(invite, "200 OK", contact, sip_text.sdp("127.0.0.1", port)), addr)


class KnownDelay:
    """The server above as a `Target`, in a process of its own."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    async def start(self, rooms: int) -> tuple[str, int]:
        f = self._faults
        options = [f"--delay-ms={f.delay_ms}", f"--lose-every={f.lose_every}", *(["--leak"] if f.leak else [])]
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.targets.known_delay", *options, stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdout
        if not (line := await self._process.stdout.readline()):
            raise TargetFailed("the known-delay server did not start")
        host, _, port = line.decode().strip().rpartition(":")
        return host, int(port)

    def pids(self) -> list[int]:
        return [self._process.pid]

    def dial_string(self, room: int) -> str:
        return f"room-{room}"

    async def stop(self) -> None:
        self._process.terminate()
        await self._process.wait()


async def serve(faults: Faults) -> None:
    """Print the SIP address and serve until the process ends."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: KnownDelayServer(faults), local_addr=("127.0.0.1", 0))
    host, port = transport.get_extra_info("sockname")
    print(f"{host}:{port}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay-ms", type=float, default=0.0)
    parser.add_argument("--lose-every", type=int, default=0)
    parser.add_argument("--leak", action="store_true")
    asyncio.run(serve(Faults(**vars(parser.parse_args()))))
