"""What every call has in common: our name in messages, the layers below, and the two things that come out."""

from collections import deque
from typing import Protocol

from mixminus.base.types import RandomBytes
from mixminus.sip.contract import Address, DialogKey, Listener, SipEvent, Transmit
from mixminus.sip.dialogs.call_table import CallTable
from mixminus.sip.dialogs.dialog import Dialog
from mixminus.sip.messages.answers import response_to
from mixminus.sip.messages.message import MAGIC_COOKIE, HeaderLines, Request, Response
from mixminus.sip.places.names import contact_uri, facing
from mixminus.sip.places.whereabouts import Whereabouts
from mixminus.sip.settings import SipSettings
from mixminus.sip.transactions.deadlines import Deadlines
from mixminus.sip.transactions.large_requests import LargeRequests
from mixminus.sip.transactions.transaction_layer import (
    ClientTransaction,
    ServerTransaction,
    TransactionLayer,
    TransactionUser,
)

METHODS = (
    "INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "REGISTER", "UPDATE", "PRACK", "INFO", "REFER", "NOTIFY",
    "SUBSCRIBE", "MESSAGE",
)  # fmt: skip
ALLOW = ("Allow", ", ".join(METHODS))
SUPPORTED_OPTIONS = ("timer", "100rel", "replaces", "norefersub", "tdialog")
"""Extensions that a peer may require of us."""
SUPPORTED = ("Supported", ", ".join(SUPPORTED_OPTIONS))
ABILITIES = (ALLOW, SUPPORTED)
ACCEPT = ("Accept", "application/sdp")
SDP_TYPE = ("Content-Type", "application/sdp")
TARGET_REFRESHES = frozenset({"INVITE", "UPDATE"})
"""Requests that say where we are now (RFC 3261 12.2, RFC 3311 5.1)."""
WITH_CONTACT = TARGET_REFRESHES | {"REFER", "NOTIFY"}
"""Requests whose Contact is mandatory (RFC 3515 2.2, RFC 6665 8.1.1)."""


class Sleeper(Protocol):
    """A call that asked to be woken."""

    def wake(self, now: float) -> None: ...


class Reporting(Protocol):
    """A REFER whose owner has yet to say how it goes."""

    def accept(self, now: float) -> None: ...

    def refuse(self, status: int, now: float) -> None: ...

    def report(self, status: int, reason: str, now: float) -> None: ...


class Endpoint:
    """Our end of every message. Calls put bytes and events here; the agent's `poll` takes them out in order."""

    def __init__(self, settings: SipSettings, random_bytes: RandomBytes) -> None:
        self.settings = settings
        self.outbox: deque[Transmit | SipEvent] = deque()
        self.layer = TransactionLayer(self.outbox.append, LargeRequests(lambda: self.settings.listeners))
        self.calls = CallTable()
        self.whereabouts = Whereabouts(self.emit)
        self.referrals: dict[DialogKey, Reporting] = {}
        self.sleepers: Deadlines[Sleeper] = Deadlines()
        self._random_bytes = random_bytes

    def emit(self, event: SipEvent) -> None:
        self.outbox.append(event)

    def send(self, message: Request | Response, to: Address) -> None:
        """Send something that no transaction repeats: an ACK of a 2xx, an answer to a stranger."""
        self.outbox.append(Transmit(bytes(message), to))

    # --- our names -------------------------------------------------------------------------------------------

    def token(self) -> str:
        """64 random bits: tags and Call-IDs cannot be guessed (RFC 3261 19.3)."""
        return self._random_bytes(8).hex()

    def chance(self) -> float:
        """A number from 0 to below 1."""
        return int.from_bytes(self._random_bytes(4)) / 2**32

    def local(self, far: Address) -> Listener:
        """Where *far* speaks to us: the listener that it came in by, or that we go out by."""
        known = far.by or facing(self.settings.listeners, far)
        return known or Listener(far.transport, self.settings.host, self.settings.port)

    def via(self, to: Address) -> tuple[str, str]:
        """Our hop of a request to *to*, with a branch of its own."""
        where = self.local(to).sent_by
        return "Via", f"SIP/2.0/{to.transport.upper()} {where};branch={MAGIC_COOKIE}{self.token()};rport"

    def contact(self, far: Address, target: str = "") -> tuple[str, str]:
        """Where *far* reaches us later. *target* is its own address: who is reached by `sips:` is told `sips:`."""
        return "Contact", f"<{contact_uri(self.local(far), target)}>"

    @property
    def user_agent(self) -> tuple[str, str]:
        return "User-Agent", self.settings.server_name

    @property
    def server(self) -> tuple[str, str]:
        return "Server", self.settings.server_name

    # --- answers and requests --------------------------------------------------------------------------------

    def answer(
        self,
        server: ServerTransaction,
        status: int,
        now: float,
        *,
        reason: str = "",
        to_tag: str | None = None,
        headers: HeaderLines = (),
        body: bytes = b"",
    ) -> Response:
        """Answer a request; a body is SDP. Without *to_tag* it has that of the answer before, or a new one."""
        tag = None if status == 100 else to_tag or server.to_tag or self.token()
        server.to_tag = tag or server.to_tag
        lines = (*headers, self.server, *((SDP_TYPE,) if body else ()))
        response = response_to(server.request, status, reason=reason, to_tag=tag, headers=lines, body=body)
        self.layer.respond(server, response, now)
        return response

    def ask(
        self,
        dialog: Dialog,
        method: str,
        user: TransactionUser,
        now: float,
        headers: HeaderLines = (),
        body: bytes = b"",
    ) -> ClientTransaction | None:
        """Send a request inside a dialog; None when the peer cannot be addressed any more.

        A body is SDP, unless *headers* say what else it is.
        """
        hop = self.next_hop(dialog)
        if hop is None:
            return None
        ours: HeaderLines = (self.via(hop), self.user_agent)
        if method in TARGET_REFRESHES:
            ours = (*ours, *ABILITIES)
        if method in WITH_CONTACT:
            ours = (*ours, self.contact(hop, dialog.remote_target))
        is_sdp = bool(body) and all(name != "Content-Type" for name, _ in headers)
        lines = (*ours, *headers, *((SDP_TYPE,) if is_sdp else ()))
        return self.layer.open_client(dialog.request(method, dialog.next_cseq(), lines, body), hop, user, now)

    def next_hop(self, dialog: Dialog) -> Address | None:
        """Where a request would go now. Asked when a dialog begins, it has a name looked up before that is needed."""
        return dialog.next_hop(self.whereabouts.of)

    def acknowledge(self, dialog: Dialog, cseq: int) -> Transmit | None:
        """Send the ACK of a 2xx and return it, to be repeated when the 2xx is (RFC 3261 13.2.2.4)."""
        hop = self.next_hop(dialog)
        if hop is None:
            return None
        ack = dialog.request("ACK", cseq, (self.via(hop),))
        transmit = Transmit(bytes(ack), hop)
        self.outbox.append(transmit)
        return transmit
