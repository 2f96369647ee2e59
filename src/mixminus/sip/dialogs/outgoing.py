"""An INVITE of ours, from the first packet to the last stray 2xx (RFC 3261 13.2, 9.1)."""

from enum import Enum, auto
from typing import Final

from mixminus.sip.contract import (
    Address,
    Answered,
    DialogKey,
    Ended,
    Ending,
    Invitation,
    Progressed,
    Refused,
    Reoffered,
    Transmit,
)
from mixminus.sip.dialogs.dialog import Dialog
from mixminus.sip.dialogs.dialog_request import DialogRequest
from mixminus.sip.dialogs.early import Early, EarlyDialogs
from mixminus.sip.dialogs.redirects import Redirects, may_lead_to
from mixminus.sip.dialogs.session import Session
from mixminus.sip.dialogs.talk import Talk
from mixminus.sip.endpoint import ABILITIES, ACCEPT, SDP_TYPE, Endpoint
from mixminus.sip.messages.message import REASONS, HeaderLines, Request, Response, clean, extra_headers
from mixminus.sip.messages.replaces import CannotReplace, Replaces
from mixminus.sip.messages.routing import routed
from mixminus.sip.messages.session_expires import MIN_SE_S, agreed_by_client, asked, min_se
from mixminus.sip.messages.uri import name_addr
from mixminus.sip.transactions.transaction import LIFETIME
from mixminus.sip.transactions.transaction_layer import ClientTransaction, ServerTransaction, same_hop
from mixminus.sip.trust.proof import CHALLENGES, Proof

MAX_ATTEMPTS: Final = 12
"""INVITEs of one call, whatever they were refused for: credentials, a stale nonce, an interval, redirections."""
SEEKING_S: Final = 10.0
"""How long the owner may take to look a name up."""


