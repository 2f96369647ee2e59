"""What callers do, as values: sounds into the agent's speech, and answers to its questions. From a seed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from bench.listening import sounds
from bench.listening.voices import Voice
from bench.speech import Samples


class Kind(StrEnum):
    """What a sound over the agent's speech is."""

    INTERRUPTION = "interruption"
    BACKCHANNEL = "backchannel"
    COUGH = "cough"
    KNOCK = "knock"
    MUSIC = "music"


@dataclass(frozen=True, slots=True)
class Over:
    """A sound that begins when the agent has spoken for so long."""

    kind: Kind
    name: str
    sound: Samples
    after_s: float


class Pause(StrEnum):
    """Where a caller pauses in an answer."""

    NONE = "none"
    INSIDE = "inside"
    """Where nobody ends a sentence."""
    AFTERTHOUGHT = "afterthought"
    """Where the sentence could have been over. No words tell, so it is reported apart."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of one part, or of two with so much silence between them."""

    name: str
    pause: Pause
    parts: tuple[Samples, ...]
    pause_s: float

    @property
    def sound(self) -> Samples:
        if len(self.parts) == 1:
            return self.parts[0]
        return sounds.joined(self.parts[0], sounds.silence(self.pause_s), self.parts[1])


@dataclass(frozen=True, slots=True)
class Script:
    """One call: what is said in it, and how noisy the caller's room is (None: silent)."""

    name: str
    acts: tuple[Over | Answer, ...]
    noise_db: float | None = None


INTERRUPTIONS: Final = (
    "Excuse me, I have a question about that.",
    "Wait, that is not what I want.",
    "Can I speak to a person please?",
    "No, no, I called about my bill.",
    "Hold on a moment please.",
    "I just want to leave a message for the doctor.",
    "Stop.",
    "Wait a minute.",
)
"""Two of eight are short."""
PERSONS_INTERRUPTIONS: Final[Mapping[str, str]] = {
    "One moment please.": "one-moment-please",
    "Please try again.": "please-try-again",
    "I'm sorry, that's not a valid extension.": "pbx-invalid",
    "I'm sorry, I didn't understand your response.": "privacy-incorrect",
}
BACKCHANNELS: Final = ("Um hum.", "Uh huh.", "Okay.", "Yeah.", "Right.", "I see.", "All right.", "Um hum, um hum.")
"""`um hum` is how these voices say "mhm": "mhm" itself they spell."""

DIALOGUE: Final = (
    ("My name is Jack Miller.", "This is Alice Brown.", "It's Peter Wilson."),
    ("five five five, oh one three four", "two oh seven, four four one nine", "six one four, nine eight two three"),
    ("Yes.", "Yes, that is right.", "That's correct."),
    ("I need a refill of my prescription.", "I want to change my appointment.", "I have a question about my bill."),
    ("Yes, that is right.", "Yes.", "That is right."),
)
"""What an intake asks for, in its order; one of each row is said. Any agent has to wait for the end of it."""
BROKEN: Final = (
    (("My name is,", "Jack Miller."), ("Um, this is,", "Alice Brown."), ("It's uh,", "Peter Wilson.")),
    (
        ("five five five,", "oh one three four"),
        ("two oh seven four,", "four one nine"),
        ("six one,", "four nine eight two three"),
    ),
    (("Well,", "yes, that is right."), ("Um,", "yes."), ("I think,", "that's correct.")),
    (
        ("I need a refill of,", "my prescription."),
        ("I want to,", "change my appointment."),
        ("I have a question about my,", "bill from March."),
    ),
    (("Um,", "yes, that is right."), ("Well,", "yes."), ("I think,", "that is right.")),
)  # fmt: skip
AFTERTHOUGHTS: Final = (
    ("I need a refill.", "Of my blood pressure medication."),
    ("I have a question.", "About the bill from March."),
    ("I want to talk to my doctor.", "Because my knee hurts."),
)
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 1.5


class Author:
    """Writes scripts: every kind of sound by every voice in turn, moments and pauses by chance."""

    def __init__(
        self, voices: Mapping[str, Voice], person: Mapping[str, Samples], seed: int, greeting_s: float
    ) -> None:
        self._voices = list(voices.items())
        self._person = list(person.items())
        self._draw = np.random.default_rng(seed)
        self._greeting_s = greeting_s
        self._latest_s = max(1.0, 0.55 * greeting_s)

    def over(self, kind: Kind, number: int) -> Script:
        """A call whose first act is a sound over the greeting; an interruption is one that goes unanswered else."""
        name, sound = self._sound(kind, number)
        latest_s = max(1.0, min(self._latest_s, self._greeting_s - len(sound) / sounds.RATE_HZ - 1.5))
        act = Over(kind, name, sound, float(self._draw.uniform(0.7, latest_s)))
        return Script(f"{kind.value}-{number}", (act,), self._noise(number))

    def talk(self, number: int) -> Script:
        """A whole intake. A third of its answers have a pause inside; one call in three has an afterthought."""
        name, voice = self._voices[number % len(self._voices)]
        acts: list[Answer] = []
        for turn, (whole, broken) in enumerate(zip(DIALOGUE, BROKEN, strict=True)):
            parts: tuple[str, ...] = (whole[number % len(whole)],)
            pause = Pause.NONE
            if (turn + number) % 3 == 0:
                parts, pause = broken[number % len(broken)], Pause.INSIDE
            elif turn == 3 and number % 3 == 1:
                parts, pause = AFTERTHOUGHTS[number // 3 % len(AFTERTHOUGHTS)], Pause.AFTERTHOUGHT
            spoken = tuple(voice.say(part) for part in parts)
            seconds = float(self._draw.uniform(SHORTEST_PAUSE_S, LONGEST_PAUSE_S)) if len(parts) > 1 else 0.0
            acts.append(Answer(f"{name}: {' … '.join(parts)}", pause, spoken, seconds))
        return Script(f"talk-{number}", tuple(acts), self._noise(number))

    def _sound(self, kind: Kind, number: int) -> tuple[str, Samples]:
        match kind:
            case Kind.COUGH:
                return f"cough {number}", sounds.cough(self._draw)
            case Kind.KNOCK:
                return f"knock {number}", sounds.knock(self._draw)
            case Kind.MUSIC:
                return f"music {number}", sounds.music(self._draw, 4.0)
            case Kind.INTERRUPTION if self._person and number % 5 == 4:
                return self._by_person(number // 5)
        name, voice = self._voices[number % len(self._voices)]
        texts = INTERRUPTIONS if kind is Kind.INTERRUPTION else BACKCHANNELS
        text = texts[(number // len(self._voices) + number) % len(texts)]
        return f"{name}: {text}", voice.say(text)

    def _by_person(self, number: int) -> tuple[str, Samples]:
        text, sound = self._person[number % len(self._person)]
        return f"person: {text}", sound

    def _noise(self, number: int) -> float | None:
        """Every third caller's room is noisy, 15 to 25 dB below the voice."""
        return float(self._draw.uniform(15, 25)) if number % 3 == 2 else None


def scripts(author: Author, turns: int) -> Iterator[Script]:
    """About *turns* answers, and as many sounds over speech; interruptions and the others by halves."""
    for number in range(max(1, turns // 5)):
        yield author.talk(number)
    for number in range(max(1, turns // 2)):
        yield author.over(Kind.INTERRUPTION, number)
    for number in range(max(1, turns // 4)):
        yield author.over(Kind.BACKCHANNEL, number)
    for kind in (Kind.COUGH, Kind.KNOCK, Kind.MUSIC):
        for number in range(max(1, turns // 12)):
            yield author.over(kind, number)
