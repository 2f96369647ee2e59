"""The session as a machine: what comes in, what is to be done. No loop, no sound."""

import json
from typing import Any

import pytest

from mixminus.base.types import Sid
from mixminus.relay.actions import (
    Action,
    BeginPhrase,
    Finish,
    ListenAnew,
    PressKeys,
    SettlePhrase,
    Silence,
    Status,
    Tell,
    Verdict,
    Warn,
)
from mixminus.relay.faults import BROKEN_OFF, MALFORMED, MEDIA_FAILED
from mixminus.relay.messages import Facts
from mixminus.relay.session import DRAIN_FRAMES, STALE_FRAMES, LocalRelayError, Session, SessionState
from mixminus.relay.terms import Hearer, Input, Terms
from mixminus.speech.contract import Failure, Phrase, SpokenWord
from mixminus.speech.timing import spoken_words

FACTS = Facts(Sid("VX1"), Sid("AC1"), Sid("CA1"), "+1", "+2", "inbound", "in-progress")


class Rig:
    """A session whose voice takes a second for each chunk, and whose engine plays when it is told to."""

    def __init__(self, **terms: Any) -> None:
        self.session = Session(FACTS, Terms("wss://app", **terms))
        self.actions: list[Action] = self.session.open()

    def take(self) -> list[Any]:
        """What was to be done since the last time; messages as dictionaries."""
        actions, self.actions = self.actions, []
        return [json.loads(one.message) if isinstance(one, Tell) else one for one in actions]

    def kinds(self) -> list[str]:
        return [one["type"] if isinstance(one, dict) else type(one).__name__ for one in self.take()]

    def app(self, kind: str, **fields: Any) -> None:
        self.actions += self.session.received(json.dumps({"type": kind, **fields}).encode())

    def say(self, token: str, *, last: bool = True, **fields: Any) -> None:
        self.app("text", token=token, last=last, **fields)

    def speak(self) -> None:
        """Make all chunks: a second each."""
        talk = self.session.talk
        while (chunk := talk.next()) is not None:
            words: tuple[SpokenWord, ...] = spoken_words(chunk.text, 8_000)
            talk.sounds(8_000, words)
            talk.made()
            self.actions += self.session.speaks()

    def play(self, octets: int) -> None:
        self.actions += self.session.played(octets)

    def frames(self, pattern: str) -> None:
        for frame in pattern:
            self.actions += self.session.frame(frame == "#")

    def hears(self, text: str) -> None:
        self.actions += self.session.recognised(Phrase(text, "en-US", settles=True))

    def turn(self, text: str) -> None:
        """Somebody says this, and is silent."""
        self.frames("#" * 10 + "." * 12)
        self.hears(text)
        self.frames("." * 60)


def test_a_turn_of_the_caller_and_one_of_the_agent() -> None:
    rig = Rig()
    rig.turn("hello")
    assert rig.kinds() == ["setup", "BeginPhrase", "SettlePhrase", "prompt"]
    rig.say("Hi. ", last=False)
    rig.say("How are you?")
    rig.speak()
    assert rig.session.talk.is_speaking
    rig.play(16_000)
    assert not rig.session.talk.is_speaking
    assert rig.take() == []


def test_an_interruption_is_told_when_the_engine_has_told_what_was_played() -> None:
    rig = Rig()
    rig.say("One two three four.")
    rig.speak()
    rig.play(4_000)
    rig.take()
    rig.frames("#####")
    assert rig.take() == [BeginPhrase(), Silence()]
    rig.turn("stop")
    assert rig.kinds() == ["SettlePhrase"], "the prompt waits for the interrupt"
    rig.actions += rig.session.cut_off(4_400)
    assert rig.take() == [
        {"type": "interrupt", "utteranceUntilInterrupt": "One two three", "durationUntilInterruptMs": 550},
        {"type": "prompt", "voicePrompt": "stop", "lang": "en-US", "last": True},
    ]


def test_what_is_told_of_an_interruption_is_the_cycle_that_was_heard() -> None:
    rig = Rig()
    rig.say("First one.")
    rig.say("Second one.")
    rig.speak()
    rig.play(8_000)
    rig.play(12_000)
    rig.take()
    rig.frames("#####")
    rig.actions += rig.session.cut_off(15_900)
    assert rig.take()[-1] == {
        "type": "interrupt",
        "utteranceUntilInterrupt": "Second one.",
        "durationUntilInterruptMs": 987,
    }


def test_text_that_is_not_heard_yet_is_interrupted_too() -> None:
    rig = Rig()
    rig.say("One two three four.")
    rig.frames("#####")
    rig.actions += rig.session.cut_off(0)
    assert rig.take()[-1] == {"type": "interrupt", "utteranceUntilInterrupt": "", "durationUntilInterruptMs": 0}
    assert rig.session.talk.next() is None


