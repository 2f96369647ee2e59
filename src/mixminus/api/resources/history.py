"""`/mixminus/v1`: what Twilio does not have. Who was in a conference, and what happened, also after it ended."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from mixminus.api.paging import list_answer
from mixminus.api.request import EXTRAS, ApiRequest
from mixminus.api.resources.calls import asked_call
from mixminus.api.resources.conferences import asked_conference
from mixminus.api.resources.ledger import ledger_of, stretches_resource
from mixminus.api.resources.participants import asked_participant
from mixminus.api.routes import Operation
from mixminus.base.types import Sid
from mixminus.calls.commands import PolishParticipant
from mixminus.calls.records import EventRecord, ParticipantRecord
from mixminus.insights.ledger import Ledger
from mixminus.store.contract import Is, Where

MOST_EVENTS: Final = 1_000
_NUMBERS = 2**31 - 2


def participant_history(participant: ParticipantRecord, ledger: Ledger | None) -> dict[str, Any]:
    return {
        "sid": participant.sid,
        "conference_sid": participant.conference_sid,
        "call_sid": participant.call_sid,
        "label": participant.label,
        "status": participant.status,
        "muted": participant.muted,
        "hold": participant.hold,
        "coaching": participant.coaching,
        "call_sids_to_coach": list(participant.call_sids_to_coach),
        "moderator": participant.moderator,
        "start_conference_on_enter": participant.start_conference_on_enter,
        "end_conference_on_exit": participant.end_conference_on_exit,
        "queue_time_ms": participant.queue_time_ms,
        "date_created": iso(participant.date_created),
        "join_time": iso(participant.join_time),
        "leave_time": iso(participant.leave_time),
        "reason_left": participant.reason_left,
        **stretches_resource(ledger, participant.call_sid),
    }


def event_resource(event: EventRecord) -> dict[str, Any]:
    return {
        "subject_sid": event.subject_sid,
        "sequence_number": event.sequence_number,
        "name": event.name,
        "timestamp": iso(event.timestamp),
        "call_sid": event.call_sid,
        "details": dict(event.details),
    }


def iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


async def list_participant_history(request: ApiRequest) -> Response:
    conference = await asked_conference(request)
    mine = Where("conference_sid", Is.EQUAL, conference.sid)
    ledger = await ledger_of(request, conference.sid)

    def show(participant: ParticipantRecord) -> dict[str, Any]:
        return participant_history(participant, ledger)

    return await list_answer(request, "participants", ParticipantRecord, show, mine)


async def list_conference_events(request: ApiRequest) -> Response:
    return await events_of(request, (await asked_conference(request)).sid)


async def list_call_events(request: ApiRequest) -> Response:
    return await events_of(request, (await asked_call(request)).sid)


async def events_of(request: ApiRequest, subject: Sid) -> Response:
    """Oldest first; `After` continues behind a sequence number."""
    after = request.form.integer("After", -1, _NUMBERS)
    size = request.form.integer("PageSize", 1, MOST_EVENTS) or MOST_EVENTS
    conditions = [Where("subject_sid", Is.EQUAL, subject)]
    if after is not None:
        conditions.append(Where("sequence_number", Is.AT_LEAST, after + 1))
    found = await request.node.store.query(EventRecord, *conditions)
    shown = found[:size]
    more = f"{request.path}?After={shown[-1].sequence_number}&PageSize={size}" if len(found) > size else None
    return JSONResponse({"events": [event_resource(event) for event in shown], "next_page_uri": more})


async def show_call_quality(request: ApiRequest) -> Response:
    """Loss, jitter, delay and the estimated mean opinion score of a call: now, or when it ended."""
    call = await asked_call(request)
    return JSONResponse({"call_sid": call.sid, **asdict(await request.node.call_quality(call.sid))})


async def polish_participant(request: ApiRequest) -> Response:
    """Gain control (`agc`) and noise suppression (`noise_suppression`) of a live participant; both begin off."""
    participant = await asked_participant(request)
    command = PolishParticipant(
        participant.conference_sid,
        participant.call_sid,
        request.form.boolean("agc"),
        request.form.boolean("noise_suppression"),
    )
    polish = await request.node.polish_participant(command)
    switched = {"agc": polish.gain_control, "noise_suppression": polish.noise_suppression}
    return JSONResponse({"call_sid": participant.call_sid, **switched})


OPERATIONS = (
    Operation("GET", f"{EXTRAS}/Conferences/{{conference}}/Participants", list_participant_history),
    Operation("POST", f"{EXTRAS}/Conferences/{{conference}}/Participants/{{participant}}", polish_participant),
    Operation("GET", f"{EXTRAS}/Conferences/{{conference}}/Events", list_conference_events),
    Operation("GET", f"{EXTRAS}/Calls/{{call}}/Events", list_call_events),
    Operation("GET", f"{EXTRAS}/Calls/{{call}}/Quality", show_call_quality),
)
