"""Opus from packets to the queue: decoded in order; what is lost is recovered or made up (RFC 6716 section 4.4).

Times are at 8 kHz, as everywhere in the playout; the queue holds `scale` samples for each of theirs.
"""

from typing import Final

from mixminus.audio.compiled import kernel
from mixminus.audio.concealment import FADE_SAMPLES
from mixminus.audio.opus_packet import LONGEST
from mixminus.media.coded_state import STORED_PACKETS, Coders, Packets
from mixminus.media.kernels.libopus import decode_packet, make_up, recover_lost
from mixminus.media.kernels.playout import LONGEST_RUN
from mixminus.media.kernels.queue import end_of_queue
from mixminus.media.kernels.wrapping import signed32
from mixminus.media.state import CONCEALED, MALFORMED, Line, Reception

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
def make_up_opus(
    line: Line, reception: Reception, coders: Coders, slot: int, decode: int, scale: int, samples: int
) -> None:
    """Lengthen the queue by what might have been there; by silence when nothing came for too long."""
    start, gone = end_of_queue(coders, slot), reception.hole_run[slot]
    room = coders.queue[slot, start : start + whole_grains(samples) * scale]
    if gone >= GIVE_UP or make_up(decode, coders.opus_decoder[slot], room) < 0:
        room[:] = 0
    coders.queued[slot] += samples * scale
    reception.voiced[slot] = 0
    if coders.resting[slot] == 1:
        gone = max(gone, FADE_SAMPLES)
    elif gone < FADE_SAMPLES:
        line.counters[slot, CONCEALED] += samples
    reception.hole_run[slot] = min(gone + samples, LONGEST_RUN)


@kernel
def decode_due(
    line: Line, reception: Reception, packets: Packets, coders: Coders, slot: int, decode: int, scale: int
) -> bool:
    """Decode the packet that is due, but for what of it is over; False if it is not there."""
    row = next_packet(packets, slot, coders.decode_at[slot])
    if row == NOBODY:
        return False
    over = -signed32(packets.at[slot, row] - coders.decode_at[slot]) * scale
    if over < 0:
        return False
    start = end_of_queue(coders, slot)
    packet = packets.data[slot, row, : packets.bytes[slot, row]]
    room = coders.queue[slot, start : start + packets.samples[slot, row] * scale]
    decoded = decode_packet(decode, coders.opus_decoder[slot], packet, room)
    packets.samples[slot, row] = 0
    if decoded <= over:
        line.counters[slot, MALFORMED] += decoded < 0
        return True
    for i in range(decoded - over):
        room[i] = room[over + i]
    coders.queued[slot] += decoded - over
    coders.decode_at[slot] = (coders.decode_at[slot] + (decoded - over) // scale) & 0xFFFFFFFF
    coders.resting[slot] = len(packet) <= RESTING_BYTES
    reception.hole_run[slot] = 0
    return True


@kernel
def recover(packets: Packets, coders: Coders, slot: int, row: int, decode: int, scale: int, samples: int) -> None:
    """Lengthen the queue by what was lost right before the packet in *row*."""
    start = end_of_queue(coders, slot)
    room = coders.queue[slot, start : start + whole_grains(samples) * scale]
    packet = packets.data[slot, row, : packets.bytes[slot, row]]
    if recover_lost(decode, coders.opus_decoder[slot], packet, room) < 0:
        room[:] = 0
    coders.queued[slot] += samples * scale


@kernel
def bridge_packets(
    line: Line,
    reception: Reception,
    packets: Packets,
    coders: Coders,
    slot: int,
    decode: int,
    scale: int,
    most: int,
) -> None:
    """Fill the gap that is due, or so much of it: from the copy in the next packet, if that one is there and near."""
    row = next_packet(packets, slot, coders.decode_at[slot])
    gap, copied = LONGEST, 0
    if row != NOBODY:
        gap = signed32(packets.at[slot, row] - coders.decode_at[slot])
        copied = packets.samples[slot, row]
    if gap <= copied and coders.resting[slot] == 0:
        filled = gap
        recover(packets, coders, slot, row, decode, scale, filled)
        reception.hole_run[slot] = 0
    else:
        filled = min(most, gap - copied if gap > copied else gap)
        make_up_opus(line, reception, coders, slot, decode, scale, filled)
    coders.decode_at[slot] = (coders.decode_at[slot] + filled) & 0xFFFFFFFF
