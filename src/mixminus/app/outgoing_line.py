"""A phone that we call: one address, or every phone that a user registered; the first to answer has the call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mixminus.app.incoming_line import renegotiated, reoffered
from mixminus.app.line import LineOwner, Unreached
from mixminus.app.sip_desk import SipDesk
from mixminus.app.sip_media import SipMedia
from mixminus.base.errors import Refusal
from mixminus.calls.records import CallStatus
from mixminus.sdp.description import SdpError
from mixminus.sip.contract import (
    Address,
    Answered,
    Credentials,
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

BUSY = frozenset({486, 600, 603})
NO_ANSWER = frozenset({408, 480, 487})


@dataclass(frozen=True, slots=True)
class Destination:
    """A request-URI and where to send it."""

    uri: str
    via: Address


@dataclass(frozen=True, slots=True)
class Calling:
    """What the far end is told about us."""

    from_uri: str
    from_display: str
    credentials: Credentials | None
    headers: Mapping[str, str]


class OutgoingLine:
    """Invites every destination at once and follows them until one is left."""

    def __init__(
        self,
        desk: SipDesk,
        media: SipMedia,
        destinations: Sequence[tuple[DialogKey, Destination]],
        calling: Calling,
    ) -> None:
        self._desk = desk
        self._media = media
        self._destinations = dict(destinations)
        self._calling = calling
        self._trying: set[DialogKey] = set()
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

    async def dial(self, owner: LineOwner) -> None:
        self._owner = owner
        if not self._destinations:
            return owner.line_unreached(Unreached(CallStatus.NO_ANSWER, 480, "The client is not registered."))
        try:
            places = [await self._desk.resolve(destination.via) for destination in self._destinations.values()]
            await self._media.open()
        except OSError as error:
            return owner.line_unreached(Unreached(CallStatus.FAILED, 404, f"The host name has no address: {error}"))
        except Refusal as refusal:
            return owner.line_unreached(Unreached(CallStatus.FAILED, None, refusal.message))
        if self._over:
            self.release()  # the call ended while the port was being opened
        else:
            self._invite(places)
        return None

    def _invite(self, places: Sequence[Address]) -> None:
        offer = self._media.offer()
        self._trying = set(self._destinations)
        for (dialog, destination), place in zip(self._destinations.items(), places, strict=True):
            invitation = self._invitation(dialog, Destination(destination.uri, place), offer)
            self._call_ids.append(self._desk.invite(invitation, self))

    def _invitation(self, dialog: DialogKey, destination: Destination, offer: bytes) -> Invitation:
        calling = self._calling
        return Invitation(
            dialog=dialog,
            target=destination.uri,
            via=destination.via,
            from_uri=calling.from_uri,
            from_display=calling.from_display,
            offer=offer,
            credentials=calling.credentials,
            headers=calling.headers,
        )

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

    def take_leave(self) -> None:
        """A phone is hung up when the call is over."""

    def size_jitter_buffer(self, size: str) -> None:
        self._media.size_jitter_buffer(size)

    def release(self) -> None:
        self._media.close()

    # --- what the phones say --------------------------------------------------------------------------------------

    def heard(self, event: SipEvent) -> None:
        match event:
            case Progressed(dialog, status, early):
                self._progressed(dialog, status, early)
            case Answered(dialog, answer):
                self._was_answered(dialog, answer)
            case Refused(dialog, status, reason):
                self._was_refused(dialog, status, reason)
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
        self._owner.line_ringing()
        if early is not None and self._early in (None, dialog) and self._takes(early):
            self._early = dialog
            self._owner.line_early_media()

    def _was_answered(self, dialog: DialogKey, answer: bytes | None) -> None:
        if self._over or self._answered is not None or self._owner is None:
            self._desk.hang_up(dialog)
            return
        self._trying.discard(dialog)
        self._answered = dialog
        for other in self._trying:
            self._desk.hang_up(other)
        self._trying.clear()
        if (answer is not None and self._takes(answer)) or self._early == dialog:
            self._owner.line_answered()
        else:
            self._owner.line_unreached(Unreached(CallStatus.FAILED, 488, "The phone answered with unusable media."))

    def _was_refused(self, dialog: DialogKey, status: int, reason: str) -> None:
        self._trying.discard(dialog)
        self._desk.disown(dialog)
        if not self._trying and self._answered is None and self._owner is not None:
            self._owner.line_unreached(Unreached(_status(status), status, f"The far end refused: {status} {reason}"))

    def _ended(self, dialog: DialogKey) -> None:
        self._desk.disown(dialog)
        if dialog == self._answered and self._owner is not None:
            self._answered = None
            self._owner.line_gone("The called party hung up.")

    def _takes(self, sdp: bytes) -> bool:
        try:
            self._media.take_answer(sdp)
        except SdpError:
            return False
        return True


def _status(sip_status: int) -> CallStatus:
    """Twilio's word for a SIP refusal."""
    if sip_status in BUSY:
        return CallStatus.BUSY
    return CallStatus.NO_ANSWER if sip_status in NO_ANSWER else CallStatus.FAILED
