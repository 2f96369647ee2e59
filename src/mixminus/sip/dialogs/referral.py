"""A REFER that somebody sent us: its answer, and the subscription that it makes (RFC 3515 2.4, RFC 6665)."""

from collections.abc import Callable
from typing import Final

from mixminus.sip.contract import DialogKey
from mixminus.sip.dialogs.dialog_request import Outcome
from mixminus.sip.dialogs.talk import Talk
from mixminus.sip.messages.message import HeaderLines
from mixminus.sip.messages.refer_to import FRAGMENT_TYPE, fragment
from mixminus.sip.transactions.transaction_layer import ServerTransaction

LIFE_S: Final = 600
"""How long a subscription is said to live: as long as anybody lets a phone ring (TwiML: Dial, timeout)."""


class Referral:
    """NOTIFYs go one after another, so that none overtakes the one before; what is due meanwhile replaces what was.
    *told* is called when the last one was answered, or nobody wants to know any more: a BYE right behind it could
    overtake it in a proxy, and the peer would never learn how it went.

    A peer that hung up after its REFER is told all the same, until it says that it does not want to know (481).
    """

    def __init__(
        self, talk: Talk, key: DialogKey, server: ServerTransaction, event: str, told: Callable[[float], None]
    ) -> None:
        self._talk = talk
        self._endpoint = talk.endpoint
        self._key = key
        self._server = server
        self.event = event
        """The value of Event: `refer`, with an id for the second of a dialog and those after it (2.4.6)."""
        self.is_over = False
        self._silent = server.request.word("Refer-Sub") == "false"
        self._status, self._reason = 100, ""
        self._because = "noresource"
        self._said_all = told
        self._telling = False
        self._due = False
        self._endpoint.referrals[key] = self

    @property
    def is_ending(self) -> bool:
        """Whether how it went is being told."""
        return self.is_over and self._telling

    # --- the owner -------------------------------------------------------------------------------------------

    def accept(self, now: float) -> None:
        """202, and a first NOTIFY at once (2.4.4); with `Refer-Sub: false` there are none (RFC 4488 4)."""
        headers: HeaderLines = (self._endpoint.contact(self._server.reply_to, self._talk.dialog.remote_target),)
        if self._silent:
            headers = (*headers, ("Refer-Sub", "false"))
        self._endpoint.answer(self._server, 202, now, to_tag=self._talk.dialog.local_tag, headers=headers)
        if self._silent:
            self._forget(now)
        else:
            self._tell(now)

    def refuse(self, status: int, now: float) -> None:
        self._endpoint.answer(self._server, status, now, to_tag=self._talk.dialog.local_tag)
        self._forget(now)

    def report(self, status: int, reason: str, now: float) -> None:
        """What our INVITE met; a final status is the last thing that is said."""
        if self.is_over or (status, reason) == (self._status, self._reason):
            return
        self._status, self._reason = status, reason
        self.is_over = status >= 200
        self._tell(now)

    # --- the peer --------------------------------------------------------------------------------------------

    def subscribed(self, server: ServerTransaction, now: float) -> None:
        """It wants to go on hearing of it, or nothing more: the last NOTIFY says how far we are (RFC 6665 4.2.1)."""
        ends = (server.request.get("Expires") or "").strip() == "0"
        expires = ("Expires", "0" if ends else str(LIFE_S))
        contact = self._endpoint.contact(server.reply_to, self._talk.dialog.remote_target)
        self._endpoint.answer(server, 200, now, headers=(expires, contact))
        if ends and not self.is_over:
            self.is_over, self._because = True, "timeout"
        self._tell(now)

    # --- telling ---------------------------------------------------------------------------------------------

    def _tell(self, now: float) -> None:
        if self._telling:
            self._due = True
            return
        self._telling, self._due = True, False
        state = f"terminated;reason={self._because}" if self.is_over else f"active;expires={LIFE_S}"
        headers = (("Event", self.event), ("Subscription-State", state), FRAGMENT_TYPE)
        self._talk.ask("NOTIFY", self._told, now, headers, fragment(self._status, self._reason))

    def _told(self, outcome: Outcome, now: float) -> None:
        self._telling = False
        if not outcome.succeeded:  # nobody listens any more (RFC 6665 4.2.2)
            self._forget(now)
        elif self._due:
            self._tell(now)
        elif self.is_over:
            self._forget(now)

    def _forget(self, now: float) -> None:
        self.is_over, self._due = True, False
        self._endpoint.referrals.pop(self._key, None)
        self._said_all(now)
