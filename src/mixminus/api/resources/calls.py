"""`/Calls` (reference, 5)."""

from typing import Any, Final

from starlette.responses import JSONResponse, Response

from mixminus.api import dates, words
from mixminus.api.addresses import phone
from mixminus.api.form import Form
from mixminus.api.paging import list_answer
from mixminus.api.request import ApiRequest
from mixminus.api.resources.call_form import place_call, update_call
from mixminus.api.routes import ACCOUNT, Operation
from mixminus.api.uris import account_uri
from mixminus.base import sids
from mixminus.calls.records import CallRecord, CallStatus
from mixminus.store.contract import Is, Where

SUBRESOURCES: Final = {
    "notifications": "Notifications",
    "recordings": "Recordings",
    "payments": "Payments",
    "events": "Events",
    "siprec": "Siprec",
    "streams": "Streams",
    "transcriptions": "Transcriptions",
    "user_defined_message_subscriptions": "UserDefinedMessageSubscriptions",
    "user_defined_messages": "UserDefinedMessages",
}


def call_resource(call: CallRecord) -> dict[str, Any]:
    uri = f"{account_uri(call.account_sid)}/Calls/{call.sid}"
    return {
        "sid": call.sid,
        "date_created": words.date(call.date_created),
        "date_updated": words.date(call.date_updated),
        "parent_call_sid": call.parent_call_sid,
        "account_sid": call.account_sid,
        "to": call.to,
        "to_formatted": words.formatted(call.to),
        "from": call.from_,
        "from_formatted": words.formatted(call.from_),
        "phone_number_sid": call.phone_number_sid,
        "status": words.CALL_STATUS[call.status],
        "start_time": words.date(call.start_time),
        "end_time": words.date(call.end_time),
        "duration": words.count(call.duration_s),
        "price": words.price(call.price_micros),
        "price_unit": words.PRICE_UNIT,
        "direction": call.direction,
        "answered_by": call.answered_by,
        "api_version": words.API_VERSION,
        "forwarded_from": call.forwarded_from,
        "group_sid": None,
        "caller_name": call.caller_name,
        "queue_time": words.count(call.queue_time_ms),
        "trunk_sid": None,
        "uri": f"{uri}.json",
        "subresource_uris": {name: f"{uri}/{path}.json" for name, path in SUBRESOURCES.items()},
    }


async def create_call(request: ApiRequest) -> Response:
    command = await place_call(request)
    call = await request.node.place_call(command)
    return JSONResponse(call_resource(call), 201)


async def list_calls(request: ApiRequest) -> Response:
    return await list_answer(request, "calls", CallRecord, call_resource, *filters(request.form))


async def fetch_call(request: ApiRequest) -> Response:
    return JSONResponse(call_resource(await asked_call(request)))


async def change_call(request: ApiRequest) -> Response:
    call = await asked_call(request)
    changed = await request.node.update_call(update_call(request.form, call.sid))
    return JSONResponse(call_resource(changed))


async def delete_call(request: ApiRequest) -> Response:
    call = await asked_call(request)
    await request.node.delete_call(call.sid)
    return Response(status_code=204)


async def asked_call(request: ApiRequest) -> CallRecord:
    """The call in the path, or 20404."""
    return request.found(await request.node.store.fetch(CallRecord, request.sid("call", sids.CALL)))


def filters(form: Form) -> list[Where]:
    """Reference 5.4."""
    conditions = [
        Where(field, Is.EQUAL, phone(address) or address)
        for name, field in (("To", "to"), ("From", "from_"))
        if (address := form.word(name))
    ]
    if parent := form.word("ParentCallSid"):
        conditions.append(Where("parent_call_sid", Is.EQUAL, parent))
    if word := form.choice("Status", sorted(set(words.CALL_STATUS.values()))):
        # One of our statuses may hide behind another's word, so those are excluded which do not match.
        others = (status for status in CallStatus if words.CALL_STATUS[status] != word)
        conditions += (Where("status", Is.NOT, status) for status in others)
    conditions += dates.at_times(form, "StartTime", "start_time")
    conditions += dates.at_times(form, "EndTime", "end_time")
    return conditions


OPERATIONS = (
    Operation("POST", f"{ACCOUNT}/Calls.json", create_call),
    Operation("GET", f"{ACCOUNT}/Calls.json", list_calls),
    Operation("GET", f"{ACCOUNT}/Calls/{{call}}.json", fetch_call),
    Operation("POST", f"{ACCOUNT}/Calls/{{call}}.json", change_call),
    Operation("DELETE", f"{ACCOUNT}/Calls/{{call}}.json", delete_call),
)
