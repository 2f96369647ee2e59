"""A phone that we call: one address, or every phone that a user registered; the first to answer has the call."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from mixminus.app.calls.incoming_line import renegotiated, reoffered
from mixminus.app.calls.line import LineOwner, Unreached
from mixminus.app.calls.secrecy import SrtpRules
from mixminus.app.calls.sip_desk import SipDesk
from mixminus.app.calls.sip_media import SipMedia
from mixminus.app.trunks.attempts import (
    NOT_REGISTERED,
    UNREACHABLE,
    Attempt,
    Destination,
    Failure,
    Watch,
    Way,
    refused,
    unresolved,
)
from mixminus.base.errors import Refusal
from mixminus.calls.records import CallStatus
from mixminus.sdp.description import SdpError
from mixminus.sdp.media import NotSecure, Srtp
from mixminus.sip.contract import (
    Address,
    Answered,
    DialogKey,
    Ended,
    Invitation,
    KeyPressed,
    Progressed,
    Refused,
    Renegotiated,
    Reoffered,
    SipEvent,
)

NOT_ACCEPTABLE: Final = 488

INSECURE: Final = Failure(
    Unreached(CallStatus.FAILED, NOT_ACCEPTABLE, "SRTP is required, and its keys would travel in the clear."), True
)


@dataclass(frozen=True, slots=True)
class Ringing:
    """A phone that is being called."""

    attempt: Attempt
    destination: Destination
    via: Address


class OutgoingLine:
    """Makes one attempt after another, each at all of its phones at once, until somebody has the call.

    The next attempt begins when the one before is over for good, so that nobody is rung twice.
    """

    def __init__(
        self, desk: SipDesk, media: SipMedia, way: Way, new_key: Callable[[], DialogKey], srtp: SrtpRules
    ) -> None:
        self._desk = desk
        self._media = media
        self._way = way
        self._new_key = new_key
        self._srtp = srtp
        self._watch: Watch
        self._outcome: asyncio.Future[Failure | None] | None = None
        """Of the attempt that is being made; None: it did not fail, but the call was answered or is over."""
        self._trying: dict[DialogKey, Ringing] = {}
        self._rang = False
        self._answered: DialogKey | None = None
        self._early: DialogKey | None = None
        self._owner: LineOwner | None = None
        self._over = False
        self._call_ids: list[str] = []

    @property
    def leg(self) -> int | None:
        return self._media.leg

    @property
    def sip_call_ids(self) -> tuple[str, ...]:
        return tuple(self._call_ids)

    @property
    def longest_s(self) -> float:
        return self._way.longest_s

    def turn(self) -> Awaitable[None] | None:
        return self._way.turn()

    async def dial(self, owner: LineOwner) -> None:
        self._owner = owner
        try:
            await self._media.open()
        except Refusal as refusal:
            return owner.line_unreached(Unreached(CallStatus.FAILED, None, refusal.message))
        if self._over:
            return self.release()  # the call ended while the port was being opened
        failure: Failure | None = NOT_REGISTERED
        for attempt in self._way.attempts():
            failure = await self._make(attempt)
            if self._over or failure is None or not failure.is_of_the_way:
                break
        if failure is not None and not self._over:
            owner.line_unreached(failure.unreached)
        return None

    async def _make(self, attempt: Attempt) -> Failure | None:
        """Call everybody there; returns when all have refused, somebody answered, or the call is over."""
        try:
            places = [await self._desk.resolve(destination.via) for destination in attempt.destinations]
        except OSError as error:
            attempt.watch.failed(UNREACHABLE)
            return unresolved(error)
        if self._over:
            return None
        self._watch, self._rang, self._early = attempt.watch, False, None
        self._outcome = asyncio.get_running_loop().create_future()
        phones = [Ringing(attempt, *pair) for pair in zip(attempt.destinations, places, strict=True)]
        prepared = [self._prepare(phone, phone.destination.calling.srtp) for phone in phones]
        if not self._trying:
            return INSECURE
        for invitation in prepared:
            self._invite(invitation)
        return await self._outcome

    def _prepare(self, phone: Ringing, srtp: Srtp) -> Invitation | None:
        """None: it cannot be called as securely as it has to be."""
        dialog = self._new_key()
        try:
            offer = self._media.offer_to(dialog, self._srtp.towards(srtp, phone.via))
        except NotSecure:
            return None
        self._trying[dialog] = phone
        return phone.attempt.invitation(dialog, phone.destination, phone.via, offer)

    def _invite(self, invitation: Invitation | None) -> None:
        if invitation is not None:
            self._call_ids.append(self._desk.invite(invitation, self))

    def _conclude(self, failure: Failure | None) -> None:
        """The attempt is over; another may follow a failure."""
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(failure)

    async def answer(self) -> None:
        """The far end answers, not we."""

    def refuse(self, reason: str) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        self._over = True
        for dialog in self._trying:
            self._desk.hang_up(dialog)
        self._trying.clear()
        if self._answered is not None:
            self._desk.hang_up(self._answered)
            self._answered = None
        self._conclude(None)
        self._way.leave()

    def take_leave(self) -> None:
        """A phone is hung up when the call is over."""

    def size_jitter_buffer(self, size: str) -> None:
        self._media.size_jitter_buffer(size)

    def release(self) -> None:
        self._way.leave()
        self._media.close()

    # --- what the phones say --------------------------------------------------------------------------------------

    def heard(self, event: SipEvent) -> None:
        match event:
            case Progressed(dialog, status, early):
                self._progressed(dialog, status, early)
            case Answered(dialog, answer):
                self._was_answered(dialog, answer)
            case Refused():
                self._was_refused(event)
            case Reoffered(dialog, offer):
                reoffered(self._desk, self._media, dialog, offer)
            case KeyPressed(dialog, key) if dialog == self._answered:
                self._media.key_pressed(key)
            case Renegotiated(dialog, answer) if dialog == self._answered:
                renegotiated(self._media, answer)
            case Ended(dialog):
                self._ended(dialog)

    def _progressed(self, dialog: DialogKey, status: int, early: bytes | None) -> None:
        if self._owner is None or self._answered is not None or status == 100:
            return
        self._rang = True
        self._owner.line_ringing()
        if early is not None and self._early in (None, dialog) and self._takes(dialog, early):
            self._early = dialog
            self._owner.line_early_media()

    def _was_answered(self, dialog: DialogKey, answer: bytes | None) -> None:
        if self._over or self._answered is not None or self._owner is None:
            self._desk.hang_up(dialog)
            return
        self._trying.pop(dialog, None)
        self._answered = dialog
        for other in self._trying:
            self._desk.hang_up(other)
        self._trying.clear()
        self._watch.works()
        self._conclude(None)
        if (answer is not None and self._takes(dialog, answer)) or self._early == dialog:
            self._owner.line_answered()
        else:
            self._owner.line_unreached(Unreached(CallStatus.FAILED, 488, "The phone answered with unusable media."))

    def _was_refused(self, refusal: Refused) -> None:
        phone = self._trying.pop(refusal.dialog, None)
        self._desk.disown(refusal.dialog)
        if phone is not None and refusal.status == NOT_ACCEPTABLE and self._media.may_be_plain(refusal.dialog):
            self._invite(self._prepare(phone, Srtp.NEVER))
        if self._trying or self._answered is not None:
            return
        failure = refused(refusal, rang=self._rang)
        if failure.is_of_the_way:
            self._watch.failed(refusal.status, refusal.retry_after_s)
        else:
            self._watch.works()
        self._conclude(failure)

    def _ended(self, dialog: DialogKey) -> None:
        self._desk.disown(dialog)
        if dialog == self._answered and self._owner is not None:
            self._answered = None
            self._owner.line_gone("The called party hung up.")

    def _takes(self, dialog: DialogKey, sdp: bytes) -> bool:
        self._media.turn_to(dialog)
        try:
            self._media.take_answer(sdp)
        except SdpError:
            return False
        return True
