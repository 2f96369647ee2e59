"""What the engine knows, as arrays, of codecs with a memory and of the planes above 8 kHz; see `state`."""

from typing import Final, NamedTuple

from mixminus.audio.g722 import STATE_WORDS as G722_WORDS
from mixminus.media.state import I16, I32, I64, PACKET_BYTES, SENT_PACKET_BYTES, U8

STORED_PACKETS: Final = 32
"""By sequence number: 640 ms at 20 ms a packet."""
QUEUE_SAMPLES: Final = 12_288
"""256 ms at 48 kHz: the longest Opus packet, 120 ms, behind two frames, 60 ms made up, and history."""
PAYLOAD_BYTES: Final = SENT_PACKET_BYTES - 12
"""What is left of a packet of ours behind the RTP header."""

NARROW, WIDE, FULL = 0, 1, 2
"""Planes: 8, 16 and 48 kHz. Everybody is mixed on the narrow one; on the others, whoever somebody there hears."""
SCALES: Final = (1, 2, 6)
"""Samples of each plane for one at 8 kHz."""


class Packets(NamedTuple):
    """Opus packets that wait to be played. Times are RTP timestamps, brought from 48 to 8 kHz."""

    data: U8
    bytes: I32
    at: I64
    samples: I32
    """0: there is none."""
    epoch: I32
    sequence: I64
    """The highest one in this epoch."""
    wire_timestamp: I64
    """A timestamp as it arrived ..."""
    our_timestamp: I64
    """... and what it is at 8 kHz."""


class Coders(NamedTuple):
    """Codecs with a memory, by leg; and what was decoded but not played."""

    g722_encoder: I32
    g722_decoder: I32
    opus_encoder: I64
    """Address of its memory; 0: there is none."""
    opus_decoder: I64
    opus_plane: U8
    """To which Opus is decoded."""
    epoch: I32
    decode_at: I64
    """The timestamp of what is to be decoded next."""
    queued: I32
    queue: I16
    resting: U8
    """The far end is silent on purpose (DTX)."""
    silent_frames: I32
    """How long we have been sending silence."""
    silence: U8
    """The packet that lasting silence is ..."""
    silence_bytes: I32
    """... and its length."""
    shared: I32
    """The row, plus 1, of the encoder that the leg's row of the plan lets it share; 0: none."""
    follows: I32
    """The row, plus 1, of the shared encoder that its last packet came from; 0: its own one."""
    alike: I32
    """For how many ticks of sound the leg has heard what a shared encoder is given."""


class Planes(NamedTuple):
    """What each leg says and hears above the narrow plane. What it says begins with the tail of its last frame."""

    mouth: U8
    """The plane that the leg's words come from."""
    ears: U8
    """Bits of planes on which its far end hears."""
    listens: U8
    """The same in this tick, with those on which it is recorded."""
    needed: U8
    """Bits of planes on which somebody hears it in this tick."""
    mouth_tail: I16
    """The end of the last frame as it was decoded; what others heard may have been made of the narrow one."""
    narrow: I16
    """What was decoded, brought to the narrow plane: if that is changed there, all planes are to hear the change."""
    raised: U8
    """Whether its narrow tail is that of the last tick."""
    narrow_tail: I16
    said_wide: I16
    said_full: I16
    heard_wide: I16
    heard_full: I16
    prompts: I16
    """Its players, with the tail."""
    prompted: U8
    """Whether there were any in the last tick."""
    added: U8
    """Bits of planes on which streams say something to its far end in this tick, that players do not."""
    extra_wide: I32
    extra_full: I32
    """What they say, added up; only where `added`."""
    piped_plane: U8
    """The one above the narrow plane on which the other end of a pipe heard something ..."""
    piped: I16
    """... and what."""


class RoomPlanes(NamedTuple):
    """Buses of the planes above the narrow one."""

    wanted: U8
    """Bits of planes on which somebody listens to the room in this tick."""
    bus_wide: I32
    bus_full: I32
    rest: I32
    """Of the narrow bus, without voices: the room's players."""
    prompts: I16
    """The same with the tail, clipped."""
    prompted: U8


COLUMNS: Final = {
    "Packets.data": (STORED_PACKETS, PACKET_BYTES),
    "Packets.bytes": (STORED_PACKETS,),
    "Packets.at": (STORED_PACKETS,),
    "Packets.samples": (STORED_PACKETS,),
    "Coders.g722_encoder": (G722_WORDS,),
    "Coders.g722_decoder": (G722_WORDS,),
    "Coders.queue": (QUEUE_SAMPLES,),
    "Coders.silence": (PAYLOAD_BYTES,),
    "Planes.mouth_tail": (96,),
    "Planes.narrow": (160,),
    "Planes.narrow_tail": (16,),
    "Planes.said_wide": (32 + 320,),
    "Planes.said_full": (96 + 960,),
    "Planes.heard_wide": (320,),
    "Planes.heard_full": (960,),
    "Planes.prompts": (16 + 160,),
    "Planes.extra_wide": (320,),
    "Planes.extra_full": (960,),
    "Planes.piped": (960,),
    "RoomPlanes.bus_wide": (320,),
    "RoomPlanes.bus_full": (960,),
    "RoomPlanes.rest": (160,),
    "RoomPlanes.prompts": (16 + 160,),
}
"""Shapes of what is more than a number a row."""
