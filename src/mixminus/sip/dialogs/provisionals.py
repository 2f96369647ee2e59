"""What a caller hears of us before the final answer, reliably where it wants that (RFC 3262 3)."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mixminus.sip.endpoint import ALLOW, Endpoint
from mixminus.sip.messages.message import HeaderLines, Request
from mixminus.sip.transactions.transaction import LIFETIME, T1
from mixminus.sip.transactions.transaction_layer import ServerTransaction

OPTION: Final = "100rel"
AGAIN_S: Final = 60.0
"""A proxy cancels a call that was silent for three minutes; every minute the last 18x is said again
(RFC 3261 13.3.1.1, RFC 3262 3).
"""


@dataclass(slots=True)
class Unconfirmed:
    """A reliable 18x that is repeated until its PRACK comes, doubling from T1, for 64 T1."""

    rseq: int
    has_sdp: bool
    next_at: float
    give_up_at: float
    interval: float = T1


class Provisionals:
    """One at a time: the next reliable 18x waits for the PRACK of the one before.

    An 18x is reliable when the caller requires it, or supports it and SDP depends on it. Where the caller made no
    offer, the first reliable answer would have to (RFC 3261 13.2.1); ours is the 200, nothing reliable precedes it.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        server: ServerTransaction,
        local_tag: str,
        headers: HeaderLines,
        given_up: Callable[[float], None],
    ) -> None:
        self._endpoint = endpoint
        self._server = server
        self._local_tag = local_tag
        self._headers = headers
        self._given_up = given_up
        request = server.request
        self._required = OPTION in request.options("Require")
        self._supported = self._required or OPTION in request.options("Supported")
        self._queue: deque[tuple[int, bytes]] = deque()
        self._unconfirmed: Unconfirmed | None = None
        self._rseq = 1 + int(endpoint.chance() * 0xFFFF)
        self._last_status: int | None = None
        self.has_answered = False
        """Whether the caller has our answer to its offer, and has confirmed that."""

    @property
    def holds_the_answer(self) -> bool:
        """Whether a 200 has to wait for the PRACK of a description (3)."""
        return any(sdp for _, sdp in self._queue) or (self._unconfirmed is not None and self._unconfirmed.has_sdp)

    def say(self, status: int, sdp: bytes, now: float) -> None:
        offered = self._server.request.sdp is not None
        if self._required and not offered:
            return
        if not offered:
            sdp = b""
        if offered and (self._required or (self._supported and sdp)):
            self._queue.append((status, sdp))
            self._next(now)
        else:
            self._send(status, sdp, (), now)
            self._wake_at(now + AGAIN_S)

    def acknowledged(self, prack: Request, now: float) -> bool:
        """Whether a PRACK means the 18x that waits for it (7.2)."""
        waiting, invite = self._unconfirmed, self._server.request.cseq
        words = (prack.get("RAck") or "").split()
        if waiting is None or words != [str(waiting.rseq), str(invite.number), invite.method]:
            return False
        self._unconfirmed = None
        self.has_answered = self.has_answered or waiting.has_sdp
        self._wake_at(now + AGAIN_S)
        self._next(now)
        return True

    def stop(self) -> None:
        self._queue.clear()
        self._unconfirmed = None
        self._wake_at(None)

    def wake(self, now: float) -> None:
        """Repeat what is not confirmed, or give up; else say the last 18x again."""
        waiting = self._unconfirmed
        if waiting is None:
            if self._last_status is not None:
                self.say(self._last_status, b"", now)
        elif now >= waiting.give_up_at:
            self.stop()
            self._given_up(now)
        else:
            self._endpoint.layer.repeat(self._server)
            waiting.interval *= 2
            waiting.next_at = now + waiting.interval
            self._wake_at(min(waiting.next_at, waiting.give_up_at))

    def _next(self, now: float) -> None:
        if self._unconfirmed is not None or not self._queue:
            return
        status, sdp = self._queue.popleft()
        self._rseq += 1
        self._unconfirmed = Unconfirmed(self._rseq, bool(sdp), now + T1, now + LIFETIME)
        self._send(status, sdp, (ALLOW, ("Require", OPTION), ("RSeq", str(self._rseq))), now)
        self._wake_at(now + T1)

    def _send(self, status: int, sdp: bytes, more: HeaderLines, now: float) -> None:
        self._last_status = status
        headers = (*self._headers, *more)
        self._endpoint.answer(self._server, status, now, to_tag=self._local_tag, headers=headers, body=sdp)

    def _wake_at(self, at: float | None) -> None:
        self._endpoint.sleepers.set(self, at)
