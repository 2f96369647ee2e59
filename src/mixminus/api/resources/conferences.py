"""`/Conferences` (reference, 1). They are not created: somebody joins, or is added by name."""

from typing import Any

from starlette.responses import JSONResponse, Response

from mixminus.api import dates, words
from mixminus.api.auth import Who
from mixminus.api.form import Form
from mixminus.api.paging import list_answer
from mixminus.api.request import ApiRequest
from mixminus.api.routes import ACCOUNT, Operation
from mixminus.api.uris import account_uri
from mixminus.base import sids
from mixminus.calls.commands import UpdateConference
from mixminus.calls.options import AudioDocument, FloorPolicy, Webhook
from mixminus.calls.records import ConferenceRecord, ConferenceStatus
from mixminus.store.contract import Is, Where


def conference_uri(conference: ConferenceRecord) -> str:
    return f"{account_uri(conference.account_sid)}/Conferences/{conference.sid}"


def conference_resource(conference: ConferenceRecord) -> dict[str, Any]:
    uri = conference_uri(conference)
    return {
        "sid": conference.sid,
        "account_sid": conference.account_sid,
        "friendly_name": conference.friendly_name,
        "status": conference.status,
        "region": conference.region,
        "reason_conference_ended": conference.reason_conference_ended,
        "call_sid_ending_conference": conference.call_sid_ending_conference,
        "api_version": words.API_VERSION,
        "date_created": words.date(conference.date_created),
        "date_updated": words.date(conference.date_updated),
        "uri": f"{uri}.json",
        "subresource_uris": {"participants": f"{uri}/Participants.json", "recordings": f"{uri}/Recordings.json"},
    }


async def list_conferences(request: ApiRequest) -> Response:
    return await list_answer(request, "conferences", ConferenceRecord, conference_resource, *filters(request.form))


async def fetch_conference(request: ApiRequest) -> Response:
    return JSONResponse(conference_resource(await asked_conference(request)))


async def change_conference(request: ApiRequest) -> Response:
    conference = await asked_conference(request)
    form = request.form.blaming(16002)
    floor = form.choice("FloorControl", [policy.value for policy in FloorPolicy])
    command = UpdateConference(
        conference.sid,
        completed=form.choice("Status", (ConferenceStatus.COMPLETED.value,)) is not None,
        announce=announcement(form),
        floor=None if floor is None else FloorPolicy(floor),
    )
    return JSONResponse(conference_resource(await request.node.update_conference(command)))


async def asked_conference(request: ApiRequest) -> ConferenceRecord:
    """The conference in the path, or 20404; to a moderator all others but its own do not exist."""
    sid = request.sid("conference", sids.CONFERENCE)
    if request.asker.moderates not in (None, sid):
        raise request.missing()
    return request.found(await request.node.store.fetch(ConferenceRecord, sid))


def announcement(form: Form) -> Webhook | None:
    """`AnnounceUrl` and `AnnounceMethod`; None when there is nothing to announce."""
    sound = form.sound("AnnounceUrl", "AnnounceMethod")
    return Webhook(sound.url, sound.method) if isinstance(sound, AudioDocument) else None


def filters(form: Form) -> list[Where]:
    """Reference 1.4."""
    conditions = []
    if name := form.word("FriendlyName"):
        conditions.append(Where("friendly_name", Is.EQUAL, name))
    if status := form.choice("Status", [status.value for status in ConferenceStatus]):
        conditions.append(Where("status", Is.EQUAL, status))
    conditions += dates.on_days(form, "DateCreated", "date_created")
    conditions += dates.on_days(form, "DateUpdated", "date_updated")
    return conditions


OPERATIONS = (
    Operation("GET", f"{ACCOUNT}/Conferences.json", list_conferences),
    Operation("GET", f"{ACCOUNT}/Conferences/{{conference}}.json", fetch_conference, Who.MODERATORS),
    Operation("POST", f"{ACCOUNT}/Conferences/{{conference}}.json", change_conference),
)
