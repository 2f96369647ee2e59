"""Recordings, seen from the account, from a call and from a conference (reference, 8)."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from mixminus.api import dates, words
from mixminus.api.dialling import CALL_BLAME, leg_recording
from mixminus.api.form import Form
from mixminus.api.paging import list_answer
from mixminus.api.request import ApiRequest
from mixminus.api.resources.calls import asked_call
from mixminus.api.resources.conferences import asked_conference
from mixminus.api.routes import ACCOUNT, Operation
from mixminus.api.uris import account_uri, canonical
from mixminus.base import sids
from mixminus.base.errors import Refusal
from mixminus.base.sids import is_sid
from mixminus.base.types import Sid
from mixminus.calls.commands import StartCallRecording, UpdateRecording
from mixminus.calls.records import RecordingRecord, RecordingStatus
from mixminus.store.contract import Is, Where

CURRENT: Final = "Twilio.CURRENT"
"""The one recording that runs."""

STATUSES: Final = ("paused", "in-progress", "stopped")

UNFINISHED: Final = frozenset(
    {RecordingStatus.IN_PROGRESS, RecordingStatus.PAUSED, RecordingStatus.STOPPED, RecordingStatus.PROCESSING}
)

UNDELETED: Final = Where("status", Is.NOT, RecordingStatus.DELETED)

NO_TRACKS: Final = Where("set_sid", Is.EQUAL, None)
"""Tracks of a set are ours alone: Twilio's lists do not have them."""


def recording_resource(recording: RecordingRecord, origin: str) -> dict[str, Any]:
    """As the account sees it."""
    uri = f"{account_uri(recording.account_sid)}/Recordings/{recording.sid}"
    return _common(recording, words.FETCHED_RECORDING_STATUS[recording.status]) | {
        "uri": f"{uri}.json",
        "subresource_uris": {
            "add_on_results": f"{uri}/AddOnResults.json",
            "transcriptions": f"{uri}/Transcriptions.json",
        },
        "media_url": f"{origin}{uri}",
    }


def call_recording_resource(recording: RecordingRecord, status: str | None = None) -> dict[str, Any]:
    """As its call sees it. An update says the detailed *status*."""
    uri = f"{account_uri(recording.account_sid)}/Calls/{recording.call_sid}/Recordings/{recording.sid}.json"
    shown = status or words.FETCHED_RECORDING_STATUS[recording.status]
    return _common(recording, shown) | {"track": recording.track, "uri": uri}


def conference_recording_resource(recording: RecordingRecord, status: str | None = None) -> dict[str, Any]:
    """As its conference sees it. An update says the detailed *status*."""
    uri = f"{account_uri(recording.account_sid)}/Conferences/{recording.conference_sid}/Recordings"
    shown = status or words.FETCHED_RECORDING_STATUS[recording.status]
    return _common(recording, shown) | {"uri": f"{uri}/{recording.sid}.json"}


def _common(recording: RecordingRecord, status: str) -> dict[str, Any]:
    return {
        "sid": recording.sid,
        "account_sid": recording.account_sid,
        "api_version": words.API_VERSION,
        "call_sid": recording.call_sid,
        "conference_sid": recording.conference_sid,
        "date_created": words.date(recording.date_created),
        "date_updated": words.date(recording.date_updated),
        "start_time": words.date(recording.start_time),
        "duration": words.count(recording.duration_s),
        "channels": recording.channels,
        "source": recording.source,
        "status": status,
        "error_code": recording.error_code,
        "price": None,
        "price_unit": words.PRICE_UNIT,
        "encryption_details": None,
    }


async def list_recordings(request: ApiRequest) -> Response:
    form = request.form
    conditions = [NO_TRACKS, *dates.at_times(form, "DateCreated", "date_created")]
    for name, field in (("CallSid", "call_sid"), ("ConferenceSid", "conference_sid")):
        if said := form.word(name):
            conditions.append(Where(field, Is.EQUAL, canonical(said)))
    if not form.truth("IncludeSoftDeleted", default=False):
        conditions.append(UNDELETED)

    def show(recording: RecordingRecord) -> Mapping[str, Any]:
        return recording_resource(recording, request.origin)

    return await list_answer(request, "recordings", RecordingRecord, show, *conditions)


async def fetch_recording(request: ApiRequest) -> Response:
    recording = await asked_recording(request, deleted_too=request.form.truth("IncludeSoftDeleted", default=False))
    return JSONResponse(recording_resource(recording, request.origin))


async def start_call_recording(request: ApiRequest) -> Response:
    call = await asked_call(request)
    # Unlike everywhere else, silence is kept unless asked otherwise (reference, 8.1).
    options = leg_recording(request.form, CALL_BLAME, default_trim="do-not-trim")
    recording = await request.node.start_call_recording(StartCallRecording(call.sid, options))
    return JSONResponse(call_recording_resource(recording, recording.status), 201)


