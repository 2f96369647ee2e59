"""A call that the phone places."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mixminus.testing.call import Call
from mixminus.testing.call_state import CallState, Party
from mixminus.testing.network import Address
from mixminus.testing.sdp import Direction, SdpError
from mixminus.testing.user_agent.dialog import Dialog
from mixminus.testing.user_agent.invitation import Invitation
from mixminus.testing.user_agent.message import Request, Response

if TYPE_CHECKING:
    from mixminus.testing.phone import VirtualPhone


class OutgoingCall(Call):
    """Made by `VirtualPhone.place` and `dial`."""

    def __init__(self, phone: "VirtualPhone", target: str, to: Address) -> None:
        super().__init__(phone, f"{phone.agent.token()}@{phone.host}", phone.agent.token(), target)
        self.provisional_statuses: list[int] = []
        """The 1xx answers in order, 100 included."""
        self._to = to
        self._invitation: Invitation | None = None

    async def begin(self, *, offer: bool, headers: Mapping[str, str]) -> None:
        """Send the INVITE, with our SDP in it or (a delayed offer) without."""
        await self.line.open(self.phone.network, self.phone.host)
        request = Request("INVITE", self.remote_uri)
        request.headers.add("Max-Forwards", "70")
        request.headers.add("From", f"<{self.phone.identity}>;tag={self._local_tag}")
        request.headers.add("To", f"<{self.remote_uri}>")
        request.headers.add("Call-ID", self._call_id)
        request.headers.add("CSeq", "1 INVITE")
        for name, value in headers.items():
            request.headers.add(name, value)
        if offer:
            request.headers.add("Content-Type", "application/sdp")
            request.body = self._description(Direction.BOTH)
        self._invitation = Invitation(self._agent, request, self._to, self._progressed)
        self.phone.keep(self._conclude(self._invitation), f"{self.phone.user} calls {self.remote_uri}")

    async def hang_up(self, reason: str = "") -> None:
        """End the call: BYE when it was answered, CANCEL before; returns when the far end has confirmed."""
        if self._invitation is not None and self.state in (CallState.CALLING, CallState.RINGING):
            await self._invitation.cancel()
            await self.ended()
        else:
            await super().hang_up(reason)

    def _progressed(self, response: Response) -> None:
        self.provisional_statuses.append(response.status)
        if response.status == 100 or self.state is CallState.ENDED:
            return
        self._step(CallState.RINGING)
        if response.body:
            try:
                self._connect(response)  # early media
            except SdpError:
                pass  # the final answer decides

    async def _conclude(self, invitation: Invitation) -> None:
        request, response = await invitation.final()
        if self.state is CallState.ENDED:  # it vanished meanwhile
            return
        if response.status >= 300:
            self._finish(Party.US if invitation.cancelled else Party.THEM, response.status)
            return
        self._dialog = dialog = Dialog.of_caller(request, response)
        try:
            direction = self._connect(response) if response.body else Direction.BOTH
        except SdpError:
            self._agent.acknowledge(dialog)
            await self._end_at_once(488)
            return
        self._agent.acknowledge(dialog, b"" if request.body else self._description(direction))
        if invitation.cancelled:  # the answer crossed our CANCEL
            await self._end_at_once(487)
        else:
            self._step(CallState.TALKING)

    async def _end_at_once(self, status: int) -> None:
        assert self._dialog is not None
        dialog = self._dialog
        self._finish(Party.US, status)
        await asyncio.shield(self._agent.ask(dialog.request("BYE"), dialog.next_hop))
