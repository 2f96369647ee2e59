"""From packets to samples in their place: the RTP receiver (RFC 3550 section 6.2 and appendix A.1).

A packet is validated, belongs to the stream that the leg listens to or is put on probation, and its samples are
decoded into a ring that RTP timestamps address. So reordering and any packet length cost nothing. When each sample
is due is decided in `timing`.
"""

from typing import Final

from mixminus.audio.compiled import kernel
from mixminus.audio.concealment import FADE_SAMPLES
from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.audio.opus_packet import duration
from mixminus.media.coded_state import Packets
from mixminus.media.kernels.arrivals import watch_arrival
from mixminus.media.kernels.happenings import note
from mixminus.media.kernels.latching import MAX_DROPOUT, admit_source
from mixminus.media.kernels.opus_arrival import at_8_khz, follows_a_gap, keep
from mixminus.media.kernels.timing import delay_of, move_playout, place
from mixminus.media.kernels.wrapping import signed16, signed32
from mixminus.media.state import (
    AUDIO,
    CONTROL,
    CONTROL_ARRIVED,
    DIGIT,
    DUPLICATE,
    EVENTS,
    G722,
    I16,
    LINEAR,
    LOST,
    MALFORMED,
    NOTHING,
    OCTETS,
    OPUS,
    PACKET_BYTES,
    PACKETS,
    RECEIVED,
    RECENT_PACKETS,
    RING_SAMPLES,
    SOCKET,
    STRAY,
    U8,
    UNWANTED,
    Happenings,
    Inbox,
    Line,
    Reception,
)
from mixminus.rtp.packet import FIRST_RTCP, LAST_RTCP

DEAD_TICKS: Final = 10
"""A stream that was silent for 200 ms may be replaced by another one at once."""

MAX_MISORDER: Final = 100
"""Sequence numbers that a stream may lag behind (RFC 3550 appendix A.1)."""

CONTROL_TICKS: Final = 10
"""RTCP is read in Python: of a leg, no more than five packets a second."""

LAST_DIGIT: Final = 15
LONGEST_EVENT: Final = 0xFFFF
"""A longer one goes on as a new event, right behind (RFC 4733 section 2.5.1.3)."""
STALE_EVENT: Final = -80_000
"""10 s: an event that claims to be older comes from a clock that was moved."""


@kernel
def payload_bounds(packet: U8, length: int) -> tuple[int, int]:
    """Where the payload begins and ends, behind CSRCs and header extension, before padding; (0, 0) if malformed."""
    if length < 12 or length > PACKET_BYTES or packet[0] >> 6 != 2:
        return 0, 0
    start = 12 + 4 * int(packet[0] & 15)
    if packet[0] & 0x10:
        if start + 4 > length:
            return 0, 0
        start += 4 + 4 * (int(packet[start + 2]) << 8 | int(packet[start + 3]))
    end = length
    if packet[0] & 0x20:
        padding = int(packet[length - 1])
        if padding == 0:
            return 0, 0
        end -= padding
    if start > end:
        return 0, 0
    return start, end


@kernel
def is_alive(reception: Reception, slot: int) -> bool:
    """Whether the leg's stream was heard of late: then nobody may take its place."""
    return bool(reception.known[slot] == 1 and reception.idle_ticks[slot] < DEAD_TICKS)


@kernel
def begin_stream(reception: Reception, slot: int, ssrc: int, sequence: int) -> None:
    """Listen to this stream from now on, and forget the last one."""
    reception.known[slot] = 1
    reception.ssrc[slot] = ssrc
    reception.sequence[slot] = sequence
    reception.wraps[slot] = 0
    reception.recent[slot, :] = -1
    reception.transit[slot] = -1
    reception.jitter[slot] = 0
    reception.phase[slot] = -1
    reception.phase_packets[slot] = 0
    reception.candidate_ssrc[slot] = -1
    reception.event_code[slot] = -1
    reception.synced[slot] = 0


