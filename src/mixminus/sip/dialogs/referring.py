"""What a dialog serves for besides its call: REFERs of either side, and what is said of them (RFC 3515, RFC 6665)."""

from collections.abc import Callable
from typing import Final

from mixminus.sip.contract import DialogKey, ReferAnswered, Referred, ReferReported
from mixminus.sip.dialogs.dialog import Dialog
from mixminus.sip.dialogs.dialog_request import Outcome
from mixminus.sip.dialogs.referral import Referral
from mixminus.sip.dialogs.talk import Talk
from mixminus.sip.endpoint import SUPPORTED_OPTIONS, Endpoint
from mixminus.sip.messages.message import HeaderLines
from mixminus.sip.messages.refer_to import FRAGMENT, ReferTo, Unreferable, refer_to_value, status_in
from mixminus.sip.messages.replaces import CannotReplace, Replaces, target_dialog
from mixminus.sip.transactions.transaction_layer import ServerTransaction
from mixminus.sip.trust.proof import Proof

EVENT: Final = "refer"
ALLOW_EVENTS: Final = ("Allow-Events", EVENT)
METHODS: Final = frozenset({"REFER", "NOTIFY", "SUBSCRIBE"})


class Referring:
    """One per call. Of each side one REFER at a time."""

    def __init__(self, talk: Talk, told: Callable[[float], None]) -> None:
        """*told*: there is nothing more to tell of a REFER of the peer's."""
        self._talk = talk
        self._told = told
        self._endpoint = talk.endpoint
        self._last: Referral | None = None
        self._asking = False
        """Whether a REFER of ours has not been answered, or its outcome not been told."""

    @property
    def is_telling(self) -> bool:
        """Whether the peer is being told how its REFER went."""
        return self._last is not None and self._last.is_ending

    # --- the owner -------------------------------------------------------------------------------------------

    def ask(self, target: str, headers: HeaderLines, now: float) -> None:
        """Send our peer to *target*. `ReferAnswered` follows, and after a 2xx `ReferReported`."""
        if self._asking:
            self._endpoint.emit(ReferAnswered(self._talk.key, 491))
            return
        self._asking = True
        lines = (("Refer-To", refer_to_value(target)), ("Referred-By", _whole(self._talk.dialog.local)), *headers)
        self._talk.ask("REFER", self._answered, now, lines)

    def _answered(self, outcome: Outcome, now: float) -> None:
        if not outcome.succeeded:
            self._asking = False
        self._endpoint.emit(ReferAnswered(self._talk.key, outcome.status))

    # --- the peer --------------------------------------------------------------------------------------------

    def receive(self, server: ServerTransaction, now: float) -> None:
        """One of `METHODS`."""
        if server.request.method == "REFER":
            self._referred(server, now)
        elif server.request.word("Event") != EVENT:
            self._endpoint.answer(server, 489, now, headers=(ALLOW_EVENTS,))
        elif server.request.method == "NOTIFY":
            self._notified(server, now)
        else:
            self._subscribed(server, now)

    def _referred(self, server: ServerTransaction, now: float) -> None:
        event = EVENT if self._last is None else f"{EVENT};id={server.request.cseq.number}"
        if self._last is not None and not self._last.is_over:
            self._endpoint.answer(server, 491, now)
        else:
            self._last = refer(self._talk, self._talk.key, server, event, now, self._told) or self._last

    def _notified(self, server: ServerTransaction, now: float) -> None:
        """It may come before the answer to our REFER (RFC 3515 2.4.4)."""
        request = server.request
        if not self._asking:
            self._endpoint.answer(server, 481, now)
            return
        self._endpoint.answer(server, 200, now)
        found = status_in(request.body) if request.word("Content-Type") == FRAGMENT else None
        status = found[0] if found is not None else None
        is_over = request.word("Subscription-State") == "terminated" or (status is not None and status >= 200)
        self._asking = not is_over
        self._endpoint.emit(ReferReported(self._talk.key, status, is_over))

    def _subscribed(self, server: ServerTransaction, now: float) -> None:
        event = (server.request.get("Event") or "").replace(" ", "")
        if self._last is None or self._last.is_over or event != self._last.event:
            self._endpoint.answer(server, 481, now)
        else:
            self._last.subscribed(server, now)


def refer(
    talk: Talk,
    about: DialogKey,
    server: ServerTransaction,
    event: str,
    now: float,
    told: Callable[[float], None] = lambda now: None,
) -> Referral | None:
    """Tell the owner of a REFER, about the call *about*; None: it was refused for what it says."""
    endpoint, request = talk.endpoint, server.request
    unknown = [option for option in request.all("Require") if option.lower() not in SUPPORTED_OPTIONS]
    try:
        if unknown:
            raise Unreferable(420)
        wanted = ReferTo.of(request)
    except Unreferable as error:
        headers: HeaderLines = (("Unsupported", ", ".join(unknown)),) if unknown else ()
        endpoint.answer(server, error.status, now, to_tag=talk.dialog.local_tag, headers=headers)
        return None
    replaced, is_foreign = _ours(endpoint, wanted.replaces)
    key = DialogKey(endpoint.token())
    referral = Referral(talk, key, server, event, told)
    by = request.get("Referred-By")
    endpoint.emit(Referred(key, about, wanted.uri, replaced, is_foreign, by, wanted.headers))
    return referral


def refer_from_outside(endpoint: Endpoint, server: ServerTransaction, now: float) -> None:
    """A REFER in no dialog: it must know one of ours (RFC 4538 5), and its NOTIFYs have a dialog of their own."""
    name = target_dialog(server.request)
    try:
        if name is None:
            raise CannotReplace(481)
        about = endpoint.calls.replaced(Replaces(name))
    except CannotReplace:
        endpoint.answer(server, 481, now)
        return
    dialog = Dialog.of_server(server.request, endpoint.token(), server.reply_to)
    talk = Talk(endpoint, about, dialog, False, b"", None, Proof(None, endpoint.token))
    refer(talk, about, server, EVENT, now)


def _ours(endpoint: Endpoint, replaces: Replaces | None) -> tuple[DialogKey | None, bool]:
    """The call of ours that is to be replaced, and whether it is none of ours."""
    if replaces is None:
        return None, False
    try:
        return endpoint.calls.replaced(replaces), False
    except CannotReplace:
        return None, True


def _whole(local: str) -> str:
    """Who we are in the dialog, without the tag."""
    return local.partition(";tag=")[0]
