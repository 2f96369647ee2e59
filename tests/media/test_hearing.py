"""Speech and the tones of keys, heard by the engine."""

from functools import cache

import numpy as np
import pytest
from bench.speech import talk
from numpy.typing import NDArray
from tests.media.studio import FRAME, Phone, Studio, hum

from mixminus.audio.key_tones import HIGH_HZ, KEYPAD, LOW_HZ
from mixminus.media.contract import (
    CloseLeg,
    DigitPressed,
    DigitsSent,
    Event,
    SendDigits,
    SpeechStarted,
    SpeechStopped,
    WatchKeys,
    WatchSpeech,
)
from mixminus.rtp.packet import RtpPacket
from mixminus.rtp.telephone_event import DIGITS, TelephoneEvent

Samples = NDArray[np.int16]
SECOND = 8000


@cache
def speech() -> Samples:
    """Nine seconds of two people in turn."""
    return talk(9.0, pause_s=1.2)


def say(phone: Phone, sound: Samples) -> list[tuple[float, Event]]:
    """Let the phone say it; what happened, and after how many seconds."""
    studio, happened = phone.studio, []
    for n, frame in enumerate(sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME)):
        studio.events.clear()
        phone.say(frame)
        studio.tick()
        happened += [(n * 0.02, event) for event in studio.events]
    return happened


def noise(seconds: float, rms: float = 1000.0) -> Samples:
    return np.random.default_rng(3).normal(0, rms, int(seconds * SECOND)).astype(np.int16)


def tone(seconds: float, *frequencies_hz: float) -> Samples:
    time = np.arange(int(seconds * SECOND)) / SECOND
    return np.asarray(sum(3000 * np.sin(2 * np.pi * hz * time) for hz in frequencies_hz), np.int16)


# --- speech -----------------------------------------------------------------------------------------------------


