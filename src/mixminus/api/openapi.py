"""The OpenAPI document of `/mixminus/v1`. Twilio's own describes the rest."""

from typing import Any

from starlette.responses import JSONResponse, Response

from mixminus import __version__
from mixminus.api import openapi_logs, openapi_presence, openapi_streams
from mixminus.api.request import EXTRAS, ApiRequest
from mixminus.api.routes import Operation

_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_TIME = {"type": "string", "format": "date-time"}
_TIME_OR_NULL = {"type": ["string", "null"], "format": "date-time"}
_FLAG = {"type": "boolean"}
_NUMBER = {"type": "integer"}
_NUMBER_OR_NULL = {"type": ["integer", "null"]}


def _many(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


_STRETCH = _object(from_ms=_NUMBER, to_ms=_NUMBER)

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
        "moderator": _FLAG,
        "start_conference_on_enter": _FLAG,
        "end_conference_on_exit": _FLAG,
        "queue_time_ms": {"type": ["integer", "null"]},
        "date_created": _TIME,
        "join_time": _TIME_OR_NULL,
        "leave_time": _TIME_OR_NULL,
        "reason_left": _TEXT_OR_NULL,
        "waits": _many(_STRETCH),
        "holds": _many(_STRETCH),
        "whispers": _many(_object(from_ms=_NUMBER, to_ms=_NUMBER, to_call_sid=_TEXT)),
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


TRACK = _object(
    sid=_TEXT,
    channel=_NUMBER,
    kind={"enum": ["participant", "whisper"]},
    call_sid=_TEXT_OR_NULL,
    label=_TEXT_OR_NULL,
    status=_TEXT,
    duration_s=_NUMBER_OR_NULL,
    media_url=_TEXT,
)

RECORDING = _object(
    sid=_TEXT,
    conference_sid=_TEXT,
    kind={"enum": ["participants", "mixed"]},
    whisper=_FLAG,
    status=_TEXT,
    start_time=_TIME,
    duration_s=_NUMBER_OR_NULL,
    media_url=_TEXT,
    tracks_url=_TEXT_OR_NULL,
    uri=_TEXT,
    tracks=_many(TRACK),
)

SPAN = _object(
    call_sid=_TEXT,
    from_ms=_NUMBER,
    to_ms=_NUMBER,
    from_tick=_NUMBER,
    to_tick=_NUMBER,
    ear={"enum": ["room", "wait", "hold", "nothing"]},
    hears=_many(_TEXT),
    sounds=_many(_object(kind=_TEXT, what=_TEXT)),
)

SIP = _object(
    messages=_many(
        _object(
            number=_NUMBER,
            at=_TIME,
            way={"enum": ["in", "out"]},
            transport=_TEXT,
            far=_TEXT,
            call_id=_TEXT_OR_NULL,
            start_line=_TEXT,
            text=_TEXT,
        )
    )
)

LEDGER = _object(
    conference_sid=_TEXT,
    begins_at=_TIME,
    tick_ms=_NUMBER,
    first_tick=_NUMBER,
    reached_tick=_NUMBER,
    ended=_FLAG,
    entries=_NUMBER,
    hash=_TEXT,
    intact=_FLAG,
    fault=_TEXT_OR_NULL,
    spans=_many({"$ref": "#/components/schemas/span"}),
    next_page_uri=_TEXT_OR_NULL,
)


def _parameter(name: str, where: str, kind: str) -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "schema": {"type": kind}}


def _answered(
    summary: str, description: str, schema: str, *parameters: dict[str, Any], status: str = "200"
) -> dict[str, Any]:
    return {
        "summary": summary,
        "parameters": list(parameters),
        "responses": {
            status: {
                "description": description,
                "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
            },
            "401": {"description": "20003: the credentials are wrong"},
            "404": {"description": "20404: there is no such resource"},
        },
    }


_CONFERENCE = _parameter("conference", "path", "string")
_RECORDING = _parameter("recording", "path", "string")
_WISH = {
    "required": True,
    "content": {
        "application/json": {
            "schema": _object(tracks={"enum": ["participants", "mixed"]}, whisper=_FLAG) | {"required": ["tracks"]}
        }
    },
}
_STARTED = "Begin a set of tracks; pause, resume and stop it as any recording of the conference"


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


POLISHING: dict[str, Any] = {
    "post": {
        "summary": "Switch gain control and noise suppression of a live participant; what is not said stays",
        "parameters": [_parameter("conference", "path", "string"), _parameter("participant", "path", "string")],
        "requestBody": {
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {"type": "object", "properties": {"agc": _FLAG, "noise_suppression": _FLAG}}
                }
            }
        },
        "responses": {
            "200": {
                "description": "How they are now",
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "properties": {"call_sid": _TEXT, "agc": _FLAG, "noise_suppression": _FLAG},
                        }
                    }
                },
            },
            "401": {"description": "20003: the credentials are wrong"},
            "404": {"description": "20404: there is no such live participant"},
        },
    }
}

