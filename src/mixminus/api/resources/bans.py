"""`/mixminus/v1/Bans`: hosts that are not listened to for a while."""

from starlette.responses import JSONResponse, Response

from mixminus.api.request import EXTRAS, ApiRequest
from mixminus.api.resources.history import iso
from mixminus.api.routes import Operation


async def list_bans(request: ApiRequest) -> Response:
    rows = [
        {
            "address": ban.address,
            "network": ban.network,
            "reason": ban.reason,
            "since": iso(ban.since),
            "until": iso(ban.until),
            "bans": ban.bans,
            "ignored": ban.ignored,
        }
        for ban in request.node.bans()
    ]
    return JSONResponse({"bans": rows})


async def lift_ban(request: ApiRequest) -> Response:
    request.node.lift_ban(request.text("address"))
    return Response(status_code=204)


OPERATIONS = (
    Operation("GET", f"{EXTRAS}/Bans", list_bans),
    Operation("DELETE", f"{EXTRAS}/Bans/{{address}}", lift_ban),
)
