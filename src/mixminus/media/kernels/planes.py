"""The planes above the narrow one: 16 and 48 kHz, mixed beside it for whoever hears there.

A listener is mixed at its own rate, and what others say is brought there once a speaker, not once a listener: so
nobody hears anything through two filters, telephones are not resampled on their way out, and what a room costs grows
with its speakers. Who hears whom is read from the same plan as on the narrow plane. Planes come and go with their
listeners; nobody hears that, since a plane is only ever begun for somebody who has just come.
"""

from typing import Final

from mixminus.audio.compiled import kernel
from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.audio.resampling import (
    FULL_TO_WIDE,
    NARROW_TO_FULL,
    NARROW_TO_WIDE,
    WIDE_TO_FULL,
    Filter,
    lower_rate,
    raise_rate,
)
from mixminus.media.coded_state import (
    FULL,
    NARROW,
    WIDE,
    Planes,
    RoomPlanes,
)
from mixminus.media.formatted_state import Listened, Spoken
from mixminus.media.kernels.copying import copy
from mixminus.media.kernels.formatted_planes import add_raised, note_tracks
from mixminus.media.kernels.mix import add, clip_into, mix_minus
from mixminus.media.kernels.record_wide import note_taps
from mixminus.media.kernels.turns import Turns
from mixminus.media.state import (
    I16,
    I32,
    Edges,
    Line,
    Mixing,
    RecorderRows,
    Taps,
)

TAIL: Final = 16
"""Of a narrow frame."""
SILENT, SOUNDING, FADING = 0, 1, 2
"""Players in a frame: none; some; none, but the filter still sounds of the last ones."""
WIDE_BIT: Final = 1 << WIDE
FULL_BIT: Final = 1 << FULL


@kernel
def note_wishes(
    active_rooms: I32,
    rooms: int,
    active_legs: I32,
    legs: int,
    mixing: Mixing,
    edges: Edges,
    line: Line,
    planes: Planes,
    room_planes: RoomPlanes,
    active_channels: I32,
    channels: int,
    recorders: RecorderRows,
    taps: Taps,
    active_tracks: I32,
    track_count: int,
    tracks: Listened,
    track_taps: Taps,
    leg_turns: Turns,
    room_turns: Turns,
    now: int,
    lane: int,
) -> int:
    """Who has to be brought to which planes: each speaker to those of its listeners. Returns those with any."""
    for n in range(rooms):
        room_planes.wanted[active_rooms[n]] = 0
    for n in range(legs):
        slot = active_legs[n]
        planes.needed[slot] = planes.added[slot] = 0
        planes.listens[slot] = planes.ears[slot]
    listened = WIDE_BIT if note_taps(active_channels, channels, recorders, taps, planes, room_planes) else 0
    listened |= note_tracks(
        active_tracks, track_count, tracks, track_taps, mixing, planes, room_planes, leg_turns, room_turns, now, lane
    )
    for n in range(legs):
        slot = active_legs[n]
        ears = planes.listens[slot]
        listened |= ears
        if ears == 0:
            continue
        room = mixing.room[slot]
        if room >= 0 and mixing.hears_bus[slot] == 1:
            room_planes.wanted[room] |= ears
        edge = mixing.edge[slot]
        while edge >= 0:
            speaker = edges.leg[edge]
            if edges.generation[edge] == line.generation[speaker]:
                planes.needed[speaker] |= ears
            edge = edges.next[edge]
    for n in range(legs):
        slot = active_legs[n]
        if mixing.room[slot] >= 0 and mixing.on_bus[slot] == 1:
            planes.needed[slot] |= room_planes.wanted[mixing.room[slot]]
    return listened


@kernel
def is_changed(planes: Planes, mixing: Mixing, slot: int) -> bool:
    """Whether something on the narrow plane has worked on what was decoded: keys muted, a voice polished."""
    changed = 0
    for i in range(FRAME_SAMPLES):
        changed |= planes.narrow[slot, i] ^ mixing.said[slot, i]
    return changed != 0


