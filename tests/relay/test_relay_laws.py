"""Laws of a session, over random orders of everything that can happen to it."""

import json
import os
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mixminus.base.types import Sid
from mixminus.relay.actions import Action, Finish, Silence, Status, Tell
from mixminus.relay.messages import Facts
from mixminus.relay.session import Session, SessionState
from mixminus.relay.terms import Input, Terms
from mixminus.speech.contract import Failure, Guess, Phrase, TurnOver
from mixminus.speech.timing import spoken_words

FACTS = Facts(Sid("VX1"), Sid("AC1"), Sid("CA1"), "+1", "+2", "inbound", "in-progress")
EXAMPLES = int(os.environ.get("MIXMINUS_SEQUENCES", "60"))

WORDS = st.sampled_from(["Hi. ", "one two, ", "Good day! ", "", "…", " \n", "and "])
ALLOWED = st.sampled_from([None, True, False, "dtmf", "speech"])
MESSAGES = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("text"), "token": WORDS},
        optional={"last": st.booleans(), "interruptible": ALLOWED, "preemptible": st.booleans()},
    ),
    st.fixed_dictionaries({"type": st.just("play"), "source": st.just("x.wav")}, optional={"loop": st.just(2)}),
    st.fixed_dictionaries({"type": st.just("sendDigits"), "digits": st.just("12#")}),
    st.fixed_dictionaries({"type": st.just("language"), "ttsLanguage": st.just("de-DE")}),
    st.fixed_dictionaries({"type": st.just("interrupt")}),
    st.fixed_dictionaries({"type": st.sampled_from(["dance", "text", "play"])}),
)
TERMS = st.builds(
    Terms,
    st.just("wss://app"),
    greeting=st.sampled_from(["", "Welcome to this."]),
    interruptible=st.sampled_from(list(Input)),
    reported=st.sampled_from(list(Input)),
    preemptible=st.booleans(),
    ignores_backchannel=st.booleans(),
    sends_partial_prompts=st.booleans(),
    sends_dtmf=st.booleans(),
    tells_speakers=st.booleans(),
    tells_tokens=st.booleans(),
    tells_delays=st.booleans(),
)


