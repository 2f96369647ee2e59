"""The part of the OpenAPI document that is about events, webhooks and alerts: see `openapi`."""

from typing import Any, Final

from mixminus.api.request import EXTRAS
from mixminus.api.schemas import COUNT, COUNT_OR_NULL, FLAG, MOMENT, TEXT, TEXT_OR_NULL, list_of, whole

_ATTEMPT: Final = whole(
    url=TEXT,
    began_ms=COUNT,
    took_ms=COUNT,
    status=COUNT_OR_NULL,
    error_code=COUNT_OR_NULL,
    error=TEXT_OR_NULL,
)
WEBHOOK: Final = whole(
    sid=TEXT,
    date_created=MOMENT,
    purpose={"type": "string", "enum": ["callback", "twiml", "guard"]},
    call_sid=TEXT_OR_NULL,
    conference_sid=TEXT_OR_NULL,
    url=TEXT,
    method=TEXT,
    parameters=list_of(whole(name=TEXT, value=TEXT)),
    status={"type": "string", "enum": ["delivered", "failed", "abandoned"]},
    error_code=COUNT_OR_NULL,
    error=TEXT_OR_NULL,
    attempts=list_of(_ATTEMPT),
    content_type=TEXT_OR_NULL,
    response_body=TEXT,
    replay_of=TEXT_OR_NULL,
)
ALERT: Final = whole(
    sid=TEXT,
    date_created=MOMENT,
    level={"type": "string", "enum": ["error", "warning"]},
    code=COUNT,
    message=TEXT,
    more_info=TEXT,
    call_sid=TEXT_OR_NULL,
    conference_sid=TEXT_OR_NULL,
    webhook_sid=TEXT_OR_NULL,
    request_url=TEXT_OR_NULL,
    request_method=TEXT_OR_NULL,
)


def _answer(description: str, schema: dict[str, Any], kind: str = "application/json") -> dict[str, Any]:
    return {"description": description, "content": {kind: {"schema": schema}}}


_REFUSALS: Final = {
    "400": {"description": "20422 or 21481: a parameter is wrong"},
    "401": {"description": "20003: the credentials are wrong"},
    "404": {"description": "20404: it is not there, or not kept any more"},
}


def _parameter(name: str, place: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": schema}


def _listed(summary: str, key: str, item: dict[str, Any], **filters: dict[str, Any]) -> dict[str, Any]:
    wanted = {
        "CallSid": TEXT,
        "ConferenceSid": TEXT,
        **filters,
        "DateCreated": TEXT,
        "DateCreated<": TEXT,
        "DateCreated>": TEXT,
        "PageSize": COUNT,
        "PageToken": TEXT,
    }
    page = whole(**{key: list_of(item)}, next_page_uri=TEXT_OR_NULL)
    parameters = [_parameter(name, "query", schema) for name, schema in wanted.items()]
    return {
        "get": {
            "summary": summary,
            "parameters": parameters,
            "responses": {"200": _answer("A page of them, newest first", page), **_REFUSALS},
        }
    }


def _fetched(summary: str, name: str, item: dict[str, Any]) -> dict[str, Any]:
    return {
        "get": {
            "summary": summary,
            "parameters": [_parameter(name, "path", TEXT)],
            "responses": {"200": _answer("It", item), **_REFUSALS},
        }
    }


PATHS: Final[dict[str, Any]] = {
    f"{EXTRAS}/Events": {
        "get": {
            "summary": "Everything that happens in the account, in order, as server-sent events; it does not end",
            "parameters": [
                _parameter("After", "query", COUNT),
                _parameter("Type", "query", TEXT),
                _parameter("CallSid", "query", TEXT),
                _parameter("ConferenceSid", "query", TEXT),
                _parameter("Last-Event-ID", "header", TEXT),
            ],
            "responses": {"200": _answer("What happens from now on", TEXT, "text/event-stream"), **_REFUSALS},
        }
    },
    f"{EXTRAS}/Webhooks": _listed(
        "Webhooks that were sent, TwiML documents that were asked for among them",
        "webhooks",
        WEBHOOK,
        Purpose={"type": "string", "enum": ["callback", "twiml", "guard"]},
        Failed=FLAG,
    ),
    f"{EXTRAS}/Webhooks/{{webhook}}": _fetched("A webhook and its attempts", "webhook", WEBHOOK),
    f"{EXTRAS}/Webhooks/{{webhook}}/Replay": {
        "post": {
            "summary": "Send it again, where it went or to another URL",
            "parameters": [_parameter("webhook", "path", TEXT)],
            "requestBody": {
                "content": {
                    "application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": {"Url": TEXT}}}
                }
            },
            "responses": {"201": _answer("How that went, delivered or failed", WEBHOOK), **_REFUSALS},
        }
    },
    f"{EXTRAS}/Alerts": _listed(
        "Warnings and errors, with Twilio's codes",
        "alerts",
        ALERT,
        Level={"type": "string", "enum": ["error", "warning"]},
        Code=COUNT,
    ),
    f"{EXTRAS}/Alerts/{{alert}}": _fetched("One of them, with the webhook that it is about", "alert", ALERT),
}
