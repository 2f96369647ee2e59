"""Session timers as values: what is asked for, what is agreed (RFC 4028)."""

from dataclasses import dataclass
from typing import Final

from mixminus.base.errors import MixminusError
from mixminus.sip.messages.message import HeaderLines, Message, Request, Response, decimal
from mixminus.sip.messages.uri import parse_parameters

MIN_SE_S: Final = 90
"""The shortest interval that RFC 4028 4 allows, and the shortest that we agree to."""
MAX_SE_S: Final = 86_400
"""Nobody may make us wait for longer than a day."""
OPTION: Final = "timer"


class IntervalTooBrief(MixminusError):
    """A session interval that must be refused with 422 and our Min-SE."""


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """The header of that name: after how long without a refresh a session is over, and who refreshes."""

    seconds: int
    refresher: str | None

    @classmethod
    def of(cls, message: Message) -> "SessionExpires | None":
        """None: there is none, or none that can be read."""
        number, semicolon, rest = (message.get("Session-Expires") or "").partition(";")
        if not decimal(number.strip(), 2**32 - 1):
            return None
        refresher = parse_parameters(semicolon + rest).get("refresher", "").lower()
        return cls(int(number), refresher if refresher in ("uac", "uas") else None)

    def __str__(self) -> str:
        return f"{self.seconds};refresher={self.refresher}" if self.refresher else f"{self.seconds}"


@dataclass(frozen=True, slots=True)
class Terms:
    """What both sides agreed on."""

    seconds: int
    we_refresh: bool

    @property
    def refresh_after_s(self) -> float:
        """Half of the interval (10)."""
        return self.seconds / 2

    @property
    def give_up_after_s(self) -> float:
        """Somewhat before the end, so that both sides and the proxies between them end the call once (10)."""
        return self.seconds - min(32.0, self.seconds / 3)


def min_se(message: Message) -> int:
    """The shortest interval that the sender, or a proxy on the way, agrees to (5)."""
    value = message.word("Min-SE")
    return max(MIN_SE_S, int(value)) if decimal(value, 2**32 - 1) else MIN_SE_S


def asked(seconds: int, least: int, refresher: str | None = None) -> HeaderLines:
    """What a request of ours says (7.1). Empty: we ask for no timer."""
    if not seconds:
        return ()
    wanted = SessionExpires(max(seconds, least), refresher)
    return (("Session-Expires", str(wanted)), ("Min-SE", str(least)))


def agreed_by_server(request: Request, wanted_s: int) -> Terms | None:
    """What we agree to when we answer (9, table 2); raises `IntervalTooBrief`. *wanted_s* 0: we ask for nothing.

    None: there is no timer.
    """
    supported = OPTION in request.options("Supported") or OPTION in request.options("Require")
    theirs = SessionExpires.of(request)
    if theirs is None:
        seconds = max(wanted_s, min_se(request)) if wanted_s else 0
        return Terms(seconds, we_refresh=True) if supported and seconds else None
    if theirs.seconds < MIN_SE_S:
        if supported:
            raise IntervalTooBrief
        return None  # 422 means nothing to a caller that does not know timers
    # The interval may shrink, but not below what somebody on the way insists on.
    seconds = min(theirs.seconds, max(wanted_s or theirs.seconds, min_se(request)))
    return Terms(seconds, we_refresh=not supported or theirs.refresher != "uac")


def answer_headers(terms: Terms | None) -> HeaderLines:
    """What our 2xx says. A caller that has to refresh is told that it must know how to (9)."""
    if terms is None:
        return ()
    expires = SessionExpires(terms.seconds, "uas" if terms.we_refresh else "uac")
    required = () if terms.we_refresh else (("Require", OPTION),)
    return (("Session-Expires", str(expires)), *required)


def agreed_by_client(response: Response) -> Terms | None:
    """What the 2xx to our request says (7.2)."""
    theirs = SessionExpires.of(response)
    if theirs is None:
        return None
    return Terms(min(max(theirs.seconds, MIN_SE_S), MAX_SE_S), we_refresh=theirs.refresher != "uas")
