"""Hundreds of callers and called who say nothing: one user agent of the virtual phones, without audio.

What each of them does is in the user part of the address that is dialled, or in the arguments of `call`.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine
from typing import Any, Final

from mixminus.testing.network import Address, Network
from mixminus.testing.user_agent.agent import UserAgent
from mixminus.testing.user_agent.dialog import Dialog
from mixminus.testing.user_agent.invitation import Invitation
from mixminus.testing.user_agent.message import Request, parameter, respond, user_of
from mixminus.testing.user_agent.transactions import ServerTransaction

SDP: Final = (
    b"v=0\r\no=- 1 1 IN IP4 10.0.1.200\r\ns=-\r\nc=IN IP4 10.0.1.200\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)
RINGS_S: Final = 0.5


class Talk:
    """One dialog, until somebody says BYE."""

    def __init__(self, crowd: "Crowd", dialog: Dialog | None = None) -> None:
        self.dialog = dialog
        self.hung_up = asyncio.Event()
        self._crowd = crowd

    def requested(self, transaction: ServerTransaction) -> None:
        """A BYE ends it; there is nothing else to talk about."""
        tag = parameter(transaction.request.headers.get("To"), "tag")
        is_bye = transaction.request.method == "BYE"
        transaction.respond(self._crowd.agent.response(transaction, 200 if is_bye else 488, tag))
        if is_bye:
            self.hung_up.set()

    async def until(self, patience_s: float) -> str:
        """Stay for so long at most, then hang up; who did is returned."""
        try:
            async with asyncio.timeout(patience_s):
                await self.hung_up.wait()
        except TimeoutError:
            assert self.dialog is not None
            response = await self._crowd.agent.ask(self.dialog.request("BYE"), self.dialog.next_hop)
            return f"we hung up: {response.status}"
        return "they hung up"


class Crowd:
    """Everybody at one address."""

    def __init__(self, network: Network, server: Address, seed: int) -> None:
        self.agent = UserAgent(
            network,
            user="crowd",
            host="10.0.1.200",
            transport="udp",
            random=random.Random(seed),
            on_invite=lambda transaction: self._keep(self._answer(transaction)),
        )
        self.endings: Counter[str] = Counter()
        """How the calls ended that somebody here placed, and those that came in."""
        self._server = server
        self._busy: set[asyncio.Task[None]] = set()

    @property
    def live(self) -> int:
        """Calls that somebody here still believes in."""
        return len(self._busy)

    def address(self, habit: str) -> str:
        """Whom to dial: `answers`, `answers-and-hangs-up`, `declines` or `rings`."""
        host, port = self.agent.wire.address
        return f"sip:{habit}@{host}:{port}"

    def call(self, number: str, *, stays_s: float, gives_up_s: float = 60.0) -> None:
        """Call a number, stay for so long, and lose patience when it rings for so long."""
        self._keep(self._call(number, stays_s, gives_up_s))

    # --- inside ------------------------------------------------------------------------------------------------

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)

    async def _call(self, number: str, stays_s: float, gives_up_s: float) -> None:
        host, port = self._server
        tag, talk = self.agent.token(), Talk(self)
        request = Request("INVITE", f"sip:{number}@{host}:{port}", body=SDP)
        request.headers.add("Max-Forwards", "70")
        request.headers.add("From", f"<sip:+15550000007@{host}>;tag={tag}")
        request.headers.add("To", f"<sip:{number}@{host}>")
        request.headers.add("Call-ID", self.agent.token())
        request.headers.add("CSeq", "1 INVITE")
        request.headers.add("Content-Type", "application/sdp")
        self.agent.attach(request.headers.get("Call-ID"), tag, talk)
        invitation = Invitation(self.agent, request, self._server, lambda _: None)
        loses_patience = asyncio.get_running_loop().call_later(gives_up_s, lambda: self._keep(invitation.cancel()))
        request, response = await invitation.final()
        loses_patience.cancel()
        if response.status < 300:
            talk.dialog = Dialog.of_caller(request, response)
            self.agent.acknowledge(talk.dialog)
            self.endings[await talk.until(0.0 if invitation.cancelled else stays_s)] += 1
        else:
            self.endings[str(response.status)] += 1
        self.agent.detach(request.headers.get("Call-ID"), tag)

    async def _answer(self, invited: ServerTransaction) -> None:
        request, tag = invited.request, self.agent.token()
        habit, given_up = user_of(request.uri), asyncio.Event()
        invited.on_cancel = given_up.set
        invited.respond(respond(request, 100))
        invited.respond(self.agent.response(invited, 180, tag))
        if habit == "rings" or habit == "declines":
            try:
                async with asyncio.timeout(RINGS_S if habit == "declines" else None):
                    await given_up.wait()
            except TimeoutError:
                pass
            invited.respond(self.agent.response(invited, 487 if given_up.is_set() else 486, tag))
            self.endings["cancelled" if given_up.is_set() else "declined"] += 1
            return
        talk = Talk(self, Dialog.of_callee(request, tag))
        self.agent.attach(talk.dialog.call_id, tag, talk)  # type: ignore[union-attr]
        invited.respond(self.agent.response(invited, 200, tag, SDP))
        await invited.acknowledged
        self.endings[await talk.until(600.0 if habit == "answers" else 2.0)] += 1
        self.agent.detach(request.headers.get("Call-ID"), tag)
