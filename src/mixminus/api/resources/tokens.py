"""`/Tokens`: STUN and TURN servers for browsers, with credentials for a while (Twilio's Network Traversal)."""

from typing import Any, Final

from starlette.responses import JSONResponse, Response

from mixminus.api import words
from mixminus.api.request import ApiRequest
from mixminus.api.routes import ACCOUNT, Operation
from mixminus.app.ice_servers import IceServers

LONGEST_TTL_S: Final = 86_400


def token_resource(account_sid: str, servers: IceServers) -> dict[str, Any]:
    """In the form that `RTCPeerConnection` takes, and older ones took."""
    credential = servers.credential
    username, password = (None, None) if credential is None else (credential.username, credential.password)
    listed: list[dict[str, Any]] = [{"url": url, "urls": url} for url in servers.stun_urls]
    listed += [{"url": url, "urls": url, "username": username, "credential": password} for url in servers.turn_urls]
    return {
        "account_sid": account_sid,
        "date_created": words.date(servers.created),
        "date_updated": words.date(servers.created),
        "ice_servers": listed,
        "username": username,
        "password": password,
        "ttl": str(servers.ttl_s),
    }


async def create_token(request: ApiRequest) -> Response:
    ttl_s = request.form.integer("Ttl", 1, LONGEST_TTL_S)
    servers = request.node.ice_servers.give_out(ttl_s)
    return JSONResponse(token_resource(request.node.account_sid, servers), 201)


OPERATIONS = (Operation("POST", f"{ACCOUNT}/Tokens.json", create_token, tells_a_secret=True),)
