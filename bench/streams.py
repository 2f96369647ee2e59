"""Media Streams: what they cost, both ways, and how evenly their frames reach the agents.

`python -m bench.streams` measures them alone. A node on one core, and agents that echo every frame on another one:
both in processes of their own. When a frame came is told by the agents' kernel, so that what the agents do does not
count. Its error is how much sooner or later it came than its timestamp says, where the median frame of its stream is
right. The floor is what becomes of frames that a bare loop sends on time.
"""

import argparse
import asyncio
import json
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from bench.rows import Row, doubtful, row

PART: Final = "streams"
AIM: Final = 400
AIM_MS: Final = 5.0
KNEE: Final = (200, 400, 600, 800)
"""Streams."""
WARM_UP_S: Final = 1.5
_PER_S: Final = 50
_ENOUGH: Final = 0.99
_GRACE_S: Final = 10.0
_FRESH_S: Final = 3.0
"""Agents, a node, and their end; measured, as the next one is."""
_PER_STREAM_S: Final = 0.003


def name(streams: int) -> str:
    """Return the row's name."""
    return f"{streams} streams, both ways"


def floor_name(streams: int) -> str:
    """Return the name of the row of what a bare loop sends."""
    return f"{streams} streams, frames sent by a bare loop"


async def measure(streams: int, seconds: float, core: int | None = None) -> Row:
    """Measure a node with so many; the agents are on *core*, the node on the first other one."""
    async with _agents(core) as agents:
        others = sorted(os.sched_getaffinity(0) - {core})
        async with _process("bench.stream_node", int(await _line(agents)), streams, *others[:1]) as node:
            if await _line(node) != "ready":
                return row(PART, name(streams), {}, ["the node did not connect all streams"])
            await asyncio.sleep(WARM_UP_S)
            await _ask(node, "look")
            await _ask(agents, "begin")
            await asyncio.sleep(seconds)
            heard, spent = await _ask(agents, "figures"), await _ask(node, "look")
    return _row(name(streams), streams, seconds, heard, spent)


async def floor(streams: int, seconds: float, core: int | None = None) -> Row:
    """Measure the same agents with a bare loop for a node."""
    async with _agents(core) as agents:
        port = int(await _line(agents))
        async with _process("bench.agents.even", port, streams, seconds + WARM_UP_S + 1.0) as loop:
            await _line(loop)
            await asyncio.sleep(WARM_UP_S)
            await _ask(agents, "begin")
            await asyncio.sleep(seconds)
            heard = await _ask(agents, "figures")
    return _row(floor_name(streams), streams, seconds, heard, {})


def _row(name: str, streams: int, seconds: float, heard: dict[str, float], spent: dict[str, float]) -> Row:
    faults = []
    if heard["streams_heard"] < streams:
        faults.append(f"only {heard['streams_heard']:.0f} of {streams} agents heard anything")
    if heard.get("frames", 0) < _ENOUGH * _PER_S * seconds * streams:
        faults.append(f"{heard.get('frames', 0):.0f} frames in {seconds:g} s: the cost is that of less work")
    if spent.get("faults") or spent.get("skipped_frames"):
        faults.append(f"{spent['faults']:.0f} streams failed, {spent['skipped_frames']:.0f} frames were left out")
    figures = {"streams": streams, **heard}
    if spent:
        control_s = spent["cpu_s"] - spent["media_s"]
        figures |= {
            "control_us": 1e6 * control_s / spent["seconds"] / streams,
            "media_us": 1e6 * spent["media_s"] / spent["seconds"] / streams,
            "cpu_us": 1e6 * spent["cpu_s"] / spent["seconds"] / streams,
            "cores": spent["cpu_s"] / spent["seconds"],
            "late_ticks": spent["late_ticks"],
        }
    return row(PART, name, figures, faults)


def doubted(node: Row, floor: Row) -> Row:
    """Return the node's row, with its errors in doubt where a bare loop comes near to the aim already."""
    error = floor.median("pacing_p99_ms")
    if error is None or error < AIM_MS / 2:
        return node
    figures = {doubtful(key) if key.startswith("pacing_") else key: values for key, values in node.figures.items()}
    doubt = f"a bare loop's frames were {error:.1f} ms off (p99) on this machine: the node's errors do not count"
    return Row(node.part, node.name, figures, node.faults, (*node.doubts, doubt))


# --- processes -----------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _process(module: str, *arguments: object) -> AsyncIterator[Process]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *map(str, arguments), stdin=pipe, stdout=pipe
    )
    assert process.stdin
    try:
        yield process
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _GRACE_S)
        except TimeoutError:
            process.kill()
            await process.wait()


@asynccontextmanager
async def _agents(core: int | None) -> AsyncIterator[Process]:
    async with _process("bench.agents", *(() if core is None else (core,))) as agents:
        yield agents


async def _line(process: Process) -> str:
    assert process.stdout
    return (await process.stdout.readline()).decode().strip()


async def _ask(process: Process, command: str) -> dict[str, Any]:
    assert process.stdin
    process.stdin.write(command.encode() + b"\n")
    answer: dict[str, Any] = json.loads(await _line(process))
    return answer


def seconds_of(streams: Sequence[int], seconds: float) -> float:
    """Return how long `rows` takes."""
    each_s = _FRESH_S + WARM_UP_S + seconds
    return (1 + len(streams)) * each_s + sum(streams) * _PER_STREAM_S


async def rows(streams: Sequence[int], seconds: float, core: int | None) -> AsyncIterator[Row]:
    """Yield the floor, and a row for each number of streams."""
    bare = await floor(AIM, seconds, core)
    yield bare
    for number in streams:
        yield doubted(await measure(number, seconds, core), bare)


async def _alone(streams: Sequence[int], seconds: float) -> None:
    cores = sorted(os.sched_getaffinity(0))
    async for one in rows(streams, seconds, cores[-1] if len(cores) > 1 else None):
        print(one.name, *(f"{key}={values[0]:.4g}" for key, values in one.figures.items()), *one.faults, flush=True)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.streams", description=__doc__)
    parser.add_argument("--streams", type=int, nargs="+", default=KNEE)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    asyncio.run(_alone(options.streams, options.seconds))


if __name__ == "__main__":
    main()
