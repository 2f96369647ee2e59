"""An INVITE that somebody sent us, until its final answer (RFC 3261 13.3)."""

from typing import Final

from mixminus.sip.contract import Address, DialogKey, Ended, Ending, Reoffered
from mixminus.sip.dialogs.dialog import Dialog
from mixminus.sip.dialogs.info import take_info
from mixminus.sip.dialogs.provisionals import Provisionals
from mixminus.sip.dialogs.referring import METHODS as REFERRING
from mixminus.sip.dialogs.session import Session
from mixminus.sip.dialogs.talk import Talk
from mixminus.sip.endpoint import ABILITIES, ACCEPT, ALLOW, Endpoint
from mixminus.sip.messages.message import HeaderLines, Request
from mixminus.sip.messages.replaces import CannotReplace, Replaces
from mixminus.sip.messages.session_expires import agreed_by_server, answer_headers
from mixminus.sip.transactions.transaction_layer import ServerTransaction
from mixminus.sip.trust.proof import Proof

AGAIN_S: Final = 10
"""When to ask again who was told that we are full, or about to stop."""


class IncomingCall:
    """Rings until it is answered, refused or cancelled. Then it is a `Session`, or gone."""

    def __init__(self, endpoint: Endpoint, key: DialogKey, server: ServerTransaction, now: float) -> None:
        self._endpoint = endpoint
        self._key = key
        self.source = server.reply_to
        self._server = server
        self._dialog = Dialog.of_server(server.request, endpoint.token(), server.reply_to)
        headers = self._dialog_headers()
        self._provisionals = Provisionals(endpoint, server, self._dialog.local_tag, headers, self._not_confirmed)
        self._answer: bytes | None = None
        self._reoffer: ServerTransaction | None = None
        endpoint.calls.put(key, self._dialog.call_id, self._dialog.local_tag, self)
        server.user, server.to_tag = self, self._dialog.local_tag
        endpoint.answer(server, 100, now)

    # --- the owner -------------------------------------------------------------------------------------------

    def ring(self, now: float) -> None:
        self._provisionals.say(180, b"", now)

    def progress(self, sdp: bytes, now: float) -> None:
        self._provisionals.say(183, sdp, now)

    def answer(self, sdp: bytes, now: float) -> None:
        """Answer with 200, once the caller has confirmed our early media (RFC 3262 3)."""
        if self._provisionals.holds_the_answer:
            self._answer = sdp
        else:
            self._accept(sdp, now)

    def _accept(self, sdp: bytes, now: float) -> None:
        """From now on it is a session."""
        self.refuse_reoffer(500, now)
        self._provisionals.stop()
        self._server.user = None
        request = self._server.request
        terms = agreed_by_server(request, self._endpoint.settings.session_expires_s)
        response = self._endpoint.answer(
            self._server,
            200,
            now,
            to_tag=self._dialog.local_tag,
            headers=(*self._dialog_headers(), *ABILITIES, ACCEPT, *answer_headers(terms)),
            body=sdp,
        )
        talk = Talk(
            self._endpoint,
            self._key,
            self._dialog,
            we_called=False,
            sdp=sdp,
            peer_sdp=None,
            proof=Proof(None, self._endpoint.token),
        )
        talk.learn(request)
        Session(talk, terms, now).sent_ok(self._server, response, now)

    def accept_reoffer(self, sdp: bytes, now: float) -> None:
        """Answer the offer of an UPDATE or a PRACK."""
        server, self._reoffer = self._reoffer, None
        if server is not None:
            self._endpoint.answer(server, 200, now, headers=(self._contact(server),), body=sdp)

    def refuse_reoffer(self, status: int, now: float) -> None:
        """What was agreed on stays."""
        server, self._reoffer = self._reoffer, None
        if server is not None:
            self._endpoint.answer(server, status, now)

    def refuse(self, status: int, reason: str, now: float, headers: HeaderLines = ()) -> None:
        """Answer with a status of 300 or more; the owner hears nothing more of this call."""
        self.refuse_reoffer(487, now)
        if status == 503:  # without it, it would mean that we are broken (21.5.4)
            headers = (*headers, ("Retry-After", str(AGAIN_S)))
        self._endpoint.answer(
            self._server, status, now, reason=reason, to_tag=self._dialog.local_tag, headers=headers
        )
        self._forget()

    def hang_up(self, now: float, headers: HeaderLines) -> None:
        """A call that was not answered cannot be hung up, only declined (21.6.2)."""
        self.refuse(603, "", now, headers)

    # --- the peer --------------------------------------------------------------------------------------------

    def cancelled(self, cancel: Request, now: float) -> None:
        """CANCEL: the INVITE is answered with 487 (9.2)."""
        self.refuse_reoffer(487, now)
        self._endpoint.answer(self._server, 487, now, to_tag=self._dialog.local_tag)
        self._forget()
        self._endpoint.emit(Ended(self._key, Ending.CANCELLED, cancel.why))

    def receive(self, server: ServerTransaction, now: float) -> None:
        """A request in the early dialog. A caller may say BYE here instead of CANCEL (15)."""
        request = server.request
        if not self._dialog.belongs(request):
            self._endpoint.answer(server, 481, now)
        elif not self._dialog.accepts_cseq(request):
            self._endpoint.answer(server, 500, now)
        elif request.method == "BYE":
            self._endpoint.answer(server, 200, now)
            self.refuse_reoffer(487, now)
            self._endpoint.answer(self._server, 487, now, to_tag=self._dialog.local_tag)
            self._forget()
            self._endpoint.emit(Ended(self._key, Ending.BYE, request.why))
        elif request.method == "INVITE":
            self._endpoint.answer(server, 500, now, headers=(("Retry-After", "1"),))  # 14.2
        elif request.method == "OPTIONS":
            self._endpoint.answer(server, 200, now, headers=(*ABILITIES, ACCEPT))
        elif request.method == "PRACK":
            self._confirmed(server, now)
        elif request.method == "INFO":
            take_info(self._endpoint, self._key, server, now)
        elif request.method == "UPDATE":
            self._updated(server, now)
        elif request.method in REFERRING:
            self._endpoint.answer(server, 603, now)  # nobody is talking yet who could be sent elsewhere
        else:
            self._endpoint.answer(server, 405, now, headers=(ALLOW,))

    def _confirmed(self, server: ServerTransaction, now: float) -> None:
        """A PRACK. If what it confirms was an answer, it may bring the next offer (RFC 3262 5)."""
        if not self._provisionals.acknowledged(server.request, now):
            self._endpoint.answer(server, 481, now)
            return
        if server.request.body:
            self._offered(server, now)
        else:
            self._endpoint.answer(server, 200, now)
        if self._answer is not None and not self._provisionals.holds_the_answer:
            self._accept(self._answer, now)

    def _updated(self, server: ServerTransaction, now: float) -> None:
        """The caller moved, or wants other media before we answer (RFC 3311 5.2)."""
        if server.request.body and not self._provisionals.has_answered:
            self._endpoint.answer(server, 500, now, headers=(("Retry-After", "2"),))
            return
        self._dialog.refresh_target(server.request)
        if server.request.body:
            self._offered(server, now)
        else:
            self._endpoint.answer(server, 200, now, headers=(self._contact(server),))

    def _offered(self, server: ServerTransaction, now: float) -> None:
        """One offer after another, the first of which has our confirmed answer."""
        if not self._provisionals.has_answered:
            self._endpoint.answer(server, 488, now)
        elif self._reoffer is not None:
            self._endpoint.answer(server, 500, now, headers=(("Retry-After", "2"),))
        else:
            self._reoffer = server
            self._endpoint.emit(Reoffered(self._key, server.request.sdp))

    def connection_lost(self, address: Address) -> None:
        self._dialog.connection_lost(address)

    def replaced(self, replaces: Replaces) -> DialogKey:
        """Somebody else began this early dialog: it cannot be taken from them (RFC 3891 3)."""
        raise CannotReplace(481)

    def acknowledged(self, ack: Request, now: float) -> None:
        """An ACK before our final answer means nothing."""

    # --- the end ---------------------------------------------------------------------------------------------

    def _not_confirmed(self, now: float) -> None:
        """64 T1 without a PRACK: refused with a 5xx (RFC 3262 3)."""
        self.refuse(504, "", now)
        self._endpoint.emit(Ended(self._key, Ending.NO_ACK))

    def _contact(self, server: ServerTransaction) -> tuple[str, str]:
        return self._endpoint.contact(server.reply_to, self._dialog.remote_target)

    def _dialog_headers(self) -> HeaderLines:
        """What makes a dialog: our Contact, and the proxies' Record-Route as it came (12.1.1)."""
        routes = tuple(line for line in self._server.request.headers if line[0] == "Record-Route")
        secure_like = _most_secure(self._server.request.uri, self._dialog.remote_target)
        return (*routes, self._endpoint.contact(self._server.reply_to, secure_like))

    def _forget(self) -> None:
        self._server.user = None
        self._provisionals.stop()
        self._endpoint.calls.drop_key(self._key)
        self._endpoint.calls.drop_tag(self._dialog.call_id, self._dialog.local_tag)


def _most_secure(*uris: str) -> str:
    """The one that is `sips:`, if any (12.1.1)."""
    return max(uris, key=lambda uri: uri[:5].lower() == "sips:")
