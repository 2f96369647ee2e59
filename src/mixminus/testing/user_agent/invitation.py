"""An INVITE of ours until its final answer: digest, glare-free CANCEL (RFC 3261 sections 9.1, 13.2, 22)."""

import asyncio
from collections.abc import Callable
from typing import Any

from mixminus.testing.network import Address
from mixminus.testing.user_agent.agent import UserAgent
from mixminus.testing.user_agent.message import Request, Response


class Invitation:
    """Used once: await `final`; `cancel` may be called at any time before it returns."""

    def __init__(
        self, agent: UserAgent, request: Request, to: Address, on_provisional: Callable[[Response], None]
    ) -> None:
        self.cancelled = False
        self._agent = agent
        self._to = to
        self._on_provisional = on_provisional
        self._transaction = agent.begin(request, to, on_provisional)

    async def final(self) -> tuple[Request, Response]:
        """The final response, and the request that it answers (another than the first one after a challenge)."""
        response = await self._transaction.final
        retry = self._agent.authorized(self._transaction.request, response)
        if retry is None or self.cancelled:
            return self._transaction.request, response
        self._transaction = self._agent.begin(retry, self._to, self._on_provisional)
        return retry, await self._transaction.final

    async def cancel(self) -> None:
        """Send CANCEL, not before something was heard from the far end (9.1)."""
        if self.cancelled:
            return
        self.cancelled = True
        transaction = self._transaction
        heard = asyncio.ensure_future(transaction.provisional.wait())
        either: set[asyncio.Future[Any]] = {heard, transaction.final}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        heard.cancel()
        if not transaction.final.done():
            await self._agent.begin(transaction.cancel_request(), self._to).final
