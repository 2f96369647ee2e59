"""What phones ask of calls by SIP: to send one to somebody else, and to go on with one of somebody else's."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Final

import structlog

from mixminus.app.calls.call_session import CallSession, CallWishes, Verdict
from mixminus.app.calls.calls import Calls
from mixminus.app.calls.errands import RunInstructions
from mixminus.app.calls.incoming_calls import instructions_of, number_called, voice_of
from mixminus.app.calls.lines import PhoneLines
from mixminus.app.calls.peer import Peer, Transfers
from mixminus.app.calls.place_call import PlacedCall, Placing
from mixminus.app.calls.sip_desk import DialogOwner, SipDesk
from mixminus.app.conferences.conference_room import ConferenceRoom
from mixminus.app.conferences.conferences import Conferences
from mixminus.app.documents.conversation import Conversation, Conversations
from mixminus.app.documents.run_twiml import TwimlRunner
from mixminus.app.services import Services
from mixminus.app.transfers.come_instead import TRANSFERRED, ComeInstead
from mixminus.app.transfers.destination import destination
from mixminus.app.transfers.place import Place, SeatPlace, TalkPlace
from mixminus.base.errors import MixminusError, Refusal
from mixminus.calls.options import Callback, DialOptions
from mixminus.calls.records import CallStatus, Direction, VoiceInstructions
from mixminus.sip.contract import DialogKey, Invited, Referred
from mixminus.sip.messages.uri import AddressError
from mixminus.twiml.effects import Referral

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.transfers")

FORBIDDEN: Final = 403
NOT_FOUND: Final = 404
NO_SUCH_CALL: Final = 481
GONE: Final = 487
NOT_ACCEPTABLE: Final = 488
PENDING: Final = 491
DECLINED: Final = 603

RING_S: Final = 30
"""How long whom a call is transferred to may ring (TwiML: Dial, timeout)."""


class Unwilling(MixminusError):
    """A transfer that we will not make; `status` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(f"transfer refused: {status}")
        self.status = status


