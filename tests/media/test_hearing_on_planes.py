"""What works on voices at 8 kHz is heard by wideband listeners, too."""

import numpy as np
from tests.media.studio import Studio
from tests.media.wideband_phone import WidebandPhone, level

from mixminus.media.contract import DigitPressed, PolishVoice, SendDigits, WatchKeys

FIVE = (770, 1336)


def talk(studio: Studio, *phones: WidebandPhone, ticks: int = 20) -> None:
    def speak() -> None:
        for phone in phones:
            phone.speak()

    studio.tick(ticks, speak)


def test_keys_that_are_muted_are_muted_on_every_plane(studio: Studio) -> None:
    presser, ear = WidebandPhone(studio, 1, "G722", 400), WidebandPhone(studio, 2, "opus")
    studio.room(9, 1, 2)
    studio.apply(WatchKeys(1, on=True, muted=True))
    talk(studio, presser, ear, ticks=20)
    assert ear.hears(*FIVE, 400) == {400}
    presser.hums = FIVE
    talk(studio, presser, ear, ticks=5)
    assert ear.audio_end(60).size
    talk(studio, presser, ear, ticks=15)
    assert ear.hears(*FIVE, 400) == set()
    assert studio.events_of(DigitPressed) == [DigitPressed(1, "5")]
    presser.hums = (6000,)
    talk(studio, presser, ear, ticks=30)
    assert ear.hears(*FIVE, 6000) == {6000}, "and afterwards the voice is wide again"


def test_without_watching_keys_are_heard(studio: Studio) -> None:
    presser, ear = WidebandPhone(studio, 1, "G722", *FIVE), WidebandPhone(studio, 2, "opus")
    studio.room(9, 1, 2)
    talk(studio, presser, ear, ticks=30)
    assert ear.hears(*FIVE) == set(FIVE)


def test_a_polished_voice_is_polished_for_wideband_listeners_without_seams(studio: Studio) -> None:
    soft, ear = WidebandPhone(studio, 1, "G722", 400), WidebandPhone(studio, 2, "G722")
    studio.room(9, 1, 2)
    talk(studio, soft, ear, ticks=30)
    before = level(ear.audio_end(200), 400, 16_000)
    studio.apply(PolishVoice(1, gain_control=True, noise_suppression=False))
    talk(studio, soft, ear, ticks=400)
    row = studio.engine.legs.slots.row(2)
    heard = []
    for _ in range(20):
        talk(studio, soft, ear, ticks=1)
        heard.append(studio.engine.legs.coded.planes.heard_wide[row].copy())
    sound = np.concatenate(heard).astype(float)
    after = level(sound, 400, 16_000)
    assert abs(20 * np.log10(after / before)) > 1, "the gain is not what it was"
    smooth = after * (2 * np.pi * 400 / 16_000) ** 2
    assert np.abs(np.diff(sound, 2)).max() < 4 * smooth


def test_keys_are_sent_as_tones_to_a_wideband_phone_without_telephone_events(studio: Studio) -> None:
    for leg, codec in ((1, "G722"), (2, "opus")):
        phone = WidebandPhone(studio, leg, codec)
        studio.negotiate(leg, codec=codec, payload_type=phone.payload_type, telephone_event_payload_type=None)
        studio.tick(5)
        studio.apply(SendDigits(leg, "5"))
        studio.tick(5)
        assert phone.hears(*FIVE, 400, last_ms=60) == set(FIVE)
        studio.tick(30)
        assert phone.hears(*FIVE) == set()
