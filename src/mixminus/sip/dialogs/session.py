"""A confirmed call: our 200 and its ACK, re-INVITEs, BYE from either side (RFC 3261 13.3.1.4, 14, 15)."""

from dataclasses import dataclass
from enum import Enum, auto

from mixminus.sip.contract import Address, DialogKey, Ended, Ending, Established, Reoffered, Transmit
from mixminus.sip.dialogs.info import take_info
from mixminus.sip.dialogs.referring import METHODS as REFERRING
from mixminus.sip.dialogs.referring import Referring
from mixminus.sip.dialogs.refresher import Refresher
from mixminus.sip.dialogs.talk import Talk
from mixminus.sip.endpoint import ABILITIES, ACCEPT, ALLOW, TARGET_REFRESHES
from mixminus.sip.messages.message import HeaderLines, Request, Response
from mixminus.sip.messages.replaces import CannotReplace, Replaces
from mixminus.sip.messages.session_expires import MIN_SE_S, IntervalTooBrief, Terms, agreed_by_server, answer_headers
from mixminus.sip.transactions.transaction import LIFETIME, T1, T2
from mixminus.sip.transactions.transaction_layer import ServerTransaction


class Phase(Enum):
    UNCONFIRMED = auto()
    """Our 200 waits for the first ACK."""
    OPEN = auto()
    HANGING_UP = auto()
    """Our owner hung up before that ACK, and the BYE has to wait for it (15); or before the peer knows how its REFER
    went.
    """
    CLOSED = auto()


@dataclass(slots=True)
class Unacknowledged:
    """A 200 that is repeated until its ACK comes, doubling from T1 to T2, for 64 T1 (13.3.1.4)."""

    cseq: int
    transmit: Transmit
    carries_offer: bool
    next_at: float
    give_up_at: float
    interval: float = T1

    @classmethod
    def sent(cls, server: ServerTransaction, response: Response, now: float) -> "Unacknowledged":
        carries_offer = server.request.sdp is None
        return cls(response.cseq.number, server.transmit, carries_offer, now + T1, now + LIFETIME)

    @property
    def wake_at(self) -> float:
        return min(self.next_at, self.give_up_at)


