"""What can go wrong with a virtual phone, by whose doing."""

from mixminus.base.errors import MixminusError


class PhoneError(MixminusError):
    """Everything a virtual phone raises on purpose."""


class CallRefused(PhoneError):
    """The far end did not take the call; `status` is its SIP answer (408 when there was none)."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"the call was refused: {status} {reason}")
        self.status = status
        self.reason = reason


class WrongMoment(PhoneError):
    """The test asks for something that the call's state does not allow, such as answering a call twice."""


class ClipError(PhoneError):
    """A sound file is not what a phone can play: 8 kHz, mono, 16 bits."""
