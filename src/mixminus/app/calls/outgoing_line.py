"""A phone that we call: one address, or phones that a user registered; the first to answer has the call."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from mixminus.app.calls.far_ends import FarEnd, FarEnds, MediaWishes
from mixminus.app.calls.line import LineOwner, Unreached
from mixminus.app.calls.peer import Peer
from mixminus.app.calls.phone_moves import (
    NOT_ACCEPTABLE,
    REPLACED,
    answers_instead,
    because,
    renegotiated,
    reoffered,
)
from mixminus.app.calls.sent_referral import SentReferral
from mixminus.app.calls.sip_desk import SipDesk
from mixminus.app.calls.sip_media import SipMedia
from mixminus.app.trunks.attempts import (
    NOT_REGISTERED,
    Attempt,
    Destination,
    Failure,
    Hop,
    Way,
    fails_over,
    refused,
    unlocated,
)
from mixminus.base.errors import Refusal
from mixminus.calls.prices import Tariff
from mixminus.calls.records import CallStatus
from mixminus.sdp.description import SdpError
from mixminus.sdp.media import NotSecure
from mixminus.sip.contract import (
    Address,
    Answered,
    DialogKey,
    Ended,
    Invitation,
    Invited,
    KeyPressed,
    Progressed,
    ReferAnswered,
    ReferReported,
    Refused,
    Renegotiated,
    Reoffered,
    SipEvent,
)
from mixminus.sip.messages.uri import AddressError

ELSEWHERE: Final = 'SIP;cause=200;text="Call completed elsewhere"'
"""Why the other phones need not ring on, nor list a missed call (RFC 3326 3.1)."""

INSECURE: Final = Failure(
    Unreached(CallStatus.FAILED, NOT_ACCEPTABLE, "SRTP is required, and its keys would travel in the clear."), True
)


class OutgoingLine:
    """Makes one attempt after another, each at all of its phones at once, until somebody has the call. A phone is
    called at one place after another, until it rings or refuses.

    The next place, and the next attempt, come when the one before is over for good, so that nobody is rung twice.
    """

    def __init__(
        self,
        desk: SipDesk,
        media: SipMedia,
        way: Way,
        new_key: Callable[[], DialogKey],
        far_ends: FarEnds,
        peer: Peer,
    ) -> None:
        self.peer = peer
        self._desk = desk
        self._media = media
        self._way = way
        self._new_key = new_key
        self._far_ends = far_ends
        self._trying: dict[DialogKey, asyncio.Future[Refused | None]] = {}
        """What each phone that is being called says; None: somebody has answered, or the call is over."""
        self._rang: set[DialogKey] = set()
        self._answered: DialogKey | None = None
        self._early: DialogKey | None = None
        self._referral: SentReferral | None = None
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

    @property
    def tariff(self) -> Tariff | None:
        return self._way.tariff

    def turn(self) -> Awaitable[None] | None:
        return self._way.turn()

    async def dial(self, owner: LineOwner) -> None:
        self._owner = owner
        try:
            await self._media.open()
        except Refusal as refusal:
            return owner.line_unreached(Unreached(CallStatus.FAILED, None, refusal.message, refusal.code))
        if self._over:
            return self.release()  # the call ended while the port was being opened
        failure: Failure | None = NOT_REGISTERED
        for attempt in self._way.attempts():
            failure = await self._make(attempt)
            if self._over or failure is None or not attempt.yields_to_the_next(failure):
                break
        if failure is not None and not self._over:
            owner.line_unreached(failure.unreached)
        return None

    async def _make(self, attempt: Attempt) -> Failure | None:
        """Call everybody there; returns when all have refused, somebody answered, or the call is over."""
        self._rang, self._early = set(), None
        calls = asyncio.gather(*(self._reach(attempt, destination) for destination in attempt.destinations))
        tired = asyncio.get_running_loop().call_later(attempt.ring_s, self._tire) if attempt.ring_s else None
        failures = [failure for failure in await calls if failure is not None]
        if tired is not None:
            tired.cancel()
        if self._answered is not None:
            attempt.watch.works()
        if self._over or len(failures) < len(attempt.destinations):
            return None
        failure = max(failures, key=Failure.weight)
        if failure.is_of_the_way:
            attempt.watch.failed(failure.status, failure.retry_after_s)
        else:
            attempt.watch.works()
        return failure

    async def _reach(self, attempt: Attempt, destination: Destination) -> Failure | None:
        """Try one place after another; None: somebody has answered, or the call is over."""
        failure = NOT_REGISTERED
        for hop in destination.hops:
            try:
                places = await self._places(hop)
            except AddressError as error:
                failure = unlocated(error)
                continue
            for via in places:
                is_last = via is places[-1] and hop is destination.hops[-1]
                invitation = attempt.invitation(destination.calling, hop, via, is_last=is_last)
                try:
                    refusal = await self._ring(invitation, destination.calling.media)
                except NotSecure:
                    failure = INSECURE
                    continue
                if refusal is None:
                    return None
                rang = refusal.dialog in self._rang
                failure = refused(refusal, rang=rang)
                if not fails_over(refusal.status, rang=rang):
                    self._desk.places.works(via)
                    return failure
                self._desk.places.failed(via, refusal.status, refusal.retry_after_s)
        return failure

    async def _places(self, hop: Hop) -> tuple[Address, ...]:
        """Raises `AddressError`."""
        return await self._desk.places.of(hop.to) if isinstance(hop.to, str) else (hop.to,)

    async def _ring(self, invitation: Invitation, media: MediaWishes) -> Refused | None:
        """*invitation* lacks a key and an offer. Raises `NotSecure`: nobody can be called there as has to be."""
        if self._over or self._answered is not None:
            return None
        dialog = self._new_key()
        offer = self._media.offer_to(dialog, self._far_ends.towards(media, invitation.via))
        outcome: asyncio.Future[Refused | None] = asyncio.get_running_loop().create_future()
        self._trying[dialog] = outcome
        self._call_ids.append(self._desk.invite(replace(invitation, dialog=dialog, offer=offer), self))
        refusal = await outcome
        if refusal is not None and refusal.status == NOT_ACCEPTABLE and self._media.may_be_plain(dialog):
            return await self._ring(invitation, media.plain)
        return refusal

    def _tire(self) -> None:
        """They have rung for long enough."""
        trying, self._trying = self._trying, {}
        for dialog, outcome in trying.items():
            self._desk.hang_up(dialog)
            if not outcome.done():
                outcome.set_result(Refused(dialog, 487, "Did not answer in time"))

    def _stop_trying(self, reason: str | None = None) -> None:
        """Hang up whoever has not answered."""
        trying, self._trying = self._trying, {}
        for dialog, outcome in trying.items():
            self._desk.hang_up(dialog, reason)
            if not outcome.done():
                outcome.set_result(None)

    async def answer(self) -> None:
        """The far end answers, not we."""

    def refuse(self, reason: str) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        self._over = True
        self._stop_trying()
        if self._answered is not None:
            self._desk.hang_up(self._answered)
            self._answered = None
        self._way.leave()

    def take_over(self, invited: Invited, far: FarEnd) -> bool:
        """Also of a phone that rings: whoever picks the call up there has it."""
        if self._over or self._owner is None or not answers_instead(self._desk, self._media, invited, far, self):
            return False
        before, self._answered = self._answered, invited.dialog
        self._call_ids.append(invited.call_id)
        if before is not None:
            self._desk.hang_up(before, REPLACED)
        else:
            self._stop_trying(ELSEWHERE)
            self._owner.line_answered()
        return True

    def refer(self, target: str) -> SentReferral:
        """Tell the phone to call somebody else. Raises `SipError` or `AddressError`."""
        assert self._answered is not None, "a phone that has not answered was sent elsewhere"
        self._referral = SentReferral()
        self._desk.refer(self._answered, target)
        return self._referral

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
                self._media.turn_to(dialog)
                reoffered(self._desk, self._media, dialog, offer)
            case ReferAnswered() | ReferReported() if self._referral is not None:
                self._referral.heard(event)
            case KeyPressed(dialog, key) if dialog == self._answered:
                self._media.key_pressed(key)
            case Renegotiated(dialog, answer) if dialog == self._answered:
                renegotiated(self._media, answer)
            case Ended(dialog, _, reason):
                self._ended(dialog, reason)

    def _progressed(self, dialog: DialogKey, status: int, early: bytes | None) -> None:
        if self._owner is None or self._answered is not None or status == 100:
            return
        self._rang.add(dialog)
        self._owner.line_ringing()
        if early is not None and self._early in (None, dialog) and self._takes(dialog, early):
            self._early = dialog
            self._owner.line_early_media()

    def _was_answered(self, dialog: DialogKey, answer: bytes | None) -> None:
        if self._over or self._answered is not None or self._owner is None:
            self._desk.hang_up(dialog)
            return
        self._answered = dialog
        outcome = self._trying.pop(dialog, None)
        if outcome is not None and not outcome.done():
            outcome.set_result(None)
        self._stop_trying(ELSEWHERE)
        if (answer is not None and self._takes(dialog, answer)) or self._early == dialog:
            self._owner.line_answered()
        else:
            self._owner.line_unreached(
                Unreached(CallStatus.FAILED, NOT_ACCEPTABLE, "The phone answered with unusable media.")
            )

    def _was_refused(self, refusal: Refused) -> None:
        self._desk.disown(refusal.dialog)
        outcome = self._trying.pop(refusal.dialog, None)
        if outcome is not None and not outcome.done():
            outcome.set_result(refusal)

    def _ended(self, dialog: DialogKey, reason: str | None) -> None:
        self._desk.disown(dialog)
        if dialog == self._answered and self._owner is not None:
            self._answered = None
            self._owner.line_gone(because("The called party hung up.", reason))

    def _takes(self, dialog: DialogKey, sdp: bytes) -> bool:
        self._media.turn_to(dialog)
        try:
            self._media.take_answer(sdp)
        except SdpError:
            return False
        return True
