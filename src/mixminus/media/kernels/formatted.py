"""What streams in other formats say: into their rings, and from there, before the mix, to what their legs hear."""

from typing import Final

from mixminus.audio.compiled import kernel
from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.audio.opus_packet import duration
from mixminus.audio.resampling import FULL_TO_NARROW, MIDDLE_TO_FULL, WIDE_TO_NARROW, lower_rate, raise_rate
from mixminus.media.coded_state import NARROW, WIDE
from mixminus.media.formatted_state import SPOKEN_SAMPLES, Spoken
from mixminus.media.kernels.copying import copy
from mixminus.media.kernels.libopus import decode_packet
from mixminus.media.kernels.mix import add
from mixminus.media.kernels.turns import Turns, is_served
from mixminus.media.state import I16, I32, U8, Mixing

MASK: Final = SPOKEN_SAMPLES - 1
WIDE_TAIL, MIDDLE_TAIL, FULL_TAIL = 32, 48, 96
"""2 ms: see `audio.resampling`."""
LENGTH_OCTETS: Final = 2
"""Before each packet (`SayFormatted`)."""
FADES_IN: Final = 4
"""A cut fades in a quarter of a frame, 5 ms."""

QUIET, SOUNDING, ENDING = 0, 1, 2
"""A stream in its last turn: it said nothing; it said something; it said nothing, but its filters still sounded."""


@kernel
def pour(spoken: Spoken, row: int, samples: I16) -> int:
    """Append to what a stream has to say. Returns how many found no room."""
    written = spoken.written[row]
    taken = min(len(samples), SPOKEN_SAMPLES - (written - spoken.read[row]))
    for i in range(taken):
        spoken.ring[row, (written + i) & MASK] = samples[i]
    spoken.written[row] = written + taken
    return int(len(samples) - taken)


@kernel
def pour_packets(spoken: Spoken, row: int, packets: U8, decode: int, decoder: int, scratch: I16) -> int:
    """The same for Opus. What cannot be decoded is as long as it says, and silent. `scratch`: 120 ms."""
    at, lost = 0, 0
    while at + LENGTH_OCTETS <= len(packets):
        end = at + LENGTH_OCTETS + (int(packets[at]) << 8) + packets[at + 1]
        packet = packets[at + LENGTH_OCTETS : min(end, len(packets))]
        at = end
        sound = scratch[: 6 * duration(packet)]
        decoded = 0
        if len(sound) > 0:
            decoded = max(0, decode_packet(decode, decoder, packet, sound))
        for i in range(decoded, len(sound)):
            sound[i] = 0
        lost += pour(spoken, row, sound)
    return lost


@kernel
def cut(spoken: Spoken, row: int) -> None:
    """Drop what waits, but for a fade."""
    read = spoken.read[row]
    kept = min(spoken.frame[row] // FADES_IN, spoken.written[row] - read)
    for i in range(kept):
        at = (read + i) & MASK
        spoken.ring[row, at] = int(spoken.ring[row, at]) * (kept - i) // (kept + 1)
    spoken.written[row] = read + kept
    spoken.fading[row] = kept
    spoken.played[row] = 0


@kernel
def take(spoken: Spoken, row: int, ready: int, frame: I16) -> None:
    """So many samples of the ring, and silence behind them."""
    read = spoken.read[row]
    for i in range(ready):
        frame[i] = spoken.ring[row, (read + i) & MASK]
    for i in range(ready, len(frame)):
        frame[i] = 0


@kernel
def said_samples(spoken: Spoken, row: int) -> int:
    """How long the frame is on its plane, with its tail."""
    return WIDE_TAIL + 2 * FRAME_SAMPLES if spoken.plane[row] == WIDE else FULL_TAIL + 6 * FRAME_SAMPLES


@kernel
def render(spoken: Spoken, row: int, ready: int) -> None:
    """The next frame, on its plane and on the narrow one."""
    if spoken.plane[row] == NARROW:
        take(spoken, row, ready, spoken.narrow[row])
        return
    said, is_wide = spoken.said[row, : said_samples(spoken, row)], spoken.plane[row] == WIDE
    tail = WIDE_TAIL if is_wide else FULL_TAIL
    copy(said[:tail], said[len(said) - tail :])
    if spoken.frame[row] == len(said) - tail:
        take(spoken, row, ready, said[tail:])
    else:
        middle = spoken.middle[row]
        copy(middle[:MIDDLE_TAIL], middle[len(middle) - MIDDLE_TAIL :])
        take(spoken, row, ready, middle[MIDDLE_TAIL:])
        raise_rate(middle, MIDDLE_TO_FULL, said[tail:])
    lower_rate(said, WIDE_TO_NARROW if is_wide else FULL_TO_NARROW, spoken.narrow[row])


@kernel
def speak_formatted(
    active: I32, count: int, spoken: Spoken, mixing: Mixing, turns: Turns, now: int, lane: int
) -> None:
    """20 ms of every stream whose leg is served, added to what its players play."""
    for n in range(count):
        row = active[n]
        leg, frame = spoken.leg[row], spoken.frame[row]
        if leg < 0 or not is_served(turns, leg, now, lane):
            continue
        ready = min(frame, spoken.written[row] - spoken.read[row])
        if ready == 0 and spoken.sounds[row] != SOUNDING:
            spoken.sounds[row] = QUIET
            continue
        spoken.sounds[row] = SOUNDING if ready > 0 else ENDING
        render(spoken, row, ready)
        if mixing.has_extra[leg] == 0:
            mixing.has_extra[leg] = 1
            mixing.extra[leg, :] = 0
        add(mixing.extra[leg], spoken.narrow[row], 1)
        faded = min(ready, spoken.fading[row])
        spoken.read[row] += ready
        spoken.fading[row] -= faded
        spoken.played[row] += ready - faded
        spoken.spoke[row] |= ready > faded
