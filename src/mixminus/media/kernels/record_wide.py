"""Recordings at 16 kHz: the twin of `record`, on the wide plane."""

from typing import Final

from mixminus.audio.compiled import kernel
from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.media.coded_state import WIDE, Planes, RoomPlanes
from mixminus.media.kernels.mix import add
from mixminus.media.kernels.record import append, has_room, is_heard
from mixminus.media.state import (
    I32,
    RECORDING,
    TAP_BUS,
    TAP_LEG_OUT,
    Mixing,
    RecorderRows,
    Taps,
)

WIDE_BIT: Final = 1 << WIDE
WIDE_FRAME: Final = 2 * FRAME_SAMPLES
WIDE_TAIL: Final = 32


@kernel
def note_taps(
    active: I32, channels: int, rows: RecorderRows, taps: Taps, planes: Planes, room_planes: RoomPlanes
) -> bool:
    """Have everything that is recorded at 16 kHz brought to the wide plane. Returns whether anything is."""
    any_wide = False
    for n in range(channels):
        row = active[n]
        if rows.plane[row] != WIDE:
            continue
        any_wide = True
        tap = rows.tap[row]
        while tap >= 0:
            source = taps.row[tap]
            if source >= 0 and taps.kind[tap] == TAP_BUS:
                room_planes.wanted[source] |= WIDE_BIT
            elif source >= 0 and taps.kind[tap] == TAP_LEG_OUT:
                planes.listens[source] |= WIDE_BIT
            elif source >= 0:
                planes.needed[source] |= WIDE_BIT
            tap = taps.next[tap]
    return any_wide


@kernel
def gather_wide(taps: Taps, first: int, mixing: Mixing, planes: Planes, room_planes: RoomPlanes, total: I32) -> None:
    """The sum of a channel's taps."""
    total[:] = 0
    tap = first
    while tap >= 0:
        source, sign = taps.row[tap], taps.sign[tap]
        if source >= 0 and taps.kind[tap] == TAP_BUS:
            for i in range(WIDE_FRAME):
                total[i] += sign * room_planes.bus_wide[source, i]
        elif source >= 0 and taps.kind[tap] == TAP_LEG_OUT:
            add(total, planes.heard_wide[source], sign)
        elif source >= 0 and is_heard(taps, tap, mixing):
            add(total, planes.said_wide[source, WIDE_TAIL:], sign)
        tap = taps.next[tap]


@kernel
def record_wide(
    active: I32,
    channels: int,
    rows: RecorderRows,
    taps: Taps,
    mixing: Mixing,
    planes: Planes,
    room_planes: RoomPlanes,
    total: I32,
) -> None:
    """Append this tick to every channel at 16 kHz that has room. `total`: a wide frame of scratch."""
    for n in range(channels):
        row = active[n]
        if has_room(rows, row, WIDE):
            if rows.mode[row] == RECORDING:
                gather_wide(taps, rows.tap[row], mixing, planes, room_planes, total)
            append(rows, row, total)
