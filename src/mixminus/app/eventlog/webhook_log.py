"""Every webhook that was sent: written down when it is over, and sent again when somebody asks for that."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from mixminus.base.clock import Clock
from mixminus.base.sids import CALL, CONFERENCE, WEBHOOK, Sids, counted, is_sid, number_of
from mixminus.base.types import FormPairs, Sid
from mixminus.calls.records import FINAL_CALL_STATUSES, CallRecord, WebhookAttempt, WebhookRecord
from mixminus.store.contract import Is, Store, Where
from mixminus.webhooks.contract import Attempt, HttpFailure, Purpose, Sent, WebhookCall
from mixminus.webhooks.fetching import Courier, fetch_document

PURPOSES: Final = tuple(purpose.value for purpose in Purpose)

MOST_BODY_CHARACTERS: Final = 4_096

MOST_CALLS: Final = 10_000
"""Of so many it is known which document they had last: those of calls that ended meanwhile among them."""

PRUNED_AFTER: Final = 1_000
"""The oldest go so many at a time, or a tenth of what is kept."""


class WebhookLog:
    """Keeps the last *most* webhooks. Writing never waits, for the disk or for anything else."""

    def __init__(self, courier: Courier, store: Store, clock: Clock, sids: Sids, most: int) -> None:
        self._courier = courier
        self._store = store
        self._clock = clock
        self._sids = sids
        self._most = most
        self._number = 0
        self._documents: dict[Sid, WebhookRecord] = {}
        """The last one of each live call."""
        self._last: tuple[WebhookCall, WebhookRecord] | None = None

    async def restore(self) -> None:
        """Count on from what the store has."""
        highest = await self._store.highest(WebhookRecord, "sid")
        self._number = number_of(highest) if highest else 0
        self._prune()

    def sent(self, sent: Sent) -> None:
        """Write down a webhook that is over, whatever became of it."""
        if not self._most:
            return
        record = self._record(sent)
        self._store.save_soon(record)
        self._last = (sent.call, record)
        if sent.call.purpose is Purpose.DOCUMENT and record.call_sid is not None and not _is_abandoned(sent):
            self._documents[record.call_sid] = record
            if len(self._documents) > MOST_CALLS:
                del self._documents[next(iter(self._documents))]
        if self._number % max(1, min(PRUNED_AFTER, self._most // 10)) == 0:
            self._prune()

    def call_changed(self, call: CallRecord) -> None:
        """A call that is over asks for nothing any more."""
        if call.status in FINAL_CALL_STATUSES:
            self._documents.pop(call.sid, None)

    def last_document(self, call_sid: Sid) -> WebhookRecord | None:
        """What the call asked for last."""
        return self._documents.get(call_sid)

    def just_sent(self, call: WebhookCall) -> WebhookRecord | None:
        """The record of *call*, for whoever is told of it at once."""
        return self._last[1] if self._last is not None and self._last[0] is call else None

    async def replay(self, record: WebhookRecord, url: str | None) -> WebhookRecord:
        """Send it again, signed anew, to *url* or where it went; returns how that went. What is answered is not run.

        Its failure is in the record, and disturbs nobody.
        """
        call = WebhookCall(url or record.url, record.method, record.parameters, Purpose(record.purpose))
        outcome: list[Sent] = []
        try:
            await fetch_document(call, replace(self._courier, on_sent=outcome.append))
        except HttpFailure:
            pass  # it is in the outcome
        again = replace(self._record(outcome[0]), replay_of=record.sid)
        await self._store.save(again)
        return again

    def _record(self, sent: Sent) -> WebhookRecord:
        self._number += 1
        call, failure = sent.call, sent.failure
        first_s = sent.attempts[0].began_s if sent.attempts else 0.0
        answer = sent.attempts[-1].answer if sent.attempts else None
        call_sid, conference_sid = _subjects(call.parameters)
        return WebhookRecord(
            sid=self._sids.counted(WEBHOOK, self._number),
            date_created=self._clock.utc() - timedelta(seconds=sent.took_s),
            purpose=call.purpose.value,
            url=call.url,
            method=call.method,
            parameters=call.parameters,
            call_sid=call_sid,
            conference_sid=conference_sid,
            error_code=failure.code if failure is not None else None,
            error=failure.message if failure is not None else None,
            attempts=tuple(_attempt(each, first_s) for each in sent.attempts),
            content_type=answer.header("content-type") if answer is not None else None,
            response_body=_beginning(answer.body) if answer is not None else "",
        )

    def _prune(self) -> None:
        oldest = self._number - self._most + 1
        if oldest > 1:
            self._store.forget_soon(WebhookRecord, Where("sid", Is.BELOW, counted(WEBHOOK, oldest)))


def _is_abandoned(sent: Sent) -> bool:
    """Whoever wanted it went before it came."""
    return sent.failure is None and (not sent.attempts or sent.attempts[-1].answer is None)


def _attempt(attempt: Attempt, first_s: float) -> WebhookAttempt:
    failure, answer = attempt.failure, attempt.answer
    return WebhookAttempt(
        url=attempt.url,
        began_ms=round((attempt.began_s - first_s) * 1000),
        took_ms=round(attempt.took_s * 1000),
        status=answer.status if answer is not None else None,
        error_code=failure.code if failure is not None else None,
        error=failure.message if failure is not None else None,
    )


def _subjects(parameters: FormPairs) -> tuple[Sid | None, Sid | None]:
    """The call and the conference that it tells of. A document's parameters begin with its call."""
    call_sid = conference_sid = None
    for name, value in parameters:
        if name == "CallSid" and call_sid is None and is_sid(CALL, value):
            call_sid = Sid(value)
        elif name == "ConferenceSid" and conference_sid is None and is_sid(CONFERENCE, value):
            conference_sid = Sid(value)
    return call_sid, conference_sid


def _beginning(body: bytes) -> str:
    return body[: 4 * MOST_BODY_CHARACTERS].decode(errors="replace")[:MOST_BODY_CHARACTERS]