class SessionLaws(RuleBasedStateMachine):
    """A session, an engine that answers each silence in order, and a voice that makes what it is given."""

    @initialize(terms=TERMS)
    def begin(self, terms: Terms) -> None:
        self.session = Session(FACTS, terms)
        self.said = self.played = 0
        """Octets since the last silence."""
        self.owed: list[tuple[int, int]] = []
        """Said and played, at silences that the engine has not answered."""
        self.is_making = False
        self.told: list[dict[str, Any]] = []
        self.finishes = 0
        self.do(self.session.open())

    def do(self, actions: list[Action]) -> None:
        for action in actions:
            assert self.finishes == 0, "something is to be done after the end"
            match action:
                case Tell(message):
                    self.told.append(json.loads(message))
                case Silence():
                    self.owed.append((self.said, self.played))
                    self.said = self.played = 0
                    self.is_making = False
                case Finish():
                    self.finishes += 1

    @rule(message=MESSAGES)
    def application_speaks(self, message: dict[str, Any]) -> None:
        self.do(self.session.received(json.dumps(message).encode()))

    @rule(data=st.binary(max_size=8))
    def application_babbles(self, data: bytes) -> None:
        self.do(self.session.received(data))

    @rule(pattern=st.text("#.", max_size=40))
    def time_passes(self, pattern: str) -> None:
        for frame in pattern:
            self.do(self.session.frame(frame == "#"))

    @rule(words=st.sampled_from(["", "yes", "okay", "stop it now"]), settles=st.booleans())
    def words_come(self, words: str, settles: bool) -> None:
        self.do(self.session.recognised(Phrase(words, "en-US", settles)))

    @rule(words=st.sampled_from(["", "mhm", "wait a"]))
    def a_guess_comes(self, words: str) -> None:
        self.do(self.session.recognised(Guess(words, "en-US")))

    @rule()
    def a_model_is_sure(self) -> None:
        self.do(self.session.recognised(TurnOver()))

    @rule(digit=st.sampled_from("0*#"))
    def a_key_is_pressed(self, digit: str) -> None:
        self.do(self.session.pressed(digit))

    @rule()
    def a_chunk_is_begun(self) -> None:
        if not self.is_making and self.session.state is not SessionState.OVER:
            self.is_making = self.session.talk.next() is not None

    @rule(octets=st.integers(0, 8_000), is_all=st.booleans())
    def sound_is_made(self, octets: int, is_all: bool) -> None:
        if self.is_making:
            self.session.talk.sounds(octets, spoken_words("one two three", octets) if is_all else ())
            self.said += octets
            if is_all:
                self.session.talk.made()
                self.is_making = False
            self.do(self.session.speaks() if self.finishes == 0 else [])

    @rule(octets=st.integers(0, 8_000))
    def the_engine_plays(self, octets: int) -> None:
        if not self.owed and self.finishes == 0:
            self.played = min(self.said, self.played + octets)
            self.do(self.session.played(self.played))

    @rule(more=st.integers(0, 320))
    def the_engine_answers_a_silence(self, more: int) -> None:
        if self.owed and self.finishes == 0:
            said, played = self.owed.pop(0)
            self.do(self.session.cut_off(min(said, played + more)))

    @rule(fault=st.sampled_from([None, "it broke"]))
    def the_socket_is_gone(self, fault: str | None) -> None:
        if len(self.told) > 20:  # else nothing would live for long
            self.do(self.session.closed(fault))

    @rule()
    def the_recogniser_is_gone(self) -> None:
        if len(self.told) > 30:
            self.do(self.session.recognised(Failure("gone")))

    @invariant()
    def setup_is_first_and_once(self) -> None:
        if hasattr(self, "told"):
            assert [one["type"] for one in self.told].count("setup") == 1
            assert self.told[0]["type"] == "setup"

    @invariant()
    def it_ends_once_and_with_a_verdict(self) -> None:
        if hasattr(self, "session"):
            is_over = self.session.state is SessionState.OVER
            assert self.finishes == int(is_over)
            if is_over:
                assert self.session.verdict is not None
                assert (self.session.verdict.status is Status.FAILED) == (self.session.verdict.error_code is not None)

    @invariant()
    def only_what_was_asked_for_is_told(self) -> None:
        if not hasattr(self, "session"):
            return
        terms = self.session.terms
        kinds = {one["type"] for one in self.told}
        assert terms.sends_dtmf or "dtmf" not in kinds
        assert terms.sends_partial_prompts or all(one["last"] for one in self.told if one["type"] == "prompt")
        assert all(one["voicePrompt"] for one in self.told if one["type"] == "prompt")
        names = {one["name"] for one in self.told if one["type"] == "info"}
        assert terms.tells_speakers or not names & {"clientSpeaking", "agentSpeaking"}
        assert terms.tells_tokens or "tokensPlayed" not in names

    @invariant()
    def interruptions_make_sense(self) -> None:
        for one in getattr(self, "told", ()):
            if one["type"] == "interrupt":
                assert one["durationUntilInterruptMs"] >= 0
                assert one["durationUntilInterruptMs"] > 0 or not one["utteranceUntilInterrupt"]

    @invariant()
    def speakers_begin_and_cease_in_turn(self) -> None:
        for name in ("clientSpeaking", "agentSpeaking"):
            values = [
                one["value"] for one in getattr(self, "told", ()) if one["type"] == "info" and one["name"] == name
            ]
            assert values == ["on", "off"] * (len(values) // 2) + ["on"] * (len(values) % 2)

    def teardown(self) -> None:
        if hasattr(self, "session"):
            while self.owed and self.finishes == 0:
                said, _ = self.owed.pop(0)
                self.do(self.session.cut_off(said))
            self.do(self.session.hung_up())
            assert self.finishes == 1


SessionLaws.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=60, deadline=None)
TestSessionLaws = SessionLaws.TestCase
