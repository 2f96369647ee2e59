"""What is done for the caller when the service stays away: say so, get a person, else say goodbye. Pure."""

from enum import Enum, auto
from typing import Final

from mixminus.agents.description import Realtime
from mixminus.agents.realtime.calls import UseTool
from mixminus.agents.realtime.outputs import Leave, Output, Voice

REASON: Final = "the voice service does not answer"


class Stage(Enum):
    NONE = auto()
    TELLING = auto()
    FETCHING = auto()
    FETCHED = auto()
    PARTING = auto()
    ENDING = auto()


class Fallback:
    """*tools* are the names of those that the agent has; *name* makes keys that no other stream has."""

    def __init__(self, lines: Realtime, tools: frozenset[str], name: str) -> None:
        self._lines = lines
        self._tools = tools
        self._name = name
        self._fetching = ""
        self.stage = Stage.NONE

    def begin(self) -> Output:
        self.stage = Stage.TELLING
        return Voice(self._lines.trouble)

    def heard(self, running: str | None) -> Output | None:
        """What was said last was heard. *running*: the key of an `escalate` that the model has begun already."""
        match self.stage:
            case Stage.TELLING if "escalate" in self._tools or running:
                self.stage = Stage.FETCHING
                self._fetching = running or f"{self._name}-escalate"
                return None if running else UseTool(self._fetching, "escalate", {"reason": REASON})
            case Stage.TELLING:
                return self._part()
            case Stage.PARTING:
                self.stage = Stage.ENDING
                return UseTool(f"{self._name}-end", "end_call", {}) if "end_call" in self._tools else Leave()
            case _:
                return None

    def answered(self, key: str, *, ok: bool) -> Output | None:
        """A tool has answered, whoever had asked for it."""
        if self.stage is Stage.FETCHING and key == self._fetching:
            if not ok:
                return self._part()
            self.stage = Stage.FETCHED
        return None

    def _part(self) -> Output:
        self.stage = Stage.PARTING
        return Voice(self._lines.nobody)
