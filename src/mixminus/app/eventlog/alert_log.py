"""The debugger: warnings and errors with Twilio's codes, and the webhook or document that each is about."""

from typing import Final

import structlog

from mixminus.app.eventlog.webhook_log import WebhookLog
from mixminus.base.clock import Clock
from mixminus.base.sids import ALERT, CALL, CONFERENCE, Sids, counted, is_sid, number_of
from mixminus.base.types import Sid
from mixminus.calls.records import AlertRecord, WebhookRecord
from mixminus.store.contract import Is, Store, Where
from mixminus.webhooks.contract import HttpFailure, WebhookCall
from mixminus.webhooks.outbox import Delivery
from mixminus.webhooks.overrides import OverrideWarning

ERROR: Final = "error"
WARNING: Final = "warning"

WARNINGS: Final = frozenset(
    {11240, 11241, 11243, 12200, 13520, 15003, 16011, 21262, 21263, 31950, 31951, 32019},
)
"""Codes after which things go on (twilio-conference-api 6.3, twiml-and-streams 1 and 11). All others are errors."""

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.events")


class AlertLog:
    """Keeps the last *most* alerts, and puts each into the log."""

    def __init__(self, webhooks: WebhookLog, store: Store, clock: Clock, sids: Sids, most: int) -> None:
        self._webhooks = webhooks
        self._store = store
        self._clock = clock
        self._sids = sids
        self._most = most
        self._number = 0

    async def restore(self) -> None:
        """Count on from what the store has."""
        highest = await self._store.highest(AlertRecord, "sid")
        self._number = number_of(highest) if highest else 0
        self._prune()

    def about_call(self, call_sid: Sid, code: int, message: str) -> None:
        """What a call's application said was not quite right, or could not be done."""
        self._write(code, message, call_sid, self._webhooks.last_document(call_sid))

    def callback_failed(self, delivery: Delivery, failure: HttpFailure) -> None:
        """A callback did not arrive."""
        message = f"{failure.message} ({failure.code})"
        subject, about = Sid(delivery.key), self._webhooks.just_sent(delivery.call)
        self._write(delivery.failure_code, message, subject, about, delivery.call)

    def override_ignored(self, call: WebhookCall, warning: OverrideWarning) -> None:
        """The fragment of a URL asks for something in vain."""
        said = dict(call.parameters)
        subject = Sid(said.get("CallSid") or said.get("ConferenceSid", ""))
        self._write(warning.code, warning.message, subject, None, call)

    def _write(
        self,
        code: int,
        message: str,
        subject: Sid,
        about: WebhookRecord | None,
        call: WebhookCall | None = None,
    ) -> None:
        asked = about or call
        level = WARNING if code in WARNINGS else ERROR
        call_sid = subject if is_sid(CALL, subject) else about.call_sid if about is not None else None
        conference_sid = about.conference_sid if about is not None else None
        log.warning("alert", call_sid=call_sid or subject, code=code, level_of=level, reason=message)
        if not self._most:
            return
        self._number += 1
        alert = AlertRecord(
            sid=self._sids.counted(ALERT, self._number),
            date_created=self._clock.utc(),
            level=level,
            code=code,
            message=message,
            call_sid=call_sid,
            conference_sid=subject if is_sid(CONFERENCE, subject) else conference_sid,
            webhook_sid=about.sid if about is not None else None,
            request_url=asked.url if asked is not None else None,
            request_method=asked.method if asked is not None else None,
        )
        self._store.save_soon(alert)
        if self._number % max(1, self._most // 10) == 0:
            self._prune()

    def _prune(self) -> None:
        oldest = self._number - self._most + 1
        if oldest > 1:
            self._store.forget_soon(AlertRecord, Where("sid", Is.BELOW, counted(ALERT, oldest)))
