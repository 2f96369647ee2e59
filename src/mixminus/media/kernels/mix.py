"""From what every leg says to what every leg hears: one bus a room, minus oneself, and the exceptions.

All sums are 32 bits wide and clipped once, at the end.
"""

from typing import Any

from numba import types

from mixminus.audio.compiled import kernel
from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.media.kernels.copying import copy
from mixminus.media.kernels.happenings import note
from mixminus.media.shared_state import ITS_OWN, SILENCE, THE_BUS, Audience
from mixminus.media.state import (
    I16,
    I32,
    PCMA,
    PCMU,
    PLAYER_ENDED,
    Edges,
    Happenings,
    Line,
    Mixing,
    PlayerRows,
    Segments,
)

copy_memory: Any = types.ExternalFunction("memcpy", types.voidptr(types.intp, types.intp, types.uintp))
"""libc's: clips are reached by address, since a kernel cannot hold a list of arrays of any length."""


@kernel
def add(total: I32, samples: I16, sign: int) -> None:
    for i in range(len(samples)):
        total[i] += sign * samples[i]


@kernel
def next_segment(players: PlayerRows, segments: Segments, player: int) -> None:
    """Go on to the following clip, to the next loop, or to the end (-1)."""
    following = segments.next[players.segment[player]]
    if following < 0 and players.loops_left[player] != 1:
        following = players.first[player]
        players.loops_left[player] = max(0, players.loops_left[player] - 1)
    players.segment[player] = following
    players.position[player] = 0


@kernel
def render_player(players: PlayerRows, segments: Segments, player: int, total: I32, scratch: I16) -> None:
    """Add the next 20 ms of a programme to *total*; it has ended when its last sample was added."""
    done = 0
    while done < FRAME_SAMPLES and players.segment[player] >= 0:
        segment, position = players.segment[player], players.position[player]
        count = min(FRAME_SAMPLES - done, segments.samples[segment] - position)
        if segments.address[segment] != 0 and count > 0:
            copy_memory(scratch.ctypes.data, segments.address[segment] + 2 * position, 2 * count)
            add(total[done : done + count], scratch[:count], 1)
        done += count
        players.position[player] = position + count
        if position + count >= segments.samples[segment]:
            next_segment(players, segments, player)


@kernel
def render_players(
    active: I32,
    count: int,
    players: PlayerRows,
    segments: Segments,
    bus: I32,
    audience: Audience,
    mixing: Mixing,
    happenings: Happenings,
    scratch: I16,
) -> None:
    """Every player onto its room's bus, or into what its leg hears."""
    for n in range(count):
        player = active[n]
        if players.segment[player] < 0:
            continue
        if players.room[player] >= 0:
            render_player(players, segments, player, bus[players.room[player]], scratch)
            audience.voices[players.room[player]] += 1
        else:
            leg = players.leg[player]
            if mixing.has_extra[leg] == 0:
                mixing.has_extra[leg] = 1
                mixing.extra[leg, :] = 0
            render_player(players, segments, player, mixing.extra[leg], scratch)
        if players.segment[player] < 0:
            note(happenings, PLAYER_ENDED, player, 0)


@kernel
def clip_into(heard: I16, total: I32) -> None:
    for i in range(len(heard)):
        heard[i] = min(32767, max(-32768, total[i]))


@kernel
def mix_minus(heard: I16, bus: I32, own: I16) -> None:
    """The plain row of the matrix: everybody on the bus but oneself."""
    for i in range(len(heard)):
        heard[i] = min(32767, max(-32768, bus[i] - own[i]))


@kernel
def is_exceptional(mixing: Mixing, edges: Edges, line: Line, slot: int) -> bool:
    """Whether the leg hears anything in this tick that the bus has not, or has to miss something that it has."""
    if mixing.has_extra[slot] == 1:
        return True
    edge = mixing.edge[slot]
    while edge >= 0:
        speaker = edges.leg[edge]
        if edges.generation[edge] == line.generation[speaker] and mixing.silent[speaker] == 0:
            return True
        edge = edges.next[edge]
    return False


