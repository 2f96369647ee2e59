"""The offline voice is heard: roughly as long as a person would take, at the level of the network."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from mixminus.prompts.io.decode import Decoder
from mixminus.prompts.io.voice import EspeakVoice, FliteVoice, Voices, offline_voice
from mixminus.prompts.level import SPEECH_DBFS, active_rms
from mixminus.prompts.prompt import Limits, PromptError
from mixminus.prompts.speech import APOLOGY, Speech, speech


@pytest_asyncio.fixture
async def voice() -> AsyncIterator[Voices]:
    voice = offline_voice(Limits())
    yield voice
    await voice.close()


async def spoken(voice: Voices, decoder: Decoder, folder: Path, wanted: Speech) -> np.ndarray:
    await voice.say(wanted, folder / "wav")
    await decoder.decode(folder / "wav", folder / "part", folder / "pcm", level_dbfs=SPEECH_DBFS)
    return np.fromfile(folder / "pcm", "<i2").astype(np.int16)


SENTENCES = [
    ("Thank you for calling. Please stay on the line.", "man", "en-US"),
    ("Thank you for calling. Please stay on the line.", "alice", "en-GB"),
    ("Vielen Dank für Ihren Anruf. Bitte bleiben Sie am Apparat.", "woman", "de-DE"),
    ("Merci de votre appel. Veuillez rester en ligne.", "Polly.Mathieu", "fr-FR"),
    ("Gracias por su llamada. No cuelgue, por favor.", "Polly.Lupe", "es-MX"),
]


@pytest.mark.parametrize(("text", "name", "language"), SENTENCES)
async def test_a_sentence_lasts_about_as_long_as_when_people_say_it(
    text: str, name: str, language: str, voice: Voices, decoder: Decoder, folder: Path
) -> None:
    wanted = speech(text, name, language)
    if not voice.speaks(wanted.language):
        pytest.skip("espeak-ng is not installed")
    samples = await spoken(voice, decoder, folder, wanted)
    assert 1.8 < len(samples) / 8000 < 6.0
    assert 20 * np.log10(active_rms(samples) / 32768) == pytest.approx(SPEECH_DBFS, abs=2.5)
    assert np.abs(samples.astype(int)).max() <= 32_000
    assert abs(int(samples[0])) < 500, "it starts with a click"


# twiml-and-streams.md, 2.1: the languages of <Say>
LANGUAGES = """
af-ZA am-ET ar-AE ar-XA arb bg-BG bn-IN ca-ES cmn-CN cmn-TW cs-CZ cy-GB da-DK de-AT de-DE el-GR en-AU en-CA
en-GB en-GB-WLS en-IE en-IN en-NZ en-US en-ZA es-ES es-MX es-US fi-FI fil-PH fr-BE fr-CA fr-FR gu-IN he-IL
hi-IN hu-HU id-ID is-IS it-IT ja-JP kn-IN ko-KR lv-LV ml-IN mr-IN ms-MY nb-NO nl-BE nl-NL pa-IN pl-PL pt-BR
pt-PT ro-RO ru-RU sk-SK sr-RS sv-SE ta-IN te-IN th-TH tr-TR uk-UA vi-VN yue-HK zh-CN zh-HK zh-TW
"""


async def test_espeak_has_a_voice_for_each_of_says_69_languages_but_filipino(folder: Path) -> None:
    espeak = EspeakVoice(Limits())
    if not offline_voice(Limits()).speaks("de-de"):
        pytest.skip("espeak-ng is not installed")
    tags = LANGUAGES.lower().split()
    assert len(tags) == 69
    assert [tag for tag in tags if not espeak.speaks(tag)] == ["fil-ph"]
    for tag in tags:
        await espeak.say(speech("Hello 1 2 3", "woman", tag), folder / "wav")
        assert (folder / "wav").stat().st_size > 10_000, tag
    await espeak.close()


async def test_the_apology_is_spoken(voice: Voices, decoder: Decoder, folder: Path) -> None:
    assert 2.5 < len(await spoken(voice, decoder, folder, speech(APOLOGY, None, None))) / 8000 < 6


async def test_men_and_women_differ(voice: Voices, decoder: Decoder, folder: Path) -> None:
    man, woman = [await spoken(voice, decoder, folder, speech("Hello", who, "en")) for who in ("man", "woman")]
    assert not np.array_equal(man[:2000], woman[:2000])


@pytest.mark.parametrize(
    "text", ["-o /out/other.wav", "--help", "-f /etc/passwd", "; rm -rf /", "`id`", "%s%n", "\\"]
)
async def test_text_is_text_and_never_an_option_or_a_command(text: str, voice: Voices, folder: Path) -> None:
    await voice.say(speech(text + " a", None, None), folder / "wav")
    assert os.listdir(folder) == ["wav"]
    assert (folder / "wav").stat().st_size > 5000


async def test_a_language_nobody_speaks_is_read_by_the_first_voice(voice: Voices, folder: Path) -> None:
    await voice.say(speech("Magandang araw", None, "fil-PH"), folder / "wav")
    assert (folder / "wav").stat().st_size > 5000


async def test_a_text_that_takes_too_long_is_given_up(folder: Path) -> None:
    flite = FliteVoice(Limits(speech_s=0.05))
    with pytest.raises(PromptError, match=r"0\.05 s"):
        await flite.say(speech("word " * 800, None, None), folder / "wav")
    await flite.close()


def test_english_is_flites_and_the_rest_is_espeaks() -> None:
    assert FliteVoice(Limits()).speaks("en-in")
    assert not FliteVoice(Limits()).speaks("de-de")
    assert EspeakVoice(Limits()).speaks("de-de")


async def test_without_any_engine_say_is_refused(folder: Path) -> None:
    with pytest.raises(PromptError, match="no voice"):
        await Voices([]).say(speech("Hello", None, None), folder / "wav")
