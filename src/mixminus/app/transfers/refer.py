"""`<Refer>`: the far end of a SIP leg is sent elsewhere, and its document hears how that went."""

import asyncio
from typing import Final
from urllib.parse import quote, urlencode

from mixminus.app.calls.call_session import CallSession
from mixminus.app.calls.incoming_line import IncomingLine
from mixminus.app.calls.outgoing_line import OutgoingLine
from mixminus.app.calls.sent_referral import SentReferral
from mixminus.app.documents.interrupted import Interrupted
from mixminus.app.documents.stage import Stage
from mixminus.base.errors import MixminusError, Refusal
from mixminus.twiml.effects import ReferCaller, ReferOutcome

NO_SIP_LEG: Final = 13801
"""Twilio's number for `<Refer>` on anything else than a SIP leg."""


async def refer_caller(stage: Stage, effect: ReferCaller) -> ReferOutcome:
    """Returns when the outcome is known, or will not be. Raises `Refusal` 13801, or 13243 for a bad address."""
    await stage.answer()
    line = stage.line if isinstance(stage, CallSession) else None
    if not isinstance(line, IncomingLine | OutgoingLine):
        raise Refusal(NO_SIP_LEG, 400, "<Refer> needs a SIP leg: nobody can be sent elsewhere here.")
    query = urlencode(effect.headers, quote_via=quote)
    try:
        referral = line.refer(f"{effect.address}?{query}" if query else effect.address)
    except MixminusError as error:
        raise Refusal(13243, 400, f"<Refer> cannot be sent: {error}") from error
    try:
        await referral.concluded()
    except asyncio.CancelledError as cancellation:
        raise Interrupted(_outcome(referral, hung_up=True)) from cancellation
    return _outcome(referral, hung_up=False)


def _outcome(referral: SentReferral, *, hung_up: bool) -> ReferOutcome:
    return ReferOutcome(referral.refer_code, referral.notify_code, hung_up)
