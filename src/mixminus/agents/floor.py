"""Whose turn it is when the caller makes a sound while the agent speaks. Pure: a table of states, and one judgement.

The agent falls silent at once, because a caller who is not heard repeats himself. That decides nothing: what it had
still to say is held. A sound that goes on is an interruption, and takes the floor. One that ends early is looked at:
words take the floor; "mhm", a cough, nothing at all give it back, and the agent goes on where it was.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from mixminus.agents import spoken
from mixminus.agents.intake import Expects
from mixminus.agents.spoken import Reply

LONG_S: Final = 1.2
"""So much speech is no "mhm" any more: "uh huh, okay" takes up to 1.0 s."""
SHORT_S: Final = 0.7
"""What a recogniser makes of less is not believed, unless it is a word that people interrupt with."""
PAUSE_S: Final = 0.13
"""So much silence ends a sound over the agent's speech: sooner than a phrase, since the agent stands waiting."""
WORDS_WITHIN_S: Final = 0.6
"""So long the recogniser may take; then the sound's length decides alone."""


class State(Enum):
    FREE = auto()
    """The agent is silent, or speaks undisturbed."""
    HELD = auto()
    """The caller makes a sound, and the agent has stopped in mid-speech."""
    JUDGING = auto()
    """The sound has ended; its words are awaited."""


class Ev(Enum):
    OVER = auto()
    """A sound begins while the agent speaks."""
    ENDED = auto()
    MEANT = auto()
    """It was an interruption."""
    NOTHING = auto()
    """It was none."""


class Act(Enum):
    HOLD = auto()
    RESUME = auto()
    YIELD = auto()


STEPS: Final[dict[State, dict[Ev, tuple[State, Act | None]]]] = {
    State.FREE: {Ev.OVER: (State.HELD, Act.HOLD)},
    State.HELD: {
        Ev.OVER: (State.HELD, None),
        Ev.ENDED: (State.JUDGING, None),
        Ev.MEANT: (State.FREE, Act.YIELD),
        Ev.NOTHING: (State.FREE, Act.RESUME),
    },
    State.JUDGING: {
        Ev.OVER: (State.HELD, None),
        Ev.ENDED: (State.JUDGING, None),
        Ev.MEANT: (State.FREE, Act.YIELD),
        Ev.NOTHING: (State.FREE, Act.RESUME),
    },
}


@dataclass(slots=True)
class Floor:
    """One call's floor. An event that the table does not know changes nothing."""

    state: State = State.FREE
    spoken_s: float = 0.0
    """Speech in the sounds since the agent was stopped."""
    words: str = ""

    def take(self, event: Ev) -> Act | None:
        """One step."""
        step = STEPS[self.state].get(event)
        if step is None:
            return None
        if self.state is State.FREE:
            self.spoken_s, self.words = 0.0, ""
        self.state, act = step
        return act

    def speaking(self, spoken_s: float) -> Act | None:
        """The sound goes on; there was so much speech in it."""
        return self.take(Ev.MEANT) if self.state is State.HELD and self.spoken_s + spoken_s >= LONG_S else None

    def ended(self, spoken_s: float) -> None:
        """The sound is over."""
        self.spoken_s += spoken_s
        self.take(Ev.ENDED)

    def heard(self, text: str | None, expects: Expects) -> Act | None:
        """What the recogniser made of it; None: it took too long."""
        self.words = f"{self.words} {text or ''}".strip()
        if self.state is not State.JUDGING:
            return None
        return self.take(
            Ev.MEANT if means_it(self.words, self.spoken_s, expects, knows=text is not None) else Ev.NOTHING
        )


COMMANDS: Final = frozenset(
    {
        "stop", "wait", "hold", "no", "nope", "hello", "excuse", "sorry", "moment", "minute", "second", "human",
        "operator", "person", "agent", "representative", "emergency", "help", "question", "wrong", "repeat",
        "again", "pardon", "what", "who", "why", "how", "when", "where", "can", "could", "goodbye", "bye",
    }
)  # fmt: skip
"""Whoever says one of these wants the agent to stop, however shortly."""
BACKCHANNELS: Final = frozenset(
    {
        "mhm", "mm", "hmm", "hm", "um", "hum", "uh", "huh", "ah", "aha", "oh", "okay", "ok", "yeah", "yep", "yes",
        "yup", "right", "sure", "all", "alright", "good", "fine", "great", "i", "see", "got", "it", "thanks",
        "thank", "you", "that's", "is", "true", "exactly", "really", "wow", "cool", "ha", "ja", "m", "so", "nice",
    }
)  # fmt: skip
"""Words that say "go on"."""
ANSWERS: Final = frozenset({"yes", "yep", "yup", "correct", "no", "nope", "wrong", "incorrect"})
"""An answer to a yes-or-no question may come before its end. "Right" and "okay" are too often none."""


def means_it(text: str, spoken_s: float, expects: Expects, *, knows: bool = True) -> bool:
    """Whether a sound over the agent's speech asks it to stop. *knows*: somebody listened for words."""
    said = spoken.words(text)
    if not said:
        return not knows and spoken_s >= SHORT_S
    if set(said) & COMMANDS or spoken.is_emergency(text):
        return True
    if expects is Expects.CHOICE and set(said) & ANSWERS and spoken.reply(text) is not Reply.NEITHER:
        return True
    if expects is Expects.NUMBER and len(spoken.digits(text)) >= 2:
        return True
    return spoken_s >= SHORT_S and not set(said) <= BACKCHANNELS


def either(by_grammar: str, by_dictation: str) -> str:
    """Choose between two readings of a short sound over speech.

    Dictation hears sentences in a cough; a grammar of commands and "mhm"s tells one from the other. What dictation
    calls a backchannel is never taken for a command: "oh" sounds like "no".
    """
    guided, free = spoken.words(by_grammar), spoken.words(by_dictation)
    if set(guided) & COMMANDS:
        return by_dictation if free and set(free) <= BACKCHANNELS else by_grammar
    return by_grammar if guided and len(free) <= 3 else by_dictation
