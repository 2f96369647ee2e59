"""The handshake that agrees on the keys of media (RFC 5763, RFC 5764)."""

import hashlib
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL

from mixminus.webrtc.dtls import (
    LONGEST_DATAGRAM,
    PROFILES,
    Certificate,
    DtlsContext,
    Handshake,
    Progress,
    datagrams,
    vouches,
)
from mixminus.webrtc.io.certificates import make_certificate

OURS, THEIRS = make_certificate(), make_certificate()
NODE, BROWSER = DtlsContext(OURS), DtlsContext(THEIRS)

Link = Callable[[int, bytes], list[bytes]]
"""What arrives of the datagram of that number."""


def faithful(number: int, datagram: bytes) -> list[bytes]:
    return [datagram]


def server(fingerprint: bytes = THEIRS.fingerprint, hash_name: str = "sha-256") -> Handshake:
    return Handshake(NODE, is_client=False, hash_name=hash_name, fingerprint=fingerprint)


def client(fingerprint: bytes = OURS.fingerprint) -> Handshake:
    return Handshake(BROWSER, is_client=True, hash_name="sha-256", fingerprint=fingerprint)


def exchange(one: Handshake, other: Handshake, link: Link = faithful, now: float = 0.0) -> int:
    """Carry datagrams until nobody has any. Returns how many there were."""
    count, quiet = 0, False
    while not quiet:
        quiet = True
        for sender, receiver in ((one, other), (other, one)):
            for datagram in sender.take():
                quiet = False
                count += 1
                for arrived in link(count, datagram):
                    receiver.receive(arrived, now)
    return count


@pytest.fixture(scope="module")
def agreed() -> tuple[Handshake, Handshake]:
    passive, active = server(), client()
    active.begin(0.0)
    exchange(active, passive)
    return passive, active


def test_rfc5764_4_2_both_sides_have_each_others_keys(agreed: tuple[Handshake, Handshake]) -> None:
    passive, active = agreed
    assert passive.progress is active.progress is Progress.DONE
    assert passive.keys is not None
    assert active.keys is not None
    assert passive.keys.profile == active.keys.profile == PROFILES[0].name
    assert (passive.keys.ours, passive.keys.theirs) == (active.keys.theirs, active.keys.ours)
    assert passive.keys.ours != passive.keys.theirs
    assert len(passive.keys.ours) == 16 + 12


def test_a_handshake_that_is_done_wants_no_more_time(agreed: tuple[Handshake, Handshake]) -> None:
    assert [each.deadline for each in agreed] == [None, None]


def test_the_node_can_be_the_one_that_begins() -> None:
    active = Handshake(NODE, is_client=True, hash_name="sha-256", fingerprint=THEIRS.fingerprint)
    passive = Handshake(BROWSER, is_client=False, hash_name="SHA-256", fingerprint=OURS.fingerprint)
    active.begin(0.0)
    active.begin(0.0)  # once is enough
    exchange(active, passive)
    assert active.progress is passive.progress is Progress.DONE


def test_whoever_is_passive_says_nothing_first() -> None:
    passive = server()
    passive.begin(0.0)
    assert passive.take() == []


@pytest.mark.parametrize(
    ("fingerprint", "hash_name"),
    [(OURS.fingerprint, "sha-256"), (b"", "sha-256"), (THEIRS.fingerprint, "sha-512"), (b"", "md5")],
)
def test_rfc8122_5_another_certificate_than_the_announced_one_gets_no_keys(
    fingerprint: bytes, hash_name: str
) -> None:
    passive, active = server(fingerprint, hash_name), client()
    active.begin(0.0)
    exchange(active, passive)
    assert passive.progress is Progress.FAILED
    assert passive.keys is None
    assert passive.failure == "the certificate is not the one that SDP announced"


def test_rfc8122_5_md5_vouches_for_nobody() -> None:
    assert not vouches(THEIRS.der, "md5", hashlib.md5(THEIRS.der).digest())
    assert vouches(THEIRS.der, "SHA-384", hashlib.sha384(THEIRS.der).digest())


def test_a_far_end_without_srtp_gets_no_keys() -> None:
    class Plain(DtlsContext):
        def __init__(self, certificate: Certificate) -> None:
            super().__init__(certificate)
            self._context = SSL.Context(SSL.DTLS_METHOD)

    passive = server()
    active = Handshake(Plain(THEIRS), is_client=True, hash_name="sha-256", fingerprint=OURS.fingerprint)
    active.begin(0.0)
    exchange(active, passive)
    assert passive.progress is Progress.FAILED


def test_datagrams_fit_into_every_path() -> None:
    sizes: list[int] = []
    passive, active = server(), client()
    active.begin(0.0)

    def measured(number: int, datagram: bytes) -> list[bytes]:
        sizes.append(len(datagram))
        return [datagram]

    exchange(active, passive, measured)
    assert max(sizes) <= LONGEST_DATAGRAM
    assert len(sizes) <= 8


def test_duplicates_do_no_harm() -> None:
    passive, active = server(), client()
    active.begin(0.0)
    exchange(active, passive, lambda number, datagram: [datagram, datagram])
    assert passive.keys is not None
    assert active.progress is Progress.DONE


@pytest.mark.parametrize("lost", [2, 4])
def test_rfc6347_4_2_4_what_was_lost_is_sent_again(lost: int) -> None:
    """OpenSSL's clock is the real one, so this takes a second."""
    passive, active = server(), client()
    active.begin(time.monotonic())
    exchange(active, passive, lambda number, datagram: [] if number == lost else [datagram], time.monotonic())
    ends = [each for each in (active, passive) if each.deadline is not None]
    assert ends
    while any(each.progress is Progress.UNDER_WAY for each in ends):
        deadline = min(each.deadline for each in ends if each.deadline is not None)
        time.sleep(max(0.0, deadline - time.monotonic()) + 0.001)
        for each in ends:
            each.handle_timer(time.monotonic())
        exchange(active, passive, now=time.monotonic())
    assert passive.keys is not None
    assert active.keys is not None
    assert passive.keys.ours == active.keys.theirs


def test_before_its_time_nothing_is_sent_again() -> None:
    active = client()
    active.begin(10.0)
    assert active.take()
    assert active.deadline == pytest.approx(11.0, abs=0.1)
    active.handle_timer(10.5)
    assert active.take() == []


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda tail: b"\x16\xfe\xfd" + bytes(8) + tail))
@settings(max_examples=50)
def test_any_bytes_are_dropped_or_end_the_handshake(data: bytes) -> None:
    passive = server()
    for _ in range(3):
        passive.receive(data, 0.0)
        passive.take()
    assert passive.keys is None


def test_garbage_does_not_spoil_a_handshake() -> None:
    passive, active = server(), client()
    active.begin(0.0)
    exchange(
        active,
        passive,
        lambda number, datagram: [b"\x14", b"\x16" + bytes(40), datagram[:20], datagram, datagram[13:]],
    )
    assert passive.keys is not None


@given(st.lists(st.integers(0, 700), max_size=12))
def test_records_stay_whole_and_in_order(lengths: list[int]) -> None:
    records = [b"\x16\xfe\xfd" + bytes(8) + length.to_bytes(2) + bytes(length) for length in lengths]
    made = datagrams(b"".join(records))
    assert b"".join(made) == b"".join(records)
    assert all(len(datagram) <= LONGEST_DATAGRAM for datagram in made)
