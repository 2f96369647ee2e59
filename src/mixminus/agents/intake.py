"""The after-hours intake: takes a name, a number and a reason, reads them back, and gets a person when asked. Pure.

Values in, values out: `Intake` is where the talk stands, `Turn` is what to say and which tools to use. Nothing here
hears, speaks or waits.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

import msgspec

from mixminus.agents import spoken
from mixminus.agents.spoken import Reply

MISSES: Final = 3
"""So often in a row nothing fits the question; then a person is wanted, or the caller is gone."""


class Stage(StrEnum):
    NAME = "name"
    NUMBER = "number"
    CHECK_NUMBER = "check-number"
    REASON = "reason"
    CHECK_ALL = "check-all"
    CHANGE = "change"
    KEEPING = "keeping"
    """The note is being written; the caller waits."""
    FETCHING = "fetching"
    """A person is being called."""
    OVER = "over"


CHANGEABLE: Final = {
    Stage.NAME: {"name"},
    Stage.NUMBER: {"number", "phone"},
    Stage.REASON: {"reason", "message"},
}
"""What a caller may ask to say anew, and the words for it."""


class Expects(StrEnum):
    """What kind of words the question asks for. A recogniser with a small grammar listens for these."""

    ANYTHING = "anything"
    NUMBER = "number"
    CHOICE = "choice"
    OVERLAP = "overlap"
    """Nothing was asked: a short sound while the agent speaks, a "stop" or an "mhm"."""


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words. `{name}`, `{number}` and `{reason}` are filled in."""

    greeting: str = "Hello. Our office is closed now. I can take a message. Say human at any time to reach a person."
    ask_name: str = "May I have your name?"
    ask_number: str = "Thank you, {name}. What number can we call you back on?"
    check_number: str = "I have {number}. Is that right?"
    ask_reason: str = "And what is the reason for your call?"
    check_all: str = "Let me read that back. {name}, at {number}, about: {reason}. Is that right?"
    ask_change: str = "What should I change: the name, the number, or the reason?"
    unclear: str = "Sorry, I did not get that."
    kept: str = "Thank you. I have written that down, and we will call you back. Goodbye."
    not_kept: str = "I am sorry, I could not write that down. Let me get a person."
    fetching: str = "I am getting a person for you. Please stay on the line."
    emergency: str = "I am getting a person for you right now. If somebody is in danger, hang up and dial 9 1 1."
    nobody: str = "I am sorry, nobody can take your call right now. I will take a message instead."
    goodbye: str = "I cannot hear you. Please call again. Goodbye."

    def spoken(self) -> list[str]:
        """Every text that is said as it is here."""
        return [text for text in msgspec.structs.astuple(self) if text and "{" not in text]


@dataclass(frozen=True, slots=True)
class Intake:
    """Where the talk stands."""

    stage: Stage = Stage.NAME
    name: str = ""
    number: str = ""
    reason: str = ""
    misses: int = 0
    changing: bool = False
    """One thing is being said anew; after it comes the reading back."""
    fetched: bool = False
    """A person was called already."""

    @property
    def expects(self) -> Expects:
        match self.stage:
            case Stage.NUMBER:
                return Expects.NUMBER
            case Stage.CHECK_NUMBER | Stage.CHECK_ALL | Stage.CHANGE:
                return Expects.CHOICE
        return Expects.ANYTHING


