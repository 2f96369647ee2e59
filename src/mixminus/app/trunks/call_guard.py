"""Asks somebody else whether a call may be dialled over a trunk (`call_guard_url`), before anything rings."""

import asyncio
import math
from typing import Final

import msgspec
import structlog

from mixminus.app.trunks.spending import NOT_ALLOWED
from mixminus.base.errors import Refusal
from mixminus.base.types import FormPairs
from mixminus.webhooks.contract import HttpFailure, Purpose, WebhookCall
from mixminus.webhooks.fetching import Courier, fetch_document

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.guard")

PATIENCE_S: Final = 3.0


class _Said(msgspec.Struct):
    """The answer: `{"allow": true, "max_seconds": 600}`, `{"allow": false, "reason": "…"}`."""

    allow: bool
    reason: str = ""
    max_seconds: float | None = None


class CallGuard:
    """One per node. Without a URL it allows everything, and asks nobody."""

    def __init__(self, url: str | None, default: str, courier: Courier) -> None:
        self._url = url
        self._allows_by_default = default == "allow"
        self._courier = courier

    @property
    def is_set(self) -> bool:
        return self._url is not None

    async def ask(self, about: FormPairs) -> float:
        """How many seconds the call may last; infinity: as long as it likes. Raises `Refusal` for a call that is
        denied, also because nobody answered and that is the default.
        """
        said = await self._answer(about)
        if said is None:
            if self._allows_by_default:
                return math.inf
            raise Refusal(NOT_ALLOWED, 403, "call_guard_url gave no usable answer, and call_guard_default is deny.")
        if not said.allow:
            why = said.reason[:200] or "it gave no reason"
            raise Refusal(NOT_ALLOWED, 403, f"The call was denied by call_guard_url: {why}.")
        if said.max_seconds is None or not said.max_seconds > 0:
            return math.inf
        return said.max_seconds

    async def _answer(self, about: FormPairs) -> _Said | None:
        assert self._url is not None
        try:
            async with asyncio.timeout(PATIENCE_S):
                answer = await fetch_document(WebhookCall(self._url, "POST", about, Purpose.GUARD), self._courier)
            return msgspec.json.decode(answer.body, type=_Said)
        except TimeoutError:
            log.warning("the call guard is silent", **dict(about))
        except (HttpFailure, msgspec.DecodeError) as error:
            log.warning("the call guard gave no usable answer", why=str(error), **dict(about))
        return None
