"""What the engine knows, as arrays: one row a leg, room, player or recording.

Kernels get these bundles whole. Numbers that wrap on the wire (sequence numbers, timestamps) are kept as int64 within
their wire range. A zeroed row is a free one.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
I16 = NDArray[np.int16]
I32 = NDArray[np.int32]
U32 = NDArray[np.uint32]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

RING_SAMPLES: Final = 4096
"""512 ms, a power of two: a timestamp's low bits are its place."""
HOLE: Final = -32768
"""Marks a place of the ring where nothing arrived; no G.711 code decodes to it."""

PACKET_BYTES: Final = 1500
"""What one Ethernet frame carries. G.711 with 120 ms a packet needs 972."""
SENT_PACKET_BYTES: Final = 172
"""Of a packet of ours before it is sealed."""
OUTBOX_BYTES: Final = 192
"""And with room for a tag of 16 bytes (RFC 7714 section 13.2), in whole cache lines."""
RECENT_PACKETS: Final = 64
"""How many sequence numbers are remembered, to know a duplicate."""

LATENESS_STEPS: Final = 8
"""Of 20 ms; the last one holds all that are later."""

PCMU, PCMA, G722, OPUS = 0, 1, 2, 3
"""Codecs. Those from `G722` on have a memory: what was coded last is needed to decode what comes next."""
NOTHING, EVENTS, NOISE, AUDIO = 0, 1, 2, 3
"""What a payload type means to a leg; `AUDIO` and above: that, plus the codec."""
PAYLOAD_TYPES: Final = 128

LINEAR, OCTETS, PACKETS = 0, 1, 2
"""What a leg's jitter buffer holds: samples; G.722's octets, in the ring, too; or Opus packets."""
SPEECH_FRAMES: Final = 16
"""That are looked back on to know speech: 320 ms."""
HALF_FRAME: Final = 80
"""Keys are looked for in windows of 20 ms that begin every 10 ms."""

FFT_SIZE: Final = 512
"""Of noise suppression: the power of two above its window of 320 samples."""
NOISE_BANDS: Final = FFT_SIZE // 2 + 1

RECORD_TICKS: Final = 50
"""What a recording can hold between two writes to disk: twice the usual half second."""

ABSENT_TICKS: Final = 50
"""After a second without a packet a far end is silent on purpose, or not there."""

NOT_ASKED: Final = 1 << 20
"""The age of a packet that was read on time, from a far end that is known: nobody needs to know more."""

FREE, SOCKET, PIPE = 0, 1, 2
"""Kinds of leg."""

DIGIT, TIMED_OUT, PLAYER_ENDED, CONTROL_ARRIVED, SPEECH_STARTED, SPEECH_STOPPED, KEY_SOUNDED = range(1, 8)
"""Kinds of happening."""

TAP_BUS, TAP_LEG_IN, TAP_LEG_OUT, TAP_VOICE, TAP_WHISPER, TAP_TO_EAR = 1, 2, 3, 4, 5, 6
"""Kinds of tap."""

RECORDING, PAUSED_WITH_SILENCE, PAUSED_WITH_SKIP = 1, 2, 3
"""Modes of a recording."""

RECEIVED, SENT, MALFORMED, UNWANTED, STRAY, DUPLICATE, LATE, CONCEALED, RESYNCED, LOST, CONTROL, SENT_OCTETS = range(
    12
)
FORGED, REPLAYED = 12, 13
"""Columns of the counters: packets, but for `CONCEALED` samples and `SENT_OCTETS`. See `LegStatistics`."""
COUNTERS: Final = 14


