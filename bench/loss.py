"""Whether calls end on both sides while signalling is lost: `python -m bench.loss`.

SIPp, which nobody here wrote, places the calls and loses packets, its own and ours, as many of a hundred as told. The
callers of one half hang up themselves (SIPp's own scenario); the others wait until the node does. Afterwards
the node may hold nothing of any call: no dialog, no transaction, no task, no leg, no open file, no unfinished record,
and no more memory than documented.
"""

import argparse
import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

from bench.targets.mixminus import Mixminus
from bench.targets.target import TargetFailed

TALK_MS: Final = 1_000
FORGOTTEN_WITHIN_S: Final = 180.0
"""A 200 that is never acknowledged, the BYE after it and both transactions live for 32 s each (RFC 3261 17)."""
FIRST_CALLS: Final = 200
"""Before anything is measured: pools and caches fill."""
KEPT_BYTES_PER_CALL: Final = 2_500
"""How a call sounded and what it was called in SIP, kept of the last 10,000 (docs/performance.md), and fragments."""
ROOM_BYTES: Final = 16 << 20
"""What allocators take at a time, and a heap that is fuller for the moment."""
GONE: Final = ("live_calls", "live_conferences", "sip_dialogs", "sip_transactions", "media_legs", "media_rooms")
FILES: Final = ("process_open_fds", "mixminus_media_process_open_fds")
MEMORY: Final = ("process_resident_memory_bytes", "mixminus_media_process_resident_memory_bytes")

_SAMPLE: Final = re.compile(r"^(\w+) (\S+)$", re.M)
_PEER_HANGS_UP: Final = Path(__file__).parent / "sipp" / "waits_for_bye.xml"
_PATIENT: Final = ("-watchdog_minor_maxtriggers", "1000000", "-watchdog_major_maxtriggers", "1000000")
"""Else SIPp leaves in the middle of its calls when the machine was busy for some seconds."""
CALLER_HANGS_UP, NODE_HANGS_UP = 0, 1
"""Numbers."""


class Brief(Mixminus):
    """A node whose second number hangs up by itself. It notices as soon as any other who has vanished."""

    def __init__(self) -> None:
        super().__init__()
        del self._settings["MIXMINUS_RTP_TIMEOUT_S"]

    @property
    def metrics(self) -> str:
        """What `/metrics` says."""
        with urllib.request.urlopen(f"http://{self.http[0]}:{self.http[1]}/metrics", timeout=30) as answer:
            return str(answer.read().decode())

    async def _voice(self, request: web.Request) -> web.Response:
        form = await request.post()
        if str(form["To"]) == self.dial_string(NODE_HANGS_UP):
            seconds = TALK_MS // 1_000
            return web.Response(text=f'<Response><Gather timeout="{seconds}"/></Response>', content_type="text/xml")
        return await super()._voice(request)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a node holds, by the names of its metrics."""

    figures: Mapping[str, float]

    @classmethod
    def of(cls, metrics: str) -> "Ledger":
        return cls({name: float(value) for name, value in _SAMPLE.findall(metrics)})

    def held(self) -> dict[str, float]:
        """Everything that belongs to calls."""
        return {name: n for name in GONE if (n := self.figures[f"mixminus_{name}"])}

    def sum(self, names: Sequence[str]) -> float:
        return sum(self.figures[name] for name in names)


@dataclass(frozen=True, slots=True)
class Callers:
    """One SIPp that has ended."""

    status: int
    words: str
    complaint: str = ""
    """The first of its errors."""

    @property
    def failed(self) -> int:
        """Calls that did not go as they should have."""
        found = re.findall(r"Failed call\s*\|\s*\d+\s*\|\s*(\d+)", self.words)
        return int(found[-1]) if found else 0

    def sum(self, column: str) -> int:
        """A column of its last table of messages: `Retrans`, `Lost`."""
        lines = self.words.rpartition("Messages  Retrans   Timeout   Unexp.    Lost")
        at = len(lines[0].rpartition("\n")[2]) + lines[1].find(column)
        cells = (line[at : at + 10].strip() for line in lines[2].splitlines() if "---" in line)
        return sum(int(cell) for cell in cells if cell.isdigit())


def lossy(scenario: str, loss: float) -> str:
    """Let each message of a SIPp scenario be lost so often, sent and received ones (its `-lost` is for sent ones)."""
    return re.sub("<(send|recv)(?=[ >])", rf'<\1 lost="{loss:g}"', scenario) if loss else scenario


def callers_hang_up() -> str:
    """SIPp's own scenario."""
    return subprocess.run(["sipp", "-sd", "uac"], capture_output=True, text=True, check=False).stdout


