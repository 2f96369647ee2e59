"""Twilio's own description of its answers, as the judge of ours (H32)."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

DESCRIPTION = Path(__file__).parent / "openapi" / "twilio_api_v2010.voice.json"

ERROR = {
    "type": "object",
    "properties": {
        "code": {"type": "integer"},
        "message": {"type": "string", "minLength": 1},
        "more_info": {"type": "string"},
        "status": {"type": "integer"},
    },
    "required": ["code", "message", "more_info", "status"],
    "additionalProperties": False,
}


def check_answer(method: str, path: str, status: int, body: bytes) -> None:
    """Fail unless the answer is what the description says: every property there, each of the right type."""
    if status == 204:
        assert body == b""
    elif status >= 400:
        jsonschema.validate(json.loads(body), ERROR)
    elif (schema := schema_of(method, path, str(status))) is not None:
        jsonschema.validate(json.loads(body), schema)


@cache
def schema_of(method: str, path: str, status: str) -> Any:
    """None for what the description does not cover: `/Keys`, `/Tokens`, `/Notifications`, a call's `/Events`."""
    for template, operations in document()["paths"].items():
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
        if method.lower() in operations and re.fullmatch(pattern, path):
            answers = operations[method.lower()]["responses"]
            assert status in answers, f"{method} {template} does not answer {status}"
            return strict(answers[status]["content"]["application/json"]["schema"])
    ours = ("/Keys", "/Tokens.json", "/Notifications", "/Events.json")
    assert any(each in path for each in ours), f"{method} {path} is no operation of Twilio's"
    return None


def strict(schema: Any) -> Any:
    """OpenAPI 3.0 as JSON Schema: references resolved, `nullable` understood, every property required."""
    if "$ref" in schema:
        # Twilio describes enums as never null, and gives null for `reason_conference_ended`.
        described = document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return {"anyOf": [strict(described), {"type": "null"}]}
    made = {key: value for key, value in schema.items() if key in ("type", "enum", "pattern", "minLength")}
    if "properties" in schema:
        made["properties"] = {name: strict(value) for name, value in schema["properties"].items()}
        made["required"] = list(made["properties"])
        made["additionalProperties"] = False
    if "items" in schema:
        made["items"] = strict(schema["items"])
    if schema.get("nullable"):
        return {"anyOf": [made, {"type": "null"}]} if made else {}
    return made


@cache
def document() -> Any:
    return json.loads(DESCRIPTION.read_text())


def parameters(path: str) -> frozenset[str]:
    """Every parameter that a POST to *path*, below the account, takes."""
    operation = document()["paths"]["/2010-04-01/Accounts/{AccountSid}" + path]["post"]
    form = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    return frozenset(form["properties"])
