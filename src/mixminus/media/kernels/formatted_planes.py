"""Streams in other formats above the narrow plane: what they want to hear there, what they say there, and pipes.

On the narrow plane what a stream says is added to what players play. Above it players are raised from there, and what
a stream says is not, for it has more to say than that: so it is taken out again and added as it is.
"""

from typing import Final

from mixminus.audio.compiled import kernel
from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.audio.resampling import FULL_TO_WIDE, WIDE_TO_FULL, lower_rate, raise_rate
from mixminus.media.coded_state import FULL, NARROW, WIDE, Planes, RoomPlanes
from mixminus.media.formatted_state import Listened, Spoken
from mixminus.media.kernels.copying import copy
from mixminus.media.kernels.formatted import FULL_TAIL, QUIET, WIDE_TAIL, said_samples
from mixminus.media.kernels.mix import add
from mixminus.media.kernels.turns import Turns, is_served, is_served_with
from mixminus.media.state import I16, I32, PIPE, TAP_BUS, TAP_LEG_OUT, TAP_TO_EAR, Line, Mixing, Taps

WIDE_BIT: Final = 1 << WIDE
FULL_BIT: Final = 1 << FULL


@kernel
def note_tracks(
    active: I32,
    count: int,
    tracks: Listened,
    taps: Taps,
    mixing: Mixing,
    planes: Planes,
    room_planes: RoomPlanes,
    leg_turns: Turns,
    room_turns: Turns,
    now: int,
    lane: int,
) -> int:
    """Have everything that is listened to brought to its plane. Returns the bits of planes with any."""
    listened = 0
    for n in range(count):
        track = active[n]
        if tracks.plane[track] == NARROW:
            continue
        if not is_served_with(leg_turns, room_turns, tracks.leg[track], tracks.room[track], now, lane):
            continue
        bit = 1 << tracks.plane[track]
        listened |= bit
        tap = tracks.tap[track]
        while tap >= 0:
            source = taps.row[tap]
            if source >= 0 and taps.kind[tap] == TAP_BUS:
                room_planes.wanted[source] |= bit
            elif source >= 0 and taps.kind[tap] == TAP_LEG_OUT:
                planes.listens[source] |= bit
            elif source >= 0 and (taps.kind[tap] != TAP_TO_EAR or mixing.room[source] == taps.room[tap]):
                planes.needed[source] |= bit  # and not of who has gone to a room of another lane
            tap = taps.next[tap]
    return listened


@kernel
def rises(spoken: Spoken, row: int, turns: Turns, now: int, lane: int) -> bool:
    """Whether the stream says something above the narrow plane in this turn."""
    return bool(
        spoken.plane[row] != NARROW
        and spoken.leg[row] >= 0
        and spoken.sounds[row] != QUIET
        and is_served(turns, spoken.leg[row], now, lane)
    )


@kernel
def add_raised(
    active: I32,
    count: int,
    spoken: Spoken,
    mixing: Mixing,
    planes: Planes,
    turns: Turns,
    now: int,
    lane: int,
    scratch: I16,
) -> None:
    """What rises, onto the planes where its legs listen, and out of what players play. `scratch`: 960 samples."""
    for n in range(count):
        row = active[n]
        if not rises(spoken, row, turns, now, lane):
            continue
        leg, said = spoken.leg[row], spoken.said[row, : said_samples(spoken, row)]
        is_wide = spoken.plane[row] == WIDE
        add(mixing.extra[leg], spoken.narrow[row], -1)
        for bit in (WIDE_BIT, FULL_BIT):
            if planes.listens[leg] & bit == 0:
                continue
            extra = planes.extra_wide[leg] if bit == WIDE_BIT else planes.extra_full[leg]
            if planes.added[leg] & bit == 0:
                planes.added[leg] |= bit
                extra[:] = 0
            if is_wide == (bit == WIDE_BIT):
                add(extra, said[WIDE_TAIL if is_wide else FULL_TAIL :], 1)
            elif is_wide:
                raise_rate(said, WIDE_TO_FULL, scratch[: 6 * FRAME_SAMPLES])
                add(extra, scratch[: 6 * FRAME_SAMPLES], 1)
            else:
                lower_rate(said, FULL_TO_WIDE, scratch[: 2 * FRAME_SAMPLES])
                add(extra, scratch[: 2 * FRAME_SAMPLES], 1)


@kernel
def pass_on_planes(pipes: I32, line: Line, turns: Turns, planes: Planes, now: int) -> None:
    """The twin of `turns.pass_on` for pipes through which somebody hears more than telephones do."""
    for n in range(len(pipes)):
        slot = pipes[n]
        peer = line.peer[slot]
        if planes.ears[slot] == 0 or peer < 0 or turns.served[slot] != now:
            continue
        if planes.ears[slot] & FULL_BIT:
            copy(planes.piped[peer], planes.heard_full[slot])
            planes.piped_plane[peer] = FULL
        else:
            copy(planes.piped[peer, : 2 * FRAME_SAMPLES], planes.heard_wide[slot])
            planes.piped_plane[peer] = WIDE


@kernel
def play_pipes(active: I32, legs: int, line: Line, mixing: Mixing, planes: Planes) -> None:
    """What came through pipes above the narrow plane is what their legs say; after `playout`."""
    for n in range(legs):
        slot = active[n]
        if line.kind[slot] != PIPE:
            continue
        plane = planes.piped_plane[slot]
        if planes.mouth[slot] != plane:
            planes.mouth[slot] = plane
            planes.said_wide[slot, :] = 0
            planes.said_full[slot, :] = 0
            planes.mouth_tail[slot, :] = 0
            planes.raised[slot] = 0
        if plane == NARROW:
            continue
        is_wide = plane == WIDE
        said = planes.said_wide[slot] if is_wide else planes.said_full[slot]
        tail = WIDE_TAIL if is_wide else FULL_TAIL
        copy(said[:tail], planes.mouth_tail[slot])
        copy(said[tail:], planes.piped[slot])
        copy(planes.mouth_tail[slot, :tail], said[len(said) - tail :])
        copy(planes.narrow[slot], mixing.said[slot])
        planes.piped_plane[slot] = NARROW
