"""Calls from outside: a number answers, or nobody does (404)."""

import re
from collections.abc import Callable
from typing import Final

import structlog

from mixminus.app.calls.call_session import CallSession, CallWishes
from mixminus.app.calls.caller_proof import CallerProof
from mixminus.app.calls.calls import Calls
from mixminus.app.calls.errands import RunInstructions
from mixminus.app.calls.incoming_line import IncomingLine
from mixminus.app.calls.lines import PhoneLines
from mixminus.app.calls.sip_desk import SipDesk
from mixminus.app.documents.run_twiml import TwimlRunner
from mixminus.app.media_link import NoMedia
from mixminus.app.services import Services
from mixminus.base.sids import CALL
from mixminus.base.types import FormPairs
from mixminus.calls.call import Call
from mixminus.calls.options import Callback, Instructions, Webhook
from mixminus.calls.records import (
    ApplicationRecord,
    CallRecord,
    CallStatus,
    Direction,
    NumberRecord,
    VoiceInstructions,
)
from mixminus.sdp.description import SdpError
from mixminus.sip.contract import Invited
from mixminus.store.contract import Is, Store, Where

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.calls")

_DIGITS: Final = re.compile(r"\+?[0-9]{2,15}")

NOT_FOUND, NOT_ACCEPTABLE, UNAVAILABLE = 404, 488, 503


class IncomingCalls:
    """Takes what the SIP desk is offered."""

    def __init__(
        self,
        services: Services,
        desk: SipDesk,
        lines: PhoneLines,
        calls: Calls,
        runner: TwimlRunner,
        proof: CallerProof,
    ) -> None:
        self._services = services
        self._desk = desk
        self._lines = lines
        self._calls = calls
        self._runner = runner
        self._proof = proof
        self.replacing: Callable[[Invited], None]
        """Takes calls that are to go on where another is (RFC 3891)."""
        self.open = False
        """Whether the node wants calls: not while starting or draining."""
        self.has_media = True
        """Whether there is a media worker to carry them."""

    @property
    def taking_calls(self) -> bool:
        return self.open and self.has_media

    def invited(self, invited: Invited) -> None:
        """The desk's listener."""
        if invited.replaces is not None:
            self.replacing(invited)
            return
        self._services.tasks.spawn(self._take(invited), f"incoming call {invited.call_id[:40]}")

    async def _take(self, invited: Invited) -> None:
        if not self.taking_calls:
            return self._desk.refuse(invited.dialog, UNAVAILABLE)
        called = self._lines.called(invited)
        number = await number_called(self._services.store, called)
        voice = await voice_of(self._services.store, number) if number is not None else None
        if number is None or voice is None or voice.voice_url is None:
            log.info("nobody answers that number", called=called, source=invited.source.host)
            return self._desk.refuse(invited.dialog, NOT_FOUND)
        try:  # before anybody's webhook is asked
            line = IncomingLine(self._desk, self._lines.media_with(invited), invited)
        except SdpError as error:
            log.info("a caller's media cannot be used", called=called, source=invited.source.host, reason=str(error))
            return self._desk.refuse(invited.dialog, NOT_ACCEPTABLE)
        try:
            if await line.open():
                proof = await self._proof.of(invited, caller(invited), called)
                if line.has_caller:
                    self._begin(line, invited, number, voice, proof)
                else:
                    line.release()
        except NoMedia as error:
            log.warning("a call is refused", called=called, source=invited.source.host, reason=error.message)
            self._desk.refuse(invited.dialog, UNAVAILABLE)
        return None

    def _begin(
        self,
        line: IncomingLine,
        invited: Invited,
        number: NumberRecord,
        voice: VoiceInstructions,
        proof: FormPairs,
    ) -> None:
        services = self._services
        errand = RunInstructions(self._runner, instructions_of(voice))
        wishes = CallWishes(callback=_callback(voice), sip_parameters=(*_sip_parameters(invited), *proof))
        session = CallSession(services, Call(self._record(invited, number)), line, errand, wishes)
        self._calls.add(session)
        self._calls.hops.came_in(session.sid, invited.hops_left)
        line.attach(session)
        session.begin_incoming()

    def _record(self, invited: Invited, number: NumberRecord) -> CallRecord:
        now = self._services.clock.utc()
        return CallRecord(
            sid=self._services.sids.new(CALL),
            account_sid=self._services.account_sid,
            to=number.phone_number,
            from_=caller(invited),
            direction=Direction.INBOUND,
            status=CallStatus.RINGING,
            date_created=now,
            date_updated=now,
            phone_number_sid=number.sid,
            forwarded_from=invited.forwarded_from,
            caller_name=invited.from_display or None,
        )


def caller(invited: Invited) -> str:
    """`From` in webhooks: a client that authenticated, a number, or the SIP address."""
    if invited.user is not None:
        return f"client:{invited.user}"
    uri = invited.asserted_uri or invited.from_uri
    user = uri.partition(":")[2].partition("@")[0].partition(";")[0]
    return user if _DIGITS.fullmatch(user) else uri.partition(";")[0]


async def number_called(store: Store, called: str) -> NumberRecord | None:
    """The number that *called* means: as it is written, or in E.164 without its plus."""
    spellings = (called, f"+{called}") if called.isdigit() else (called,)
    for spelling in spellings:
        found = await store.query(NumberRecord, Where("phone_number", Is.EQUAL, spelling))
        if found:
            return found[0]
    return None


async def voice_of(store: Store, number: NumberRecord) -> VoiceInstructions | None:
    """An application's instructions win over the number's own."""
    if number.voice_application_sid is None:
        return number.voice
    application = await store.fetch(ApplicationRecord, number.voice_application_sid)
    return application.voice if application is not None else None


def instructions_of(voice: VoiceInstructions) -> Instructions:
    """Where the document is that answers."""
    return Instructions(voice.voice_url, voice.voice_method, voice.voice_fallback_url, voice.voice_fallback_method)


def _callback(voice: VoiceInstructions) -> Callback | None:
    if voice.status_callback is None:
        return None
    return Callback(Webhook(voice.status_callback, voice.status_callback_method), frozenset({"completed"}))


def _sip_parameters(invited: Invited) -> FormPairs:
    """What a call's INVITE adds to its TwiML requests (twilio-conference-api.md 4.6)."""
    headers = ((f"SipHeader_{name}", value) for name, value in invited.headers.items())
    return (("SipCallId", invited.call_id), ("SipSourceIp", invited.source.host), *headers)
