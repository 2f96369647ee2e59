"""Who is on the phone: the calls of users, for the lamps on other users' phones (RFC 4235)."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Final

from mixminus.base.types import Sid
from mixminus.calls.records import FINAL_CALL_STATUSES, CallRecord, CallStatus, Direction
from mixminus.sip.contract import DialogState, LampDialog

Show = Callable[[str, tuple[LampDialog, ...]], None]

CLIENT: Final = "client:"
_STATES: Final[Mapping[tuple[Direction | None, CallStatus], DialogState]] = {
    (None, CallStatus.QUEUED): DialogState.TRYING,
    (None, CallStatus.INITIATED): DialogState.TRYING,
    (None, CallStatus.RINGING): DialogState.EARLY,
    (None, CallStatus.IN_PROGRESS): DialogState.CONFIRMED,
    # A user who called us hears ringing until somebody answers; its lamp says so.
    (Direction.INBOUND, CallStatus.RINGING): DialogState.PROCEEDING,
}


class Lamps:
    """Keeps the live calls of each user, and shows every change."""

    def __init__(self, users: frozenset[str]) -> None:
        self._users = users
        self._calls: dict[str, dict[Sid, LampDialog]] = defaultdict(dict)
        self.show: Show = lambda _user, _dialogs: None
        """The desk's; known when there is one."""

    def changed(self, call: CallRecord) -> None:
        """A call began, went on or ended; calls without a user among us are nobody's lamp."""
        user = user_of_call(call)
        if user is None or user not in self._users:
            return
        calls = self._calls[user]
        before = calls.get(call.sid)
        now = LampDialog(call.sid, _state(call), call.direction is Direction.INBOUND)
        if now == before:
            return
        calls[call.sid] = now
        self.show(user, tuple(calls.values()))
        if now.state is DialogState.TERMINATED:
            del calls[call.sid]
            if not calls:
                del self._calls[user]


def user_of_call(call: CallRecord) -> str | None:
    """Whose phone it is: `client:` in From of a call to us, in To of one from us; parameters are no part of it."""
    address = call.from_ if call.direction is Direction.INBOUND else call.to
    return address[len(CLIENT) :].partition("?")[0] if address.startswith(CLIENT) else None


def _state(call: CallRecord) -> DialogState:
    if call.status in FINAL_CALL_STATUSES:
        return DialogState.TERMINATED
    return _STATES.get((call.direction, call.status)) or _STATES[None, call.status]
