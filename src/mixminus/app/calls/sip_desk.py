"""Between the SIP agent and the lines: requests go in with the time, events come out to the line they concern."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from mixminus.app.calls.far_ends import FarEnd
from mixminus.app.calls.peer import Peer
from mixminus.app.trunks.places import Locate, Places
from mixminus.sip.agent import SipAgent
from mixminus.sip.contract import (
    Address,
    Answered,
    DialogKey,
    Ended,
    Established,
    Invitation,
    Invited,
    KeyPressed,
    LampDialog,
    Listener,
    Messaged,
    Progressed,
    Question,
    ReferAnswered,
    Referred,
    ReferReported,
    Refused,
    Registered,
    Renegotiated,
    Reoffered,
    Replied,
    SipEvent,
    Sought,
)
from mixminus.sip.registrar.registrar import Binding, Phone
from mixminus.sip.trust.bans import Ban


class DialogOwner(Protocol):
    """Who wants to hear of a dialog."""

    @property
    def peer(self) -> Peer: ...

    def take_over(self, invited: Invited, far: FarEnd) -> bool:
        """Go on with who calls instead of who is, or rings, at the far end now (RFC 3891); False: that cannot be."""

    def heard(self, event: SipEvent) -> None: ...


class SipDesk:
    """One per node. Whatever is asked of the agent goes through here, so that the pump is never forgotten."""

    def __init__(self, agent: SipAgent, now: Callable[[], float], locate: Locate) -> None:
        self.places = Places(locate, now)
        self.drain: Callable[[], None] = lambda: None
        """The pump's; known when the agent is on the network."""
        self._agent = agent
        self._now = now
        self._owners: dict[DialogKey, DialogOwner] = {}
        self._questions: dict[DialogKey, asyncio.Future[Replied]] = {}
        self.on_invited: Callable[[Invited], None]
        self.on_sought: Callable[[Sought], None]
        self.on_referred: Callable[[Referred], None]
        self.on_messaged: Callable[[Messaged], None]
        self.on_registered: Callable[[Registered], None]

    def heard(self, event: SipEvent) -> None:
        """The pump's listener."""
        match event:
            case Invited():
                self.on_invited(event)
            case Referred():
                self.on_referred(event)
            case (
                Progressed()
                | Answered()
                | Refused()
                | Established()
                | Reoffered()
                | Renegotiated()
                | KeyPressed()
                | Ended()
                | ReferAnswered()
                | ReferReported()
            ):
                if owner := self._owners.get(event.dialog):
                    owner.heard(event)
            case Sought():
                self.on_sought(event)
            case Messaged():
                self.on_messaged(event)
            case Registered():
                self.on_registered(event)
            case Replied():
                if (waiting := self._questions.pop(event.question, None)) is not None and not waiting.done():
                    waiting.set_result(event)

    async def ask(self, question: Question) -> Replied:
        """Send a request outside of calls and wait for what it meets, 408 for silence."""
        waiting: asyncio.Future[Replied] = asyncio.get_running_loop().create_future()
        self._questions[question.key] = waiting
        self._do(lambda agent, now: agent.ask(question, now))
        return await waiting

    def send(self, question: Question) -> None:
        """The same without waiting."""
        self._do(lambda agent, now: agent.ask(question, now))

    def reply(self, message: DialogKey, status: int) -> None:
        """Answer a text."""
        self._do(lambda agent, now: agent.reply(message, status, now))

    def show(self, user: str, dialogs: tuple[LampDialog, ...]) -> None:
        """What lamps for that user show from now on."""
        self._do(lambda agent, now: agent.show(user, dialogs, now))

    def bans(self) -> tuple[Ban, ...]:
        """Hosts that are not listened to, the newest last."""
        return self._agent.bans(self._now())

    def lift_ban(self, peer: str) -> bool:
        """False: it is not banned."""
        return self._agent.lift_ban(peer, self._now())

    def located(self, sought: Sought, places: tuple[Address, ...]) -> None:
        """The agent learns what it wanted to know."""
        self._do(lambda agent, now: agent.located(sought, places, now))

    def trust(self, host: str, until: float) -> None:
        """That host may call in without a password until then."""
        self._do(lambda agent, now: agent.trust(host, until))

    def local(self, place: Address) -> Listener:
        """Where *place* reaches us."""
        return self._agent.local(place)

    def trusts(self, host: str) -> bool:
        """Whether calls from there are a trunk's."""
        return self._agent.settings.trusts(host)

    def own(self, dialog: DialogKey, owner: DialogOwner) -> None:
        """From now on *owner* hears of this dialog."""
        self._owners[dialog] = owner

    def disown(self, dialog: DialogKey) -> None:
        self._owners.pop(dialog, None)

    def invite(self, invitation: Invitation, owner: DialogOwner) -> str:
        """Returns the Call-ID."""
        self.own(invitation.dialog, owner)
        call_id = self._agent.invite(invitation, self._now())
        self.drain()
        return call_id

    def ring(self, dialog: DialogKey) -> None:
        self._do(lambda agent, now: agent.ring(dialog, now))

    def answer(self, dialog: DialogKey, sdp: bytes) -> None:
        self._do(lambda agent, now: agent.answer(dialog, sdp, now))

    def refuse(self, dialog: DialogKey, status: int) -> None:
        self._do(lambda agent, now: agent.refuse(dialog, status, now))

    def accept_reoffer(self, dialog: DialogKey, sdp: bytes) -> None:
        self._do(lambda agent, now: agent.accept_reoffer(dialog, sdp, now))

    def refuse_reoffer(self, dialog: DialogKey, status: int) -> None:
        self._do(lambda agent, now: agent.refuse_reoffer(dialog, status, now))

    def hang_up(self, dialog: DialogKey, reason: str | None = None) -> None:
        """BYE, CANCEL or a refusal, whatever the dialog needs; *reason* is its Reason header (RFC 3326)."""
        self.disown(dialog)
        self._do(lambda agent, now: agent.hang_up(dialog, now, reason))

    def refer(self, dialog: DialogKey, target: str) -> None:
        """REFER. Raises `SipError` or `AddressError` when it cannot be sent."""
        self._do(lambda agent, now: agent.refer(dialog, target, now))

    def accept_referral(self, referral: DialogKey) -> None:
        self._do(lambda agent, now: agent.accept_referral(referral, now))

    def refuse_referral(self, referral: DialogKey, status: int) -> None:
        self._do(lambda agent, now: agent.refuse_referral(referral, status, now))

    def report(self, referral: DialogKey, status: int) -> None:
        """What our call met that somebody's REFER had asked for."""
        self._do(lambda agent, now: agent.report(referral, status, now))

    def owner(self, dialog: DialogKey) -> DialogOwner | None:
        """Who hears of that dialog."""
        return self._owners.get(dialog)

    def phones(self, user: str) -> tuple[Phone, ...]:
        """The phones that a user registered, most preferred first."""
        return self._agent.phones(user, self._now())

    def restore(self, user: str, bindings: tuple[Binding, ...]) -> int:
        """Registrations of before a restart; how many are still good."""
        return len(self._agent.restore(user, bindings, self._now()))

    def phone_at(self, uri: str) -> Phone | None:
        """The phone that a GRUU of ours leads to. Raises `AddressError`."""
        return self._agent.phone_at(uri, self._now())

    def _do(self, request: Callable[[SipAgent, float], None]) -> None:
        request(self._agent, self._now())
        self.drain()
