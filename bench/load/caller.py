"""The signalling of all phones over one UDP socket: INVITE, ACK, BYE, and a polite answer to what the server asks."""

import asyncio
import contextlib
import itertools
import random
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, cast

from bench.load import sip_text
from bench.load.scenario import Scenario
from bench.load.sip_text import Message

# RFC 3261, 17.1.1.2: timer A doubles from T1, timer B gives up after 64 T1.
_RETRANSMIT_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_RING_LIMIT_S: Final = 60.0
HANG_UPS_PER_S: Final = 400.0
_HANG_UP_PATIENCE_S: Final = 5.0
"""The server is to be ended anyway: a BYE that it does not answer is not waited for."""
_SET_UP_PATIENCE_S: Final = 15.0
"""After the last INVITE: who is not up by then failed, as a caller who waits so long has hung up. It bounds a run."""
_TIMED_OUT: Final = 408
_UNUSABLE_ANSWER: Final = 488


class Life(Enum):
    """Where a call is. FAILED never came up, DROPPED was ended by the server."""

    IDLE = auto()
    CALLING = auto()
    UP = auto()
    ENDED = auto()
    FAILED = auto()
    DROPPED = auto()


@dataclass(slots=True)
class Call:
    """One dialog of ours."""

    leg: int
    number: str
    media_port: int
    call_id: str = field(default_factory=lambda: secrets.token_hex(12))
    tag: str = field(default_factory=lambda: secrets.token_hex(6))
    life: Life = Life.IDLE
    cseq: int = 0
    method: str = ""
    """What we wait for the answer to; blank: nothing."""
    to: str = ""
    target: str = ""
    routes: tuple[str, ...] = ()
    failure: int = 0
    setup_s: float = 0.0
    ack: bytes = b""
    responses: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)