@kernel
def bring(planes: Planes, mixing: Mixing, slot: int, source: I16) -> None:
    """Put this frame of one leg onto the planes where it is needed. `source`: 176 samples of scratch."""
    needed, mouth = planes.needed[slot], planes.mouth[slot]
    if mouth != NARROW and not is_changed(planes, mixing, slot):
        if mouth == WIDE and needed & FULL_BIT:
            raise_rate(planes.said_wide[slot], WIDE_TO_FULL, planes.said_full[slot, 6 * TAIL :])
        elif mouth == FULL and needed & WIDE_BIT:
            lower_rate(planes.said_full[slot], FULL_TO_WIDE, planes.said_wide[slot, 2 * TAIL :])
        keep_narrow_tail(planes, mixing, slot)
        return
    if planes.raised[slot] == 1:
        copy(source[:TAIL], planes.narrow_tail[slot])
    else:
        source[:TAIL] = 0
    copy(source[TAIL:], mixing.said[slot])
    if needed & WIDE_BIT:
        raise_rate(source, NARROW_TO_WIDE, planes.said_wide[slot, 2 * TAIL :])
    if needed & FULL_BIT:
        raise_rate(source, NARROW_TO_FULL, planes.said_full[slot, 6 * TAIL :])
    keep_narrow_tail(planes, mixing, slot)


@kernel
def keep_narrow_tail(planes: Planes, mixing: Mixing, slot: int) -> None:
    copy(planes.narrow_tail[slot], mixing.said[slot, FRAME_SAMPLES - TAIL :])
    planes.raised[slot] = 1


@kernel
def bring_voices(active_legs: I32, legs: int, planes: Planes, mixing: Mixing, source: I16) -> None:
    """All legs that somebody above the narrow plane hears."""
    for n in range(legs):
        slot = active_legs[n]
        if planes.needed[slot] != 0:
            bring(planes, mixing, slot, source)
        else:
            planes.raised[slot] = 0


@kernel
def take_prompts(prompts: I16, before: int, sound: I32) -> int:
    """Put a frame of players, added up, behind the tail of the last one. *before*, and the answer: `SILENT` ..."""
    sounds = False
    for i in range(FRAME_SAMPLES):
        sounds = sounds or sound[i] != 0
    if not sounds and before != SOUNDING:
        return SILENT
    for i in range(TAIL):
        prompts[i] = prompts[FRAME_SAMPLES + i] if before == SOUNDING else 0
    clip_into(prompts[TAIL:], sound)
    return SOUNDING if sounds else FADING


@kernel
def collect_prompts(
    active_rooms: I32,
    rooms: int,
    active_legs: I32,
    legs: int,
    bus: I32,
    mixing: Mixing,
    planes: Planes,
    room_planes: RoomPlanes,
    silence: I32,
) -> None:
    """What players add at 8 kHz, to rooms (all that nobody in them says) and to legs."""
    for n in range(rooms):
        room = active_rooms[n]
        if room_planes.wanted[room] != 0:
            copy(room_planes.rest[room], bus[room])
    for n in range(legs):
        slot = active_legs[n]
        room = mixing.room[slot]
        if room >= 0 and mixing.on_bus[slot] == 1 and room_planes.wanted[room] != 0:
            add(room_planes.rest[room], mixing.said[slot], -1)
        if planes.listens[slot] != 0:
            sound = mixing.extra[slot] if mixing.has_extra[slot] == 1 else silence
            planes.prompted[slot] = take_prompts(planes.prompts[slot], planes.prompted[slot], sound)
    for n in range(rooms):
        room = active_rooms[n]
        if room_planes.wanted[room] != 0:
            before = room_planes.prompted[room]
            room_planes.prompted[room] = take_prompts(room_planes.prompts[room], before, room_planes.rest[room])
        else:
            room_planes.prompted[room] = SILENT


@kernel
def hear_on_plane(
    heard: I16,
    bus: I32,
    said: I16,
    slot: int,
    mixing: Mixing,
    edges: Edges,
    line: Line,
    prompts: I16,
    extra: I32,
    total: I32,
) -> None:
    """What one leg hears there; the twin of `mix.hear`. `prompts`, `extra`: of its players and streams, if any."""
    tail = said.shape[1] - len(heard)
    room = mixing.room[slot]
    on_bus, hears_bus = mixing.on_bus[slot] == 1, room >= 0 and mixing.hears_bus[slot] == 1
    plain = mixing.edge[slot] < 0 and len(prompts) == 0 and len(extra) == 0
    if plain and hears_bus and on_bus:
        mix_minus(heard, bus[room], said[slot, tail:])
        return
    if plain and not hears_bus:
        heard[:] = 0
        return
    total[:] = 0
    if hears_bus:
        copy(total, bus[room])
        if on_bus:
            add(total, said[slot, tail:], -1)
    edge = mixing.edge[slot]
    while edge >= 0:
        speaker = edges.leg[edge]
        if edges.generation[edge] == line.generation[speaker]:
            add(total, said[speaker, tail:], edges.sign[edge])
        edge = edges.next[edge]
    add(total, prompts, 1)
    for i in range(len(extra)):
        total[i] += extra[i]
    clip_into(heard, total)


