"""Requests that belong to no dialog: inspected, admitted, and handed to whoever serves their method (RFC 3261 8.2).

Until a stranger is admitted, nothing about it is remembered.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from mixminus.sip.contract import Address
from mixminus.sip.endpoint import ALLOW, METHODS, SUPPORTED_OPTIONS, Endpoint
from mixminus.sip.messages.message import HeaderLines, Request
from mixminus.sip.messages.uri import AddressError, Uri
from mixminus.sip.settings import SipSettings
from mixminus.sip.trust.gate import Admitted, Challenged, Forbidden, Gate
from mixminus.sip.trust.limits import Pace
from mixminus.sip.trust.refusing import Refusing

MAX_TRANSACTIONS: Final = 100_000
"""Beyond it new requests get 503: a flood must not take the memory of calls that are up."""
RETRY_AFTER_S: Final = "10"
"""By then a bucket has recovered from any debt (`limits.Limiter`)."""

Judge = Callable[[Request, Address, SipSettings, float], Admitted | Challenged | Forbidden]
"""Who may ask that."""
Serve = Callable[[Request, Address, str | None, float], None]
"""Takes an admitted request, with the user who authenticated. It opens the transaction, or refuses without one."""


@dataclass(frozen=True, slots=True)
class Service:
    """What is done about one method."""

    judge: Judge
    serve: Serve
    options: tuple[str, ...] = ()
    """Extensions that may be required of it, besides those of all methods."""


class OutsideDialogs:
    """The table of what strangers may ask."""

    def __init__(
        self,
        endpoint: Endpoint,
        gate: Gate,
        refusing: Refusing,
        services: Mapping[str, Service],
        abilities: HeaderLines,
    ) -> None:
        """*abilities*: what an OPTIONS is answered with."""
        self._endpoint = endpoint
        self._gate = gate
        self._refusing = refusing
        self._services = services
        self._abilities = abilities

    def receive(self, request: Request, source: Address, now: float) -> None:
        """Any request but ACK and CANCEL."""
        settings = self._endpoint.settings
        if self._gate.ignores(source, settings, now) or self._gate.recognises_scanner(request, source, settings, now):
            self._refusing.counters.ignored += 1
        elif not self._keeps_pace(request, source, self._gate.pace_of_host(request, source, settings, now)):
            return
        elif (refusal := self._fault(request)) is not None:
            status, headers = refusal
            self._refusing.refuse(request, source, status, now, headers)
        elif request.method == "OPTIONS":
            self._refusing.answer(request, source, 200, self._abilities)
        else:
            self._admit(request, source, now)

    def _fault(self, request: Request) -> tuple[int, HeaderLines] | None:
        """The inspections of RFC 3261 8.2 and 16.3, before anybody is asked who they are."""
        hops = request.get("Max-Forwards")  # we are where it ends: 0 is as good as any (RFC 4475 3.3.11)
        able = (*SUPPORTED_OPTIONS, *(service.options if (service := self._services.get(request.method)) else ()))
        required = [option for option in request.all("Require") if option.lower() not in able]
        if hops is not None and not (hops.isascii() and hops.isdigit()):
            return 400, ()
        if request.method not in METHODS:
            return 405, (ALLOW,)
        try:
            Uri.parse(request.uri)
        except AddressError as error:
            return (416 if error.unknown_scheme else 400), ()
        if request.to.tag is not None or request.method not in ("OPTIONS", *self._services):
            return 481, ()
        if required:
            return 420, (("Unsupported", ", ".join(required)),)
        if self._endpoint.layer.is_merged(request):
            return 482, ()
        if len(self._endpoint.layer) >= MAX_TRANSACTIONS:
            return 503, (("Retry-After", RETRY_AFTER_S),)
        return None

    def _admit(self, request: Request, source: Address, now: float) -> None:
        service = self._services[request.method]
        match service.judge(request, source, self._endpoint.settings, now):
            case Challenged(challenges):
                headers = tuple(("WWW-Authenticate", value) for value in challenges)
                self._refusing.answer(request, source, 401, headers)
            case Forbidden():
                self._refusing.counters.refused += 1
                self._refusing.answer(request, source, 403)
            case Admitted(user):
                settings = self._endpoint.settings
                if user is None or self._keeps_pace(
                    request, source, self._gate.pace_of_user(request.method, user, settings, now)
                ):
                    service.serve(request, source, user, now)

    def _keeps_pace(self, request: Request, source: Address, pace: Pace) -> bool:
        """Whether it may go on; one that asks too much is told so, and one that floods us is not."""
        if pace is Pace.TOO_FAST:
            self._refusing.counters.limited += 1
            self._refusing.answer(request, source, 503, (("Retry-After", RETRY_AFTER_S),))
        elif pace is Pace.FLOOD:
            self._refusing.counters.flooded += 1
        return pace is Pace.FINE
