"""Documents that a GET brought, for the next time the server says "not modified"."""

from collections import OrderedDict
from typing import Final

from mixminus.webhooks.contract import HttpAnswer, HttpRequest

MAX_DOCUMENTS: Final = 256
"""Of at most 64 kB each, so 16 MB."""


class DocumentCache:
    """By URL, least recently used goes first. Every use is confirmed by the server: nothing here grows stale."""

    def __init__(self, most: int = MAX_DOCUMENTS) -> None:
        self._most = most
        self._answers: OrderedDict[str, HttpAnswer] = OrderedDict()

    def validators(self, request: HttpRequest) -> tuple[tuple[str, str], ...]:
        """The headers that make a GET conditional."""
        known = self._answers.get(request.url) if request.method == "GET" else None
        if known is None:
            return ()
        named = (("If-None-Match", known.header("etag")), ("If-Modified-Since", known.header("last-modified")))
        return tuple((name, value) for name, value in named if value is not None)

    def settle(self, request: HttpRequest, answer: HttpAnswer) -> HttpAnswer:
        """The answer to go on with: the kept one for 304, else *answer*, which is kept if it may be."""
        if request.method != "GET":
            return answer
        if answer.status == 304 and request.url in self._answers:
            self._answers.move_to_end(request.url)
            return self._answers[request.url]
        if _may_be_kept(answer):
            self._answers[request.url] = answer
            self._answers.move_to_end(request.url)
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)
        return answer


def _may_be_kept(answer: HttpAnswer) -> bool:
    forbidden = "no-store" in (answer.header("cache-control") or "").lower()
    validators = (answer.header("etag") or "") + (answer.header("last-modified") or "")
    return answer.status == 200 and not forbidden and validators != "" and validators.isascii()
