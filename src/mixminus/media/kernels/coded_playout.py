"""The playout of codecs with a memory: what waits in the jitter buffer is decoded in order, when it is due.

G.722 has one octet for each tick of its RTP clock, so that octets wait in the ring as samples of G.711 do. Opus
packets wait as they are. Either way a leg says its frame on the plane of its codec, and, filtered, on the narrow one.
"""

from typing import Final

from mixminus.audio import g722
from mixminus.audio.compiled import kernel
from mixminus.audio.concealment import BLEND_SAMPLES, FADE_SAMPLES, concealed, pitch_lag
from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.audio.resampling import FULL_TO_NARROW, WIDE_TO_NARROW, lower_rate
from mixminus.media.coded_state import (
    FULL,
    NARROW,
    WIDE,
    Coders,
    Packets,
    Planes,
)
from mixminus.media.kernels.copying import copy
from mixminus.media.kernels.opus_playout import play_packets
from mixminus.media.kernels.playout import LONGEST_RUN, SHRINK_PATIENCE_TICKS, is_quiet, take_frame
from mixminus.media.state import (
    CONCEALED,
    HOLE,
    I16,
    I32,
    LINEAR,
    OCTETS,
    RING_SAMPLES,
    SOCKET,
    Line,
    Mixing,
    Reception,
)

OCTET_SAMPLES: Final = g722.SAMPLES_PER_OCTET
WIDE_FRAME: Final = OCTET_SAMPLES * FRAME_SAMPLES
WIDE_TAIL: Final = 32
FULL_TAIL: Final = 96
"""2 ms: see `audio.resampling`."""
WIDE_FADE: Final = OCTET_SAMPLES * FADE_SAMPLES


@kernel
def set_mouth(planes: Planes, slot: int, plane: int) -> None:
    """The leg's words come from that plane now; filters there begin with silence."""
    if planes.mouth[slot] != plane:
        planes.mouth[slot] = plane
        planes.said_wide[slot, :] = 0
        planes.said_full[slot, :] = 0
        planes.raised[slot] = 0


@kernel
def move_tail(said: I16, tail: int) -> None:
    """The end of the last frame goes to the front, where filters look for it; the frame is still there, too."""
    for i in range(tail):
        said[i] = said[len(said) - tail + i]


