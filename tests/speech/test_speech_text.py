"""Tokens into sentences, sentences into words in time, sound into phrases."""

import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mixminus.speech.activity import VoiceActivity
from mixminus.speech.contract import RATE_HZ
from mixminus.speech.phrases import BEFORE_MS, LONGEST_S, Phrases
from mixminus.speech.resampling import Lowering
from mixminus.speech.sentences import LONGEST, Sentences
from mixminus.speech.timing import at_usual_pace, spoken_words, without_silence


def pieces(*tokens: str) -> list[str]:
    sentences = Sentences()
    found = [piece for token in tokens for piece in sentences.add(token)]
    return found + sentences.flush()


def test_sentences_are_spoken_as_soon_as_they_are_whole() -> None:
    sentences = Sentences()
    assert sentences.add("Sure") == []
    assert sentences.add(".") == [], "it might be a number"
    assert sentences.add(" One") == ["Sure."]
    assert sentences.flush() == ["One"]
    assert sentences.is_empty


def test_what_is_no_end_of_a_sentence() -> None:
    assert pieces("It is 3.5 miles to Dr. Smith in St. Louis. Then left.") == [
        "It is 3.5 miles to Dr. Smith in St. Louis.",
        "Then left.",
    ]
    assert pieces('He said "stop!" Then he left.') == ['He said "stop!"', "Then he left."]
    assert pieces("你好。再见。") == ["你好。", "再见。"]
    assert pieces("one\ntwo") == ["one", "two"]
    assert pieces("  \n ", "") == []


def test_the_first_piece_may_end_at_a_comma_because_somebody_is_waiting() -> None:
    text = "I have found three invoices that are still open, and I have found two others, which are not."
    first, rest = pieces(text)
    assert first == "I have found three invoices that are still open,"
    assert rest.endswith("which are not."), "later ones do not"


@given(st.lists(st.text("ab. ,!\n", max_size=40), max_size=40))
def test_nothing_is_lost_whatever_the_tokens_are(tokens: list[str]) -> None:
    found = pieces(*tokens)
    assert "".join("".join(found).split()) == "".join("".join(tokens).split())
    assert all(0 < len(piece) <= LONGEST for piece in found)


def test_a_token_of_any_length_costs_no_more_than_its_length() -> None:
    """Each of these took minutes when the whole text was searched for each sentence."""
    for token in ("。" * 65_000, "a. " * 21_000, "Dr. " * 16_000, "x" * 65_000, ", " * 32_000, "!" * 65_000):
        began = time.process_time()
        found = pieces(token)
        assert time.process_time() - began < 2
        assert "".join("".join(found).split()) == "".join(token.split())


def test_words_end_in_order_and_the_last_with_the_text() -> None:
    words = spoken_words("Sure, the first one.", 16_000)
    assert [word.text for word in words] == ["Sure,", "the", "first", "one."]
    assert sorted(word.ends_at for word in words) == [word.ends_at for word in words]
    assert words[-1].ends_at == 16_000
    assert spoken_words("", 5) == ()
    assert at_usual_pace("three letters")[-1].ends_at == 530 * (6 + 8)


def test_silence_around_speech_is_left_out() -> None:
    speech = np.full(8_000, 3_000, np.int16)
    silence = np.zeros(8_000, np.int16)
    trimmed = without_silence(np.concatenate((silence, speech, silence)))
    assert len(speech) <= len(trimmed) <= len(speech) + 1_300
    assert len(without_silence(silence)) == 0


def test_a_phrase_has_what_was_heard_just_before_it_was_noticed() -> None:
    phrases = Phrases()
    for _ in range(100):
        phrases.hear(b"\1\0" * 160)
    phrases.begin()
    phrases.hear(b"\2\0" * 160)
    phrase = phrases.settle()
    assert phrase == b"\1\0" * (RATE_HZ * BEFORE_MS // 1000) + b"\2\0" * 160
    assert phrases.settle() == b""


def test_a_phrase_without_end_is_cut() -> None:
    phrases = Phrases()
    phrases.begin()
    cut = [phrase for _ in range(51 * LONGEST_S) if (phrase := phrases.hear(bytes(320))) is not None]
    assert [len(phrase) for phrase in cut] == [LONGEST_S * RATE_HZ * 2]
    assert len(phrases.settle()) == 320 * (51 * LONGEST_S) - len(cut[0])


def judge(samples: np.ndarray[tuple[int], np.dtype[np.int16]]) -> float:
    """The share of frames that are like a voice, after a second to learn the line."""
    activity = VoiceActivity()
    frames = [activity.is_voice(samples[at : at + 160]) for at in range(0, len(samples), 160)]
    return sum(frames[50:]) / len(frames[50:])


def test_tones_noise_and_silence_are_no_voice() -> None:
    at = np.arange(4 * RATE_HZ) / RATE_HZ
    noise = np.random.default_rng(1).normal(0, 1_000, len(at))
    assert judge(np.zeros(4 * RATE_HZ, np.int16)) == 0
    assert judge((8_000 * np.sin(2 * np.pi * 440 * at)).astype(np.int16)) == 0
    keys = 4_000 * (np.sin(2 * np.pi * 697 * at) + np.sin(2 * np.pi * 1209 * at))
    assert judge(keys.astype(np.int16)) < 0.05
    assert judge(noise.astype(np.int16)) == 0


@given(st.lists(st.integers(1, 2_000), min_size=1, max_size=20))
def test_lowering_the_rate_piece_by_piece_is_the_same_as_at_once(cuts: list[int]) -> None:
    samples = (5_000 * np.sin(np.arange(6_000) / 9)).astype("<i2").tobytes()
    at_once = Lowering().lower(samples)
    lowering, at, found = Lowering(), 0, b""
    for cut in cuts:
        found += lowering.lower(samples[at : at + cut])
        at += cut
    found += lowering.lower(samples[at:])
    assert found == at_once
    assert len(at_once) == len(samples) // 3


def test_lowering_keeps_speech_and_stops_what_would_fold_back() -> None:
    at = np.arange(24_000) / 24_000
    for hertz, least, most in ((300, 0.98, 1.02), (3_000, 0.9, 1.02), (5_000, 0.0, 0.01), (9_000, 0.0, 0.01)):
        tone = (10_000 * np.sin(2 * np.pi * hertz * at)).astype("<i2")
        low = np.frombuffer(Lowering().lower(tone.tobytes()), "<i2")[1_000:7_000].astype(float)
        assert least <= np.sqrt(2 * (low**2).mean()) / 10_000 <= most, hertz
