"""An INVITE of ours, from the first packet to the last stray 2xx (RFC 3261 13.2, 9.1)."""

import re
from enum import Enum, auto
from typing import Final

from mixminus.sip.contract import Address, Answered, Ended, Ending, Invitation, Progressed, Refused, Transmit
from mixminus.sip.dialog import Dialog
from mixminus.sip.digest import answer_challenge, is_stale
from mixminus.sip.endpoint import ACCEPT, ALLOW, SDP_TYPE, Endpoint
from mixminus.sip.message import REASONS, HeaderLines, Request, Response, clean, extra_headers
from mixminus.sip.session import Session
from mixminus.sip.transaction import LIFETIME
from mixminus.sip.transaction_layer import ClientTransaction, ServerTransaction, same_hop
from mixminus.sip.uri import name_addr

MAX_ATTEMPTS: Final = 3
"""The INVITE, the one with credentials, and one more when the nonce was stale."""


class Phase(Enum):
    CALLING = auto()
    """Nobody has answered, not even with a 100."""
    PROCEEDING = auto()
    CANCEL_PENDING = auto()
    """Hung up while CALLING: a CANCEL may only follow a provisional answer (9.1)."""
    CANCELLING = auto()
    OVER = auto()
    """Answered, refused or given up; another 2xx may still arrive."""


