"""A request of ours inside a dialog, until its final answer (RFC 3261 12.2.1, 22.2)."""

from collections.abc import Callable
from dataclasses import dataclass

from mixminus.sip.contract import Transmit
from mixminus.sip.dialogs.dialog import Dialog
from mixminus.sip.endpoint import Endpoint
from mixminus.sip.messages.message import HeaderLines, Response
from mixminus.sip.transactions.transaction import LIFETIME
from mixminus.sip.transactions.transaction_layer import ClientTransaction
from mixminus.sip.trust.proof import Proof


@dataclass(frozen=True, slots=True)
class Outcome:
    """The final answer. Without a response, *status* stands for silence (408) or a broken way (503)."""

    status: int
    response: Response | None = None

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_the_end(self) -> bool:
        """Whether the peer does not know the dialog any more, or is not there (12.2.1.2)."""
        return self.status in (408, 481)


class DialogRequest:
    """Sends one request; challenges are met. The 2xx of an INVITE is acknowledged, as often as it comes.

    An INVITE that was taken and is not answered within 64 T1 counts as not answered: its transaction would wait for
    ever (RFC 3261 17.1.1), and inside a call nobody has to be fetched to the phone.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        dialog: Dialog,
        proof: Proof,
        method: str,
        answered: Callable[[Outcome, float], None],
    ) -> None:
        self._endpoint = endpoint
        self._dialog = dialog
        self._proof = proof
        self._method = method
        self._answered = answered
        self._headers: HeaderLines = ()
        self._body = b""
        self._challenges = 0
        self._ack: Transmit | None = None
        self._taken: ClientTransaction | None = None
        self._over = False

    def send(self, headers: HeaderLines, body: bytes, now: float) -> None:
        """The outcome comes at once when there is no way to the peer."""
        self._headers, self._body = headers, body
        lines = (*headers, *self._proof.lines(self._method, self._dialog.request_uri))
        if self._endpoint.ask(self._dialog, self._method, self, now, lines, body) is None:
            self._end(Outcome(503), now)

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        if response.status < 200:
            if self._method == "INVITE" and self._taken is None:
                self._taken = transaction
                self._endpoint.sleepers.set(self, now + LIFETIME)
            return
        if self._over:
            if self._ack is not None:
                self._endpoint.outbox.append(self._ack)
            return
        if self._proof.learns(response, self._challenges):
            self._challenges += 1
            self._taken = None
            self._endpoint.sleepers.set(self, None)
            self.send(self._headers, self._body, now)
            return
        if response.status < 300 and self._method in ("INVITE", "UPDATE"):
            self._dialog.refresh_target(response)
            if self._method == "INVITE":
                self._ack = self._endpoint.acknowledge(self._dialog, response.cseq.number)
        self._end(Outcome(response.status, response), now)

    def wake(self, now: float) -> None:
        """It was taken, and that was all."""
        if self._taken is not None:
            self._endpoint.layer.abandon(self._taken)
            self._end(Outcome(408), now)

    def on_failure(self, transaction: ClientTransaction, status: int, now: float) -> None:
        """Silence, or a broken way: another place of the same name may work (RFC 3263 4.3)."""
        if self._dialog.goes_elsewhere(transaction.to, self._endpoint.whereabouts.of):
            self.send(self._headers, self._body, now)
        else:
            self._end(Outcome(status), now)

    def _end(self, outcome: Outcome, now: float) -> None:
        self._over = True
        self._endpoint.sleepers.set(self, None)
        self._answered(outcome, now)