def test_speech_starts_within_300_ms_of_the_first_word_and_stops_after_the_last(studio: Studio) -> None:
    phone = studio.phone(1)
    studio.apply(WatchSpeech(1, on=True))
    silence = np.zeros(SECOND, np.int16)
    happened = say(phone, np.concatenate([silence, speech(), silence, silence]))
    assert [type(event) for _, event in happened] == [SpeechStarted, SpeechStopped] * (len(happened) // 2)
    assert 2 <= len(happened) // 2 <= 6, "a sentence is a talkspurt, a word is not"
    loud = np.abs(speech().reshape(-1, FRAME)).max(axis=1) > 500
    first, last = 1 + np.flatnonzero(loud)[[0, -1]] * 0.02
    assert first <= happened[0][0] <= first + 0.3
    assert last + 0.4 <= happened[-1][0] <= last + 0.9


@pytest.mark.parametrize(
    "sound",
    [
        noise(6),
        tone(6, 440),
        tone(6, 350, 440),
        np.concatenate([tone(0.5, 480, 620), np.zeros(4000, np.int16)] * 6),
        np.concatenate([np.zeros(SECOND, np.int16), noise(0.15, 6000), np.zeros(SECOND, np.int16)]),
        np.concatenate([np.zeros(SECOND, np.int16), noise(4), tone(4, 1000)]),
    ],
    ids=["noise", "tone", "dial tone", "busy tone", "cough", "noise, then a tone"],
)
def test_what_is_no_speech_is_not_taken_for_it(studio: Studio, sound: Samples) -> None:
    phone = studio.phone(1)
    studio.apply(WatchSpeech(1, on=True))
    assert say(phone, sound) == []


def test_speech_is_heard_above_a_noisy_line(studio: Studio) -> None:
    phone = studio.phone(1)
    studio.apply(WatchSpeech(1, on=True))
    happened = say(phone, speech() + noise(len(speech()) / SECOND, 150.0))
    assert any(isinstance(event, SpeechStarted) for _, event in happened)


def test_nobody_hears_who_is_not_watched(studio: Studio) -> None:
    watched, other = studio.phone(1), studio.phone(2)
    assert say(other, speech()[: 3 * SECOND]) == []
    studio.apply(WatchSpeech(2, on=True), WatchSpeech(99, on=True))
    assert say(watched, speech()[: 3 * SECOND]) == []


def test_when_watching_ends_who_speaks_is_told_to_have_stopped(studio: Studio) -> None:
    phone = studio.phone(1)
    studio.apply(WatchSpeech(1, on=True))
    say(phone, speech()[: 2 * SECOND])
    studio.events.clear()
    studio.apply(WatchSpeech(1, on=False), WatchSpeech(1, on=False))
    studio.tick()
    assert studio.events == [SpeechStopped(1)]


def test_a_leg_that_is_gone_is_forgotten_and_many_can_be_watched(studio: Studio) -> None:
    studio.phone(1)
    studio.apply(WatchSpeech(1, on=True), WatchKeys(1, on=True), CloseLeg(1))
    studio.tick()
    for leg in range(2, 12):
        studio.phone(leg)
        studio.apply(WatchSpeech(leg, on=True), WatchKeys(leg, on=True))
    happened = say(studio.phones[11], speech()[: 3 * SECOND])
    assert happened[0][1] == SpeechStarted(11)


# --- keys -------------------------------------------------------------------------------------------------------


def key_tone(key: str, ms: float = 60, low_db: float = -16.0, high_db: float = -14.0, off: float = 0.0) -> Samples:
    """Written without looking at the engine's."""
    place, time = KEYPAD.index(key), np.arange(int(8 * ms)) / SECOND
    low, high = LOW_HZ[place // 4] * (1 + off), HIGH_HZ[place % 4] * (1 + off)
    wave = 10 ** (low_db / 20) * np.sin(2 * np.pi * low * time) + 10 ** (high_db / 20) * np.sin(
        2 * np.pi * high * time
    )
    return np.asarray(32767 * wave, np.int16)


def dialled(keys: str, gap_ms: float = 60, **how: float) -> Samples:
    """The keys, beginning at any sample of a frame."""
    draw = np.random.default_rng(1)
    parts = [part for key in keys for part in (key_tone(key, **how), np.zeros(int(8 * gap_ms), np.int16))]
    sound = [np.zeros(draw.integers(160), np.int16)]
    for part in parts:
        sound += [part, np.zeros(draw.integers(17), np.int16)]
    return np.concatenate([*sound, np.zeros(480, np.int16)])


def heard(phone: Phone, sound: Samples) -> str:
    return "".join(event.digit for _, event in say(phone, sound) if isinstance(event, DigitPressed))


@pytest.mark.parametrize(
    "how",
    [
        {"ms": 100},
        {"ms": 40, "gap_ms": 40},
        {"low_db": -38, "high_db": -38},
        {"low_db": -8, "high_db": -8},
        {"low_db": -16, "high_db": -12},
        {"low_db": -10, "high_db": -18},
        {"off": 0.015},
        {"off": -0.015},
    ],
    ids=str,
)
def test_q24_every_key_is_understood_within_the_limits(studio: Studio, how: dict[str, float]) -> None:
    phone = studio.phone(1, telephone_event_payload_type=None)
    assert heard(phone, dialled(KEYPAD * 2, **how)) == KEYPAD * 2


@pytest.mark.parametrize(
    "how",
    [
        {"ms": 20},
        {"low_db": -48, "high_db": -48},
        {"low_db": -16, "high_db": -4},
        {"low_db": -4, "high_db": -18},
        {"off": 0.035},
        {"off": -0.035},
    ],
    ids=str,
)
def test_q24_what_is_outside_of_the_limits_is_no_key(studio: Studio, how: dict[str, float]) -> None:
    phone = studio.phone(1, telephone_event_payload_type=None)
    assert heard(phone, dialled(KEYPAD, **how)) == ""


def test_q24_an_interruption_of_10_ms_is_none(studio: Studio) -> None:
    phone = studio.phone(1, telephone_event_payload_type=None)
    long = key_tone("5", ms=200)
    long[800:880] = 0
    assert heard(phone, np.concatenate([long, np.zeros(800, np.int16)])) == "5"


def test_speech_presses_no_key(studio: Studio) -> None:
    """37 minutes of it did not, either; this is what a test has time for."""
    phone = studio.phone(1, telephone_event_payload_type=None)
    assert heard(phone, speech()) == ""


def test_tones_of_a_leg_with_telephone_events_count_only_when_asked_for(studio: Studio) -> None:
    phone = studio.phone(1)
    assert heard(phone, dialled("12")) == ""
    studio.apply(WatchKeys(1, on=True))
    assert heard(phone, dialled("34")) == "34"
    studio.apply(WatchKeys(1, on=False))
    assert heard(phone, dialled("56")) == ""


def event(phone: Phone, digit: str) -> None:
    """A key as RFC 4733 has it."""
    timestamp = phone.timestamp
    for n in range(1, 4):
        payload = bytes(TelephoneEvent(DIGITS.index(digit), FRAME * n))
        phone.send(RtpPacket(101, phone.sequence, timestamp, phone.ssrc, payload, n == 1))
        phone.sequence += 1
        phone.timestamp += FRAME
        phone.studio.tick()


def test_a_key_that_comes_as_a_tone_and_as_an_event_is_one_key(studio: Studio) -> None:
    phone = studio.phone(1)
    studio.apply(WatchKeys(1, on=True))
    assert heard(phone, key_tone("7", ms=60)) == "7"
    studio.events.clear()
    event(phone, "7")
    assert studio.events == []
    event(phone, "8")
    assert studio.events == [DigitPressed(1, "8")]
    assert heard(phone, dialled("9")) == "", "it has shown that it sends events"


def test_keys_that_a_prompt_collects_are_not_heard_by_the_room(studio: Studio) -> None:
    phone, listener = studio.phone(1), studio.phone(2)
    studio.room(9, 1, 2)
    studio.apply(WatchKeys(1, on=True, muted=True))
    say(phone, np.concatenate([hum(400, samples=3200), key_tone("5", ms=200), hum(400, samples=3200)]))
    frames = listener.audio.reshape(-1, FRAME).astype(float)
    time = np.arange(FRAME) / SECOND
    low = np.abs(frames @ np.exp(-2j * np.pi * 770 * time))
    assert len(low) == 50
    assert low.max() < 0.1 * 5193 * FRAME / 2, "nothing of it, when it begins with a frame"
    assert listener.hears() == {400}


def test_a_far_end_without_telephone_events_is_sent_tones(studio: Studio) -> None:
    phone, other = studio.phone(1, telephone_event_payload_type=None), Studio()
    far = other.phone(1, telephone_event_payload_type=None)
    studio.apply(SendDigits(1, "147*0369#wABCD"))
    for _ in range(200):
        studio.tick()
        far.send(phone.packets[-1])
        other.tick()
    assert {packet.payload_type for packet in phone.packets} == {0}
    assert "".join(e.digit for e in other.events if isinstance(e, DigitPressed)) == "147*0369#ABCD"
    assert studio.events == [DigitsSent(1)]