class Phase(Enum):
    CALLING = auto()
    """Nobody has answered, not even with a 100."""
    SEEKING = auto()
    """Redirected to a name that is being looked up."""
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
        self._proof = Proof(invitation.credentials, endpoint.token)
        self._challenges = 0
        self._least_s = MIN_SE_S
        self._target, self._via, self._routes = invitation.target, invitation.via, invitation.routes
        self._redirects = Redirects(invitation.target, invitation.via)
        self._refusal: Response
        """The last one that made us look elsewhere."""
        self._early = EarlyDialogs(endpoint, self._proof, invitation.via)
        self._acks: dict[str | None, Transmit | None] = {}
        self._bye_headers: HeaderLines = ()
        self._sdp = invitation.offer
        self._reoffer: tuple[Early, ServerTransaction] | None = None
        self._transaction = self._send_invite(now)
        endpoint.calls.put(invitation.dialog, self.call_id, self._local_tag, self)

    # --- the owner -------------------------------------------------------------------------------------------

    def hang_up(self, now: float, headers: HeaderLines) -> None:
        """Cancel, at once or after the first provisional answer. The owner hears nothing more of this call."""
        self._endpoint.calls.drop_key(self._invitation.dialog)
        self._bye_headers = headers
        if self._phase is Phase.SEEKING:
            self._over(now)
            self._drop()
        elif self._phase is Phase.CALLING:
            self._phase = Phase.CANCEL_PENDING
            self._wait(None)  # what answers late is to be hung up, so the transaction lives on
        elif self._phase is Phase.PROCEEDING:
            self._cancel(now)

    def accept_reoffer(self, sdp: bytes, now: float) -> None:
        """Answer the UPDATE of a phone that rings; its 200 to the INVITE need not repeat what it says."""
        if self._reoffer is not None:
            (early, server), self._reoffer = self._reoffer, None
            early.dialog.refresh_target(server.request)
            early.sdp, self._sdp = server.request.sdp, sdp
            contact = self._endpoint.contact(server.reply_to, early.dialog.remote_target)
            self._endpoint.answer(server, 200, now, headers=(contact,), body=sdp)

    def refuse_reoffer(self, status: int, now: float) -> None:
        """What was agreed on stays."""
        if self._reoffer is not None:
            (_, server), self._reoffer = self._reoffer, None
            self._endpoint.answer(server, status, now)

    # --- answers to the INVITE -------------------------------------------------------------------------------

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        if transaction is not self._transaction:
            return  # an INVITE that was challenged and replaced, or our CANCEL
        if response.status < 200:
            self._provisional(response, now)
        elif response.status < 300:
            self._succeeded(response, now)
        elif not self._tries_again(response, now):
            self._failed(response.status, response.reason, now, response.retry_after_s)

    def on_failure(self, transaction: ClientTransaction, status: int, now: float) -> None:
        """Silence is a 408, a broken connection a 503 (8.1.3.1)."""
        if transaction is self._transaction:
            self._failed(status, REASONS[status], now)

    def _provisional(self, response: Response, now: float) -> None:
        if self._phase is Phase.CANCEL_PENDING:
            self._cancel(now)
        elif self._phase is Phase.CALLING:
            self._phase = Phase.PROCEEDING
            self._wait(self._invitation.progress_s)
        if self._phase is not Phase.PROCEEDING or response.status == 100:
            return
        self._wait(None)  # it rings there: nobody else may be rung
        if self._early.rang(self._transaction.request, response, now):
            self._endpoint.emit(Progressed(self._invitation.dialog, response.status, response.sdp))

    def _succeeded(self, response: Response, now: float) -> None:
        tag = response.to.tag
        if tag in self._acks:
            if (again := self._acks[tag]) is not None:
                self._endpoint.outbox.append(again)
            return
        dialog = self._early.answered(self._transaction.request, response)
        self._acks[tag] = self._endpoint.acknowledge(dialog, response.cseq.number)
        if self._is_wanted():
            self._over(now)
            self._begin_session(dialog, response, now)
            self._endpoint.emit(Answered(self._invitation.dialog, self._early.sdp_of(response)))
            return
        # Another fork answered (13.2.2.4), or the 200 crossed our CANCEL.
        bye = DialogRequest(self._endpoint, dialog, self._proof, "BYE", lambda outcome, now: None)
        bye.send(self._bye_headers, b"", now)
        if self._phase is not Phase.OVER:
            self._over(now)
            self._drop()

    def _begin_session(self, dialog: Dialog, response: Response, now: float) -> None:
        invitation = self._invitation
        talk = Talk(self._endpoint, invitation.dialog, dialog, True, self._sdp, None, self._proof)
        talk.learn(response)
        Session(talk, agreed_by_client(response), now)

    def _failed(self, status: int, reason: str, now: float, retry_after_s: int | None = None) -> None:
        wanted = self._is_wanted()
        if self._phase is Phase.OVER:
            return
        self._over(now)
        self._drop()
        if wanted:
            self._endpoint.emit(Refused(self._invitation.dialog, status, reason, retry_after_s))

    def _tries_again(self, response: Response, now: float) -> bool:
        """Send the INVITE again if what it was refused for can be cured."""
        if not self._is_wanted() or self._attempts >= MAX_ATTEMPTS:
            return False
        cured = False
        if response.status in CHALLENGES:
            cured = self._proof.learns(response, self._challenges)
            self._challenges += 1
        elif response.status == 422:
            cured = self._take_longer_interval(response)
        elif response.status < 600:
            if response.status < 400:
                self._redirects.learn(response, self._endpoint.settings)
            self._refusal = response
            return self._goes_elsewhere(now)
        if cured:
            self._call(now)
        return cured

    def _call(self, now: float) -> None:
        self._phase = Phase.CALLING
        self._transaction = self._send_invite(now)

    def _goes_elsewhere(self, now: float) -> bool:
        """Follow a 3xx; where that leads to a refusal, try what else was named (8.1.3.4)."""
        target = self._redirects.next()
        if target is None:
            return False
        self._target, via = target
        if via is not None:
            self._redirected(via, now)
            return True
        self._phase = Phase.SEEKING
        self._endpoint.sleepers.set(self, now + SEEKING_S)
        self._endpoint.whereabouts.ask(self._target, self._found)
        return True

    def _found(self, uri: str, places: tuple[Address, ...], now: float) -> None:
        """The name that we were redirected to leads to these."""
        if self._phase is not Phase.SEEKING or uri != self._target:
            return
        via = next((place for place in places if may_lead_to(place, self._endpoint.settings)), None)
        if via is not None:
            self._redirected(via, now)
        elif not self._goes_elsewhere(now):
            self._failed(self._refusal.status, self._refusal.reason, now, self._refusal.retry_after_s)

    def _redirected(self, via: Address, now: float) -> None:
        self._via = via
        self._redirects.went_to(via)
        self._challenges = 0
        if self._via != self._invitation.via:  # credentials and routes are for where the owner sent us
            self._proof, self._routes = Proof(None, self._endpoint.token), ()
        self._early = EarlyDialogs(self._endpoint, self._proof, self._via)
        self._call(now)

    def _take_longer_interval(self, response: Response) -> bool:
        """422 says how long the session interval must be at least (RFC 4028 7.3)."""
        before, self._least_s = self._least_s, max(self._least_s, min_se(response))
        self._challenges = 0
        return self._least_s > before

    # --- the peer, before its 2xx reached us -----------------------------------------------------------------

    def receive(self, server: ServerTransaction, now: float) -> None:
        """A BYE may overtake the 200 that it ends. Who rings may also move, or want other media (RFC 3311)."""
        request = server.request
        early = self._early.of(request.from_.tag)
        if request.method == "UPDATE" and early is not None and early.dialog.accepts_cseq(request):
            self._updated(early, server, now)
            return
        if request.method != "BYE":
            self._endpoint.answer(server, 481, now)
            return
        self._endpoint.answer(server, 200, now)
        wanted = self._is_wanted()
        self._over(now)
        self._drop()
        self._endpoint.sleepers.set(self, now + LIFETIME)  # its 200 may never come, and then the INVITE is forgotten
        if wanted:
            self._endpoint.emit(Ended(self._invitation.dialog, Ending.BYE, request.why))

    def _updated(self, early: Early, server: ServerTransaction, now: float) -> None:
        """A new offer may only follow the answer to ours, if that was given reliably (RFC 3311 5.2, RFC 3262 5)."""
        if server.request.body and not early.has_answered:
            self._endpoint.answer(server, 491, now)
        elif server.request.body and self._reoffer is not None:
            self._endpoint.answer(server, 500, now, headers=(("Retry-After", "2"),))
        elif not server.request.body:
            early.dialog.refresh_target(server.request)
            contact = self._endpoint.contact(server.reply_to, early.dialog.remote_target)
            self._endpoint.answer(server, 200, now, headers=(contact,))
        else:
            self._reoffer = (early, server)
            self._endpoint.emit(Reoffered(self._invitation.dialog, server.request.sdp))

    def connection_lost(self, address: Address) -> None:
        """The transaction layer fails the INVITE; there is no dialog yet."""

    def replaced(self, replaces: Replaces) -> DialogKey:
        """A phone that rings for us may be relieved by another (RFC 3891 3)."""
        if self._early.of(replaces.dialog.their_tag) is None:
            raise CannotReplace(481)
        if not self._is_wanted():
            raise CannotReplace(603)
        return self._invitation.dialog

    def acknowledged(self, ack: Request, now: float) -> None:
        """Nobody acknowledges a caller."""

    # --- time ------------------------------------------------------------------------------------------------

    def wake(self, now: float) -> None:
        """Silence was too long; or, 64 T1 after a CANCEL, the INVITE counts as cancelled (9.1)."""
        if self._phase is Phase.SEEKING:
            self._found(self._target, (), now)
            return
        if self._is_wanted():
            self._endpoint.emit(Refused(self._invitation.dialog, 408, "No answer in time"))
            self.hang_up(now, ())
            return
        self._over(now)
        self._drop()
        self._endpoint.layer.abandon(self._transaction)

    # --- sending ---------------------------------------------------------------------------------------------

    def _send_invite(self, now: float) -> ClientTransaction:
        invitation, endpoint = self._invitation, self._endpoint
        way = routed(self._target, self._routes)
        self._attempts += 1
        self._began_at = now
        self._wait(invitation.silence_s)
        lines = (
            endpoint.via(self._via),
            ("Max-Forwards", str(invitation.max_forwards)),
            *way.lines,
            ("From", f"{name_addr(clean(invitation.from_display), invitation.from_uri)};tag={self._local_tag}"),
            ("To", f"<{invitation.target}>"),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self._attempts} INVITE"),
            endpoint.contact(self._via, self._target),
            endpoint.user_agent,
            *ABILITIES,
            ACCEPT,
            *asked(endpoint.settings.session_expires_s, self._least_s),
            *extra_headers(invitation.headers),
            *self._proof.lines("INVITE", way.uri),
            SDP_TYPE,
        )
        request = Request(lines, invitation.offer, "INVITE", way.uri)
        return endpoint.layer.open_client(request, self._via, self, now)

    def _cancel(self, now: float) -> None:
        self._phase = Phase.CANCELLING
        invite = self._transaction.request
        cancel = same_hop(invite, "CANCEL", invite.get("To") or "", self._bye_headers)
        self._endpoint.layer.open_client(cancel, self._transaction.to, self, now)
        self._endpoint.sleepers.set(self, now + LIFETIME)

    def _wait(self, seconds: float | None) -> None:
        """Be woken so long after the INVITE, if nothing happens that ends the wait."""
        self._endpoint.sleepers.set(self, None if seconds is None else self._began_at + seconds)

    # --- the end ---------------------------------------------------------------------------------------------

    def _is_wanted(self) -> bool:
        return self._phase in (Phase.CALLING, Phase.SEEKING, Phase.PROCEEDING)

    def _over(self, now: float) -> None:
        self.refuse_reoffer(487, now)
        self._phase = Phase.OVER
        self._endpoint.sleepers.set(self, None)

    def _drop(self) -> None:
        self._endpoint.calls.drop_key(self._invitation.dialog)
        self._endpoint.calls.drop_tag(self.call_id, self._local_tag)
