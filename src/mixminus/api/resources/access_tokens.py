"""`/mixminus/v1/AccessToken`: what the node makes of an Access Token, by whoever holds it."""

from typing import Final

from starlette.responses import JSONResponse, Response

from mixminus.api.auth import Who
from mixminus.api.request import EXTRAS, ApiRequest
from mixminus.api.resources.history import iso
from mixminus.api.routes import Operation
from mixminus.app.access_tokens import BadToken


async def fetch_token(request: ApiRequest) -> Response:
    scheme, _, said = request.http.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise BadToken("send it as Authorization: Bearer")
    token = request.node.access_tokens.read(said.strip())
    return JSONResponse(
        {
            "api_key_sid": token.key_sid,
            "identity": token.identity,
            "expires_at": iso(token.expires_at),
            "may_register": token.may_register,
            "may_call": token.may_call,
            "application_sid": token.application_sid,
        }
    )


OPERATIONS: Final = (Operation("GET", f"{EXTRAS}/AccessToken", fetch_token, Who.ANYBODY),)
