"""What an outgoing call tries: phones to be rung at once, and who wants to know how that went."""

import math
from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from mixminus.app.calls.line import Unreached
from mixminus.calls.records import CallStatus
from mixminus.sdp.media import Srtp
from mixminus.sip.contract import Address, Credentials, DialogKey, Invitation, Refused
from mixminus.sip.gateways import leaves

BUSY = frozenset({486, 600, 603})
NO_ANSWER = frozenset({408, 480, 487})
UNREACHABLE: Final = 503
"""The status that stands for a place that nothing can be sent to (RFC 3261 8.1.3.1)."""


@dataclass(frozen=True, slots=True)
class Calling:
    """What the far end is told about us."""

    from_uri: str
    from_display: str
    credentials: Credentials | None
    headers: Mapping[str, str]
    srtp: Srtp = Srtp.OFFERED


@dataclass(frozen=True, slots=True)
class Destination:
    """A request-URI, where to send it, and what is said there."""

    uri: str
    via: Address
    calling: Calling


class Watch(Protocol):
    """Hears how an attempt went."""

    def works(self) -> None: ...

    def failed(self, status: int, retry_after_s: int | None = None) -> None: ...


class _Unwatched:
    def works(self) -> None:
        """Nobody cares."""

    def failed(self, status: int, retry_after_s: int | None = None) -> None:
        """Nor now."""


UNWATCHED: Final = _Unwatched()


@dataclass(frozen=True, slots=True)
class Attempt:
    """Phones that are called at once. The next attempt is made only when this way itself failed."""

    destinations: tuple[Destination, ...]
    watch: Watch = UNWATCHED
    silence_s: float | None = None
    progress_s: float | None = None
    """As in `Invitation`."""

    def invitation(self, dialog: DialogKey, destination: Destination, via: Address, offer: bytes) -> Invitation:
        calling = destination.calling
        return Invitation(
            dialog=dialog,
            target=destination.uri,
            via=via,
            from_uri=calling.from_uri,
            from_display=calling.from_display,
            offer=offer,
            credentials=calling.credentials,
            headers=calling.headers,
            silence_s=self.silence_s,
            progress_s=self.progress_s,
        )


class Way(Protocol):
    """How one call gets to its far end."""

    @property
    def longest_s(self) -> float:
        """How long the call may last; infinity: as long as it likes."""

    def turn(self) -> Awaitable[None] | None:
        """Await it before the first attempt; None: there is nothing to wait for. Raises `Refusal`."""

    def attempts(self) -> Iterator[Attempt]:
        """One after another, until one is taken."""

    def leave(self) -> None:
        """The call is over; harmless a second time."""


class AtOnce:
    """No way to choose: these phones, all together."""

    def __init__(self, phones: tuple[Destination, ...]) -> None:
        self._phones = phones

    @property
    def longest_s(self) -> float:
        return math.inf

    def turn(self) -> None:
        return None

    def attempts(self) -> Iterator[Attempt]:
        return iter([Attempt(self._phones)] if self._phones else [])

    def leave(self) -> None:
        """There is always room."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt reached nobody."""

    unreached: Unreached
    is_of_the_way: bool
    """Somebody else may be asked to reach the same party."""


NOT_REGISTERED: Final = Failure(Unreached(CallStatus.NO_ANSWER, 480, "The client is not registered."), False)


def unresolved(error: OSError) -> Failure:
    return Failure(Unreached(CallStatus.FAILED, 404, f"The host name has no address: {error}"), True)


def refused(refusal: Refused, *, rang: bool) -> Failure:
    """A refusal in Twilio's words."""
    status = refusal.status
    words = CallStatus.FAILED
    if status in BUSY:
        words = CallStatus.BUSY
    elif status in NO_ANSWER:
        words = CallStatus.NO_ANSWER
    why = f"The far end refused: {status} {refusal.reason}"
    return Failure(Unreached(words, status, why), leaves(status, rang=rang))
