"""What a phone may do in its call, whoever called: move its media, give way to another phone, say why it goes."""

import contextlib
from typing import Final

from mixminus.app.calls.far_ends import FarEnd
from mixminus.app.calls.sip_desk import DialogOwner, SipDesk
from mixminus.app.calls.sip_media import SipMedia
from mixminus.sdp.description import SdpError
from mixminus.sip.contract import DialogKey, Invited

NOT_ACCEPTABLE: Final = 488
REPLACED: Final = 'SIP;cause=200;text="Call taken over"'


def answers_instead(desk: SipDesk, media: SipMedia, invited: Invited, far: FarEnd, line: DialogOwner) -> bool:
    """Answer who wants to take the far end's place, with the same media leg; False: its media is of no use."""
    if invited.offer is None:  # then it would have to be trusted to answer before the other one goes
        return False
    try:
        answer = media.answer_instead(invited.dialog, invited.offer, far)
    except SdpError:
        return False
    desk.own(invited.dialog, line)
    desk.answer(invited.dialog, answer)
    return True


def because(ending: str, reason: str | None) -> str:
    """How a call ended, with the Reason that the far end gave for it (RFC 3326)."""
    return f"{ending} ({reason})" if reason else ending


def reoffered(desk: SipDesk, media: SipMedia, dialog: DialogKey, offer: bytes | None) -> None:
    """A re-INVITE: the phone holds, resumes, or moves its media."""
    try:
        desk.accept_reoffer(dialog, media.offer() if offer is None else media.answer(offer))
    except SdpError:
        desk.refuse_reoffer(dialog, NOT_ACCEPTABLE)


def renegotiated(media: SipMedia, answer: bytes) -> None:
    """The phone took a refresh of ours for an opportunity to move its media."""
    with contextlib.suppress(SdpError):
        media.take_answer(answer)