@kernel
def decode_octets(reception: Reception, slot: int, decoder: I32, octets: I16, work: I16) -> int:
    """Decode a frame into `work[320:]`, with its holes filled. Returns how many octets were made up."""
    run, lag, blend = int(reception.hole_run[slot]), int(reception.lag[slot]), int(reception.blend[slot])
    made_up = 0
    for n in range(FRAME_SAMPLES):
        at = WIDE_FRAME + OCTET_SAMPLES * n
        if octets[n] == HOLE:
            if run == 0:
                lag = OCTET_SAMPLES * pitch_lag(work[::OCTET_SAMPLES], at // OCTET_SAMPLES)
            run, blend = run + 1, BLEND_SAMPLES
            for i in range(OCTET_SAMPLES):
                work[at + i] = concealed(work, at + i, lag, OCTET_SAMPLES * run + i - 1, WIDE_FADE)
            made_up += run < FADE_SAMPLES
            continue
        g722.decode_octet(decoder, int(octets[n]), work[at : at + OCTET_SAMPLES])
        if blend > 0:
            for i in range(OCTET_SAMPLES):
                gone_on = concealed(work, at + i, lag, OCTET_SAMPLES * (run + BLEND_SAMPLES - blend), WIDE_FADE)
                work[at + i] = (gone_on * blend + int(work[at + i]) * (BLEND_SAMPLES - blend)) // BLEND_SAMPLES
            blend -= 1
        if blend == 0:
            run = 0
    reception.hole_run[slot] = min(run, LONGEST_RUN)
    reception.lag[slot] = lag
    reception.blend[slot] = blend
    return made_up


@kernel
def cross_fade(frame: I16, following: I16) -> None:
    """From one frame to the one after it, within the first one's time."""
    length = len(frame)
    for i in range(length):
        frame[i] = (int(frame[i]) * (length - i) + int(following[i]) * i) // length


@kernel
def shrink_octets(reception: Reception, slot: int, decoder: I32, frame: I16, octets: I16, following: I16) -> None:
    """Play the next 20 ms, too, within this frame, so that the playout is earlier from then on."""
    at = reception.play_at[slot] & (RING_SAMPLES - 1)
    ring = reception.ring[slot]
    for i in range(FRAME_SAMPLES):
        if ring[(at + i) & (RING_SAMPLES - 1)] == HOLE:
            return
    take_frame(ring, at, octets)
    for n in range(FRAME_SAMPLES):
        g722.decode_octet(decoder, int(octets[n]), following[OCTET_SAMPLES * n : OCTET_SAMPLES * (n + 1)])
    cross_fade(frame, following)
    reception.play_at[slot] = (reception.play_at[slot] + FRAME_SAMPLES) & 0xFFFFFFFF
    reception.shrink_wait[slot] = 0


@kernel
def play_octets(line: Line, reception: Reception, slot: int, decoder: I32, said: I16, octets: I16, work: I16) -> None:
    """Put the next 20 ms of G.722 into *said*, which still holds the last ones. `work`: 640 samples of scratch."""
    if reception.synced[slot] == 0:
        said[:] = 0
        return
    play_at = reception.play_at[slot]
    holes = take_frame(reception.ring[slot], play_at & (RING_SAMPLES - 1), octets)
    reception.play_at[slot] = (play_at + FRAME_SAMPLES) & 0xFFFFFFFF
    if holes == FRAME_SAMPLES and reception.hole_run[slot] >= FADE_SAMPLES:
        said[:] = 0
        reception.hole_run[slot] = min(reception.hole_run[slot] + FRAME_SAMPLES, LONGEST_RUN)
        reception.blend[slot] = BLEND_SAMPLES
        return
    copy(work[:WIDE_FRAME], said)
    line.counters[slot, CONCEALED] += decode_octets(reception, slot, decoder, octets, work)
    copy(said, work[WIDE_FRAME:])
    if reception.shrink_wait[slot] > 0 and holes == 0:
        if reception.shrink_wait[slot] > SHRINK_PATIENCE_TICKS or is_quiet(said):
            shrink_octets(reception, slot, decoder, said, octets, work[:WIDE_FRAME])
        else:
            reception.shrink_wait[slot] += 1


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
    """What legs whose jitter buffer holds something coded say in this tick. `work`: 800 samples of scratch.

    `opus_decode` is the address of libopus's function.
    """
    for n in range(legs):
        slot = active[n]
        if line.kind[slot] != SOCKET or line.has_media[slot] == 0:
            continue
        if reception.coding[slot] == LINEAR:
            set_mouth(planes, slot, NARROW)
            continue
        narrow, wide, full = mixing.said[slot], planes.said_wide[slot], planes.said_full[slot]
        plane = WIDE if reception.coding[slot] == OCTETS else coders.opus_plane[slot]
        set_mouth(planes, slot, plane)
        if reception.coding[slot] == OCTETS:
            move_tail(wide, WIDE_TAIL)
            octets, decoder = work[2 * WIDE_FRAME :], coders.g722_decoder[slot]
            play_octets(line, reception, slot, decoder, wide[WIDE_TAIL:], octets, work)
            lower_rate(wide, WIDE_TO_NARROW, narrow)
        elif plane == NARROW:
            play_packets(line, reception, packets, coders, slot, opus_decode, narrow)
        elif plane == WIDE:
            move_tail(wide, WIDE_TAIL)
            play_packets(line, reception, packets, coders, slot, opus_decode, wide[WIDE_TAIL:])
            lower_rate(wide, WIDE_TO_NARROW, narrow)
        elif plane == FULL:
            move_tail(full, FULL_TAIL)
            play_packets(line, reception, packets, coders, slot, opus_decode, full[FULL_TAIL:])
            lower_rate(full, FULL_TO_NARROW, narrow)
