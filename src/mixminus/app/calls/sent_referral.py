"""A REFER of ours, and what its far end says about it."""

import asyncio
from typing import Final

from mixminus.sip.contract import ReferAnswered, ReferReported

PATIENCE_S: Final = 180.0
"""Without any news for so long there will be none (as for an INVITE: RFC 3261 16.6, timer C)."""


class SentReferral:
    """`None`: nothing was said."""

    def __init__(self) -> None:
        self.refer_code: int | None = None
        self.notify_code: int | None = None
        self._news = asyncio.Event()
        self._is_over = False

    def heard(self, event: ReferAnswered | ReferReported) -> None:
        match event:
            case ReferAnswered(_, status):
                self.refer_code = status
                self._is_over = self._is_over or status >= 300
            case ReferReported(_, status, is_over):
                self.notify_code = status if status is not None else self.notify_code
                self._is_over = self._is_over or is_over
        self._news.set()

    async def concluded(self) -> None:
        """Returns when the REFER was refused, its outcome was told, or nobody says anything more.

        The outcome may overtake the answer to the REFER (RFC 3515 2.4.4).
        """
        while not (self._is_over and self.refer_code is not None):
            self._news.clear()
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await self._news.wait()
            except TimeoutError:
                return
