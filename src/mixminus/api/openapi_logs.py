"""The part of the OpenAPI document that is about events, webhooks and alerts: see `openapi`."""

from typing import Any, Final

from mixminus.api.request import EXTRAS

_TEXT: Final = {"type": "string"}
_TEXT_OR_NULL: Final = {"type": ["string", "null"]}
_COUNT: Final = {"type": "integer"}
_COUNT_OR_NULL: Final = {"type": ["integer", "null"]}
_FLAG: Final = {"type": "boolean"}
_MOMENT: Final = {"type": "string", "format": "date-time"}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list_of(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


_ATTEMPT: Final = _object(
    url=_TEXT,
    began_ms=_COUNT,
    took_ms=_COUNT,
    status=_COUNT_OR_NULL,
    error_code=_COUNT_OR_NULL,
    error=_TEXT_OR_NULL,
)
WEBHOOK: Final = _object(
    sid=_TEXT,
    date_created=_MOMENT,
    purpose={"type": "string", "enum": ["callback", "twiml", "guard"]},
    call_sid=_TEXT_OR_NULL,
    conference_sid=_TEXT_OR_NULL,
    url=_TEXT,
    method=_TEXT,
    parameters=_list_of(_object(name=_TEXT, value=_TEXT)),
    status={"type": "string", "enum": ["delivered", "failed", "abandoned"]},
    error_code=_COUNT_OR_NULL,
    error=_TEXT_OR_NULL,
    attempts=_list_of(_ATTEMPT),
    content_type=_TEXT_OR_NULL,
    response_body=_TEXT,
    replay_of=_TEXT_OR_NULL,
)
ALERT: Final = _object(
    sid=_TEXT,
    date_created=_MOMENT,
    level={"type": "string", "enum": ["error", "warning"]},
    code=_COUNT,
    message=_TEXT,
    more_info=_TEXT,
    call_sid=_TEXT_OR_NULL,
    conference_sid=_TEXT_OR_NULL,
    webhook_sid=_TEXT_OR_NULL,
    request_url=_TEXT_OR_NULL,
    request_method=_TEXT_OR_NULL,
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
        "CallSid": _TEXT,
        "ConferenceSid": _TEXT,
        **filters,
        "DateCreated": _TEXT,
        "DateCreated<": _TEXT,
        "DateCreated>": _TEXT,
        "PageSize": _COUNT,
        "PageToken": _TEXT,
    }
    page = _object(**{key: _list_of(item)}, next_page_uri=_TEXT_OR_NULL)
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
            "parameters": [_parameter(name, "path", _TEXT)],
            "responses": {"200": _answer("It", item), **_REFUSALS},
        }
    }


PATHS: Final[dict[str, Any]] = {
    f"{EXTRAS}/Events": {
        "get": {
            "summary": "Everything that happens in the account, in order, as server-sent events; it does not end",
            "parameters": [
                _parameter("After", "query", _COUNT),
                _parameter("Type", "query", _TEXT),
                _parameter("CallSid", "query", _TEXT),
                _parameter("ConferenceSid", "query", _TEXT),
                _parameter("Last-Event-ID", "header", _TEXT),
            ],
            "responses": {"200": _answer("What happens from now on", _TEXT, "text/event-stream"), **_REFUSALS},
        }
    },
    f"{EXTRAS}/Webhooks": _listed(
        "Webhooks that were sent, TwiML documents that were asked for among them",
        "webhooks",
        WEBHOOK,
        Purpose={"type": "string", "enum": ["callback", "twiml", "guard"]},
        Failed=_FLAG,
    ),
    f"{EXTRAS}/Webhooks/{{webhook}}": _fetched("A webhook and its attempts", "webhook", WEBHOOK),
    f"{EXTRAS}/Webhooks/{{webhook}}/Replay": {
        "post": {
            "summary": "Send it again, where it went or to another URL",
            "parameters": [_parameter("webhook", "path", _TEXT)],
            "requestBody": {
                "content": {
                    "application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": {"Url": _TEXT}}}
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
        Code=_COUNT,
    ),
    f"{EXTRAS}/Alerts/{{alert}}": _fetched("One of them, with the webhook that it is about", "alert", ALERT),
}
