"""The part of the OpenAPI document that is about agents and their places: see `openapi`."""

from typing import Any, Final

from mixminus.api.request import EXTRAS

_TEXT: Final = {"type": "string"}
_FLAG: Final = {"type": "boolean"}

STREAM: Final = {
    "type": "object",
    "properties": {
        "sid": _TEXT,
        "name": _TEXT,
        "call_sid": _TEXT,
        "first_call_sid": _TEXT,
        "conference_sid": {"type": ["string", "null"]},
        "uri": _TEXT,
    },
}

_TEXTS: Final = (
    "Label",
    "CallSidToCoach",
    "Beep",
    "WaitUrl",
    "WaitMethod",
    "StatusCallback",
    "StatusCallbackEvent",
    "StatusCallbackMethod",
    "CallLabel",
)
_FLAGS: Final = (
    "Muted",
    "Coaching",
    "StartConferenceOnEnter",
    "EndConferenceOnExit",
    "CallMuted",
    "CallStartConferenceOnEnter",
    "CallEndConferenceOnExit",
)
_WISH: Final = {
    "type": "object",
    "properties": {
        "Conference": _TEXT | {"description": "Its SID or name: the agent goes there, its caller with it"},
        "Call": _TEXT | {"description": "Or a call's SID: the agent is alone with it"},
        **dict.fromkeys(_TEXTS, _TEXT),
        **dict.fromkeys(_FLAGS, _FLAG),
        "TimeLimit": {"type": "integer"},
    },
}

_SID: Final = {"name": "stream", "in": "path", "required": True, "schema": _TEXT}
_CALL_SID: Final = {"name": "CallSid", "in": "query", "required": False, "schema": _TEXT}
_SHOWN: Final = {"$ref": "#/components/schemas/stream"}
_ALL: Final = {
    "type": "object",
    "properties": {"streams": {"type": "array", "items": _SHOWN}, "next_page_uri": {"type": ["string", "null"]}},
}


def _answers(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "200": {"description": description, "content": {"application/json": {"schema": schema}}},
        "401": {"description": "20003: the credentials are wrong"},
        "404": {"description": "20404: there is no such stream that lives"},
    }


PATHS: Final[dict[str, Any]] = {
    f"{EXTRAS}/Streams": {
        "get": {
            "summary": "Agents that talk on calls now, oldest first",
            "parameters": [_CALL_SID],
            "responses": _answers("All of them", _ALL),
        }
    },
    f"{EXTRAS}/Streams/{{stream}}": {
        "get": {"summary": "Where an agent is", "parameters": [_SID], "responses": _answers("It", _SHOWN)},
        "post": {
            "summary": "Move an agent, on one session; `Conference…` as when a participant is created",
            "parameters": [_SID],
            "requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": _WISH}}},
            "responses": _answers("Where it is now", _SHOWN),
        },
    },
}
