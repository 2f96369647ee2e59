"""What measurements mean: numbers in, findings out, each with what to do about it."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from mixminus.base.errors import CURES


class Health(Enum):
    """Only `BAD` keeps a node from running."""

    GOOD = "ok"
    POOR = "warning"
    BAD = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    health: Health
    seen: str
    advice: str = ""


SPARE_FILES: Final = 256
"""Open files of a worker besides its legs: recordings, prompts, libraries."""

MIN_FREE_BYTES: Final = 1 << 30
BYTES_PER_RECORDED_S: Final = 16_000
"""8 kHz, 16 bits, mono."""
MIN_WRITE_BYTES_PER_S: Final = 10 << 20
"""600 recordings at once, in round numbers."""

EARLIEST: Final = datetime(2026, 1, 1)
"""This program was not written before: an earlier clock is wrong, and TLS fails with it."""
MAX_STEP_S: Final = 0.05
"""How far wall and monotonic clock may drift apart in 2 s before somebody is setting the clock."""

TICK_S: Final = 0.02
LATE_S: Final = 0.01
"""A packet that leaves half a tick late is noticed by phones with small jitter buffers."""
MAX_LATE_SHARE: Final = 0.02


def port(setting: str, address: str, error: OSError | None) -> Finding:
    """Whether an address can be bound."""
    if error is None:
        return Finding(f"{setting} {address}", Health.GOOD, "free")
    advice = CURES.get(error.errno or 0, f"Stop whatever has it, or choose another with {setting}.")
    return Finding(f"{setting} {address}", Health.BAD, error.strerror or str(error), advice)


def media_ports(legs: int, tried: int, taken: int) -> Finding:
    """Even ports of the range, of which some were tried."""
    if legs == 0:
        return Finding("media ports", Health.BAD, "no even port in --rtp", "Widen --rtp: a leg needs an even port.")
    if tried == taken:
        return Finding("media ports", Health.BAD, f"all {tried} that were tried are taken", "Choose another --rtp.")
    if taken:
        seen = f"{taken} of {tried} that were tried are taken"
        return Finding("media ports", Health.POOR, seen, "Others use this range: choose another --rtp.")
    return Finding("media ports", Health.GOOD, f"room for {legs:,} legs")


def open_files(limit: int, legs: int) -> Finding:
    """Whether a process may hold a socket for every leg that the ports allow."""
    needed = legs + SPARE_FILES
    if limit >= needed:
        return Finding("open files", Health.GOOD, f"{limit:,} allowed, {needed:,} needed")
    advice = f"Raise it: ulimit -Hn {needed}, or LimitNOFILE={needed} in the systemd unit; or make --rtp narrower."
    seen = f"{limit:,} allowed: only {max(0, limit - SPARE_FILES):,} of {legs:,} legs"
    return Finding("open files", Health.BAD if limit <= SPARE_FILES else Health.POOR, seen, advice)


def clock(wall: datetime, step_s: float, resolution_s: float) -> Finding:
    """What time it is, how far the two clocks went apart while we looked, and how fine they are."""
    if wall.replace(tzinfo=None) < EARLIEST:
        return Finding("clock", Health.BAD, f"it says {wall:%Y-%m-%d}", "Set the clock, and run an NTP client.")
    if abs(step_s) > MAX_STEP_S:
        advice = "Let NTP slew instead of step; records get odd times until it is steady."
        return Finding("clock", Health.POOR, f"the wall clock jumped by {step_s * 1_000:.0f} ms", advice)
    if resolution_s > 0.001:
        seen = f"it ticks only every {resolution_s * 1_000:.0f} ms"
        return Finding("clock", Health.BAD, seen, "Packets cannot be paced: choose another clock source.")
    return Finding("clock", Health.GOOD, "steady")


def disk(free_bytes: int, write_bytes_per_s: float) -> Finding:
    """Space and speed where recordings go."""
    hours = free_bytes / BYTES_PER_RECORDED_S / 3_600
    seen = f"{free_bytes / 1e9:.1f} GB free ({hours:,.0f} h of recordings), {write_bytes_per_s / 1e6:,.0f} MB/s"
    if free_bytes < MIN_FREE_BYTES:
        return Finding("disk", Health.POOR, seen, "Free some space, or move --data.")
    if write_bytes_per_s < MIN_WRITE_BYTES_PER_S:
        return Finding("disk", Health.POOR, seen, "Too slow for many recordings: move --data to a faster disk.")
    return Finding("disk", Health.GOOD, seen)


def unwritable(folder: str, error: str) -> Finding:
    return Finding(
        "disk", Health.BAD, f"{folder}: {error}", "Make it writable for this user, or choose another --data."
    )


def libraries(missing: tuple[str, ...]) -> Finding:
    if missing:
        return Finding(
            "libraries", Health.BAD, f"missing: {', '.join(missing)}", "Install again: pip install mixminus"
        )
    return Finding("libraries", Health.GOOD, "all there")


def voice(seconds: float | None, error: str = "") -> Finding:
    """How long a spoken sentence was, or why there is none."""
    if seconds is None:
        return Finding("voice", Health.POOR, error, "<Say> is silent without: pip install wasmtime")
    return Finding("voice", Health.GOOD, f"speaks ({seconds:.1f} s of English)")


def opus(version: str | None) -> Finding:
    """Which libopus there is."""
    if version is None:
        return Finding("libopus", Health.POOR, "none: Opus is not offered", "pip install av, or install libopus0")
    return Finding("libopus", Health.GOOD, version)


def srtp(version: str | None) -> Finding:
    """Which libsrtp there is."""
    if version is None:
        return Finding("libsrtp", Health.POOR, "none: calls with SRTP have no audio", "pip install pylibsrtp")
    return Finding("libsrtp", Health.GOOD, version)


def worker_start(took_s: float) -> Finding:
    return Finding("media worker", Health.GOOD, f"up in {took_s:.1f} s")


def no_worker(error: str) -> Finding:
    advice = "Run with a writable home or NUMBA_CACHE_DIR, and see the message above."
    return Finding("media worker", Health.BAD, error, advice)


def ticks(gaps_s: list[float]) -> Finding:
    """Whether packets left every 20 ms."""
    if not gaps_s:
        return Finding("ticks", Health.BAD, "no packet came", "Allow UDP on loopback: look at the firewall.")
    late = [gap - TICK_S for gap in gaps_s if gap - TICK_S > LATE_S]
    worst_ms = max(max(gaps_s) - TICK_S, 0.0) * 1_000
    seen = f"{len(late)} of {len(gaps_s)} late, the latest by {worst_ms:.1f} ms"
    if len(late) > MAX_LATE_SHARE * len(gaps_s):
        advice = (
            "The machine is busy or throttled: give it cores of its own, or the right to go first (CAP_SYS_NICE)."
        )
        return Finding("ticks", Health.POOR, seen, advice)
    return Finding("ticks", Health.GOOD, seen)


def codec(name: str, *, heard: bool) -> Finding:
    """Whether a tone came through, as a foreign decoder hears it."""
    if heard:
        return Finding(f"codec {name}", Health.GOOD, "a tone came through")
    advice = "Remove __pycache__ of mixminus and install again: its kernels are broken."
    return Finding(f"codec {name}", Health.BAD, "the tone did not come through", advice)
