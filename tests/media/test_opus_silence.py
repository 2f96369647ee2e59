"""Lasting silence in Opus: when sound comes back, the far end's decoder is where our encoder thinks it is."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.media.studio import Samples, Studio
from tests.media.wideband_phone import WidebandPhone, level

from mixminus.media.bundles import zeroed
from mixminus.media.codec_terms import OpusMedia
from mixminus.media.coded_legs import opus_terms
from mixminus.media.coded_state import Coders
from mixminus.media.contract import LegRow, SetRoom
from mixminus.media.kernels.coded_packetise import SETTLED_FRAMES, encode_opus
from mixminus.media.kernels.libopus import decode_packet
from mixminus.media.kernels.sharing import SETTLING_TICKS
from mixminus.media.opus_library import opus_library

RATES_HZ = (8_000, 16_000, 48_000)
NOTES = (450, 1700)
"""libopus predicts them with a gain above 1: a decoder that is out of step grows louder, until it clips."""
PEAK = 3000
ROOM_BYTES = 160


def chord(rate_hz: int, frames: int) -> NDArray[np.int16]:
    """So many frames of both notes, one a row."""
    time = np.arange(frames * rate_hz // 50) / rate_hz
    sound = PEAK * sum((np.sin(2 * np.pi * hz * time) for hz in NOTES), np.zeros(len(time)))
    return np.asarray(sound.reshape(frames, rate_hz // 50), np.int16)


def sent(frames: NDArray[np.int16], rate_hz: int, media: OpusMedia) -> list[bytes]:
    """The payloads that a leg's far end gets."""
    opus = opus_library()
    assert opus is not None
    encoder, coders = opus.new_encoder(rate_hz, opus_terms(rate_hz, media)), zeroed(Coders, 1)
    coders.opus_encoder[0] = encoder.ctypes.data
    payload = np.zeros(ROOM_BYTES, np.uint8)
    return [payload[: encode_opus(opus.encode_address, coders, 0, frame, payload)].tobytes() for frame in frames]


def played(payloads: list[bytes], rate_hz: int) -> NDArray[np.float64]:
    """What a decoder makes of these and no others, one frame a row."""
    opus = opus_library()
    assert opus is not None
    decoder = opus.new_decoder(rate_hz)
    sound = np.zeros((len(payloads), rate_hz // 50), np.int16)
    for payload, frame in zip(payloads, sound, strict=True):
        coded = np.frombuffer(payload, np.uint8)
        assert decode_packet(opus.decode_address, decoder.ctypes.data, coded, frame) == len(frame)
    return sound.astype(float)


def with_silence(rate_hz: int, before: int, silent: int, after: int) -> NDArray[np.int16]:
    sound = chord(rate_hz, before + after)
    return np.insert(sound, [before] * silent, 0, axis=0)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 200),
    st.integers(0, 20),
    st.sampled_from(RATES_HZ),
    st.integers(0, 10),
    st.booleans(),
    st.sampled_from([0, 64_000]),
)
@example(30, 15, 48_000, 5, True, 0)
@example(21, 0, 16_000, 0, False, 0)
@example(39, 0, 8_000, 10, True, 64_000)
def test_after_any_silence_the_decoder_plays_what_one_does_that_was_sent_only_what_was_coded(
    silent: int, before: int, rate_hz: int, complexity: int, fec: bool, bitrate_bps: int
) -> None:
    """That one's memory is the encoder's. To a bit or so: 60 dB at the chord's level."""
    media = OpusMedia(rate_hz=rate_hz, complexity=complexity, fec=fec, bitrate_bps=bitrate_bps)
    payloads = sent(with_silence(rate_hz, before, silent, 25), rate_hz, media)
    coded = payloads[: before + min(silent, SETTLED_FRAMES)] + payloads[-25:]
    assert len(set(payloads[before + SETTLED_FRAMES - 1 : before + silent])) <= 1
    ours, in_step = played(payloads, rate_hz)[-25:], played(coded, rate_hz)[-25:]
    error, sound = ((wave**2).mean(axis=1) for wave in (ours - in_step, in_step))
    assert (error < 1e-6 * sound + 1).all()


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("complexity", [0, 5, 10])
def test_lasting_silence_is_one_packet_again_and_again_and_is_heard_as_silence(rate_hz: int, complexity: int) -> None:
    payloads = sent(with_silence(rate_hz, 20, 300, 0), rate_hz, OpusMedia(rate_hz=rate_hz, complexity=complexity))
    lasting = 20 + SETTLED_FRAMES
    assert set(payloads[lasting:]) == {payloads[lasting - 1]}
    assert len(payloads[-1]) > 1, "which is no gap that a decoder would have to fill"
    assert np.abs(played(payloads, rate_hz)[lasting:]).max() <= 1


def notes_of(sound: Samples) -> list[float]:
    return [level(sound, hz, 48_000) for hz in NOTES]


@pytest.mark.parametrize("silent", [12, 33])
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_who_shares_an_encoder_and_who_leaves_it_in_silence_hear_what_comes_after(silent: int, rate_hz: int) -> None:
    """Leg 3 is muted all the time; leg 4 is unmuted in the silence, and goes on with a copy of the encoder."""
    studio = Studio()
    speakers = [WidebandPhone(studio, leg, "opus", hz) for leg, hz in zip((1, 2), NOTES, strict=True)]
    ears = [WidebandPhone(studio, leg, "opus") for leg in (3, 4)]
    for leg in (3, 4):
        studio.negotiate(leg, codec="opus", payload_type=111, opus=OpusMedia(rate_hz=rate_hz))

    def tick(ticks: int, *on_bus: int) -> None:
        studio.apply(SetRoom(1, tuple(LegRow(leg, leg in on_bus, hears_bus=True) for leg in (1, 2, 3, 4))))
        for _ in range(ticks):
            for speaker in speakers:
                speaker.speak()
            studio.tick()

    follows = studio.engine.legs.coded.coders.follows
    rows = [studio.engine.legs.slots.row(leg) for leg in (3, 4)]
    tick(SETTLING_TICKS + 5, 1, 2)
    assert all(follows[row] for row in rows)
    tick(silent)
    tick(silent, 4)
    assert [bool(follows[row]) for row in rows] == [True, False]
    muted, unmuted = ([packet.payload for packet in ear.phone.packets[-silent:]] for ear in ears)
    assert muted == unmuted
    tick(25, 1, 2, 4)
    for ear in ears:
        sound = ear.audio[-25 * 960 :]
        assert np.abs(sound.astype(int)).max() < 1.5 * len(NOTES) * PEAK
        assert min(notes_of(sound[960 : 6 * 960])) > 0.8 * PEAK
    studio.engine.close()
