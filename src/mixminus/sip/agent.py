"""The SIP agent: bytes and `now` in, bytes and events out. Shells drive it, one owner commands it.

A message climbs through gates in this order: is it SIP; is it a repetition; does it belong to a call; may this
stranger ask that. Until a stranger passed the last one, nothing about it is remembered.
"""

from collections.abc import Mapping
from dataclasses import replace

from mixminus.base.stun import StunError
from mixminus.base.types import RandomBytes
from mixminus.sip.connections.framing import PING, PONG
from mixminus.sip.connections.stun_answers import looks_like_stun, stun_answer
from mixminus.sip.contract import (
    Address,
    DialogKey,
    Invitation,
    LampDialog,
    Listener,
    Question,
    SipEvent,
    Sought,
    Transmit,
)
from mixminus.sip.dialogs.incoming import IncomingCall
from mixminus.sip.dialogs.inviting import Inviting
from mixminus.sip.dialogs.outgoing import OutgoingCall
from mixminus.sip.dialogs.referring import refer_from_outside
from mixminus.sip.dialogs.session import Session
from mixminus.sip.dialogs.stranded import watch_stranded
from mixminus.sip.endpoint import ABILITIES, ACCEPT, Endpoint
from mixminus.sip.messages.message import (
    BadRequest,
    HeaderLines,
    MalformedMessage,
    Request,
    Response,
    clean,
    extra_headers,
    parse,
)
from mixminus.sip.messages.uri import Uri
from mixminus.sip.registrar.kept_open import WaysKeptOpen
from mixminus.sip.registrar.registering import Registering
from mixminus.sip.registrar.registrar import OPTIONS as REGISTRAR_OPTIONS
from mixminus.sip.registrar.registrar import Binding, Phone, Registrar
from mixminus.sip.services.asking import Asking
from mixminus.sip.services.event_packages import ALLOW_EVENTS
from mixminus.sip.services.notifier import Notifier
from mixminus.sip.services.texting import Texting
from mixminus.sip.settings import SipSettings
from mixminus.sip.trust.bans import Ban, Offence
from mixminus.sip.trust.gate import Gate, ReadToken
from mixminus.sip.trust.guests import Guests
from mixminus.sip.trust.outside import OutsideDialogs, Service
from mixminus.sip.trust.refusing import Refusing


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
        self._gate = gate = Gate(settings.realm, random_bytes)
        self._refusing = Refusing(self._endpoint, gate, random_bytes(32))
        self._texting = Texting(self._endpoint, self._refusing)
        self._notifier = Notifier(self._endpoint, self._refusing)
        services = {
            "INVITE": Service(gate.caller, Inviting(self._endpoint, self._refusing)),
            "MESSAGE": Service(gate.caller, self._texting),
            "SUBSCRIBE": Service(gate.user, self._notifier),
            "REFER": Service(gate.caller, self._referred),
            "REGISTER": Service(
                gate.user, Registering(self._endpoint, self._registrar, self._ways), REGISTRAR_OPTIONS
            ),
        }
        self._outside = OutsideDialogs(
            self._endpoint, gate, self._refusing, services, (*ABILITIES, ACCEPT, ALLOW_EVENTS)
        )
        self.counters = self._refusing.counters

    @property
    def settings(self) -> SipSettings:
        return self._endpoint.settings

    @property
    def open_calls(self) -> int:
        """Calls whose peer may still speak to us."""
        return len(self._endpoint.calls)

    @property
    def open_subscriptions(self) -> int:
        return len(self._notifier)

    @property
    def open_transactions(self) -> int:
        return len(self._endpoint.layer)

    def reconfigure(self, settings: SipSettings) -> None:
        """New users, new trusted hosts; calls that are up stay up. The realm stays what it was."""
        self._endpoint.settings = settings

    def accept_tokens(self, read: ReadToken) -> None:
        """Users may prove who they are with a token, too (RFC 8898)."""
        self._gate.read_token = read

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
                self._refusing.refuse(error.request, source, error.status, now)
            return
        except MalformedMessage:
            self._refusing.unreadable(source, now)
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
        self._notifier.connection_lost(address)
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
            if status == 404:  # whoever tries one number after another looks for a way out
                self._gate.blame(call.source, self.settings, now)
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

    def reply(self, message: DialogKey, status: int, now: float) -> None:
        """Answer a text that `Messaged` told of."""
        self._texting.reply(message, status, now)

    def bans(self, now: float) -> tuple[Ban, ...]:
        """Who is not listened to, the newest last."""
        return self._gate.bans.all(now)

    @property
    def bans_counted(self) -> Mapping[Offence, int]:
        """Bans since the start."""
        return self._gate.bans.counted

    def lift_ban(self, peer: str, now: float) -> bool:
        """Listen to it again; False: it is not banned."""
        return self._gate.bans.lift(peer, now)

    def show(self, user: str, dialogs: tuple[LampDialog, ...], now: float) -> None:
        """Tell whoever watches *user* that these are its calls now; ended ones are told once."""
        self._notifier.show(user, dialogs, now)

    def contacts(self, user: str, now: float) -> tuple[Binding, ...]:
        """Where a registered user can be reached, most preferred first."""
        return self._registrar.contacts(user, now)

    def restore(self, user: str, bindings: tuple[Binding, ...], now: float) -> tuple[Binding, ...]:
        """Registrations of before a restart; returns those that are still good. Connections are gone."""
        return self._registrar.restore(user, bindings, now)

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
        call = self._endpoint.calls.find(request) or self._notifier.find(request)
        if request.method == "ACK":
            if call is not None:
                call.acknowledged(request, now)
        elif request.method == "CANCEL":
            self._cancel(request, source, now)
        elif call is not None and request.method == "MESSAGE":
            self._texting(request, source, None, now)  # RFC 3428 4: it changes nothing about the call
        elif call is not None:
            call.receive(self._endpoint.layer.open_server(request, source, now), now)
        else:
            self._outside.receive(request, source, now)

    def _referred(self, request: Request, source: Address, _user: str | None, now: float) -> None:
        refer_from_outside(self._endpoint, self._endpoint.layer.open_server(request, source, now), now)

    def _cancel(self, request: Request, source: Address, now: float) -> None:
        """200 for the CANCEL whatever the INVITE does next, with the same tag as the INVITE's answers (9.2)."""
        invite = self._endpoint.layer.invite_to_cancel(request)
        if invite is None:
            self._refusing.refuse(request, source, 481, now)
            return
        self._endpoint.answer(self._endpoint.layer.open_server(request, source, now), 200, now, to_tag=invite.to_tag)
        if invite.user is not None:
            invite.user.cancelled(request, now)
