"""The playout of codecs with a memory: what waits in the jitter buffer is decoded in order, when it is due.

A leg says its frame on the plane of its codec, and, filtered, on the narrow one.
"""

from typing import Final

from mixminus.audio.compiled import kernel
from mixminus.audio.concealment import most_alike
from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.audio.resampling import FULL_TO_NARROW, WIDE_TO_NARROW, lower_rate
from mixminus.media.coded_state import NARROW, WIDE, Coders, Packets, Planes
from mixminus.media.kernels.copying import copy
from mixminus.media.kernels.g722_decoding import bridge_octets, decode_ready, make_up_octets
from mixminus.media.kernels.opus_decoding import bridge_packets, decode_due, make_up_opus
from mixminus.media.kernels.playout import SKIP_FADE, is_quiet, spend, within_reach, would_be_heard
from mixminus.media.kernels.queue import HISTORY, advance_queue
from mixminus.media.kernels.silence import note_silence
from mixminus.media.kernels.timing import SMALLEST_SKIP, move_playout
from mixminus.media.kernels.wrapping import signed32
from mixminus.media.state import I16, I32, LINEAR, OCTETS, SOCKET, Line, Mixing, Reception

WIDE_TAIL: Final = 32
FULL_TAIL: Final = 96
"""2 ms: see `audio.resampling`."""
MOST_MADE_UP: Final = 480
"""60 ms: the playout is never delayed by more at once."""


@kernel
def set_mouth(planes: Planes, slot: int, plane: int) -> None:
    """The leg's words come from that plane now; filters there begin with silence."""
    if planes.mouth[slot] != plane:
        planes.mouth[slot] = plane
        planes.said_wide[slot, :] = 0
        planes.said_full[slot, :] = 0
        planes.mouth_tail[slot, :] = 0
        planes.raised[slot] = 0


