"""The service answers one response at a time: what may be asked for when, and whose audio is still wanted. Pure."""

from enum import Enum, auto
from typing import Final


class Stage(Enum):
    IDLE = auto()
    ASKED = auto()
    """A response was asked for, and is not there yet."""
    RUNNING = auto()
    CUT = auto()
    """It was interrupted; what still comes of it is dropped until it is done."""


class Step(Enum):
    ASK = auto()
    CREATED = auto()
    DONE = auto()
    CUT = auto()
    BUSY = auto()
    """We asked, and were told that there is a response already."""
    NONE = auto()
    """We asked, or cancelled, and were told that there is none."""
    LOST = auto()
    """The session is gone, and its response with it."""


STEPS: Final = {
    (Stage.IDLE, Step.ASK): Stage.ASKED,
    (Stage.IDLE, Step.CREATED): Stage.RUNNING,
    (Stage.ASKED, Step.CREATED): Stage.RUNNING,
    (Stage.ASKED, Step.CUT): Stage.CUT,
    (Stage.ASKED, Step.BUSY): Stage.RUNNING,
    (Stage.ASKED, Step.NONE): Stage.IDLE,
    (Stage.ASKED, Step.DONE): Stage.ASKED,  # of the one before
    (Stage.RUNNING, Step.CUT): Stage.CUT,
    (Stage.RUNNING, Step.DONE): Stage.IDLE,
    (Stage.CUT, Step.DONE): Stage.IDLE,
    (Stage.CUT, Step.NONE): Stage.IDLE,
    (Stage.CUT, Step.BUSY): Stage.CUT,
}
"""A step that is not here changes nothing: the service's events and ours cross on the way."""


class Responses:
    """Which response there is, and whether one is owed."""

    def __init__(self) -> None:
        self.stage = Stage.IDLE
        self.is_owed = False
        """Something was put into the conversation that the model has to speak about."""
        self._unseen: set[str] = set()
        """Items that we made, and that the service has not confirmed: a response may not know them."""
        self._cut: set[str] = set()
        self._current = ""

    @property
    def is_idle(self) -> bool:
        return self.stage is Stage.IDLE

    def owe(self, item: str = "") -> None:
        """The model has to speak, about *item* if there is one."""
        self.is_owed = True
        if item:
            self._unseen.add(item)

    def confirmed(self, item: str) -> None:
        self._unseen.discard(item)

    def step(self, step: Step) -> None:
        if step is Step.ASK:
            self.is_owed = False
        elif step is Step.LOST:
            self.is_owed = self.is_owed or self.stage in (Stage.ASKED, Stage.RUNNING)
            self.stage, self._current = Stage.IDLE, ""
            self._unseen.clear()
            self._cut.clear()
        self.stage = STEPS.get((self.stage, step), self.stage)

    def created(self, response: str) -> None:
        """One has begun, asked for or not."""
        if not self._unseen and self.stage is not Stage.CUT:
            self.is_owed = False
        self.step(Step.CREATED)
        self._current = response
        if self.stage is Stage.CUT:
            self._cut.add(response)

    def done(self, response: str) -> None:
        self._cut.discard(response)
        if response == self._current or not self._current:
            self.step(Step.DONE)
            self._current = ""

    def cut(self) -> Stage:
        """Interrupt. Returns where it stood before."""
        before = self.stage
        if before is Stage.RUNNING:
            self._cut.add(self._current)
        self.step(Step.CUT)
        return before

    def is_wanted(self, response: str) -> bool:
        """Whether its audio is to be heard."""
        return response not in self._cut
