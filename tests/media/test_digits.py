"""Telephone events, in and out (RFC 4733)."""

import numpy as np
import pytest
from tests.media.studio import FRAME, TELEPHONE_EVENT, Phone, Studio, hum

from mixminus.media.contract import CloseLeg, DigitPressed, DigitsSent, OpenPipe, SendDigits
from mixminus.rtp.packet import RtpPacket
from mixminus.rtp.telephone_event import DIGITS, TelephoneEvent


def key(phone: Phone, digit: str, ticks: int = 5) -> list[RtpPacket]:
    """The packets of one key: growing, then three final ones, all with the same timestamp."""
    code, timestamp = DIGITS.index(digit), phone.timestamp
    events = [TelephoneEvent(code, FRAME * n) for n in range(1, ticks)]
    events += [TelephoneEvent(code, FRAME * ticks, end=True)] * 3
    packets = []
    for n, event in enumerate(events):
        packets.append(RtpPacket(TELEPHONE_EVENT, phone.sequence, timestamp, phone.ssrc, bytes(event), n == 0))
        phone.sequence = (phone.sequence + 1) % 2**16
    phone.timestamp = (timestamp + FRAME * (ticks + 2)) % 2**32
    return packets


def pressed(studio: Studio) -> str:
    return "".join(event.digit for event in studio.events if isinstance(event, DigitPressed))


def test_a_key_is_reported_once_with_its_first_packet(studio: Studio) -> None:
    phone = studio.phone(1)
    first, *rest = key(phone, "5")
    phone.send(first)
    studio.tick()
    assert studio.events == [DigitPressed(1, "5")]
    for packet in [first, *rest, *rest]:
        phone.send(packet)
        studio.tick()
    assert studio.events == [DigitPressed(1, "5")]


@pytest.mark.parametrize("lost", [slice(0, 3), slice(3, 7), slice(0, 6), slice(1, 7)])
def test_a_key_survives_the_loss_of_its_start_or_its_end(studio: Studio, lost: slice) -> None:
    phone = studio.phone(1)
    for digit in "1123#":
        packets = key(phone, digit)
        del packets[lost]
        for packet in packets:
            phone.send(packet)
            studio.tick()
    assert pressed(studio) == "1123#"


def test_all_sixteen_keys(studio: Studio) -> None:
    phone = studio.phone(1)
    for digit in DIGITS:
        for packet in key(phone, digit):
            phone.send(packet)
        studio.tick()
    assert pressed(studio) == DIGITS


def test_a_packet_of_the_last_key_that_was_held_up_does_not_press_it_again(studio: Studio) -> None:
    phone = studio.phone(1)
    first, second = key(phone, "1"), key(phone, "2")
    for packet in [*first[:5], *second[:2], *first[5:], *second[2:]]:
        phone.send(packet)
        studio.tick()
    assert pressed(studio) == "12"


def test_timestamps_of_keys_wrap(studio: Studio) -> None:
    phone = studio.phone(1)
    phone.timestamp = 2**32 - 10
    for digit in "12":
        for packet in key(phone, digit):
            phone.send(packet)
        studio.tick()
    assert pressed(studio) == "12"


def test_a_new_stream_has_keys_of_its_own(studio: Studio) -> None:
    phone = studio.phone(1)
    for packet in key(phone, "1"):
        phone.send(packet)
        studio.tick()
    studio.tick(15)
    phone.ssrc, phone.timestamp = 99, 49_000
    for packet in key(phone, "1"):
        phone.send(packet)
        studio.tick()
    assert pressed(studio) == "11"


def test_rfc4733_2_5_1_3_a_key_held_for_longer_than_an_event_is_one_key(studio: Studio) -> None:
    phone = studio.phone(1)
    start = phone.timestamp
    for n, (timestamp, duration) in enumerate([(start, 0xFFFF), (start + 0xFFFF, 160), (start + 0xFFFF, 320)]):
        event = TelephoneEvent(5, duration)
        phone.send(RtpPacket(TELEPHONE_EVENT, phone.sequence + n, timestamp, phone.ssrc, bytes(event)))
    studio.tick()
    assert pressed(studio) == "5"


