"""From what every leg hears to its next packet: the RTP sender (RFC 3550 section 5.1)."""

from typing import Final

from mixminus.audio.compiled import kernel
from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.media.kernels.copying import copy
from mixminus.media.shared_state import SILENCE, THE_BUS, Audience
from mixminus.media.state import (
    I16,
    I32,
    PCMA,
    SENT,
    SENT_OCTETS,
    SOCKET,
    U8,
    Line,
    Mixing,
    Outbox,
    Transmission,
)
from mixminus.rtp.packet import FIXED_HEADER_BYTES

SETTLED_TICKS: Final = 10
"""200 ms of silence are sent: then the far end has heard what it sounds like."""
KEPT_UP_TICKS: Final = 50
KEEP_ALIVE_TICKS: Final = 750
"""15 s: who may not speak says as much, so that a NAT on the way does not forget the far end (RFC 6263 section 4)."""

NOTHING_DUE, A_FRAME, A_SIGN_OF_LIFE = 0, 1, 2
"""What a leg sends in a tick."""


@kernel
def write_header(packet: U8, marker: int, payload_type: int, sequence: int, timestamp: int, ssrc: int) -> None:
    packet[0] = 0x80
    packet[1] = marker << 7 | payload_type
    packet[2] = sequence >> 8
    packet[3] = sequence & 0xFF
    for i in range(4):
        packet[4 + i] = (timestamp >> (24 - 8 * i)) & 0xFF
        packet[8 + i] = (ssrc >> (24 - 8 * i)) & 0xFF


@kernel
def write_event(packet: U8, line: Line, transmission: Transmission, slot: int) -> int:
    """A telephone event: marker at its start, whose timestamp all its packets carry (RFC 4733 section 2.5.1)."""
    starts = transmission.event_starts[slot]
    if starts == 1:
        transmission.event_timestamp[slot] = transmission.timestamp[slot]
    write_header(
        packet,
        starts,
        line.event_payload_type[slot],
        transmission.sequence[slot],
        transmission.event_timestamp[slot],
        transmission.ssrc[slot],
    )
    copy(packet[12:16], transmission.event_payload[slot])
    return 16


@kernel
def write_audio_header(packet: U8, line: Line, transmission: Transmission, slot: int) -> None:
    write_header(
        packet,
        transmission.marker[slot],
        line.payload_type[slot],
        transmission.sequence[slot],
        transmission.timestamp[slot],
        transmission.ssrc[slot],
    )
    transmission.marker[slot] = 0


@kernel
def encode(payload: U8, encoding: U8, heard: I16) -> None:
    for i in range(FRAME_SAMPLES):
        payload[i] = encoding[heard[i] & 0xFFFF]


@kernel
def write_audio(
    line: Line, transmission: Transmission, mixing: Mixing, audience: Audience, outbox: Outbox, at: int, slot: int,
    encodings: U8,
) -> int:  # fmt: skip
    """Into row *at* of the outbox. What is heard by many is encoded once, and silence never."""
    packet, law, room = outbox.data[at], line.codec[slot], mixing.room[slot]
    write_audio_header(packet, line, transmission, slot)
    payload = packet[FIXED_HEADER_BYTES : FIXED_HEADER_BYTES + FRAME_SAMPLES]
    if mixing.hears[slot] == SILENCE:
        payload[:] = encodings[law, 0]
    elif mixing.hears[slot] == THE_BUS and audience.packet[room, law] >= 0:
        copy(payload, outbox.data[audience.packet[room, law], FIXED_HEADER_BYTES:])
    else:
        encode(payload, encodings[law], mixing.heard[slot])
        if mixing.hears[slot] == THE_BUS:
            audience.packet[room, law] = at
    return FIXED_HEADER_BYTES + FRAME_SAMPLES


