"""A carrier's gateway that works until it is told to fail, in one of the ways that gateways fail."""

import asyncio
from enum import Enum, auto
from functools import partial
from typing import Any, Final

from mixminus.testing.incoming_call import IncomingCall
from mixminus.testing.phone import VirtualPhone
from mixminus.testing.user_agent.message import respond
from mixminus.testing.user_agent.transactions import ServerTransaction


class Fault(Enum):
    """What happens to every INVITE from now on."""

    SILENT = auto()
    """Nothing is answered."""
    TRYING = auto()
    """100, and nothing more; a CANCEL is taken."""
    GARBAGE = auto()
    """What comes back is no SIP."""
    BROKEN = auto()
    """500."""
    BAD_GATEWAY = auto()
    """502."""
    OVERLOADED = auto()
    """503 with Retry-After."""
    TIMED_OUT_BEHIND = auto()
    """100, and 408 after two seconds."""
    RINGS_AND_BREAKS = auto()
    """180, and 503 after two seconds."""
    EARLY_MEDIA_AND_BREAKS = auto()
    """183 with SDP, and 504 after two seconds."""
    CHALLENGES = auto()
    """407, whatever the credentials are."""
    ANSWERS_LATE = auto()
    """200 after ten seconds without a sign of life."""


BREAKS: Final = {
    Fault.TIMED_OUT_BEHIND: 408,
    Fault.RINGS_AND_BREAKS: 503,
    Fault.EARLY_MEDIA_AND_BREAKS: 504,
}
"""Those that seem to work at first, and how they end."""
SOON_S: Final = 2.0
LATE_S: Final = 10.0
CHALLENGE: Final = ("Proxy-Authenticate", 'Digest realm="carrier", nonce="1", qop="auth"')


class FailingGateway(VirtualPhone):
    """Answers calls at once, like a phone that was told to, until it `fails`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.answers()
        self.fault: Fault | None = None
        self.invited: list[str] = []
        """The request-URI of every INVITE, in order; repetitions do not count."""

    def fails(self, fault: Fault | None) -> None:
        """Do this to every call from now on; None: work again. Calls that are up stay up."""
        self.fault = fault

    def _invited(self, transaction: ServerTransaction) -> None:
        self.invited.append(transaction.request.uri)
        match self.fault:
            case Fault.SILENT:
                pass
            case Fault.GARBAGE:
                self.agent.wire.send(b"\x16\x03\x01 HTTP/1.1 400 Bad Request\r\n\r\n", self.server)
            case Fault.TRYING:
                self._say(transaction, 100)
                transaction.on_cancel = partial(self._say, transaction, 487)
            case Fault.BROKEN:
                self._say(transaction, 500)
            case Fault.BAD_GATEWAY:
                self._say(transaction, 502)
            case Fault.OVERLOADED:
                self._say(transaction, 503, ("Retry-After", "30 (maintenance)"))
            case Fault.CHALLENGES:
                self._say(transaction, 407, CHALLENGE)
            case Fault.ANSWERS_LATE:
                self.keep(self._answer_late(transaction), f"{self.user} answers late")
            case _:
                super()._invited(transaction)

    async def _take(self, call: IncomingCall) -> None:
        if self.fault is None or self.fault not in BREAKS:
            await super()._take(call)
            return
        fault = self.fault
        await call.line.open(self.network, self.host)
        if fault is Fault.RINGS_AND_BREAKS:
            call.ring()
        elif fault is Fault.EARLY_MEDIA_AND_BREAKS:
            call.early_media()
        await asyncio.sleep(SOON_S)
        if not call.is_over:
            call.reject(BREAKS[fault])

    async def _answer_late(self, transaction: ServerTransaction) -> None:
        await asyncio.sleep(LATE_S)
        super()._invited(transaction)

    def _say(self, transaction: ServerTransaction, status: int, header: tuple[str, str] | None = None) -> None:
        response = respond(transaction.request, status, "" if status == 100 else self.agent.token())
        if header is not None:
            response.headers.add(*header)
        transaction.respond(response)