def test_events_that_are_no_keys_are_not_reported(studio: Studio) -> None:
    phone = studio.phone(1)
    flash = TelephoneEvent(16, 160)
    phone.send(RtpPacket(TELEPHONE_EVENT, 1, 1, 1, bytes(flash)))
    phone.send(RtpPacket(TELEPHONE_EVENT, 2, 1, 1, b"\5\0"))
    studio.tick()
    assert studio.events == []


def test_without_telephone_events_in_sdp_they_are_unwanted(studio: Studio) -> None:
    phone = studio.phone(1, telephone_event_payload_type=None)
    for packet in key(phone, "5"):
        phone.send(packet)
    studio.tick()
    assert studio.events == []
    assert phone.count("unwanted") == 7


@pytest.mark.parametrize("payload_type", [-1, 0, 8, 70, 128, 10**9])
def test_an_impossible_payload_type_for_events_is_as_none(studio: Studio, payload_type: int) -> None:
    phone = studio.phone(1, telephone_event_payload_type=payload_type)
    phone.say(hum(400))
    studio.tick()
    assert np.abs(phone.said()).max() > 2900
    assert {packet.payload_type for packet in phone.packets} == {0}


def test_the_audio_after_a_key_is_heard_on_time(studio: Studio) -> None:
    phone = studio.phone(1)
    phone.say(hum(400))
    studio.tick()
    for packet in key(phone, "5"):
        phone.send(packet)
        studio.tick()
    for _ in range(3):
        phone.say(hum(400))
        studio.tick()
    assert phone.count("late") == 0
    assert np.abs(phone.said()).max() > 2900


def test_keys_are_sent_as_rfc4733_says(studio: Studio) -> None:
    phone = studio.phone(1)
    studio.apply(SendDigits(1, "5"))
    studio.tick(12)
    sent = [packet for packet in phone.packets if packet.payload_type == TELEPHONE_EVENT]
    events = [TelephoneEvent.parse(packet.payload) for packet in sent]
    assert [event.duration for event in events] == [160, 320, 480, 640, 800, 800, 800]
    assert [event.end for event in events] == [False] * 4 + [True] * 3
    assert {event.code for event in events} == {5}
    assert [packet.marker for packet in sent] == [True] + [False] * 6
    assert {packet.timestamp for packet in sent} == {phone.packets[0].timestamp}
    assert [packet.payload_type for packet in phone.packets] == [TELEPHONE_EVENT] * 7 + [0] * 5, "no audio meanwhile"
    first = phone.packets[0]
    assert [p.sequence for p in phone.packets] == [(first.sequence + n) % 2**16 for n in range(12)]
    assert phone.packets[7].timestamp == (first.timestamp + 7 * FRAME) % 2**32
    assert studio.events == [DigitsSent(1)]


def test_two_engines_understand_each_others_keys(studio: Studio) -> None:
    phone, other = studio.phone(1), Studio()
    far = other.phone(1)
    studio.apply(SendDigits(1, "1w2"), SendDigits(1, "#"))
    for _ in range(80):
        studio.tick()
        far.send(phone.packets[-1])
        other.tick()
    assert pressed(other) == "12#"
    assert studio.events == [DigitsSent(1), DigitsSent(1)]


def test_a_w_is_half_a_second_in_which_audio_goes_on(studio: Studio) -> None:
    phone = studio.phone(1)
    studio.apply(SendDigits(1, "wW"))
    studio.tick(75)
    assert studio.events == []
    assert {packet.payload_type for packet in phone.packets} == {0}
    studio.tick()
    assert studio.events == [DigitsSent(1)]


def test_a_far_end_without_telephone_events_gets_audio_and_the_script_still_ends(studio: Studio) -> None:
    phone = studio.phone(1, telephone_event_payload_type=None)
    studio.apply(SendDigits(1, "5"))
    studio.tick(12)
    assert {packet.payload_type for packet in phone.packets} == {0}
    assert studio.events == [DigitsSent(1)]


def test_a_closed_leg_sends_no_more_digits(studio: Studio) -> None:
    studio.phone(1)
    studio.apply(SendDigits(1, "5"), SendDigits(99, "5"))
    studio.tick()
    studio.apply(CloseLeg(1))
    studio.tick(20)
    assert studio.events == []


def test_keys_go_through_a_pipe(studio: Studio) -> None:
    studio.apply(OpenPipe(1, 2), SendDigits(1, "42"))
    studio.tick(25)
    assert studio.events == [DigitPressed(2, "4"), DigitPressed(2, "2"), DigitsSent(1)]
