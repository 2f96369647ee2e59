"""What an answer is worth, where a redirect leads, and whether to try again: pure functions."""

import re
from typing import Final
from urllib.parse import urljoin

from mixminus.webhooks.contract import HttpAnswer, HttpFailure, HttpRequest, Limits, WebhookCall

RETRIEVAL_FAILED: Final = 11200
TOTAL_TIME_EXCEEDED: Final = 11203
TOO_MANY_REDIRECTS: Final = 11215
TOO_LARGE: Final = 11750

MAX_REDIRECTS: Final = 10

TO_GET: Final = frozenset({301, 302, 303})
AS_IT_WAS: Final = frozenset({307, 308})


def failure(answer: HttpAnswer) -> HttpFailure | None:
    """None for an answer that can be used: 2xx."""
    if 200 <= answer.status < 300:
        return None
    kind = f"{answer.status // 100}xx"
    return HttpFailure(RETRIEVAL_FAILED, kind, f"{shown(answer.url)} answered {answer.status}")


def redirected(call: WebhookCall, answer: HttpAnswer) -> WebhookCall | None:
    """What to ask instead, if the answer is a redirect.

    301, 302 and 303 turn a POST into a GET and lose the parameters; 307 and 308 repeat the request (RFC 9110, 15.4).
    A GET's parameters were part of the URL that has now been replaced.
    """
    location = answer.header("location")
    if location is None or answer.status not in TO_GET | AS_IT_WAS:
        return None
    try:
        url = urljoin(call.url.partition("#")[0], location)
    except ValueError:
        raise HttpFailure(RETRIEVAL_FAILED, "3xx", f"{shown(answer.url)} redirects to what is no URL") from None
    if answer.status in TO_GET or call.method.upper() == "GET":
        return WebhookCall(url, "GET", ())
    return WebhookCall(url, call.method, call.parameters)


def worth_retrying(kind: str, tries: int, elapsed_ms: float, limits: Limits) -> bool:
    """Whether to ask again after *tries* failed ones. `total_ms` spans all of them (twilio-conference-api 10.1)."""
    return kind in limits.retry_on and tries <= limits.retries and elapsed_ms < limits.total_ms


def shown(url: str) -> str:
    """A URL fit for messages and logs: without user, query and fragment, where passwords and phone numbers are."""
    bare = re.sub(r"//[^/]*@", "//", re.split(r"[?#]", url, maxsplit=1)[0])
    return bare if len(bare) <= 200 else f"{bare[:197]}..."


def too_large(request: HttpRequest) -> HttpFailure:
    """The body went on beyond `max_body_bytes`."""
    return HttpFailure(TOO_LARGE, "body", f"{shown(request.url)} answered more than {request.max_body_bytes} bytes")


def body_is_wanted(request: HttpRequest, content_type: str | None) -> bool:
    """Whether a body of that type is to be read at all."""
    return not (content_type or "").strip().lower().startswith(request.unread_types)
