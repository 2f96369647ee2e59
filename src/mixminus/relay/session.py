"""One session with an application, from `setup` to the end: what comes in goes in, what is to be done comes out.

There is no clock: time is the frames that were heard, and what was heard of the agent is what the engine says was
played (twiml-and-streams.md, section 5).
"""

from enum import Enum, auto
from typing import Final

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
from mixminus.relay.faults import BROKEN_OFF, INVALID_PAYLOAD, MALFORMED, MEDIA_FAILED
from mixminus.relay.messages import Dtmf, Error, Facts, Info, Interrupt, Prompt, ToApplication, encode, setup
from mixminus.relay.reading import End, Ignored, Malformed, Play, Request, SendDigits, Switch, Text, read
from mixminus.relay.talk import Chunk, Cut, Talk
from mixminus.relay.terms import Input, Terms
from mixminus.speech.contract import FRAME_MS, Failure, Recognised
from mixminus.speech.patience import is_backchannel
from mixminus.speech.turns import Began, Resumed, Settle, SoFar, Turn, TurnEvent, TurnTaking, TurnTerms

MOST_MALFORMED: Final = 10
"""In a row."""
STALE_FRAMES: Final = 25
"""500 ms: so long after an interruption text may still come that was sent before the application knew of it."""
LONG_BACKCHANNEL_MS: Final = 800
"""Of voice: nobody says "mhm" for longer, so it is an interruption before its words are known."""
DRAIN_FRAMES: Final = 3_000
"""60 s: so long what was said before `end` is still played."""


class SessionState(Enum):
    CONNECTING = auto()
    OPEN = auto()
    ENDING = auto()
    """The application has said `end`; what it said before is still heard."""
    OVER = auto()


class Step(Enum):
    OPEN = auto()
    END = auto()
    STOP = auto()


STEPS: Final[dict[SessionState, dict[Step, SessionState]]] = {
    SessionState.CONNECTING: {Step.OPEN: SessionState.OPEN, Step.STOP: SessionState.OVER},
    SessionState.OPEN: {Step.END: SessionState.ENDING, Step.STOP: SessionState.OVER},
    SessionState.ENDING: {Step.STOP: SessionState.OVER},
    SessionState.OVER: {},
}


_NOT_ENDING: Final = frozenset({SessionState.CONNECTING, SessionState.OPEN})


class LocalRelayError(Exception):
    """We tried to take a step that is not there."""


