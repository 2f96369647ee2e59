"""A request outside of calls, from its first packet to its final answer, with credentials (RFC 3261 8.1, 22.2)."""

from typing import Final

from mixminus.sip.contract import Question, Replied
from mixminus.sip.endpoint import ACCEPT, Endpoint
from mixminus.sip.messages.message import Request, Response
from mixminus.sip.messages.routing import routed
from mixminus.sip.transactions.transaction_layer import ClientTransaction
from mixminus.sip.trust.proof import Proof

MAX_ATTEMPTS: Final = 3
"""The request, the one with credentials, and one more when the nonce was stale."""


class Asking:
    """Emits one `Replied`."""

    def __init__(self, endpoint: Endpoint, question: Question, now: float) -> None:
        self._endpoint = endpoint
        self._question = question
        self._proof = Proof(question.credentials, endpoint.token)
        self._local_tag = endpoint.token()
        self._attempts = 0
        self._is_over = False
        self._transaction = self._send(now)
        endpoint.sleepers.set(self, now + question.silence_s)

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        if transaction is not self._transaction or response.status < 200 or self._is_over:
            return
        if self._attempts < MAX_ATTEMPTS and self._proof.learns(response, self._attempts - 1):
            self._transaction = self._send(now)
        else:
            self._reply(response.status, tuple(response.headers), response.body)

    def on_failure(self, transaction: ClientTransaction, status: int, now: float) -> None:
        if transaction is self._transaction:
            self._reply(status)

    def wake(self, now: float) -> None:
        """It was silent for too long."""
        self._endpoint.layer.abandon(self._transaction)
        self._reply(408)

    def _reply(self, status: int, headers: tuple[tuple[str, str], ...] = (), body: bytes = b"") -> None:
        if not self._is_over:
            self._is_over = True
            self._endpoint.sleepers.set(self, None)
            self._endpoint.emit(Replied(self._question.key, status, headers, body))

    def _send(self, now: float) -> ClientTransaction:
        question, endpoint = self._question, self._endpoint
        way = routed(question.target, question.routes)
        lines = (
            endpoint.via(question.via),
            ("Max-Forwards", "70"),
            ("From", f"<{question.from_uri}>;tag={self._local_tag}"),
            ("To", f"<{question.to_uri}>"),
            ("Call-ID", question.call_id),
            ("CSeq", f"{question.cseq + self._attempts} {question.method}"),
            endpoint.user_agent,
            ACCEPT,
            *way.lines,
            *question.headers,
            *self._proof.lines(question.method, way.uri),
        )
        self._attempts += 1
        request = Request(lines, question.body, question.method, way.uri)
        return endpoint.layer.open_client(request, question.via, self, now)
