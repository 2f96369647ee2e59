"""A call of a virtual phone: what both directions share, once somebody answered and until somebody hangs up."""

import asyncio
from typing import TYPE_CHECKING

from mixminus.testing.audible import Audible
from mixminus.testing.call_state import STEPS, CallState, Ended, Party
from mixminus.testing.errors import CallRefused, WrongMoment
from mixminus.testing.line import AudioLine
from mixminus.testing.sdp import Direction, SdpError, parse_description
from mixminus.testing.transfer import Transfer, notify, refer, referred_to, replaces
from mixminus.testing.user_agent.dialog import Dialog
from mixminus.testing.user_agent.invitation import Invitation
from mixminus.testing.user_agent.message import REASONS, Message, Request
from mixminus.testing.user_agent.transactions import ServerTransaction

if TYPE_CHECKING:
    from mixminus.testing.phone import VirtualPhone


class Call(Audible):
    """One call. Make them with `VirtualPhone.dial`, `place` and `next_call`."""

    line: AudioLine

    def __init__(self, phone: "VirtualPhone", call_id: str, local_tag: str, remote_uri: str) -> None:
        super().__init__(phone.new_line())
        self.phone = phone
        self.remote_uri = remote_uri
        self.state = CallState.CALLING
        self.end: Ended | None = None
        """How the call ended; None while it has not."""
        self.answered_at: float | None = None
        self.far_direction = Direction.BOTH
        """What the far end said about its own sending and receiving: `inactive` or `sendonly` is being on hold."""
        self._agent = phone.agent
        self._call_id = call_id
        self._local_tag = local_tag
        self._dialog: Dialog | None = None
        self._direction = Direction.BOTH
        self._session_id = phone.random.getrandbits(31)
        self._session_version = 0
        self._reoffering = False
        self._transfer: Transfer | None = None
        """The last that we asked for."""
        self._changed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._agent.attach(call_id, local_tag, self)

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.state is CallState.ENDED

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.phone.user} with {self.remote_uri}, {self.state.name.lower()}>"

    # --- waiting -----------------------------------------------------------------------------------------------

    async def ringing(self, within_s: float | None = None) -> None:
        """Wait until it rings, or is answered. Raises `CallRefused` when it ends first, `TimeoutError`."""
        await self._reach(CallState.RINGING, CallState.TALKING, within_s=within_s)

    async def answered(self, within_s: float | None = None) -> None:
        """Wait until somebody answers. Raises `CallRefused` when it ends first, `TimeoutError`."""
        await self._reach(CallState.TALKING, within_s=within_s)

    async def ended(self, within_s: float | None = None) -> Ended:
        """Wait until the call is over. Raises `TimeoutError`."""
        await self._reach(CallState.ENDED, within_s=within_s)
        assert self.end is not None
        return self.end

    # --- doing -------------------------------------------------------------------------------------------------

    async def hang_up(self, reason: str = "") -> None:
        """End the call properly (BYE); returns when the far end has confirmed. A second time does nothing.

        *reason* is the Reason header of the BYE: `Q.850;cause=16`.
        """
        if self.state is CallState.TALKING and self._dialog is not None:
            dialog = self._dialog
            bye = dialog.request("BYE")
            if reason:
                bye.headers.add("Reason", reason)
            self._finish(Party.US, 200)
            await self._agent.ask(bye, dialog.next_hop)

    def vanish(self) -> None:
        """Be gone without a word: no BYE, no RTP, no answer to anything, like a phone whose battery died."""
        self._agent.vanish(self._call_id)
        self._finish(Party.US, 0)

    async def hold(self, direction: Direction | str = Direction.SEND) -> None:
        """Put the far end on hold by re-INVITE, `sendonly` or `inactive`. Raises `CallRefused`."""
        await self._reoffer(Direction(direction))

    async def resume(self) -> None:
        """Take the far end back by re-INVITE with `sendrecv`. Raises `CallRefused`."""
        await self._reoffer(Direction.BOTH)

    async def renew_keys(self) -> None:
        """Secure what we say with another key, and tell it by re-INVITE. Raises `CallRefused`."""
        if self.line.secure is None:
            raise WrongMoment(f"{self!r} is not secured")
        self.line.secure.renew()
        await self._reoffer(self._direction)

    async def transfer(self, target: str) -> Transfer:
        """Send the far end to a number (at the server) or a `sip:` address (RFC 5589 6).

        Raises `CallRefused` when it will not go.
        """
        host, port = self.phone.server
        is_uri = target.lower().startswith(("sip:", "sips:", "tel:"))
        return await self._refer(target if is_uri else f"sip:{target}@{host}:{port}", None)

    async def transfer_to(self, other: "Call") -> Transfer:
        """Join the far ends of this call and of *other*, who leaves both (RFC 5589 7). Raises `CallRefused`."""
        assert other._dialog is not None
        return await self._refer(other._dialog.target, other._dialog)

    @property
    def replaces(self) -> str:
        """What another phone says to take this call's place: the value of its INVITE's Replaces header."""
        assert self._dialog is not None
        return replaces(self._dialog)

    async def _refer(self, target: str, in_place_of: Dialog | None) -> Transfer:
        if self.state is not CallState.TALKING or self._dialog is None:
            raise WrongMoment(f"{self!r} cannot be transferred now")
        dialog, self._transfer = self._dialog, Transfer()
        request = refer(dialog, target, in_place_of, self.phone.identity)
        response = await self._agent.ask(request, dialog.next_hop)
        if response.status >= 300:
            raise CallRefused(response.status, response.reason)
        return self._transfer

    # --- inside the dialog -------------------------------------------------------------------------------------

    def requested(self, transaction: ServerTransaction) -> None:
        """Take a request of the far end inside this dialog."""
        match transaction.request.method:
            case "BYE":
                self._respond(transaction, 200)
                self._finish(Party.THEM, 200)
            case "INVITE" if self._reoffering or self.state is not CallState.TALKING:
                self._respond(transaction, 491)
            case "INVITE":
                self._take_reoffer(transaction)
            case "NOTIFY" if self._transfer is not None:
                self._respond(transaction, 200)
                self._transfer.told(transaction.request)
            case "NOTIFY":
                self._respond(transaction, 481)
            case "REFER" if self.phone.transfers_refused_with is not None:
                self._respond(transaction, self.phone.transfers_refused_with)
            case "REFER":
                self._respond(transaction, 202)
                self.phone.keep(self._go(transaction.request), f"{self.phone.user} is transferred")
            case _:
                self._respond(transaction, 405)

    async def _go(self, request: Request) -> None:
        """Do as a REFER says; the far end hears of it, and hangs up when it likes."""
        assert self._dialog is not None
        dialog = self._dialog
        await self._agent.ask(notify(dialog, request, 100), dialog.next_hop)
        target, headers = referred_to(request)
        try:
            await self.phone.dial(target, headers=headers)
            status = 200
        except CallRefused as refusal:
            status = refusal.status
        await self._agent.ask(notify(dialog, request, status), dialog.next_hop)

    def _take_reoffer(self, transaction: ServerTransaction) -> None:
        assert self._dialog is not None
        self._dialog.refresh(transaction.request)
        try:
            direction = self._connect(transaction.request) if transaction.request.body else self._direction
        except SdpError:
            self._respond(transaction, 488)
            return
        self._respond(transaction, 200, self._description(direction))
        self.phone.keep(self._await_ack(transaction), f"{self.phone.user} awaits ACK")

    async def _await_ack(self, transaction: ServerTransaction) -> None:
        """Connect to the answer that an ACK may carry; without any ACK, hang up (RFC 3261 13.3.1.4)."""
        ack = await transaction.acknowledged
        if ack is None:
            await self.hang_up()
        elif ack.body and self.state is CallState.TALKING:
            self._connect(ack)

    async def _reoffer(self, direction: Direction) -> None:
        if self.state is not CallState.TALKING or self._dialog is None or self._reoffering:
            raise WrongMoment(f"{self!r} cannot be put on hold or resumed now")
        self._reoffering = True
        try:
            message = await self._invite_again(direction)
        finally:
            self._reoffering = False
        self._direction = direction
        self._connect(message)

    async def _invite_again(self, direction: Direction) -> Message:
        assert self._dialog is not None
        while True:
            request = self._dialog.request("INVITE")
            request.headers.add("Content-Type", "application/sdp")
            request.body = self._description(direction)
            invitation = Invitation(self._agent, request, self._dialog.next_hop, lambda _: None)
            request, response = await invitation.final()
            if response.status != 491:
                break
            self._reoffering = False
            await asyncio.sleep(self.phone.random.uniform(0.0, 4.0))  # glare (RFC 3261 14.1)
            self._reoffering = True
        if response.status >= 300:
            if response.status in (408, 481):  # the far end knows nothing of this call (12.2.1.2)
                self._finish(Party.THEM, response.status)
            raise CallRefused(response.status, response.reason)
        self._dialog.cseq = max(self._dialog.cseq, int(request.headers.get("CSeq").split()[0]))
        self._dialog.refresh(response)
        self._agent.acknowledge(self._dialog)
        return response

    # --- for both directions -----------------------------------------------------------------------------------

    def _description(self, direction: Direction) -> bytes:
        self._session_version += 1
        return self.line.describe(direction).text(self._session_id, self._session_version)

    def _connect(self, message: Message) -> Direction:
        """Connect the line to the SDP of *message*; returns the direction we agree to. Raises `SdpError`."""
        remote = parse_description(message.body)
        if self.phone.law not in remote.laws:
            raise SdpError(f"the far end does not speak {self.phone.law.name}")
        if not self.line.agrees_to(remote):
            raise SdpError(f"the far end's {remote.profile} is not what this phone was told to speak")
        self.far_direction = remote.direction
        direction = self._direction.narrowed(remote.direction)
        self.line.connect(remote, direction)
        return direction

    def _respond(self, transaction: ServerTransaction, status: int, body: bytes = b"") -> None:
        transaction.respond(self._agent.response(transaction, status, self._local_tag, body))

    def _step(self, state: CallState) -> None:
        if state not in STEPS[self.state]:
            raise WrongMoment(f"{self!r} cannot become {state.name.lower()}")
        self.state = state
        if state is CallState.TALKING:
            self.answered_at = asyncio.get_running_loop().time()
        changed, self._changed = self._changed, asyncio.get_running_loop().create_future()
        changed.set_result(None)

    def _finish(self, by: Party, status: int) -> None:
        """The only way a call ends; the first verdict wins."""
        if self.state is CallState.ENDED:
            return
        self.end = Ended(by, status, asyncio.get_running_loop().time())
        self.line.close()
        self._agent.detach(self._call_id, self._local_tag)
        self._step(CallState.ENDED)

    async def _reach(self, *states: CallState, within_s: float | None) -> None:
        async with asyncio.timeout(within_s):
            while self.state not in states:
                if self.end is not None:
                    status = self.end.status
                    raise CallRefused(status, REASONS.get(status, "the call ended"))
                await asyncio.shield(self._changed)
