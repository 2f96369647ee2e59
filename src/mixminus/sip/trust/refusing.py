"""Answers to strangers: nothing is remembered of them, and who is refused too often hears nothing for a while."""

import hashlib
import hmac
from dataclasses import dataclass

from mixminus.sip.contract import Address
from mixminus.sip.endpoint import Endpoint
from mixminus.sip.messages.answers import response_to
from mixminus.sip.messages.message import HeaderLines, Request
from mixminus.sip.transactions.transaction_layer import reply_address
from mixminus.sip.trust.gate import MALFORMED_COST, Gate


@dataclass(slots=True)
class SipCounters:
    """What was dropped or refused, for the metrics."""

    received: int = 0
    malformed: int = 0
    unmatched_responses: int = 0
    refused: int = 0
    ignored: int = 0
    """Dropped without an answer, because its host is banned, or a scanner."""
    limited: int = 0
    """Answered with 503, because a peer asked too much."""
    flooded: int = 0
    """Dropped without an answer, because it asked far too much."""


class Refusing:
    """Answers without a transaction, and counts."""

    def __init__(self, endpoint: Endpoint, gate: Gate, secret: bytes) -> None:
        self._endpoint = endpoint
        self._gate = gate
        self._secret = secret
        self.counters = SipCounters()

    def refuse(self, request: Request, source: Address, status: int, now: float, headers: HeaderLines = ()) -> None:
        """Refuse without remembering; too many refusals make us ignore the host for a while."""
        if self._gate.ignores(source, self._endpoint.settings, now):
            self.counters.ignored += 1
            return
        self.counters.refused += 1
        self._gate.blame(source, self._endpoint.settings, now)
        self.answer(request, source, status, headers)

    def unreadable(self, source: Address, now: float) -> None:
        """Bytes that are no SIP."""
        self.counters.malformed += 1
        self._gate.blame(source, self._endpoint.settings, now, MALFORMED_COST)

    def answer(self, request: Request, source: Address, status: int, headers: HeaderLines = ()) -> None:
        """RFC 3261 8.2.7: a repeated request gets the same answer, tag included, because the tag is computed."""
        names = (request.get(name) or "" for name in ("Call-ID", "From", "CSeq"))
        identity = "\n".join((*names, request.via.branch))
        tag = hmac.new(self._secret, identity.encode(), hashlib.sha256).hexdigest()[:16]
        response = response_to(request, status, to_tag=tag, headers=(*headers, self._endpoint.server))
        self._endpoint.send(response, reply_address(request, source))
