"""When packets come: how unevenly, and where between two ticks.

Times are samples at 8 kHz on the engine's clock: tick *n* begins at 160 n.
"""

from typing import Final

from mixminus.audio.compiled import kernel
from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.media.kernels.wrapping import signed32
from mixminus.media.state import NOT_ASKED, Reception

CYCLE: Final = 16 * FRAME_SAMPLES
"""From one tick to the next, in 1/16 samples."""
AVERAGED: Final = 16
"""Packets that an average is made of before it forgets the first ones."""


@kernel
def watch_jitter(reception: Reception, slot: int, timestamp: int, arrival: int) -> None:
    """RFC 3550 appendix A.8."""
    transit = (arrival - timestamp) & 0xFFFFFFFF
    if reception.transit[slot] >= 0:
        change = abs(signed32(transit - reception.transit[slot]))
        reception.jitter[slot] += change - ((reception.jitter[slot] + 8) >> 4)
    reception.transit[slot] = transit


@kernel
def watch_phase(reception: Reception, slot: int, arrival: int) -> None:
    """Average over a circle: just before a tick and just after one are close to each other."""
    if reception.phase_packets[slot] == 0:
        reception.phase[slot] = 16 * arrival % CYCLE
    reception.phase_packets[slot] = min(reception.phase_packets[slot] + 1, AVERAGED)
    off = (16 * arrival - reception.phase[slot] + CYCLE // 2) % CYCLE - CYCLE // 2
    packets = int(reception.phase_packets[slot])
    reception.phase[slot] = (reception.phase[slot] + (off + packets // 2) // packets) % CYCLE


@kernel
def watch_arrival(
    reception: Reception, slot: int, sequence: int, timestamp: int, tick: int, offset: int, age: int
) -> None:
    """Learn from one packet of audio, read `offset` samples after the beginning of a tick."""
    if age == NOT_ASKED:
        return
    arrival = tick * FRAME_SAMPLES + offset - age
    watch_jitter(reception, slot, timestamp, arrival)
    if age != 0 and sequence == reception.sequence[slot]:
        watch_phase(reception, slot, arrival)


@kernel
def arrival_phase(reception: Reception, slot: int) -> int:
    """How many samples after a tick begins audio of that leg arrives, from 0 to 159; -1: not known."""
    return int(reception.phase[slot]) >> 4
