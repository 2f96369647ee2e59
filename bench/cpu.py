"""What a process and its descendants use, as the kernel counts it."""

import os
import platform
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
# clock_getcpuclockid(3): the CPU clock of a process, all its threads, living and dead, in nanoseconds. The utime and
# stime of /proc have 10 ms, a tenth of a window at 100 legs; and where the kernel samples them at its timer tick
# (CONFIG_TICK_CPU_ACCOUNTING), a server that works every 20 ms is in step with the sampling: their ratio is chance.
_CPU_CLOCK_SCHED: Final = 2


@dataclass(frozen=True, slots=True)
class Process:
    """One process at one moment."""

    name: str
    cpu_s: float
    resident_bytes: int


@dataclass(frozen=True, slots=True)
class Usage:
    """A family of processes at one moment; `at_s` is monotonic."""

    at_s: float
    processes: dict[int, Process]

    @property
    def resident_bytes(self) -> int:
        """Memory of all of them; shared pages count in each."""
        return sum(p.resident_bytes for p in self.processes.values())


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds between two usages."""

    elapsed_s: float
    cpu_s: float
    by_name: dict[str, float]

    def us_per(self, legs: float) -> float:
        """Return microseconds of CPU per leg-second."""
        return self.cpu_s * 1e6 / legs / self.elapsed_s


def usage(roots: Iterable[int]) -> Usage:
    """Look at *roots* and all their descendants; processes that end meanwhile are left out."""
    found = {}
    for pid in _family(roots):
        try:
            found[pid] = _look(pid)
        except (OSError, ProcessLookupError):
            continue
    return Usage(time.monotonic(), found)


def spent(before: Usage, after: Usage) -> Spent:
    """Return what the family used in between; a process that was born in between counts from its birth."""
    by_name: dict[str, float] = defaultdict(float)
    for pid, now in after.processes.items():
        then = before.processes.get(pid)
        by_name[now.name] += now.cpu_s - (then.cpu_s if then else 0.0)
    return Spent(after.at_s - before.at_s, sum(by_name.values()), dict(by_name))


def machine_idle_s() -> float:
    """Return how long the cores have been idle since boot, added up.

    The kernel measures idleness and samples work (see above), so that busy is what was not idle.
    """
    # proc(5): user nice system idle iowait ...
    fields = (_PROC / "stat").read_text().split(maxsplit=6)
    return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK")


def machine() -> dict[str, str]:
    """Describe the machine, as every report must."""
    lines = (_PROC / "cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    return {
        "cpu": model,
        "cores": str(os.cpu_count()),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def _look(pid: int) -> Process:
    # Fields of proc(5) after the name, which may itself hold blanks and brackets.
    fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return Process(
        name=(_PROC / str(pid) / "comm").read_text().strip(),
        cpu_s=time.clock_gettime(~pid << 3 | _CPU_CLOCK_SCHED),
        resident_bytes=int(fields[21]) * _PAGE_BYTES,
    )


def _family(roots: Iterable[int]) -> list[int]:
    family = list(roots)
    for pid in family:  # grows while it is walked
        for children in (_PROC / str(pid) / "task").glob("*/children"):
            try:
                family += [int(child) for child in children.read_text().split()]
            except OSError:
                continue
    return family
