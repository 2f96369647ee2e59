"""The RTP sender of codecs with a memory: the twin of `packetise`."""

from typing import Final

from mixminus.audio import g722
from mixminus.audio.compiled import kernel
from mixminus.media.coded_state import (
    NARROW,
    WIDE,
    Coders,
    Planes,
)
from mixminus.media.kernels.libopus import encode_frame
from mixminus.media.kernels.packetise import depart, end_of_tick, is_due, write_audio_header, write_event
from mixminus.media.kernels.silence import is_silent
from mixminus.media.state import (
    G722,
    I16,
    I32,
    SOCKET,
    U8,
    Line,
    Mixing,
    Outbox,
    Transmission,
)

HEADER_BYTES: Final = 12
SETTLED_FRAMES: Final = 10
"""200 ms of silence: then the far end's decoder has heard what our silence sounds like."""
REFRESH_FRAMES: Final = 20
"""400 ms: so often a far end that makes up silence is told again, as libopus's own DTX does."""
ONE_FRAME: Final = 0xFC
"""The two bits that count frames are 0."""


@kernel
def encode_opus(encode: int, coders: Coders, slot: int, heard: I16, payload: U8) -> int:
    """Returns the bytes; 0 when there is no encoder. Lasting silence is a packet of one octet, and nearly free.

    Its table of contents and no frame: "nothing is sent here on purpose" (RFC 6716 sections 3.2.1 and 2.1.9).
    """
    if coders.opus_encoder[slot] == 0:
        return 0
    silent = coders.silent_frames[slot] + 1 if is_silent(heard) else 0
    coders.silent_frames[slot] = silent
    if silent > SETTLED_FRAMES and silent % REFRESH_FRAMES != 0:
        payload[0] = coders.toc[slot]
        return 1
    size = max(0, encode_frame(encode, coders.opus_encoder[slot], heard, payload))
    coders.toc[slot] = payload[0] & ONE_FRAME
    return size


@kernel
def write_coded(
    packet: U8,
    line: Line,
    transmission: Transmission,
    mixing: Mixing,
    planes: Planes,
    coders: Coders,
    slot: int,
    encode: int,
) -> int:
    """Returns the packet's bytes, or 0 when there is nothing to send."""
    payload = packet[HEADER_BYTES:]
    if line.codec[slot] == G722:
        size = len(planes.heard_wide[slot]) // g722.SAMPLES_PER_OCTET
        g722.encode(coders.g722_encoder[slot], planes.heard_wide[slot], payload[:size])
    else:
        plane = coders.opus_plane[slot]
        if plane == NARROW:
            size = encode_opus(encode, coders, slot, mixing.heard[slot], payload)
        elif plane == WIDE:
            size = encode_opus(encode, coders, slot, planes.heard_wide[slot], payload)
        else:
            size = encode_opus(encode, coders, slot, planes.heard_full[slot], payload)
    if size == 0:
        return 0
    write_audio_header(packet, line, transmission, slot)
    return HEADER_BYTES + size


@kernel
def packetise_coded(
    active: I32,
    legs: int,
    line: Line,
    transmission: Transmission,
    mixing: Mixing,
    planes: Planes,
    coders: Coders,
    outbox: Outbox,
    departing: int,
    encode: int,
) -> int:
    """Write this tick's packets of G.722 and Opus behind *departing* others. Returns how many there are then.

    `encode` is the address of libopus's function.
    """
    for n in range(legs):
        slot = active[n]
        if line.kind[slot] != SOCKET or line.has_media[slot] == 0 or line.codec[slot] < G722:
            continue
        if is_due(line, transmission, slot):
            packet = outbox.data[departing]
            if transmission.event_due[slot] == 1:
                size = write_event(packet, line, transmission, slot)
            else:
                size = write_coded(packet, line, transmission, mixing, planes, coders, slot, encode)
            if size > 0:
                depart(line, transmission, outbox, departing, slot, size)
                departing += 1
        end_of_tick(line, transmission, slot)
    return departing
