"""The phones of a scenario, alive: sockets, the compiled loop in a thread, signalling beside it."""

import asyncio
import contextlib
import os
import resource
import socket
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np

from bench.load import arrays, baseline, kernels, libc, results, tape
from bench.load.caller import Call, Caller, Life
from bench.load.results import Window
from bench.load.scenario import Scenario

TAIL_S: Final = 0.5  # the last marker of a window comes home within this
_LOOK_EVERY_S: Final = 0.1
_SPARE_FILES: Final = 64
_START_IN_NS: Final = 20_000_000
_REAL_TIME_PRIORITY: Final = 1
_CAME_UP: Final = frozenset({Life.UP, Life.ENDED, Life.DROPPED})


class TooFewFiles(Exception):
    """The limit of open files is too low for a socket per phone."""


@dataclass(frozen=True, slots=True)
class SetUp:
    """How calls came up: refusals by SIP status, INVITE to final answer."""

    up: int
    failures: dict[int, int]
    setup_p50_ms: float
    setup_p99_ms: float
    seconds: float
    """From the first INVITE to the last answer."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of the calls after they had come up."""

    dropped: int
    """Ended by the server."""
    replaced: SetUp
    """The calls that were made anew by churn."""


class Generator:
    """Phones in their rooms. `call_all`, then `measure` as often as wanted, then `hang_up_all`."""

    def __init__(self, scenario: Scenario, legs: arrays.Legs, sockets: list[socket.socket]) -> None:
        self.legs = legs
        self._scenario = scenario
        self._sockets = sockets
        self._churn_begin_s = time.monotonic()
        self.caller = Caller(scenario, [s.getsockname()[1] for s in sockets], self._plug, self._unplug)
        self.baseline_ns = baseline.loopback_delay_ns()

    async def call_all(self) -> SetUp:
        """Bring the calls up."""
        begin_s = time.monotonic()
        await self.caller.call_all()
        return _set_up(self.caller.calls, time.monotonic() - begin_s)

    @asynccontextmanager
    async def churning(self) -> AsyncIterator[None]:
        """Let phones hang up and call again meanwhile, if the scenario wants that."""
        if not self._scenario.churn_per_s:
            yield
            return
        end, self._churn_begin_s = asyncio.Event(), time.monotonic()
        task = asyncio.create_task(self.caller.churn(end), name="churn")
        try:
            yield
        finally:
            end.set()
            await task

    async def measure(self, seconds: float) -> Window:
        """Listen for *seconds*."""
        tape.rewind(self.legs)
        before = results.snapshot(self.legs)
        present = await self._present(seconds)
        after = results.snapshot(self.legs)
        await asyncio.sleep(TAIL_S)
        return results.window(self.legs, self._scenario, before, after, self.baseline_ns, present)

    async def _present(self, seconds: float) -> float:
        """Let *seconds* pass; return how many phones were in their calls meanwhile, on average."""
        end_s, counts = time.monotonic() + seconds, []
        while (left_s := end_s - time.monotonic()) > 0:
            counts.append(int(self.legs.phones["live"].sum()))
            await asyncio.sleep(min(left_s, _LOOK_EVERY_S))
        return float(np.mean(counts))

    async def hang_up_all(self) -> Ending:
        """End the calls."""
        calls, replaced = self.caller.calls, self.caller.replaced
        ending = Ending(
            dropped=len({id(c) for c in [*calls, *replaced] if c.life is Life.DROPPED}),
            replaced=_set_up(replaced, time.monotonic() - self._churn_begin_s),
        )
        await self.caller.hang_up_all()
        return ending

    def _plug(self, leg: int, address: tuple[str, int]) -> None:
        self._sockets[leg].connect(address)
        self.legs.phones["next_sequence"][leg] = -1
        self.legs.phones["pending_count"][leg] = 0
        self.legs.phones["live"][leg] = 1

    def _unplug(self, leg: int) -> None:
        self.legs.phones["live"][leg] = 0


@asynccontextmanager
async def running(scenario: Scenario) -> AsyncIterator[Generator]:
    """Yield a generator whose phones can call; raises `TooFewFiles`."""
    raise_file_limit(scenario.legs + _SPARE_FILES)
    legs = arrays.make_legs(scenario)
    host = _local_host(scenario.server)
    sockets = [_media_socket(host) for _ in range(scenario.legs)]
    legs.phones["fd"] = [s.fileno() for s in sockets]
    _compile(legs)
    loop = asyncio.get_running_loop()
    generator = Generator(scenario, legs, sockets)
    transport, _ = await loop.create_datagram_endpoint(
        lambda: generator.caller, local_addr=(host, 0), remote_addr=scenario.server
    )
    media = threading.Thread(target=_serve_media, args=(legs,), name="media", daemon=True)
    media.start()
    try:
        yield generator
    finally:
        legs.tally[arrays.STOP] = 1
        media.join()
        transport.close()
        for s in sockets:
            s.close()


def _set_up(calls: list[Call], seconds: float) -> SetUp:
    # An ended or dropped call came up, too: its set-up counts.
    setup_ms = np.array([c.setup_s * 1e3 for c in calls if c.life in _CAME_UP])
    failures = Counter(c.failure for c in calls if c.life is Life.FAILED)
    p50, p99 = (results.percentile(setup_ms, percent) for percent in (50, 99))
    return SetUp(len(setup_ms), dict(failures), p50, p99, seconds)


def raise_file_limit(needed: int) -> None:
    """Raise the soft limit of open files to the hard one; raise `TooFewFiles` when that is not enough."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise TooFewFiles(
            f"{needed} open files are needed, one socket per phone, but the hard limit is {hard}: "
            f"raise it (ulimit -Hn, /etc/security/limits.conf, LimitNOFILE=) or ask for fewer --legs."
        )


def _serve_media(legs: arrays.Legs) -> None:
    """Run the loop ahead of everything else on its core where that is allowed: an instrument should be on time."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_REAL_TIME_PRIORITY))
    kernels.run(legs, time.monotonic_ns() + _START_IN_NS)


def _compile(legs: arrays.Legs) -> None:
    """Compile, or load from the cache, before the clock starts."""
    legs.tally[arrays.STOP] = 1
    kernels.run(legs, 0)
    legs.tally[arrays.STOP] = 0


def _local_host(server: tuple[str, int]) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(server)
        return str(probe.getsockname()[0])


def _media_socket(host: str) -> socket.socket:
    media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    media.bind((host, 0))
    media.setsockopt(socket.SOL_SOCKET, libc.SO_TIMESTAMPNS, 1)
    return media
