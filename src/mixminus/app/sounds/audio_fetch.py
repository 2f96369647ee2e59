"""Audio for `<Play>` over the node's own HTTP client: signed like any webhook, redirects followed, size bounded."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from mixminus.prompts.prompt import Fetched, PromptError
from mixminus.webhooks import policy
from mixminus.webhooks.contract import HttpFailure, WebhookCall
from mixminus.webhooks.fetching import Courier
from mixminus.webhooks.overrides import split_overrides
from mixminus.webhooks.request import build

MAX_AUDIO_BYTES: Final = 64 << 20


class AudioFetch:
    """Implements the port of `prompts` (`prompts.prompt.Fetch`). `<Play>` sends no call parameters."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier

    async def __call__(self, url: str, headers: Mapping[str, str]) -> Fetched:
        """GET *url*. Raises `PromptError` with the webhook codes."""
        try:
            return await self._get(url, headers)
        except HttpFailure as failure:
            raise PromptError(failure.code, failure.message) from failure

    async def _get(self, url: str, headers: Mapping[str, str]) -> Fetched:
        overridden = split_overrides(url)
        call = WebhookCall(overridden.url, "GET", ())
        for _ in range(policy.MAX_REDIRECTS + 1):
            token = self._courier.new_token()
            request = build(call, self._courier.auth_token, token, overridden.limits, tuple(headers.items()))
            answer = await self._courier.fetch(replace(request, max_body_bytes=MAX_AUDIO_BYTES, unread_types=()))
            follow = policy.redirected(call, answer)
            if follow is None:
                return Fetched(answer.status, dict(answer.headers), answer.body)
            call = follow
        raise HttpFailure(policy.TOO_MANY_REDIRECTS, "3xx", f"More than {policy.MAX_REDIRECTS} redirects")