@kernel
def mix_plane(
    bit: int,
    taps: Filter,
    active_rooms: I32,
    rooms: int,
    active_legs: I32,
    legs: int,
    mixing: Mixing,
    edges: Edges,
    line: Line,
    planes: Planes,
    room_planes: RoomPlanes,
    said: I16,
    heard: I16,
    bus: I32,
    extra: I32,
    prompts: I16,
    total: I32,
) -> None:
    """One plane of all rooms. `taps` bring players there; `prompts` and `total` are a frame of scratch each."""
    tail = said.shape[1] - heard.shape[1]
    for n in range(rooms):
        room = active_rooms[n]
        if room_planes.wanted[room] & bit:
            bus[room, :] = 0
            if room_planes.prompted[room] != SILENT:
                raise_rate(room_planes.prompts[room], taps, prompts)
                add(bus[room], prompts, 1)
    for n in range(legs):
        slot = active_legs[n]
        room = mixing.room[slot]
        if room >= 0 and mixing.on_bus[slot] == 1 and room_planes.wanted[room] & bit:
            add(bus[room], said[slot, tail:], 1)
    for n in range(legs):
        slot = active_legs[n]
        if planes.listens[slot] & bit:
            sounding = planes.prompted[slot] != SILENT
            if sounding:
                raise_rate(planes.prompts[slot], taps, prompts)
            private = prompts if sounding else prompts[:0]
            streamed = extra[slot] if planes.added[slot] & bit else extra[slot][:0]
            hear_on_plane(heard[slot], bus, said, slot, mixing, edges, line, private, streamed, total)


@kernel
def mix_planes(
    active_rooms: I32,
    rooms: int,
    active_legs: I32,
    legs: int,
    bus: I32,
    mixing: Mixing,
    edges: Edges,
    line: Line,
    planes: Planes,
    room_planes: RoomPlanes,
    active_channels: I32,
    channels: int,
    recorders: RecorderRows,
    taps: Taps,
    active_spoken: I32,
    spoken_count: int,
    spoken: Spoken,
    active_tracks: I32,
    track_count: int,
    tracks: Listened,
    track_taps: Taps,
    leg_turns: Turns,
    room_turns: Turns,
    now: int,
    lane: int,
    scratch: I16,
    total: I32,
) -> None:
    """One tick above the narrow plane, after `mix.mix`. `scratch` and `total`: 960 samples each."""
    listened = note_wishes(
        active_rooms, rooms, active_legs, legs, mixing, edges, line, planes, room_planes,
        active_channels, channels, recorders, taps,
        active_tracks, track_count, tracks, track_taps, leg_turns, room_turns, now, lane,
    )  # fmt: skip
    add_raised(active_spoken, spoken_count, spoken, mixing, planes, leg_turns, now, lane, scratch)
    total[:FRAME_SAMPLES] = 0
    silence = total[:FRAME_SAMPLES]
    collect_prompts(active_rooms, rooms, active_legs, legs, bus, mixing, planes, room_planes, silence)
    bring_voices(active_legs, legs, planes, mixing, scratch[: TAIL + FRAME_SAMPLES])
    if listened & WIDE_BIT:
        mix_plane(
            WIDE_BIT, NARROW_TO_WIDE,
            active_rooms, rooms, active_legs, legs, mixing, edges, line, planes, room_planes,
            planes.said_wide, planes.heard_wide, room_planes.bus_wide, planes.extra_wide,
            scratch[: 2 * FRAME_SAMPLES], total[: 2 * FRAME_SAMPLES],
        )  # fmt: skip
    if listened & FULL_BIT:
        mix_plane(
            FULL_BIT, NARROW_TO_FULL,
            active_rooms, rooms, active_legs, legs, mixing, edges, line, planes, room_planes,
            planes.said_full, planes.heard_full, room_planes.bus_full, planes.extra_full, scratch, total,
        )  # fmt: skip
