"""`/Conferences/{Sid}/Participants` (reference, 2): whoever is in a conference now, or being called into it."""

from typing import Any, Final

from starlette.responses import JSONResponse, Response

from mixminus.api import words
from mixminus.api.paging import list_answer
from mixminus.api.request import ApiRequest
from mixminus.api.resources.conferences import asked_conference
from mixminus.api.resources.participant_form import add_participant, update_participant
from mixminus.api.routes import ACCOUNT, Operation
from mixminus.api.uris import account_uri, canonical
from mixminus.base.sids import CALL, is_sid
from mixminus.calls.commands import RemoveParticipant
from mixminus.calls.records import ConferenceRecord, ConferenceStatus, ParticipantRecord, ParticipantStatus
from mixminus.store.contract import Is, Where

LIVE: Final = (
    Where("status", Is.NOT, ParticipantStatus.COMPLETE),
    Where("status", Is.NOT, ParticipantStatus.FAILED),
)
"""`ParticipantRecord.live`, as conditions."""


def participant_resource(participant: ParticipantRecord) -> dict[str, Any]:
    uri = f"{account_uri(participant.account_sid)}/Conferences/{participant.conference_sid}"
    return {
        "account_sid": participant.account_sid,
        "call_sid": participant.call_sid,
        "label": participant.label,
        "conference_sid": participant.conference_sid,
        "status": participant.status,
        "muted": participant.muted,
        "hold": participant.hold,
        "coaching": participant.coaching,
        "call_sid_to_coach": next(iter(participant.call_sids_to_coach), None),
        "start_conference_on_enter": participant.start_conference_on_enter,
        "end_conference_on_exit": participant.end_conference_on_exit,
        "queue_time": None,
        "date_created": words.date(participant.date_created),
        "date_updated": words.date(participant.date_updated),
        "uri": f"{uri}/Participants/{participant.call_sid}.json",
    }


async def create_participant(request: ApiRequest) -> Response:
    command = add_participant(request.text("conference"), request.form)
    participant = await request.node.add_participant(command)
    # Only the answer to a create tells the time spent in the queue (reference, 2.2).
    queue_time = {"queue_time": words.count(participant.queue_time_ms)}
    return JSONResponse(participant_resource(participant) | queue_time, 201)


async def list_participants(request: ApiRequest) -> Response:
    conference = await live_conference(request)
    conditions = [Where("conference_sid", Is.EQUAL, conference.sid), *LIVE]
    for name in ("Muted", "Hold", "Coaching"):
        if (wanted := request.form.boolean(name)) is not None:
            conditions.append(Where(name.lower(), Is.EQUAL, wanted))
    return await list_answer(request, "participants", ParticipantRecord, participant_resource, *conditions)


async def fetch_participant(request: ApiRequest) -> Response:
    return JSONResponse(participant_resource(await asked_participant(request)))


async def change_participant(request: ApiRequest) -> Response:
    participant = await asked_participant(request)
    command = update_participant(participant.conference_sid, participant.call_sid, request.form)
    return JSONResponse(participant_resource(await request.node.update_participant(command)))


async def delete_participant(request: ApiRequest) -> Response:
    participant = await asked_participant(request)
    await request.node.remove_participant(RemoveParticipant(participant.conference_sid, participant.call_sid))
    return Response(status_code=204)


async def live_conference(request: ApiRequest) -> ConferenceRecord:
    """The conference in the path. One that is over has no participants any more: 20404."""
    conference = await asked_conference(request)
    if conference.status is ConferenceStatus.COMPLETED:
        raise request.missing()
    return conference


async def asked_participant(request: ApiRequest) -> ParticipantRecord:
    """The live participant in the path, by Call SID or label, or 20404."""
    conference = await live_conference(request)
    said = request.text("participant")
    is_call = is_sid(CALL, said)
    who = Where("call_sid", Is.EQUAL, canonical(said)) if is_call else Where("label", Is.EQUAL, said)
    found = await request.node.store.query(
        ParticipantRecord, Where("conference_sid", Is.EQUAL, conference.sid), who, *LIVE
    )
    return request.found(found[-1] if found else None)


OPERATIONS = (
    Operation("GET", f"{ACCOUNT}/Conferences/{{conference}}/Participants/{{participant}}.json", fetch_participant),
    Operation("POST", f"{ACCOUNT}/Conferences/{{conference}}/Participants/{{participant}}.json", change_participant),
    Operation(
        "DELETE", f"{ACCOUNT}/Conferences/{{conference}}/Participants/{{participant}}.json", delete_participant
    ),
    # Greedy, because SDKs do not escape '/': a name with one gets an error that says so instead of a 404.
    Operation("POST", f"{ACCOUNT}/Conferences/{{conference:path}}/Participants.json", create_participant),
    Operation("GET", f"{ACCOUNT}/Conferences/{{conference:path}}/Participants.json", list_participants),
)
