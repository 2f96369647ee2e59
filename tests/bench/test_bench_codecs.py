"""Phones that speak HD: their markers survive the codec, and are heard where and when they were said."""

import numpy as np
import pytest
from bench.load import arrays, chirp, sounds, tape
from bench.load.codecs import CODECS
from bench.load.scenario import Scenario
from bench.load.sip_text import UnusableAnswer, media_address, sdp

MS = 1_000_000
SPEAKER, LISTENER = 0, 2


def phones(codec: str, rooms: int = 1) -> tuple[Scenario, arrays.Legs]:
    scenario = Scenario(("127.0.0.1", 5060), tuple(map(str, range(rooms))), codecs=(codec,))
    return scenario, arrays.make_legs(scenario)


def put_on_tape(legs: arrays.Legs, leg: int, payloads: np.ndarray, begin_ns: int) -> None:
    for nth, payload in enumerate(payloads):
        at = legs.tally[arrays.TAPED]
        legs.tape[at] = leg, begin_ns + nth * 20 * MS, len(payload)
        legs.tape_bytes[at, : len(payload)] = payload
        legs.tally[arrays.TAPED] += 1


@pytest.mark.parametrize("name", sorted(CODECS))
def test_every_codec_makes_packets_of_one_size_and_its_marker_survives(name: str) -> None:
    codec = CODECS[name]
    second = sounds.linear(2, codec.rate_hz)[sounds.MARKED[1]]
    payloads = codec.encode(np.concatenate([second, second]))
    assert payloads.shape == (100, codec.payload_bytes)
    heard = np.concatenate(codec.decode(payload.tobytes() for payload in payloads))
    for kind in (0, 2, 3):
        assert chirp.find(heard, codec.rate_hz, kind) == []
    places = [place / codec.rate_hz for place in chirp.find(heard, codec.rate_hz, 1)]
    delay_s = codec.encoder_delay_s + codec.decoder_delay_s
    assert places == pytest.approx([delay_s, 1 + delay_s], abs=2e-4)


def test_opus_delays_in_its_encoder_and_g722_on_both_sides() -> None:
    assert CODECS["opus"].encoder_delay_s == pytest.approx(0.0065, abs=2e-4)
    assert CODECS["opus"].decoder_delay_s == 0
    assert CODECS["G722"].encoder_delay_s == CODECS["G722"].decoder_delay_s == pytest.approx(0.0007, abs=1e-4)
    assert CODECS["PCMU"].encoder_delay_s == 0


def test_speech_without_a_marker_and_silence_are_no_marker() -> None:
    for sound in (sounds.SPEECH, sounds.SILENCE, sounds.TONE):
        for kind in range(chirp.KINDS):
            assert chirp.find(sounds.linear(1, 16_000)[sound], 16_000, kind) == []


@pytest.mark.parametrize("name", ["opus", "G722"])
def test_what_is_on_tape_tells_who_spoke_and_how_long_ago(name: str) -> None:
    scenario, legs = phones(name)
    loops = legs.loops[:, :, : CODECS[name].payload_bytes]
    put_on_tape(legs, LISTENER, np.concatenate([loops[sounds.SPEECH], loops[sounds.MARKED[0]]]), 0)
    spoken = np.array([[SPEAKER, 1_000 * MS - 13 * MS]])
    ((leg, speaker, delay_ns, _),), unknown, foreign = tape.heard(legs, scenario, spoken)
    assert (leg, speaker, unknown, foreign) == (LISTENER, SPEAKER, 0, 0)
    assert delay_ns / MS == pytest.approx(13, abs=0.3)


def test_a_marker_that_nobody_said_lately_is_unknown_and_one_of_an_odd_room_is_foreign() -> None:
    scenario, legs = phones("G722")
    put_on_tape(legs, LISTENER, legs.loops[sounds.MARKED[0]], 2_000 * MS)
    assert tape.heard(legs, scenario, np.array([[SPEAKER, 1_000 * MS]]))[1:] == (1, 0)
    tape.rewind(legs)
    put_on_tape(legs, LISTENER, legs.loops[sounds.MARKED[chirp.kind_of(1, 0)]], 2_000 * MS)
    assert tape.heard(legs, scenario, np.array([[SPEAKER, 1_990 * MS]]))[1:] == (0, 1)


def test_an_echo_is_told_from_another_talker_who_is_heard_late() -> None:
    scenario, legs = phones("G722")
    spoken = np.array([[1, 1_000 * MS], [SPEAKER, 1_500 * MS]])
    put_on_tape(legs, SPEAKER, legs.loops[sounds.MARKED[chirp.kind_of(0, 1)]], 1_510 * MS)
    assert tape.heard(legs, scenario, spoken)[1:] == (1, 0)  # talker 1, and too late to count
    tape.rewind(legs)
    put_on_tape(legs, SPEAKER, legs.loops[sounds.MARKED[chirp.kind_of(0, 0)]], 1_510 * MS)
    ((leg, speaker, _, _),), *_ = tape.heard(legs, scenario, spoken)
    assert (leg, speaker) == (SPEAKER, SPEAKER)


def test_in_a_mixed_room_every_phone_speaks_its_codec_and_all_use_the_same_markers() -> None:
    scenario = Scenario(("127.0.0.1", 5060), ("a", "b"), codecs=("PCMU", "opus"))
    legs = arrays.make_legs(scenario)
    assert legs.phones["payload_type"].tolist() == [0, 111, 0, 111, 0, 111]
    assert legs.phones["frame_ticks"].tolist() == [160, 960] * 3
    assert legs.phones["sound"].tolist() == [1, sounds.COUNT + 1, 0, sounds.COUNT + 1, 1, sounds.COUNT]
    assert legs.phones["marked_sound"][[0, 1, 4]].tolist() == [3, sounds.COUNT + 4, 6]
    assert scenario.taped == [0, 2, 5]


def test_phones_that_speak_g711_alone_tape_nothing() -> None:
    scenario, legs = phones("PCMA")
    assert (scenario.taped, len(legs.tape)) == ([], 1)


def test_an_opus_phone_offers_two_channels_and_wants_opus_in_the_answer() -> None:
    offer = sdp("127.0.0.1", 4_000, "opus")
    assert "a=rtpmap:111 opus/48000/2" in offer
    assert media_address(offer, "opus") == ("127.0.0.1", 4_000)
    with pytest.raises(UnusableAnswer):
        media_address(offer, "PCMU")


def test_a_scenario_travels_with_its_codecs() -> None:
    scenario = Scenario(("127.0.0.1", 5060), ("a",), codecs=("G722", "opus"))
    assert Scenario.from_json(scenario.to_json()) == scenario
