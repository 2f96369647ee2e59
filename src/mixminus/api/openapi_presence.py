"""The part of the OpenAPI document that is about phones, their tokens, trunks and banned hosts: see `openapi`."""

from typing import Any, Final

from mixminus.api.request import EXTRAS
from mixminus.api.schemas import COUNT_OR_NULL, FLAG, MOMENT, TEXT, list_of, whole

_PHONE: Final = whole(
    contact=TEXT,
    source=TEXT,
    q={"type": "number"},
    expires_at={"type": "string", "format": "date-time"},
    path=list_of(TEXT),
    instance={"type": ["string", "null"]},
    reg_id=COUNT_OR_NULL,
)
_TRUNK: Final = whole(
    name=TEXT,
    calls={"type": "integer"},
    max_calls=COUNT_OR_NULL,
    registered={"type": ["boolean", "null"]},
    registration_status=COUNT_OR_NULL,
    gateways=list_of(whole(uri=TEXT, usable=FLAG)),
)


_BAN: Final = whole(
    address=TEXT,
    network=TEXT,
    reason={"type": "string", "enum": ["refused", "passwords", "scanner"]},
    since=MOMENT,
    until=MOMENT,
    bans={"type": "integer"},
    ignored={"type": "integer"},
)


def _answers(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "200": {"description": description, "content": {"application/json": {"schema": schema}}},
        "401": {"description": "20003: the credentials are wrong"},
        "404": {"description": "20404: there is no such user"},
    }


_ACCESS_TOKEN: Final = whole(
    api_key_sid=TEXT,
    identity=TEXT,
    expires_at=MOMENT,
    may_register=FLAG,
    may_call=FLAG,
    application_sid={"type": ["string", "null"]},
)

PATHS: Final[dict[str, Any]] = {
    f"{EXTRAS}/Users/{{user}}/Registrations": {
        "get": {
            "summary": "The phones that a user registered, most preferred first",
            "parameters": [{"name": "user", "in": "path", "required": True, "schema": TEXT}],
            "responses": _answers(
                "All of them; none: the user cannot be reached", whole(registrations=list_of(_PHONE))
            ),
        }
    },
    f"{EXTRAS}/Trunks": {
        "get": {
            "summary": "The trunks of the settings: calls out, registration, and which gateways are passed over",
            "parameters": [],
            "responses": _answers("All of them", whole(trunks=list_of(_TRUNK))),
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
            "responses": _answers("All of them", whole(bans=list_of(_BAN))),
        }
    },
    f"{EXTRAS}/Bans/{{address}}": {
        "delete": {
            "summary": "Listen to a host again, and forget what it did",
            "parameters": [{"name": "address", "in": "path", "required": True, "schema": TEXT}],
            "responses": {
                "204": {"description": "It is listened to"},
                "401": {"description": "20003: the credentials are wrong"},
                "404": {"description": "20404: it is not banned"},
            },
        }
    },
}
