"""One subscription of somebody's phone, from its SUBSCRIBE to the NOTIFY that ends it (RFC 6665 4.2)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from mixminus.base.errors import MixminusError
from mixminus.sip.contract import Address, LampDialog
from mixminus.sip.dialogs.dialog import Dialog
from mixminus.sip.dialogs.dialog_request import DialogRequest, Outcome
from mixminus.sip.endpoint import ALLOW, Endpoint
from mixminus.sip.messages.message import HeaderLines, Request, decimal
from mixminus.sip.services.event_packages import Package
from mixminus.sip.transactions.transaction_layer import ServerTransaction
from mixminus.sip.trust.proof import Proof

DEFAULT_EXPIRES_S: Final = 3600
MIN_EXPIRES_S: Final = 60
MAX_EXPIRES_S: Final = 3600
PACE_S: Final = 1.0
"""No more than one NOTIFY a second (RFC 4235 3.10); what happens in between is in the next one."""


class TooBrief(MixminusError):
    """423: a shorter life than `MIN_EXPIRES_S` was asked for."""


class Phase(Enum):
    ACTIVE = auto()
    ENDING = auto()
    """The last NOTIFY is owed, or on its way."""
    OVER = auto()


@dataclass(frozen=True, slots=True)
class Subject:
    """What is watched, and by whom."""

    package: Package
    event: str
    """The Event header as it came, with its `id`: NOTIFYs repeat it (RFC 6665 8.2.1)."""
    user: str
    """Whose calls."""
    entity: str
    """The same as the URI that was asked for."""
    watcher: str


class Subscription:
    """Sends one NOTIFY at a time and not faster than `PACE_S`. It is woken when it may send, and when it expires."""

    def __init__(
        self,
        endpoint: Endpoint,
        server: ServerTransaction,
        subject: Subject,
        state_of: Callable[[str], tuple[LampDialog, ...]],
        ended: Callable[["Subscription"], None],
    ) -> None:
        self.subject = subject
        self.dialog = Dialog.of_server(server.request, endpoint.token(), server.reply_to)
        self._endpoint = endpoint
        self._state_of = state_of
        self._ended = ended
        self._proof = Proof(None, endpoint.token)
        self._phase = Phase.ACTIVE
        self._version = 0
        self._expires_at = 0.0
        self._may_notify_at = 0.0
        self._is_asking = False
        self._is_behind = False
        """Whether something happened that no NOTIFY has told."""

    # --- the owner -------------------------------------------------------------------------------------------

    def changed(self, now: float) -> None:
        """The state of what is watched is another one."""
        if self._phase is Phase.ACTIVE:
            self._is_behind = True
            self._notify_if_allowed(now)

    def begin(self, server: ServerTransaction, now: float) -> None:
        """Answer the first SUBSCRIBE and tell the state (4.2.1.2). Raises `TooBrief`."""
        self._renew(server, now)

    # --- the peer --------------------------------------------------------------------------------------------

    def receive(self, server: ServerTransaction, now: float) -> None:
        """A request in the subscription's dialog: a refresh, or its end."""
        request = server.request
        if not self.dialog.belongs(request) or self._phase is Phase.OVER:
            self._endpoint.answer(server, 481, now)
        elif not self.dialog.accepts_cseq(request):
            self._endpoint.answer(server, 500, now)
        elif request.method != "SUBSCRIBE":
            self._endpoint.answer(server, 405, now, headers=(ALLOW,))
        elif not self._is_about_this(request) or self._phase is Phase.ENDING:
            self._endpoint.answer(server, 481, now)  # 4.2.1.4: no such subscription in this dialog
        else:
            self.dialog.refresh_target(request)
            self.dialog.flow = server.reply_to  # the phone may have another connection by now, or another NAT binding
            try:
                self._renew(server, now)
            except TooBrief:
                self._endpoint.answer(server, 423, now, headers=(("Min-Expires", str(MIN_EXPIRES_S)),))

    def acknowledged(self, ack: Request, now: float) -> None:
        """There is nothing to acknowledge."""

    def connection_lost(self, address: Address) -> None:
        self.dialog.connection_lost(address)

    # --- inside ----------------------------------------------------------------------------------------------

    def wake(self, now: float) -> None:
        if self._phase is Phase.ACTIVE and now >= self._expires_at:
            self._phase, self._is_behind = Phase.ENDING, True
        self._notify_if_allowed(now)

    def _renew(self, server: ServerTransaction, now: float) -> None:
        expires_s = expires_of(server.request)
        self._expires_at = now + expires_s
        headers: HeaderLines = (("Expires", str(expires_s)), *self._dialog_headers(server))
        self._endpoint.answer(server, 200, now, to_tag=self.dialog.local_tag, headers=headers)
        if not expires_s:
            self._phase = Phase.ENDING
        self._is_behind = True
        self._may_notify_at = now  # an answer to a SUBSCRIBE waits for nothing (4.2.2)
        self._notify_if_allowed(now)

    def _dialog_headers(self, server: ServerTransaction) -> HeaderLines:
        routes = tuple(line for line in server.request.headers if line[0] == "Record-Route")
        return (*routes, self._endpoint.contact(server.reply_to, self.dialog.remote_target))

    def _is_about_this(self, request: Request) -> bool:
        return _event_key(request.get("Event") or "") == _event_key(self.subject.event)

    def _notify_if_allowed(self, now: float) -> None:
        if self._is_behind and not self._is_asking and now >= self._may_notify_at:
            self._notify(now)
        self._sleep()

    def _notify(self, now: float) -> None:
        self._is_behind, self._is_asking = False, True
        self._may_notify_at = now + PACE_S
        left_s = max(0, round(self._expires_at - now))
        state = f"active;expires={left_s}" if self._phase is Phase.ACTIVE else "terminated;reason=timeout"
        package = self.subject.package
        headers: HeaderLines = (
            ("Event", self.subject.event),
            ("Subscription-State", state),
            ("Content-Type", package.content_type),
        )
        body = package.body(self.subject.entity, self._version, self._state_of(self.subject.user))
        self._version += 1
        is_last = self._phase is Phase.ENDING
        request = DialogRequest(
            self._endpoint,
            self.dialog,
            self._proof,
            "NOTIFY",
            lambda outcome, at: self._notified(outcome, at, is_last=is_last),
        )
        request.send(headers, body, now)

    def _notified(self, outcome: Outcome, now: float, *, is_last: bool) -> None:
        """4.2.2: a NOTIFY that is refused ends the subscription, unless it may be tried again."""
        self._is_asking = False
        if is_last or not outcome.succeeded:
            again = outcome.response.retry_after_s if outcome.response is not None and not is_last else None
            if again is None:
                self._end()
                return
            self._is_behind, self._may_notify_at = True, now + min(again, MAX_EXPIRES_S)
        self._notify_if_allowed(now)

    def _end(self) -> None:
        self._phase = Phase.OVER
        self._endpoint.sleepers.set(self, None)
        self._ended(self)

    def _sleep(self) -> None:
        if self._phase is Phase.OVER:
            return
        times = [self._expires_at] if self._phase is Phase.ACTIVE else []
        if self._is_behind and not self._is_asking:
            times.append(self._may_notify_at)
        self._endpoint.sleepers.set(self, min(times, default=None))


def expires_of(request: Request) -> int:
    """The life that a SUBSCRIBE gets (4.2.1.1); 0: it is the last one. Raises `TooBrief`."""
    wanted = request.get("Expires") or ""
    seconds = int(wanted) if decimal(wanted, 2**32 - 1) else DEFAULT_EXPIRES_S
    if 0 < seconds < MIN_EXPIRES_S:
        raise TooBrief
    return min(seconds, MAX_EXPIRES_S)


def _event_key(event: str) -> tuple[str, str]:
    """Package and `id`, which tell subscriptions of one dialog apart (8.2.1)."""
    name, *parameters = (part.strip() for part in event.split(";"))
    ids = [value for key, _, value in (p.partition("=") for p in parameters) if key.strip().lower() == "id"]
    return name.lower(), ids[0].strip() if ids else ""
