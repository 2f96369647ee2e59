"""Opus from packets to frames: decoded in order into a queue; what is lost is recovered or made up (RFC 6716 4.4).

Times are at 8 kHz, as everywhere in the playout; the queue holds samples of the plane that is decoded to.
"""

from typing import Final

from mixminus.audio.compiled import kernel
from mixminus.audio.concealment import FADE_SAMPLES
from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.audio.opus_packet import LONGEST
from mixminus.media.coded_state import (
    STORED_PACKETS,
    Coders,
    Packets,
)
from mixminus.media.kernels.copying import copy
from mixminus.media.kernels.libopus import decode_packet, make_up, recover_lost
from mixminus.media.kernels.playout import LONGEST_RUN, SHRINK_PATIENCE_TICKS, is_quiet
from mixminus.media.kernels.wrapping import signed32
from mixminus.media.state import (
    CONCEALED,
    I16,
    MALFORMED,
    Line,
    Reception,
)

GRAIN: Final = 20
"""2.5 ms: libopus makes up whole ones only."""
GIVE_UP: Final = 8000
"""After a second of nothing there is silence. A far end that rests speaks every 400 ms."""
RESTING_BYTES: Final = 2
"""A packet that short says "silence, on purpose" (RFC 6716 section 2.1.9)."""
NOBODY: Final = -1