class TransferDesk:
    """Decides who may, and finds out which places change hands."""

    def __init__(
        self,
        services: Services,
        desk: SipDesk,
        lines: PhoneLines,
        calls: Calls,
        conferences: Conferences,
        conversations: Conversations,
        placing: Placing,
        runner: TwimlRunner,
    ) -> None:
        self._services = services
        self._desk = desk
        self._lines = lines
        self._calls = calls
        self._conferences = conferences
        self._conversations = conversations
        self._placing = placing
        self._runner = runner
        self._allowed = Transfers(services.settings.transfers)

    # --- REFER ----------------------------------------------------------------------------------------------------

    def referred(self, referred: Referred) -> None:
        """The desk's listener."""
        self._services.tasks.spawn(self._decide(referred), f"REFER about {referred.dialog}")

    async def _decide(self, referred: Referred) -> None:
        voice = await self._voice_at(referred)
        try:
            line, session = self._call_of(referred.dialog)
            if self._is_for_the_document(referred, session):
                return
            if not line.peer.may_transfer(self._allowed):
                raise Unwilling(FORBIDDEN)
            if referred.replaces is not None:
                self._attended(referred, line.peer, session, referred.replaces)
            elif voice is not None:
                self._to_our_number(referred, session, voice)
            else:
                self._blind(referred, session)
        except Unwilling as refusal:
            log.info("transfer refused", status=refusal.status, target=referred.target[:100])
            self._desk.refuse_referral(referred.referral, refusal.status)

    def _is_for_the_document(self, referred: Referred, session: CallSession) -> bool:
        """`<Dial referUrl>`: the caller's document goes on there, and the dialled party is released."""
        talk = self._conversations.of(session)
        if talk is None or not talk.takes_refer or session is not talk.called or talk.referral is not None:
            return False
        self._desk.accept_referral(referred.referral)
        self._report(referred.referral, 200)
        talk.refer(Referral(referred.target, tuple(referred.headers.items())))
        return True

    async def _voice_at(self, referred: Referred) -> VoiceInstructions | None:
        """What answers at the target, if that is a number of this node."""
        to = destination(referred, self._services.settings)
        number = await number_called(self._services.store, to) if to is not None else None
        voice = await voice_of(self._services.store, number) if number is not None else None
        return voice if voice is not None and voice.voice_url is not None else None

    def _to_our_number(self, referred: Referred, session: CallSession, voice: VoiceInstructions) -> None:
        """Whom it talks to goes on with what that number says: a queue, a menu, a conference."""
        place = self._place_of(session)
        kept = place.opposite()
        if not isinstance(kept, CallSession):
            raise Unwilling(DECLINED)
        self._desk.accept_referral(referred.referral)
        place.await_another()
        self._services.tasks.spawn(self._send_on(referred.referral, place, kept, voice), f"transfer of {kept.sid}")

    async def _send_on(self, referral: DialogKey, place: Place, kept: CallSession, voice: VoiceInstructions) -> None:
        await kept.redirect(RunInstructions(self._runner, instructions_of(voice)))
        if not kept.live:
            self._report(referral, GONE)
            place.nobody_came()
            return
        self._report(referral, 200)
        place.holder.end(Verdict(CallStatus.COMPLETED, TRANSFERRED))

    def _blind(self, referred: Referred, session: CallSession) -> None:
        """Call the target; when it answers it has the place of who sent the REFER (RFC 5589 6)."""
        if referred.is_foreign:  # the dialog it is to replace is over, or was never ours
            raise Unwilling(DECLINED)
        place = self._place_of(session)
        to = self._to(referred)
        if to is None:
            raise Unwilling(NOT_FOUND)
        errand = ComeInstead(place, (), partial(self._report, referred.referral))
        kept = place.opposite()
        dial = DialOptions(to=to, from_=far_number(kept if isinstance(kept, CallSession) else session))
        wishes = CallWishes(callback=_callback(session), timeout_s=RING_S)
        try:
            placed = PlacedCall(dial, errand, wishes, Direction.OUTBOUND_DIAL, parent_call_sid=place.parent)
            newcomer = self._placing.place(placed)
        except Refusal as refusal:
            session.warn(refusal.code, refusal.message)
            raise Unwilling(FORBIDDEN if refusal.code == 21215 else NOT_FOUND) from refusal
        self._begin(referred, errand, newcomer, place)

    def _to(self, referred: Referred) -> str | None:
        """Whom to call: one phone of a user, if it is named by its GRUU (RFC 5627), else whom the user part names."""
        with suppress(AddressError):
            if self._desk.phone_at(referred.target) is not None:
                return referred.target
        return destination(referred, self._services.settings)

    def _attended(self, referred: Referred, peer: Peer, session: CallSession, replaces: DialogKey) -> None:
        """Two calls of one phone with us: their far ends meet, and it leaves both (RFC 5589 7)."""
        other_line, other = self._call_of(replaces)
        if not peer.may_replace(other_line.peer, self._allowed):
            raise Unwilling(FORBIDDEN)
        coming = self._conversations.coming(other)
        if coming is not None and session is not other:
            self._half_attended(referred, self._place_of(session), other, coming)
            return
        place, given_up = self._place_of(session), self._place_of(other)
        if session is other or place.holder is given_up.opposite():
            raise Unwilling(DECLINED)
        if given_up.opposite() is None:  # in a conference: the one far end comes into it
            place, given_up = given_up, place
        newcomer = given_up.opposite()
        if not isinstance(
            newcomer, CallSession
        ):  # two conferences do not merge, and applications stay where they are
            raise Unwilling(DECLINED)
        errand = ComeInstead(place, (given_up,), partial(self._report, referred.referral))
        self._begin(referred, errand, newcomer, place)
        self._services.tasks.spawn(newcomer.redirect(errand), f"transfer of {newcomer.sid}")

    def _half_attended(
        self, referred: Referred, place: Place, other: CallSession, coming: "asyncio.Future[Conversation | None]"
    ) -> None:
        """The second call still rings, though its phone holds it for answered, since our `<Dial>` answers at once."""
        self._desk.accept_referral(referred.referral)
        place.await_another()
        self._report(referred.referral, 180)
        place.ringing()
        waiting = self._when_answered(referred.referral, place, other, coming)
        self._services.tasks.spawn(waiting, f"transfer by {place.holder.sid}")

    async def _when_answered(
        self, referral: DialogKey, place: Place, other: CallSession, coming: "asyncio.Future[Conversation | None]"
    ) -> None:
        deserted = asyncio.ensure_future(place.deserted())
        await asyncio.wait((coming, deserted), return_when=asyncio.FIRST_COMPLETED)
        deserted.cancel()
        talk = coming.result() if coming.done() else None
        newcomer = talk.opposite(other) if talk is not None else None
        if talk is None or not isinstance(newcomer, CallSession):
            self._report(referral, GONE)
            place.nobody_came()
            return
        given_up = TalkPlace(talk, other)
        given_up.await_another()
        errand = ComeInstead(place, (given_up,), partial(self._report, referral))
        await newcomer.redirect(errand)

    def _begin(self, referred: Referred, errand: ComeInstead, newcomer: CallSession, place: Place) -> None:
        self._desk.accept_referral(referred.referral)
        log.info("transfer", call_sid=place.holder.sid, newcomer=newcomer.sid, referred_by=referred.referred_by)
        errand.begin()
        self._services.tasks.spawn(_until_decided(errand, newcomer, place), f"transfer by {place.holder.sid}")

    def _report(self, referral: DialogKey, status: int) -> None:
        self._desk.report(referral, status)

    # --- INVITE with Replaces -------------------------------------------------------------------------------------

    def replacing(self, invited: Invited) -> None:
        """Somebody calls to take over a call of ours: the call goes on, its far end is another (RFC 3891)."""
        status = self._refusal_of(invited)
        if status is not None:
            log.info("take-over refused", status=status, source=invited.source.host)
            self._desk.refuse(invited.dialog, status)

    def _refusal_of(self, invited: Invited) -> int | None:
        owner = self._desk.owner(invited.replaces) if invited.replaces is not None else None
        if owner is None:
            return NO_SUCH_CALL
        newcomer = Peer(invited.user, self._desk.trusts(invited.source.host))
        if not newcomer.may_replace(owner.peer, self._allowed):
            return FORBIDDEN
        return None if owner.take_over(invited, self._lines.far_end_of(invited)) else NOT_ACCEPTABLE

    # --- where calls are ------------------------------------------------------------------------------------------

    def _call_of(self, dialog: DialogKey) -> tuple[DialogOwner, CallSession]:
        line = self._desk.owner(dialog)
        session = self._calls.over(line) if line is not None else None
        if line is None or session is None or not session.live:
            raise Unwilling(NO_SUCH_CALL)
        return line, session

    def _place_of(self, session: CallSession) -> Place:
        """Raises `Unwilling`: it talks to nobody, or somebody is on the way to its place or the opposite one."""
        if not session.is_answered:
            raise Unwilling(DECLINED)
        seat = self._conferences.seat(session.sid, session.leg)
        talk = self._conversations.of(session)
        if talk is not None and talk.leaving is not None:
            raise Unwilling(PENDING)
        if talk is not None:
            return TalkPlace(talk, session)
        if seat is not None and isinstance(seat.room, ConferenceRoom):
            return SeatPlace(seat.room, session)
        raise Unwilling(DECLINED)


async def _until_decided(errand: ComeInstead, newcomer: CallSession, place: Place) -> None:
    """Whom nobody waits for any more need not come."""
    deserted = asyncio.ensure_future(place.deserted())
    decided = asyncio.ensure_future(errand.decided.wait())
    try:
        await asyncio.wait((deserted, decided), return_when=asyncio.FIRST_COMPLETED)
        if not errand.decided.is_set():
            newcomer.end(Verdict(CallStatus.CANCELED, "Who was to be transferred hung up first."))
    finally:
        deserted.cancel()
        decided.cancel()


def far_number(session: CallSession) -> str:
    """Who is at the far end of a call."""
    record = session.record
    return record.from_ if record.direction is Direction.INBOUND else record.to


def _callback(session: CallSession) -> Callback | None:
    """A dialled leg's callback is told of the leg that comes for it; a number's is about calls to the number."""
    return None if session.record.direction is Direction.INBOUND else session.wishes.callback
