"""What the SIP agent tells its owner, and what the owner may ask of it.

The agent is a core: bytes and `now` go in, bytes and these events come out. A *dialog key* is our own name for one
call's signalling, drawn by the agent for incoming calls and by the owner for outgoing ones. SDP travels as bytes:
the agent does not read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

DialogKey = NewType("DialogKey", str)


class Transport(StrEnum):
    UDP = "udp"
    TCP = "tcp"


@dataclass(frozen=True, slots=True)
class Address:
    """A place on the network where SIP messages come from or go to."""

    transport: Transport
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Transmit:
    """Bytes the shell has to send. On TCP it reuses the connection to that address or opens one."""

    data: bytes
    to: Address


@dataclass(frozen=True, slots=True)
class Credentials:
    """For digest (RFC 8760: SHA-256 first, MD5 for those who know nothing else)."""

    username: str
    password: str


# --- events ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody calls. Answer with `ring`, `progress`, `answer` or `refuse`."""

    dialog: DialogKey
    called: str
    """User part of the request-URI, unescaped: the number."""
    request_uri: str
    from_uri: str
    from_display: str
    to_uri: str
    call_id: str
    source: Address
    user: str | None
    """Who authenticated, if the caller is one of our users."""
    offer: bytes | None
    """None: a delayed offer; our `answer` carries the offer, `Established` brings the answer."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """`X-…` and `User-to-User` headers."""
    asserted_uri: str | None = None
    """Who calls, on the word of a trunk (P-Asserted-Identity); None where that is to be private."""
    forwarded_from: str | None = None
    """Who diverted the call to the number, on the word of a trunk."""


@dataclass(frozen=True, slots=True)
class Progressed:
    """Our INVITE met a 18x. `early` is its SDP, when it has one."""

    dialog: DialogKey
    status: int
    early: bytes | None


@dataclass(frozen=True, slots=True)
class Answered:
    """Our INVITE met a 200; the ACK is already on its way."""

    dialog: DialogKey
    answer: bytes | None


@dataclass(frozen=True, slots=True)
class Refused:
    """Our INVITE met a final answer of 300 or more, or 408 when nobody answered at all or in time."""

    dialog: DialogKey
    status: int
    reason: str
    retry_after_s: int | None = None
    """When the far end wants to be asked again (RFC 3261 20.33): with 503, not before (21.5.4)."""


@dataclass(frozen=True, slots=True)
class Established:
    """The ACK to our 200 arrived. `answer` is its SDP, when the offer was in our 200."""

    dialog: DialogKey
    answer: bytes | None


@dataclass(frozen=True, slots=True)
class Reoffered:
    """A re-INVITE. Answer with `accept_reoffer` or `refuse_reoffer`. Without an offer, we are asked for one."""

    dialog: DialogKey
    offer: bytes | None


@dataclass(frozen=True, slots=True)
class Renegotiated:
    """A refresh of ours, which repeated our last offer, was answered with other media than before."""

    dialog: DialogKey
    answer: bytes


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The phone told a key by INFO: `0-9 * # A-D`. It may have told it in its audio, too."""

    dialog: DialogKey
    key: str


class Ending(StrEnum):
    BYE = "bye"
    CANCELLED = "cancelled"
    NO_ACK = "no-ack"
    LOST = "lost"
    """A request inside the dialog met 408 or 481: the other side is gone (RFC 3261 12.2.1.2)."""
    EXPIRED = "expired"
    """The peer did not refresh the session, or refused to (RFC 4028 10)."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The far end is gone. Nothing more is said about this dialog."""

    dialog: DialogKey
    ending: Ending


@dataclass(frozen=True, slots=True)
class Replied:
    """The final answer to a `Question`, or the status that stands for none: 408, or 503 for a broken connection."""

    question: DialogKey
    status: int
    headers: tuple[tuple[str, str], ...] = ()


SipEvent = (
    Invited | Progressed | Answered | Refused | Established | Reoffered | Renegotiated | KeyPressed | Ended | Replied
)


# --- requests --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Invitation:
    """An outgoing call."""

    dialog: DialogKey
    target: str
    """Request-URI: `sip:user@host:port;transport=tcp`."""
    via: Address
    """Where to send it: the owner resolved the target (or a trunk, or a registered contact)."""
    from_uri: str
    from_display: str
    offer: bytes
    credentials: Credentials | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """Extra headers: `X-…`, `P-Asserted-Identity`."""
    silence_s: float | None = None
    """After so long without any answer the call is given up, with 408. None: when the transaction is (32 s)."""
    progress_s: float | None = None
    """After so long without a 18x it is cancelled, with 408; None: never."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request outside of calls: OPTIONS to a gateway, REGISTER at a carrier."""

    key: DialogKey
    """By which `Replied` names it."""
    method: str
    target: str
    """Request-URI."""
    via: Address
    from_uri: str
    to_uri: str
    call_id: str
    cseq: int
    """The retry with credentials counts on from there."""
    headers: tuple[tuple[str, str], ...] = ()
    credentials: Credentials | None = None
    silence_s: float = 32.0
    """After so long it counts as unanswered."""
