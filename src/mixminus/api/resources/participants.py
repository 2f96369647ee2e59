"""`/Conferences/{Sid}/Participants` (reference, 2): whoever is in a conference now, or being called into it."""

from typing import Any, Final

from starlette.responses import JSONResponse, Response

from mixminus.api import words
from mixminus.api.auth import Who
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
    command = add_participant(await named_conference(request), request.form, request.asker.sid)
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
    command = update_participant(participant.conference_sid, participant.call_sid, request.form, request.asker.sid)
    return JSONResponse(participant_resource(await request.node.update_participant(command)))


async def delete_participant(request: ApiRequest) -> Response:
    participant = await asked_participant(request)
    command = RemoveParticipant(participant.conference_sid, participant.call_sid, request.asker.sid)
    await request.node.remove_participant(command)
    return Response(status_code=204)


async def named_conference(request: ApiRequest) -> str:
    """The conference in the path, as it was named. For a moderator there is its own and no other: 20404."""
    named, own = request.text("conference"), request.asker.moderates
    if own is None:
        return named
    conference = request.found(await request.node.store.fetch(ConferenceRecord, own))
    if named != conference.friendly_name and canonical(named) != own:
        raise request.missing()
    return own


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


PARTICIPANT = f"{ACCOUNT}/Conferences/{{conference}}/Participants/{{participant}}.json"
PARTICIPANTS = f"{ACCOUNT}/Conferences/{{conference:path}}/Participants.json"

OPERATIONS = (
    Operation("GET", PARTICIPANT, fetch_participant, Who.MODERATORS),
    Operation("POST", PARTICIPANT, change_participant, Who.MODERATORS),
    Operation("DELETE", PARTICIPANT, delete_participant, Who.MODERATORS),
    # Greedy, because SDKs do not escape '/': a name with one gets an error that says so instead of a 404.
    Operation("POST", PARTICIPANTS, create_participant, Who.MODERATORS),
    Operation("GET", PARTICIPANTS, list_participants, Who.MODERATORS),
)
