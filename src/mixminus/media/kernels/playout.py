"""From the ring to this tick's frame of every leg: what each one says, with holes concealed."""

from typing import Final

from mixminus.audio.compiled import kernel
from mixminus.audio.concealment import BLEND_SAMPLES, FADE_SAMPLES, LONGEST_LAG, concealed, most_alike, pitch_lag
from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.media.kernels.copying import copy
from mixminus.media.kernels.happenings import note
from mixminus.media.kernels.silence import hush_alaw, note_silence
from mixminus.media.kernels.timing import SHRINK_PATIENCE_TICKS, SMALLEST_SKIP, URGENT, move_playout
from mixminus.media.state import (
    ABSENT_TICKS,
    CONCEALED,
    HOLE,
    I16,
    I32,
    LINEAR,
    PCMA,
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
SKIP_FADE: Final = 64
"""8 ms of cross-fade over what is left out."""
ALIKE: Final = 0.9
"""Of what is before and behind what is left out, so that nobody hears it."""
LONGEST_RUN: Final = 1 << 30


@kernel
def take_frame(ring: I16, at: int, frame: I16) -> int:
    """Move as many samples as *frame* has out of the ring, from `ring[at]` on. Returns how many of them are holes."""
    holes = 0
    before_wrap = min(len(frame), RING_SAMPLES - at)
    head, tail = ring[at : at + before_wrap], ring[: len(frame) - before_wrap]
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
                lag, voiced = pitch_lag(work, at)
                reception.voiced[slot] = voiced
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
def samples_ready(ring: I16, at: int, most: int) -> int:
    """How many samples follow `ring[at]` without a hole, up to *most*."""
    for i in range(most):
        if ring[(at + i) & (RING_SAMPLES - 1)] == HOLE:
            return i
    return most


@kernel
def skip(reception: Reception, slot: int, frame: I16, sound: I16, samples: int) -> None:
    """Leave that many samples out: fade from the frame to what comes so much later.

    `sound` begins with the frame and goes on with as many samples from the ring.
    """
    for i in range(SKIP_FADE):
        frame[i] = (int(sound[i]) * (SKIP_FADE - i) + int(sound[samples + i]) * i) // SKIP_FADE
    copy(frame[SKIP_FADE:], sound[samples + SKIP_FADE : samples + FRAME_SAMPLES])
    ring, play_at = reception.ring[slot], reception.play_at[slot]
    for i in range(samples):
        ring[(play_at + i) & (RING_SAMPLES - 1)] = HOLE
    move_playout(reception, slot, -samples)


@kernel
def within_reach(reception: Reception, slot: int) -> int:
    """How many samples may be left out: what can be spared; when it is urgent, a period of every voice at least.

    Waits one tick more. Urgent is what began so; any other patience ends at `URGENT` (see `would_be_heard`).
    """
    reception.shrink_wait[slot] = min(reception.shrink_wait[slot] + 1, LONGEST_RUN)
    if reception.shrink_wait[slot] > URGENT:
        return int(max(reception.spare[slot], LONGEST_LAG + 1))
    return int(reception.spare[slot])


@kernel
def would_be_heard(reception: Reception, slot: int, likeness: float, most: int) -> bool:
    """Whether to leave nothing out now. At the end of patience it is done all the same, if there is enough.

    What is less than a period of every voice may be half a one, and a hum turns over: then it is given up for now.
    """
    if most >= SMALLEST_SKIP and likeness >= ALIKE:
        return False
    if reception.shrink_wait[slot] <= SHRINK_PATIENCE_TICKS:
        return True
    if most > LONGEST_LAG:
        return False
    if reception.shrink_wait[slot] == URGENT:
        reception.shrink_wait[slot] = 0
        reception.calm_windows[slot] = 0
    return True


@kernel
def spend(reception: Reception, slot: int, samples: int) -> None:
    """So much less can be spared now; what is left waits anew, unless it is urgent."""
    reception.spare[slot] -= samples
    if reception.spare[slot] < SMALLEST_SKIP:
        reception.shrink_wait[slot] = 0
    elif reception.shrink_wait[slot] <= URGENT:
        reception.shrink_wait[slot] = 1


@kernel
def shrink(reception: Reception, slot: int, frame: I16, work: I16) -> None:
    """Take delay away where nobody hears it: in a pause, or by a pitch period, or at last anywhere."""
    reach = within_reach(reception, slot)
    ring, play_at = reception.ring[slot], reception.play_at[slot]
    ready = samples_ready(ring, play_at, FRAME_SAMPLES)
    quiet = is_quiet(frame)
    most = min(reception.spare[slot] if quiet else reach, ready)
    copy(work[:FRAME_SAMPLES], frame)
    for i in range(ready):
        work[FRAME_SAMPLES + i] = ring[(play_at + i) & (RING_SAMPLES - 1)]
    samples, likeness = most, 1.0
    if not quiet:
        samples, likeness = most_alike(work, SMALLEST_SKIP, most)
    if would_be_heard(reception, slot, likeness, most):
        return
    skip(reception, slot, frame, work[: FRAME_SAMPLES + ready], samples)
    spend(reception, slot, samples)


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
        shrink(reception, slot, said, work)


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
        mixing.has_extra[slot] = 0
        if line.kind[slot] == PIPE:
            copy(mixing.said[slot], mixing.piped[slot])
            mixing.piped[slot, :] = 0
            note_silence(mixing, slot)
        elif line.kind[slot] == SOCKET and line.has_media[slot] == 1:
            reception.idle_ticks[slot] = min(reception.idle_ticks[slot] + 1, LONGEST_RUN)
            mixing.absent[slot] = reception.idle_ticks[slot] > ABSENT_TICKS
            limit = line.timeout_ticks[slot]
            if limit > 0 and reception.idle_ticks[slot] >= limit and line.receives[slot] == 1:
                if reception.timed_out[slot] == 0:
                    note(happenings, TIMED_OUT, slot, 0)
                reception.timed_out[slot] = 1
            if reception.coding[slot] == LINEAR:
                play_leg(line, reception, slot, mixing.said[slot], work)
                if line.codec[slot] == PCMA:
                    hush_alaw(mixing.said[slot])
                note_silence(mixing, slot)
