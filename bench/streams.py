"""`python -m bench.streams`: what streams cost, both ways, and how evenly their frames reach the agents.

The node's own parts do the work: the media worker in its process, and in this one the sessions and WebSockets of the
control plane. The agents are one echo server in a third process. Each stream sits at one end of a pipe whose other
end hums, so that audio flows in and out of every one.
"""

import argparse
import asyncio
import itertools
import json
import sys
import time
from asyncio.subprocess import Process
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final

import uvloop
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

from mixminus.app.live_stream import LiveStream
from mixminus.app.media_link import MediaLink
from mixminus.base.types import Sid
from mixminus.media.contract import Play, Tone
from mixminus.media.plane import WorkerPlane
from mixminus.streams.contract import Fault
from mixminus.streams.io.agent_socket import dial_agent
from mixminus.streams.messages import StreamFacts
from mixminus.streams.upgrade import upgrade

FRAME_S: Final = 0.02
WARM_UP_FRAMES: Final = 50
CLOCK_TICKS: Final = 100


def cpu_s(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


# --- the agents ----------------------------------------------------------------------------------------------------


class EchoAgent(WSListener):
    """Sends every frame back, and remembers when it came."""

    arrivals: ClassVar[list[list[float]]] = []

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._mine: list[float] = []
        EchoAgent.arrivals.append(self._mine)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()
        elif frame.msg_type is WSMsgType.TEXT:
            data = frame.get_payload_as_bytes()
            if data.startswith(b'{"event":"media"'):
                self._mine.append(time.monotonic())
                payload = data[data.index(b'"payload":"') :].partition(b"}")[0]
                sid = data[data.rindex(b'"streamSid"') : -1]
                transport.send(WSMsgType.TEXT, b'{"event":"media","media":{' + payload + b"}," + sid + b"}")


def pacing(arrivals: list[float]) -> list[float]:
    """How far the time between two frames is from 20 ms, in ms."""
    return [1000 * abs(later - sooner - FRAME_S) for sooner, later in itertools.pairwise(arrivals)]


async def serve_agents() -> None:
    """Until standard input closes; then print the figures."""
    server = await ws_create_server(lambda request: EchoAgent(), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    errors = sorted(error for arrivals in EchoAgent.arrivals for error in pacing(arrivals[WARM_UP_FRAMES:]))
    at = {name: errors[int(share * (len(errors) - 1))] for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))}
    print(json.dumps({"frames": len(errors), **at}), flush=True)


# --- the node ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Tally:
    faults: list[Fault] = field(default_factory=list)


async def open_stream(number: int, media: MediaLink, port: int, tally: Tally) -> LiveStream:
    near, far = media.open_pipe()
    media.apply(Play(media.new_id(), (Tone((300.0 + number % 40 * 50,), 1_000),), loops=0, leg=near))
    sid = Sid(f"MZ{number:032x}")
    facts = StreamFacts(Sid("AC" + "1" * 32), Sid(f"CA{number:032x}"), sid, ("inbound",), is_bidirectional=True)
    stream = LiveStream(facts, sid, far, media.streams, tally.faults.append)
    stream.begin(await dial_agent(upgrade(f"ws://127.0.0.1:{port}/", lambda url, items: "proof"), stream))
    return stream


async def run(streams: int, seconds: float) -> dict[str, float]:
    agents = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.streams", "--agents",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert agents.stdout is not None
    port = int(await agents.stdout.readline())
    plane = WorkerPlane("127.0.0.1", 0, 0)
    media = MediaLink(plane)
    await plane.start()
    try:
        return await measure(streams, seconds, media, plane, agents, port)
    finally:
        await plane.stop()


async def measure(
    streams: int, seconds: float, media: MediaLink, plane: WorkerPlane, agents: Process, port: int
) -> dict[str, float]:
    tally = Tally()
    live = [await open_stream(number, media, port, tally) for number in range(streams)]
    await asyncio.sleep(1.0)
    assert plane.pid is not None
    own, worker, began = time.process_time(), cpu_s(plane.pid), time.monotonic()
    await asyncio.sleep(seconds)
    own, worker, took = time.process_time() - own, cpu_s(plane.pid) - worker, time.monotonic() - began
    skipped = sum(stream.skipped_frames for stream in live)
    health = (await media.statistics()).worker
    for stream in live:
        stream.end()
    await asyncio.gather(*(stream.ended for stream in live))
    output, _ = await agents.communicate(b"")
    return {
        "streams": streams,
        "control_us_per_stream_s": 1e6 * own / took / streams,
        "worker_us_per_stream_s": 1e6 * worker / took / streams,
        "cores": (own + worker) / took,
        "late_ticks": health.late_ticks,
        "skipped_frames": skipped,
        "faults": len(tally.faults),
        **{f"pacing_{name}": value for name, value in json.loads(output).items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.streams", description=__doc__)
    parser.add_argument("--streams", type=int, nargs="+", default=[100, 400])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--agents", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.agents:
        uvloop.run(serve_agents())
        return
    for streams in options.streams:
        figures = uvloop.run(run(streams, options.seconds))
        print("  ".join(f"{name}={round(value, 2):g}" for name, value in figures.items()), flush=True)


if __name__ == "__main__":
    main()
