"""What the SIP agent tells its owner, and what the owner may ask of it.

The agent is a core: bytes and `now` go in, bytes and these events come out. A *dialog key* is our own name for one
call's signalling, drawn by the agent for incoming calls and by the owner for outgoing ones. SDP travels as bytes:
the agent does not read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NewType

DialogKey = NewType("DialogKey", str)


class Transport(StrEnum):
    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"
    WS = "ws"
    WSS = "wss"

    @property
    def is_secure(self) -> bool:
        return self in (Transport.TLS, Transport.WSS)

    @property
    def is_websocket(self) -> bool:
        """Browsers speak it: they can be answered over their connection, and never be connected to (RFC 7118 5)."""
        return self in (Transport.WS, Transport.WSS)

    @property
    def default_port(self) -> int:
        """RFC 3261 19.1.2; RFC 7118 10.3 has those of HTTP."""
        return {Transport.TLS: 5061, Transport.WS: 80, Transport.WSS: 443}.get(self, 5060)


@dataclass(frozen=True, slots=True)
class Listener:
    """Where we take messages: `tls://192.0.2.10:5061`. Peers beyond a NAT are told another host, perhaps a port."""

    transport: Transport
    host: str
    port: int
    advertised_host: str = ""
    advertised_port: int = 0

    @property
    def told_host(self) -> str:
        return self.advertised_host or self.host

    @property
    def told_port(self) -> int:
        return self.advertised_port or self.port

    @property
    def sent_by(self) -> str:
        """Our name in Via and Contact: `192.0.2.10:5061`, `[2001:db8::1]:5061`."""
        return _host_port(self.told_host, self.told_port)

    def __str__(self) -> str:
        return f"{self.transport}://{_host_port(self.host, self.port)}"


@dataclass(frozen=True, slots=True)
class Address:
    """A place on the network where SIP messages come from or go to."""

    transport: Transport
    host: str
    port: int
    by: Listener | None = field(default=None, compare=False, repr=False)
    """Which of our listeners it speaks to: what came in by one goes back by it. None: whichever faces it."""
    name: str = field(default="", compare=False, repr=False)
    """The domain that was asked for, before it was resolved: what a certificate has to be for (RFC 5922 4)."""

    def like(self, other: "Address") -> "Address":
        """The same place, spoken to from where *other* is, if that can be."""
        by = other.by if other.transport is self.transport else None
        return replace(self, by=by, name=other.name if other.host == self.host else self.name)


@dataclass(frozen=True, slots=True)
class Transmit:
    """Bytes the shell has to send. A stream's connection to that address is used again, or one is opened."""

    data: bytes
    to: Address
    otherwise: Address | None = None
    """Where to connect when the connection that a request came by is gone (RFC 3261 18.2.2)."""


def _host_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


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
    replaces: DialogKey | None = None
    """The dialog of ours whose place the caller wants (RFC 3891): if it may, answer, and hang that one up."""
    identities: tuple[str, ...] = ()
    """Signed statements of who calls (`Identity`, RFC 8224), as they came."""
    verstat: str | None = None
    """What a trunk found out about such a statement: `TN-Validation-Passed-A`."""
    hops_left: int = 70
    """Its Max-Forwards: what a call that is made for it may go (RFC 7332)."""


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
    """A re-INVITE, an UPDATE, or a PRACK with another offer. Answer with `accept_reoffer` or `refuse_reoffer`.

    Without an offer, we are asked for one.
    """

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
    reason: str | None = None
    """What BYE or CANCEL gave as its Reason (RFC 3326): `Q.850;cause=16;text="Normal call clearing"`."""


@dataclass(frozen=True, slots=True)
class Replied:
    """The final answer to a `Question`, or the status that stands for none: 408, or 503 for a broken connection."""

    question: DialogKey
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Registered:
    """A REGISTER of a user was accepted: `contacts` may have changed."""

    user: str


@dataclass(frozen=True, slots=True)
class Sought:
    """An address whose host is a name, and whose places the agent needs. Answer with `located`."""

    uri: str
    redirected: bool = False
    """Somebody sends us there: places that a stranger may not send us to are to be left out."""


@dataclass(frozen=True, slots=True)
class Referred:
    """Our peer wants us to call somebody else (RFC 3515). Answer with `accept_referral` or `refuse_referral`."""

    referral: DialogKey
    """Our name for it; it outlives the call in which it was asked for."""
    dialog: DialogKey
    """The call that it is about."""
    target: str
    """A SIP or TEL address without headers."""
    replaces: DialogKey | None = None
    """The call of ours whose place the new one is to take: an attended transfer between two of our calls."""
    is_foreign: bool = False
    """It is to take the place of a dialog that we do not know, or that is over."""
    referred_by: str | None = None
    """On whose behalf, as the peer says (RFC 3892)."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """`X-…` and `User-to-User` of the address, for our INVITE."""


@dataclass(frozen=True, slots=True)
class ReferAnswered:
    """The final answer to a REFER of ours, or the status that stands for none."""

    dialog: DialogKey
    status: int


@dataclass(frozen=True, slots=True)
class ReferReported:
    """What the peer met when it did as our REFER said. `is_over`: nothing more will be reported."""

    dialog: DialogKey
    status: int | None
    """None: it does not say."""
    is_over: bool


@dataclass(frozen=True, slots=True)
class Messaged:
    """A text (RFC 3428). Answer with `reply`: 202 where it was taken."""

    message: DialogKey
    called: str
    """User part of the request-URI: a number, or one of our users."""
    from_uri: str
    to_uri: str
    call_id: str
    source: Address
    user: str | None
    """Who authenticated, if the sender is one of our users."""
    text: str


SipEvent = (
    Invited
    | Progressed
    | Answered
    | Refused
    | Established
    | Reoffered
    | Renegotiated
    | KeyPressed
    | Ended
    | Sought
    | Referred
    | ReferAnswered
    | ReferReported
    | Replied
    | Messaged
    | Registered
)


# --- what watchers are shown -----------------------------------------------------------------------------------


class DialogState(StrEnum):
    """RFC 4235 3.7.1."""

    TRYING = "trying"
    PROCEEDING = "proceeding"
    EARLY = "early"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


@dataclass(frozen=True, slots=True)
class LampDialog:
    """A call of a user, as the lamps on other users' phones show it."""

    id: str
    state: DialogState
    called_by_user: bool


# --- requests --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Invitation:
    """An outgoing call."""

    dialog: DialogKey
    target: str
    """Request-URI: `sip:user@host:port;transport=tcp`."""
    via: Address
    """Where to send it: the owner resolved the target, or the first of the routes, or knows the phone's flow."""
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
    routes: tuple[str, ...] = ()
    """Values of Route, put there before the call: `<sip:proxy.example.com;lr>` (RFC 3261 8.1.1.1)."""
    max_forwards: int = 70


@dataclass(frozen=True, slots=True)
class Question:
    """A request outside of calls: OPTIONS to a gateway, REGISTER at a carrier, a text."""

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
    routes: tuple[str, ...] = ()
    """As in `Invitation`."""
    body: bytes = b""
    """Its type is among the headers."""
