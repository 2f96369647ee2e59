"""Listening to the media worker for two seconds: does it start, keep its time, and speak its codecs?"""

import asyncio
import time
from collections.abc import Iterator
from typing import Final

import numpy as np

from mixminus.base.errors import MixminusError
from mixminus.cli.doctor import findings
from mixminus.cli.doctor.findings import Finding
from mixminus.media.contract import Event, LegOpened, LegRefused, OpenLeg, Play, SetLegMedia, Tone
from mixminus.media.plane import WorkerPlane
from mixminus.testing import PALETTE
from mixminus.testing.detection import level_db
from mixminus.testing.ear import is_present
from mixminus.testing.g711 import LAWS

LISTEN_S: Final = 2.0
NOTE_HZ: Final = PALETTE["theta"]
RTP_HEADER_BYTES: Final = 12
OPEN_TIMEOUT_S: Final = 5.0


class Listener(asyncio.DatagramProtocol):
    """Keeps payloads and when they came."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []
        self.arrivals: list[float] = []
        self.transport: asyncio.BaseTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, _: tuple[str, int]) -> None:
        self.arrivals.append(time.monotonic())
        self.payloads.append(data[RTP_HEADER_BYTES:])


async def look_at_media() -> list[Finding]:
    """Start a worker of our own, on ports of the system's choice."""
    plane = WorkerPlane("127.0.0.1", 0, 0)
    events: asyncio.Queue[Event] = asyncio.Queue()
    plane.listen(events.put_nowait)
    since = time.monotonic()
    try:
        await plane.start()
    except (MixminusError, OSError) as error:
        return [findings.no_worker(str(error))]
    started = findings.worker_start(time.monotonic() - since)
    listeners: dict[str, Listener] = {}
    try:
        for leg, codec in enumerate(LAWS, start=1):
            listeners[codec] = await _tune_in(plane, events, leg, codec)
        await asyncio.sleep(LISTEN_S)
    except TimeoutError:
        return [started, findings.ticks([])]
    finally:
        await plane.stop()
        for listener in listeners.values():
            listener.transport.close()
    return [started, *_judge(listeners)]


async def _tune_in(plane: WorkerPlane, events: "asyncio.Queue[Event]", leg: int, codec: str) -> Listener:
    loop = asyncio.get_running_loop()
    transport, listener = await loop.create_datagram_endpoint(Listener, local_addr=("127.0.0.1", 0))
    host, port = transport.get_extra_info("sockname")
    plane.apply(OpenLeg(leg))
    async with asyncio.timeout(OPEN_TIMEOUT_S):
        while not isinstance(await events.get(), LegOpened | LegRefused):
            pass
    plane.apply(
        SetLegMedia(leg, host, port, codec, None, sends=True, receives=True),
        Play(leg, (Tone((float(NOTE_HZ),), 1_000),), loops=0, leg=leg),
    )
    return listener


def _judge(listeners: dict[str, Listener]) -> Iterator[Finding]:
    first = next(iter(listeners.values()))
    yield findings.ticks([float(gap) for gap in np.diff(first.arrivals)])
    for codec, listener in listeners.items():
        heard = LAWS[codec].decode(b"".join(listener.payloads))
        yield findings.codec(codec, heard=is_present(level_db(heard[len(heard) // 2 :], NOTE_HZ)))
