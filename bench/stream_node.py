"""The node of `bench.streams`, in processes of its own: `python -m bench.stream_node PORT STREAMS [CORE]`.

The node's own parts do the work: the media worker in its process, and in this one the sessions and WebSockets of the
control plane. Each stream sits at one end of a pipe whose other end hums, so that audio flows in and out of every
one. It says "ready", answers each "look" by what it has used since the one before, and ends with its input.
"""

import asyncio
import json
import os
import sys

import uvloop

from bench import cpu
from bench.load.generator import raise_file_limit
from mixminus.app.media_link import MediaLink
from mixminus.app.streams.live_stream import LiveStream
from mixminus.base.types import Sid
from mixminus.cli.serve import be_punctual
from mixminus.media.contract import Play, Tone
from mixminus.media.plane import WorkerPlane
from mixminus.streams.contract import Fault
from mixminus.streams.io.agent_socket import dial_agent
from mixminus.streams.messages import StreamFacts
from mixminus.streams.upgrade import upgrade


async def open_stream(number: int, media: MediaLink, port: int, faults: list[Fault]) -> LiveStream:
    """Connect one more agent."""
    near, far = media.open_pipe()
    media.apply(Play(media.new_id(), (Tone((300.0 + number % 40 * 50,), 1_000),), loops=0, leg=near))
    sid = Sid(f"MZ{number:032x}")
    facts = StreamFacts(Sid("AC" + "1" * 32), Sid(f"CA{number:032x}"), sid, ("inbound",), is_bidirectional=True)
    stream = LiveStream(facts, sid, far, media.streams, faults.append)
    stream.begin(await dial_agent(upgrade(f"ws://127.0.0.1:{port}/", lambda url, items: "proof"), stream))
    return stream


async def serve(port: int, streams: int) -> None:
    """Until standard input closes."""
    plane, faults = WorkerPlane("127.0.0.1", 0, 0), list[Fault]()
    media = MediaLink(plane)
    await plane.start()
    try:
        live = [await open_stream(number, media, port, faults) for number in range(streams)]
        be_punctual()
        before = cpu.usage([os.getpid()])
        print("ready", flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            before, spent = (now := cpu.usage([os.getpid()])), cpu.spent(before, now)
            worker = (await media.statistics()).worker
            figures = {
                "seconds": spent.elapsed_s,
                "cpu_s": spent.cpu_s,
                "media_s": spent.by_name.get("mixminus-media", 0.0),
                "late_ticks": worker.late_ticks,
                "skipped_frames": sum(stream.skipped_frames for stream in live),
                "faults": len(faults),
            }
            print(json.dumps(figures), flush=True)
        for stream in live:
            stream.end()
        await asyncio.wait([stream.ended for stream in live], timeout=3.0)
    finally:
        await plane.stop()


def main() -> None:
    """Serve."""
    port, streams = int(sys.argv[1]), int(sys.argv[2])
    if len(sys.argv) > 3:
        os.sched_setaffinity(0, {int(sys.argv[3])})
    raise_file_limit(streams)
    uvloop.run(serve(port, streams))


if __name__ == "__main__":
    main()
