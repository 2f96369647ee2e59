"""Opus packets on their way into the jitter buffer, which counts its time at 8 kHz."""

from typing import Final

from mixminus.audio.compiled import kernel
from mixminus.media.coded_state import STORED_PACKETS, Packets
from mixminus.media.kernels.copying import copy
from mixminus.media.kernels.wrapping import signed16, signed32
from mixminus.media.state import U8

OPUS_CLOCK: Final = 6
"""Units of Opus's RTP clock, 48 kHz (RFC 7587 section 4.1), for one of ours."""


@kernel
def at_8_khz(packets: Packets, slot: int, timestamp: int) -> int:
    """A timestamp of 48 kHz at a sixth of the rate, across the wrap, which is none of a multiple of six."""
    since = signed32(timestamp - packets.wire_timestamp[slot]) // OPUS_CLOCK
    packets.wire_timestamp[slot] = (packets.wire_timestamp[slot] + since * OPUS_CLOCK) & 0xFFFFFFFF
    packets.our_timestamp[slot] = (packets.our_timestamp[slot] + since) & 0xFFFFFFFF
    return int(packets.our_timestamp[slot])


@kernel
def follows_a_gap(packets: Packets, slot: int, epoch: int, sequence: int) -> bool:
    """Whether packets before this one are missing. A new epoch begins with it, and drops what waits."""
    if packets.epoch[slot] != epoch:
        packets.epoch[slot] = epoch
        packets.sequence[slot] = sequence
        packets.samples[slot, :] = 0
        return False
    ahead = signed16(sequence - packets.sequence[slot])
    if ahead > 0:
        packets.sequence[slot] = sequence
    return ahead > 1


@kernel
def keep(packets: Packets, slot: int, sequence: int, at: int, samples: int, payload: U8) -> None:
    """Store a packet until it is due."""
    row = sequence % STORED_PACKETS
    packets.at[slot, row] = at
    packets.samples[slot, row] = samples
    packets.bytes[slot, row] = len(payload)
    copy(packets.data[slot, row, : len(payload)], payload)
