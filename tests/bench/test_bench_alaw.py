"""G.711 A-law, and the phones that speak it."""

import numpy as np
import pytest
from bench.load import alaw, arrays, kernels, marker, results
from bench.load.scenario import Scenario

CODES = np.arange(256, dtype=np.uint8)


def test_alaw_decodes_the_ends_and_the_zeros_of_g711() -> None:
    assert alaw.decode(np.array([0xD5, 0x55, 0xAA, 0x2A], np.uint8)).tolist() == [8, -8, 32256, -32256]


def test_alaw_encodes_what_it_decodes() -> None:
    assert (alaw.encode(alaw.decode(CODES)) == CODES).all()


def test_a_loud_sample_of_one_law_is_loud_in_the_other() -> None:
    there_and_back = alaw.TO_ULAW[alaw.OF_ULAW]
    for code in CODES:
        loud = marker.first_loud(np.array([code], np.uint8), 0, 1)
        assert marker.first_loud(there_and_back[[code]], 0, 1) == loud


def test_a_phone_reads_the_marker_that_another_phone_spoke_in_alaw() -> None:
    legs = arrays.make_legs(Scenario(("127.0.0.1", 5060), ("a",), codecs=("PCMA",)))
    packet = legs.packet[0].copy()
    kernels.speak_marker(legs, 0, packet[arrays.HEADER_BYTES :])
    assert packet[1] == 8
    assert np.abs(alaw.decode(packet[arrays.HEADER_BYTES :]).astype(int)) == pytest.approx(marker.LEVEL, rel=0.05)
    kernels.take_packet(legs, 1, packet, 1)
    heard = results.recent(legs.heard, int(legs.tally[arrays.HEARD]))
    assert heard[:, [arrays.LISTENER, arrays.SPEAKER]].tolist() == [[1, 0]]


def test_pcmu_to_a_phone_that_agreed_on_pcma_is_strange() -> None:
    legs = arrays.make_legs(Scenario(("127.0.0.1", 5060), ("a",), codecs=("PCMA",)))
    packet = legs.packet[0].copy()
    packet[1] = 0
    kernels.take_packet(legs, 1, packet, 1)
    assert (legs.phones[1]["strange"], legs.phones[1]["packets_in"]) == (1, 0)
