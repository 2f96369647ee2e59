"""The referee of `python -m bench.listening`, on waveforms that were made to be judged."""

import numpy as np
import pytest

pytest.importorskip("pipecat", reason="needs mixminus[ai]")

from bench.listening import report
from bench.listening.calls import Recorded
from bench.listening.referee import Missed, OverVerdict, TurnVerdict, located, verdicts
from bench.listening.scripts import Answer, Kind, Over, Pause, Script
from bench.listening.words import Word
from bench.speech import Samples

RATE_HZ = 8_000


def talk(seconds: float, seed: int) -> Samples:
    """A sound that is like no other, and never silent."""
    draw = np.random.default_rng(seed)
    return (3_000 * np.clip(draw.standard_normal(round(seconds * RATE_HZ)), -2, 2)).astype(np.int16)


def quiet(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE_HZ), np.int16)


def laid(length_s: float, **at: Samples) -> Samples:
    """Sounds on a track; the names say at which tenth of a second: `at_15` is 1.5 s."""
    track = quiet(length_s)
    for name, sound in at.items():
        begin = int(name.removeprefix("at_")) * RATE_HZ // 10
        track[begin : begin + len(sound)] += sound[: len(track) - begin]
    return track


GREETING = talk(8.0, 1)
INTERRUPTION = talk(2.0, 2)
MHM = talk(0.4, 3)


def cut(begin_s: float, end_s: float) -> Samples:
    return GREETING[round(begin_s * RATE_HZ) : round(end_s * RATE_HZ)]


def judged(kind: Kind, sound: Samples, agent: Samples, context: str | None = None) -> OverVerdict:
    script = Script("call", (Over(kind, "sound", sound, 2.0),))
    [verdict] = verdicts(Recorded(script, laid(12, at_30=sound), agent, context, False), GREETING)
    assert isinstance(verdict, OverVerdict)
    return verdict


def test_who_stops_and_answers_has_yielded() -> None:
    agent = laid(12, at_10=cut(0, 2.2), at_60=talk(2, 9))
    found = judged(Kind.INTERRUPTION, INTERRUPTION, agent)
    assert found.yielded
    assert not found.same_words
    assert found.stop_s == pytest.approx(0.2, abs=0.02)
    assert found.silent_s == pytest.approx(2.8, abs=0.02)
    assert found.played_s == pytest.approx(2.2, abs=0.02)


def test_who_talks_on_has_not_yielded() -> None:
    found = judged(Kind.INTERRUPTION, INTERRUPTION, laid(12, at_10=GREETING))
    assert found.stop_s is None
    assert not found.yielded


def test_who_waits_and_then_goes_on_as_before_has_not_yielded_to_an_interruption() -> None:
    agent = laid(14, at_10=cut(0, 2.2), at_60=cut(2.0, 8.0))
    found = judged(Kind.INTERRUPTION, INTERRUPTION, agent)
    assert found.same_words
    assert not found.yielded


def test_a_short_pause_is_no_yielding() -> None:
    agent = laid(14, at_10=cut(0, 2.2), at_39=cut(2.0, 8.0))
    found = judged(Kind.BACKCHANNEL, MHM, agent)
    assert not found.yielded
    assert found.silent_s == pytest.approx(0.7, abs=0.02)


def test_a_second_of_silence_after_an_mhm_is() -> None:
    assert judged(Kind.BACKCHANNEL, MHM, laid(14, at_10=cut(0, 2.2), at_45=cut(2.0, 8.0))).yielded


def test_other_words_after_an_mhm_are() -> None:
    assert judged(Kind.BACKCHANNEL, MHM, laid(14, at_10=cut(0, 2.2), at_37=talk(3, 9))).yielded


def test_a_greeting_that_ends_is_no_stop() -> None:
    found = judged(Kind.MUSIC, talk(7.0, 5), laid(14, at_10=GREETING))
    assert found.stop_s is None


def turn(agent: Samples, *parts: Samples, pause_s: float = 0.0) -> TurnVerdict:
    pause = Pause.INSIDE if pause_s else Pause.NONE
    answer = Answer("answer", pause, parts, pause_s)
    script = Script("call", (answer,))
    [verdict] = verdicts(Recorded(script, laid(12, at_30=answer.sound), agent, None, False), GREETING)
    assert isinstance(verdict, TurnVerdict)
    return verdict


def test_an_answer_is_timed_from_the_last_sound_to_the_first() -> None:
    found = turn(laid(12, at_10=talk(1, 8), at_57=talk(2, 9)), INTERRUPTION)
    assert found.answer_s == pytest.approx(0.7, abs=0.02)
    assert found.cut_in_s is None


def test_who_speaks_in_a_pause_has_cut_in() -> None:
    found = turn(laid(12, at_56=talk(0.3, 9)), INTERRUPTION, MHM, pause_s=1.2)
    assert found.cut_in_s == pytest.approx(0.6, abs=0.02)


def test_no_answer_is_told() -> None:
    assert turn(quiet(12), INTERRUPTION).answer_s is None


def test_a_sound_is_found_in_a_noisy_room() -> None:
    noise = np.random.default_rng(7).standard_normal(12 * RATE_HZ) * 600
    track = (laid(12, at_30=MHM) + noise).astype(np.int16)
    assert located(MHM, track, 0) == 3 * RATE_HZ
    assert located(MHM, track, 4 * RATE_HZ) is None


def test_what_was_not_said_is_not_judged() -> None:
    script = Script("call", (Over(Kind.COUGH, "cough", MHM, 1.0),))
    [verdict] = verdicts(Recorded(script, quiet(5), GREETING, None, True), GREETING)
    assert isinstance(verdict, Missed)


def test_the_context_is_compared_with_the_words_that_were_played() -> None:
    words = [Word(text, at, at + 0.5) for at, text in enumerate(("hello", "our", "office", "is", "closed", "now"))]
    agent = laid(12, at_10=cut(0, 2.6), at_60=talk(2, 9))  # "hello our office" was heard
    for context, off in (
        ("Hello. Our office", 0),
        ("Hello. Our office is closed now.", 3),
        ("Hello. Sorry?", -2),
        ("", -3),
    ):
        assert report.words_off(judged(Kind.INTERRUPTION, INTERRUPTION, agent, context), words) == off


def test_a_share_is_told_with_its_interval() -> None:
    assert report.rate(19, 20) == "95.0 % (76–99)"
    assert report.rate(0, 0) == "–"


def test_percentiles_are_values_that_were_measured() -> None:
    assert report.percentile([0.3, 0.1, 0.2], 0.5) == 0.2
    assert report.percentile(list(range(1, 21)), 0.95) == 19
