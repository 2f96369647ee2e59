"""The four transaction machines of RFC 3261 17, with the Accepted state of RFC 6026, as tables.

A `Figure` is the RFC's drawing: boxes, arrows, and the timers that start when a box is entered. `Transaction` walks
one figure. It holds no message: it says what is to be done, the transaction layer does it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

T1: Final = 0.5
T2: Final = 4.0
T4: Final = 5.0
"""Seconds (RFC 3261 17.1.1.1)."""
LIFETIME: Final = 64 * T1


class State(Enum):
    CALLING = auto()
    TRYING = auto()
    PROCEEDING = auto()
    ACCEPTED = auto()
    COMPLETED = auto()
    CONFIRMED = auto()
    TERMINATED = auto()


class Ev(Enum):
    """What can happen: a response (received by a client, sent by the owner of a server), a request, a timer."""

    PROVISIONAL = auto()
    SUCCESS = auto()
    FAILURE = auto()
    REQUEST = auto()
    ACK = auto()
    TRANSPORT_ERROR = auto()
    A = auto()
    B = auto()
    D = auto()
    E = auto()
    F = auto()
    G = auto()
    H = auto()
    I = auto()  # noqa: E741 (the RFC's letter)
    J = auto()
    K = auto()
    L = auto()
    M = auto()


class Act(Enum):
    SEND = auto()
    """Put the owner's response on the wire."""
    RESEND = auto()
    """Repeat the last thing sent: a client's request, a server's response."""
    ACK = auto()
    """Acknowledge a refusal, inside the transaction (17.1.1.3)."""
    PASS_UP = auto()
    TIMED_OUT = auto()
    UNREACHABLE = auto()


@dataclass(frozen=True, slots=True)
class Step:
    to: State
    acts: tuple[Act, ...] = ()


@dataclass(frozen=True, slots=True)
class Timer:
    """`repeats_up_to` makes it a retransmission timer, which doubles and exists only on an unreliable transport.

    `lingers` marks the timers that only wait for stray packets: zero on a reliable transport.
    """

    seconds: float
    repeats_up_to: float | None = None
    lingers: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    start: State
    timers: Mapping[State, Mapping[Ev, Timer]]
    """Started when the state is entered. A one-shot timer that runs already runs on."""
    steps: Mapping[State, Mapping[Ev, Step]]
    """What is not listed changes nothing."""


_OVER = Step(State.TERMINATED)
_TIMED_OUT = Step(State.TERMINATED, (Act.TIMED_OUT,))
_UNREACHABLE = Step(State.TERMINATED, (Act.UNREACHABLE,))

INVITE_CLIENT = Figure(  # RFC 3261 figure 5, RFC 6026 figure 1
    start=State.CALLING,
    timers={
        State.CALLING: {Ev.A: Timer(T1, repeats_up_to=LIFETIME), Ev.B: Timer(LIFETIME)},
        State.ACCEPTED: {Ev.M: Timer(LIFETIME)},
        State.COMPLETED: {Ev.D: Timer(LIFETIME, lingers=True)},
    },
    steps={
        State.CALLING: {
            Ev.A: Step(State.CALLING, (Act.RESEND,)),
            Ev.B: _TIMED_OUT,
            Ev.TRANSPORT_ERROR: _UNREACHABLE,
            Ev.PROVISIONAL: Step(State.PROCEEDING, (Act.PASS_UP,)),
            Ev.SUCCESS: Step(State.ACCEPTED, (Act.PASS_UP,)),
            Ev.FAILURE: Step(State.COMPLETED, (Act.ACK, Act.PASS_UP)),
        },
        # A connection may close while it rings: the answer comes on a new one (18.2.2).
        State.PROCEEDING: {
            Ev.PROVISIONAL: Step(State.PROCEEDING, (Act.PASS_UP,)),
            Ev.SUCCESS: Step(State.ACCEPTED, (Act.PASS_UP,)),
            Ev.FAILURE: Step(State.COMPLETED, (Act.ACK, Act.PASS_UP)),
        },
        State.ACCEPTED: {Ev.SUCCESS: Step(State.ACCEPTED, (Act.PASS_UP,)), Ev.M: _OVER},
        State.COMPLETED: {Ev.FAILURE: Step(State.COMPLETED, (Act.ACK,)), Ev.D: _OVER},
    },
)

NON_INVITE_CLIENT = Figure(  # RFC 3261 figure 6
    start=State.TRYING,
    timers={
        State.TRYING: {Ev.E: Timer(T1, repeats_up_to=T2), Ev.F: Timer(LIFETIME)},
        State.PROCEEDING: {Ev.E: Timer(T2, repeats_up_to=T2), Ev.F: Timer(LIFETIME)},
        State.COMPLETED: {Ev.K: Timer(T4, lingers=True)},
    },
    steps={
        State.TRYING: {
            Ev.E: Step(State.TRYING, (Act.RESEND,)),
            Ev.F: _TIMED_OUT,
            Ev.TRANSPORT_ERROR: _UNREACHABLE,
            Ev.PROVISIONAL: Step(State.PROCEEDING, (Act.PASS_UP,)),
            Ev.SUCCESS: Step(State.COMPLETED, (Act.PASS_UP,)),
            Ev.FAILURE: Step(State.COMPLETED, (Act.PASS_UP,)),
        },
        State.PROCEEDING: {
            Ev.E: Step(State.PROCEEDING, (Act.RESEND,)),
            Ev.F: _TIMED_OUT,
            Ev.TRANSPORT_ERROR: _UNREACHABLE,
            Ev.PROVISIONAL: Step(State.PROCEEDING, (Act.PASS_UP,)),
            Ev.SUCCESS: Step(State.COMPLETED, (Act.PASS_UP,)),
            Ev.FAILURE: Step(State.COMPLETED, (Act.PASS_UP,)),
        },
        State.COMPLETED: {Ev.K: _OVER},
    },
)

