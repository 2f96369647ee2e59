"""The root of our exceptions.

A `Refusal` is the caller's fault and travels to the caller: it carries Twilio's code where one exists, the HTTP
status of the REST answer, and a sentence that says what to do.
"""

import errno
from collections.abc import Mapping
from typing import Final

CURES: Final[Mapping[int, str]] = {
    errno.EADDRNOTAVAIL: "Write an address of this machine; behind a NAT others are told another one: see advertise.",
    errno.EACCES: "Ports below 1024 need root, or CAP_NET_BIND_SERVICE. Choose another one.",
}
"""Of addresses that cannot be bound."""


class MixminusError(Exception):
    """Everything we raise on purpose."""


class PortTaken(MixminusError):
    """An address that was set cannot be bound."""

    def __init__(self, what: str, error: OSError) -> None:
        """*what* names the setting and its value."""
        cure = CURES.get(error.errno or 0, "Choose another port, or 0.")
        super().__init__(f"{what} cannot be bound: {error.strerror}. {cure}")


class Refusal(MixminusError):
    """A request that cannot be carried out, in words for whoever sent it.

    `code` is Twilio's (see the error dictionary), `http_status` that of a REST answer.
    """

    def __init__(self, code: int, http_status: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.http_status = http_status
        self.message = message

    @property
    def more_info(self) -> str:
        """Where Twilio explains the code."""
        return f"https://www.twilio.com/docs/errors/{self.code}"


def not_found(path: str) -> Refusal:
    """20404, worded as Twilio does."""
    return Refusal(20404, 404, f"The requested resource {path} was not found")
