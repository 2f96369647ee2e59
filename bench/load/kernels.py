"""The compiled loop: send on absolute deadlines, receive with the kernel's arrival times, find the markers.

A phone sends and listens once in 20 ms, in its own slot. Listening late costs no accuracy, because the arrival time
is the kernel's: on loopback the moment of the server's `sendto`.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bench.load import alaw, arrays, libc, marker, sounds, ulaw
from bench.load.arrays import Legs

NS_PER_SAMPLE: Final = libc.NS_PER_S // sounds.RATE_HZ
"""Of G.711, which markers are read in."""
# A generator that was stopped for longer than this goes on with the present: phones do not send bursts.
_SKIP_AFTER_NS: Final = 100_000_000
# A jump of more than a minute in sequence numbers is a new stream, not a loss (RFC 3550, A.1: MAX_DROPOUT).
_MAX_DROPOUT: Final = 3_000
_PACKET_NS: Final = arrays.SLOTS * arrays.SLOT_NS * 9 // 10
_LONGEST_GAP_NS: Final = 2 * libc.NS_PER_S
_LINEAR: Final = ulaw.LINEAR
_PCMA: Final = 8
_ALAW_OF_ULAW: Final = alaw.OF_ULAW
_ULAW_OF_ALAW: Final = alaw.TO_ULAW


@njit(cache=True, nogil=True)
def run(legs: Legs, epoch_ns: int) -> None:
    """Serve all phones from *epoch_ns* (monotonic) until `STOP` is set."""
    slot = 0
    while legs.tally[arrays.STOP] == 0:
        due_ns = epoch_ns + slot * arrays.SLOT_NS
        libc.sleep_until(due_ns, legs.timespec)
        late_ns = libc.now_ns(libc.CLOCK_MONOTONIC, legs.timespec) - due_ns
        legs.lateness[min(late_ns // arrays.LATENESS_BIN_NS, arrays.LATENESS_BINS - 1)] += 1
        if late_ns > _SKIP_AFTER_NS:
            legs.tally[arrays.SKIPPED_SLOTS] += late_ns // arrays.SLOT_NS
            slot += late_ns // arrays.SLOT_NS
        send_held_back(legs, slot % arrays.WHEEL_SLOTS)
        place, now_ns = slot % arrays.SLOTS, libc.now_ns(libc.CLOCK_REALTIME, legs.timespec)
        for i in range(legs.slot_start[place], legs.slot_start[place + 1]):
            leg = legs.slot_legs[i]
            if legs.phones[leg].live:
                receive(legs, leg, now_ns)
                send_frame(legs, leg, slot)
        slot += 1


@njit(cache=True, nogil=True)
def send_frame(legs: Legs, leg: int, slot: int) -> None:
    """Send what *leg* says in this slot's frame: its sound, or a marker when it is its turn."""
    frame = slot // arrays.SLOTS
    phone, packet = legs.phones[leg], legs.packet[leg]
    if phone.sound == sounds.NOTHING:
        return
    sequence, timestamp = phone.sequence, phone.timestamp + frame * phone.frame_ticks
    packet[2], packet[3] = sequence >> 8 & 0xFF, sequence & 0xFF
    for byte in range(4):
        packet[4 + byte] = timestamp >> (24 - 8 * byte) & 0xFF
    say(legs, leg, packet[arrays.HEADER_BYTES :], frame)
    phone.sequence = sequence + 1
    if phone.loss > 0 and draw(legs, leg) < phone.loss:
        phone.withheld += 1
    elif phone.jitter_slots > 0:
        hold_back(legs, leg, slot + int(draw(legs, leg) * (phone.jitter_slots + 1)), slot)
    else:
        transmit(legs, leg, packet)


@njit(cache=True, nogil=True)
def say(legs: Legs, leg: int, payload: NDArray[np.uint8], frame: int) -> None:
    """Put this frame of the phone's sound into *payload*, or a marker when it is its turn."""
    phone = legs.phones[leg]
    since = frame - phone.marker_first
    is_turn = phone.marker_first >= 0 and since >= 0 and since % phone.marker_every == 0
    sound, at = phone.sound, (frame + phone.loop_offset) % sounds.LOOP_FRAMES
    if phone.marked_sound < 0:
        if is_turn:
            speak_marker(legs, leg, payload)
            return
    elif phone.marker_first >= 0:
        # Encoders remember: what is said runs from the first frame of a loop to its last, with a marker or without.
        at = since % sounds.LOOP_FRAMES
        if since >= 0 and since % phone.marker_every < sounds.LOOP_FRAMES:
            sound = phone.marked_sound
        if is_turn:
            note_spoken(legs, leg)
    said = legs.loops[sound, at]
    libc.memcpy(payload.ctypes.data, said.ctypes.data, np.uintp(phone.payload_bytes))


