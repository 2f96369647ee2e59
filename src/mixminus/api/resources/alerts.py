"""The debugger: `/mixminus/v1/Alerts`, and the same in Twilio's shape as `/Notifications`."""

from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import JSONResponse, Response

from mixminus.api import dates, words
from mixminus.api.form import Form
from mixminus.api.paging import list_answer
from mixminus.api.request import EXTRAS, ApiRequest
from mixminus.api.resources.calls import asked_call
from mixminus.api.resources.history import iso
from mixminus.api.resources.webhooks import webhook_resource
from mixminus.api.routes import ACCOUNT, Operation
from mixminus.api.uris import account_uri
from mixminus.app.eventlog.alert_log import ERROR, WARNING
from mixminus.base import sids
from mixminus.base.errors import Refusal
from mixminus.base.types import Sid
from mixminus.calls.records import AlertRecord, WebhookRecord
from mixminus.store.contract import Is, Where

HERE: Final = f"{EXTRAS}/Alerts"

LOG: Final = {ERROR: "0", WARNING: "1"}
"""Twilio's numbers."""


def alert_resource(alert: AlertRecord) -> dict[str, Any]:
    return {
        "sid": alert.sid,
        "date_created": iso(alert.date_created),
        "level": alert.level,
        "code": alert.code,
        "message": alert.message,
        "more_info": _more_info(alert),
        "call_sid": alert.call_sid,
        "conference_sid": alert.conference_sid,
        "webhook_sid": alert.webhook_sid,
        "request_url": alert.request_url,
        "request_method": alert.request_method,
    }


def notification_resource(account_sid: Sid, alert: AlertRecord) -> dict[str, Any]:
    """As lists show it: without what was asked and answered."""
    of_call = f"/Calls/{alert.call_sid}" if alert.call_sid else ""
    return {
        "sid": alert.sid,
        "account_sid": account_sid,
        "call_sid": alert.call_sid,
        "api_version": words.API_VERSION,
        "log": LOG[alert.level],
        "error_code": str(alert.code),
        "message_text": alert.message,
        "more_info": _more_info(alert),
        "message_date": words.date(alert.date_created),
        "date_created": words.date(alert.date_created),
        "date_updated": words.date(alert.date_created),
        "request_url": alert.request_url,
        "request_method": alert.request_method,
        "uri": f"{account_uri(account_sid)}{of_call}/Notifications/{alert.sid}.json",
    }


def exchange_resource(webhook: WebhookRecord | None) -> dict[str, Any]:
    """What was asked and answered; empty when there was nothing, or it is not kept any more."""
    kind = webhook.content_type if webhook is not None else None
    return {
        "request_variables": urlencode(webhook.parameters) if webhook is not None else "",
        "response_headers": f"Content-Type: {kind}" if kind else "",
        "response_body": webhook.response_body if webhook is not None else "",
    }


def _more_info(alert: AlertRecord) -> str:
    return Refusal(alert.code, 400, alert.message).more_info


def filters(form: Form) -> list[Where]:
    named = (("CallSid", "call_sid"), ("ConferenceSid", "conference_sid"))
    conditions = [Where(field, Is.EQUAL, sid) for name, field in named if (sid := form.word(name))]
    if level := form.choice("Level", tuple(LOG)):
        conditions.append(Where("level", Is.EQUAL, level))
    if (code := form.integer("Code", 0, 99_999)) is not None:
        conditions.append(Where("code", Is.EQUAL, code))
    return conditions + dates.at_times(form, "DateCreated", "date_created")


def notification_filters(form: Form) -> list[Where]:
    conditions = []
    if (number := form.choice("Log", tuple(LOG.values()))) is not None:
        conditions.append(Where("level", Is.EQUAL, next(level for level, each in LOG.items() if each == number)))
    return conditions + dates.at_times(form, "MessageDate", "date_created")


async def list_alerts(request: ApiRequest) -> Response:
    return await list_answer(request, "alerts", AlertRecord, alert_resource, *filters(request.form))


async def fetch_alert(request: ApiRequest) -> Response:
    """With the webhook or document that it is about, as far as that is kept."""
    alert = await asked_alert(request, "alert")
    webhook = await _webhook_of(request, alert)
    return JSONResponse(alert_resource(alert) | {"webhook": webhook and webhook_resource(webhook)})


async def list_notifications(request: ApiRequest) -> Response:
    return await _notifications(request)


async def list_call_notifications(request: ApiRequest) -> Response:
    return await _notifications(request, Where("call_sid", Is.EQUAL, (await asked_call(request)).sid))


async def _notifications(request: ApiRequest, *conditions: Where) -> Response:
    def show(alert: AlertRecord) -> dict[str, Any]:
        return notification_resource(request.node.account_sid, alert)

    wanted = (*conditions, *notification_filters(request.form))
    return await list_answer(request, "notifications", AlertRecord, show, *wanted)


async def fetch_notification(request: ApiRequest) -> Response:
    alert = await asked_alert(request, "notification")
    if "call" in request.http.path_params and alert.call_sid != (await asked_call(request)).sid:
        raise request.missing()
    exchange = exchange_resource(await _webhook_of(request, alert))
    return JSONResponse(notification_resource(request.node.account_sid, alert) | exchange)


async def _webhook_of(request: ApiRequest, alert: AlertRecord) -> WebhookRecord | None:
    return await request.node.store.fetch(WebhookRecord, alert.webhook_sid) if alert.webhook_sid else None


async def asked_alert(request: ApiRequest, parameter: str) -> AlertRecord:
    """The alert in the path, or 20404."""
    return request.found(await request.node.store.fetch(AlertRecord, request.sid(parameter, sids.ALERT)))


OPERATIONS = (
    Operation("GET", HERE, list_alerts),
    Operation("GET", f"{HERE}/{{alert}}", fetch_alert),
    Operation("GET", f"{ACCOUNT}/Notifications.json", list_notifications),
    Operation("GET", f"{ACCOUNT}/Notifications/{{notification}}.json", fetch_notification),
    Operation("GET", f"{ACCOUNT}/Calls/{{call}}/Notifications.json", list_call_notifications),
    Operation("GET", f"{ACCOUNT}/Calls/{{call}}/Notifications/{{notification}}.json", fetch_notification),
)
