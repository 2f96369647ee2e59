"""The compiled loop: send on absolute deadlines, receive with the kernel's arrival times, find the markers.

A phone sends and listens once in 20 ms, in its own slot. Listening late costs no accuracy, because the arrival time is
the kernel's: on loopback the moment of the server's `sendto`.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bench.load import arrays, libc, marker, sounds, ulaw
from bench.load.arrays import Legs

NS_PER_SAMPLE: Final = libc.NS_PER_S // sounds.RATE_HZ
# A generator that was stopped for longer than this goes on with the present: phones do not send bursts.
_SKIP_AFTER_NS: Final = 100_000_000
# A jump of more than a minute in sequence numbers is a new stream, not a loss (RFC 3550, A.1: MAX_DROPOUT).
_MAX_DROPOUT: Final = 3_000
_LONGEST_GAP_NS: Final = 2 * libc.NS_PER_S
_LINEAR: Final = ulaw.LINEAR


@njit(cache=True, nogil=True)
def run(legs: Legs, epoch_ns: int) -> None:
    """Serve all phones from *epoch_ns* (monotonic) until `stop` is set."""
    slot = 0
    while legs.stop[0] == 0:
        due_ns = epoch_ns + slot * arrays.SLOT_NS
        libc.sleep_until(due_ns, legs.timespec)
        late_ns = libc.now_ns(libc.CLOCK_MONOTONIC, legs.timespec) - due_ns
        legs.lateness[min(late_ns // arrays.LATENESS_BIN_NS, arrays.LATENESS_BINS - 1)] += 1
        if late_ns > _SKIP_AFTER_NS:
            legs.skipped_slots[0] += late_ns // arrays.SLOT_NS
            slot += late_ns // arrays.SLOT_NS
        frame, place = slot // arrays.SLOTS, slot % arrays.SLOTS
        for i in range(legs.slot_start[place], legs.slot_start[place + 1]):
            leg = legs.slot_legs[i]
            if legs.live[leg]:
                receive(legs, leg)
                send_frame(legs, leg, frame)
        slot += 1


@njit(cache=True, nogil=True)
def send_frame(legs: Legs, leg: int, frame: int) -> None:
    """Send what *leg* says in *frame*: its sound, or a marker when it is its turn."""
    sound = legs.sound[leg]
    if sound == sounds.NOTHING:
        return
    packet = legs.packet[leg]
    sequence, timestamp = legs.sequence[leg], legs.timestamp[leg] + frame * sounds.FRAME_SAMPLES
    packet[2], packet[3] = sequence >> 8 & 0xFF, sequence & 0xFF
    for byte in range(4):
        packet[4 + byte] = timestamp >> (24 - 8 * byte) & 0xFF
    payload = packet[arrays.HEADER_BYTES :]
    since = frame - legs.marker_first[leg]
    marks = legs.marker_first[leg] >= 0 and since >= 0 and since % legs.marker_every[leg] == 0
    if marks:
        serial = (legs.serial[leg] + 1) % marker.SERIALS
        legs.serial[leg] = serial
        marker.write(leg, serial, payload)
        row = legs.spoken_count[0] % arrays.LOG_ROWS
        sent_ns = libc.now_ns(libc.CLOCK_REALTIME, legs.timespec)
        legs.sent_ns[leg, serial] = sent_ns
        legs.spoken[row, arrays.SPOKEN_BY], legs.spoken[row, arrays.SPOKEN_NS] = leg, sent_ns
        legs.spoken_count[0] += 1
    else:
        payload[:] = legs.loops[sound, (frame + legs.loop_offset[leg]) % sounds.LOOP_FRAMES]
    sent = libc.send(legs.fd[leg], packet.ctypes.data, np.uintp(arrays.PACKET_BYTES), np.int32(libc.MSG_DONTWAIT))
    legs.counters[leg, arrays.PACKETS_OUT if sent == arrays.PACKET_BYTES else arrays.SEND_FAILED] += 1
    legs.sequence[leg] = sequence + 1


@njit(cache=True, nogil=True)
def receive(legs: Legs, leg: int) -> None:
    """Take everything that waits on the socket of *leg*, usually one packet in one system call."""
    while True:
        for i in range(libc.BATCH):
            legs.headers[i, libc.CONTROLLEN] = libc.CONTROL_WORDS * 8
        count = libc.recvmmsg(
            legs.fd[leg],
            legs.headers.ctypes.data,
            np.uint32(libc.BATCH),
            np.int32(libc.MSG_DONTWAIT),
            np.uintp(0),
        )
        for i in range(count):
            length = np.int64(legs.headers[i, libc.MSG_LEN] & np.uint64(0xFFFFFFFF))
            arrival_ns = libc.arrival_ns(legs.control[i], legs.headers[i, libc.CONTROLLEN], legs.timespec)
            take_packet(legs, leg, legs.buffers[i, :length], arrival_ns)
        if count < libc.BATCH:
            return


@njit(cache=True, nogil=True)
def take_packet(legs: Legs, leg: int, packet: NDArray[np.uint8], arrival_ns: int) -> None:
    """Count one RTP packet and listen to it. Whatever is not PCMU in RTP is counted as strange."""
    begin = arrays.HEADER_BYTES
    if len(packet) > begin:
        begin += 4 * (packet[0] & 0x0F)
    if len(packet) <= begin or packet[0] >> 6 != 2 or packet[0] & 0x30 != 0 or packet[1] & 0x7F != 0:
        legs.counters[leg, arrays.STRANGE] += 1
        return
    sequence = np.int64(packet[2]) << 8 | packet[3]
    timestamp, ssrc = np.int64(0), np.int64(0)
    for byte in range(4):
        timestamp = timestamp << 8 | packet[4 + byte]
        ssrc = ssrc << 8 | packet[8 + byte]
    legs.counters[leg, arrays.PACKETS_IN] += 1
    gap = (sequence - legs.next_sequence[leg]) & 0xFFFF
    fresh = legs.next_sequence[leg] < 0 or ssrc != legs.heard_ssrc[leg]
    if not fresh and gap >= 0x10000 - _MAX_DROPOUT:
        legs.counters[leg, arrays.LATE] += 1
        legs.counters[leg, arrays.LOST] -= 1
        return
    if not fresh and gap < _MAX_DROPOUT:
        legs.counters[leg, arrays.LOST] += gap
        note_spacing(legs, leg, arrival_ns, timestamp)
    if gap != 0 and legs.pending_count[leg] > 0:
        legs.counters[leg, arrays.DAMAGED] += 1
        legs.pending_count[leg] = 0
    legs.next_sequence[leg], legs.heard_ssrc[leg] = (sequence + 1) & 0xFFFF, ssrc
    legs.last_arrival_ns[leg], legs.last_timestamp[leg] = arrival_ns, timestamp
    listen(legs, leg, packet, begin, arrival_ns)


@njit(cache=True, nogil=True)
def note_spacing(legs: Legs, leg: int, arrival_ns: int, timestamp: int) -> None:
    """RFC 3550, 6.4.1: how far two packets are apart, against what their timestamps say."""
    elapsed = timestamp - legs.last_timestamp[leg]
    elapsed = (elapsed + 0x80000000) % 0x100000000 - 0x80000000
    deviation = abs(arrival_ns - legs.last_arrival_ns[leg] - elapsed * NS_PER_SAMPLE)
    if deviation < _LONGEST_GAP_NS:
        legs.deviation[min(deviation // arrays.DEVIATION_BIN_NS, arrays.DEVIATION_BINS - 1)] += 1
        legs.jitter_ns[leg] += (deviation - legs.jitter_ns[leg]) / 16


@njit(cache=True, nogil=True)
def listen(legs: Legs, leg: int, packet: NDArray[np.uint8], begin: int, arrival_ns: int) -> None:
    """Look for markers in `packet[begin:]`; a marker may begin in one packet and end in the next."""
    if legs.watched[leg]:
        watch(legs, leg, packet, begin, arrival_ns)
    at, end = begin, len(packet)
    while at < end:
        have = legs.pending_count[leg]
        if have == 0:
            at = marker.first_loud(packet, at, end)
            legs.pending_ns[leg] = arrival_ns + (at - begin) * NS_PER_SAMPLE
        take = min(marker.SAMPLES - have, end - at)
        for i in range(take):
            legs.pending[leg, have + i] = packet[at + i]
        at += take
        legs.pending_count[leg] = have + take
        if have + take == marker.SAMPLES:
            conclude(legs, leg)


@njit(cache=True, nogil=True)
def conclude(legs: Legs, leg: int) -> None:
    """Read the marker that *leg* has collected and log who was heard and how old it was."""
    legs.pending_count[leg] = 0
    word = marker.read(legs.pending[leg])
    speaker = word >> marker.SERIAL_BITS
    if word == marker.NOT_A_MARKER or speaker >= len(legs.fd):
        legs.counters[leg, arrays.DAMAGED] += 1
        return
    row = legs.heard_count[0] % arrays.LOG_ROWS
    legs.heard[row, arrays.LISTENER] = leg
    legs.heard[row, arrays.SPEAKER] = speaker
    # A marker fills its frame from the first sample on, so its first sample was sent when the frame was.
    legs.heard[row, arrays.DELAY_NS] = legs.pending_ns[leg] - legs.sent_ns[speaker, word % marker.SERIALS]
    legs.heard[row, arrays.ARRIVAL_NS] = legs.pending_ns[leg]
    legs.heard_count[0] += 1


@njit(cache=True, nogil=True)
def watch(legs: Legs, leg: int, packet: NDArray[np.uint8], begin: int, arrival_ns: int) -> None:
    """Log when this packet came and the mean square of its samples."""
    energy = 0
    for at in range(begin, len(packet)):
        energy += _LINEAR[packet[at]] ** 2
    row = legs.watch_count[0] % arrays.WATCH_ROWS
    legs.watch[row, arrays.WATCHED_LEG] = leg
    legs.watch[row, arrays.WATCHED_NS] = arrival_ns
    legs.watch[row, arrays.WATCHED_ENERGY] = energy // max(1, len(packet) - begin)
    legs.watch_count[0] += 1