class Line(NamedTuple):
    """What was agreed on for each leg."""

    generation: U32
    """Grows when the row is freed: what was meant for the last leg is not for the next one."""
    kind: U8
    has_media: U8
    sends: U8
    receives: U8
    codec: U8
    """Of what we send."""
    payload_type: U8
    timestamp_step: I32
    """Of a frame that we send, in units of the RTP clock."""
    meaning: U8
    """By payload type that arrives."""
    event_payload_type: I16
    event_scale: I32
    """Units of its RTP clock for a sample at 8 kHz."""
    peer: I32
    ceiling: I32
    """Of the playout delay, in samples."""
    timeout_ticks: I32
    announced: I64
    """Where SDP says to send: a number of `kernels/addresses.py`; 0 is unknown."""
    signalled: I64
    """Where its SIP comes from, without a port: behind a NAT, the media does, too; 0 is unknown."""
    latching: U8
    """Who may take its place: `ANNOUNCED` or `FIRST`."""
    remote: I64
    """Where we send."""
    latched: U8
    """The remote address is one that packets came from (symmetric RTP, RFC 4961)."""
    counters: I64


class Reception(NamedTuple):
    """The RTP receiver and the playout of each leg."""

    known: U8
    ssrc: I64
    sequence: I64
    wraps: I32
    """How often the sequence number passed 65535."""
    recent: I32
    transit: I64
    """Arrival less timestamp of the last audio packet, in samples; -1: none yet."""
    jitter: I64
    """Interarrival jitter in 1/16 samples (RFC 3550 appendix A.8)."""
    phase: I32
    """Where in the 20 ms from one tick to the next audio arrives, on average, in 1/16 samples; -1: not known."""
    phase_packets: U8
    """Of how many packets that is the average; then it follows slowly."""
    control_tick: I64
    """When the leg's last RTCP packet was taken in."""
    candidate_ssrc: I64
    candidate_sequence: I64
    stranger: I64
    """The address that would be the leg's, once it has proved itself."""
    stranger_ssrc: I64
    stranger_sequence: I64
    """Of its next packet."""
    stranger_tick: I64
    """When it was heard last."""
    stranger_ticks: I32
    """How many times so far."""
    idle_ticks: I32
    timed_out: U8
    event_timestamp: I64
    event_code: I16
    event_duration: I32
    coding: U8
    synced: U8
    epoch: I32
    """Grows when the playout begins anew: what was waiting is not to be played."""
    play_at: I64
    """The RTP timestamp of the next sample to play, at 8 kHz."""
    ring: I16
    most_slack: I32
    """How many samples before its playout a packet arrived, at best in this window of packets."""
    most_slack_before: I32
    """The same, in the window before."""
    lateness: I32
    """How packets of the last seconds are distributed over steps of 20 ms behind the earliest ones."""
    window: I32
    calm_windows: I32
    """How many windows ago the delay grew."""
    late_ticks: I32
    late_tick: I64
    spare: I32
    """How many samples of delay are to go."""
    shrink_wait: I32
    """For how many ticks they have waited for a place where nobody hears it; 0: none are to go."""
    hole_run: I32
    """How many samples in a row were missing until now."""
    lag: I32
    """The pitch period of what is concealed."""
    voiced: U8
    """It has one."""
    blend: I32


class Transmission(NamedTuple):
    """The RTP sender of each leg."""

    ssrc: I64
    sequence: I64
    timestamp: I64
    marker: U8
    silent_ticks: I32
    """For how long there has been nothing to tell a far end that is silent itself."""
    event_due: U8
    event_starts: U8
    event_timestamp: I64
    event_payload: U8


class Mixing(NamedTuple):
    """Who hears what: each leg's row of its room's routing plan, and this tick's audio."""

    room: I32
    """-1: in no room."""
    on_bus: U8
    hears_bus: U8
    edge: I32
    """First of the exceptions of this listener, or -1."""
    whispers: I32
    """How many listeners hear this leg as an exception."""
    said: I16
    absent: U8
    """Its far end has sent nothing for a second."""
    silent: U8
    """All that it says in this tick is zeros. 0: not known to be."""
    heard: I16
    hears: U8
    """See `shared_state`."""
    piped: I16
    """What the other end of a pipe heard."""
    extra: I32
    """Players and streams of the leg, added up; only where `has_extra`."""
    has_extra: U8


class Edges(NamedTuple):
    """Exceptions to the bus: a listener hears one leg more (sign 1) or less (-1)."""

    leg: I32
    generation: U32
    sign: I32
    next: I32


