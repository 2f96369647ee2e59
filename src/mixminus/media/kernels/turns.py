"""Whose turn it is: a tick of 20 ms has several beats, and a worker several lanes.

A room is served on one beat of every tick and by one lane, and its legs with it: so a room may follow the arrivals of
its legs, and the work of a tick is spread over it. Beats are counted from the engine's beginning.
"""

from typing import Final, NamedTuple

from mixminus.audio.compiled import kernel
from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.media.coded_state import NARROW, Planes
from mixminus.media.kernels.copying import copy
from mixminus.media.state import (
    F64,
    I32,
    I64,
    U8,
    Line,
    Mixing,
    PlayerRows,
    RecorderRows,
)

LEAST_MARGIN: Final = 8
"""1 ms: so much do packets of a quiet network differ."""
MOST_JITTER: Final = 40
"""5 ms: packets that scatter more come on every beat."""
LEAST_GAIN: Final = 16
"""2 ms on average: for less a room does not move."""
LEGS_PER_SAMPLE: Final = 25
"""A leg keeps the beat's other legs waiting for about 5 us, and a sample lasts 125 us."""
TRUSTED_WINDOWS: Final = 100
"""More than `timing.CALM_WINDOWS`."""
PATIENCE_TICKS: Final = 250
"""5 s from one move to the next. Clocks that drift by 100 ppm take 50 s for a beat."""


class Turns(NamedTuple):
    """Of legs or of rooms. What a leg's row says counts while it is in no room."""

    beat: U8
    lane: U8
    served: I64
    """On which beat it was served last."""
    settled: I64
    """Since when it has been on its beat."""


@kernel
def is_due(turns: Turns, row: int, now: int, beats: int, lane: int) -> bool:
    """Whether it is this row's turn.

    One that has moved to another beat has had its last turn less or more than a tick ago. A single beat less is made
    up for by concealment at worst; with more, it waits for the next tick.
    """
    due = turns.lane[row] == lane and turns.beat[row] == now % beats and now - turns.served[row] >= beats - 1
    if due:
        turns.served[row] = now
    return bool(due)


@kernel
def is_served(turns: Turns, row: int, now: int, lane: int) -> bool:
    """Whether the row was found to be due on this beat."""
    return bool(turns.served[row] == now and turns.lane[row] == lane)


@kernel
def is_served_with(leg_turns: Turns, room_turns: Turns, leg: int, room: int, now: int, lane: int) -> bool:
    """Whether this is a turn of the room that something belongs to, or else of the leg; -1 is none."""
    if room >= 0:
        return is_served(room_turns, room, now, lane)
    return leg >= 0 and is_served(leg_turns, leg, now, lane)


@kernel
def is_unsteady(phase: I32, jitter: I64, slot: int) -> bool:
    """Whether nothing is known of when the leg's packets come, or only that they come at any time."""
    return bool(phase[slot] < 0 or jitter[slot] >> 4 > MOST_JITTER)


@kernel
def rooms_due(active: I32, rooms: int, turns: Turns, now: int, beats: int, lane: int, due: I32) -> int:
    """Put the rows of rooms whose turn it is into *due*. Returns how many."""
    count = 0
    for n in range(rooms):
        if is_due(turns, active[n], now, beats, lane):
            due[count] = active[n]
            count += 1
    return count


@kernel
def fall_silent(mixing: Mixing, planes: Planes, slot: int) -> None:
    """On all planes. Rows of those that never were on the higher ones are not touched, and take no memory."""
    mixing.said[slot, :] = 0
    mixing.silent[slot] = 1
    if planes.raised[slot] == 1 or planes.mouth[slot] != NARROW:
        planes.said_wide[slot, :] = 0
        planes.said_full[slot, :] = 0


@kernel
def legs_due(
    active: I32,
    legs: int,
    turns: Turns,
    room_turns: Turns,
    mixing: Mixing,
    planes: Planes,
    now: int,
    beats: int,
    lane: int,
    due: I32,
) -> int:
    """The same for legs, after their rooms.

    Who came from another beat less than a tick ago sits this one out, and is silent: what it said last was said
    elsewhere.
    """
    count = 0
    for n in range(legs):
        slot = active[n]
        room = mixing.room[slot]
        if room >= 0:
            if not is_served(room_turns, room, now, lane):
                continue
            turns.lane[slot], turns.beat[slot] = lane, now % beats
            if now - turns.served[slot] < beats - 1:
                fall_silent(mixing, planes, slot)
                continue
            turns.served[slot] = now
        elif not is_due(turns, slot, now, beats, lane):
            continue
        due[count] = slot
        count += 1
    return count


@kernel
def players_due(
    active: I32, players: int, rows: PlayerRows, leg_turns: Turns, room_turns: Turns, now: int, lane: int, due: I32
) -> int:
    """Players whose leg or room is served."""
    count = 0
    for n in range(players):
        player = active[n]
        if is_served_with(leg_turns, room_turns, rows.leg[player], rows.room[player], now, lane):
            due[count] = player
            count += 1
    return count


@kernel
def channels_due(
    active: I32,
    channels: int,
    rows: RecorderRows,
    turns: Turns,
    leg_turns: Turns,
    room_turns: Turns,
    now: int,
    beats: int,
    lane: int,
    due: I32,
) -> int:
    """Channels of recordings whose room or leg is served; when that is gone, at its old times."""
    count = 0
    for n in range(channels):
        row = active[n]
        if rows.room[row] < 0 and rows.leg[row] < 0:
            mine = is_due(turns, row, now, beats, lane)
        else:
            mine = is_served_with(leg_turns, room_turns, rows.leg[row], rows.room[row], now, lane)
        if mine:
            turns.beat[row], turns.lane[row], turns.served[row] = now % beats, lane, now
            due[count] = row
            count += 1
    return count


