"""One webhook from the question to a usable answer: signing, redirects, retries, cookies, cache.

It waits for nothing but its port, `Fetch`; sockets, files and loops are the port's.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from mixminus.webhooks import policy
from mixminus.webhooks.cache import DocumentCache
from mixminus.webhooks.contract import Attempt, Fetch, HttpAnswer, HttpFailure, Limits, Sent, WebhookCall
from mixminus.webhooks.cookies import CookieJar
from mixminus.webhooks.overrides import OverrideWarning, split_overrides
from mixminus.webhooks.request import build


@dataclass(frozen=True, slots=True)
class Courier:
    """What every webhook of an account is asked with."""

    auth_token: str
    fetch: Fetch
    now: Callable[[], float]
    """Seconds that never go back."""
    new_token: Callable[[], str]
    """A fresh idempotency token."""
    cache: DocumentCache = field(default_factory=DocumentCache)
    on_override: Callable[[WebhookCall, OverrideWarning], None] | None = None
    """Told what a URL's fragment asks for in vain."""
    on_sent: Callable[[Sent], None] | None = None
    """Told of every webhook when it is over, before whoever asked for it. It must not wait."""


async def fetch_document(call: WebhookCall, courier: Courier, cookies: CookieJar | None = None) -> HttpAnswer:
    """Ask, following redirects and trying again as the URL's overrides allow, within `total_ms` for all of it.

    Returns a 2xx answer. Its `url` is the one that answered, as configured or redirected to, with neither overrides
    nor the parameters of a GET: what the document's own relative URLs belong to. Raises `HttpFailure`.
    """
    started_at, attempts = courier.now(), list[Attempt]()
    failure: HttpFailure | None = None
    try:
        return await _fetch(call, courier, cookies, attempts)
    except HttpFailure as failed:
        failure = failed
        raise
    finally:
        if courier.on_sent is not None:
            courier.on_sent(Sent(call, tuple(attempts), courier.now() - started_at, failure))


async def _fetch(
    call: WebhookCall, courier: Courier, cookies: CookieJar | None, attempts: list[Attempt]
) -> HttpAnswer:
    overridden = split_overrides(call.url)
    if courier.on_override is not None:
        for warning in overridden.warnings:
            courier.on_override(call, warning)
    started_at = courier.now()
    jar = CookieJar() if cookies is None else cookies
    token = courier.new_token()
    current = replace(call, url=overridden.url)
    for _ in range(policy.MAX_REDIRECTS + 1):
        exchange = _Exchange(current, courier, jar, token, overridden.limits, started_at, attempts)
        answer = await exchange.with_retries()
        follow = policy.redirected(current, answer)
        if follow is None:
            if (failed := policy.failure(answer)) is not None:
                raise failed
            return replace(answer, url=current.url)
        current = follow
    raise HttpFailure(policy.TOO_MANY_REDIRECTS, "3xx", f"More than {policy.MAX_REDIRECTS} redirects")


@dataclass(frozen=True, slots=True)
class _Exchange:
    """One hop."""

    call: WebhookCall
    courier: Courier
    cookies: CookieJar
    token: str
    limits: Limits
    started_at: float
    attempts: list[Attempt]
    """Those of earlier hops, to which its own are added."""

    async def with_retries(self) -> HttpAnswer:
        """The hop's answer, whatever its status once there is no reason to try again. Raises `HttpFailure`."""
        tries = 0
        while True:
            tries += 1
            try:
                answer = await self._once()
            except HttpFailure as failed:
                if not policy.worth_retrying(failed.kind, tries, self._elapsed_ms(), self.limits):
                    raise
                continue
            failure = policy.failure(answer)
            if failure is None or not policy.worth_retrying(failure.kind, tries, self._elapsed_ms(), self.limits):
                return answer

    async def _once(self) -> HttpAnswer:
        left_ms = int(self.limits.total_ms - self._elapsed_ms())
        if left_ms <= 0:
            raise self._out_of_time()
        request = build(self.call, self.courier.auth_token, self.token, replace(self.limits, total_ms=left_ms))
        cookie = self.cookies.header(request.url)
        extra = self.courier.cache.validators(request) + ((("Cookie", cookie),) if cookie else ())
        attempt = Attempt(self.call.url, self.courier.now())
        self.attempts.append(attempt)
        try:
            answer = attempt.answer = await self.courier.fetch(replace(request, headers=request.headers + extra))
        except HttpFailure as failed:
            attempt.failure = failed
            shared = left_ms < self.limits.total_ms
            if shared and failed.kind == "rt" and self._elapsed_ms() >= self.limits.total_ms - 1:
                raise self._out_of_time() from failed
            raise
        finally:
            attempt.took_s = self.courier.now() - attempt.began_s
        self.cookies.keep(answer)
        return self.courier.cache.settle(request, answer)

    def _out_of_time(self) -> HttpFailure:
        """No single exchange was too slow, but all of them together."""
        message = f"{policy.shown(self.call.url)}, redirects and retries took more than {self.limits.total_ms} ms"
        return HttpFailure(policy.TOTAL_TIME_EXCEEDED, "rt", message)

    def _elapsed_ms(self) -> float:
        return (self.courier.now() - self.started_at) * 1000
