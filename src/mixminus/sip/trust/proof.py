"""Who we are, shown to servers that ask (RFC 3261 22, RFC 7616 3.4): a challenge is answered while it holds."""

from collections.abc import Callable
from typing import Final

from mixminus.sip.contract import Credentials
from mixminus.sip.messages.message import HeaderLines, Response
from mixminus.sip.trust.digest import answer_challenge, is_stale

CHALLENGES = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}
"""Where a challenge stands, and where its answer goes."""
MOST_TRIES: Final = 3
"""A proxy asks, the server behind it asks, and a nonce may have become stale in between."""


class Proof:
    """One per call. After the first challenge requests carry credentials unasked, with a growing nonce count, so that
    only the first of a call is sent twice. A server and a proxy before it may both have asked.
    """

    def __init__(self, credentials: Credentials | None, token: Callable[[], str]) -> None:
        self._credentials = credentials
        self._token = token
        self._challenges: dict[str, list[str]] = {}
        self._counts: dict[str, int] = {}

    def lines(self, method: str, uri: str) -> HeaderLines:
        """What to add to a request."""
        found: list[tuple[str, str]] = []
        for header, challenges in self._challenges.items():
            self._counts[header] += 1
            value = self._answer(challenges, method, uri, self._counts[header])
            if value is not None:
                found.append((header, value))
        return tuple(found)

    def learns(self, response: Response, before: int) -> bool:
        """Whether it is worth to send the request again, which was refused for this *before* times already.

        A nonce that we used unasked may have been good for one request only, so a first refusal always is; a further
        one only if the password was right and the nonce was not (22.2), or if another server asks.
        """
        place = CHALLENGES.get(response.status)
        if place is None or self._credentials is None:
            return False
        asks, answers = place
        challenges = response.lines(asks)
        known = answers in self._challenges
        if before >= MOST_TRIES or (before and known and not is_stale(challenges)):
            return False
        if self._answer(challenges, "OPTIONS", "sip:", 1) is None:
            return False
        self._challenges[answers] = challenges
        self._counts[answers] = 0
        return True

    def _answer(self, challenges: list[str], method: str, uri: str, count: int) -> str | None:
        assert self._credentials is not None
        return answer_challenge(challenges, self._credentials, method, uri, self._token(), count)
