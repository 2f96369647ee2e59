"""Keeps a call up for hours, and notices when its peer is gone (RFC 4028 7.4, 8, 10)."""

from collections.abc import Callable
from typing import Final

from mixminus.sip.contract import Ending, Renegotiated
from mixminus.sip.dialogs.dialog_request import Outcome
from mixminus.sip.dialogs.talk import Talk
from mixminus.sip.messages.message import Response
from mixminus.sip.messages.session_expires import MIN_SE_S, Terms, agreed_by_client, asked, min_se

UNREACHED_S: Final = 120.0
"""So long a connection to a peer without session timers is tried for."""
AGAIN_S: Final = 10.0
"""After a refresh that was refused for the moment; there is time for many until the session is over."""


class Refresher:
    """Refreshes when that is our part, else watches that the peer does.

    A peer without session timers is asked with OPTIONS, to which every answer but 408 and 481 is a sign of life.
    """

    def __init__(self, talk: Talk, lost: Callable[[Ending, float], None]) -> None:
        self._talk = talk
        self._lost = lost
        self._terms: Terms | None = None
        self._least_s = MIN_SE_S
        self._over_at: float | None = None
        self._running = False
        self._unreached_since: float | None = None

    def agreed(self, terms: Terms | None, now: float) -> None:
        """The session begins, or was refreshed by either side."""
        self._terms = terms
        self._running = True
        wanted_s = self._talk.endpoint.settings.session_expires_s
        if terms is None:
            self._over_at = None
            self._wake_at(now + max(wanted_s, MIN_SE_S) / 2 if wanted_s else None)
            return
        self._over_at = now + terms.give_up_after_s
        self._wake_at(now + terms.refresh_after_s if terms.we_refresh else self._over_at)

    def stop(self) -> None:
        self._running = False
        self._wake_at(None)

    def wake(self, now: float) -> None:
        """Time to refresh, or too late for it."""
        if self._over_at is not None and now >= self._over_at:
            self.stop()
            self._lost(Ending.EXPIRED, now)
        elif self._terms is None:
            self._talk.ask("OPTIONS", self._is_alive, now)
        else:
            self._wake_at(self._over_at)
            self._refresh(self._terms, now)

    def _refresh(self, terms: Terms, now: float) -> None:
        """UPDATE where the peer knows it: it needs no offer. Else a re-INVITE that repeats our last one (7.4)."""
        headers = asked(terms.seconds, self._least_s, "uac")
        if "UPDATE" in self._talk.peer_methods:
            self._talk.ask("UPDATE", self._refreshed, now, headers)
        else:
            self._talk.offering = True
            self._talk.ask("INVITE", self._reinvited, now, headers, self._talk.sdp)

    def _reinvited(self, outcome: Outcome, now: float) -> None:
        self._talk.offering = False
        answer = outcome.response.sdp if outcome.succeeded and outcome.response is not None else None
        if self._running and answer is not None and answer != self._talk.peer_sdp:
            self._talk.peer_sdp = answer
            self._talk.endpoint.emit(Renegotiated(self._talk.key, answer))
        self._refreshed(outcome, now)

    def _refreshed(self, outcome: Outcome, now: float) -> None:
        if not self._running or self._terms is None:
            return
        response = outcome.response
        if outcome.is_the_end:
            self.stop()
            self._lost(Ending.LOST, now)
        elif outcome.succeeded and response is not None:
            self._talk.learn(response)
            self.agreed(agreed_by_client(response), now)
        elif outcome.status == 422 and response is not None and min_se(response) > self._least_s:
            self._least_s = min_se(response)
            self._refresh(Terms(self._least_s, we_refresh=True), now)
        elif self._over_at is not None:
            self._wake_at(min(now + self._pause_s(outcome.status, response), self._over_at))

    def _is_alive(self, outcome: Outcome, now: float) -> None:
        if not self._running or self._terms is not None:
            return
        if outcome.response is not None:
            self._unreached_since = None
        elif self._unreached_since is None:
            self._unreached_since = now
        if outcome.is_the_end or (self._unreached_since is not None and now - self._unreached_since >= UNREACHED_S):
            self.stop()
            self._lost(Ending.LOST, now)
        elif self._unreached_since is not None:
            self._wake_at(now + AGAIN_S)
        else:
            self.agreed(None, now)

    def _pause_s(self, status: int, response: Response | None) -> float:
        """After a collision the two sides wait for different times (RFC 3261 14.1)."""
        if status == 491:
            low, high = (2.1, 4.0) if self._talk.we_called else (0.0, 2.0)
            return low + self._talk.endpoint.chance() * (high - low)
        return (response.retry_after_s if response is not None else None) or AGAIN_S

    def _wake_at(self, at: float | None) -> None:
        self._talk.endpoint.sleepers.set(self, at)