_TWILIO = "/2010-04-01/Accounts/{account}/Conferences/{conference}"
_MODERATOR = _FLAG | {"description": "Its agent gets a key that mutes, holds, removes and adds participants here"}
_FLOOR = {
    "enum": ["off", "queue", "drop"],
    "description": "One agent speaks at a time; the others after it, or to nobody",
}
_COACHEES = _many(_TEXT) | {"description": "Repeated, it names several who alone hear the participant"}


def _ours(summary: str, *path: str, status: str = "200", **parameters: Any) -> dict[str, Any]:
    """What one of Twilio's operations takes here besides; the rest is in Twilio's own description."""
    form = {"application/x-www-form-urlencoded": {"schema": _object(**parameters)}}
    return {
        "post": {
            "summary": summary,
            "parameters": [_parameter(name, "path", "string") for name in ("account", "conference", *path)],
            "requestBody": {"content": form},
            "responses": {
                status: {"description": "As Twilio answers"},
                "400": {"description": "16002: a parameter is wrong"},
                "401": {"description": "20003: the credentials are wrong"},
                "403": {"description": "20003: a moderator's key does not open that"},
                "404": {"description": "20404: there is no such resource"},
                "429": {"description": "20429: a moderator has added too many in the last minute"},
            },
        }
    }


EXTENDED: dict[str, Any] = {
    f"{_TWILIO}.json": _ours("Change a conference", FloorControl=_FLOOR),
    f"{_TWILIO}/Participants.json": _ours(
        "Add a participant; FloorControl counts when that begins the conference",
        status="201",
        Moderator=_MODERATOR,
        FloorControl=_FLOOR,
        CallSidToCoach=_COACHEES,
    ),
    f"{_TWILIO}/Participants/{{participant}}.json": _ours(
        "Change a participant", "participant", Moderator=_MODERATOR, CallSidToCoach=_COACHEES
    ),
}

_AFTER = (("After", "integer"), ("PageSize", "integer"))

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Mixminus: what Twilio does not have", "version": __version__},
    "security": [{"basic": []}],
    "paths": EXTENDED
    | {
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
        f"{EXTRAS}/Conferences/{{conference}}/Recordings": _list(
            "Sets of tracks, oldest first", "conference", "recordings", "recording"
        )
        | {"post": _answered(_STARTED, "It runs", "recording", _CONFERENCE, status="201") | {"requestBody": _WISH}},
        f"{EXTRAS}/Conferences/{{conference}}/Recordings/{{recording}}": {
            "get": _answered("A set of tracks", "It", "recording", _CONFERENCE, _RECORDING)
        },
        f"{EXTRAS}/Conferences/{{conference}}/Ledger": {
            "get": _answered(
                "Who heard whom and what, tick by tick; `verify` leaves the spans out",
                "A page of spans",
                "ledger",
                _CONFERENCE,
                _parameter("verify", "query", "boolean"),
                _parameter("CallSid", "query", "string"),
                *(_parameter(name, "query", kind) for name, kind in _AFTER),
            )
        },
        f"{EXTRAS}/Calls/{{call}}/Events": _list(
            "What happened to the call, oldest first", "call", "events", "event", *_AFTER
        ),
        f"{EXTRAS}/Conferences/{{conference}}/Participants/{{participant}}": POLISHING,
        f"{EXTRAS}/Calls/{{call}}/Quality": _show(
            "How the call's audio fares, now or when it ended: packets, delay, estimated mean opinion score",
            "call",
            "quality",
        ),
        f"{EXTRAS}/Calls/{{call}}/Sip": _show(
            "The SIP messages of the call, without secrets, while they are kept; .txt behind it is a ladder, .svg a "
            "picture, .pcap a capture file",
            "call",
            "sip",
        ),
        f"{EXTRAS}/Sip": {
            "get": _answered(
                "Everybody's SIP messages, those of strangers too, oldest first",
                "The last ones",
                "sip",
                *(_parameter(name, "query", kind) for name, kind in _AFTER),
            )
        },
        **openapi_streams.PATHS,
        **openapi_presence.PATHS,
        **openapi_logs.PATHS,
    },
    "components": {
        "schemas": {
            "stream": openapi_streams.STREAM,
            "participant": PARTICIPANT,
            "event": EVENT,
            "quality": QUALITY,
            "recording": RECORDING,
            "ledger": LEDGER,
            "span": SPAN,
            "sip": SIP,
        },
        "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
    },
}


async def show_document(_request: ApiRequest) -> Response:
    return JSONResponse(DOCUMENT)


OPERATIONS = (Operation("GET", f"{EXTRAS}/openapi.json", show_document),)