class Session:
    """Entered when a 200 was sent (`sent_ok`) or received and acknowledged."""

    def __init__(self, talk: Talk, terms: Terms | None, now: float) -> None:
        self._talk = talk
        self._endpoint = talk.endpoint
        self._key = talk.key
        self._dialog = talk.dialog
        self._phase = Phase.OPEN
        self._endpoint.next_hop(self._dialog)
        self._refresher = Refresher(talk, self._lost)
        self._refresher.agreed(terms, now)
        self._referring = Referring(talk, self._told)
        self._refer_later: tuple[str, HeaderLines] | None = None
        self._unacknowledged: Unacknowledged | None = None
        self._reinvite: ServerTransaction | None = None
        self._bye_headers: HeaderLines = ()
        self._endpoint.calls.put(self._key, self._dialog.call_id, self._dialog.local_tag, self)

    def sent_ok(self, server: ServerTransaction, response: Response, now: float) -> None:
        """The first 200 is on its way: repeat it until it is acknowledged."""
        self._phase = Phase.UNCONFIRMED
        self._await_ack(server, response, now)

    # --- the owner -------------------------------------------------------------------------------------------

    def accept_reoffer(self, sdp: bytes, now: float) -> None:
        """Answer the re-INVITE, or the UPDATE, with 200."""
        server, self._reinvite = self._reinvite, None
        if server is None:
            return
        self._talk.sdp = sdp
        response = self._accept(server, now, sdp)
        if server.request.method == "INVITE":
            self._await_ack(server, response, now)

    def refuse_reoffer(self, status: int, now: float) -> None:
        """Refuse the re-INVITE or the UPDATE; the call goes on as it was (14.2)."""
        server, self._reinvite = self._reinvite, None
        if server is not None:
            self._endpoint.answer(server, status, now)

    def hang_up(self, now: float, headers: HeaderLines) -> None:
        """Say BYE, as soon as that is allowed. The owner hears nothing more of this call."""
        self._endpoint.calls.drop_key(self._key)
        self._bye_headers = headers
        self._leave_reinvite(now)
        self._refresher.stop()
        if self._phase is Phase.UNCONFIRMED or (self._phase is Phase.OPEN and self._referring.is_telling):
            self._phase = Phase.HANGING_UP
        elif self._phase is Phase.OPEN:
            self._say_bye(now)

    def refer(self, target: str, headers: HeaderLines, now: float) -> None:
        """Send the peer to somebody else (RFC 3515), as soon as it has confirmed the call."""
        if self._phase is Phase.OPEN:
            self._referring.ask(target, headers, now)
        elif self._phase is Phase.UNCONFIRMED:
            self._refer_later = (target, headers)

    # --- the peer --------------------------------------------------------------------------------------------

    def receive(self, server: ServerTransaction, now: float) -> None:
        """A request inside the dialog. A later request than the last one, or it is refused with 500 (12.2.2)."""
        request = server.request
        if not self._dialog.belongs(request):
            self._endpoint.answer(server, 481, now)
        elif not self._dialog.accepts_cseq(request):
            self._endpoint.answer(server, 500, now)
        else:
            self._dialog.heard_from(server.reply_to)
            self._take(server, now)

    def _take(self, server: ServerTransaction, now: float) -> None:
        request = server.request
        if request.method == "BYE":
            self._endpoint.answer(server, 200, now)
            self._end(Ending.BYE, now, request.why)
        elif request.method == "OPTIONS":
            self._endpoint.answer(server, 200, now, headers=(*ABILITIES, ACCEPT))
        elif request.method == "PRACK":
            self._endpoint.answer(server, 200, now)  # our 200 overtook it
        elif request.method == "INFO":
            take_info(self._endpoint, self._key, server, now)
        elif request.method in REFERRING and self._is_live:
            self._referring.receive(server, now)
        elif request.method in TARGET_REFRESHES:
            self._refreshed(server, now)
        else:
            self._endpoint.answer(server, 405, now, headers=(ALLOW,))

    def connection_lost(self, address: Address) -> None:
        self._dialog.connection_lost(address)

    @property
    def is_stranded(self) -> bool:
        """Whether there is no way to the peer any more. It may come back by another connection."""
        return self._phase is not Phase.CLOSED and self._endpoint.next_hop(self._dialog) is None

    @property
    def peer(self) -> str:
        """The peer's own address."""
        return self._dialog.remote_target

    def came_back(self, source: Address) -> None:
        """The peer is reached there now."""
        self._dialog.flow = source

    def give_up(self, now: float) -> None:
        """The peer did not come back."""
        self._refresher.stop()
        self._lost(Ending.LOST, now)

    def replaced(self, replaces: Replaces) -> DialogKey:
        """A call that is over is not brought back (603), an answered one no early one (486)."""
        if replaces.dialog.their_tag != (self._dialog.remote_tag or "0"):
            raise CannotReplace(481)
        if not self._is_live:
            raise CannotReplace(603)
        if replaces.early_only:
            raise CannotReplace(486)
        return self._key

    def acknowledged(self, ack: Request, now: float) -> None:
        """The ACK of one of our 200s; a repeated one changes nothing."""
        waiting = self._unacknowledged
        if waiting is None or ack.cseq.number != waiting.cseq or not self._dialog.belongs(ack):
            return
        self._unacknowledged = None
        self._endpoint.sleepers.set(self, None)
        first = self._phase is Phase.UNCONFIRMED
        if self._phase is Phase.HANGING_UP:
            self._told(now)
        elif first or waiting.carries_offer:
            self._phase = Phase.OPEN
            if waiting.carries_offer:
                self._talk.peer_sdp = ack.sdp
            self._endpoint.emit(Established(self._key, ack.sdp if waiting.carries_offer else None))
            if self._refer_later is not None:
                later, self._refer_later = self._refer_later, None
                self._referring.ask(*later, now)

    def cancelled(self, cancel: Request, now: float) -> None:
        """The peer took its re-INVITE back: the call goes on (9.2)."""
        self.refuse_reoffer(487, now)

    def _refreshed(self, server: ServerTransaction, now: float) -> None:
        """A re-INVITE (14.2), or an UPDATE with or without an offer (RFC 3311 5.2)."""
        request = server.request
        if request.method == "UPDATE" and not request.body:
            if self._keeps_time(server, now):
                self._accept(server, now)
        elif self._reinvite is not None:
            self._endpoint.answer(server, 500, now, headers=(("Retry-After", "1"),))
        elif self._talk.offering or not self._may_be_offered(request):
            self._endpoint.answer(server, 491, now)
        elif self._keeps_time(server, now):
            self._reinvite = server
            if request.method == "INVITE":
                server.user = self
                self._endpoint.answer(server, 100, now)
            self._endpoint.emit(Reoffered(self._key, request.sdp))

    @property
    def _is_live(self) -> bool:
        """Neither side has hung up."""
        return self._phase in (Phase.OPEN, Phase.UNCONFIRMED)

    def _may_be_offered(self, request: Request) -> bool:
        """Whether the last offer has its answer. An INVITE also waits for the ACK of the one before."""
        waiting = self._unacknowledged
        if request.method == "INVITE":
            return self._phase is Phase.OPEN and waiting is None
        return self._is_live and not (waiting and waiting.carries_offer)

    def _keeps_time(self, server: ServerTransaction, now: float) -> bool:
        """Whether the session interval is long enough for us; a shorter one is refused (RFC 4028 9)."""
        try:
            agreed_by_server(server.request, self._endpoint.settings.session_expires_s)
        except IntervalTooBrief:
            self._endpoint.answer(server, 422, now, headers=(("Min-SE", str(MIN_SE_S)),))
            return False
        return True

    def _accept(self, server: ServerTransaction, now: float, sdp: bytes = b"") -> Response:
        """200: the peer's target, abilities and media are those of the request, and the session begins anew."""
        self._dialog.refresh_target(server.request)
        self._talk.learn(server.request)
        terms = agreed_by_server(server.request, self._endpoint.settings.session_expires_s)
        if self._is_live:
            self._refresher.agreed(terms, now)
        contact = self._endpoint.contact(server.reply_to, self._dialog.remote_target)
        headers = (contact, *ABILITIES, *answer_headers(terms))
        return self._endpoint.answer(server, 200, now, headers=headers, body=sdp)

    # --- time ------------------------------------------------------------------------------------------------

    def wake(self, now: float) -> None:
        """Repeat the 200, or give up: without an ACK the call ends with a BYE (13.3.1.4)."""
        waiting = self._unacknowledged
        if waiting is None:
            return
        if now >= waiting.give_up_at:
            self._unacknowledged = None
            silent = self._phase is Phase.HANGING_UP
            self._say_bye(now)
            if not silent:
                self._forget(Ending.NO_ACK)
            return
        self._endpoint.outbox.append(waiting.transmit)
        waiting.interval = min(2 * waiting.interval, T2)
        waiting.next_at = now + waiting.interval
        self._endpoint.sleepers.set(self, waiting.wake_at)

    def _await_ack(self, server: ServerTransaction, response: Response, now: float) -> None:
        self._unacknowledged = Unacknowledged.sent(server, response, now)
        self._endpoint.sleepers.set(self, self._unacknowledged.wake_at)

    # --- the end ---------------------------------------------------------------------------------------------

    def _say_bye(self, now: float) -> None:
        """Whatever is answered, and if nothing is, the call is over (15.1.1)."""
        self._phase = Phase.CLOSED
        self._endpoint.sleepers.set(self, None)
        self._refresher.stop()
        self._talk.ask("BYE", lambda outcome, now: self._gone(), now, self._bye_headers)

    def _told(self, now: float) -> None:
        """What a BYE had to wait for has come."""
        if self._phase is Phase.HANGING_UP and self._unacknowledged is None and not self._referring.is_telling:
            self._say_bye(now)

    def _lost(self, ending: Ending, now: float) -> None:
        """The refresher gave the peer up. It is told, in case it lives (RFC 4028 10)."""
        self._leave_reinvite(now)
        self._unacknowledged = None
        self._say_bye(now)
        self._forget(ending)

    def _end(self, ending: Ending, now: float, reason: str | None) -> None:
        """The peer said BYE."""
        self._leave_reinvite(now)
        self._unacknowledged = None
        self._endpoint.sleepers.set(self, None)
        self._refresher.stop()
        before, self._phase = self._phase, Phase.CLOSED
        if before not in (Phase.HANGING_UP, Phase.CLOSED):
            self._forget(ending, reason)
        if before is not Phase.CLOSED:  # else our own BYE is under way, and its answer is the end
            self._gone()

    def _forget(self, ending: Ending, reason: str | None = None) -> None:
        self._endpoint.calls.drop_key(self._key)
        self._endpoint.emit(Ended(self._key, ending, reason))

    def _gone(self) -> None:
        self._endpoint.calls.drop_tag(self._dialog.call_id, self._dialog.local_tag)

    def _leave_reinvite(self, now: float) -> None:
        """A pending re-INVITE still gets an answer when the call ends (15.1.2)."""
        self.refuse_reoffer(487, now)
