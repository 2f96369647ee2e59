"""Make and check SIDs: two letters and 32 hex digits (Twilio Docs, "What is a String Identifier")."""

import re
from typing import Final

from mixminus.base.types import RandomBytes, Sid

ACCOUNT: Final = "AC"
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

_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")


class Sids:
    """Draws new SIDs from a source of randomness that its owner chose."""

    def __init__(self, random_bytes: RandomBytes) -> None:
        self._random_bytes = random_bytes

    def new(self, prefix: str) -> Sid:
        """Return a SID nobody has seen, in lower case as Twilio emits them."""
        return Sid(prefix + self._random_bytes(16).hex())


def is_sid(prefix: str, text: str) -> bool:
    """Tell whether *text* is a SID of that kind; upper-case hex is accepted, as Twilio's patterns do."""
    return text.startswith(prefix) and _SID.fullmatch(text) is not None
