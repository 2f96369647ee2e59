"""`/mixminus/v1/Webhooks`: every webhook that was sent, to be read and to be sent again; a call's `/Events`."""

from typing import Any

from starlette.responses import JSONResponse, Response

from mixminus.api import dates, words
from mixminus.api.form import Form
from mixminus.api.paging import list_answer
from mixminus.api.request import EXTRAS, ApiRequest
from mixminus.api.resources.calls import asked_call
from mixminus.api.resources.history import iso
from mixminus.api.routes import ACCOUNT, Operation
from mixminus.app.eventlog.webhook_log import PURPOSES
from mixminus.base import sids
from mixminus.calls.records import WebhookAttempt, WebhookRecord
from mixminus.store.contract import Is, Where

HERE = f"{EXTRAS}/Webhooks"


def webhook_resource(webhook: WebhookRecord) -> dict[str, Any]:
    return {
        "sid": webhook.sid,
        "date_created": iso(webhook.date_created),
        "purpose": webhook.purpose,
        "call_sid": webhook.call_sid,
        "conference_sid": webhook.conference_sid,
        "url": webhook.url,
        "method": webhook.method,
        "parameters": [{"name": name, "value": value} for name, value in webhook.parameters],
        "status": _status(webhook),
        "error_code": webhook.error_code,
        "error": webhook.error,
        "attempts": [_attempt(attempt) for attempt in webhook.attempts],
        "content_type": webhook.content_type,
        "response_body": webhook.response_body,
        "replay_of": webhook.replay_of,
    }


def _status(webhook: WebhookRecord) -> str:
    if webhook.error_code is not None:
        return "failed"
    return "delivered" if webhook.attempts and webhook.attempts[-1].status is not None else "abandoned"


def _attempt(attempt: WebhookAttempt) -> dict[str, Any]:
    return {
        "url": attempt.url,
        "began_ms": attempt.began_ms,
        "took_ms": attempt.took_ms,
        "status": attempt.status,
        "error_code": attempt.error_code,
        "error": attempt.error,
    }


def call_event(webhook: WebhookRecord) -> dict[str, Any]:
    """A webhook in the shape of Twilio's Call Events."""
    last = webhook.attempts[-1] if webhook.attempts else None
    return {
        "request": {
            "url": webhook.url,
            "method": webhook.method,
            "parameters": dict(webhook.parameters),
        },
        "response": {
            "response_code": last.status if last is not None else None,
            "request_duration": last.took_ms if last is not None else None,
            "content_type": webhook.content_type,
            "response_body": webhook.response_body,
            "date_created": words.date(webhook.date_created),
        },
    }


def filters(form: Form) -> list[Where]:
    named = (("CallSid", "call_sid"), ("ConferenceSid", "conference_sid"))
    conditions = [Where(field, Is.EQUAL, sid) for name, field in named if (sid := form.word(name))]
    if purpose := form.choice("Purpose", PURPOSES):
        conditions.append(Where("purpose", Is.EQUAL, purpose))
    if (failed := form.boolean("Failed")) is not None:
        conditions.append(Where("error_code", Is.NOT if failed else Is.EQUAL, None))
    return conditions + dates.at_times(form, "DateCreated", "date_created")


async def list_webhooks(request: ApiRequest) -> Response:
    return await list_answer(request, "webhooks", WebhookRecord, webhook_resource, *filters(request.form))


async def fetch_webhook(request: ApiRequest) -> Response:
    return JSONResponse(webhook_resource(await asked_webhook(request)))


async def replay_webhook(request: ApiRequest) -> Response:
    """Answers when it arrived or failed: at most 15 seconds."""
    webhook = await asked_webhook(request)
    again = await request.node.logs.webhooks.replay(webhook, request.form.url("Url"))
    return JSONResponse(webhook_resource(again), 201)


async def list_call_events(request: ApiRequest) -> Response:
    call = await asked_call(request)
    return await list_answer(request, "events", WebhookRecord, call_event, Where("call_sid", Is.EQUAL, call.sid))


async def asked_webhook(request: ApiRequest) -> WebhookRecord:
    """The webhook in the path, or 20404."""
    return request.found(await request.node.store.fetch(WebhookRecord, request.sid("webhook", sids.WEBHOOK)))


OPERATIONS = (
    Operation("GET", HERE, list_webhooks),
    Operation("GET", f"{HERE}/{{webhook}}", fetch_webhook),
    Operation("POST", f"{HERE}/{{webhook}}/Replay", replay_webhook),
    Operation("GET", f"{ACCOUNT}/Calls/{{call}}/Events.json", list_call_events),
)
