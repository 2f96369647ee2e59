"""Errors as Twilio words them (reference, 6.1): four fields and never a traceback."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mixminus.base.errors import Refusal, not_found


class HeadedRefusal(Refusal):
    """A refusal whose answer carries headers of its own."""

    def __init__(self, code: int, http_status: int, message: str, headers: Mapping[str, str]) -> None:
        super().__init__(code, http_status, message)
        self.headers = headers


def unauthorized() -> Refusal:
    """20003. Older SDKs send credentials only after they were asked for them."""
    return HeadedRefusal(20003, 401, "Authenticate", {"WWW-Authenticate": 'Basic realm="Twilio API"'})


def not_ready(message: str, retry_after_s: int) -> Refusal:
    """21501: it will be there later."""
    return HeadedRefusal(21501, 404, message, {"Retry-After": str(retry_after_s)})


def answer(refusal: Refusal) -> JSONResponse:
    """No `type` and no `title`: an SDK would take the body for an RFC 9457 problem (reference, 0)."""
    body = {
        "code": refusal.code,
        "message": refusal.message,
        "more_info": refusal.more_info,
        "status": refusal.http_status,
    }
    return JSONResponse(body, refusal.http_status, getattr(refusal, "headers", None))


def unknown(path: str) -> Refusal:
    """20404 for a path that leads nowhere; says what is most often wrong with it."""
    if path.startswith("/2010-04-01/") and not path.endswith(".json"):
        hint = "answers are JSON only, so append .json to the path"
        return Refusal(20404, 404, f"The requested resource {path} was not found: {hint}")
    return not_found(path)


async def on_refusal(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return answer(error)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """What the router refuses: no such path, no such method."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return answer(unknown(request.scope["path"]))
    if error.status_code == 405:
        message = f"{request.method} is not allowed on {request.scope['path']}"
        return answer(HeadedRefusal(20004, 405, message, error.headers or {}))
    return answer(Refusal(20000 + error.status_code, error.status_code, error.detail))


async def on_crash(_request: Request, _error: Exception) -> Response:
    """Our mistake. The server logs it; the caller learns nothing of our insides."""
    return answer(Refusal(20500, 500, "Internal server error: it is in the node's log"))