@kernel
def hear_exceptions(mixing: Mixing, edges: Edges, line: Line, bus: I32, slot: int, own: bool, total: I32) -> None:
    """The bus, without oneself; who is heard besides, who is not; and players."""
    if mixing.room[slot] >= 0 and mixing.hears_bus[slot] == 1:
        copy(total, bus[mixing.room[slot]])
    else:
        total[:] = 0
    if own:
        add(total, mixing.said[slot], -1)
    edge = mixing.edge[slot]
    while edge >= 0:
        speaker = edges.leg[edge]
        if edges.generation[edge] == line.generation[speaker] and mixing.silent[speaker] == 0:
            add(total, mixing.said[speaker], edges.sign[edge])
        edge = edges.next[edge]
    if mixing.has_extra[slot] == 1:
        for i in range(FRAME_SAMPLES):
            total[i] += mixing.extra[slot, i]
    clip_into(mixing.heard[slot], total)


@kernel
def hear(mixing: Mixing, edges: Edges, line: Line, bus: I32, audience: Audience, slot: int, total: I32) -> None:
    """What one leg hears: its row of the routing plan, and its players.

    Whoever hears the bus and is not on it, with whatever they say, hears what all such listeners do.
    """
    room = mixing.room[slot]
    voices, own = 0, False
    if room >= 0 and mixing.hears_bus[slot] == 1:
        voices = audience.voices[room]
        own = mixing.on_bus[slot] == 1 and mixing.silent[slot] == 0
    if is_exceptional(mixing, edges, line, slot):
        hear_exceptions(mixing, edges, line, bus, slot, own, total)
        mixing.hears[slot] = ITS_OWN
    elif voices == own:
        if mixing.hears[slot] != SILENCE:
            mixing.heard[slot, :] = 0
        mixing.hears[slot] = SILENCE
    elif own:
        mix_minus(mixing.heard[slot], bus[room], mixing.said[slot])
        mixing.hears[slot] = ITS_OWN
    else:
        if audience.listener[room] < 0:
            clip_into(mixing.heard[slot], bus[room])
            audience.listener[room] = slot
        else:
            copy(mixing.heard[slot], mixing.heard[audience.listener[room]])
        mixing.hears[slot] = THE_BUS


@kernel
def begin_buses(active_rooms: I32, rooms: int, bus: I32, audience: Audience) -> None:
    """Empty them. Those on which nobody sounded in the last tick are empty."""
    for n in range(rooms):
        room = active_rooms[n]
        if audience.voices[room] != 0:
            bus[room, :] = 0
            audience.voices[room] = 0
        audience.listener[room] = -1
        audience.packet[room, PCMU] = audience.packet[room, PCMA] = -1


@kernel
def mix(
    active_rooms: I32,
    rooms: int,
    active_legs: I32,
    legs: int,
    active_players: I32,
    playing: int,
    bus: I32,
    audience: Audience,
    mixing: Mixing,
    edges: Edges,
    line: Line,
    players: PlayerRows,
    segments: Segments,
    happenings: Happenings,
    scratch: I16,
    total: I32,
) -> None:
    """One tick of these rooms, onto what streams have put into `extra`. `scratch` and `total` are a frame each."""
    begin_buses(active_rooms, rooms, bus, audience)
    for n in range(legs):
        slot = active_legs[n]
        room = mixing.room[slot]
        if room >= 0 and mixing.on_bus[slot] == 1 and mixing.silent[slot] == 0:
            add(bus[room], mixing.said[slot], 1)
            audience.voices[room] += 1
    render_players(active_players, playing, players, segments, bus, audience, mixing, happenings, scratch)
    for n in range(legs):
        hear(mixing, edges, line, bus, audience, active_legs[n], total)
