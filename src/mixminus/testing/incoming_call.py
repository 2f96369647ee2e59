"""A call that somebody places to the phone."""

from typing import TYPE_CHECKING

from mixminus.testing.call import Call
from mixminus.testing.call_state import STEPS, CallState, Party
from mixminus.testing.errors import WrongMoment
from mixminus.testing.sdp import SdpError
from mixminus.testing.user_agent.dialog import Dialog
from mixminus.testing.user_agent.message import Request, respond, uri_of
from mixminus.testing.user_agent.transactions import ServerTransaction

if TYPE_CHECKING:
    from mixminus.testing.phone import VirtualPhone


class IncomingCall(Call):
    """Handed out by `VirtualPhone.next_call`."""

    def __init__(self, phone: "VirtualPhone", transaction: ServerTransaction) -> None:
        invite = transaction.request
        caller = uri_of(invite.headers.get("From"))
        super().__init__(phone, invite.headers.get("Call-ID"), phone.agent.token(), caller)
        self._transaction = transaction
        self._dialog = Dialog.of_callee(invite, self._local_tag)
        transaction.on_cancel = self._cancelled
        transaction.respond(respond(invite, 100))

    @property
    def invite(self) -> Request:
        """The INVITE as it came: `call.invite.headers.get("P-Asserted-Identity")`."""
        return self._transaction.request

    @property
    def _is_open(self) -> bool:
        return CallState.TALKING in STEPS[self.state]

    def ring(self) -> None:
        """Answer 180 Ringing."""
        self._step(CallState.RINGING)
        self._respond(self._transaction, 180)

    def early_media(self) -> None:
        """Answer 183 with SDP, and begin to send what the phone says. Raises `SdpError` when none was offered."""
        if not self.invite.body:
            raise SdpError("early media needs an offer in the INVITE (reliable 183s are not spoken here)")
        self._step(CallState.RINGING)
        self._respond(self._transaction, 183, self._description(self._connect(self.invite)))

    def answer(self) -> None:
        """Answer 200 with SDP: our answer, or our offer when the INVITE had none; 488 to what it cannot speak."""
        if not self._is_open:
            raise WrongMoment(f"{self!r} cannot be answered")
        try:
            direction = self._connect(self.invite) if self.invite.body else self._direction
        except SdpError:
            self.reject(488)
            return
        self._respond(self._transaction, 200, self._description(direction))
        self._step(CallState.TALKING)
        self.phone.keep(self._await_ack(self._transaction), f"{self.phone.user} awaits ACK")

    def reject(self, status: int = 486) -> None:
        """Answer with a refusal, 300 to 699."""
        if not 300 <= status <= 699:
            raise ValueError(f"{status} is no refusal")
        if not self._is_open:
            raise WrongMoment(f"{self!r} cannot be rejected")
        self._respond(self._transaction, status)
        self._finish(Party.US, status)

    async def hang_up(self, reason: str = "") -> None:
        """End the call: BYE when it was answered, else 480."""
        if self._is_open:
            self.reject(480)
        else:
            await super().hang_up(reason)

    def _cancelled(self) -> None:
        self._respond(self._transaction, 487)
        self._finish(Party.THEM, 487)
