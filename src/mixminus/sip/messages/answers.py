"""Answers: what a response repeats of its request (RFC 3261 8.2.6.2)."""

from collections.abc import Iterable

from mixminus.sip.messages.message import REASONS, Request, Response, clean
from mixminus.sip.messages.uri import AddressError, NameAddr


def response_to(
    request: Request,
    status: int,
    *,
    reason: str = "",
    to_tag: str | None = None,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> Response:
    """An answer with everything RFC 3261 8.2.6.2 wants repeated; *to_tag* is added when To has none yet."""
    lines = [line for line in request.headers if line[0] == "Via"]
    to = request.get("To")
    if to is not None and to_tag is not None and _has_no_tag(to):
        to = f"{to};tag={to_tag}"
    repeated = {"From": request.get("From"), "To": to, "Call-ID": request.get("Call-ID"), "CSeq": request.get("CSeq")}
    lines += [(name, value) for name, value in repeated.items() if value]  # a refused request may lack some
    lines += headers
    return Response(tuple(lines), body, status, clean(reason) or REASONS.get(status, "Unknown"))


def _has_no_tag(to: str) -> bool:
    try:
        return NameAddr.parse(to).tag is None
    except AddressError:  # of a request that is refused for it
        return False