@njit(cache=True, nogil=True)
def transmit(legs: Legs, leg: int, packet: NDArray[np.uint8]) -> None:
    """Hand one packet to the kernel and count it."""
    phone = legs.phones[leg]
    size = arrays.HEADER_BYTES + phone.payload_bytes
    if libc.send(np.int32(phone.fd), packet.ctypes.data, np.uintp(size), np.int32(libc.MSG_DONTWAIT)) == size:
        phone.packets_out += 1
    else:
        phone.send_failed += 1


@njit(cache=True, nogil=True)
def draw(legs: Legs, leg: int) -> float:
    """Draw from [0, 1): ANSI C's linear congruential generator, its upper bits, the same in every run."""
    phone = legs.phones[leg]
    phone.luck = (phone.luck * 1_103_515_245 + 12_345) & 0x7FFFFFFF
    drawn: float = (phone.luck >> 8) / (1 << 23)
    return drawn


@njit(cache=True, nogil=True)
def hold_back(legs: Legs, leg: int, until_slot: int, slot: int) -> None:
    """Keep the packet of *leg* until a later slot; it goes at once when it is due now or that slot is full."""
    at = until_slot % arrays.WHEEL_SLOTS
    place = legs.wheel_count[at]
    if until_slot == slot or place == legs.wheel_leg.shape[1]:
        transmit(legs, leg, legs.packet[leg])
        return
    legs.wheel_leg[at, place] = leg
    legs.wheel_packet[at, place] = legs.packet[leg]
    legs.wheel_count[at] = place + 1


@njit(cache=True, nogil=True)
def send_held_back(legs: Legs, at: int) -> None:
    """Send what waited for this place of the wheel; a phone that hung up meanwhile says nothing more."""
    for place in range(legs.wheel_count[at]):
        leg = legs.wheel_leg[at, place]
        if legs.phones[leg].live:
            transmit(legs, leg, legs.wheel_packet[at, place])
    legs.wheel_count[at] = 0


@njit(cache=True, nogil=True)
def speak_marker(legs: Legs, leg: int, payload: NDArray[np.uint8]) -> None:
    """Write the next marker of *leg* and note the time: it is sent at once."""
    phone = legs.phones[leg]
    phone.serial = (phone.serial + 1) % marker.SERIALS
    marker.write(leg, phone.serial, payload)
    if phone.payload_type == _PCMA:
        for i in range(len(payload)):
            payload[i] = _ALAW_OF_ULAW[payload[i]]
    note_spoken(legs, leg)


@njit(cache=True, nogil=True)
def note_spoken(legs: Legs, leg: int) -> None:
    """Log that *leg* says a marker now."""
    phone = legs.phones[leg]
    row = legs.spoken[legs.tally[arrays.SPOKEN] % arrays.LOG_ROWS]
    legs.tally[arrays.SPOKEN] += 1
    row[arrays.SPOKEN_BY] = leg
    row[arrays.SPOKEN_NS] = legs.sent_ns[leg, phone.serial] = libc.now_ns(libc.CLOCK_REALTIME, legs.timespec)


@njit(cache=True, nogil=True)
def receive(legs: Legs, leg: int, now_ns: int) -> None:
    """Take what waits on the socket of *leg* at *now_ns* since 1970: one packet, in one system call.

    Only where that had waited for longer than packets are apart may there be another, which is worth a second call.
    """
    fd, flags = np.int32(legs.phones[leg].fd), np.int32(libc.MSG_DONTWAIT)
    arrival_ns = 0
    while arrival_ns < now_ns - _PACKET_NS:
        legs.header[libc.CONTROLLEN] = libc.CONTROL_WORDS * 8
        length = libc.recvmsg(fd, legs.header.ctypes.data, flags)
        if length < 0:
            return
        arrival_ns = libc.arrival_ns(legs.control, legs.header[libc.CONTROLLEN], legs.timespec)
        take_packet(legs, leg, legs.buffer[:length], arrival_ns)


@njit(cache=True, nogil=True)
def take_packet(legs: Legs, leg: int, packet: NDArray[np.uint8], arrival_ns: int) -> None:
    """Count one RTP packet and listen to it. Whatever is not RTP of its codec is counted as strange."""
    phone = legs.phones[leg]
    begin = arrays.HEADER_BYTES
    if len(packet) > begin:
        begin += 4 * (packet[0] & 0x0F)
    is_rtp = len(packet) > begin and packet[0] >> 6 == 2 and packet[0] & 0x30 == 0
    if not is_rtp or packet[1] & 0x7F != phone.payload_type:
        phone.strange += 1
        return
    sequence = np.int64(packet[2]) << 8 | packet[3]
    timestamp, ssrc = np.int64(0), np.int64(0)
    for byte in range(4):
        timestamp = timestamp << 8 | packet[4 + byte]
        ssrc = ssrc << 8 | packet[8 + byte]
    phone.packets_in += 1
    gap = (sequence - phone.next_sequence) & 0xFFFF
    fresh = phone.next_sequence < 0 or ssrc != phone.heard_ssrc
    if not fresh and gap >= 0x10000 - _MAX_DROPOUT:
        phone.late += 1
        phone.lost -= 1
        return
    if not fresh and gap < _MAX_DROPOUT:
        phone.lost += gap
        note_spacing(legs, leg, arrival_ns, int(timestamp))
    if gap != 0 and phone.pending_count > 0:
        phone.damaged += 1
        phone.pending_count = 0
    phone.next_sequence, phone.heard_ssrc = (sequence + 1) & 0xFFFF, ssrc
    phone.last_arrival_ns, phone.last_timestamp = arrival_ns, timestamp
    if phone.taped:
        tape(legs, leg, packet, begin, arrival_ns)
    if phone.marked_sound >= 0:
        return
    if phone.payload_type == _PCMA:
        for i in range(begin, len(packet)):
            packet[i] = _ULAW_OF_ALAW[packet[i]]
    if phone.watched:
        watch(legs, leg, packet, begin, arrival_ns)
    listen(legs, leg, packet, begin, arrival_ns)


