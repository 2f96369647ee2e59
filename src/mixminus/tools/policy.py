"""Whether and when a tool is tried again, as pure functions: the backplane only obeys."""

from dataclasses import dataclass
from typing import Final

from mixminus.tools.errors import RateLimited, TimedOut


@dataclass(frozen=True, slots=True)
class Policy:
    """How long and how often. The defaults fit a caller who is waiting on the line."""

    deadline_s: float = 8.0
    """From the invocation's beginning, attempts and pauses together."""
    attempts: int = 4
    first_pause_s: float = 0.25
    longest_pause_s: float = 2.0

    def __post_init__(self) -> None:
        if not (self.deadline_s > 0 and self.attempts >= 1 and 0 <= self.first_pause_s <= self.longest_pause_s):
            raise ValueError(f"not a policy: {self}")


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No further attempt."""

    why: str


OUT_OF_ATTEMPTS: Final = GiveUp("tried as often as allowed")
OUT_OF_TIME: Final = GiveUp("no time left")
NOT_AGAIN: Final = GiveUp("trying again would not help")
MIGHT_HAPPEN_TWICE: Final = GiveUp("it may have happened, and must not happen twice")


def pause_before_next(
    policy: Policy, attempts: int, left_s: float, failure: Exception, *, repeatable: bool, luck: float
) -> float | GiveUp:
    """Tell how many seconds to wait before another attempt, after *attempts* of them and with *left_s* to go.

    Exponential backoff with full jitter: between nothing and a ceiling that doubles; *luck* in [0, 1) picks. A
    service's `Retry-After` is a floor, and the jitter comes on top of it, so that a crowd does not come back at once.
    *repeatable*: doing it twice does no harm. What is not is tried again only after a plain refusal.
    """
    if not isinstance(failure, RateLimited | TimedOut):
        return NOT_AGAIN
    if isinstance(failure, TimedOut) and not repeatable:
        return MIGHT_HAPPEN_TWICE
    if attempts >= policy.attempts:
        return OUT_OF_ATTEMPTS
    ceiling_s = min(policy.longest_pause_s, policy.first_pause_s * 2.0 ** (attempts - 1))
    pause_s = luck * ceiling_s
    if isinstance(failure, RateLimited) and failure.retry_after_s is not None:
        pause_s += max(0.0, failure.retry_after_s)
    return pause_s if pause_s < left_s else OUT_OF_TIME
