"""The SIP agent: bytes and `now` in, bytes and events out. Shells drive it, one owner commands it.

A message climbs through gates in this order: is it SIP; is it a repetition; does it belong to a call; may this
stranger ask that. Until a stranger passed the last one, nothing about it is remembered.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from mixminus.base.stun import StunError
from mixminus.base.types import RandomBytes
from mixminus.sip.answers import response_to
from mixminus.sip.asking import Asking
from mixminus.sip.contacts import MIN_EXPIRES_S, RegisterRefused
from mixminus.sip.contract import (
    Address,
    DialogKey,
    Invitation,
    Invited,
    Listener,
    Question,
    SipEvent,
    Sought,
    Transmit,
)
from mixminus.sip.endpoint import ABILITIES, ACCEPT, ALLOW, METHODS, SUPPORTED_OPTIONS, Endpoint
from mixminus.sip.framing import PING, PONG
from mixminus.sip.gate import Admitted, Challenged, Forbidden, Gate
from mixminus.sip.guests import Guests
from mixminus.sip.identity import asserted, forwarded_from
from mixminus.sip.incoming import IncomingCall
from mixminus.sip.kept_open import WaysKeptOpen
from mixminus.sip.message import (
    BadRequest,
    HeaderLines,
    MalformedMessage,
    Request,
    Response,
    clean,
    extra_headers,
    parse,
)
from mixminus.sip.outgoing import OutgoingCall
from mixminus.sip.referring import refer_from_outside
from mixminus.sip.registrar import OPTIONS as REGISTRAR_OPTIONS
from mixminus.sip.registrar import Binding, Phone, Registrar
from mixminus.sip.replaces import CannotReplace, Replaces
from mixminus.sip.session import Session
from mixminus.sip.session_expires import MIN_SE_S, IntervalTooBrief, agreed_by_server
from mixminus.sip.settings import SipSettings
from mixminus.sip.stranded import watch_stranded, welcome_back
from mixminus.sip.stun_answers import looks_like_stun, stun_answer
from mixminus.sip.transaction_layer import reply_address
from mixminus.sip.uri import AddressError, Uri

STRANGERS_MAY: Final = ("INVITE", "OPTIONS", "REGISTER", "REFER")
"""What is not about a call that we know."""
MAX_TRANSACTIONS: Final = 100_000
"""Beyond it new requests get 503: a flood must not take the memory of calls that are up."""


@dataclass(slots=True)
class SipCounters:
    """What was dropped or refused, for the metrics."""

    received: int = 0
    malformed: int = 0
    unmatched_responses: int = 0
    refused: int = 0
    ignored: int = 0
    """Dropped without an answer, because its host ran out of patience."""


class SipAgent:
    """Registrar, user agent server and client behind one address.

    A command for a dialog that is over, or in a state where it means nothing, does nothing: the event that says so is
    already on its way to the owner.
    """

    def __init__(self, settings: SipSettings, random_bytes: RandomBytes) -> None:
        self._endpoint = Endpoint(settings, random_bytes)
        self._guests = Guests(self._endpoint)
        self._registrar = Registrar(self._endpoint.token)
        self._ways = WaysKeptOpen(self._endpoint, self._registrar)
        self._endpoint.whereabouts.at_home = self._registrar.places_of
        self._gate = Gate(settings.realm, random_bytes)
        self._tag_secret = random_bytes(32)
        self.counters = SipCounters()

    @property
    def settings(self) -> SipSettings:
        return self._endpoint.settings

    @property
    def open_calls(self) -> int:
        """Calls whose peer may still speak to us."""
        return len(self._endpoint.calls)

    @property
    def open_transactions(self) -> int:
        return len(self._endpoint.layer)

    def reconfigure(self, settings: SipSettings) -> None:
        """New users, new trusted hosts; calls that are up stay up. The realm stays what it was."""
        self._endpoint.settings = settings

    def bound(self, host: str, port: int) -> None:
        """The shell learned which address we have."""
        self.reconfigure(replace(self.settings, host=host, port=port))

    def local(self, place: Address) -> Listener:
        """Where *place* reaches us."""
        return self._endpoint.local(place)

    # --- driven by the shell ---------------------------------------------------------------------------------

    def receive(self, data: bytes, source: Address, now: float) -> None:
        """One datagram, or one message that a `StreamFramer` cut out of a stream."""
        if not data.strip(b"\r\n\0"):
            if data == PING:
                self._endpoint.outbox.append(Transmit(PONG, source))
            return
        if looks_like_stun(data):
            self._stun(data, source, now)
            return
        self.counters.received += 1
        try:
            message = parse(data)
        except BadRequest as error:
            if error.request.method != "ACK":
                self._refuse(error.request, source, error.status, now)
            return
        except MalformedMessage:
            self.counters.malformed += 1
            return
        if isinstance(message, Response):
            if not self._endpoint.layer.receive(message, now):
                self.counters.unmatched_responses += 1
            return
        self._request(message.came_from(source.host, source.port), source, now)

    def _stun(self, data: bytes, source: Address, now: float) -> None:
        if self._gate.ignores(source, self.settings, now):
            self.counters.ignored += 1
            return
        try:
            answer = stun_answer(data, source)
        except StunError:
            self.counters.malformed += 1
        else:
            if answer is not None:
                self._endpoint.outbox.append(Transmit(answer, source))

    def connection_lost(self, address: Address, now: float) -> None:
        """A connection broke or could not be opened: requests that were sent on it fail at once."""
        self._registrar.connection_lost(address)
        self._endpoint.calls.connection_lost(address)
        self._endpoint.layer.connection_lost(address, now)
        watch_stranded(self._endpoint, now)

    def deadline(self) -> float | None:
        """When `handle_timeout` wants to be called."""
        times = (self._endpoint.layer.deadline(), self._endpoint.sleepers.earliest())
        return min((at for at in times if at is not None), default=None)

    def handle_timeout(self, now: float) -> None:
        self._endpoint.layer.handle_timeout(now)
        while (sleeper := self._endpoint.sleepers.pop_due(now)) is not None:
            sleeper.wake(now)

    def poll(self) -> Transmit | SipEvent | None:
        """The next thing to send or to tell; None: nothing until the next call of ours."""
        return self._endpoint.outbox.popleft() if self._endpoint.outbox else None

    # --- commanded by the owner ------------------------------------------------------------------------------

    def invite(self, invitation: Invitation, now: float) -> str:
        """Call somebody; returns the Call-ID. Raises `AddressError` or `SipError`: target, caller or a header name
        cannot be sent.
        """
        Uri.parse(invitation.target)
        Uri.parse(invitation.from_uri)
        return OutgoingCall(self._endpoint, invitation, now).call_id

    def ring(self, dialog: DialogKey, now: float) -> None:
        """180."""
        if isinstance(call := self._endpoint.calls.get(dialog), IncomingCall):
            call.ring(now)

    def progress(self, dialog: DialogKey, sdp: bytes, now: float) -> None:
        """183 with early media."""
        if isinstance(call := self._endpoint.calls.get(dialog), IncomingCall):
            call.progress(sdp, now)

    def answer(self, dialog: DialogKey, sdp: bytes, now: float) -> None:
        """200. `Established` follows with the ACK, or `Ended` (no-ack) after 32 s."""
        if isinstance(call := self._endpoint.calls.get(dialog), IncomingCall):
            call.answer(sdp, now)

    def refuse(self, dialog: DialogKey, status: int, now: float, reason: str = "") -> None:
        """A final answer of 300 or more. No event follows."""
        if isinstance(call := self._endpoint.calls.get(dialog), IncomingCall):
            call.refuse(status, reason, now)

    def accept_reoffer(self, dialog: DialogKey, sdp: bytes, now: float) -> None:
        """Answer a re-INVITE with 200. If it came without an offer, `Established` brings the answer."""
        if isinstance(call := self._endpoint.calls.get(dialog), IncomingCall | OutgoingCall | Session):
            call.accept_reoffer(sdp, now)

    def refuse_reoffer(self, dialog: DialogKey, status: int, now: float) -> None:
        if isinstance(call := self._endpoint.calls.get(dialog), IncomingCall | OutgoingCall | Session):
            call.refuse_reoffer(status, now)

    def hang_up(self, dialog: DialogKey, now: float, reason_header: str | None = None) -> None:
        """End the call, by BYE, CANCEL or 603, whatever its state needs. No event follows."""
        headers: HeaderLines = (("Reason", clean(reason_header)),) if reason_header else ()
        call = self._endpoint.calls.get(dialog)
        if isinstance(call, IncomingCall | OutgoingCall | Session):
            call.hang_up(now, headers)

    def refer(self, dialog: DialogKey, target: str, now: float, headers: Mapping[str, str] | None = None) -> None:
        """Send the peer of a call to somebody else (REFER). `ReferAnswered` follows, then `ReferReported`.

        Raises `AddressError` or `SipError`: target or a header name cannot be sent.
        """
        Uri.parse(target)
        lines = extra_headers(headers or {})
        if isinstance(call := self._endpoint.calls.get(dialog), Session):
            call.refer(target, lines, now)

    def accept_referral(self, referral: DialogKey, now: float) -> None:
        """202: we shall call whom a REFER names, and `report` how that goes."""
        if (asked := self._endpoint.referrals.get(referral)) is not None:
            asked.accept(now)

    def refuse_referral(self, referral: DialogKey, status: int, now: float) -> None:
        if (asked := self._endpoint.referrals.get(referral)) is not None:
            asked.refuse(status, now)

    def report(self, referral: DialogKey, status: int, now: float, reason: str = "") -> None:
        """Tell whoever sent the REFER what our call met (NOTIFY); a final status is the last."""
        if (asked := self._endpoint.referrals.get(referral)) is not None:
            asked.report(status, clean(reason), now)

    def ask(self, question: Question, now: float) -> None:
        """Send a request that belongs to no call; `Replied` follows. Raises `SipError`: it cannot be sent."""
        Asking(self._endpoint, question, now)

    def located(self, sought: Sought, places: tuple[Address, ...], now: float) -> None:
        """The answer to `Sought`: no places when there are none."""
        self._endpoint.whereabouts.learn(sought, places, now)

    def trust(self, host: str, until: float) -> None:
        """Let that host call in without a password until then."""
        self._guests.admit(host, until)

    def contacts(self, user: str, now: float) -> tuple[Binding, ...]:
        """Where a registered user can be reached, most preferred first."""
        return self._registrar.contacts(user, now)

    def phones(self, user: str, now: float) -> tuple[Phone, ...]:
        """What a registered user can be reached by, most preferred first."""
        return self._registrar.phones(user, now)

    def phone_at(self, uri: str, now: float) -> Phone | None:
        """The phone of ours that a GRUU leads to. Raises `AddressError`."""
        return self._registrar.phone_at(Uri.parse(uri), now)

    # --- requests --------------------------------------------------------------------------------------------

    def _request(self, request: Request, source: Address, now: float) -> None:
        if self._endpoint.layer.absorb(request, now):
            return
        call = self._endpoint.calls.find(request)
        if request.method == "ACK":
            if call is not None:
                call.acknowledged(request, now)
        elif request.method == "CANCEL":
            self._cancel(request, source, now)
        elif call is not None:
            call.receive(self._endpoint.layer.open_server(request, source, now), now)
        elif self._gate.ignores(source, self.settings, now):
            self.counters.ignored += 1
        elif (refusal := self._out_of_dialog_fault(request)) is not None:
            status, headers = refusal
            self._refuse(request, source, status, now, headers)
        else:
            self._stranger(request, source, now)

    def _out_of_dialog_fault(self, request: Request) -> tuple[int, HeaderLines] | None:
        """The inspections of RFC 3261 8.2 and 16.3, before anybody is asked who they are."""
        hops = request.get("Max-Forwards")  # we are where it ends: 0 is as good as any (RFC 4475 3.3.11)
        able = (*SUPPORTED_OPTIONS, *(REGISTRAR_OPTIONS if request.method == "REGISTER" else ()))
        required = [option for option in request.all("Require") if option.lower() not in able]
        if hops is not None and not (hops.isascii() and hops.isdigit()):
            return 400, ()
        if request.method not in METHODS:
            return 405, (ALLOW,)
        try:
            Uri.parse(request.uri)
        except AddressError as error:
            return (416 if error.unknown_scheme else 400), ()
        if request.to.tag is not None or request.method not in STRANGERS_MAY:
            return 481, ()
        if required:
            return 420, (("Unsupported", ", ".join(required)),)
        if self._endpoint.layer.is_merged(request):
            return 482, ()
        if len(self._endpoint.layer) >= MAX_TRANSACTIONS:
            return 503, (("Retry-After", "10"),)
        return None

    def _stranger(self, request: Request, source: Address, now: float) -> None:
        if request.method == "OPTIONS":
            self._answer_statelessly(request, source, 200, (*ABILITIES, ACCEPT))
            return
        judge = self._gate.user if request.method == "REGISTER" else self._gate.caller
        match judge(request, source, self.settings, now):
            case Challenged(challenges):
                headers = tuple(("WWW-Authenticate", value) for value in challenges)
                self._answer_statelessly(request, source, 401, headers)
            case Forbidden():
                self.counters.refused += 1
                self._answer_statelessly(request, source, 403)
            case Admitted(user) if request.method == "INVITE":
                self._invited(request, source, user, now)
            case Admitted() if request.method == "REFER":
                refer_from_outside(self._endpoint, self._endpoint.layer.open_server(request, source, now), now)
            case Admitted(user):
                self._register(request, source, user or "", now)

    def _invited(self, request: Request, source: Address, user: str | None, now: float) -> None:
        kind = (request.get("Content-Type") or "application/sdp").partition(";")[0].strip().lower()
        if request.body and kind != "application/sdp":
            self._refuse(request, source, 415, now, (ACCEPT,))
            return
        if not request.accepts("application/sdp"):
            self._refuse(request, source, 406, now, (ACCEPT,))
            return
        if request.contact is None and not request.via.is_of_rfc_2543:
            self._refuse(request, source, 400, now)
            return
        try:
            agreed_by_server(request, self.settings.session_expires_s)
        except IntervalTooBrief:
            self._answer_statelessly(request, source, 422, (("Min-SE", str(MIN_SE_S)),))
            return
        try:
            replaces = Replaces.of(request)
            replaced = self._endpoint.calls.replaced(replaces) if replaces is not None else None
        except CannotReplace as error:
            self._answer_statelessly(request, source, error.status)
            return
        key = DialogKey(self._endpoint.token())
        server = self._endpoint.layer.open_server(request, source, now)
        IncomingCall(self._endpoint, key, server, now)
        self._endpoint.emit(
            Invited(
                dialog=key,
                called=(Uri.parse(request.uri).user or "").partition(";")[0],
                request_uri=request.uri,
                from_uri=request.from_.uri,
                from_display=request.from_.display,
                to_uri=request.to.uri,
                call_id=request.call_id,
                source=source,
                user=user,
                offer=request.sdp,
                headers={k: v for k, v in request.headers if k[:2].lower() == "x-" or k.lower() == "user-to-user"},
                asserted_uri=asserted(request) if user is None else None,
                forwarded_from=forwarded_from(request) if user is None else None,
                replaces=replaced,
            )
        )

    def _cancel(self, request: Request, source: Address, now: float) -> None:
        """200 for the CANCEL whatever the INVITE does next, with the same tag as the INVITE's answers (9.2)."""
        invite = self._endpoint.layer.invite_to_cancel(request)
        if invite is None:
            self._refuse(request, source, 481, now)
            return
        self._endpoint.answer(self._endpoint.layer.open_server(request, source, now), 200, now, to_tag=invite.to_tag)
        if invite.user is not None:
            invite.user.cancelled(request, now)

    def _register(self, request: Request, source: Address, user: str, now: float) -> None:
        server = self._endpoint.layer.open_server(request, source, now)
        try:
            if Uri.parse(request.to.uri).user != user:
                raise RegisterRefused(403, "a user registers itself and nobody else")
            self._registrar.register(user, request, source, now)
        except AddressError:
            self._endpoint.answer(server, 400, now)
        except RegisterRefused as error:
            headers: HeaderLines = (("Min-Expires", str(MIN_EXPIRES_S)),) if error.status == 423 else ()
            self._endpoint.answer(server, error.status, now, headers=headers)
        else:
            self._ways.registered(user, source, now)
            welcome_back(self._endpoint, self._registrar.contacts(user, now))
            self._endpoint.answer(server, 200, now, headers=self._registrar.answer(user, request, now))

    # --- answers to strangers --------------------------------------------------------------------------------

    def _refuse(self, request: Request, source: Address, status: int, now: float, headers: HeaderLines = ()) -> None:
        """Refuse without remembering; too many refusals make us ignore the host for a while."""
        if self._gate.ignores(source, self.settings, now):
            self.counters.ignored += 1
            return
        self.counters.refused += 1
        self._gate.blame(source, now)
        self._answer_statelessly(request, source, status, headers)

    def _answer_statelessly(self, request: Request, source: Address, status: int, headers: HeaderLines = ()) -> None:
        """RFC 3261 8.2.7: a repeated request gets the same answer, tag included, because the tag is computed."""
        names = (request.get(name) or "" for name in ("Call-ID", "From", "CSeq"))
        identity = "\n".join((*names, request.via.branch))
        tag = hmac.new(self._tag_secret, identity.encode(), hashlib.sha256).hexdigest()[:16]
        response = response_to(request, status, to_tag=tag, headers=(*headers, self._endpoint.server))
        self._endpoint.send(response, reply_address(request, source))
