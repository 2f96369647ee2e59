import contextlib

from hypothesis import given
from hypothesis import strategies as st

from mixminus.rtp.telephone_event import (
    TelephoneEvent,
    TelephoneEventParseError,
    is_dialable,
    key_packets,
)


@given(st.builds(TelephoneEvent, st.integers(0, 255), st.integers(0, 65535), st.booleans(), st.integers(0, 63)))
def test_what_is_written_reads_back_equal(event: TelephoneEvent) -> None:
    assert TelephoneEvent.parse(bytes(event)) == event


@given(st.binary(max_size=8))
def test_any_bytes_parse_or_raise_the_declared_error(payload: bytes) -> None:
    with contextlib.suppress(TelephoneEventParseError):
        TelephoneEvent.parse(payload)


def test_rfc4733_2_5_1_4_a_key_lasts_100_ms_and_its_final_packet_is_sent_three_times() -> None:
    ticks = list(key_packets("5"))
    sent = [packet for packet in ticks if packet is not None]
    assert [packet.event.duration for packet in sent] == [160, 320, 480, 640, 800, 800, 800]
    assert [packet.event.end for packet in sent] == [False] * 4 + [True] * 3
    assert [packet.starts for packet in sent] == [True] + [False] * 6
    assert {packet.digit for packet in sent} == {"5"}
    assert len(ticks) == 10, "100 ms of tone and 100 ms of gap"


def test_pauses_take_their_time_and_send_nothing() -> None:
    assert list(key_packets("wW")) == [None] * 75


def test_every_key_has_its_code_and_letters_may_be_small() -> None:
    started = [packet.event.code for packet in key_packets("0123456789*#abcd") if packet and packet.starts]
    assert started == list(range(16))


def test_what_is_no_key_is_skipped() -> None:
    assert list(key_packets("x-é")) == []
    assert not is_dialable("12x")
    assert is_dialable("1w2W#dA")