def test_tokens_of_an_interrupted_cycle_are_left_out_until_its_last() -> None:
    rig = Rig()
    rig.say("One. Two ", last=False)
    rig.speak()
    rig.frames("#####")
    rig.actions += rig.session.cut_off(10)
    rig.say("three.", last=False)
    rig.say("Four.")
    assert not rig.session.talk.is_speaking
    rig.say("New.")
    assert rig.session.talk.is_speaking


def test_or_until_half_a_second_has_passed_or_a_prompt_was_told() -> None:
    for wait in ("." * STALE_FRAMES, None):
        rig = Rig()
        rig.say("One. Two ", last=False)
        rig.speak()
        rig.frames("#####")
        rig.actions += rig.session.cut_off(10)
        if wait is None:
            rig.turn("stop")
        else:
            rig.frames(wait)
        rig.say("New.")
        assert rig.session.talk.is_speaking


@pytest.mark.parametrize(("allowed", "is_cut"), [("dtmf", False), ("none", False), ("speech", True), ("any", True)])
def test_who_may_interrupt(allowed: str, is_cut: bool) -> None:
    rig = Rig(interruptible=Input.NONE)
    rig.say("One two.", interruptible=allowed)
    rig.speak()
    rig.take()
    rig.frames("#####")
    assert (Silence() in rig.take()) is is_cut


@pytest.mark.parametrize(("allowed", "is_cut"), [("dtmf", True), ("none", False), ("speech", False), ("any", True)])
def test_which_keys_interrupt(allowed: str, is_cut: bool) -> None:
    rig = Rig(sends_dtmf=True)
    rig.say("One two.", interruptible=allowed)
    rig.speak()
    rig.take()
    rig.actions += rig.session.pressed("5")
    rig.actions += rig.session.cut_off(0) if is_cut else []
    assert rig.kinds() == (["Silence", "interrupt", "dtmf"] if is_cut else [])


def test_keys_that_do_not_interrupt_are_told_to_who_asked() -> None:
    rig = Rig(sends_dtmf=True, reported=Input.DTMF, interruptible=Input.NONE)
    rig.say("One two.")
    rig.take()
    rig.actions += rig.session.pressed("5")
    assert rig.take() == [{"type": "dtmf", "digit": "5"}]


def test_what_is_said_over_the_agent_is_dropped_unless_it_was_said_into_the_silence_behind_it() -> None:
    rig = Rig(interruptible=Input.NONE)
    rig.say("One two.")
    rig.speak()
    rig.take()
    rig.turn("hey")
    assert rig.kinds() == ["BeginPhrase", "SettlePhrase"]
    rig.frames("#####")
    rig.play(8_000)
    rig.frames("#####" + "." * 12)
    rig.hears("are you done")
    rig.frames("." * 60)
    assert rig.kinds() == ["BeginPhrase", "SettlePhrase", "prompt"]


def test_a_backchannel_changes_nothing_and_a_long_voice_interrupts_before_its_words_are_known() -> None:
    rig = Rig(ignores_backchannel=True)
    rig.say("One two.")
    rig.speak()
    rig.take()
    rig.turn("mhm")
    assert rig.kinds() == ["BeginPhrase", "SettlePhrase"]
    rig.frames("#" * 39)
    assert rig.kinds() == ["BeginPhrase"]
    rig.frames("#")
    assert rig.kinds() == ["Silence"]


def test_a_preemptible_cycle_makes_room_for_the_next() -> None:
    rig = Rig()
    rig.say("One two.", preemptible=True)
    rig.speak()
    rig.take()
    rig.say("Three.")
    assert rig.take() == [Silence()]
    rig.actions += rig.session.cut_off(100)
    assert rig.take() == [], "nobody interrupted"
    rig.speak()
    rig.say("Four.", preemptible=True)
    rig.say("Five.")
    assert rig.take() == [], "three must be heard"
    chunk = rig.session.talk.next()
    assert chunk is not None
    assert chunk.text == "Five."


def test_another_language_is_another_ear_and_another_voice() -> None:
    german = Hearer("de-DE", "Google")
    rig = Rig(hearers={"de-de": german})
    rig.take()
    rig.app("language", ttsLanguage="de-DE", transcriptionLanguage="de-DE")
    assert rig.take() == [ListenAnew(german)]
    rig.say("Guten Tag. ", last=False)
    rig.say("Good day.", lang="en-US")
    chunks = [rig.session.talk.next(), rig.session.talk.next()]
    assert [(chunk.text, chunk.language) for chunk in chunks if chunk] == [
        ("Guten Tag.", "de-DE"),
        ("Good day.", "en-US"),
    ]


