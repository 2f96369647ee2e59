"""Telling the owner of a call what happened: the log of events, and the webhooks that somebody subscribed to."""

from collections.abc import Callable

import structlog

from mixminus.app.eventlog.alert_log import AlertLog
from mixminus.app.eventlog.event_log import EventLog
from mixminus.base.clock import Clock
from mixminus.base.types import FormPairs, Sid
from mixminus.calls.call import CallHappened
from mixminus.calls.options import Callback, Webhook
from mixminus.calls.outputs import ConferenceHappened
from mixminus.calls.records import CallRecord, ConferenceRecord, EventRecord, RecordingRecord, RecordingStatus
from mixminus.twiml.parameters import CallFacts, voice_request
from mixminus.webhooks.contract import WebhookCall
from mixminus.webhooks.parameters import (
    call_progress,
    conference_event,
    conference_record_end,
    recording_of_call,
    recording_status,
    stream_event,
)

CALL_CALLBACK_FAILED = 15003
CONFERENCE_CALLBACK_FAILED = 16011
RETRIEVAL_FAILED = 11200

Deliver = Callable[[str, WebhookCall, int], None]
"""Key of the order, what to ask, and the code of its failure."""

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.events")


class Callbacks:
    """Has every event written down; delivers those that somebody asked for, in order per call and per conference."""

    def __init__(
        self,
        account_sid: Sid,
        public_url: Callable[[], str],
        events: EventLog,
        alerts: AlertLog,
        clock: Clock,
        deliver: Deliver,
    ) -> None:
        self.account_sid = account_sid
        self._public_url = public_url
        self._events = events
        self._alerts = alerts
        self._clock = clock
        self._deliver = deliver

    # --- calls ----------------------------------------------------------------------------------------------------

    def call_happened(
        self,
        call: CallRecord,
        happened: CallHappened,
        callback: Callback | None,
        recording: RecordingRecord | None = None,
    ) -> None:
        """*recording*: the one that was asked for with the call, complete."""
        status = happened.status.value
        self._events.write(
            EventRecord(call.sid, happened.sequence_number, status, happened.timestamp, call.sid, happened.details)
        )
        if callback is None or happened.token not in callback.events:
            return
        about = (*voice_request(facts(call, status)), *happened.details.items())
        recorded: FormPairs = ()
        if recording is not None:
            recorded = recording_of_call(recording.sid, self.recording_url(recording), recording.duration_s or 0)
        number, at = happened.sequence_number, happened.timestamp
        parameters = call_progress(about, sequence_number=number, timestamp=at, recording=recorded)
        self._send(call.sid, callback.webhook, parameters, CALL_CALLBACK_FAILED)

    def warned(self, call_sid: Sid, code: int, message: str) -> None:
        """What an application said was not quite right, or could not be done."""
        self._alerts.about_call(call_sid, code, message)

    def ask_action(self, call_sid: Sid, action: Webhook, about: FormPairs) -> None:
        """Ask the action URL of a `<Dial>` whose caller is gone; nobody waits for the answer."""
        self._send(call_sid, action, about, RETRIEVAL_FAILED)

    # --- conferences ----------------------------------------------------------------------------------------------

    def conference_happened(
        self, conference: ConferenceRecord, happened: ConferenceHappened, callback: Callback | None
    ) -> None:
        self._events.write(
            EventRecord(
                conference.sid,
                happened.sequence_number,
                happened.name,
                happened.timestamp,
                happened.call_sid,
                happened.details,
            )
        )
        if happened.token == "moderator":
            about = {"conference_sid": conference.sid, "call_sid": happened.call_sid}
            log.info(happened.name, **about, **happened.details)
        if callback is None or happened.token not in callback.events:
            return
        parameters = conference_event(
            account_sid=self.account_sid,
            conference_sid=conference.sid,
            friendly_name=conference.friendly_name,
            event=happened.name,
            sequence_number=happened.sequence_number,
            timestamp=happened.timestamp,
            call_sid=happened.call_sid,
            details=happened.details,
        )
        self._send(conference.sid, callback.webhook, parameters, CONFERENCE_CALLBACK_FAILED)

    # --- streams --------------------------------------------------------------------------------------------------

    def stream_happened(
        self, call: CallRecord, stream_sid: Sid, name: str, event: str, webhook: Webhook | None, error: str | None
    ) -> None:
        """`stream-started`, `stream-stopped`, `stream-error`."""
        log.info("stream", call_sid=call.sid, stream_sid=stream_sid, stream_event=event, error=error)
        details = {"StreamName": name} | ({"StreamError": error} if error else {})
        number, at = self._events.number, self._clock.utc()
        self._events.write(EventRecord(stream_sid, number, event, at, call.sid, details))
        if webhook is None:
            return
        parameters = stream_event(
            account_sid=self.account_sid,
            call_sid=call.sid,
            stream_sid=stream_sid,
            name=name,
            event=event,
            timestamp=self._clock.utc(),
            error=error,
        )
        self._send(call.sid, webhook, parameters, RETRIEVAL_FAILED)

    # --- recordings -----------------------------------------------------------------------------------------------

    def recording_happened(self, record: RecordingRecord, callback: Callback | None, *words: str) -> None:
        """*words* are those that subscribe to it; what is sent is the recording's status."""
        name, number = f"recording-{record.status.value}", self._events.number
        details = {"ConferenceSid": record.conference_sid} if record.conference_sid else {}
        self._events.write(EventRecord(record.sid, number, name, self._clock.utc(), record.call_sid, details))
        if callback is None or callback.events.isdisjoint(words):
            return
        parameters = recording_status(
            account_sid=self.account_sid,
            recording_sid=record.sid,
            recording_url=self.recording_url(record),
            status=record.status.value,
            channels=record.channels,
            start_time=record.start_time,
            source=record.source.value,
            call_sid=record.call_sid if record.conference_sid is None else None,
            conference_sid=record.conference_sid,
            duration_s=record.duration_s,
            track=record.track,
            error_code=record.error_code,
        )
        key = record.conference_sid or record.call_sid or record.sid
        self._send(key, callback.webhook, parameters, CALL_CALLBACK_FAILED)

    def conference_recorded(self, conference: ConferenceRecord, record: RecordingRecord, webhook: Webhook) -> None:
        """The deprecated `eventCallbackUrl`."""
        if record.status is not RecordingStatus.COMPLETED:
            return
        parameters = conference_record_end(
            account_sid=self.account_sid,
            conference_sid=conference.sid,
            friendly_name=conference.friendly_name,
            timestamp=self._clock.utc(),
            recording_url=self.recording_url(record),
            duration_s=record.duration_s or 0,
            size_bytes=record.size_bytes or 0,
        )
        self._send(conference.sid, webhook, parameters, CONFERENCE_CALLBACK_FAILED)

    def recording_url(self, record: RecordingRecord) -> str:
        """Without extension; receivers add `.wav` or `.mp3`."""
        return f"{self._public_url()}/2010-04-01/Accounts/{self.account_sid}/Recordings/{record.sid}"

    def _send(self, key: Sid, webhook: Webhook, parameters: FormPairs, failure_code: int) -> None:
        self._deliver(key, WebhookCall(webhook.url, webhook.method, parameters), failure_code)


def facts(call: CallRecord, status: str | None = None) -> CallFacts:
    """A call in the words of a webhook; *status* when it is not the one it has now."""
    return CallFacts(
        call_sid=call.sid,
        account_sid=call.account_sid,
        from_=call.from_,
        to=call.to,
        call_status=status or call.status.value,
        direction=call.direction.value,
        caller_name=call.caller_name,
        forwarded_from=call.forwarded_from,
        parent_call_sid=call.parent_call_sid,
        answered_by=call.answered_by,
    )
