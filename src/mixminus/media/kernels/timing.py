"""When samples are due: the adaptive half of the jitter buffer.

A sample lies in the ring at its RTP timestamp; the playout is a pointer that walks over the ring. A packet's *slack*
is how many samples before its playout it came. The delay grows at once when a packet comes too late (fast attack), up
to the leg's ceiling; it shrinks, a little at a time, when less would have been enough for 98 % of the packets of the
last seconds (slow release). Clock drift is nothing else: a sender with a fast clock gains slack, a slow one loses it.
"""

from typing import Final

from mixminus.audio.compiled import kernel
from mixminus.audio.concealment import FADE_SAMPLES
from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.media.kernels.wrapping import signed32
from mixminus.media.state import HOLE, LATE, LATENESS_STEPS, RESYNCED, RING_SAMPLES, Line, Reception

MAX_LATE_TICKS: Final = 5
"""After 100 ms of nothing but late packets they are not late: their sender's clock was moved."""

WINDOW_PACKETS: Final = 50
"""A second at 20 ms a packet: so often the delay is thought over."""
CALM_WINDOWS: Final = 5
"""So long after the delay grew it stays, since what made it grow often comes again."""

PACKET_WEIGHT: Final = 256
FORGOTTEN: Final = 3
"""A window later, a packet counts for 1/2**3 less: the distribution is that of about 8 s."""
TOLERATED: Final = 50
"""One packet in so many may be too late for the delay that is aimed at: 2 %."""

CLOSE_CALL: Final = 8
"""1 ms: who comes that shortly before the tick is not on time every time."""

SMALLEST_SKIP: Final = 32
"""4 ms: less delay than that is not worth a cross-fade."""
SHRINK_PATIENCE_TICKS: Final = 100
"""So long the delay waits for a place where nobody hears that it shrinks; then it shrinks anyway, in a cross-fade."""
URGENT: Final = SHRINK_PATIENCE_TICKS + 1


