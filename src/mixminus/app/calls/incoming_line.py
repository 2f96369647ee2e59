"""A phone that called us."""

import asyncio

from mixminus.app.calls.far_ends import FarEnd
from mixminus.app.calls.line import LineOwner, Unlimited
from mixminus.app.calls.peer import Peer
from mixminus.app.calls.phone_moves import REPLACED, answers_instead, because, renegotiated, reoffered
from mixminus.app.calls.sent_referral import SentReferral
from mixminus.app.calls.sip_desk import SipDesk
from mixminus.app.calls.sip_media import SipMedia
from mixminus.app.media_link import NoMedia
from mixminus.base.errors import Refusal
from mixminus.sdp.description import SdpError
from mixminus.sip.contract import (
    Ended,
    Ending,
    Established,
    Invited,
    KeyPressed,
    ReferAnswered,
    ReferReported,
    Renegotiated,
    Reoffered,
    SipEvent,
)

REFUSALS = {"busy": 486, "rejected": 603, "failed": 500, "not-acceptable": 488}

ENDINGS = {
    Ending.BYE: "The caller hung up.",
    Ending.CANCELLED: "The caller gave up before the answer.",
    Ending.NO_ACK: "The caller never confirmed the answer (no ACK).",
    Ending.LOST: "The caller's phone does not answer any more.",
    Ending.EXPIRED: "The caller's phone did not refresh the session.",
}


class CallerGone(Refusal):
    """The caller left while we were answering."""

    def __init__(self) -> None:
        super().__init__(21220, 400, "Call is not in-progress: the caller has hung up.")


class IncomingLine(Unlimited):
    """Rings, answers or declines one INVITE, and follows it until the end."""

    def __init__(self, desk: SipDesk, media: SipMedia, invited: Invited) -> None:
        self._desk = desk
        self._media = media
        self._invited = invited
        self._dialog = invited.dialog
        self._call_ids = [invited.call_id]
        self._answered = False
        self._established: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._referral: SentReferral | None = None
        self._owner: LineOwner | None = None
        self._answering = False
        self._over = False

    @property
    def leg(self) -> int | None:
        return self._media.leg if self._answering else None

    @property
    def sip_call_ids(self) -> tuple[str, ...]:
        return tuple(self._call_ids)

    @property
    def peer(self) -> Peer:
        return Peer(self._invited.user, self._desk.trusts(self._invited.source.host))

    async def open(self) -> bool:
        """Bind a port, so that nobody rings who could not be answered. False: the caller gave up meanwhile.

        Raises `NoMedia`.
        """
        self._desk.own(self._invited.dialog, self)
        try:
            await self._media.open()
        except NoMedia:
            self.release()
            raise
        if self._over:
            self.release()
        return not self._over

    @property
    def has_caller(self) -> bool:
        """False: the caller gave up, or hung up."""
        return not self._over

    def attach(self, owner: LineOwner) -> None:
        """Tell *owner* how it goes, from now on; the phone rings."""
        self._owner = owner
        self._desk.own(self._dialog, self)
        self._desk.ring(self._dialog)

    async def dial(self, owner: LineOwner) -> None:
        raise AssertionError("an incoming call is not dialled")

    async def answer(self) -> None:
        """Raises `Refusal` when there is no common codec, or no caller any more."""
        self._answering = True
        if self._over:
            raise CallerGone
        try:
            await self._negotiate()
            self._answered = True
        except SdpError as error:
            self.refuse("not-acceptable")
            raise Refusal(13243, 488, f"The caller's media cannot be used: {error}") from error

    async def _negotiate(self) -> None:
        if self._invited.offer is not None:
            self._desk.answer(self._dialog, self._media.answer(self._invited.offer))
            return
        self._desk.answer(self._dialog, self._media.offer())
        answer = await self._established
        if answer is None:
            raise CallerGone
        self._media.take_answer(answer)

    def refuse(self, reason: str) -> None:
        if not self._over:
            self._over = True
            self._desk.refuse(self._dialog, REFUSALS.get(reason, 603))

    def hang_up(self) -> None:
        if not self._over:
            self._over = True
            self._desk.hang_up(self._dialog)

    def take_over(self, invited: Invited, far: FarEnd) -> bool:
        if self._over or not self._answered or not answers_instead(self._desk, self._media, invited, far, self):
            return False
        before, self._dialog = self._dialog, invited.dialog
        self._call_ids.append(invited.call_id)
        self._desk.hang_up(before, REPLACED)
        return True

    def refer(self, target: str) -> SentReferral:
        """Tell the phone to call somebody else. Raises `SipError` or `AddressError`."""
        self._referral = SentReferral()
        self._desk.refer(self._dialog, target)
        return self._referral

    def take_leave(self) -> None:
        """A phone is hung up when the call is over."""

    def size_jitter_buffer(self, size: str) -> None:
        self._media.size_jitter_buffer(size)

    def release(self) -> None:
        self._desk.disown(self._dialog)
        self._media.close()

    def heard(self, event: SipEvent) -> None:
        match event:
            case Established(_, answer):
                if not self._established.done():
                    self._established.set_result(answer)
            case Reoffered(dialog, offer):
                reoffered(self._desk, self._media, dialog, offer)
            case Renegotiated(_, answer):
                renegotiated(self._media, answer)
            case ReferAnswered() | ReferReported() if self._referral is not None:
                self._referral.heard(event)
            case KeyPressed(_, key):
                self._media.key_pressed(key)
            case Ended(_, ending, reason):
                self._over = True
                if not self._established.done():
                    self._established.set_result(None)
                if self._owner is not None:
                    self._owner.line_gone(because(ENDINGS[ending], reason))
