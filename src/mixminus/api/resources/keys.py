"""`/Keys`: API keys, for the account itself to manage (reference, 7.1)."""

from dataclasses import replace
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from mixminus.api import words
from mixminus.api.auth import Who
from mixminus.api.paging import list_answer
from mixminus.api.request import ApiRequest
from mixminus.api.routes import ACCOUNT, Operation
from mixminus.base import sids
from mixminus.calls.records import KeyRecord

MOST_NAME_CHARACTERS: Final = 64


def key_resource(key: KeyRecord) -> dict[str, Any]:
    return {
        "sid": key.sid,
        "friendly_name": key.friendly_name,
        "date_created": words.date(key.date_created),
        "date_updated": words.date(key.date_updated),
    }


async def create_key(request: ApiRequest) -> Response:
    now, sid = request.node.clock.utc(), request.node.sids.new(sids.API_KEY)
    secret, secret_hash = request.accounts.new_secret()
    key = KeyRecord(sid, request.node.account_sid, friendly_name(request) or "", secret_hash, now, now)
    await request.node.store.save(key)
    request.node.access_tokens.learn(key)
    return JSONResponse(key_resource(key) | {"secret": secret}, 201)


async def list_keys(request: ApiRequest) -> Response:
    return await list_answer(request, "keys", KeyRecord, key_resource)


async def fetch_key(request: ApiRequest) -> Response:
    return JSONResponse(key_resource(await asked_key(request)))


async def change_key(request: ApiRequest) -> Response:
    key = await asked_key(request)
    name = friendly_name(request)
    key = replace(
        key, friendly_name=key.friendly_name if name is None else name, date_updated=request.node.clock.utc()
    )
    await request.node.store.save(key)
    return JSONResponse(key_resource(key))


async def delete_key(request: ApiRequest) -> Response:
    key = await asked_key(request)
    await request.node.store.delete(KeyRecord, key.sid)
    request.node.access_tokens.forget(key.sid)
    return Response(status_code=204)


async def asked_key(request: ApiRequest) -> KeyRecord:
    """The key in the path, or 20404."""
    return request.found(await request.node.store.fetch(KeyRecord, request.sid("key", sids.API_KEY)))


def friendly_name(request: ApiRequest) -> str | None:
    return request.form.text("FriendlyName", most=MOST_NAME_CHARACTERS, code=20002)


OPERATIONS = (
    Operation("POST", f"{ACCOUNT}/Keys.json", create_key, Who.ACCOUNT, tells_a_secret=True),
    Operation("GET", f"{ACCOUNT}/Keys.json", list_keys, Who.ACCOUNT),
    Operation("GET", f"{ACCOUNT}/Keys/{{key}}.json", fetch_key, Who.ACCOUNT),
    Operation("POST", f"{ACCOUNT}/Keys/{{key}}.json", change_key, Who.ACCOUNT),
    Operation("DELETE", f"{ACCOUNT}/Keys/{{key}}.json", delete_key, Who.ACCOUNT),
)