def test_keys_to_press() -> None:
    rig = Rig()
    rig.take()
    rig.app("sendDigits", digits="1w2#")
    assert rig.take() == [PressKeys("1w2#")]


def test_the_greeting_is_the_first_cycle() -> None:
    rig = Rig(greeting="Welcome.", greeting_interruptible=Input.NONE)
    rig.speak()
    assert rig.session.talk.interruptible is Input.NONE
    rig.take()
    rig.frames("#" * 20)
    assert rig.take() == [BeginPhrase()]


def test_end_waits_for_what_was_said_before() -> None:
    rig = Rig()
    rig.say("Goodbye.")
    rig.speak()
    rig.take()
    rig.app("end", handoffData="x")
    rig.say("Never.")
    rig.frames("..###")
    assert rig.take() == []
    rig.play(8_000)
    rig.frames(".")
    assert rig.take() == [Finish(1000)]
    assert rig.session.verdict == Verdict(Status.ENDED, "x")


def test_but_not_for_ever() -> None:
    rig = Rig()
    rig.say("Goodbye.")
    rig.app("end")
    rig.take()
    rig.frames("." * (DRAIN_FRAMES - 1))
    assert rig.take() == []
    rig.frames(".")
    assert rig.take() == [Finish(1000)]


def test_how_it_ends_without_end() -> None:
    rig = Rig()
    assert rig.session.hung_up() == [Finish(1000)]
    assert rig.session.verdict == Verdict(Status.COMPLETED)
    assert rig.session.hung_up() == rig.session.closed(None) == rig.session.failed(1, "x") == []
    rig = Rig()
    assert rig.session.closed(None) == [Finish(1000)]
    assert rig.session.verdict == Verdict(Status.ENDED)
    rig = Rig()
    assert rig.session.closed("it broke") == [Warn(BROKEN_OFF, "it broke"), Finish(1000)]
    assert rig.session.verdict == Verdict(Status.FAILED, None, BROKEN_OFF, "it broke")
    rig = Rig()
    assert rig.session.recognised(Failure("deaf")) == [Warn(MEDIA_FAILED, "deaf"), Finish(1000)]


def test_a_caller_who_hangs_up_while_the_last_words_are_heard_changes_nothing_about_the_handoff() -> None:
    rig = Rig()
    rig.say("Goodbye.")
    rig.app("end", handoffData="x")
    rig.session.hung_up()
    assert rig.session.verdict == Verdict(Status.ENDED, "x")


def test_ten_bad_messages_in_a_row_are_too_many() -> None:
    rig = Rig()
    rig.take()
    for _ in range(9):
        rig.actions += rig.session.received(b"{")
    rig.app("text", token="Fine.", last=True)
    for _ in range(9):
        rig.actions += rig.session.received(b"{}")
    assert rig.session.state is SessionState.OPEN
    assert rig.kinds() == ["Warn", "error"] * 18
    rig.actions += rig.session.received(b"\xff")
    *_, warning, finish = rig.take()
    assert isinstance(warning, Warn)
    assert warning.code == BROKEN_OFF
    assert finish == Finish(1007)
    assert rig.session.refused == 19


def test_too_much_text_is_refused() -> None:
    rig = Rig()
    rig.take()
    for _ in range(5):
        rig.say("word " * 13_000)
    assert [one for one in rig.take() if isinstance(one, Warn) and one.code == MALFORMED]


def test_nothing_happens_before_and_after() -> None:
    session = Session(FACTS, Terms("wss://app"))
    assert session.received(b'{"type":"end"}') == session.frame(True) == session.pressed("1") == []
    session.hung_up()
    with pytest.raises(LocalRelayError):
        session.open()


def test_events_for_who_asked() -> None:
    rig = Rig(tells_speakers=True, tells_tokens=True, tells_delays=True)
    rig.turn("hello")
    rig.frames("." * 10)
    rig.take()
    rig.say("One two three.")
    rig.speak()
    rig.play(4_500)
    rig.play(8_000)
    assert [(one["name"], one["value"]) for one in rig.take() if isinstance(one, dict)] == [
        ("roundTripDelayMs", 940),
        ("agentSpeaking", "on"),
        ("tokensPlayed", "One two"),
        ("tokensPlayed", "three."),
        ("agentSpeaking", "off"),
    ]


def test_settling_is_asked_for_at_each_pause() -> None:
    rig = Rig()
    rig.take()
    rig.frames("#" * 10 + "." * 12 + "#" * 5 + "." * 12)
    assert rig.take() == [BeginPhrase(), SettlePhrase(), BeginPhrase(), SettlePhrase()]
