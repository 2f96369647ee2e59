"""Make and check SIDs: two letters and 32 hex digits (Twilio Docs, "What is a String Identifier")."""

import re
from typing import Final

from mixminus.base.types import RandomBytes, Sid

ACCOUNT: Final = "AC"
ALERT: Final = "NO"
API_KEY: Final = "SK"
APPLICATION: Final = "AP"
CALL: Final = "CA"
CONFERENCE: Final = "CF"
PARTICIPANT: Final = "CP"
PHONE_NUMBER: Final = "PN"
QUEUE: Final = "QU"
RECORDING: Final = "RE"
RELAY_SESSION: Final = "VX"
REQUEST: Final = "RQ"
STREAM: Final = "MZ"
WEBHOOK: Final = "WH"

_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")


class Sids:
    """Draws new SIDs from a source of randomness that its owner chose."""

    def __init__(self, random_bytes: RandomBytes) -> None:
        self._random_bytes = random_bytes

    def new(self, prefix: str) -> Sid:
        """Return a SID nobody has seen, in lower case as Twilio emits them."""
        return Sid(prefix + self._random_bytes(16).hex())

    def counted(self, prefix: str, number: int) -> Sid:
        """Return one whose order among its kind is that of *number*."""
        return Sid(counted(prefix, number) + self._random_bytes(10).hex())


def counted(prefix: str, number: int) -> str:
    """What the SID of that number begins with; above those of all lower numbers."""
    return f"{prefix}{number:012x}"


def number_of(sid: str) -> int:
    """The number of a SID that `counted` drew."""
    return int(sid[2:14], 16)


def is_sid(prefix: str, text: str) -> bool:
    """Tell whether *text* is a SID of that kind; upper-case hex is accepted, as Twilio's patterns do."""
    return text.startswith(prefix) and _SID.fullmatch(text) is not None
