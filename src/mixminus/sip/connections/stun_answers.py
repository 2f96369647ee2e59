"""STUN on the port of SIP: it keeps a phone's NAT open, and tells when its address changed (RFC 5626 3.5.2, 8)."""

from mixminus.base.stun import (
    BINDING,
    Class,
    StunMessage,
    binding_success,
    error_response,
    unknown_attributes,
)
from mixminus.sip.contract import Address, Transport


def looks_like_stun(data: bytes) -> bool:
    """By its first byte; no SIP message begins so (RFC 7983 7)."""
    return data[0] <= 3


def stun_answer(data: bytes, source: Address) -> bytes | None:
    """What a request for a binding is answered with; None: it is none. Raises `StunError`.

    Nobody proves who they are for it (RFC 5626 8), and the answer is hardly longer than the question.
    """
    if source.transport is not Transport.UDP:
        return None
    request = StunMessage.parse(data)
    if request.kind is not Class.REQUEST or request.method != BINDING:
        return None
    if unknown := request.unknown(()):
        return error_response(request, 420, "Unknown Attribute", unknown_attributes(unknown)).written()
    return binding_success(request, (source.host, source.port)).written()