@kernel
def pass_on(pipes: I32, line: Line, turns: Turns, mixing: Mixing, now: int) -> None:
    """What the legs of pipes heard in this beat becomes what their peers say in their next turn."""
    for n in range(len(pipes)):
        slot = pipes[n]
        if turns.served[slot] == now and line.peer[slot] >= 0:
            copy(mixing.piped[line.peer[slot]], mixing.heard[slot])


@kernel
def wait_of(phase: int, jitter: int, beat: int, beats: int) -> int:
    """How long packets of a leg would wait for that beat, in samples. `phase`, `jitter`: in 1/16 samples.

    What comes closer before the beat than its jitter lets it would often miss it, and wait for the next tick.
    """
    margin = LEAST_MARGIN + 2 * (jitter >> 4)
    wait = (beat * FRAME_SAMPLES // beats - (phase >> 4)) % FRAME_SAMPLES
    return wait + FRAME_SAMPLES if wait < margin else wait


@kernel
def weigh_beats(active: I32, legs: int, phase: I32, jitter: I64, mixing: Mixing, beats: int, cost: F64) -> None:
    """Add up the waits of each room's legs on each beat: `cost[room]`, and their number behind them.

    Legs that are in no room, or whose packets come at any time, have no say.
    """
    for n in range(legs):
        slot = active[n]
        room = mixing.room[slot]
        if room < 0 or is_unsteady(phase, jitter, slot):
            continue
        for beat in range(beats):
            cost[room, beat] += wait_of(phase[slot], jitter[slot], beat, beats)
        cost[room, beats] += 1


@kernel
def count_crowd(active: I32, legs: int, turns: Turns, room_turns: Turns, mixing: Mixing, crowd: I64) -> None:
    """How many legs each lane has on each beat."""
    crowd[:, :] = 0
    for n in range(legs):
        slot = active[n]
        room = mixing.room[slot]
        if room >= 0:
            crowd[room_turns.lane[room], room_turns.beat[room]] += 1
        else:
            crowd[turns.lane[slot], turns.beat[slot]] += 1


@kernel
def better_beat(cost: F64, beats: int, beat: int, crowd: I64) -> int:
    """The beat on which a row's legs would wait least, or the one that it has, if that is about as good.

    `cost`: of this row, as `weigh_beats` left it. `crowd`: how many legs each beat has already.
    """
    best, least = beat, cost[beat] / cost[beats] + crowd[beat] / LEGS_PER_SAMPLE - LEAST_GAIN
    for other in range(beats):
        waits = cost[other] / cost[beats] + crowd[other] / LEGS_PER_SAMPLE
        if waits < least:
            best, least = other, waits
    return best


@kernel
def is_settled(turns: Turns, row: int, now: int, beats: int) -> bool:
    """Whether the row has moved so lately that it does not move again."""
    return bool(turns.settled[row] != 0 and now - turns.settled[row] < PATIENCE_TICKS * beats)


@kernel
def move(turns: Turns, row: int, beat: int, crowd: I64, legs: int, now: int) -> None:
    """Be served on another beat from now on."""
    crowd[turns.lane[row], turns.beat[row]] -= legs
    crowd[turns.lane[row], beat] += legs
    turns.beat[row], turns.settled[row] = beat, now


@kernel
def choose_beats(active: I32, rooms: int, turns: Turns, cost: F64, crowd: I64, now: int, beats: int) -> None:
    """Move rooms to better beats."""
    for n in range(rooms):
        room = active[n]
        if cost[room, beats] == 0 or is_settled(turns, room, now, beats):
            continue
        beat = better_beat(cost[room], beats, turns.beat[room], crowd[turns.lane[room]])
        if beat != turns.beat[room]:
            move(turns, room, beat, crowd, int(cost[room, beats]), now)


@kernel
def trust_again(active: I32, legs: int, room_turns: Turns, mixing: Mixing, calm_windows: I32, now: int) -> None:
    """Let legs whose rooms have moved just now give back at once what delay this may spare them."""
    for n in range(legs):
        room = mixing.room[active[n]]
        if room >= 0 and room_turns.settled[room] == now:
            calm_windows[active[n]] = TRUSTED_WINDOWS


@kernel
def choose_own_beats(
    active: I32,
    legs: int,
    turns: Turns,
    phase: I32,
    jitter: I64,
    calm_windows: I32,
    mixing: Mixing,
    crowd: I64,
    now: int,
    beats: int,
) -> None:
    """Move legs that are in no room; the room that they come into first begins on their beat."""
    for n in range(legs):
        slot = active[n]
        if mixing.room[slot] >= 0 or is_unsteady(phase, jitter, slot) or is_settled(turns, slot, now, beats):
            continue
        best = turns.beat[slot]
        least = wait_of(phase[slot], jitter[slot], best, beats) - LEAST_GAIN
        for beat in range(beats):
            wait = wait_of(phase[slot], jitter[slot], beat, beats)
            if wait < least:
                best, least = beat, wait
        if best != turns.beat[slot]:
            move(turns, slot, best, crowd, 1, now)
            calm_windows[slot] = TRUSTED_WINDOWS
