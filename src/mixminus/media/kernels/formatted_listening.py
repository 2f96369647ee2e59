"""What streams in other formats hear: from the taps of each track, on its plane, to its frame."""

from mixminus.audio.compiled import kernel
from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.audio.resampling import FULL_TO_MIDDLE, lower_rate
from mixminus.media.coded_state import NARROW, PAYLOAD_BYTES, WIDE, Planes, RoomPlanes
from mixminus.media.formatted_state import LINEAR_16, MULAW, Listened
from mixminus.media.kernels.coded_packetise import encode_opus
from mixminus.media.kernels.copying import copy
from mixminus.media.kernels.formatted import FULL_TAIL, WIDE_TAIL
from mixminus.media.kernels.mix import add, clip_into
from mixminus.media.kernels.record import is_heard
from mixminus.media.kernels.turns import Turns, is_due, is_served_with
from mixminus.media.state import I16, I32, TAP_BUS, TAP_LEG_OUT, TAP_TO_EAR, U8, Edges, Line, Mixing, Taps


@kernel
def times_heard(mixing: Mixing, edges: Edges, line: Line, ear: int, speaker: int) -> int:
    """How often one leg is in what the other one hears, by the routing plan of this very tick (law 1)."""
    if ear == speaker:
        return 0
    times = int(mixing.hears_bus[ear] == 1 and mixing.on_bus[speaker] == 1)
    edge = mixing.edge[ear]
    while edge >= 0:
        if edges.leg[edge] == speaker and edges.generation[edge] == line.generation[speaker]:
            times += edges.sign[edge]
        edge = edges.next[edge]
    return times


@kernel
def weight_of(taps: Taps, tap: int, mixing: Mixing, edges: Edges, line: Line) -> int:
    """How often what is tapped is in the sum."""
    row, sign = taps.row[tap], int(taps.sign[tap])
    if row < 0:
        return 0
    if taps.kind[tap] != TAP_TO_EAR:
        return sign if is_heard(taps, tap, mixing) else 0
    ear, room = taps.ear[tap], taps.room[tap]
    if mixing.room[ear] != room or mixing.room[row] != room:
        return 0
    return sign * times_heard(mixing, edges, line, ear, row)


@kernel
def gather_on(
    taps: Taps,
    first: int,
    plane: int,
    bus: I32,
    mixing: Mixing,
    edges: Edges,
    line: Line,
    planes: Planes,
    room_planes: RoomPlanes,
    total: I32,
) -> None:
    """The sum of a track's taps; `total` is a frame of its plane."""
    total[:] = 0
    tap = first
    while tap >= 0:
        weight, kind, row = weight_of(taps, tap, mixing, edges, line), taps.kind[tap], taps.row[tap]
        if weight != 0 and kind == TAP_BUS:
            if plane == NARROW:
                add(total, bus[row], weight)
            else:
                add(total, room_planes.bus_wide[row] if plane == WIDE else room_planes.bus_full[row], weight)
        elif weight != 0 and kind == TAP_LEG_OUT:
            if plane == NARROW:
                add(total, mixing.heard[row], weight)
            else:
                add(total, planes.heard_wide[row] if plane == WIDE else planes.heard_full[row], weight)
        elif weight != 0 and plane == NARROW:
            add(total, mixing.said[row], weight)
        elif weight != 0 and plane == WIDE:
            add(total, planes.said_wide[row, WIDE_TAIL:], weight)
        elif weight != 0:
            add(total, planes.said_full[row, FULL_TAIL:], weight)
        tap = taps.next[tap]


@kernel
def write_frame(tracks: Listened, track: int, encoding: U8, encode: int, scratch: I16) -> int:
    """From what was heard to the payload. Returns its octets."""
    payload, plane, tailed = tracks.payload[track], tracks.plane[track], tracks.sound[track]
    if plane == NARROW:
        sound = tailed[:FRAME_SAMPLES]
    elif plane == WIDE:
        sound = tailed[WIDE_TAIL : WIDE_TAIL + 2 * FRAME_SAMPLES]
    else:
        sound = tailed[FULL_TAIL:]
    if tracks.encoding[track] == MULAW:
        for i in range(FRAME_SAMPLES):
            payload[i] = encoding[sound[i] & 0xFFFF]
        return FRAME_SAMPLES
    if tracks.encoding[track] != LINEAR_16:
        return int(encode_opus(encode, tracks, track, sound, payload[:PAYLOAD_BYTES]))
    if tracks.frame[track] < len(sound):
        lower_rate(tailed, FULL_TO_MIDDLE, scratch[: 3 * FRAME_SAMPLES])
        sound = scratch[: 3 * FRAME_SAMPLES]
    for i in range(len(sound)):
        payload[2 * i] = sound[i] & 0xFF
        payload[2 * i + 1] = (sound[i] >> 8) & 0xFF
    return 2 * len(sound)


@kernel
def listen_formatted(
    active: I32,
    count: int,
    tracks: Listened,
    turns: Turns,
    taps: Taps,
    bus: I32,
    mixing: Mixing,
    edges: Edges,
    line: Line,
    planes: Planes,
    room_planes: RoomPlanes,
    encoding: U8,
    encode: int,
    leg_turns: Turns,
    room_turns: Turns,
    now: int,
    beats: int,
    lane: int,
    scratch: I16,
    total: I32,
) -> None:
    """20 ms of every track whose room or leg is served; when that is gone, at its old times.

    `scratch` and `total`: 960 samples each.
    """
    for n in range(count):
        track = active[n]
        if tracks.room[track] < 0 and tracks.leg[track] < 0:
            mine = is_due(turns, track, now, beats, lane)
        else:
            mine = is_served_with(leg_turns, room_turns, tracks.leg[track], tracks.room[track], now, lane)
        if not mine:
            continue
        turns.beat[track], turns.lane[track], turns.served[track] = now % beats, lane, now
        tracks.tick[track] = now // beats if tracks.tick[track] == 0 else tracks.tick[track] + 1
        plane, sound = tracks.plane[track], tracks.sound[track]
        size, tail = FRAME_SAMPLES, 0
        if plane == WIDE:
            size, tail = 2 * FRAME_SAMPLES, WIDE_TAIL
        elif plane != NARROW:
            size, tail = 6 * FRAME_SAMPLES, FULL_TAIL
        copy(sound[:tail], sound[size : size + tail])
        gather_on(taps, tracks.tap[track], plane, bus, mixing, edges, line, planes, room_planes, total[:size])
        clip_into(sound[tail : tail + size], total[:size])
        tracks.octets[track] = write_frame(tracks, track, encoding, encode, scratch)
