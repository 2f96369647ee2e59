"""The phones as arrays, one row each, so that compiled loops serve thousands of them."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.load import chirp, libc, marker, sounds
from bench.load.codecs import CODECS
from bench.load.scenario import Scenario

SLOTS: Final = 20
"""Phones are not in step with each other: each has one of 20 send slots, 1 ms apart, drawn at random."""
SLOT_NS: Final = 1_000_000
HEADER_BYTES: Final = 12
PACKET_BYTES: Final = HEADER_BYTES + sounds.FRAME_SAMPLES
MARKER_EVERY_FRAMES: Final = 50
"""A room hears one marker a second, its talkers take turns: two markers at once would be unreadable."""

LOG_ROWS: Final = 1 << 20
WATCH_ROWS: Final = 1 << 16
DEVIATION_BINS: Final = 2_000
DEVIATION_BIN_NS: Final = 100_000
LATENESS_BINS: Final = 200
LATENESS_BIN_NS: Final = 100_000

# Columns of `heard`, `spoken` and `watch`: a leg and nanoseconds since 1970 first.
LISTENER, SPEAKER, DELAY_NS, ARRIVAL_NS = range(4)
SPOKEN_BY, SPOKEN_NS = range(2)
WATCHED_LEG, WATCHED_NS, WATCHED_ENERGY = range(3)
# Places in `tally`. How many rows a log has had never wraps, though the log is a ring.
STOP, SKIPPED_SLOTS, HEARD, SPOKEN, WATCHED, TAPED = range(6)
# Columns of `tape`: what a few phones heard, for decoders to listen to.
TAPED_LEG, TAPED_NS, TAPED_BYTES = range(3)
TAPE_ROWS: Final = 1 << 15
TAPE_BYTES: Final = 512

WHEEL_SLOTS: Final = 128
"""Packets that are held back wait in a wheel of slots; the longest jitter is one less."""

COUNTERS: Final = ("packets_out", "withheld", "send_failed", "packets_in", "lost", "late", "strange", "damaged")

# One phone is one record: a few neighbouring cache lines, and one array for a kernel to hold instead of two dozen
# (Numba counts references to the arrays of a tuple, which was a fifth of the generator's time).
PHONE: Final = np.dtype(
    [
        *((name, np.int64) for name in COUNTERS),
        ("fd", np.int64),
        ("live", np.int64),
        ("sound", np.int64),
        ("payload_type", np.int64),
        ("payload_bytes", np.int64),
        ("frame_ticks", np.int64),  # of the codec's clock
        ("ns_per_tick", np.float64),
        ("marked_sound", np.int64),  # what to say for a second that begins with a marker; -1: markers are written
        ("loss", np.float64),
        ("jitter_slots", np.int64),
        ("luck", np.int64),  # of a linear congruential generator
        ("loop_offset", np.int64),
        ("marker_first", np.int64),  # frame of the first marker; -1: never
        ("marker_every", np.int64),
        ("sequence", np.int64),
        ("timestamp", np.int64),
        ("serial", np.int64),  # of the last marker
        ("next_sequence", np.int64),  # of the stream that is heard; -1: nothing yet
        ("heard_ssrc", np.int64),
        ("last_arrival_ns", np.int64),
        ("last_timestamp", np.int64),
        ("jitter_ns", np.float64),
        ("pending_count", np.int64),  # samples collected of a marker
        ("pending_ns", np.int64),  # arrival of its first sample
        ("watched", np.int64),
        ("taped", np.int64),
    ]
)


class Legs(NamedTuple):
    """Everything the kernels read and write."""

    phones: NDArray[np.void]  # of PHONE
    tally: NDArray[np.int64]
    slot_legs: NDArray[np.int64]  # legs in the order of their slots
    slot_start: NDArray[np.int64]  # [SLOTS + 1] into slot_legs
    loops: NDArray[np.uint8]  # (sound of a codec, frame, 160)
    packet: NDArray[np.uint8]  # (leg, 172), of which codecs with small packets use the beginning
    sent_ns: NDArray[np.int64]  # (leg, serial): when that marker was handed to the kernel
    pending: NDArray[np.uint8]  # (leg, 160): a marker that is being collected
    deviation: NDArray[np.int64]  # histogram of |inter-arrival time - 20 ms|
    lateness: NDArray[np.int64]  # histogram: how late the generator itself ran its slots
    heard: NDArray[np.int64]
    spoken: NDArray[np.int64]
    watch: NDArray[np.int64]
    tape: NDArray[np.int64]
    tape_bytes: NDArray[np.uint8]  # (row, TAPE_BYTES)
    timespec: NDArray[np.int64]
    wheel_count: NDArray[np.int64]  # (slot): how many packets wait for it
    wheel_leg: NDArray[np.int64]  # (slot, place)
    wheel_packet: NDArray[np.uint8]  # (slot, place, 172)
    iov: NDArray[np.uint64]
    control: NDArray[np.int64]
    buffer: NDArray[np.uint8]
    header: NDArray[np.uint64]


def make_legs(scenario: Scenario) -> Legs:
    """Allocate the phones of *scenario*, silent and unplugged."""
    random = np.random.default_rng(scenario.seed)
    slot = random.integers(0, SLOTS, scenario.legs)
    buffer = np.zeros(libc.BUFFER_BYTES, np.uint8)
    control = np.zeros(libc.CONTROL_WORDS, np.int64)
    iov = np.zeros(2, np.uint64)

    # A slot's share of all phones, and as much again for chance; whoever finds no place goes at once.
    tape_rows = TAPE_ROWS if scenario.taped else 1
    places = 2 * (scenario.legs // SLOTS) + SLOTS if scenario.jitter_ms else 1

    def zeros(*shape: int) -> NDArray[np.int64]:
        return np.zeros(shape, np.int64)

    return Legs(
        phones=_phones(scenario, random),
        tally=zeros(6),
        slot_legs=np.argsort(slot, kind="stable").astype(np.int64),
        slot_start=np.searchsorted(np.sort(slot), np.arange(SLOTS + 1)).astype(np.int64),
        loops=_loops(scenario),
        packet=_packets(scenario, random),
        sent_ns=zeros(scenario.legs, marker.SERIALS),
        pending=np.zeros((scenario.legs, marker.SAMPLES), np.uint8),
        deviation=zeros(DEVIATION_BINS),
        lateness=zeros(LATENESS_BINS),
        heard=zeros(LOG_ROWS, 4),
        spoken=zeros(LOG_ROWS, 2),
        watch=zeros(WATCH_ROWS, 3),
        tape=zeros(tape_rows, 3),
        tape_bytes=np.zeros((tape_rows, TAPE_BYTES), np.uint8),
        timespec=zeros(2),
        wheel_count=zeros(WHEEL_SLOTS),
        wheel_leg=zeros(WHEEL_SLOTS, places),
        wheel_packet=np.zeros((WHEEL_SLOTS, places, PACKET_BYTES), np.uint8),
        iov=iov,
        control=control,
        buffer=buffer,
        header=libc.message_header(iov, control, buffer),
    )


def _phones(scenario: Scenario, random: np.random.Generator) -> NDArray[np.void]:
    count = scenario.legs
    phones = np.zeros(count, PHONE)
    speaks = np.array([scenario.speaks(leg) for leg in range(count)], bool)
    phones["fd"] = phones["next_sequence"] = -1
    codecs = [CODECS[scenario.codec_of(leg)] for leg in range(count)]
    first_loop = sounds.COUNT * np.array([scenario.codecs.index(codec.name) for codec in codecs], np.int64)
    sound = np.where(speaks, scenario.speech_sound, scenario.quiet_sound)
    phones["sound"] = np.where(sound == sounds.NOTHING, sounds.NOTHING, first_loop + sound)
    phones["payload_type"] = [codec.payload_type for codec in codecs]
    phones["payload_bytes"] = [codec.payload_bytes for codec in codecs]
    phones["frame_ticks"] = [codec.frame_ticks for codec in codecs]
    phones["ns_per_tick"] = [libc.NS_PER_S / codec.clock_hz for codec in codecs]
    kinds = [chirp.kind_of(*divmod(leg, scenario.room_size)) for leg in range(count)]
    phones["marked_sound"] = first_loop + np.array(sounds.MARKED)[kinds] if scenario.taped else -1
    phones["taped"][scenario.taped] = 1
    phones["loss"] = scenario.loss
    phones["jitter_slots"] = min(scenario.jitter_ms, WHEEL_SLOTS - 1)
    phones["luck"] = random.integers(0, 1 << 31, count)
    phones["loop_offset"] = random.integers(0, sounds.LOOP_FRAMES, count)
    phones["sequence"] = random.integers(0, 1 << 16, count)
    phones["timestamp"] = random.integers(0, 1 << 32, count)
    phones["marker_first"], phones["marker_every"] = _marker_schedule(scenario, random)
    return phones


def _marker_schedule(scenario: Scenario, random: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    first = np.full(scenario.legs, -1, np.int64)
    if scenario.speech_sound == sounds.SPEECH:
        room_offset = random.integers(0, MARKER_EVERY_FRAMES, len(scenario.numbers))
        for leg in filter(scenario.speaks, range(scenario.legs)):
            room, turn = divmod(leg, scenario.room_size)
            first[leg] = room_offset[room] + turn * MARKER_EVERY_FRAMES
    every = np.full(scenario.legs, MARKER_EVERY_FRAMES * max(1, scenario.talkers), np.int64)
    return first, every


def _loops(scenario: Scenario) -> NDArray[np.uint8]:
    """Return every sound in every codec, `sounds.COUNT` each."""
    loops = np.zeros((len(scenario.codecs), sounds.COUNT, sounds.LOOP_FRAMES, sounds.FRAME_SAMPLES), np.uint8)
    for nth, name in enumerate(scenario.codecs):
        codec = CODECS[name]
        seconds = sounds.linear(scenario.talkers, codec.rate_hz)
        for sound, second in enumerate(seconds):
            # After the same second without a marker: that is what comes before and after it on the wire.
            before = seconds[sounds.SPEECH] if sound in sounds.MARKED else second
            frames = codec.encode(np.concatenate([before, second]))
            loops[nth, sound, :, : codec.payload_bytes] = frames[sounds.LOOP_FRAMES :]
    return loops.reshape(-1, sounds.LOOP_FRAMES, sounds.FRAME_SAMPLES)


def _packets(scenario: Scenario, random: np.random.Generator) -> NDArray[np.uint8]:
    """RFC 3550, 5.1: version 2, the payload type, an SSRC of its own; the rest is filled in as packets go out."""
    packet = np.zeros((scenario.legs, PACKET_BYTES), np.uint8)
    packet[:, 0] = 0x80
    packet[:, 1] = [CODECS[scenario.codec_of(leg)].payload_type for leg in range(scenario.legs)]
    packet[:, 8:12] = random.integers(0, 256, (scenario.legs, 4))
    return packet