@kernel
def read_early(age: int) -> int:
    """How many samples sooner a packet was read than by ticks on time: by the next, if it came after this one."""
    return -(age // FRAME_SAMPLES) * FRAME_SAMPLES if age < 0 else 0


@kernel
def first_wait(age: int) -> int:
    """For how many samples the first packet waits, so that the next ones are there in time if ticks are on time."""
    early = read_early(age)
    return early + FRAME_SAMPLES if age != 0 and age + early < CLOSE_CALL else early


@kernel
def synchronise(line: Line, reception: Reception, slot: int, timestamp: int, age: int) -> int:
    """Play this timestamp at the least delay, with nothing left of what was waiting. Returns its slack."""
    if reception.synced[slot] == 1:
        line.counters[slot, RESYNCED] += 1
    reception.synced[slot] = 1
    reception.epoch[slot] += 1
    wait = first_wait(age)
    if wait > 0 and reception.epoch[slot] == 1:  # nothing was said before: until then nothing is to be made up
        reception.hole_run[slot] = FADE_SAMPLES
    reception.play_at[slot] = (timestamp - wait) & 0xFFFFFFFF
    reception.ring[slot, :] = HOLE
    reception.lateness[slot, :] = 0
    reception.most_slack[slot] = 0
    reception.most_slack_before[slot] = 0
    reception.window[slot] = 0
    reception.calm_windows[slot] = 0
    reception.late_ticks[slot] = 0
    reception.shrink_wait[slot] = 0
    return wait


@kernel
def move_playout(reception: Reception, slot: int, samples: int) -> None:
    """Play everything that many samples later (the delay grows), or earlier if negative."""
    reception.play_at[slot] = (reception.play_at[slot] - samples) & 0xFFFFFFFF
    reception.most_slack[slot] += samples
    reception.most_slack_before[slot] += samples


@kernel
def delay_of(reception: Reception, slot: int) -> int:
    """How long the earliest packets of the last one or two windows waited, in samples."""
    return int(max(reception.most_slack[slot], reception.most_slack_before[slot]))


@kernel
def wanted_delay(reception: Reception, slot: int) -> int:
    """What would have been enough for 98 % of the packets."""
    lateness = reception.lateness[slot]
    total = 0
    for step in range(LATENESS_STEPS):
        total += lateness[step]
    later, step = 0, LATENESS_STEPS - 1
    while step > 0 and (later + lateness[step]) * TOLERATED <= total:
        later += lateness[step]
        step -= 1
    return step * FRAME_SAMPLES


@kernel
def think_over(line: Line, reception: Reception, slot: int) -> None:
    """At the end of a window: say how much delay can be spared, and forget a little."""
    delay = delay_of(reception, slot)
    over = delay - max(line.ceiling[slot], FRAME_SAMPLES)
    reception.calm_windows[slot] += 1
    if over > 0:  # after a burst that had been held up
        reception.spare[slot], reception.shrink_wait[slot] = over, URGENT
    elif reception.calm_windows[slot] > CALM_WINDOWS and reception.shrink_wait[slot] == 0:
        spare = delay - wanted_delay(reception, slot)
        if spare >= SMALLEST_SKIP:
            reception.spare[slot], reception.shrink_wait[slot] = spare, 1
    reception.window[slot] = 0
    reception.most_slack_before[slot] = reception.most_slack[slot]
    reception.most_slack[slot] = 0
    for step in range(LATENESS_STEPS):
        reception.lateness[slot, step] -= reception.lateness[slot, step] >> FORGOTTEN


@kernel
def watch_slack(line: Line, reception: Reception, slot: int, slack: int) -> None:
    """Learn from a packet how late it was, measured by the earliest ones."""
    reception.most_slack[slot] = max(slack, reception.most_slack[slot])
    late_by = delay_of(reception, slot) - slack
    step = min(LATENESS_STEPS - 1, (late_by + FRAME_SAMPLES - 1) // FRAME_SAMPLES)
    reception.lateness[slot, step] += PACKET_WEIGHT
    reception.window[slot] += 1
    if reception.window[slot] >= WINDOW_PACKETS:
        think_over(line, reception, slot)


@kernel
def grow(line: Line, reception: Reception, slot: int, slack: int) -> int:
    """Delay the playout for a packet that came too late, if the ceiling lets us. Returns its slack then.

    If all since it was due was concealed, it can still be played whole; else only the next ones gain. A sound with a
    pitch is concealed until the end of its period, so that the real one continues it in phase.
    """
    run, lag = reception.hole_run[slot], reception.lag[slot]
    needed = -slack if -slack <= run else FRAME_SAMPLES
    delay, ceiling = delay_of(reception, slot), line.ceiling[slot]
    if delay + needed > ceiling:
        return slack
    rest = (lag - needed % lag) % lag if reception.voiced[slot] == 1 and needed == run and lag > 0 else 0
    if delay + needed + rest <= ceiling:
        needed += rest
    move_playout(reception, slot, needed)
    reception.calm_windows[slot] = 0
    reception.shrink_wait[slot] = 0
    return slack + needed


@kernel
def place(line: Line, reception: Reception, slot: int, timestamp: int, samples: int, tick: int, age: int) -> int:
    """How many samples from the next one to play the packet belongs; may move the playout to make it fit.

    Negative, when it comes too late. What is learned from it is what a tick on time would have seen: else each late
    one would find packets that seem to have come sooner, and all later ones would seem late.
    """
    early = read_early(age)
    if reception.synced[slot] == 0:
        slack = synchronise(line, reception, slot, timestamp, age)
    else:
        slack = signed32(timestamp - reception.play_at[slot])
        silent = reception.hole_run[slot] >= FADE_SAMPLES
        fits = -line.ceiling[slot] <= slack - early <= line.ceiling[slot]
        if slack + samples > RING_SAMPLES or slack < -RING_SAMPLES or (silent and not fits):
            # A clock that was moved, or stood still in silence.
            slack = synchronise(line, reception, slot, timestamp, age)
    if slack < 0:
        slack = grow(line, reception, slot, slack)
    watch_slack(line, reception, slot, slack - early)
    if slack >= 0:
        reception.late_ticks[slot] = 0
        return slack
    line.counters[slot, LATE] += 1
    if reception.late_tick[slot] != tick:
        reception.late_tick[slot] = tick
        reception.late_ticks[slot] += 1
    if reception.late_ticks[slot] > MAX_LATE_TICKS:
        slack = synchronise(line, reception, slot, timestamp, age)
    return slack
