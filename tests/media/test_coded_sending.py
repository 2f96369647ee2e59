"""The RTP sender of G.722 and Opus."""

import numpy as np
import pytest
from tests.media.studio import Studio, hum
from tests.media.wideband_phone import WidebandPhone

from mixminus.audio import g711
from mixminus.media.bundles import zeroed
from mixminus.media.codec_terms import OpusMedia
from mixminus.media.coded_legs import CodedLegs, opus_terms
from mixminus.media.contract import SetLegMedia
from mixminus.media.opus_library import OpusTerms
from mixminus.media.state import AUDIO, NOTHING, OPUS, PCMU, Line


@pytest.mark.parametrize(("codec", "step"), [("G722", 160), ("opus", 960)])
def test_every_tick_one_packet_in_the_codecs_clock(studio: Studio, codec: str, step: int) -> None:
    phone = WidebandPhone(studio, 1, codec)
    studio.phone(2, hums=400)
    studio.room(9, 1, 2)
    studio.tick(5)
    packets = phone.phone.packets
    first = packets[0]
    assert [p.sequence for p in packets] == [(first.sequence + n) % 2**16 for n in range(5)]
    assert [p.timestamp for p in packets] == [(first.timestamp + step * n) % 2**32 for n in range(5)]
    assert [p.marker for p in packets] == [True, False, False, False, False]
    assert {p.payload_type for p in packets} == {phone.payload_type}


def test_an_opus_packet_is_never_longer_than_one_of_g711(studio: Studio) -> None:
    phone = WidebandPhone(studio, 1, "opus")
    studio.negotiate(1, codec="opus", payload_type=111, opus=OpusMedia(bitrate_bps=500_000, complexity=10))
    noise, rng = studio.phone(2), np.random.default_rng(5)
    studio.room(9, 1, 2)
    for _ in range(40):
        noise.say(rng.integers(-20_000, 20_000, 160).astype(np.int16))
        studio.tick()
    lengths = [len(packet.payload) for packet in phone.phone.packets]
    assert 120 < max(lengths) <= 160


def test_lasting_silence_is_one_packet_again_and_again_and_sound_comes_back_at_once(studio: Studio) -> None:
    phone, other = WidebandPhone(studio, 1, "opus"), studio.phone(2)
    studio.room(9, 1, 2)
    for _ in range(100):
        phone.phone.say(np.zeros(160, np.int16))  # a far end that sends nothing would be sent next to nothing
        studio.tick()
    payloads = [packet.payload for packet in phone.phone.packets]
    assert len(payloads) == 100
    assert len(set(payloads[20:])) == 1
    assert np.abs(phone.audio_end(1000)).max() < 50
    for _ in range(20):
        other.say(hum(400, other.timestamp))
        studio.tick()
    assert phone.hears(400) == {400}


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000, 44_100])
def test_opus_is_spoken_at_the_rate_that_the_far_end_plays(studio: Studio, rate_hz: int) -> None:
    phone = WidebandPhone(studio, 1, "opus", 1000)
    studio.negotiate(1, codec="opus", payload_type=111, opus=OpusMedia(rate_hz=rate_hz))
    other = studio.phone(2, hums=400)
    studio.room(9, 1, 2)
    studio.tick(25, phone.speak)
    assert phone.hears(400) == {400}
    assert other.hears(3) == {1000}


def test_another_negotiation_keeps_coders_and_closing_frees_them(studio: Studio) -> None:
    WidebandPhone(studio, 1, "opus")
    coded = studio.engine.legs.coded
    row = studio.engine.legs.slots.row(1)
    before = int(coded.coders.opus_encoder[row]), int(coded.coders.opus_decoder[row])
    studio.negotiate(1, codec="opus", payload_type=111, sends=False)
    assert (int(coded.coders.opus_encoder[row]), int(coded.coders.opus_decoder[row])) == before
    studio.negotiate(1, codec="opus", payload_type=111, opus=OpusMedia(fec=False))
    assert int(coded.coders.opus_encoder[row]) != before[0]


def test_silence_on_other_terms_is_another_packet(studio: Studio) -> None:
    phone = WidebandPhone(studio, 1, "opus")
    studio.room(9, 1)
    studio.tick(30)
    studio.negotiate(1, codec="opus", payload_type=111, opus=OpusMedia(rate_hz=8_000))
    studio.tick(30)
    bandwidths = [packet.payload[0] >> 5 for packet in phone.phone.packets]
    assert bandwidths[29] != bandwidths[30] == bandwidths[59]


def test_where_there_is_no_libopus_opus_is_pcmu() -> None:
    coded, line = CodedLegs(1, None), zeroed(Line, 1)
    line.event_payload_type[0] = -1
    coded.agree(line, 0, SetLegMedia(1, "192.0.2.1", 4000, "opus", None, True, True))
    assert (line.codec[0], line.payload_type[0]) == (PCMU, 0)
    assert coded.planes.ears[0] == 0


@pytest.mark.parametrize("payload_type", [None, -1, 72, 128])
def test_opus_without_a_payload_type_that_can_be_one_is_pcmu(studio: Studio, payload_type: int | None) -> None:
    phone = studio.phone(1, codec="opus", payload_type=payload_type)
    studio.tick()
    assert [g711.decode_ulaw(packet.payload).any() for packet in phone.packets] == [False]
    assert phone.packets[0].payload_type == 0


def test_what_may_arrive_is_told_by_payload_type(studio: Studio) -> None:
    studio.phone(1, codec="G722", payload_type=9, understood=((96, "opus"), (72, "opus"), (97, "speex")))
    row = studio.engine.legs.slots.row(1)
    meaning = studio.engine.legs.line.meaning[row]
    assert meaning[96] == AUDIO + OPUS
    assert meaning[72] == meaning[97] == NOTHING
    assert studio.engine.legs.coded.coders.opus_decoder[row] != 0
    assert studio.engine.legs.coded.coders.opus_encoder[row] == 0


def test_terms_are_kept_within_what_libopus_takes() -> None:
    assert opus_terms(48_000, OpusMedia()) == OpusTerms(32_000, 5, True)
    assert opus_terms(8_000, OpusMedia(bitrate_bps=1, complexity=-3)) == OpusTerms(6_000, 0, True)
    assert opus_terms(16_000, OpusMedia(bitrate_bps=10**9, complexity=99, fec=False)) == OpusTerms(64_000, 10, False)
