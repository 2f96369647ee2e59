"""Streams' part of a tick: what they say to legs, before the mix; what they hear, after it."""

from typing import Final

from mixminus.audio.compiled import kernel
from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.media.kernels.record import gather
from mixminus.media.kernels.turns import Turns, is_due, is_served, is_served_with
from mixminus.media.state import I16, I32, U8, Mixing, Taps
from mixminus.media.stream_state import SAID_SAMPLES, StreamRows, TrackRows

FADE_SAMPLES: Final = 40
"""5 ms, so that a cut does not click."""


@kernel
def pour(rows: I32, octets: I32, count: int, audio: U8, decoding: I16, streams: StreamRows) -> int:
    """Append audio to what *count* streams have to say; a row of -1 is skipped. Returns how much found no room."""
    at, lost = 0, 0
    for n in range(count):
        row, size = rows[n], octets[n]
        if row >= 0:
            written = streams.written[row]
            taken = min(size, SAID_SAMPLES - (written - streams.read[row]))
            for i in range(taken):
                streams.ring[row, (written + i) & (SAID_SAMPLES - 1)] = decoding[audio[at + i]]
            streams.written[row] = written + taken
            lost += size - taken
        at += size
    return lost


@kernel
def hush(streams: StreamRows, row: int) -> None:
    """Drop what waits, but for a fade."""
    read = streams.read[row]
    kept = min(FADE_SAMPLES, streams.written[row] - read)
    for i in range(kept):
        at = (read + i) & (SAID_SAMPLES - 1)
        streams.ring[row, at] = int(streams.ring[row, at]) * (kept - i) // (kept + 1)
    streams.written[row] = read + kept
    streams.fading[row] = kept
    streams.played[row] = 0


@kernel
def speak(active: I32, count: int, streams: StreamRows, mixing: Mixing, turns: Turns, now: int, lane: int) -> None:
    """20 ms of every stream whose leg is served, added to what its players play."""
    for n in range(count):
        row = active[n]
        leg, read = streams.leg[row], streams.read[row]
        ready = min(FRAME_SAMPLES, streams.written[row] - read)
        if leg < 0 or ready == 0 or not is_served(turns, leg, now, lane):
            continue
        if mixing.has_extra[leg] == 0:
            mixing.has_extra[leg] = 1
            mixing.extra[leg, :] = 0
        for i in range(ready):
            mixing.extra[leg, i] += streams.ring[row, (read + i) & (SAID_SAMPLES - 1)]
        faded = min(ready, streams.fading[row])
        streams.read[row] = read + ready
        streams.fading[row] -= faded
        streams.played[row] += ready - faded
        streams.spoke[row] = ready > faded


@kernel
def listen(
    active: I32,
    count: int,
    tracks: TrackRows,
    turns: Turns,
    taps: Taps,
    bus: I32,
    mixing: Mixing,
    encoding: U8,
    audio: U8,
    total: I32,
    leg_turns: Turns,
    room_turns: Turns,
    now: int,
    beats: int,
    lane: int,
) -> None:
    """20 ms of every track whose room or leg is served, in its row of *audio*; when that is gone, on its old beat."""
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
        gather(taps, tracks.tap[track], bus, mixing, total)
        for i in range(FRAME_SAMPLES):
            audio[track, i] = encoding[min(32767, max(-32768, total[i])) & 0xFFFF]
