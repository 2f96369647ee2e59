"""Who may run an invocation: the rule behind "once", as a pure decision over what is stored.

What is guaranteed, and what cannot be:

- The same session and key get the same answer, and one effect, however often and from wherever they come.
- The row BEGAN is durable before the tool runs. The answer, the changes of the session's state and the row ENDED are
  one transaction. So a tool whose whole effect is its session's state happens exactly once.
- Tools that see the session's state run one after another, over all processes, so none writes over what another kept.
- A process that dies between an outside effect and its record leaves a row BEGAN alone. Whoever asks next takes it
  over, or after the lease if the process lives and has hung. Tools that read, set, or hand their key to the service
  run again with the same key, which harms nothing. A tool that acts ONCE is not simply run again: its `settle` tells
  whether the effect is there. If it is, that is the answer; if it is not, the tool runs. Without a `settle`, or when
  it fails, the answer is UNKNOWN, for a person to look at: the effect can then be missing, but it is never doubled
  and never goes unnoticed.
- After a time-out the effect may still be on its way, so a tool that acts ONCE is not run again even if `settle`
  does not find it: UNKNOWN.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mixminus.tools.invocation import Answer, ToolCall


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store knows of a session and key. `lease_until_s` is in the store's clock, seconds since 1970."""

    digest: str
    owner: str
    lease_until_s: float
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is to change the session's state, and until when at the latest."""

    owner: str
    key: str
    lease_until_s: float


@dataclass(frozen=True, slots=True)
class Run:
    """Nobody has begun it: it is ours."""


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Its process is gone: it is ours, and nobody knows whether it had an effect."""


@dataclass(frozen=True, slots=True)
class Done:
    answer: Answer


@dataclass(frozen=True, slots=True)
class Wait:
    """Another process is at it; look again, at the latest after so many seconds."""

    for_s: float


@dataclass(frozen=True, slots=True)
class Clash:
    """The key stands for something else."""


Verdict = Run | TakeOver | Done | Wait | Clash


IsGone = Callable[[str], bool]
"""Whether the process of an owner is known to have died."""


def verdict(
    call: ToolCall,
    stored: Stored | None,
    owner: str,
    now_s: float,
    *,
    turn: Turn | None = None,
    is_gone: IsGone = lambda owner: False,
) -> Verdict:
    """Decide for *owner*, who has no such invocation running at this moment.

    *turn*: whose it is in the session, if *call* is of a tool that sees its state.
    """
    if stored is not None:
        if stored.digest != call.digest:
            return Clash()
        if stored.answer is not None:
            return Done(stored.answer)
        if stored.owner != owner and now_s < stored.lease_until_s and not is_gone(stored.owner):
            return Wait(stored.lease_until_s - now_s)
    is_anothers = turn is not None and (turn.owner, turn.key) != (owner, call.key)
    if turn is not None and is_anothers and now_s < turn.lease_until_s and not is_gone(turn.owner):
        return Wait(turn.lease_until_s - now_s)
    return Run() if stored is None else TakeOver()