INVITE_SERVER = Figure(  # RFC 3261 figure 7, RFC 6026 figure 2
    start=State.PROCEEDING,
    timers={
        State.ACCEPTED: {Ev.L: Timer(LIFETIME)},
        State.COMPLETED: {Ev.G: Timer(T1, repeats_up_to=T2), Ev.H: Timer(LIFETIME)},
        State.CONFIRMED: {Ev.I: Timer(T4, lingers=True)},
    },
    steps={
        State.PROCEEDING: {
            Ev.REQUEST: Step(State.PROCEEDING, (Act.RESEND,)),
            Ev.PROVISIONAL: Step(State.PROCEEDING, (Act.SEND,)),
            Ev.SUCCESS: Step(State.ACCEPTED, (Act.SEND,)),
            Ev.FAILURE: Step(State.COMPLETED, (Act.SEND,)),
        },
        # The 2xx is repeated by the session until its ACK comes (13.3.1.4); the INVITE's own repeats are absorbed.
        State.ACCEPTED: {Ev.SUCCESS: Step(State.ACCEPTED, (Act.SEND,)), Ev.L: _OVER},
        State.COMPLETED: {
            Ev.REQUEST: Step(State.COMPLETED, (Act.RESEND,)),
            Ev.G: Step(State.COMPLETED, (Act.RESEND,)),
            Ev.ACK: Step(State.CONFIRMED),
            Ev.H: _OVER,
        },
        State.CONFIRMED: {Ev.I: _OVER},
    },
)

NON_INVITE_SERVER = Figure(  # RFC 3261 figure 8
    start=State.TRYING,
    timers={State.COMPLETED: {Ev.J: Timer(LIFETIME, lingers=True)}},
    steps={
        State.TRYING: {
            Ev.PROVISIONAL: Step(State.PROCEEDING, (Act.SEND,)),
            Ev.SUCCESS: Step(State.COMPLETED, (Act.SEND,)),
            Ev.FAILURE: Step(State.COMPLETED, (Act.SEND,)),
        },
        State.PROCEEDING: {
            Ev.REQUEST: Step(State.PROCEEDING, (Act.RESEND,)),
            Ev.PROVISIONAL: Step(State.PROCEEDING, (Act.SEND,)),
            Ev.SUCCESS: Step(State.COMPLETED, (Act.SEND,)),
            Ev.FAILURE: Step(State.COMPLETED, (Act.SEND,)),
        },
        State.COMPLETED: {Ev.REQUEST: Step(State.COMPLETED, (Act.RESEND,)), Ev.J: _OVER},
    },
)


def event_of(status: int) -> Ev:
    """The event that a response of that status is."""
    if status < 200:
        return Ev.PROVISIONAL
    return Ev.SUCCESS if status < 300 else Ev.FAILURE


class Transaction:
    """One walk through a figure. Timers are deadlines in seconds of the caller's `now`."""

    __slots__ = ("_figure", "_intervals", "_reliable", "_running", "state")

    def __init__(self, figure: Figure, now: float, *, reliable: bool) -> None:
        self._figure = figure
        self._reliable = reliable
        self._running: dict[Ev, float] = {}
        self._intervals: dict[Ev, float] = {}
        self.state = figure.start
        self._enter(now)

    @property
    def deadline(self) -> float | None:
        return min(self._running.values(), default=None)

    def feed(self, event: Ev, now: float) -> tuple[Act, ...]:
        """Take one arrow of the figure and return what is to be done; an event without an arrow does nothing."""
        step = self._figure.steps.get(self.state, {}).get(event)
        if step is None:
            return ()
        if step.to is not self.state:
            self.state = step.to
            self._enter(now)
        return step.acts

    def pop_due(self, now: float) -> Ev | None:
        """The timer that fires now, if any; a retransmission timer is set again, twice as long."""
        due = min(self._running, key=self._running.__getitem__, default=None)
        if due is None or self._running[due] > now:
            return None
        cap = self._figure.timers[self.state][due].repeats_up_to
        if cap is None:
            del self._running[due]
        else:
            self._intervals[due] = min(2 * self._intervals[due], cap)
            self._running[due] = now + self._intervals[due]
        return due

    def _enter(self, now: float) -> None:
        before, self._running = self._running, {}
        for event, timer in self._figure.timers.get(self.state, {}).items():
            if timer.repeats_up_to is None:
                seconds = 0.0 if timer.lingers and self._reliable else timer.seconds
                self._running[event] = before.get(event, now + seconds)
            elif not self._reliable:
                self._intervals[event] = timer.seconds
                self._running[event] = now + timer.seconds