@njit(cache=True, nogil=True)
def note_spacing(legs: Legs, leg: int, arrival_ns: int, timestamp: int) -> None:
    """RFC 3550, 6.4.1: how far two packets are apart, against what their timestamps say."""
    phone = legs.phones[leg]
    elapsed = (timestamp - phone.last_timestamp + 0x80000000) % 0x100000000 - 0x80000000
    deviation = abs(arrival_ns - phone.last_arrival_ns - elapsed * phone.ns_per_tick)
    if deviation < _LONGEST_GAP_NS:
        legs.deviation[min(int(deviation) // arrays.DEVIATION_BIN_NS, arrays.DEVIATION_BINS - 1)] += 1
        phone.jitter_ns += (deviation - phone.jitter_ns) / 16


@njit(cache=True, nogil=True)
def listen(legs: Legs, leg: int, packet: NDArray[np.uint8], begin: int, arrival_ns: int) -> None:
    """Look for markers in `packet[begin:]`; a marker may begin in one packet and end in the next."""
    phone = legs.phones[leg]
    at, end = begin, len(packet)
    while at < end:
        have = phone.pending_count
        if have == 0:
            at = marker.first_loud(packet, at, end)
            phone.pending_ns = arrival_ns + (at - begin) * NS_PER_SAMPLE
        take = min(marker.SAMPLES - have, end - at)
        for i in range(take):
            legs.pending[leg, have + i] = packet[at + i]
        at += take
        phone.pending_count = have + take
        if phone.pending_count == marker.SAMPLES:
            conclude(legs, leg)


@njit(cache=True, nogil=True)
def conclude(legs: Legs, leg: int) -> None:
    """Read the marker that *leg* has collected and log who was heard and how old it was."""
    phone = legs.phones[leg]
    phone.pending_count = 0
    word = marker.read(legs.pending[leg])
    speaker = word >> marker.SERIAL_BITS
    if word == marker.NOT_A_MARKER or speaker >= len(legs.phones):
        phone.damaged += 1
        return
    row = legs.heard[legs.tally[arrays.HEARD] % arrays.LOG_ROWS]
    legs.tally[arrays.HEARD] += 1
    row[arrays.LISTENER], row[arrays.SPEAKER] = leg, speaker
    # A marker fills its frame from the first sample on, so its first sample was sent when the frame was.
    row[arrays.DELAY_NS] = phone.pending_ns - legs.sent_ns[speaker, word % marker.SERIALS]
    row[arrays.ARRIVAL_NS] = phone.pending_ns


@njit(cache=True, nogil=True)
def watch(legs: Legs, leg: int, packet: NDArray[np.uint8], begin: int, arrival_ns: int) -> None:
    """Log when this packet came and the mean square of its samples."""
    energy = 0
    for at in range(begin, len(packet)):
        energy += _LINEAR[packet[at]] ** 2
    row = legs.watch[legs.tally[arrays.WATCHED] % arrays.WATCH_ROWS]
    legs.tally[arrays.WATCHED] += 1
    row[arrays.WATCHED_LEG], row[arrays.WATCHED_NS] = leg, arrival_ns
    row[arrays.WATCHED_ENERGY] = energy // max(1, len(packet) - begin)


@njit(cache=True, nogil=True)
def tape(legs: Legs, leg: int, packet: NDArray[np.uint8], begin: int, arrival_ns: int) -> None:
    """Keep this packet for a decoder. A full tape takes no more: windows are far shorter."""
    at, size = legs.tally[arrays.TAPED], len(packet) - begin
    if at == len(legs.tape) or size > arrays.TAPE_BYTES:
        return
    legs.tape[at, arrays.TAPED_LEG], legs.tape[at, arrays.TAPED_NS] = leg, arrival_ns
    legs.tape[at, arrays.TAPED_BYTES] = size
    legs.tape_bytes[at, :size] = packet[begin:]
    legs.tally[arrays.TAPED] = at + 1
