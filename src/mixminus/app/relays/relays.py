"""ConversationRelay: from `<ConversationRelay>` to the application's WebSocket, and to how it ended."""

from collections import Counter
from collections.abc import Callable
from typing import Final

import structlog

from mixminus.app.callbacks import Callbacks
from mixminus.app.media_link import MediaLink
from mixminus.app.relays.live_relay import LiveRelay
from mixminus.app.relays.relay_terms import relay_terms
from mixminus.app.sounds.sound_sources import Prompts
from mixminus.app.streams.streams import StreamedCall
from mixminus.app.tasks import Tasks
from mixminus.base.clock import Clock
from mixminus.base.sids import RELAY_SESSION, Sids
from mixminus.base.types import Sid
from mixminus.calls.records import CallRecord
from mixminus.relay.actions import Status, Verdict
from mixminus.relay.faults import BAD_ATTRIBUTE, CONNECT_FAILED, TOO_MANY
from mixminus.relay.messages import Facts
from mixminus.relay.session import Session, SessionState
from mixminus.relay.terms import Terms
from mixminus.speech.contract import Providers, SpeechError
from mixminus.streams.contract import DialAgent, Sign, StreamError
from mixminus.streams.faults import MALFORMED_URL, WRONG_SCHEME
from mixminus.streams.upgrade import upgrade
from mixminus.twiml.effects import RelayAttributes, Relayed

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.relays")

MOST_SESSIONS: Final = 200
"""At once. Recognisers set the limit, long before the control process does."""


class Relays:
    """All sessions of a node."""

    def __init__(
        self,
        media: MediaLink,
        callbacks: Callbacks,
        clock: Clock,
        sids: Sids,
        sources: tuple[Providers, Prompts, Tasks],
        dial: DialAgent,
        sign: Sign,
    ) -> None:
        self._media = media
        self._callbacks = callbacks
        self._clock = clock
        self._sids = sids
        self._sources = sources
        self._dial = dial
        self._sign = sign
        self._live: set[LiveRelay] = set()
        self.failures: Counter[int] = Counter()
        """Sessions that did not begin or broke off, by Twilio's number."""

    def __len__(self) -> int:
        return len(self._live)

    def prepare(self, call: StreamedCall, said: RelayAttributes) -> "RelaySession":
        """A session that is about to begin: await its `run`."""
        terms = relay_terms(said)
        session = Session(_facts(self._sids.new(RELAY_SESSION), call.record, terms), terms)

        def warn(code: int, message: str) -> None:
            self._callbacks.warned(call.record.sid, code, message)

        relay = LiveRelay(session, call.leg, self._media, self._sources, warn)
        if said.complaints:
            relay.fail(BAD_ATTRIBUTE, "; ".join(said.complaints))
        elif len(self._live) >= MOST_SESSIONS:
            relay.fail(TOO_MANY, f"{MOST_SESSIONS} sessions are going on; there cannot be more")
        return RelaySession(self, relay, call, self._clock.now)

    async def live(self, relay: LiveRelay, call: StreamedCall) -> None:
        """From the upgrade to the end. What goes wrong is the session's verdict, and never raised."""
        self._live.add(relay)
        terms = relay.session.terms
        try:
            relay.listen(terms.hearer)
            self._sources[0].voice(terms.speaker.provider, terms.speaker.language)
            socket = await self._dial(upgrade(terms.url, self._sign), relay)
            if relay.session.state is SessionState.OVER:  # the recogniser failed, or the WebSocket is gone already
                socket.close()
                return
            with self._media.collecting_keys(call.leg), call.keys.followed_by(relay.press):
                relay.begin(socket)
                await call.answer()
                await relay.ended
        except SpeechError as error:
            relay.fail(BAD_ATTRIBUTE, str(error))
        except StreamError as error:
            code = BAD_ATTRIBUTE if error.code in (WRONG_SCHEME, MALFORMED_URL) else CONNECT_FAILED
            relay.fail(code, f"{error.message} ({error.code})")
        finally:  # also when it is cancelled: a redirect, the end of the call
            relay.end()
            self._live.discard(relay)

    def ended(self, call_sid: Sid, relayed: Relayed) -> None:
        """Write down how a session ended."""
        if relayed.error_code is not None:
            self.failures[relayed.error_code] += 1
        told = {"session": relayed.session_id, "status": relayed.status, "error": relayed.error_code}
        log.info("relay", call_sid=call_sid, duration_s=relayed.duration_s, **told)


class RelaySession:
    """One `<ConversationRelay>` of a call."""

    def __init__(self, relays: Relays, relay: LiveRelay, call: StreamedCall, now: Callable[[], float]) -> None:
        self._relays = relays
        self._relay = relay
        self._call = call
        self._now = now
        self._began = now()

    async def run(self) -> None:
        """Until the application or the call ends it; cancelling it is the call's end."""
        try:
            if self._relay.session.state is not SessionState.OVER:
                await self._relays.live(self._relay, self._call)
        finally:
            self._relays.ended(self._call.record.sid, self.result())

    def result(self) -> Relayed:
        """How it ended."""
        session = self._relay.session
        verdict = session.verdict or Verdict(Status.COMPLETED)
        return Relayed(
            session.facts.session_id,
            verdict.status.value,
            round(self._now() - self._began),
            verdict.handoff_data,
            verdict.error_code,
            verdict.error_message,
        )


def _facts(session_id: Sid, call: CallRecord, terms: Terms) -> Facts:
    return Facts(
        session_id=session_id,
        account_sid=call.account_sid,
        call_sid=call.sid,
        from_=call.from_,
        to=call.to,
        direction=call.direction.value,
        call_status=call.status.value,
        parent_call_sid=call.parent_call_sid or "",
        forwarded_from=call.forwarded_from or "",
        caller_name=call.caller_name or "",
        parameters=terms.parameters,
    )
