"""The phones as arrays, one row each, so that compiled loops serve thousands of them."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.load import libc, marker, sounds
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

# Columns of `counters`.
PACKETS_OUT, SEND_FAILED, PACKETS_IN, LOST, LATE, STRANGE, DAMAGED = range(7)
COUNTERS: Final = 7
# Columns of `heard`, `spoken` and `watch`: a leg and nanoseconds since 1970 first.
LISTENER, SPEAKER, DELAY_NS, ARRIVAL_NS = range(4)
SPOKEN_BY, SPOKEN_NS = range(2)
WATCHED_LEG, WATCHED_NS, WATCHED_ENERGY = range(3)


class Legs(NamedTuple):
    """Everything the kernels read and write. A log is a ring; its `*_count` never wraps."""

    stop: NDArray[np.int64]
    slot_legs: NDArray[np.int64]  # legs in the order of their slots
    slot_start: NDArray[np.int64]  # [SLOTS + 1] into slot_legs
    fd: NDArray[np.int32]
    live: NDArray[np.uint8]
    loops: NDArray[np.uint8]  # (sound, frame, 160)
    sound: NDArray[np.int64]
    loop_offset: NDArray[np.int64]
    marker_first: NDArray[np.int64]  # frame of the first marker; -1: never
    marker_every: NDArray[np.int64]
    packet: NDArray[np.uint8]  # (leg, 172)
    sequence: NDArray[np.int64]
    timestamp: NDArray[np.int64]
    serial: NDArray[np.int64]
    sent_ns: NDArray[np.int64]  # (leg, serial): when that marker was handed to the kernel
    next_sequence: NDArray[np.int64]  # of the stream that is heard; -1: nothing yet
    heard_ssrc: NDArray[np.int64]
    last_arrival_ns: NDArray[np.int64]
    last_timestamp: NDArray[np.int64]
    jitter_ns: NDArray[np.float64]
    pending: NDArray[np.uint8]  # (leg, 160): a marker that is being collected
    pending_count: NDArray[np.int64]
    pending_ns: NDArray[np.int64]
    counters: NDArray[np.int64]
    deviation: NDArray[np.int64]  # histogram of |inter-arrival time - 20 ms|
    lateness: NDArray[np.int64]  # histogram: how late the generator itself ran its slots
    skipped_slots: NDArray[np.int64]
    heard: NDArray[np.int64]
    heard_count: NDArray[np.int64]
    spoken: NDArray[np.int64]
    spoken_count: NDArray[np.int64]
    watched: NDArray[np.uint8]
    watch: NDArray[np.int64]
    watch_count: NDArray[np.int64]
    timespec: NDArray[np.int64]
    iov: NDArray[np.uint64]
    control: NDArray[np.int64]
    buffers: NDArray[np.uint8]
    headers: NDArray[np.uint64]


def make_legs(scenario: Scenario) -> Legs:
    """Allocate the phones of *scenario*, silent and unplugged."""
    random = np.random.default_rng(scenario.seed)
    count = scenario.legs
    slot = random.integers(0, SLOTS, count)
    first, every = _marker_schedule(scenario, random)
    buffers = np.zeros((libc.BATCH, libc.BUFFER_BYTES), np.uint8)
    control = np.zeros((libc.BATCH, libc.CONTROL_WORDS), np.int64)
    iov = np.zeros((libc.BATCH, 2), np.uint64)
    speaks = np.array([scenario.speaks(leg) for leg in range(count)], bool)

    def zeros(*shape: int) -> NDArray[np.int64]:
        return np.zeros(shape, np.int64)

    return Legs(
        stop=zeros(1),
        slot_legs=np.argsort(slot, kind="stable").astype(np.int64),
        slot_start=np.searchsorted(np.sort(slot), np.arange(SLOTS + 1)).astype(np.int64),
        fd=np.full(count, -1, np.int32),
        live=np.zeros(count, np.uint8),
        loops=sounds.loops(scenario.talkers),
        sound=np.where(speaks, scenario.speech_sound, scenario.quiet_sound).astype(np.int64),
        loop_offset=random.integers(0, sounds.LOOP_FRAMES, count),
        marker_first=first,
        marker_every=every,
        packet=_packets(count, random),
        sequence=random.integers(0, 1 << 16, count),
        timestamp=random.integers(0, 1 << 32, count),
        serial=zeros(count),
        sent_ns=zeros(count, marker.SERIALS),
        next_sequence=np.full(count, -1, np.int64),
        heard_ssrc=zeros(count),
        last_arrival_ns=zeros(count),
        last_timestamp=zeros(count),
        jitter_ns=np.zeros(count),
        pending=np.zeros((count, marker.SAMPLES), np.uint8),
        pending_count=zeros(count),
        pending_ns=zeros(count),
        counters=zeros(count, COUNTERS),
        deviation=zeros(DEVIATION_BINS),
        lateness=zeros(LATENESS_BINS),
        skipped_slots=zeros(1),
        heard=zeros(LOG_ROWS, 4),
        heard_count=zeros(1),
        spoken=zeros(LOG_ROWS, 2),
        spoken_count=zeros(1),
        watched=np.zeros(count, np.uint8),
        watch=zeros(WATCH_ROWS, 3),
        watch_count=zeros(1),
        timespec=zeros(2),
        iov=iov,
        control=control,
        buffers=buffers,
        headers=libc.message_headers(iov, control, buffers),
    )


def _marker_schedule(scenario: Scenario, random: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    first = np.full(scenario.legs, -1, np.int64)
    if scenario.speech_sound == sounds.SPEECH:
        room_offset = random.integers(0, MARKER_EVERY_FRAMES, len(scenario.numbers))
        for leg in filter(scenario.speaks, range(scenario.legs)):
            room, turn = divmod(leg, scenario.room_size)
            first[leg] = room_offset[room] + turn * MARKER_EVERY_FRAMES
    every = np.full(scenario.legs, MARKER_EVERY_FRAMES * max(1, scenario.talkers), np.int64)
    return first, every


def _packets(count: int, random: np.random.Generator) -> NDArray[np.uint8]:
    """RFC 3550, 5.1: version 2, payload type 0, an SSRC of its own; the rest is filled in as packets go out."""
    packet = np.zeros((count, PACKET_BYTES), np.uint8)
    packet[:, 0] = 0x80
    packet[:, 8:12] = random.integers(0, 256, (count, 4))
    return packet