class Session:
    """The machine. Every method returns what is to be done, in order."""

    def __init__(self, facts: Facts, terms: Terms) -> None:
        self.facts = facts
        self.terms = terms
        self.state = SessionState.CONNECTING
        self.verdict: Verdict | None = None
        self.talk = Talk(terms.speaker.language)
        self.refused = 0
        """Messages that were not obeyed."""
        self._turns = TurnTaking(TurnTerms(terms.begin_frames, terms.speech_timeout_ms, terms.hearer.language))
        self._frames = 0
        self._bad_in_a_row = 0
        self._stale_until = 0
        """Until this frame text belongs to a cycle that was interrupted."""
        self._cuts: list[tuple[Cut, bool]] = []
        """Whose figures the engine owes, oldest first, and whether the application is told of them."""
        self._held: list[ToApplication] = []
        """Behind the `interrupt` that waits for its figures."""
        self._is_over_talk = False
        """The caller's last word fell into the agent's speech."""
        self._was_speaking = False
        self._prompted_at: int | None = None
        self._drained_by = 0

    # --- its life -------------------------------------------------------------------------------------------------

    def open(self) -> list[Action]:
        """The WebSocket is up."""
        self._step(Step.OPEN)
        if self.terms.greeting:
            cycle = (self.terms.greeting_interruptible, False)
            self.talk.token(self.terms.greeting, last=True, language=None, cycle=cycle)
        return self._tell(setup(self.facts))

    def closed(self, fault: str | None) -> list[Action]:
        """The WebSocket is gone; None: the application closed it properly."""
        if self.state is SessionState.ENDING:
            return []  # it has said all it wanted to, and what it said is still heard
        if fault is None and self.state is SessionState.OPEN:
            return self._end(Verdict(Status.ENDED))
        return self._over(Verdict(Status.FAILED, error_code=BROKEN_OFF, error_message=fault or "It was closed"))

    def hung_up(self) -> list[Action]:
        """The call, or what it did, came to its end. An `end` that was on its way stands."""
        return self._over(self.verdict or Verdict(Status.COMPLETED))

    def failed(self, code: int, message: str) -> list[Action]:
        """It cannot go on."""
        return self._over(Verdict(Status.FAILED, error_code=code, error_message=message))

    # --- from the application -------------------------------------------------------------------------------------

    def received(self, data: bytes, *, is_text: bool = True) -> list[Action]:
        """One message."""
        if self.state is not SessionState.OPEN:
            return []
        try:
            request = read(data, is_text=is_text)
        except Malformed as error:
            return self._malformed(str(error))
        self._bad_in_a_row = 0
        return self._obey(request)

    def unplayable(self, chunk: Chunk, message: str) -> list[Action]:
        """A chunk cannot be heard; what follows it can."""
        return [Warn(MEDIA_FAILED, message), *self._tell(Error(message))]

    def refuse(self, code: int, message: str) -> list[Action]:
        """What was asked cannot be done; everything stays as it was."""
        self.refused += 1
        return [Warn(code, message), *self._tell(Error(message))]

    # --- from the call --------------------------------------------------------------------------------------------

    def frame(self, is_voice: bool) -> list[Action]:
        """20 ms were heard."""
        self._frames += 1
        if self.state is SessionState.ENDING:
            return self._drained()
        if self.state is not SessionState.OPEN:
            return []
        if is_voice:
            self._is_over_talk = self.talk.is_speaking
        actions = self._follow(self._turns.frame(is_voice))
        if self._lasts_too_long:
            actions += self._interrupt()
        return actions

    def recognised(self, event: Recognised) -> list[Action]:
        """The ear says something."""
        if isinstance(event, Failure):
            return self.failed(MEDIA_FAILED, event.message) if self.state in _NOT_ENDING else []
        if self.state is not SessionState.OPEN:
            return []
        return self._follow(self._turns.recognised(event))

    def pressed(self, digit: str) -> list[Action]:
        """A key."""
        if self.state is not SessionState.OPEN:
            return []
        actions: list[Action] = []
        is_told = self.terms.sends_dtmf
        if self.talk.is_speaking:
            if Input.DTMF in self.talk.interruptible:
                actions = self._interrupt()
            else:
                is_told &= Input.DTMF in self.terms.reported
        if is_told:
            self._stale_until = 0
        return actions + (self._tell(Dtmf(digit)) if is_told else [])

    def played(self, octets: int) -> list[Action]:
        """The engine has played so much since the last cut."""
        self.talk.played(octets)
        actions: list[Action] = []
        if self.terms.tells_tokens and (news := self.talk.news()):
            actions += self._tell(Info("tokensPlayed", news))
        self.talk.forget()
        return actions + self.speaks()

    def cut_off(self, octets: int) -> list[Action]:
        """So much had been played of what was dropped by the oldest `Silence` that was not answered yet."""
        if not self._cuts:
            return []
        cut, is_told = self._cuts.pop(0)
        actions: list[Action] = []
        if self.terms.tells_tokens and (news := cut.news(octets)):
            actions += self._send(Info("tokensPlayed", news))
        if is_told:
            text, duration_ms = cut.heard(octets)
            actions += self._send(Interrupt(text, duration_ms))
        if not self._cuts:
            held, self._held = self._held, []
            for message in held:
                actions += self._send(message)
        return actions

    def speaks(self) -> list[Action]:
        """Look whether the agent has begun or ceased to be heard."""
        if self.talk.is_speaking == self._was_speaking:
            return []
        self._was_speaking = self.talk.is_speaking
        return self._tell_speaker("agentSpeaking", self._was_speaking)

    # --- inside: what the caller does -----------------------------------------------------------------------------

    def _follow(self, events: list[TurnEvent]) -> list[Action]:
        actions: list[Action] = []
        for event in events:
            match event:
                case Began():
                    actions += [BeginPhrase(), *self._tell_speaker("clientSpeaking", True)]
                    if self._may_interrupt and not self.terms.ignores_backchannel:
                        actions += self._interrupt()
                case Resumed():
                    actions.append(BeginPhrase())
                case Settle():
                    actions.append(SettlePhrase())
                case SoFar(text, language):
                    if self._may_interrupt and not is_backchannel(text):
                        actions += self._interrupt()
                    if self.terms.sends_partial_prompts and self._is_reported(text):
                        actions += self._tell(Prompt(text, language, last=False))
                case Turn(text, language):
                    actions += self._turn(text, language)
        return actions

    def _turn(self, text: str, language: str) -> list[Action]:
        actions = self._tell_speaker("clientSpeaking", False)
        is_reported, self._is_over_talk = self._is_reported(text), False
        if not text or not is_reported:
            return actions
        self._stale_until = 0
        self._prompted_at = self._frames
        return actions + self._tell(Prompt(text, language, last=True))

    def _is_reported(self, text: str) -> bool:
        """What falls into the agent's speech and does not interrupt it is told only to those who asked for it."""
        if not self._is_over_talk:
            return True
        if self.terms.ignores_backchannel and is_backchannel(text):
            return False
        return Input.SPEECH in self.terms.reported

    @property
    def _may_interrupt(self) -> bool:
        return self.talk.is_speaking and Input.SPEECH in self.talk.interruptible

    @property
    def _lasts_too_long(self) -> bool:
        is_long = self._turns.voiced_ms >= LONG_BACKCHANNEL_MS
        return is_long and self.terms.ignores_backchannel and self._is_over_talk and self._may_interrupt

    def _interrupt(self) -> list[Action]:
        if self.talk.is_open:
            self._stale_until = self._frames + STALE_FRAMES
        self._is_over_talk = False
        return self._silence(is_told=True)

    def _silence(self, *, is_told: bool) -> list[Action]:
        self._cuts.append((self.talk.cut(), is_told))
        return [Silence(), *self.speaks()]

    # --- inside: what the application says ------------------------------------------------------------------------

    def _obey(self, request: Request) -> list[Action]:
        match request:
            case Text():
                return self._text(request)
            case Play(source, loops):
                cycle = self._cycle(request)
                actions = self._preempt()
                if not self.talk.file(source, loops, cycle):
                    return actions + self.refuse(MALFORMED, "Too much is waiting to be played; this is left out")
                return actions + self.speaks()
            case SendDigits(digits):
                return [PressKeys(digits)]
            case Switch(speaks, hears):
                return self._switch(speaks, hears)
            case End(handoff_data):
                return self._end(Verdict(Status.ENDED, handoff_data))
            case Ignored():
                return []

    def _text(self, text: Text) -> list[Action]:
        if self._frames < self._stale_until:  # of the cycle that was interrupted
            if text.last:
                self._stale_until = 0
            return []
        if not text.token and not self.talk.is_open:
            return []
        actions = self._delay() + self._preempt()
        cycle = self._cycle(text)
        if not self.talk.token(text.token, last=text.last, language=text.language, cycle=cycle):
            return actions + self.refuse(MALFORMED, "Too much text is waiting to be spoken; this is left out")
        return actions + self.speaks()

    def _switch(self, speaks: str | None, hears: str | None) -> list[Action]:
        if speaks is not None:
            self.talk.language = speaks
        if hears is None:
            return []
        self._turns.retune(hears)
        return [ListenAnew(self.terms.hearer_of(hears))]

    def _preempt(self) -> list[Action]:
        return self._silence(is_told=False) if self.talk.preempts() else []

    def _cycle(self, said: Text | Play) -> tuple[Input, bool]:
        interruptible = self.terms.interruptible if said.interruptible is None else said.interruptible
        return interruptible, self.terms.preemptible if said.preemptible is None else said.preemptible

    def _delay(self) -> list[Action]:
        if self._prompted_at is None:
            return []
        delay_ms, self._prompted_at = (self._frames - self._prompted_at) * FRAME_MS, None
        return self._tell(Info("roundTripDelayMs", delay_ms)) if self.terms.tells_delays else []

    def _malformed(self, why: str) -> list[Action]:
        self._bad_in_a_row += 1
        actions = self.refuse(MALFORMED, why)
        if self._bad_in_a_row < MOST_MALFORMED:
            return actions
        verdict = Verdict(
            Status.FAILED,
            error_code=BROKEN_OFF,
            error_message=f"{MOST_MALFORMED} messages in a row were not understood",
        )
        return actions + self._over(verdict, INVALID_PAYLOAD)

    # --- inside: the end ------------------------------------------------------------------------------------------

    def _end(self, verdict: Verdict) -> list[Action]:
        """Once what was said is heard."""
        self._step(Step.END)
        self.talk.close()
        self.verdict = verdict
        self._drained_by = self._frames + DRAIN_FRAMES
        return self._drained()

    def _drained(self) -> list[Action]:
        if self.talk.is_speaking and self._frames < self._drained_by:
            return []
        assert self.verdict is not None
        return self._over(self.verdict)

    def _over(self, verdict: Verdict, close_code: int = 1000) -> list[Action]:
        if self.state is SessionState.OVER:
            return []
        self._step(Step.STOP)
        self.verdict = verdict
        actions: list[Action] = []
        if verdict.error_code is not None:
            actions.append(Warn(verdict.error_code, verdict.error_message or ""))
        return [*actions, Finish(close_code)]

    # --- inside: messages -----------------------------------------------------------------------------------------

    def _tell(self, message: ToApplication) -> list[Action]:
        if self._cuts and any(is_told for _, is_told in self._cuts):
            self._held.append(message)
            return []
        return self._send(message)

    def _send(self, message: ToApplication) -> list[Action]:
        return [Tell(encode(message))]

    def _tell_speaker(self, name: str, speaks: bool) -> list[Action]:
        return self._tell(Info(name, "on" if speaks else "off")) if self.terms.tells_speakers else []

    def _step(self, step: Step) -> None:
        try:
            self.state = STEPS[self.state][step]
        except KeyError:
            raise LocalRelayError(f"{step.name} is not legal while {self.state.name}") from None