class OutgoingCall:
    """Becomes a `Session` with the first 2xx. Further 2xx, from other forks, are acknowledged and hung up."""

    def __init__(self, endpoint: Endpoint, invitation: Invitation, now: float) -> None:
        self._endpoint = endpoint
        self._invitation = invitation
        self._phase = Phase.CALLING
        self.call_id = f"{endpoint.token()}{endpoint.token()}"
        self._local_tag = endpoint.token()
        self._attempts = 0
        self._acks: dict[str | None, Transmit | None] = {}
        self._bye_headers: HeaderLines = ()
        self._began_at = now
        self._transaction = self._send_invite((), now)
        self._wait(invitation.silence_s)
        endpoint.calls.put(invitation.dialog, self.call_id, self._local_tag, self)

    # --- the owner -------------------------------------------------------------------------------------------

    def hang_up(self, now: float, headers: HeaderLines) -> None:
        """Cancel, at once or after the first provisional answer. The owner hears nothing more of this call."""
        self._endpoint.calls.drop_key(self._invitation.dialog)
        self._bye_headers = headers
        if self._phase is Phase.CALLING:
            self._phase = Phase.CANCEL_PENDING
            self._wait(None)  # what answers late is to be hung up, so the transaction lives on
        elif self._phase is Phase.PROCEEDING:
            self._cancel(now)

    # --- answers to the INVITE -------------------------------------------------------------------------------

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        if transaction is not self._transaction:
            return  # an INVITE that was challenged and replaced, or our CANCEL
        if response.status < 200:
            self._provisional(response, now)
        elif response.status < 300:
            self._succeeded(response, now)
        elif not self._met_challenge(response, now):
            self._failed(response.status, response.reason, _retry_after_s(response))

    def on_failure(self, transaction: ClientTransaction, status: int, now: float) -> None:
        """Silence is a 408, a broken connection a 503 (8.1.3.1)."""
        if transaction is self._transaction:
            self._failed(status, REASONS[status])

    def _provisional(self, response: Response, now: float) -> None:
        if self._phase is Phase.CANCEL_PENDING:
            self._cancel(now)
        elif self._phase is Phase.CALLING:
            self._phase = Phase.PROCEEDING
            self._wait(self._invitation.progress_s)
        if self._phase is Phase.PROCEEDING and response.status > 100:
            self._wait(None)  # it rings there: nobody else may be rung
            self._endpoint.emit(Progressed(self._invitation.dialog, response.status, response.sdp))

    def _succeeded(self, response: Response, now: float) -> None:
        tag = response.to.tag
        if tag in self._acks:
            if (again := self._acks[tag]) is not None:
                self._endpoint.outbox.append(again)
            return
        dialog = Dialog.of_client(self._transaction.request, response, self._invitation.via)
        self._acks[tag] = self._endpoint.acknowledge(dialog, response.cseq.number)
        if self._is_wanted():
            self._over()
            Session(self._endpoint, self._invitation.dialog, dialog, self._invitation.credentials)
            self._endpoint.emit(Answered(self._invitation.dialog, response.sdp))
            return
        # Another fork answered (13.2.2.4), or the 200 crossed our CANCEL.
        self._endpoint.ask(dialog, "BYE", self, now, self._bye_headers)
        if self._phase is not Phase.OVER:
            self._over()
            self._drop()

    def _failed(self, status: int, reason: str, retry_after_s: int | None = None) -> None:
        wanted = self._is_wanted()
        if self._phase is Phase.OVER:
            return
        self._over()
        self._drop()
        if wanted:
            self._endpoint.emit(Refused(self._invitation.dialog, status, reason, retry_after_s))

    def _met_challenge(self, response: Response, now: float) -> bool:
        """Send the INVITE again with credentials (22.2); only a stale nonce deserves a second try."""
        credentials = self._invitation.credentials
        headers = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}
        if response.status not in headers or credentials is None or not self._is_wanted():
            return False
        challenge, answer = headers[response.status]
        challenges = response.lines(challenge)
        if self._attempts >= MAX_ATTEMPTS or (self._attempts > 1 and not is_stale(challenges)):
            return False
        cnonce = self._endpoint.token()
        value = answer_challenge(challenges, credentials, "INVITE", self._invitation.target, cnonce)
        if value is None:
            return False
        self._phase = Phase.CALLING
        self._transaction = self._send_invite(((answer, value),), now)
        return True

    # --- the peer, before its 2xx reached us -----------------------------------------------------------------

    def receive(self, server: ServerTransaction, now: float) -> None:
        """A BYE may overtake the 200 that it ends; nothing else belongs here."""
        if server.request.method != "BYE":
            self._endpoint.answer(server, 481, now)
            return
        self._endpoint.answer(server, 200, now)
        wanted = self._is_wanted()
        self._over()
        self._drop()
        if wanted:
            self._endpoint.emit(Ended(self._invitation.dialog, Ending.BYE))

    def connection_lost(self, address: Address) -> None:
        """The transaction layer fails the INVITE; there is no dialog yet."""

    def acknowledged(self, ack: Request, now: float) -> None:
        """Nobody acknowledges a caller."""

    # --- time ------------------------------------------------------------------------------------------------

    def wake(self, now: float) -> None:
        """Silence was too long; or, 64 T1 after a CANCEL, the INVITE counts as cancelled (9.1)."""
        if self._is_wanted():
            self._endpoint.emit(Refused(self._invitation.dialog, 408, "No answer in time"))
            self.hang_up(now, ())
            return
        self._over()
        self._drop()
        self._endpoint.layer.abandon(self._transaction)

    # --- sending ---------------------------------------------------------------------------------------------

    def _send_invite(self, credentials: HeaderLines, now: float) -> ClientTransaction:
        invitation, endpoint = self._invitation, self._endpoint
        self._attempts += 1
        lines = (
            endpoint.via(invitation.via.transport),
            ("Max-Forwards", "70"),
            ("From", f"{name_addr(clean(invitation.from_display), invitation.from_uri)};tag={self._local_tag}"),
            ("To", f"<{invitation.target}>"),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self._attempts} INVITE"),
            endpoint.contact(invitation.via.transport),
            endpoint.user_agent,
            ALLOW,
            ACCEPT,
            *extra_headers(invitation.headers),
            *credentials,
            SDP_TYPE,
        )
        request = Request(lines, invitation.offer, "INVITE", invitation.target)
        return endpoint.layer.open_client(request, invitation.via, self, now)

    def _cancel(self, now: float) -> None:
        self._phase = Phase.CANCELLING
        invite = self._transaction.request
        cancel = same_hop(invite, "CANCEL", invite.get("To") or "", self._bye_headers)
        self._endpoint.layer.open_client(cancel, self._transaction.to, self, now)
        self._endpoint.sleepers.set(self, now + LIFETIME)

    def _wait(self, seconds: float | None) -> None:
        """Be woken so long after the first INVITE, if nothing happens that ends the wait."""
        self._endpoint.sleepers.set(self, None if seconds is None else self._began_at + seconds)

    # --- the end ---------------------------------------------------------------------------------------------

    def _is_wanted(self) -> bool:
        return self._phase in (Phase.CALLING, Phase.PROCEEDING)

    def _over(self) -> None:
        self._phase = Phase.OVER
        self._endpoint.sleepers.set(self, None)

    def _drop(self) -> None:
        self._endpoint.calls.drop_key(self._invitation.dialog)
        self._endpoint.calls.drop_tag(self.call_id, self._local_tag)


def _retry_after_s(response: Response) -> int | None:
    """The seconds of Retry-After, without comment and parameters (20.33)."""
    digits = re.match(r"\s*([0-9]{1,6})", response.get("Retry-After") or "")
    return int(digits[1]) if digits else None
