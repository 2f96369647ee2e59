"""The RTP sender of codecs with a memory: the twin of `packetise`."""

from typing import Any, Final

from mixminus.audio import g722
from mixminus.audio.compiled import kernel
from mixminus.media.coded_state import (
    NARROW,
    WIDE,
    Coders,
    Planes,
)
from mixminus.media.kernels.copying import copy
from mixminus.media.kernels.libopus import encode_frame
from mixminus.media.kernels.packetise import (
    A_SIGN_OF_LIFE,
    NOTHING_DUE,
    depart,
    end_of_tick,
    what_is_due,
    write_audio_header,
    write_event,
    write_sign_of_life,
)
from mixminus.media.kernels.sharing import choose_encoders
from mixminus.media.kernels.silence import is_silent
from mixminus.media.shared_state import SharedEncoders
from mixminus.media.state import (
    G722,
    I16,
    I32,
    SENT_PACKET_BYTES,
    SOCKET,
    U8,
    Line,
    Mixing,
    Outbox,
    Transmission,
)

HEADER_BYTES: Final = 12
SETTLED_FRAMES: Final = 10
"""200 ms of silence: then there is nothing of the sound left in encoder and decoder."""


@kernel
def encode_opus(encode: int, encoders: Any, row: int, heard: I16, payload: U8) -> int:
    """Returns the bytes; 0 when there is no encoder. Lasting silence is one packet again and again, and nearly free.

    A packet without a frame (RFC 6716 section 3.2.1) would be shorter, but a loss to the decoder: it alters the
    coefficients of the next one, and what is predicted from that may grow without bound. Figures: docs/audio.md.
    """
    if encoders.opus_encoder[row] == 0:
        return 0
    silent = encoders.silent_frames[row] + 1 if is_silent(heard) else 0
    encoders.silent_frames[row] = silent
    if silent > SETTLED_FRAMES:
        lasting = int(encoders.silence_bytes[row])
        copy(payload[:lasting], encoders.silence[row])
        return lasting
    size = max(0, encode_frame(encode, encoders.opus_encoder[row], heard, payload))
    if silent == SETTLED_FRAMES:
        copy(encoders.silence[row, :size], payload)
        encoders.silence_bytes[row] = size
    return size


@kernel
def encode_heard(
    payload: U8,
    codec: int,
    plane: int,
    mixing: Mixing,
    planes: Planes,
    slot: int,
    encoders: Any,
    row: int,
    encode: int,
) -> int:
    """What the leg hears, by an encoder of its own or by a shared one. Returns the bytes."""
    if codec == G722:
        size = len(planes.heard_wide[slot]) // g722.SAMPLES_PER_OCTET
        g722.encode(encoders.g722_encoder[row], planes.heard_wide[slot], payload[:size])
        return size
    if plane == NARROW:
        return encode_opus(encode, encoders, row, mixing.heard[slot], payload)
    if plane == WIDE:
        return encode_opus(encode, encoders, row, planes.heard_wide[slot], payload)
    return encode_opus(encode, encoders, row, planes.heard_full[slot], payload)


@kernel
def write_coded(
    outbox: Outbox,
    at: int,
    line: Line,
    transmission: Transmission,
    mixing: Mixing,
    planes: Planes,
    coders: Coders,
    encoders: SharedEncoders,
    slot: int,
    beat: int,
    encode: int,
) -> int:
    """Into row *at* of the outbox. Returns the packet's bytes, or 0 when there is nothing to send."""
    packet, shared = outbox.data[at], coders.follows[slot] - 1
    payload, codec, plane = packet[HEADER_BYTES:SENT_PACKET_BYTES], line.codec[slot], coders.opus_plane[slot]
    if shared < 0:
        size = encode_heard(payload, codec, plane, mixing, planes, slot, coders, slot, encode)
    elif encoders.beat[shared] != beat:
        size = encode_heard(payload, codec, plane, mixing, planes, slot, encoders, shared, encode)
        encoders.beat[shared], encoders.packet[shared], encoders.bytes[shared] = beat, at, size
    else:
        size = encoders.bytes[shared]
        copy(payload[:size], outbox.data[encoders.packet[shared], HEADER_BYTES:])
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
    encoders: SharedEncoders,
    outbox: Outbox,
    departing: int,
    beat: int,
    beats: int,
    encode: int,
    opus_bytes: int,
) -> int:
    """Write this tick's packets of G.722 and Opus behind *departing* others. Returns how many there are then.

    Legs of one room must be in the same call; *beat* is `beats` more than in the last one, or some less or more when
    the room has moved. `encode` is the address of libopus's function, `opus_bytes` the size of its encoders.
    """
    choose_encoders(active, legs, line, transmission, mixing, planes, coders, encoders, beat, beats, opus_bytes)
    for n in range(legs):
        slot = active[n]
        if line.kind[slot] != SOCKET or line.has_media[slot] == 0 or line.codec[slot] < G722:
            continue
        what = what_is_due(line, transmission, mixing, slot)
        if what != NOTHING_DUE:
            packet = outbox.data[departing]
            if what == A_SIGN_OF_LIFE:
                size = write_sign_of_life(packet, line, transmission, slot)
            elif transmission.event_due[slot] == 1:
                size = write_event(packet, line, transmission, slot)
            else:
                size = write_coded(
                    outbox, departing, line, transmission, mixing, planes, coders, encoders, slot, beat, encode
                )
            if size > 0:
                depart(line, transmission, outbox, departing, slot, size)
                departing += 1
        end_of_tick(line, transmission, slot)
    return departing
