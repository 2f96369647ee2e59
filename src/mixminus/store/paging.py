"""Page tokens: `PA` and a SID for what follows that record, `PB` for what precedes it (reference, 1.6).

Behind the SID stands the record's date, so that a page can be found even when the record it begins after is gone:
programs delete what they list, page by page.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mixminus.store.contract import BadPageToken

_TOKEN = re.compile(r"P(?P<side>[AB])(?P<sid>[A-Z]{2}[0-9a-f]{32})(?P<microseconds>[0-9a-f]{1,15})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a list of records, newest first: just after or just before a record."""

    sid: str
    date_created: datetime
    backward: bool = False
    """The page wanted is the one before the record."""

    @classmethod
    def parse(cls, token: str, prefix: str) -> "Place":
        """Read a token given out by a list of records whose SIDs begin with *prefix*. Raises `BadPageToken`."""
        match = _TOKEN.fullmatch(token)
        if match is None or not match["sid"].startswith(prefix):
            raise BadPageToken
        try:
            date_created = _EPOCH + int(match["microseconds"], 16) * _MICROSECOND
        except OverflowError:
            raise BadPageToken from None
        return cls(match["sid"], date_created, match["side"] == "B")

    def __str__(self) -> str:
        side = "B" if self.backward else "A"
        return f"P{side}{self.sid}{(self.date_created - _EPOCH) // _MICROSECOND:x}"
