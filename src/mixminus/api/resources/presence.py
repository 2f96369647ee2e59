"""`/mixminus/v1/Users/{Name}/Registrations` and `/mixminus/v1/Trunks`: who can be reached."""

from starlette.responses import JSONResponse, Response

from mixminus.api.request import EXTRAS, ApiRequest
from mixminus.api.resources.history import iso
from mixminus.api.routes import Operation


async def list_registrations(request: ApiRequest) -> Response:
    phones = request.node.registrations(request.text("user"))
    rows = [
        {
            "contact": phone.contact,
            "source": phone.source,
            "q": phone.q,
            "expires_at": iso(phone.expires_at),
            "path": list(phone.path),
            "instance": phone.instance,
            "reg_id": phone.reg_id,
        }
        for phone in phones
    ]
    return JSONResponse({"registrations": rows})


async def list_trunks(request: ApiRequest) -> Response:
    rows = [
        {
            "name": trunk.name,
            "calls": trunk.calls,
            "max_calls": trunk.max_calls,
            "registered": trunk.registered,
            "registration_status": trunk.registration_status,
            "gateways": [{"uri": uri, "usable": usable} for uri, usable in trunk.gateways.items()],
        }
        for trunk in request.node.trunks()
    ]
    return JSONResponse({"trunks": rows})


OPERATIONS = (
    Operation("GET", f"{EXTRAS}/Users/{{user}}/Registrations", list_registrations),
    Operation("GET", f"{EXTRAS}/Trunks", list_trunks),
)