class Speech(NamedTuple):
    """Legs that are watched for speech."""

    speaking: U8
    ticks: I32
    """Since the leg was watched."""
    voiceless_ticks: I32
    floor: F32
    """The softest frame of this stretch, in dB."""
    floor_before: F32
    level: F32
    """Of the last frames, in dB, by tick; 0 for those that were not like a voice."""


class Keys(NamedTuple):
    """Legs that are watched for keys that sound as tones."""

    mutes: U8
    """What sounds like a key is not heard by the room."""
    tail: I16
    """The second half of the last frame."""
    candidate: I32
    """The key of the last window, plus 1; 0: none."""
    windows: I32
    """For how many in a row."""
    held: I32
    """The key that was reported and is not released, plus 1."""
    silent_windows: I32


class Polish(NamedTuple):
    """Legs whose voice is made easier to hear."""

    suppresses: U8
    levels: U8
    before: F64
    """The last frame, as it came."""
    overlap: F64
    """What the last window adds to the next frame."""
    power: F64
    """By band, over about the last 100 ms."""
    noise: F64
    """Power by band; 0: not known yet."""
    band_gain: F64
    gain_db: F64
    loud_db: F64
    """Of the loud frames of late."""


class PlayerRows(NamedTuple):
    room: I32
    leg: I32
    first: I32
    segment: I32
    """-1: not playing."""
    position: I64
    loops_left: I32
    """0: for ever."""


class Segments(NamedTuple):
    """Stretches of a player's programme; address 0 is silence."""

    address: I64
    samples: I64
    next: I32


class RecorderRows(NamedTuple):
    """One row a channel; the rows of one recording go through the same modes at the same ticks."""

    mode: U8
    tap: I32
    """First tap, or -1."""
    room: I32
    """Whose turns the recording keeps to, or -1: then it is those of a leg."""
    leg: I32
    plane: U8
    """Narrow or wide: the rate of the file."""
    buffer: I16
    ticks: I32
    peak: I32
    """Of each tick in the buffer."""


class Taps(NamedTuple):
    kind: I32
    row: I32
    """-1: what was tapped is gone."""
    room: I32
    ear: I32
    """Whose row of the routing plan says whether the leg is heard there."""
    sign: I32
    next: I32


class Inbox(NamedTuple):
    """Packets that arrived since the last tick."""

    data: U8
    bytes: I32
    slot: I32
    generation: U32
    source: I64
    age: I32
    """How many samples before the time of this tick it came, at 8 kHz; negative when it came after that, since the
    tick was late. Rounded away from 0, which is: not known; `NOT_ASKED`: it came in time."""


class Outbox(NamedTuple):
    """Packets of this tick."""

    data: U8
    slot: I32
    bytes: I32
    destination: I64


class Happenings(NamedTuple):
    """What the kernels have to tell; `totals[0]` of them, and `totals[1]` for which there was no room."""

    kind: I32
    row: I32
    value: I32
    totals: I64


COLUMNS: Final[dict[str, tuple[int, ...]]] = {
    "Line.counters": (COUNTERS,),
    "Line.meaning": (PAYLOAD_TYPES,),
    "Reception.lateness": (LATENESS_STEPS,),
    "Reception.recent": (RECENT_PACKETS,),
    "Reception.ring": (RING_SAMPLES,),
    "Transmission.event_payload": (4,),
    "Buses.narrow": (160,),
    "Codes.decodings": (256,),
    "Codes.encodings": (1 << 16,),
    "Mixing.said": (160,),
    "Mixing.heard": (160,),
    "Mixing.piped": (160,),
    "Mixing.extra": (160,),
    "RecorderRows.buffer": (RECORD_TICKS * 320,),
    "Speech.level": (SPEECH_FRAMES,),
    "Keys.tail": (HALF_FRAME,),
    "Polish.before": (160,),
    "Polish.overlap": (160,),
    "Polish.noise": (NOISE_BANDS,),
    "Polish.power": (NOISE_BANDS,),
    "Polish.band_gain": (NOISE_BANDS,),
    "RecorderRows.peak": (RECORD_TICKS,),
    "Inbox.data": (PACKET_BYTES,),
    "Outbox.data": (OUTBOX_BYTES,),
}
"""Shapes of what is more than a number a row."""
