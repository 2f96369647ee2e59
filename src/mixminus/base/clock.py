"""The two kinds of time: one for waiting, one for writing down."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """What the time is, handed to whoever needs it (law 5: no module reads the wall clock by itself).

    `now` is seconds that never go back, for deadlines. `utc` is the wall clock, for records.
    """

    now: Callable[[], float]
    utc: Callable[[], datetime]


def rfc2822(moment: datetime) -> str:
    """`Fri, 18 Feb 2011 19:26:50 +0000`: the form of Twilio's 2010 API and webhooks, always in UTC."""
    return format_datetime(moment.astimezone(UTC))
