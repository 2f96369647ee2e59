"""The shapes of load: how many phones, in what rooms, saying what."""

from dataclasses import dataclass, replace
from typing import Final

from bench.load import sounds
from bench.load.scenario import Scenario

_PACKETS_PER_S: Final = 50
_CALLS_PER_S: Final = 100.0
_IDLE_CALLS_PER_S: Final = 120.0
# Two cores have little left beside the sound of so many.
_CALLS_PER_S_OF_MANY: Final = 60.0
_MANY_LEGS: Final = 2_000

LOW_COMPLEXITY: Final = "low complexity"
"""A wish: encoders are to spend as little as they can."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One load. `coach` and `coachee` are places in every room; the coach is made one by REST, after set-up."""

    name: str
    legs: int
    room_size: int = 3
    talkers: int = 2
    codecs: tuple[str, ...] = ("PCMU",)
    """Phone n speaks the n-th, in turn."""
    quiet_sound: int = sounds.SILENCE
    loss: float = 0.0
    jitter_ms: int = 0
    churn_per_s: float = 0.0
    coach: int | None = None
    coachee: int | None = None
    calls_per_s: float = _CALLS_PER_S
    wish: str = ""
    """What a `Tunable` target is asked for beside the load."""

    @property
    def rooms(self) -> int:
        """Full rooms only."""
        return max(1, self.legs // self.room_size)

    @property
    def packets_per_leg_s(self) -> float:
        """What the average phone sends a second."""
        quiet = self.quiet_sound != sounds.NOTHING
        sending = 1.0 if quiet else min(1.0, self.talkers / self.room_size)
        return _PACKETS_PER_S * sending * (1.0 - self.loss)

    def scenario(self, server: tuple[str, int], numbers: tuple[str, ...]) -> Scenario:
        """Return what the generator is told."""
        return Scenario(
            server,
            numbers,
            room_size=self.room_size,
            talkers=self.talkers,
            calls_per_s=self.calls_per_s,
            quiet_sound=self.quiet_sound,
            codecs=self.codecs,
            loss=self.loss,
            jitter_ms=self.jitter_ms,
            churn_per_s=self.churn_per_s,
            coach=self.coach,
            coachee=self.coachee,
        )


def rooms_of(room_size: int, legs: int, talkers: int = 2) -> Shape:
    """Return the plain shape: rooms of that size, the first *talkers* speak, PCMU, nothing lost."""
    size = f"rooms of {room_size:,}" if legs >= 2 * room_size else f"one room of {room_size:,}"
    calls_per_s = _CALLS_PER_S if legs <= _MANY_LEGS else _CALLS_PER_S_OF_MANY
    return Shape(f"{legs:,} legs, {size}", legs, room_size, talkers, calls_per_s=calls_per_s)


def of_three(legs: int, feature: str, **changes: float | str | tuple[str, ...]) -> Shape:
    """Return rooms of 3 with one thing different."""
    return replace(rooms_of(3, legs), name=f"{legs:,} legs, {feature}", **changes)  # type: ignore[arg-type]


def coached(legs: int) -> Shape:
    """Two of three speak, one of them a coach whose whispers only the silent third may hear."""
    return of_three(legs, "a coach in every room", coach=1, coachee=2)


def webinar(listeners: int = 1_000, speakers: int = 10) -> Shape:
    """Everybody in one room, where few speak."""
    legs = listeners + speakers
    return replace(rooms_of(legs, legs, speakers), name=f"webinar: {listeners:,} listeners, {speakers} speakers")


def idle(rooms: int, room_size: int) -> Shape:
    """Rooms whose phones send nothing. A room of one is a conference with its single waiter.

    A phone that is called expects a stream even when nobody speaks, so that the server is not idle by our choice;
    what it sends is in the table.
    """
    legs = rooms * room_size
    waiting = "one silent waiter" if room_size == 1 else f"{room_size} silent legs"
    plain = Shape(f"{rooms:,} idle rooms, {waiting} each", legs, room_size, talkers=0, calls_per_s=_IDLE_CALLS_PER_S)
    return replace(plain, quiet_sound=sounds.NOTHING)


SHORT_LEGS: Final = (100, 500)
FULL_LEGS: Final = (100, 250, 500, 1_000, 2_000, 3_000)
AIM_LEGS: Final = (100, 250, 500, 1_000, 3_000)

WAYS: Final = (
    of_three(500, "PCMA", codecs=("PCMA",)),
    of_three(500, "20 calls a second come and go", churn_per_s=20.0),
    of_three(500, "1% loss", loss=0.01),
    of_three(500, "5% loss, 30 ms jitter", loss=0.05, jitter_ms=30),
)
"""The same load made harder in one way."""
CODECS: Final = (
    of_three(300, "G.722", codecs=("G722",)),
    of_three(100, "Opus", codecs=("opus",)),
    of_three(150, "Opus, low complexity", codecs=("opus",), wish=LOW_COMPLEXITY),
    of_three(150, "PCMU and Opus in every room", codecs=("PCMU", "opus")),
)
"""As many as a core carries with some room to spare."""
IDLE: Final = (idle(1_000, 1), idle(5_000, 1))

SHORT: Final = (coached(300), rooms_of(250, 250))
AIMS: Final = (rooms_of(250, 250), rooms_of(1_000, 1_000), coached(500), IDLE[-1])
"""With rooms of 3, all that the design's table asks for."""
FULL: Final = (
    rooms_of(10, 500),
    rooms_of(250, 250),
    rooms_of(1_000, 1_000),
    webinar(),
    coached(500),
    *WAYS,
    *CODECS,
    *IDLE,
)