@dataclass(frozen=True, slots=True)
class Use:
    """A tool to use, and what it is to be told."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Turn:
    """What the agent does next: say something, then use tools. `over`: nothing more will be said."""

    say: str = ""
    use: tuple[Use, ...] = ()
    over: bool = False


Step = tuple[Intake, Turn]


def opening(script: Script) -> Step:
    """Begin."""
    return Intake(), Turn(f"{script.greeting} {script.ask_name}")


def hear(script: Script, at: Intake, text: str) -> Step:
    """The caller said *text*, a whole turn."""
    if at.stage in (Stage.OVER, Stage.KEEPING, Stage.FETCHING):
        return at, Turn()
    if spoken.is_emergency(text):
        return _fetch(at, script.emergency, f"emergency: {text}")
    if spoken.wants_person(text) and not at.fetched:
        return _fetch(at, script.fetching, f"the caller asked for a person: {text}")
    match at.stage:
        case Stage.NAME:
            name = spoken.name(text)
            return _miss(script, at) if name is None else _next(script, replace(at, name=name, misses=0))
        case Stage.NUMBER:
            number = spoken.number(text)
            if number is None:
                return _miss(script, at)
            return _ask(script, replace(at, number=number, stage=Stage.CHECK_NUMBER, misses=0))
        case Stage.REASON:
            reason = text.strip().rstrip(".")
            return (
                _miss(script, at) if not spoken.words(reason) else _next(script, replace(at, reason=reason, misses=0))
            )
        case Stage.CHANGE:
            return _change(script, at, text)
    return _checked(script, at, text)


def press(script: Script, at: Intake, keys: str) -> Step:
    """The caller pressed *keys*: 0 for a person, 1 and 2 for yes and no, a number where one is asked for."""
    if keys == "0" and at.stage is not Stage.NUMBER:
        return hear(script, at, "human")
    if at.stage in (Stage.CHECK_NUMBER, Stage.CHECK_ALL) and keys in ("1", "2"):
        return hear(script, at, "yes" if keys == "1" else "no")
    return hear(script, at, keys.strip("#*")) if at.stage is Stage.NUMBER else (at, Turn())


def silence(script: Script, at: Intake) -> Step:
    """The caller has not said anything for a while after the question."""
    if at.stage in (Stage.OVER, Stage.KEEPING, Stage.FETCHING):
        return at, Turn()
    if at.misses + 1 >= MISSES:
        return replace(at, stage=Stage.OVER), Turn(script.goodbye, (Use("end_call"),), over=True)
    return replace(at, misses=at.misses + 1), Turn(_question(script, at))


def used(script: Script, at: Intake, tool: str, *, ok: bool) -> Step:
    """A tool has answered."""
    match at.stage, ok:
        case Stage.KEEPING, True:
            return replace(at, stage=Stage.OVER), Turn(script.kept, (Use("end_call"),), over=True)
        case Stage.KEEPING, False if not at.fetched:
            return _fetch(at, script.not_kept, f"the note could not be kept: {at.name} {at.number} {at.reason}")
        case Stage.KEEPING, False:
            return replace(at, stage=Stage.OVER), Turn(script.not_kept, (Use("end_call"),), over=True)
        case Stage.FETCHING, True:
            return replace(at, stage=Stage.OVER), Turn(over=True)
        case Stage.FETCHING, False:
            resumed = _resumed(at)
            return resumed, Turn(f"{script.nobody} {_question(script, resumed)}")
    return at, Turn()


def note(at: Intake) -> dict[str, str]:
    """What is kept."""
    return {"name": at.name, "number": at.number, "reason": at.reason}


def _next(script: Script, at: Intake) -> Step:
    """Go to the first thing that is not known yet, or read everything back."""
    stage = Stage.CHECK_ALL
    if not at.changing or not (at.name and at.number and at.reason):
        missing = [
            each
            for each, known in ((Stage.NAME, at.name), (Stage.NUMBER, at.number), (Stage.REASON, at.reason))
            if not known
        ]
        stage = missing[0] if missing else Stage.CHECK_ALL
    return _ask(script, replace(at, stage=stage, changing=at.changing and stage is not Stage.CHECK_ALL))


def _checked(script: Script, at: Intake, text: str) -> Step:
    answer = spoken.reply(text)
    if answer is Reply.NEITHER and (corrected := spoken.number(text)) and at.stage is Stage.CHECK_NUMBER:
        return _ask(script, replace(at, number=corrected, misses=0))  # said again instead of yes or no
    if answer is Reply.NEITHER:
        return _miss(script, at)
    if at.stage is Stage.CHECK_NUMBER:
        if answer is Reply.YES:
            return _next(script, replace(at, misses=0))
        if corrected := spoken.number(text):  # "no, it is 555 0134"
            return _ask(script, replace(at, number=corrected, misses=0))
        return _ask(script, replace(at, number="", stage=Stage.NUMBER, misses=0))
    if answer is Reply.NO:
        return _ask(script, replace(at, stage=Stage.CHANGE, misses=0))
    return replace(at, stage=Stage.KEEPING, misses=0), Turn(use=(Use("take_note", note(at)),))


def _change(script: Script, at: Intake, text: str) -> Step:
    said = set(spoken.words(text))
    for stage, named in CHANGEABLE.items():
        if named & said:
            return _ask(script, replace(at, stage=stage, changing=True, misses=0))
    return _miss(script, at)


def _miss(script: Script, at: Intake) -> Step:
    if at.misses + 1 >= MISSES and not at.fetched:
        return _fetch(at, script.fetching, "the caller could not be understood")
    return replace(at, misses=at.misses + 1), Turn(f"{script.unclear} {_question(script, at)}")


def _fetch(at: Intake, say: str, reason: str) -> Step:
    told = {"reason": reason[:500]}
    return replace(at, stage=Stage.FETCHING, fetched=True, misses=0), Turn(say, (Use("escalate", told),))


def _resumed(at: Intake) -> Intake:
    """Nobody came: go on with the message, where it was left."""
    for stage, known in ((Stage.NAME, at.name), (Stage.NUMBER, at.number), (Stage.REASON, at.reason)):
        if not known:
            return replace(at, stage=stage, misses=0)
    return replace(at, stage=Stage.CHECK_ALL, misses=0)


def _ask(script: Script, at: Intake) -> Step:
    return at, Turn(_question(script, at))


def _question(script: Script, at: Intake) -> str:
    asked = {
        Stage.NAME: script.ask_name,
        Stage.NUMBER: script.ask_number,
        Stage.CHECK_NUMBER: script.check_number,
        Stage.REASON: script.ask_reason,
        Stage.CHECK_ALL: script.check_all,
        Stage.CHANGE: script.ask_change,
    }[at.stage]
    known = {"name": at.name, "number": spoken.spelled(at.number), "reason": at.reason}
    for slot, value in known.items():
        asked = asked.replace(f"{{{slot}}}", value)
    return asked
