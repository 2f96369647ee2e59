"""The OpenAPI document of `/mixminus/v1`. Twilio's own describes the rest."""

from typing import Any

from starlette.responses import JSONResponse, Response

from mixminus import __version__
from mixminus.api.request import EXTRAS, ApiRequest
from mixminus.api.routes import Operation

_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_TIME = {"type": "string", "format": "date-time"}
_TIME_OR_NULL = {"type": ["string", "null"], "format": "date-time"}
_FLAG = {"type": "boolean"}

PARTICIPANT = {
    "type": "object",
    "properties": {
        "sid": _TEXT,
        "conference_sid": _TEXT,
        "call_sid": _TEXT,
        "label": _TEXT_OR_NULL,
        "status": _TEXT,
        "muted": _FLAG,
        "hold": _FLAG,
        "coaching": _FLAG,
        "call_sids_to_coach": {"type": "array", "items": _TEXT},
        "start_conference_on_enter": _FLAG,
        "end_conference_on_exit": _FLAG,
        "queue_time_ms": {"type": ["integer", "null"]},
        "date_created": _TIME,
        "join_time": _TIME_OR_NULL,
        "leave_time": _TIME_OR_NULL,
        "reason_left": _TEXT_OR_NULL,
    },
}

EVENT = {
    "type": "object",
    "properties": {
        "subject_sid": _TEXT,
        "sequence_number": {"type": "integer"},
        "name": _TEXT,
        "timestamp": _TIME,
        "call_sid": _TEXT_OR_NULL,
        "details": {"type": "object", "additionalProperties": _TEXT},
    },
}


_COUNT = {"type": "integer"}
_FIGURE = {"type": "number"}
_FIGURE_OR_NULL = {"type": ["number", "null"]}

QUALITY = {
    "type": "object",
    "properties": {
        "call_sid": _TEXT,
        "codec": _TEXT,
        "received": _COUNT,
        "sent": _COUNT,
        "lost": _COUNT,
        "late": _COUNT,
        "duplicate": _COUNT,
        "concealed_ms": _COUNT,
        "jitter_ms": _FIGURE,
        "playout_delay_ms": _FIGURE,
        "mos": _FIGURE,
        "round_trip_ms": _FIGURE_OR_NULL,
        "far_lost": {"type": ["integer", "null"]},
        "far_jitter_ms": _FIGURE_OR_NULL,
        "far_mos": _FIGURE_OR_NULL,
    },
}


def _parameter(name: str, where: str, kind: str) -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "schema": {"type": kind}}


def _list(summary: str, sid: str, key: str, items: str, *query: tuple[str, str]) -> dict[str, Any]:
    properties = {
        key: {"type": "array", "items": {"$ref": f"#/components/schemas/{items}"}},
        "next_page_uri": _TEXT_OR_NULL,
    }
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {
        "get": {
            "summary": summary,
            "parameters": [
                _parameter(sid, "path", "string"),
                *(_parameter(name, "query", kind) for name, kind in query),
            ],
            "responses": {
                "200": {"description": "A page of them", "content": {"application/json": {"schema": schema}}},
                "401": {"description": "20003: the credentials are wrong"},
                "404": {"description": "20404: there is no such resource"},
            },
        }
    }


def _show(summary: str, sid: str, schema: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {
        "get": {
            "summary": summary,
            "parameters": [_parameter(sid, "path", "string")],
            "responses": {
                "200": {"description": "It", "content": content},
                "401": {"description": "20003: the credentials are wrong"},
                "404": {"description": "20404: there is no such resource"},
            },
        }
    }


_AFTER = (("After", "integer"), ("PageSize", "integer"))

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Mixminus: what Twilio does not have", "version": __version__},
    "security": [{"basic": []}],
    "paths": {
        f"{EXTRAS}/Conferences/{{conference}}/Participants": _list(
            "Everybody who was ever in the conference, newest first",
            "conference",
            "participants",
            "participant",
            ("PageSize", "integer"),
            ("PageToken", "string"),
        ),
        f"{EXTRAS}/Conferences/{{conference}}/Events": _list(
            "What happened in the conference, oldest first", "conference", "events", "event", *_AFTER
        ),
        f"{EXTRAS}/Calls/{{call}}/Events": _list(
            "What happened to the call, oldest first", "call", "events", "event", *_AFTER
        ),
        f"{EXTRAS}/Calls/{{call}}/Quality": _show(
            "How the call's audio fares, now or when it ended: packets, delay, estimated mean opinion score",
            "call",
            "quality",
        ),
    },
    "components": {
        "schemas": {"participant": PARTICIPANT, "event": EVENT, "quality": QUALITY},
        "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
    },
}


async def show_document(_request: ApiRequest) -> Response:
    return JSONResponse(DOCUMENT)


OPERATIONS = (Operation("GET", f"{EXTRAS}/openapi.json", show_document),)
