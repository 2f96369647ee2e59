"""From buses and legs to the buffers of the recordings."""

from mixminus.audio.compiled import kernel
from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.media.state import (
    I32,
    PAUSED_WITH_SKIP,
    RECORD_TICKS,
    RECORDING,
    TAP_BUS,
    TAP_LEG_IN,
    Mixing,
    RecorderRows,
    Taps,
)


@kernel
def gather(taps: Taps, first: int, bus: I32, mixing: Mixing, total: I32) -> None:
    """The sum of a channel's taps."""
    total[:] = 0
    tap = first
    while tap >= 0:
        row = taps.row[tap]
        if row >= 0 and taps.kind[tap] == TAP_BUS:
            for i in range(FRAME_SAMPLES):
                total[i] += bus[row, i]
        elif row >= 0:
            frame = mixing.said[row] if taps.kind[tap] == TAP_LEG_IN else mixing.heard[row]
            for i in range(FRAME_SAMPLES):
                total[i] += frame[i]
        tap = taps.next[tap]


@kernel
def record(active: I32, recorders: int, rows: RecorderRows, taps: Taps, bus: I32, mixing: Mixing, total: I32) -> None:
    """Append this tick to every recording that has room; the engine empties them in time."""
    for n in range(recorders):
        row = active[n]
        at = rows.ticks[row]
        if rows.mode[row] == PAUSED_WITH_SKIP or at >= RECORD_TICKS:
            continue
        channels = rows.channels[row]
        frame = rows.buffer[row, at * FRAME_SAMPLES * channels : (at + 1) * FRAME_SAMPLES * channels]
        frame[:] = 0
        peak = 0
        if rows.mode[row] == RECORDING:
            for channel in range(channels):
                gather(taps, rows.tap[row, channel], bus, mixing, total)
                for i in range(FRAME_SAMPLES):
                    sample = min(32767, max(-32768, total[i]))
                    peak = max(peak, abs(sample))
                    frame[i * channels + channel] = sample
        rows.peak[row, at] = peak
        rows.ticks[row] = at + 1
