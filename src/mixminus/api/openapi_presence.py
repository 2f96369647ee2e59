"""The part of the OpenAPI document that is about phones, their tokens, trunks and banned hosts: see `openapi`."""

from typing import Any, Final

from mixminus.api.request import EXTRAS

_TEXT: Final = {"type": "string"}
_FLAG: Final = {"type": "boolean"}
_COUNT_OR_NULL: Final = {"type": ["integer", "null"]}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list_of(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


_PHONE: Final = _object(
    contact=_TEXT,
    source=_TEXT,
    q={"type": "number"},
    expires_at={"type": "string", "format": "date-time"},
    path=_list_of(_TEXT),
    instance={"type": ["string", "null"]},
    reg_id=_COUNT_OR_NULL,
)
_TRUNK: Final = _object(
    name=_TEXT,
    calls={"type": "integer"},
    max_calls=_COUNT_OR_NULL,
    registered={"type": ["boolean", "null"]},
    registration_status=_COUNT_OR_NULL,
    gateways=_list_of(_object(uri=_TEXT, usable=_FLAG)),
)


_MOMENT: Final = {"type": "string", "format": "date-time"}
_BAN: Final = _object(
    address=_TEXT,
    network=_TEXT,
    reason={"type": "string", "enum": ["refused", "passwords", "scanner"]},
    since=_MOMENT,
    until=_MOMENT,
    bans={"type": "integer"},
    ignored={"type": "integer"},
)


def _answers(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "200": {"description": description, "content": {"application/json": {"schema": schema}}},
        "401": {"description": "20003: the credentials are wrong"},
        "404": {"description": "20404: there is no such user"},
    }


_ACCESS_TOKEN: Final = _object(
    api_key_sid=_TEXT,
    identity=_TEXT,
    expires_at=_MOMENT,
    may_register=_FLAG,
    may_call=_FLAG,
    application_sid={"type": ["string", "null"]},
)

PATHS: Final[dict[str, Any]] = {
    f"{EXTRAS}/Users/{{user}}/Registrations": {
        "get": {
            "summary": "The phones that a user registered, most preferred first",
            "parameters": [{"name": "user", "in": "path", "required": True, "schema": _TEXT}],
            "responses": _answers(
                "All of them; none: the user cannot be reached", _object(registrations=_list_of(_PHONE))
            ),
        }
    },
    f"{EXTRAS}/Trunks": {
        "get": {
            "summary": "The trunks of the settings: calls out, registration, and which gateways are passed over",
            "parameters": [],
            "responses": _answers("All of them", _object(trunks=_list_of(_TRUNK))),
        }
    },
    f"{EXTRAS}/AccessToken": {
        "get": {
            "summary": "What the node makes of the Access Token in `Authorization: Bearer`",
            "parameters": [],
            "responses": {
                "200": {
                    "description": "It is valid",
                    "content": {"application/json": {"schema": _ACCESS_TOKEN}},
                },
                "401": {"description": "20101: it is not, and why"},
            },
        }
    },
    f"{EXTRAS}/Bans": {
        "get": {
            "summary": "Hosts that are not listened to for a while, the newest last",
            "parameters": [],
            "responses": _answers("All of them", _object(bans=_list_of(_BAN))),
        }
    },
    f"{EXTRAS}/Bans/{{address}}": {
        "delete": {
            "summary": "Listen to a host again, and forget what it did",
            "parameters": [{"name": "address", "in": "path", "required": True, "schema": _TEXT}],
            "responses": {
                "204": {"description": "It is listened to"},
                "401": {"description": "20003: the credentials are wrong"},
                "404": {"description": "20404: it is not banned"},
            },
        }
    },
}
