"""Transactions: what repeats a request until it is answered, and an answer until it is acknowledged.

RFC 3261 section 17 with its timers' letters; times come from the event loop.
"""

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from mixminus.testing.user_agent.message import Request, Response, cseq_of, respond

T1_S: Final = 0.5
T2_S: Final = 4.0
PATIENCE_S: Final = 64 * T1_S  # timers B, F and H
LINGER_S: Final = 32.0  # timers D and J: how long repetitions are still expected

Send = Callable[[bytes], None]


class Client(Enum):
    """States of RFC 3261 figures 5 and 6; Trying there is Calling here."""

    CALLING = auto()
    PROCEEDING = auto()
    COMPLETED = auto()


class Repeater:
    """Sends the same bytes at growing intervals until stopped."""

    def __init__(self, send: Send, data: bytes, longest_s: float) -> None:
        self._send = send
        self._data = data
        self._longest_s = longest_s
        self._interval_s = T1_S
        self._timer: asyncio.TimerHandle | None = None
        self._arm()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._interval_s, self._repeat)

    def _repeat(self) -> None:
        self._send(self._data)
        self._interval_s = min(2 * self._interval_s, self._longest_s)
        self._arm()


class ClientTransaction:
    """One request of ours. `final` becomes its final response; a 408 made here when none came (8.1.3.1)."""

    def __init__(
        self, request: Request, send: Send, *, reliable: bool, on_provisional: Callable[[Response], None]
    ) -> None:
        self.request = request
        loop = asyncio.get_running_loop()
        self.final: asyncio.Future[Response] = loop.create_future()
        self.provisional = asyncio.Event()
        self.began_at = loop.time()
        self._state = Client.CALLING
        self._send = send
        self._on_provisional = on_provisional
        self._is_invite = request.method == "INVITE"
        send(bytes(request))
        longest_s = PATIENCE_S if self._is_invite else T2_S  # timer A doubles for ever, timer E up to T2
        self._repeater = None if reliable else Repeater(send, bytes(request), longest_s)
        self._patience = loop.call_later(PATIENCE_S, self._give_up)

    def receive(self, response: Response) -> None:
        """Take a response that matches this transaction."""
        if self._state is Client.COMPLETED:
            self._acknowledge_refusal(response)
        elif response.status < 200:
            self._state = Client.PROCEEDING
            self.provisional.set()
            if self._is_invite:
                self.stop()
            self._on_provisional(response)
        else:
            self._acknowledge_refusal(response)
            self._finish(response)

    def stop(self) -> None:
        """Neither repeat nor give up any more."""
        self._patience.cancel()
        if self._repeater is not None:
            self._repeater.stop()

    def cancel_request(self) -> Request:
        """The CANCEL of this INVITE (9.1): same branch, same sequence number."""
        return self._companion("CANCEL", self.request.headers.get("To"))

    def _give_up(self) -> None:
        self._finish(respond(self.request, 408))

    def _finish(self, response: Response) -> None:
        self._state = Client.COMPLETED
        self.stop()
        if not self.final.done():
            self.final.set_result(response)

    def _acknowledge_refusal(self, response: Response) -> None:
        if self._is_invite and response.status >= 300:
            self._send(bytes(self._companion("ACK", response.headers.get("To"))))

    def _companion(self, method: str, to: str) -> Request:
        """An ACK or CANCEL that belongs to this INVITE (17.1.1.3)."""
        companion = Request(method, self.request.uri)
        ours = self.request.headers
        companion.headers.add("Via", ours.get("Via"))
        for route in ours.all("Route"):
            companion.headers.add("Route", route)
        companion.headers.add("Max-Forwards", "70")
        companion.headers.add("From", ours.get("From"))
        companion.headers.add("To", to)
        companion.headers.add("Call-ID", ours.get("Call-ID"))
        companion.headers.add("CSeq", f"{cseq_of(self.request)[0]} {method}")
        return companion


class ServerTransaction:
    """One request of theirs, and our answer to it."""

    def __init__(self, request: Request, send: Send, *, reliable: bool) -> None:
        self.request = request
        self.answered = False
        """A final response was sent."""
        self.acknowledged: asyncio.Future[Request | None] = asyncio.get_running_loop().create_future()
        """INVITE only: becomes the ACK, or None when it never came."""
        self.on_cancel: Callable[[], None] | None = None
        """INVITE only: called when the caller cancelled it; the 487 is already sent."""
        self.began_at = asyncio.get_running_loop().time()
        self._send = send
        self._reliable = reliable
        self._last = b""
        self._repeater: Repeater | None = None
        self._patience: asyncio.TimerHandle | None = None

    def respond(self, response: Response) -> None:
        """Send a response; a second final one is ignored."""
        if self.answered:
            return
        self._last = bytes(response)
        self._send(self._last)
        if response.status < 200:
            return
        self.answered = True
        if self.request.method == "INVITE":
            if response.status < 300 or not self._reliable:  # timer G; a 2xx repeats on any transport (13.3.1.4)
                self._repeater = Repeater(self._send, self._last, T2_S)
            self._patience = asyncio.get_running_loop().call_later(PATIENCE_S, self._give_up)

    def receive_again(self) -> None:
        """The request was repeated."""
        if self._last:
            self._send(self._last)

    def receive_ack(self, ack: Request) -> None:
        """The ACK came, for any final response."""
        self._settle(ack)

    def stop(self) -> None:
        """Forget about the ACK."""
        if self._patience is not None:
            self._patience.cancel()
        if self._repeater is not None:
            self._repeater.stop()

    def _give_up(self) -> None:
        self._settle(None)

    def _settle(self, ack: Request | None) -> None:
        self.stop()
        if not self.acknowledged.done():
            self.acknowledged.set_result(ack)
