"""What an outgoing call tries: phones to be rung at once, and who wants to know how that went."""

from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from mixminus.app.calls.far_ends import MediaWishes
from mixminus.app.calls.line import Unlimited, Unreached
from mixminus.calls.prices import Tariff
from mixminus.calls.records import CallStatus
from mixminus.sip.carriers.gateways import leaves
from mixminus.sip.contract import Address, Credentials, DialogKey, Invitation, Refused
from mixminus.sip.messages.uri import AddressError

BUSY = frozenset({486, 600, 603})
NO_ANSWER = frozenset({408, 480, 487})
UNREACHABLE: Final = 503
"""The status that stands for a place that nothing can be sent to (RFC 3261 8.1.3.1)."""
NEXT_PLACE_S: Final = 6.0
NEXT_PLACE_PROGRESS_S: Final = 20.0
"""How long a place may be silent, or say 100 and no more, when there is another: as those of trunks by default."""


@dataclass(frozen=True, slots=True)
class Calling:
    """What the far end is told about us."""

    from_uri: str
    from_display: str
    credentials: Credentials | None
    headers: Mapping[str, str]
    media: MediaWishes
    max_forwards: int = 70


@dataclass(frozen=True, slots=True)
class Hop:
    """One way to a phone or a gateway."""

    uri: str
    """The request-URI."""
    to: Address | str
    """Where to send it, or the address to look up for that."""
    routes: tuple[str, ...] = ()
    """Values of Route: the proxies in between (RFC 3261 16.12, RFC 3327 5.3)."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Whoever rings once for a call: by its first hop, and by the next if that fails."""

    hops: tuple[Hop, ...]
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
    """Phones that are called at once."""

    destinations: tuple[Destination, ...]
    watch: Watch = UNWATCHED
    silence_s: float | None = None
    progress_s: float | None = None
    """As in `Invitation`."""
    ring_s: float | None = None
    """So long they may ring; None: as long as the call lasts."""
    stands_for_all: bool = True
    """Whether what they say is what all others would say: these lead to the same party, unless the way failed."""

    def yields_to_the_next(self, failure: "Failure") -> bool:
        return failure.is_of_the_way if self.stands_for_all else not failure.is_final

    def invitation(self, calling: Calling, hop: Hop, via: Address, *, is_last: bool) -> Invitation:
        """To *via*, a place of the hop; who calls adds a key and an offer. Where there is another place to go to,
        silence is not suffered for as long as a transaction lasts.
        """
        return Invitation(
            dialog=DialogKey(""),
            target=hop.uri,
            via=via,
            from_uri=calling.from_uri,
            from_display=calling.from_display,
            offer=b"",
            credentials=calling.credentials,
            headers=calling.headers,
            silence_s=self.silence_s or (None if is_last else NEXT_PLACE_S),
            progress_s=self.progress_s or (None if is_last else NEXT_PLACE_PROGRESS_S),
            routes=hop.routes,
            max_forwards=calling.max_forwards,
        )


class Way(Protocol):
    """How one call gets to its far end."""

    @property
    def longest_s(self) -> float:
        """How long the call may last; infinity: as long as it likes."""

    @property
    def tariff(self) -> Tariff | None:
        """Which trunk the call is on, and for what price; None: on none."""

    def turn(self) -> Awaitable[None] | None:
        """Await it before the first attempt; None: there is nothing to wait for. Raises `Refusal`."""

    def attempts(self) -> Iterator[Attempt]:
        """One after another, until one is taken."""

    def leave(self) -> None:
        """The call is over; harmless a second time."""


class AtOnce(Unlimited):
    """No way to choose: these phones, all together."""

    def __init__(self, phones: tuple[Destination, ...]) -> None:
        self._phones = phones

    def attempts(self) -> Iterator[Attempt]:
        return iter([Attempt(self._phones)] if self._phones else [])

    def leave(self) -> None:
        """There is always room."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why somebody was not reached."""

    unreached: Unreached
    is_of_the_way: bool
    """Somebody else may be asked to reach the same party."""
    retry_after_s: int | None = None

    @property
    def status(self) -> int:
        return self.unreached.sip_code or UNREACHABLE

    @property
    def is_final(self) -> bool:
        """6xx: whoever else might be asked would say the same (RFC 3261 21.6)."""
        return 600 <= self.status < 700

    def weight(self) -> tuple[bool, bool]:
        """Of several phones the word of one that knows (RFC 3261 16.7 step 6)."""
        return self.is_final, not self.is_of_the_way


NOT_REGISTERED: Final = Failure(Unreached(CallStatus.NO_ANSWER, 480, "The client is not registered."), False)


def unlocated(error: AddressError) -> Failure:
    """The status is that of whom nothing can be sent to (8.1.3.1)."""
    return Failure(Unreached(CallStatus.FAILED, UNREACHABLE, f"The address leads nowhere: {error}"), True)


def fails_over(status: int, *, rang: bool) -> bool:
    """Whether the same call may be tried at the next place of the same name (RFC 3263 4.3), or by another flow of the
    same phone (RFC 5626 5.3): this place was silent, broken or overloaded, and rang nobody.
    """
    return status in (408, 430, 503) and not rang


def refused(refusal: Refused, *, rang: bool) -> Failure:
    """A refusal in Twilio's words."""
    status = refusal.status
    words = CallStatus.FAILED
    if status in BUSY:
        words = CallStatus.BUSY
    elif status in NO_ANSWER:
        words = CallStatus.NO_ANSWER
    why = f"The far end refused: {status} {refusal.reason}"
    return Failure(Unreached(words, status, why), leaves(status, rang=rang), refusal.retry_after_s)
