"""One phone hears packets that a test made: no socket, no clock."""

import struct

import numpy as np
from bench.load import arrays, kernels, marker, results, ulaw
from bench.load.scenario import Scenario

MS = 1_000_000
LISTENER, SPEAKER = 1, 0
SILENCE = bytes([ulaw.SILENCE]) * 160


def two_rooms() -> arrays.Legs:
    return arrays.make_legs(Scenario(("127.0.0.1", 5060), ("a", "b")))


def packet(sequence: int, payload: bytes = SILENCE, timestamp: int | None = None, ssrc: int = 9) -> np.ndarray:
    stamp = sequence * 160 if timestamp is None else timestamp
    header = struct.pack("!BBHII", 0x80, 0, sequence & 0xFFFF, stamp & 0xFFFFFFFF, ssrc)
    return np.frombuffer(header + payload, np.uint8)


def marked(leg: int, serial: int) -> bytes:
    out = np.zeros(marker.SAMPLES, np.uint8)
    marker.write(leg, serial, out)
    return out.tobytes()


def hear(legs: arrays.Legs, *packets: np.ndarray, every_ns: int = 20 * MS) -> None:
    for i, one in enumerate(packets):
        kernels.take_packet(legs, LISTENER, one.copy(), (i + 1) * every_ns)


def test_a_marker_tells_who_spoke_and_how_long_ago() -> None:
    legs = two_rooms()
    legs.sent_ns[SPEAKER, 5] = 22 * MS
    hear(legs, packet(1), packet(2, marked(SPEAKER, 5)))
    assert results.recent(legs.heard, int(legs.tally[arrays.HEARD])).tolist() == [
        [LISTENER, SPEAKER, 18 * MS, 40 * MS]
    ]


def test_a_marker_across_two_packets_begins_where_its_first_sample_is() -> None:
    legs = two_rooms()
    stream = SILENCE[:80] + marked(SPEAKER, 5) + SILENCE[:80]
    hear(legs, packet(1, stream[:160]), packet(2, stream[160:]))
    assert legs.heard[0].tolist() == [LISTENER, SPEAKER, 30 * MS, 30 * MS]


def test_a_marker_that_lost_its_second_half_is_damaged_not_misread() -> None:
    legs = two_rooms()
    stream = SILENCE[:80] + marked(SPEAKER, 5) + SILENCE[:80]
    hear(legs, packet(1, stream[:160]), packet(3, stream[160:]), packet(4))
    phone = legs.phones[LISTENER]
    assert (legs.tally[arrays.HEARD], phone["lost"]) == (0, 1)
    assert phone["damaged"] >= 1


def test_loss_is_counted_across_the_wrap_of_the_sequence_number() -> None:
    legs = two_rooms()
    hear(legs, packet(65534), packet(65535), packet(65536 + 3))
    assert legs.phones[LISTENER]["lost"] == 3


def test_a_late_packet_is_late_and_not_lost() -> None:
    legs = two_rooms()
    hear(legs, packet(1), packet(3), packet(2), packet(4))
    assert (legs.phones[LISTENER]["lost"], legs.phones[LISTENER]["late"]) == (0, 1)


def test_a_new_stream_is_no_loss() -> None:
    legs = two_rooms()
    hear(legs, packet(1), packet(900, ssrc=10), packet(901, ssrc=10))
    assert legs.phones[LISTENER]["lost"] == 0


def test_spacing_is_judged_by_the_timestamps() -> None:
    legs = two_rooms()
    hear(legs, packet(1), packet(2), packet(3), every_ns=23 * MS)
    assert np.flatnonzero(legs.deviation).tolist() == [3 * MS // arrays.DEVIATION_BIN_NS]
    assert legs.deviation.sum() == 2


def test_what_is_not_pcmu_is_strange_and_never_heard() -> None:
    legs = two_rooms()
    telephone_event = packet(1, marked(SPEAKER, 5)).copy()
    telephone_event[1] = 101
    garbage = [np.zeros(n, np.uint8) for n in (0, 1, 11, 12)]
    hear(legs, telephone_event, *garbage)
    assert legs.phones[LISTENER]["strange"] == 5
    assert legs.phones[LISTENER]["packets_in"] == 0


def test_markers_of_talkers_in_a_room_are_a_second_apart() -> None:
    legs = arrays.make_legs(Scenario(("127.0.0.1", 5060), ("a",), room_size=3, talkers=2))
    first, second, quiet = (legs.phones["marker_first"][leg] for leg in range(3))
    assert (second - first, quiet) == (arrays.MARKER_EVERY_FRAMES, -1)
    assert legs.phones["marker_every"][0] == 2 * arrays.MARKER_EVERY_FRAMES


def test_a_ring_is_read_from_its_oldest_row() -> None:
    log = np.array([[4], [5], [2], [3]])
    assert results.recent(log, 6).tolist() == [[2], [3], [4], [5]]
    assert results.recent(log, 2).tolist() == [[4], [5]]