@kernel
def admit_packet(line: Line, reception: Reception, slot: int, ssrc: int, sequence: int, alive: bool) -> bool:
    """Whether the packet is new and of the leg's stream. Another SSRC, or a wild jump, needs two in sequence."""
    ahead = signed16(sequence - reception.sequence[slot])
    if reception.known[slot] == 0 or (not alive and ssrc != reception.ssrc[slot]):
        begin_stream(reception, slot, ssrc, sequence)
    elif ssrc != reception.ssrc[slot] or ahead > MAX_DROPOUT or ahead < -MAX_MISORDER:
        expected = ssrc == reception.candidate_ssrc[slot] and sequence == reception.candidate_sequence[slot]
        if not expected:
            reception.candidate_ssrc[slot] = ssrc
            reception.candidate_sequence[slot] = (sequence + 1) & 0xFFFF
            line.counters[slot, STRAY] += 1
            return False
        begin_stream(reception, slot, ssrc, sequence)
    elif reception.recent[slot, sequence % RECENT_PACKETS] == sequence:
        line.counters[slot, DUPLICATE] += 1
        return False
    elif ahead > 0:
        line.counters[slot, LOST] += ahead - 1
        reception.wraps[slot] += sequence < reception.sequence[slot]
        reception.sequence[slot] = sequence
    else:  # it was late, not lost
        line.counters[slot, LOST] -= 1
    reception.recent[slot, sequence % RECENT_PACKETS] = sequence
    return True


@kernel
def accept_event(
    reception: Reception, happenings: Happenings, slot: int, timestamp: int, marker: bool, payload: U8
) -> None:
    """Report a key at the first packet that tells of it, whichever that is (RFC 4733 section 2.5.2.2)."""
    code, duration = int(payload[0]), int(payload[2]) << 8 | int(payload[3])
    if reception.event_code[slot] >= 0:
        after = signed32(timestamp - reception.event_timestamp[slot])
        if after == 0:
            reception.event_duration[slot] = max(duration, reception.event_duration[slot])
            return
        if STALE_EVENT < after < 0:
            return
        goes_on = after == LONGEST_EVENT and code == reception.event_code[slot] and not marker
    else:
        goes_on = False
    reception.event_code[slot] = code
    reception.event_timestamp[slot] = timestamp
    reception.event_duration[slot] = duration
    if code <= LAST_DIGIT and not goes_on:
        note(happenings, DIGIT, slot, code)


@kernel
def accept_audio(
    line: Line, reception: Reception, slot: int, timestamp: int, payload: U8, decoding: I16, tick: int, age: int
) -> None:
    """Decode a payload into the ring; what is already due is left out."""
    samples = len(payload)
    if samples == 0:
        return
    slack = place(line, reception, slot, timestamp, samples, tick, age)
    skipped = max(0, -slack)
    ring = reception.ring[slot]
    at = (timestamp + skipped) & (RING_SAMPLES - 1)
    before_wrap = min(samples - skipped, RING_SAMPLES - at)
    if before_wrap <= 0:
        return
    target, coded = ring[at : at + before_wrap], payload[skipped : skipped + before_wrap]
    for i in range(before_wrap):
        target[i] = decoding[coded[i]]
    rest = payload[skipped + before_wrap :]
    for i in range(len(rest)):
        ring[i] = decoding[rest[i]]


@kernel
def hold(reception: Reception, slot: int, coding: int) -> None:
    """From now on the jitter buffer holds that; anything else in it is forgotten."""
    if reception.coding[slot] != coding:
        reception.coding[slot] = coding
        reception.synced[slot] = 0


@kernel
def await_copies(line: Line, reception: Reception, slot: int, slack: int) -> int:
    """A packet is missing: it can be recovered from the next one, if that one comes before the lost one is due.

    Returns by how much the playout is delayed for that, and is from now on.
    """
    reception.calm_windows[slot] = 0
    needed = FRAME_SAMPLES - slack
    if slack < 0 or needed <= 0 or delay_of(reception, slot) + needed > line.ceiling[slot]:
        return 0
    move_playout(reception, slot, needed)
    return needed


@kernel
def accept_opus(
    line: Line,
    reception: Reception,
    packets: Packets,
    slot: int,
    sequence: int,
    timestamp: int,
    payload: U8,
    tick: int,
    offset: int,
    age: int,
) -> None:
    """Keep a packet until it is due: Opus can be decoded in order only."""
    samples = duration(payload)
    if samples == 0:
        line.counters[slot, MALFORMED] += 1
        return
    hold(reception, slot, PACKETS)
    at = at_8_khz(packets, slot, timestamp)
    watch_arrival(reception, slot, sequence, at, tick, offset, age)
    slack = place(line, reception, slot, at, samples, tick, age)
    if follows_a_gap(packets, slot, reception.epoch[slot], sequence):
        slack += await_copies(line, reception, slot, slack)
    if slack + samples > 0:
        keep(packets, slot, sequence, at, samples, payload)


