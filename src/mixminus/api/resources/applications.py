"""`/Applications`: TwiML applications (reference, 7.4)."""

from dataclasses import replace
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from mixminus.api import words
from mixminus.api.form import Form
from mixminus.api.paging import list_answer
from mixminus.api.request import ApiRequest
from mixminus.api.resources.instructions import message_instructions, voice_instructions
from mixminus.api.routes import ACCOUNT, Operation
from mixminus.api.uris import account_uri
from mixminus.base import sids
from mixminus.calls.records import ApplicationRecord
from mixminus.store.contract import Is, Where

MOST_NAME_CHARACTERS: Final = 64


def application_resource(application: ApplicationRecord) -> dict[str, Any]:
    voice, messages = application.voice, application.messages
    return {
        "sid": application.sid,
        "account_sid": application.account_sid,
        "api_version": words.API_VERSION,
        "date_created": words.date(application.date_created),
        "date_updated": words.date(application.date_updated),
        "friendly_name": application.friendly_name,
        "voice_url": voice.voice_url,
        "voice_method": voice.voice_method,
        "voice_fallback_url": voice.voice_fallback_url,
        "voice_fallback_method": voice.voice_fallback_method,
        "voice_caller_id_lookup": voice.voice_caller_id_lookup,
        "status_callback": voice.status_callback,
        "status_callback_method": voice.status_callback_method,
        "sms_url": messages.sms_url,
        "sms_method": messages.sms_method,
        "sms_fallback_url": messages.sms_fallback_url,
        "sms_fallback_method": messages.sms_fallback_method,
        "sms_status_callback": messages.sms_status_callback,
        "message_status_callback": messages.message_status_callback,
        "public_application_connect_enabled": application.public_application_connect_enabled,
        "uri": f"{account_uri(application.account_sid)}/Applications/{application.sid}.json",
    }


def changed(application: ApplicationRecord, form: Form) -> ApplicationRecord:
    """The application with what a form says about it. Raises 20002, 21402, 21403 and 20422."""
    name = form.word("FriendlyName", most=MOST_NAME_CHARACTERS, code=20002)
    public = form.boolean("PublicApplicationConnectEnabled")
    return replace(
        application,
        friendly_name=name or application.friendly_name,
        voice=voice_instructions(form, application.voice),
        messages=message_instructions(form, application.messages),
        public_application_connect_enabled=(
            application.public_application_connect_enabled if public is None else public
        ),
    )


async def create_application(request: ApiRequest) -> Response:
    now, sid = request.node.clock.utc(), request.node.sids.new(sids.APPLICATION)
    blank = ApplicationRecord(sid, request.node.account_sid, friendly_name=sid, date_created=now, date_updated=now)
    application = changed(blank, request.form)
    await request.node.store.save(application)
    return JSONResponse(application_resource(application), 201)


async def list_applications(request: ApiRequest) -> Response:
    name = request.form.word("FriendlyName")
    conditions = [Where("friendly_name", Is.EQUAL, name)] if name else []
    return await list_answer(request, "applications", ApplicationRecord, application_resource, *conditions)


async def fetch_application(request: ApiRequest) -> Response:
    return JSONResponse(application_resource(await asked_application(request)))


async def change_application(request: ApiRequest) -> Response:
    application = changed(await asked_application(request), request.form)
    application = replace(application, date_updated=request.node.clock.utc())
    await request.node.store.save(application)
    return JSONResponse(application_resource(application))


async def delete_application(request: ApiRequest) -> Response:
    application = await asked_application(request)
    await request.node.store.delete(ApplicationRecord, application.sid)
    return Response(status_code=204)


async def asked_application(request: ApiRequest) -> ApplicationRecord:
    """The application in the path, or 20404."""
    return request.found(
        await request.node.store.fetch(ApplicationRecord, request.sid("application", sids.APPLICATION))
    )


OPERATIONS = (
    Operation("POST", f"{ACCOUNT}/Applications.json", create_application),
    Operation("GET", f"{ACCOUNT}/Applications.json", list_applications),
    Operation("GET", f"{ACCOUNT}/Applications/{{application}}.json", fetch_application),
    Operation("POST", f"{ACCOUNT}/Applications/{{application}}.json", change_application),
    Operation("DELETE", f"{ACCOUNT}/Applications/{{application}}.json", delete_application),
)
