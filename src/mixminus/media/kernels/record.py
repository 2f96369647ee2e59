"""From buses and legs to the buffers of the recordings."""

from mixminus.audio.compiled import kernel
from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.media.coded_state import NARROW
from mixminus.media.kernels.mix import add, clip_into
from mixminus.media.state import (
    I32,
    PAUSED_WITH_SKIP,
    RECORD_TICKS,
    RECORDING,
    TAP_BUS,
    TAP_LEG_OUT,
    TAP_TO_EAR,
    TAP_VOICE,
    TAP_WHISPER,
    Mixing,
    RecorderRows,
    Taps,
)


@kernel
def is_heard(taps: Taps, tap: int, mixing: Mixing) -> bool:
    """Whether the routing plan of this very tick lets the tapped leg be heard there (laws 2 and 3)."""
    kind, leg = taps.kind[tap], taps.row[tap]
    if kind == TAP_TO_EAR:  # none of a recording's, nor of a stream's in the default format
        return False
    if kind != TAP_VOICE and kind != TAP_WHISPER:
        return True
    speaks = mixing.on_bus[leg] == 1 if kind == TAP_VOICE else mixing.whispers[leg] > 0
    return bool(speaks and mixing.room[leg] == taps.room[tap])


@kernel
def gather(taps: Taps, first: int, bus: I32, mixing: Mixing, total: I32) -> None:
    """The sum of a channel's taps."""
    total[:] = 0
    tap = first
    while tap >= 0:
        row, sign = taps.row[tap], taps.sign[tap]
        if row >= 0 and taps.kind[tap] == TAP_BUS:
            for i in range(FRAME_SAMPLES):
                total[i] += sign * bus[row, i]
        elif row >= 0 and is_heard(taps, tap, mixing):
            add(total, mixing.heard[row] if taps.kind[tap] == TAP_LEG_OUT else mixing.said[row], sign)
        tap = taps.next[tap]


@kernel
def has_room(rows: RecorderRows, row: int, plane: int) -> bool:
    """Whether a channel of that plane takes this tick; the engine empties them in time."""
    return bool(rows.plane[row] == plane and rows.mode[row] != PAUSED_WITH_SKIP and rows.ticks[row] < RECORD_TICKS)


@kernel
def append(rows: RecorderRows, row: int, total: I32) -> None:
    """One frame, as long as *total*; silence while the recording is paused."""
    at = rows.ticks[row]
    frame = rows.buffer[row, at * len(total) : (at + 1) * len(total)]
    peak = 0
    if rows.mode[row] == RECORDING:
        clip_into(frame, total)
        for i in range(len(frame)):
            peak = max(peak, abs(int(frame[i])))
    else:
        frame[:] = 0
    rows.peak[row, at] = peak
    rows.ticks[row] = at + 1


@kernel
def record(active: I32, channels: int, rows: RecorderRows, taps: Taps, bus: I32, mixing: Mixing, total: I32) -> None:
    """Append this tick to every channel at 8 kHz that has room."""
    for n in range(channels):
        row = active[n]
        if has_room(rows, row, NARROW):
            if rows.mode[row] == RECORDING:
                gather(taps, rows.tap[row], bus, mixing, total)
            append(rows, row, total)