@kernel
def accept_packet(
    packet: U8,
    length: int,
    slot: int,
    source: int,
    line: Line,
    reception: Reception,
    packets: Packets,
    happenings: Happenings,
    decodings: I16,
    tick: int,
    offset: int,
    age: int,
) -> None:
    """One packet, from whoever sent it."""
    start, end = payload_bounds(packet, length)
    if end == 0:
        line.counters[slot, MALFORMED] += 1
        return
    payload_type = int(packet[1] & 0x7F)
    meaning = int(line.meaning[slot, payload_type])
    if meaning == NOTHING:
        line.counters[slot, UNWANTED] += 1
        return
    alive = is_alive(reception, slot)
    sequence = int(packet[2]) << 8 | int(packet[3])
    timestamp = int(packet[4]) << 24 | int(packet[5]) << 16 | int(packet[6]) << 8 | int(packet[7])
    ssrc = int(packet[8]) << 24 | int(packet[9]) << 16 | int(packet[10]) << 8 | int(packet[11])
    if not admit_source(line, reception, slot, source, ssrc, sequence, alive, tick):
        line.counters[slot, STRAY] += 1
        return
    if not admit_packet(line, reception, slot, ssrc, sequence, alive):
        return
    reception.idle_ticks[slot] = 0
    reception.timed_out[slot] = 0
    if line.receives[slot] == 0:
        line.counters[slot, UNWANTED] += 1
        return
    line.counters[slot, RECEIVED] += 1
    payload = packet[start:end]
    if len(payload) == 0:  # it keeps a NAT's binding (RFC 6263 section 4.2)
        return
    if meaning == EVENTS:
        if len(payload) < 4:
            line.counters[slot, MALFORMED] += 1
            return
        accept_event(reception, happenings, slot, timestamp, packet[1] >> 7 == 1, payload)
    elif meaning == AUDIO + OPUS:
        accept_opus(line, reception, packets, slot, sequence, timestamp, payload, tick, offset, age)
    elif meaning >= AUDIO:
        codec = meaning - AUDIO
        hold(reception, slot, OCTETS if codec == G722 else LINEAR)
        watch_arrival(reception, slot, sequence, timestamp, tick, offset, age)
        accept_audio(line, reception, slot, timestamp, payload, decodings[codec], tick, age)
    else:  # comfort noise: the sender is silent on purpose, nothing is to be made up (RFC 3389)
        reception.hole_run[slot] = FADE_SAMPLES


@kernel
def accept_control(
    packet: U8, length: int, at: int, slot: int, line: Line, reception: Reception, happenings: Happenings, tick: int
) -> bool:
    """Whether the datagram is RTCP (RFC 5761 section 4); says where in the inbox it lies."""
    if length < 2 or length > PACKET_BYTES or not FIRST_RTCP <= packet[1] & 0x7F <= LAST_RTCP:
        return False
    if tick - reception.control_tick[slot] < CONTROL_TICKS:
        line.counters[slot, UNWANTED] += 1
        return True
    line.counters[slot, CONTROL] += 1
    reception.control_tick[slot] = tick
    note(happenings, CONTROL_ARRIVED, slot, at)
    return True


@kernel
def accept(
    inbox: Inbox,
    arrived: int,
    line: Line,
    reception: Reception,
    packets: Packets,
    happenings: Happenings,
    decodings: I16,
    tick: int,
    offset: int,
) -> None:
    """Take in all packets since the last tick.

    `decodings`: by codec, what the ring keeps of each octet. `offset`: how many samples after the beginning of the
    tick these legs have their turn.
    """
    for i in range(arrived):
        slot = inbox.slot[i]
        meant_for_it = inbox.generation[i] == line.generation[slot]
        if meant_for_it and line.kind[slot] == SOCKET and line.has_media[slot] == 1:
            if accept_control(inbox.data[i], inbox.bytes[i], i, slot, line, reception, happenings, tick):
                continue
            accept_packet(
                inbox.data[i],
                inbox.bytes[i],
                slot,
                inbox.source[i],
                line,
                reception,
                packets,
                happenings,
                decodings,
                tick,
                offset,
                inbox.age[i],
            )