@kernel
def says_nothing(transmission: Transmission, mixing: Mixing, slot: int) -> bool:
    """Whether there is silence both ways. Then a packet a second is enough, for what is between us and the far end.

    Only with far ends that suppress silence themselves (RFC 3551 section 4.1): others may expect all packets.
    """
    silent = mixing.absent[slot] == 1 and mixing.hears[slot] == SILENCE and transmission.event_due[slot] == 0
    transmission.silent_ticks[slot] = transmission.silent_ticks[slot] + 1 if silent else 0
    return bool(
        transmission.silent_ticks[slot] > SETTLED_TICKS and transmission.silent_ticks[slot] % KEPT_UP_TICKS != 0
    )


@kernel
def is_forgotten(line: Line, transmission: Transmission, slot: int) -> bool:
    """Whether a leg that may not speak has to give a sign of life."""
    if line.sends[slot] == 1:
        return False
    transmission.silent_ticks[slot] += 1
    return bool(transmission.silent_ticks[slot] % KEEP_ALIVE_TICKS == 0)


@kernel
def what_is_due(line: Line, transmission: Transmission, mixing: Mixing, slot: int) -> int:
    """What the leg sends in this tick. After a pause the next frame begins a talkspurt (RFC 3551 section 4.1)."""
    if line.sends[slot] == 1 and line.remote[slot] != 0 and not says_nothing(transmission, mixing, slot):
        return A_FRAME
    transmission.marker[slot] = 1
    if line.remote[slot] != 0 and is_forgotten(line, transmission, slot):
        return A_SIGN_OF_LIFE
    return NOTHING_DUE


@kernel
def write_sign_of_life(packet: U8, line: Line, transmission: Transmission, slot: int) -> int:
    """A packet of the stream without a payload (RFC 6263 section 4.2): nobody plays it, every NAT sees it."""
    write_header(
        packet, 0, line.payload_type[slot], transmission.sequence[slot], transmission.timestamp[slot],
        transmission.ssrc[slot],
    )  # fmt: skip
    return FIXED_HEADER_BYTES


@kernel
def depart(line: Line, transmission: Transmission, outbox: Outbox, at: int, slot: int, size: int) -> None:
    """Complete a row of the outbox."""
    outbox.slot[at] = slot
    outbox.bytes[at] = size
    outbox.destination[at] = line.remote[slot]
    transmission.sequence[slot] = (transmission.sequence[slot] + 1) & 0xFFFF
    line.counters[slot, SENT] += 1
    line.counters[slot, SENT_OCTETS] += size - FIXED_HEADER_BYTES


@kernel
def end_of_tick(line: Line, transmission: Transmission, slot: int) -> None:
    """Timestamps go on while nothing is sent."""
    transmission.event_due[slot] = 0
    transmission.timestamp[slot] = (transmission.timestamp[slot] + line.timestamp_step[slot]) & 0xFFFFFFFF


@kernel
def packetise(
    active: I32,
    legs: int,
    line: Line,
    transmission: Transmission,
    mixing: Mixing,
    audience: Audience,
    outbox: Outbox,
    departing: int,
    encodings: U8,
) -> int:
    """Write this beat's packets of G.711 behind *departing* others. Returns how many there are then.

    `encodings`: by codec. Legs that hear one room's bus must be in the same call: `audience` names rows of this very
    outbox.
    """
    for n in range(legs):
        slot = active[n]
        if line.kind[slot] != SOCKET or line.has_media[slot] == 0 or line.codec[slot] > PCMA:
            continue
        what = what_is_due(line, transmission, mixing, slot)
        if what != NOTHING_DUE:
            packet = outbox.data[departing]
            if what == A_SIGN_OF_LIFE:
                size = write_sign_of_life(packet, line, transmission, slot)
            elif transmission.event_due[slot] == 1:
                size = write_event(packet, line, transmission, slot)
            else:
                size = write_audio(line, transmission, mixing, audience, outbox, departing, slot, encodings)
            depart(line, transmission, outbox, departing, slot, size)
            departing += 1
        end_of_tick(line, transmission, slot)
    return departing