@kernel
def whole_grains(samples: int) -> int:
    return -(-samples // GRAIN) * GRAIN


@kernel
def next_packet(packets: Packets, slot: int, decode_at: int) -> int:
    """The row of the packet that is due, or of the first one after that, or -1. What is over is dropped."""
    best, least = NOBODY, 0
    for row in range(STORED_PACKETS):
        samples = packets.samples[slot, row]
        if samples == 0:
            continue
        ahead = signed32(packets.at[slot, row] - decode_at)
        if ahead + samples <= 0:
            packets.samples[slot, row] = 0
        elif best == NOBODY or ahead < least:
            best, least = row, ahead
    return best


@kernel
def drop_queued(coders: Coders, slot: int, count: int) -> None:
    """Forget the queue's first samples."""
    queue = coders.queue[slot]
    left = coders.queued[slot] - count
    for i in range(left):
        queue[i] = queue[count + i]
    coders.queued[slot] = left


@kernel
def make_up_samples(
    line: Line, reception: Reception, coders: Coders, slot: int, decode: int, scale: int, samples: int
) -> None:
    """Lengthen the queue by what might have been there; by silence when nothing came for too long."""
    start = coders.queued[slot]
    room = coders.queue[slot, start : start + samples * scale]
    gone = reception.hole_run[slot]
    if gone >= GIVE_UP or make_up(decode, coders.opus_decoder[slot], room) < 0:
        room[:] = 0
    coders.queued[slot] = start + len(room)
    if coders.resting[slot] == 1:
        reception.hole_run[slot] = min(max(gone, FADE_SAMPLES) + samples, LONGEST_RUN)
        return
    if gone < FADE_SAMPLES:
        line.counters[slot, CONCEALED] += samples
    reception.hole_run[slot] = min(gone + samples, LONGEST_RUN)


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
        drop_queued(coders, slot, dropped)
        coders.decode_at[slot] = (coders.decode_at[slot] - ahead - dropped // scale) & 0xFFFFFFFF
    elif ahead > 0 and coders.queued[slot] == 0 and ahead <= reception.hole_run[slot]:
        # What was made up took the place of a packet that is late, but is played now.
        coders.decode_at[slot] = reception.play_at[slot]
    elif ahead > 0:
        make_up_samples(line, reception, coders, slot, decode, scale, min(whole_grains(ahead), LONGEST // 2))


@kernel
def decode_stored(
    line: Line, reception: Reception, packets: Packets, coders: Coders, slot: int, row: int, decode: int, scale: int
) -> None:
    """Decode a packet that is due to the end of the queue, but for what of it is over."""
    over = -signed32(packets.at[slot, row] - coders.decode_at[slot]) * scale
    start = coders.queued[slot]
    packet = packets.data[slot, row, : packets.bytes[slot, row]]
    room = coders.queue[slot, start : start + packets.samples[slot, row] * scale]
    decoded = decode_packet(decode, coders.opus_decoder[slot], packet, room)
    packets.samples[slot, row] = 0
    if decoded <= over:
        line.counters[slot, MALFORMED] += decoded < 0
        return
    for i in range(decoded - over):
        room[i] = room[over + i]
    coders.queued[slot] = start + decoded - over
    coders.decode_at[slot] = (coders.decode_at[slot] + (decoded - over) // scale) & 0xFFFFFFFF
    coders.resting[slot] = len(packet) <= RESTING_BYTES
    reception.hole_run[slot] = 0


@kernel
def bridge(
    line: Line,
    reception: Reception,
    packets: Packets,
    coders: Coders,
    slot: int,
    row: int,
    decode: int,
    scale: int,
    wanted: int,
) -> None:
    """Fill, in whole or in part, the gap before the packet in *row* (-1: before nothing that we know of)."""
    gap, copied = LONGEST, 0
    if row != NOBODY:
        gap = signed32(packets.at[slot, row] - coders.decode_at[slot])
        copied = packets.samples[slot, row]
    if gap <= copied and coders.resting[slot] == 0:
        samples = whole_grains(gap)
        start = coders.queued[slot]
        room = coders.queue[slot, start : start + samples * scale]
        packet = packets.data[slot, row, : packets.bytes[slot, row]]
        if recover_lost(decode, coders.opus_decoder[slot], packet, room) < 0:
            room[:] = 0
        coders.queued[slot] = start + len(room)
        reception.hole_run[slot] = 0
    else:
        samples = whole_grains(min(wanted, gap - copied if gap > copied else gap))
        make_up_samples(line, reception, coders, slot, decode, scale, samples)
    coders.decode_at[slot] = (coders.decode_at[slot] + samples) & 0xFFFFFFFF


@kernel
def fill_queue(
    line: Line,
    reception: Reception,
    packets: Packets,
    coders: Coders,
    slot: int,
    decode: int,
    scale: int,
    samples: int,
    may_bridge: bool,
) -> bool:
    """Lengthen the queue to so many samples at 8 kHz; False if it would take more than what has arrived."""
    complete = True
    while coders.queued[slot] < samples * scale:
        row = next_packet(packets, slot, coders.decode_at[slot])
        if row != NOBODY and signed32(packets.at[slot, row] - coders.decode_at[slot]) <= 0:
            decode_stored(line, reception, packets, coders, slot, row, decode, scale)
            continue
        complete = False
        if not may_bridge:
            break
        wanted = samples - coders.queued[slot] // scale
        bridge(line, reception, packets, coders, slot, row, decode, scale, wanted)
    return complete


@kernel
def shrink_queue(
    line: Line, reception: Reception, packets: Packets, coders: Coders, slot: int, decode: int, scale: int, said: I16
) -> None:
    """Play the next 20 ms, too, within this frame, so that the playout is earlier from then on."""
    if not fill_queue(line, reception, packets, coders, slot, decode, scale, FRAME_SAMPLES, False):
        return
    length = len(said)
    for i in range(length):
        said[i] = (int(said[i]) * (length - i) + int(coders.queue[slot, i]) * i) // length
    drop_queued(coders, slot, length)
    reception.play_at[slot] = (reception.play_at[slot] + FRAME_SAMPLES) & 0xFFFFFFFF
    reception.shrink_wait[slot] = 0


@kernel
def play_packets(
    line: Line, reception: Reception, packets: Packets, coders: Coders, slot: int, decode: int, said: I16
) -> None:
    """Put the next 20 ms of Opus into *said*, whose length tells the rate."""
    if reception.synced[slot] == 0 or coders.opus_decoder[slot] == 0:
        said[:] = 0
        return
    scale = len(said) // FRAME_SAMPLES
    follow_playout(line, reception, coders, slot, decode, scale)
    complete = fill_queue(line, reception, packets, coders, slot, decode, scale, FRAME_SAMPLES, True)
    copy(said, coders.queue[slot])
    drop_queued(coders, slot, len(said))
    reception.play_at[slot] = (reception.play_at[slot] + FRAME_SAMPLES) & 0xFFFFFFFF
    if reception.shrink_wait[slot] > 0 and complete:
        if reception.shrink_wait[slot] > SHRINK_PATIENCE_TICKS or is_quiet(said):
            shrink_queue(line, reception, packets, coders, slot, decode, scale, said)
        else:
            reception.shrink_wait[slot] += 1