async def sipp(server: tuple[str, int], number: str, scenario: str, calls: int, rate: float) -> Callers:
    """Place so many calls at that rate."""
    with tempfile.TemporaryDirectory(prefix="sipp-") as folder:
        (Path(folder) / "calls.xml").write_text(scenario)
        process = await asyncio.create_subprocess_exec(
            *("sipp", "-i", server[0], "-nostdin", "-trace_err", "-sf", "calls.xml", "-s", number),
            *("-m", str(calls), "-d", str(TALK_MS), "-l", "100000", "-max_retrans", "11"),
            *("-r", str(max(1, round(rate * 10))), "-rp", "10000", *_PATIENT),
            f"{server[0]}:{server[1]}",
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        said = complaint(Path(folder))
    return Callers(process.returncode or 0, output.decode(errors="replace")[-6_000:], said)


def complaint(folder: Path) -> str:
    """The beginning of what SIPp says of errors; nothing when there were none."""
    errors = "".join(file.read_text(errors="replace") for file in folder.glob("*_errors.log"))
    return errors.partition("\n")[2].replace("\n", " ")[:600]


async def load(server: tuple[str, int], node: Brief, calls: int, rate: float, loss: float) -> list[Callers]:
    """Half of the calls to each number, at the same time."""
    half, halves = calls // 2, rate / 2
    hang_up, wait = lossy(callers_hang_up(), loss), lossy(_PEER_HANGS_UP.read_text(), loss)
    by_caller = sipp(server, node.dial_string(CALLER_HANGS_UP), hang_up, half, halves)
    by_node = sipp(server, node.dial_string(NODE_HANGS_UP), wait, half, halves)
    return list(await asyncio.gather(by_caller, by_node))


async def look(node: Brief) -> Ledger:
    """What the node holds now."""
    return Ledger.of(await asyncio.to_thread(lambda: node.metrics))


async def forgotten(node: Brief) -> Ledger:
    """Wait until the node holds nothing of any call, or long enough."""
    deadline = time.monotonic() + FORGOTTEN_WITHIN_S
    while True:
        ledger = await look(node)
        if not ledger.held() or time.monotonic() > deadline:
            return ledger
        await asyncio.sleep(1.0)


def faults(
    before: Ledger, half: Ledger, after: Ledger, callers: Sequence[Callers], open_records: int, calls: int
) -> Iterator[str]:
    """Say what is wrong. Memory may grow in the first half: the ring of SIP messages fills (`sip_trace_mb`)."""
    for one in callers:
        if one.status:
            yield f"SIPp ended with {one.status}, {one.failed} calls failed {one.complaint}".strip()
    yield from (f"{n:.0f} {name} are left" for name, n in after.held().items())
    if open_records:
        yield f"{open_records} records say that a call goes on"
    if (files := after.sum(FILES) - before.sum(FILES)) > 0:
        yield f"{files:.0f} more files are open than before"
    if (tasks := after.figures["mixminus_tasks"] - before.figures["mixminus_tasks"]) > 0:
        yield f"{tasks:.0f} more tasks run than before"
    if (grown := after.sum(MEMORY) - half.sum(MEMORY)) > ROOM_BYTES + KEPT_BYTES_PER_CALL * calls / 2:
        yield f"memory grew by {grown / 1e6:.1f} MB in the second half"


async def measure(calls: int, rate: float, loss: float) -> int:
    """Print figures and a verdict; return the exit status."""
    node = Brief()
    server = await node.start(rooms=2)
    try:
        await load(server, node, FIRST_CALLS, min(rate, 50.0), 0.0)
        before = await forgotten(node)
        began = time.monotonic()
        callers = await load(server, node, calls // 2, rate, loss)
        spent = await look(node)
        half = await forgotten(node)
        callers += await load(server, node, calls // 2, rate, loss)
        seconds = time.monotonic() - began
        after = await forgotten(node)
        open_records = await asyncio.to_thread(node.count_calls, ("queued", "ringing", "in-progress"))
    finally:
        await node.stop()
    found = list(faults(before, half, after, callers, open_records, calls))
    received = after.figures["mixminus_sip_messages_total"] - before.figures["mixminus_sip_messages_total"]
    cpu_s = spent.figures["process_cpu_seconds_total"] - before.figures["process_cpu_seconds_total"]
    print(f"{calls} calls, {rate:g} a second, {loss:g} % of packets lost each way; over after {seconds:.0f} s")
    print(f"  SIP messages received for each call   {received / calls:8.2f}")
    print(f"  packets lost, and repeated by SIPp    {sum(c.sum('Lost') for c in callers):8d}", end="")
    print(f", {sum(c.sum('Retrans') for c in callers)}")
    print(f"  control process, CPU for each call    {cpu_s / (calls // 2) * 1e3:8.2f} ms")
    print(f"  memory grew by                        {(half.sum(MEMORY) - before.sum(MEMORY)) / 1e6:8.2f} MB", end="")
    print(f", and in the second half by {(after.sum(MEMORY) - half.sum(MEMORY)) / 1e6:.2f} MB")
    print("\n".join(f"FAULT: {fault}" for fault in found) or "every call ended on both sides, and nothing is left")
    return 1 if found else 0


def main() -> int:
    """Measure; 1 when something is left, 2 when it cannot be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench.loss", description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=100.0, help="calls a second")
    parser.add_argument("--loss", type=float, default=1.0, help="of a hundred packets, each way")
    options = parser.parse_args()
    if shutil.which("sipp") is None:
        print("bench.loss: SIPp is not installed (Debian: sip-tester)", file=sys.stderr)
        return 2
    try:
        return asyncio.run(measure(options.calls, options.rate, options.loss))
    except TargetFailed as error:
        print(f"bench.loss: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
