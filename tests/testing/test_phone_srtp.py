"""The phones' own SRTP: vectors of the RFCs, libsrtp, and what is thrown away."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.testing.rtp import Packet
from mixminus.testing.sdes import Key, SecureLine, parse_key
from mixminus.testing.srtp import SUITES, Bad, Direction, derived, keystream

EVERY_SUITE = pytest.mark.parametrize("name", SUITES)


def master(name: str, seed: int = 1) -> bytes:
    suite = SUITES[name]
    return random.Random(seed).randbytes(suite.key + suite.salt)


def direction(name: str, seed: int = 1) -> Direction:
    return Direction(SUITES[name], master(name, seed))


def packet(sequence: int, payload: bytes = b"voice" * 32) -> bytes:
    return bytes(Packet(0, sequence & 0xFFFF, 160 * sequence & 0xFFFFFFFF, 0xCAFEBABE, payload))


def test_rfc3711_b_2_the_stream_of_aes_in_counter_mode() -> None:
    key, start = "2b7e151628aed2a6abf7158809cf4f3c", "f0f1f2f3f4f5f6f7f8f9fafbfcfd0000"
    stream = keystream(bytes.fromhex(key), bytes.fromhex(start), bytes(32))
    assert stream.hex() == "e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab"


def test_rfc3711_b_3_keys_are_derived() -> None:
    key, salt = bytes.fromhex("e1f97a0d3e018be0d64fa32c06de4139"), bytes.fromhex("0ec675ad498afeebb6960b3aabe6")
    assert derived(key, salt, 0, 16).hex() == "c61e7a93744f39ee10734afe3ff7a087"
    assert derived(key, salt, 1, 20).hex() == "cebe321f6ff7716b6fd4ab49af256a156d38baa4"
    assert derived(key, salt, 2, 14).hex() == "30cbbc08863d8c85d49db34a9ae1"


@EVERY_SUITE
def test_what_libsrtp_secures_is_understood_and_the_other_way_round(name: str) -> None:
    srtp = pytest.importorskip("pylibsrtp", reason="pylibsrtp is not installed")
    profiles = {
        "AES_CM_128_HMAC_SHA1_80": srtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
        "AES_CM_128_HMAC_SHA1_32": srtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
        "AEAD_AES_128_GCM": srtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
        "AEAD_AES_256_GCM": srtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
    }
    out = srtp.Policy(master(name), srtp.Policy.SSRC_ANY_OUTBOUND, 0, profiles[name])
    back = srtp.Policy(master(name), srtp.Policy.SSRC_ANY_INBOUND, 0, profiles[name])
    theirs, far = srtp.Session(out), srtp.Session(back)
    ours, near = direction(name), direction(name)
    for sequence in range(65_500, 65_580):  # over a rollover
        plain = packet(sequence)
        assert near.unprotect(theirs.protect(plain)) == plain
        assert far.unprotect(ours.protect(plain)) == plain


@EVERY_SUITE
def test_packets_come_back_late_and_over_rollovers(name: str) -> None:
    ours, near = direction(name), direction(name)
    sealed = [ours.protect(packet(sequence)) for sequence in range(65_530, 65_545)]
    late = sealed[1:]  # who hears the first one knows how often the numbers have begun anew
    random.Random(1).shuffle(late)
    sealed[1:] = late
    order = [int.from_bytes(near.unprotect(each)[2:4]) for each in sealed]  # type: ignore[index]
    assert sorted(order) == sorted(sequence & 0xFFFF for sequence in range(65_530, 65_545))


@EVERY_SUITE
def test_the_header_is_in_the_clear_and_the_payload_is_not(name: str) -> None:
    sealed = direction(name).protect(packet(7))
    assert sealed[:12] == packet(7)[:12]
    assert len(sealed) == len(packet(7)) + SUITES[name].tag
    assert b"voice" not in sealed


@EVERY_SUITE
@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_packet_with_one_bit_changed_is_forged(name: str, at: int, bit: int) -> None:
    sealed = bytearray(direction(name).protect(packet(7)))
    sealed[at % len(sealed)] ^= 1 << bit
    assert direction(name).unprotect(bytes(sealed)) is Bad.FORGED


@EVERY_SUITE
def test_a_packet_is_taken_once_and_what_is_too_old_never(name: str) -> None:
    ours, near = direction(name), direction(name)
    sealed = [ours.protect(packet(sequence)) for sequence in range(100)]
    assert near.unprotect(sealed[50]) == packet(50)
    assert near.unprotect(sealed[50]) is Bad.REPLAYED
    assert near.unprotect(sealed[99]) == packet(99)
    assert near.unprotect(sealed[35]) is Bad.REPLAYED
    assert near.unprotect(sealed[36]) == packet(36)


@given(st.binary(max_size=80))
def test_any_bytes_are_forged(data: bytes) -> None:
    for name in SUITES:
        assert direction(name).unprotect(data) is Bad.FORGED


def test_two_lines_agree_on_the_first_suite_that_both_have() -> None:
    caller = SecureLine(("AEAD_AES_256_GCM", "AES_CM_128_HMAC_SHA1_80"), random.Random(1))
    callee = SecureLine(("AES_CM_128_HMAC_SHA1_80",), random.Random(2))
    assert callee.agree(caller.keys)
    assert [key.tag for key in callee.keys] == [2]
    assert caller.agree(callee.keys)
    assert caller.suite == callee.suite == "AES_CM_128_HMAC_SHA1_80"
    assert callee.unprotect(caller.protect(packet(1))) == packet(1)
    assert caller.unprotect(callee.protect(packet(1))) == packet(1)
    assert caller.unprotect(packet(2)) is None
    assert (caller.forged, callee.forged) == (1, 0)


def test_a_renewed_key_holds_from_when_it_was_agreed_to() -> None:
    caller, callee = (SecureLine(("AEAD_AES_128_GCM",), random.Random(seed)) for seed in (1, 2))
    assert callee.agree(caller.keys)
    assert caller.agree(callee.keys)
    before = caller.keys
    caller.renew()
    assert caller.keys != before
    assert callee.unprotect(caller.protect(packet(1))) == packet(1)
    assert callee.agree(caller.keys)
    assert caller.agree(callee.keys)
    assert callee.unprotect(caller.protect(packet(2))) == packet(2)


def test_a_key_reads_back_as_it_was_written() -> None:
    key = Key(3, "AEAD_AES_128_GCM", master("AEAD_AES_128_GCM"))
    assert parse_key(key.text) == key
    assert parse_key(key.text + "|2^20") == key
    for bad in ("", "1 x inline:%", "x y inline:aaaa", "1 x uri:aaaa"):
        assert parse_key(bad) is None