@kernel
def follow_playout(line: Line, reception: Reception, coders: Coders, slot: int, decode: int, scale: int) -> None:
    """The jitter buffer may have moved the playout since the last tick: leave out what is over, or make time."""
    if coders.epoch[slot] != reception.epoch[slot]:
        coders.epoch[slot] = reception.epoch[slot]
        coders.queued[slot] = 0
        coders.decode_at[slot] = reception.play_at[slot]
        return
    ahead = signed32(coders.decode_at[slot] - coders.queued[slot] // scale - reception.play_at[slot])
    if ahead < 0:
        dropped = min(coders.queued[slot], -ahead * scale)
        advance_queue(coders, slot, dropped)
        coders.decode_at[slot] = (coders.decode_at[slot] - ahead - dropped // scale) & 0xFFFFFFFF
        return
    # What was made up took the place of a packet that came late, but is played now.
    back = min(ahead, reception.hole_run[slot]) if coders.queued[slot] == 0 else 0
    coders.decode_at[slot] = (coders.decode_at[slot] - back) & 0xFFFFFFFF
    rest = min(ahead - back, MOST_MADE_UP)
    if rest > 0 and reception.coding[slot] == OCTETS:
        make_up_octets(line, reception, coders, slot, rest)
    elif rest > 0:
        make_up_opus(line, reception, coders, slot, decode, scale, rest)


@kernel
def decode_more(
    line: Line,
    reception: Reception,
    packets: Packets,
    coders: Coders,
    slot: int,
    decode: int,
    scale: int,
    samples: int,
) -> bool:
    """Lengthen the queue to so many samples at 8 kHz; False if that is more than what has arrived in a row."""
    arrived = True
    while arrived and coders.queued[slot] < samples * scale:
        if reception.coding[slot] == OCTETS:
            arrived = decode_ready(reception, coders, slot, samples - coders.queued[slot] // scale)
        else:
            arrived = decode_due(line, reception, packets, coders, slot, decode, scale)
    return arrived


@kernel
def fill_frame(
    line: Line, reception: Reception, packets: Packets, coders: Coders, slot: int, decode: int, scale: int
) -> bool:
    """See that a frame is in the queue; False if some of it had to be made up or recovered."""
    complete = decode_more(line, reception, packets, coders, slot, decode, scale, FRAME_SAMPLES)
    while not decode_more(line, reception, packets, coders, slot, decode, scale, FRAME_SAMPLES):
        missing = FRAME_SAMPLES - coders.queued[slot] // scale
        if reception.coding[slot] == OCTETS:
            bridge_octets(line, reception, coders, slot, missing)
        else:
            bridge_packets(line, reception, packets, coders, slot, decode, scale, missing)
    return complete


@kernel
def samples_to_skip(reception: Reception, slot: int, sound: I16, scale: int, work: I16) -> int:
    """By how many samples at 8 kHz delay can be taken away where nobody hears it; the twin of `playout.shrink`.

    `sound`: the frame that is due and what has arrived behind it.
    """
    reach, there = within_reach(reception, slot), min(FRAME_SAMPLES, len(sound) // scale - FRAME_SAMPLES)
    quiet = is_quiet(sound[: FRAME_SAMPLES * scale])
    most = min(reception.spare[slot] if quiet else reach, there)
    samples, likeness = most, 1.0
    if not quiet:
        for i in range(FRAME_SAMPLES + most):
            work[i] = sound[i * scale]
        samples, likeness = most_alike(work, SMALLEST_SKIP, most)
    if would_be_heard(reception, slot, likeness, most):
        return 0
    spend(reception, slot, samples)
    return int(samples)


@kernel
def take_frame_without(sound: I16, skipped: int, fade: int, said: I16) -> None:
    """Fade from the frame that begins the sound to the one that begins so much later."""
    for i in range(fade):
        said[i] = (int(sound[i]) * (fade - i) + int(sound[skipped + i]) * i) // fade
    copy(said[fade:], sound[skipped + fade : skipped + len(said)])


@kernel
def play_decoded(
    line: Line,
    reception: Reception,
    packets: Packets,
    coders: Coders,
    slot: int,
    decode: int,
    said: I16,
    work: I16,
) -> None:
    """Put the next 20 ms into *said*, whose length tells the rate. `work`: 320 samples of scratch."""
    if reception.synced[slot] == 0 or (reception.coding[slot] != OCTETS and coders.opus_decoder[slot] == 0):
        said[:] = 0
        return
    scale = len(said) // FRAME_SAMPLES
    follow_playout(line, reception, coders, slot, decode, scale)
    complete = fill_frame(line, reception, packets, coders, slot, decode, scale)
    skipped = 0
    if reception.shrink_wait[slot] > 0 and complete:
        decode_more(line, reception, packets, coders, slot, decode, scale, 2 * FRAME_SAMPLES)
        sound = coders.queue[slot, HISTORY : HISTORY + coders.queued[slot]]
        skipped = samples_to_skip(reception, slot, sound, scale, work)
    sound = coders.queue[slot, HISTORY : HISTORY + coders.queued[slot]]
    if skipped > 0:
        take_frame_without(sound, skipped * scale, SKIP_FADE * scale, said)
        move_playout(reception, slot, -skipped)
    else:
        copy(said, sound)
    advance_queue(coders, slot, len(said) + skipped * scale)
    reception.play_at[slot] = (reception.play_at[slot] + FRAME_SAMPLES) & 0xFFFFFFFF


@kernel
def play_on_plane(
    line: Line,
    reception: Reception,
    packets: Packets,
    coders: Coders,
    slot: int,
    decode: int,
    said: I16,
    tail: I16,
    narrow: I16,
    work: I16,
) -> None:
    """Put the tail of the last frame, and the next frame, into *said*; and filtered into *narrow*."""
    copy(said[: len(tail)], tail)
    play_decoded(line, reception, packets, coders, slot, decode, said[len(tail) :], work)
    copy(tail, said[len(said) - len(tail) :])
    lower_rate(said, WIDE_TO_NARROW if len(tail) == WIDE_TAIL else FULL_TO_NARROW, narrow)


@kernel
def play_coded(
    active: I32,
    legs: int,
    line: Line,
    reception: Reception,
    packets: Packets,
    coders: Coders,
    mixing: Mixing,
    planes: Planes,
    work: I16,
    opus_decode: int,
) -> None:
    """What legs whose jitter buffer holds something coded say in this tick. `work`: 320 samples of scratch.

    `opus_decode` is the address of libopus's function.
    """
    for n in range(legs):
        slot = active[n]
        if line.kind[slot] != SOCKET or line.has_media[slot] == 0:
            continue
        if reception.coding[slot] == LINEAR:
            set_mouth(planes, slot, NARROW)
            continue
        plane = WIDE if reception.coding[slot] == OCTETS else coders.opus_plane[slot]
        set_mouth(planes, slot, plane)
        narrow, tail = mixing.said[slot], planes.mouth_tail[slot]
        if plane == NARROW:
            play_decoded(line, reception, packets, coders, slot, opus_decode, narrow, work)
            note_silence(mixing, slot)
            continue
        said = planes.said_wide[slot] if plane == WIDE else planes.said_full[slot]
        tail = tail[:WIDE_TAIL] if plane == WIDE else tail[:FULL_TAIL]
        play_on_plane(line, reception, packets, coders, slot, opus_decode, said, tail, narrow, work)
        copy(planes.narrow[slot], narrow)
        note_silence(mixing, slot)