async def list_call_recordings(request: ApiRequest) -> Response:
    call = await asked_call(request)
    conditions = [Where("call_sid", Is.EQUAL, call.sid), UNDELETED, NO_TRACKS]
    conditions += dates.at_times(request.form, "DateCreated", "date_created")
    return await list_answer(request, "recordings", RecordingRecord, call_recording_resource, *conditions)


async def fetch_call_recording(request: ApiRequest) -> Response:
    call = await asked_call(request)
    return JSONResponse(call_recording_resource(await asked_recording(request, call_sid=call.sid)))


async def change_call_recording(request: ApiRequest) -> Response:
    call = await asked_call(request)
    if request.text("recording") != CURRENT:
        await asked_recording(request, call_sid=call.sid)
    recording = await request.node.update_recording(update_recording(request, call_sid=call.sid))
    return JSONResponse(call_recording_resource(recording, recording.status))


async def list_conference_recordings(request: ApiRequest) -> Response:
    conference = await asked_conference(request)
    conditions = [Where("conference_sid", Is.EQUAL, conference.sid), UNDELETED, NO_TRACKS]
    conditions += dates.at_times(request.form, "DateCreated", "date_created")
    return await list_answer(request, "recordings", RecordingRecord, conference_recording_resource, *conditions)


async def fetch_conference_recording(request: ApiRequest) -> Response:
    conference = await asked_conference(request)
    recording = await asked_recording(request, conference_sid=conference.sid)
    return JSONResponse(conference_recording_resource(recording))


async def change_conference_recording(request: ApiRequest) -> Response:
    conference = await asked_conference(request)
    if request.text("recording") != CURRENT:
        await asked_recording(request, conference_sid=conference.sid)
    recording = await request.node.update_recording(update_recording(request, conference_sid=conference.sid))
    return JSONResponse(conference_recording_resource(recording, recording.status))


async def delete_recording(request: ApiRequest) -> Response:
    recording = await asked_recording(
        request, call_sid=_parent(request, "call"), conference_sid=_parent(request, "conference")
    )
    if recording.status in UNFINISHED:  # reference, 8.4
        raise Refusal(20009, 409, f"Recording {recording.sid} cannot be deleted before it is complete")
    await request.node.delete_recording(recording.sid)
    return Response(status_code=204)


async def asked_recording(
    request: ApiRequest,
    *,
    call_sid: Sid | None = None,
    conference_sid: Sid | None = None,
    deleted_too: bool = False,
) -> RecordingRecord:
    """The recording in the path, or 20404 when it is not there or not its parent's."""
    sid = request.sid("recording", sids.RECORDING)
    recording = request.found(await request.node.store.fetch(RecordingRecord, sid))
    strange = (call_sid and recording.call_sid != call_sid) or (
        conference_sid and recording.conference_sid != conference_sid
    )
    if strange or (recording.status is RecordingStatus.DELETED and not deleted_too):
        raise request.missing()
    return recording


def update_recording(
    request: ApiRequest, *, call_sid: Sid | None = None, conference_sid: Sid | None = None
) -> UpdateRecording:
    form: Form = request.form
    status = form.choice("Status", STATUSES)
    if status is None:
        raise form.refusal("Status", f"is required: {', '.join(STATUSES)}")
    said = request.text("recording")
    return UpdateRecording(
        recording=canonical(said) if is_sid(sids.RECORDING, said) else said,
        status=status,
        skip_pause=form.choice("PauseBehavior", ("silence", "skip")) == "skip",
        call_sid=call_sid,
        conference_sid=conference_sid,
    )


def _parent(request: ApiRequest, parameter: str) -> Sid | None:
    said = request.http.path_params.get(parameter)
    return None if said is None else canonical(said)


_CALL = f"{ACCOUNT}/Calls/{{call}}/Recordings"
_CONFERENCE = f"{ACCOUNT}/Conferences/{{conference}}/Recordings"

OPERATIONS = (
    Operation("GET", f"{ACCOUNT}/Recordings.json", list_recordings),
    Operation("GET", f"{ACCOUNT}/Recordings/{{recording}}.json", fetch_recording),
    Operation("DELETE", f"{ACCOUNT}/Recordings/{{recording}}.json", delete_recording),
    Operation("POST", f"{_CALL}.json", start_call_recording),
    Operation("GET", f"{_CALL}.json", list_call_recordings),
    Operation("GET", f"{_CALL}/{{recording}}.json", fetch_call_recording),
    Operation("POST", f"{_CALL}/{{recording}}.json", change_call_recording),
    Operation("DELETE", f"{_CALL}/{{recording}}.json", delete_recording),
    Operation("GET", f"{_CONFERENCE}.json", list_conference_recordings),
    Operation("GET", f"{_CONFERENCE}/{{recording}}.json", fetch_conference_recording),
    Operation("POST", f"{_CONFERENCE}/{{recording}}.json", change_conference_recording),
    Operation("DELETE", f"{_CONFERENCE}/{{recording}}.json", delete_recording),
)