class Caller(asyncio.DatagramProtocol):
    """Places the calls of a scenario; tells *plug* where the media of a leg goes, and *unplug* when it is over."""

    def __init__(
        self,
        scenario: Scenario,
        ports: list[int],
        plug: Callable[[int, tuple[str, int]], None],
        unplug: Callable[[int], None],
    ) -> None:
        self._scenario = scenario
        self._plug, self._unplug = plug, unplug
        self.calls = [Call(leg, scenario.number_of(leg), port) for leg, port in enumerate(ports)]
        self._by_id = {call.call_id: call for call in self.calls}
        self.replaced: list[Call] = []
        """Calls that were made anew by `churn`, however they went."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self._host, self._port = transport.get_extra_info("sockname")

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            message = sip_text.parse(data)
        except sip_text.UnreadableSip:
            return
        call = self._by_id.get(message.first("call-id"))
        if message.method:
            self._answer(call, message)
        elif call and message.first("cseq") == f"{call.cseq} {call.method}":
            call.responses.put_nowait(message)
        elif call and call.ack and message.first("cseq").endswith("INVITE") and message.status >= 200:
            self._transport.sendto(call.ack)  # our ACK was lost (section 13.2.2.4)

    async def call_all(self) -> None:
        """Place every call at the scenario's pace and wait until each is up or has failed."""
        loop = asyncio.get_running_loop()
        begin = loop.time()
        placed = []
        for call in self.calls:
            await asyncio.sleep(begin + call.leg / self._scenario.calls_per_s - loop.time())
            placed.append(loop.create_task(self._place(call), name=f"call of leg {call.leg}"))
        _, late = await asyncio.wait(placed, timeout=_SET_UP_PATIENCE_S)
        for task in late:
            task.cancel()
        for call in self.calls:
            if call.life is Life.CALLING:
                call.life, call.failure = Life.FAILED, _TIMED_OUT
        await asyncio.gather(*(set(placed) - late))

    async def churn(self, end: asyncio.Event) -> None:
        """Let one phone after the other hang up and call again, at the scenario's pace, until *end*."""
        loop = asyncio.get_running_loop()
        begin = loop.time()
        order = list(range(len(self.calls)))
        random.Random(self._scenario.seed).shuffle(order)
        async with asyncio.TaskGroup() as group:
            for turn, leg in enumerate(itertools.cycle(order)):
                pause_s = begin + turn / self._scenario.churn_per_s - loop.time()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(end.wait(), max(0.0, pause_s))
                if end.is_set():
                    return
                if self.calls[leg].life is Life.UP:
                    group.create_task(self._replace(self.calls[leg]), name=f"new call of leg {leg}")

    async def hang_up_all(self) -> None:
        """End every call that is up, faster than they were made: nothing is measured any more."""
        endings = []
        loop = asyncio.get_running_loop()
        begin = loop.time()
        up = [call for call in self.calls if call.life is Life.UP]
        for nth, call in enumerate(up):
            endings.append(loop.create_task(self._hang_up(call), name=f"end of leg {call.leg}"))
            await asyncio.sleep(begin + nth / HANG_UPS_PER_S - loop.time())
        if endings:
            _, unanswered = await asyncio.wait(endings, timeout=_HANG_UP_PATIENCE_S)
            for ending in unanswered:
                ending.cancel()

    async def _replace(self, old: Call) -> None:
        await self._hang_up(old)
        del self._by_id[old.call_id]
        new = Call(old.leg, old.number, old.media_port)
        self.calls[old.leg] = self._by_id[new.call_id] = new
        self.replaced.append(new)
        await self._place(new)

    async def _place(self, call: Call) -> None:
        call.life, begin = Life.CALLING, time.monotonic()
        final = await self._invite(call, [])
        if final and final.status in (401, 407) and self._scenario.username:
            final = await self._invite(call, [self._credentials(call, final)])
        call.setup_s = time.monotonic() - begin
        if final is None or final.status >= 300:
            call.life, call.failure = Life.FAILED, final.status if final else _TIMED_OUT
            return
        call.life = Life.UP
        try:
            self._plug(call.leg, sip_text.media_address(final.body, self._scenario.codec_of(call.leg)))
        except sip_text.UnusableAnswer:
            await self._hang_up(call)
            call.life, call.failure = Life.FAILED, _UNUSABLE_ANSWER

    async def _invite(self, call: Call, extra: list[tuple[str, str]]) -> Message | None:
        call.cseq += 1
        call.target, call.to = self._uri(call), f"<{self._uri(call)}>"
        headers = [*self._headers(call, "INVITE"), *extra]
        invite = sip_text.request("INVITE", call.target, headers, self._sdp(call))
        final = await self._transact(call, "INVITE", invite)
        if final is None:
            return None
        call.to = final.first("to")
        if final.status < 300:
            call.target = sip_text.contact_uri(final) or call.target
            call.routes = tuple(reversed(final.all("record-route")))
            call.ack = sip_text.request("ACK", call.target, self._headers(call, "ACK"))
        else:
            # The ACK of a refusal belongs to the INVITE's transaction: same Via (section 17.1.1.3).
            ack = [headers[0], *self._headers(call, "ACK")[1:]]
            call.ack = sip_text.request("ACK", call.target, ack)
        self._transport.sendto(call.ack)
        return final

    async def _transact(self, call: Call, method: str, message: bytes) -> Message | None:
        """Send, retransmit until anything comes back, return the final response; None when none came."""
        call.method = method
        try:
            return await self._final_response(call, message)
        finally:
            call.method = ""

    async def _final_response(self, call: Call, message: bytes) -> Message | None:
        for patience_s in _RETRANSMIT_S:
            self._transport.sendto(message)
            try:
                heard = await asyncio.wait_for(call.responses.get(), patience_s)
                while heard.status < 200:
                    heard = await asyncio.wait_for(call.responses.get(), _RING_LIMIT_S)
                return heard
            except TimeoutError:
                continue
        return None

    async def _hang_up(self, call: Call) -> None:
        self._unplug(call.leg)
        call.life = Life.ENDED
        call.cseq += 1
        await self._transact(call, "BYE", sip_text.request("BYE", call.target, self._headers(call, "BYE")))

    def _answer(self, call: Call | None, message: Message) -> None:
        if message.method == "ACK":
            return
        if call is None or message.method == "CANCEL":
            self._transport.sendto(sip_text.response(message, "481 Call/Transaction Does Not Exist", []))
            return
        contact = [("Contact", self._contact())]
        body = self._sdp(call) if message.method == "INVITE" else ""
        self._transport.sendto(sip_text.response(message, "200 OK", contact, body))
        if message.method == "BYE" and call.life is Life.UP:
            call.life = Life.DROPPED
            self._unplug(call.leg)

    def _headers(self, call: Call, method: str) -> list[tuple[str, str]]:
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        return [
            ("Via", f"SIP/2.0/UDP {self._host}:{self._port};branch={branch};rport"),
            *(("Route", route) for route in call.routes),
            ("Max-Forwards", "70"),
            ("From", f"<sip:{leg_name(call.leg)}@{self._host}>;tag={call.tag}"),
            ("To", call.to),
            ("Call-ID", call.call_id),
            ("CSeq", f"{call.cseq} {method}"),
            ("Contact", self._contact()),
        ]

    def _credentials(self, call: Call, final: Message) -> tuple[str, str]:
        name, challenge = ("Authorization", "www-authenticate")
        if final.status == 407:
            name, challenge = ("Proxy-Authorization", "proxy-authenticate")
        s = self._scenario
        return name, sip_text.authorization(final.first(challenge), "INVITE", self._uri(call), s.username, s.password)

    def _sdp(self, call: Call) -> str:
        return sip_text.sdp(self._host, call.media_port, self._scenario.codec_of(call.leg))

    def _uri(self, call: Call) -> str:
        host, port = self._scenario.server
        return f"sip:{call.number}@{host}:{port}"

    def _contact(self) -> str:
        return f"<sip:bench@{self._host}:{self._port}>"


def leg_name(leg: int) -> str:
    """Return the user part that a leg calls from: a webhook learns from it whose call it is."""
    return f"leg{leg:06d}"
