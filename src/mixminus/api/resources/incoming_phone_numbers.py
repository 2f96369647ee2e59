"""`/IncomingPhoneNumbers`: the numbers that may be called. They are not bought: whoever names one has it."""

import re
from dataclasses import replace
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from mixminus.api import words
from mixminus.api.form import Form
from mixminus.api.paging import list_answer
from mixminus.api.request import ApiRequest
from mixminus.api.resources.call_form import known_application
from mixminus.api.resources.instructions import message_instructions, voice_instructions
from mixminus.api.routes import ACCOUNT, Operation
from mixminus.api.uris import account_uri
from mixminus.base import sids
from mixminus.base.errors import Refusal
from mixminus.calls.records import NumberRecord
from mixminus.store.contract import Is, Where

MOST_NAME_CHARACTERS: Final = 64

# The user part of an INVITE's request-URI: not only telephone numbers (CONTRACT, "Numbers and addresses").
_CALLABLE = re.compile(r"[^\s\x00-\x1f\x7f<>\"@/]{1,64}")


def number_resource(number: NumberRecord) -> dict[str, Any]:
    voice, messages = number.voice, number.messages
    return {
        "sid": number.sid,
        "account_sid": number.account_sid,
        "phone_number": number.phone_number,
        "friendly_name": number.friendly_name,
        "date_created": words.date(number.date_created),
        "date_updated": words.date(number.date_updated),
        "voice_url": voice.voice_url,
        "voice_method": voice.voice_method,
        "voice_fallback_url": voice.voice_fallback_url,
        "voice_fallback_method": voice.voice_fallback_method,
        "voice_caller_id_lookup": voice.voice_caller_id_lookup,
        "voice_application_sid": number.voice_application_sid,
        "status_callback": voice.status_callback,
        "status_callback_method": voice.status_callback_method,
        "sms_url": messages.sms_url,
        "sms_method": messages.sms_method,
        "sms_fallback_url": messages.sms_fallback_url,
        "sms_fallback_method": messages.sms_fallback_method,
        "sms_application_sid": number.sms_application_sid,
        "uri": f"{account_uri(number.account_sid)}/IncomingPhoneNumbers/{number.sid}.json",
    } | CARRIER_FACTS


CARRIER_FACTS: Final = {
    "address_requirements": "none",
    "address_sid": None,
    "api_version": words.API_VERSION,
    "beta": False,
    "bundle_sid": None,
    "capabilities": {"voice": True, "sms": False, "mms": False, "fax": False},
    "emergency_address_sid": None,
    "emergency_address_status": "unregistered",
    "emergency_status": "Inactive",
    "identity_sid": None,
    "origin": "hosted",
    "status": "in-use",
    "trunk_sid": None,
    "type": "local",
    "voice_receive_mode": "voice",
}
"""What a carrier would know, the same for every number."""


async def changed(number: NumberRecord, request: ApiRequest) -> NumberRecord:
    """The number with what a form says about it. Raises 20002, 21218, 21402, 21403 and 20422."""
    form = request.form
    changes: dict[str, Any] = {}
    for name, field in (
        ("VoiceApplicationSid", "voice_application_sid"),
        ("SmsApplicationSid", "sms_application_sid"),
    ):
        if name in form:
            changes[field] = await known_application(request, name, 21218)
    return replace(
        number,
        friendly_name=form.word("FriendlyName", most=MOST_NAME_CHARACTERS, code=20002) or number.friendly_name,
        voice=voice_instructions(form, number.voice),
        messages=message_instructions(form, number.messages),
        **changes,
    )


async def create_number(request: ApiRequest) -> Response:
    now, sid = request.node.clock.utc(), request.node.sids.new(sids.PHONE_NUMBER)
    phone_number = await free_number(request)
    blank = NumberRecord(sid, request.node.account_sid, phone_number, words.formatted(phone_number), now, now)
    number = await changed(blank, request)
    await request.node.store.save(number)
    return JSONResponse(number_resource(number), 201)


async def list_numbers(request: ApiRequest) -> Response:
    return await list_answer(request, "incoming_phone_numbers", NumberRecord, number_resource, *filters(request.form))


async def fetch_number(request: ApiRequest) -> Response:
    return JSONResponse(number_resource(await asked_number(request)))


async def change_number(request: ApiRequest) -> Response:
    number = await changed(await asked_number(request), request)
    number = replace(number, date_updated=request.node.clock.utc())
    await request.node.store.save(number)
    return JSONResponse(number_resource(number))


async def delete_number(request: ApiRequest) -> Response:
    number = await asked_number(request)
    await request.node.store.delete(NumberRecord, number.sid)
    return Response(status_code=204)


async def asked_number(request: ApiRequest) -> NumberRecord:
    """The number in the path, or 20404."""
    return request.found(await request.node.store.fetch(NumberRecord, request.sid("number", sids.PHONE_NUMBER)))


async def free_number(request: ApiRequest) -> str:
    """The `PhoneNumber` asked for. Raises 21452, 21421, and 21422 when it is there already."""
    said = request.form.word("PhoneNumber")
    if said is None:
        raise Refusal(21452, 400, "Name the PhoneNumber: this server makes the numbers you name, it has none to pick")
    number = written(said)
    if not _CALLABLE.fullmatch(number):
        raise request.form.refusal("PhoneNumber", "must be a number or a SIP user without blanks", 21421)
    if await request.node.store.query(NumberRecord, Where("phone_number", Is.EQUAL, number)):
        raise Refusal(21422, 400, f"PhoneNumber {number} is not available: it exists already")
    return number


def written(phone_number: str) -> str:
    """A number as it is kept: E.164 where it parses as such, else as it was said."""
    said = "+" + phone_number[1:] if phone_number.startswith(" ") else phone_number
    return words.e164(said) or said


def filters(form: Form) -> list[Where]:
    conditions = []
    if number := form.word("PhoneNumber"):
        conditions.append(Where("phone_number", Is.EQUAL, written(number)))
    if name := form.word("FriendlyName"):
        conditions.append(Where("friendly_name", Is.EQUAL, name))
    return conditions


OPERATIONS = (
    Operation("POST", f"{ACCOUNT}/IncomingPhoneNumbers.json", create_number),
    Operation("GET", f"{ACCOUNT}/IncomingPhoneNumbers.json", list_numbers),
    # Every number counts as local.
    Operation("POST", f"{ACCOUNT}/IncomingPhoneNumbers/Local.json", create_number),
    Operation("GET", f"{ACCOUNT}/IncomingPhoneNumbers/Local.json", list_numbers),
    Operation("GET", f"{ACCOUNT}/IncomingPhoneNumbers/{{number}}.json", fetch_number),
    Operation("POST", f"{ACCOUNT}/IncomingPhoneNumbers/{{number}}.json", change_number),
    Operation("DELETE", f"{ACCOUNT}/IncomingPhoneNumbers/{{number}}.json", delete_number),
)
