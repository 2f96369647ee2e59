"""From the ring to this tick's frame of every leg: what each one says, with holes concealed."""

from typing import Final

from mixminus.audio.compiled import kernel
from mixminus.audio.concealment import BLEND_SAMPLES, FADE_SAMPLES, concealed, pitch_lag
from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.media.kernels.copying import copy
from mixminus.media.kernels.happenings import note
from mixminus.media.state import (
    CONCEALED,
    HOLE,
    I16,
    I32,
    LINEAR,
    PIPE,
    RING_SAMPLES,
    SOCKET,
    TIMED_OUT,
    Happenings,
    Line,
    Mixing,
    Reception,
)

QUIET: Final = 256
"""-42 dBFS: below that, 20 ms less are not missed."""
SHRINK_PATIENCE_TICKS: Final = 100
"""So long the delay waits for a quiet frame before it shrinks anyway, in a cross-fade."""
LONGEST_RUN: Final = 1 << 30


@kernel
def take_frame(ring: I16, at: int, frame: I16) -> int:
    """Move the frame that begins at `ring[at]` out of the ring. Returns how many samples of it are holes."""
    holes = 0
    before_wrap = min(FRAME_SAMPLES, RING_SAMPLES - at)
    head, tail = ring[at : at + before_wrap], ring[: FRAME_SAMPLES - before_wrap]
    for i in range(len(head)):
        frame[i] = head[i]
        holes += head[i] == HOLE
        head[i] = HOLE
    rest = frame[before_wrap:]
    for i in range(len(tail)):
        rest[i] = tail[i]
        holes += tail[i] == HOLE
        tail[i] = HOLE
    return holes


@kernel
def conceal(reception: Reception, slot: int, work: I16) -> int:
    """Fill the holes of `work[160:]` from what was played before them. Returns how many samples were made up."""
    run, lag, blend = int(reception.hole_run[slot]), int(reception.lag[slot]), int(reception.blend[slot])
    made_up = 0
    for at in range(FRAME_SAMPLES, 2 * FRAME_SAMPLES):
        if work[at] == HOLE:
            if run == 0:
                lag = pitch_lag(work, at)
            run, blend = run + 1, BLEND_SAMPLES
            work[at] = concealed(work, at, lag, run)
            made_up += run < FADE_SAMPLES
        elif blend > 0:
            gone_on = concealed(work, at, lag, run + BLEND_SAMPLES + 1 - blend)
            work[at] = (gone_on * blend + int(work[at]) * (BLEND_SAMPLES - blend)) // BLEND_SAMPLES
            blend -= 1
            if blend == 0:
                run = 0
        else:
            run = 0
    reception.hole_run[slot] = min(run, LONGEST_RUN)
    reception.lag[slot] = lag
    reception.blend[slot] = blend
    return made_up


@kernel
def is_quiet(frame: I16) -> bool:
    peak = 0
    for i in range(len(frame)):
        peak = max(peak, abs(int(frame[i])))
    return peak < QUIET


@kernel
def shrink(reception: Reception, slot: int, frame: I16, following: I16) -> None:
    """Cross-fade this frame into the next one, so that the playout is 20 ms earlier from then on."""
    at = reception.play_at[slot] & (RING_SAMPLES - 1)
    ring = reception.ring[slot]
    for i in range(FRAME_SAMPLES):
        if ring[(at + i) & (RING_SAMPLES - 1)] == HOLE:
            return
    take_frame(ring, at, following)
    for i in range(FRAME_SAMPLES):
        frame[i] = (int(frame[i]) * (FRAME_SAMPLES - i) + int(following[i]) * i) // FRAME_SAMPLES
    reception.play_at[slot] = (reception.play_at[slot] + FRAME_SAMPLES) & 0xFFFFFFFF
    reception.shrink_wait[slot] = 0


@kernel
def play_leg(line: Line, reception: Reception, slot: int, said: I16, work: I16) -> None:
    """Put the next 20 ms of one leg into *said*, which still holds the last ones."""
    if reception.synced[slot] == 0:
        said[:] = 0
        return
    fresh = work[FRAME_SAMPLES:]
    play_at = reception.play_at[slot]
    holes = take_frame(reception.ring[slot], play_at & (RING_SAMPLES - 1), fresh)
    reception.play_at[slot] = (play_at + FRAME_SAMPLES) & 0xFFFFFFFF
    if holes == FRAME_SAMPLES and reception.hole_run[slot] >= FADE_SAMPLES:
        said[:] = 0
        reception.hole_run[slot] = min(reception.hole_run[slot] + FRAME_SAMPLES, LONGEST_RUN)
        reception.blend[slot] = BLEND_SAMPLES
        return
    if holes > 0 or reception.hole_run[slot] > 0:
        copy(work[:FRAME_SAMPLES], said)
        line.counters[slot, CONCEALED] += conceal(reception, slot, work)
    copy(said, fresh)
    if reception.shrink_wait[slot] > 0 and holes == 0:
        if reception.shrink_wait[slot] > SHRINK_PATIENCE_TICKS or is_quiet(said):
            shrink(reception, slot, said, work[:FRAME_SAMPLES])
        else:
            reception.shrink_wait[slot] += 1


@kernel
def playout(
    active: I32,
    legs: int,
    line: Line,
    reception: Reception,
    mixing: Mixing,
    happenings: Happenings,
    work: I16,
) -> None:
    """What each of the first *legs* rows named by *active* says in this tick. `work`: 320 samples of scratch."""
    for n in range(legs):
        slot = active[n]
        if line.kind[slot] == PIPE:
            if line.peer[slot] >= 0:
                copy(mixing.said[slot], mixing.heard[line.peer[slot]])
            else:
                mixing.said[slot, :] = 0
        elif line.kind[slot] == SOCKET and line.has_media[slot] == 1:
            reception.idle_ticks[slot] = min(reception.idle_ticks[slot] + 1, LONGEST_RUN)
            limit = line.timeout_ticks[slot]
            if limit > 0 and reception.idle_ticks[slot] >= limit and line.receives[slot] == 1:
                if reception.timed_out[slot] == 0:
                    note(happenings, TIMED_OUT, slot, 0)
                reception.timed_out[slot] = 1
            if reception.coding[slot] == LINEAR:
                play_leg(line, reception, slot, mixing.said[slot], work)
