"""TwiML from where it is: fetched, signed and read, with the fallback that was named for it."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mixminus.base.types import FormPairs
from mixminus.calls.options import Instructions
from mixminus.twiml.context import Context
from mixminus.twiml.document import AudioBody, Document, read_answer, read_document
from mixminus.twiml.effects import GoTo
from mixminus.twiml.errors import TwimlError
from mixminus.webhooks.contract import HttpFailure, Purpose, WebhookCall
from mixminus.webhooks.cookies import CookieJar
from mixminus.webhooks.fetching import Courier, fetch_document

MOST_AT_ONCE: Final = 10
LATELY_S: Final = 8.0


@dataclass(frozen=True, slots=True)
class Opened:
    """A document that was read, and where it came from."""

    document: Document | AudioBody
    context: Context


class Documents:
    """Fetches documents for calls and conferences."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier

    def trail(self, always: Callable[[], FormPairs]) -> "Trail":
        """A way from document to document; *always* tells what every request carries."""
        return Trail(self._courier, always)


class Pace:
    """A few documents may follow one another at once; a loop that does nothing must not hammer its server."""

    def __init__(self) -> None:
        self._asked_at: deque[float] = deque(maxlen=MOST_AT_ONCE)

    async def keep(self) -> None:
        """Wait for a second when there have been too many lately."""
        loop = asyncio.get_running_loop()
        if len(self._asked_at) == MOST_AT_ONCE and loop.time() - self._asked_at[0] < LATELY_S:
            await asyncio.sleep(1.0)
        self._asked_at.append(loop.time())


class Trail:
    """The documents of one call, one after another: cookies stay from the first to the last."""

    def __init__(self, courier: Courier, always: Callable[[], FormPairs]) -> None:
        self._courier = courier
        self._always = always
        self._cookies = CookieJar()
        self._pace = Pace()
        self._last_url = ""
        self._fallback: GoTo | None = None

    async def first(self, instructions: Instructions) -> Opened:
        """What a call begins with. Raises `TwimlError`."""
        if instructions.fallback_url:
            self._fallback = GoTo(instructions.fallback_url, instructions.fallback_method)
        if instructions.url is not None:
            return await self.open(GoTo(instructions.url, instructions.method, instructions.parameters))
        return Opened(read_document((instructions.twiml or "").encode()), Context())

    async def open(self, where: GoTo) -> Opened:
        """Fetch a document and read it. Raises `TwimlError`."""
        await self._pace.keep()
        self._last_url = where.url
        call = WebhookCall(where.url, where.method, (*self._always(), *where.parameters), Purpose.DOCUMENT)
        try:
            answer = await fetch_document(call, self._courier, self._cookies)
        except HttpFailure as failure:
            raise TwimlError(failure.code, failure.message) from failure
        return Opened(read_answer(answer.body, answer.header("content-type")), Context(answer.url))

    @property
    def has_fallback(self) -> bool:
        """Whether there is one that was not tried yet."""
        return self._fallback is not None

    async def fallback(self, code: int) -> Opened:
        """The fallback's document, told what went wrong and where. Only once, and only if there is one."""
        fallback, self._fallback = self._fallback, None
        assert fallback is not None
        told = (("ErrorCode", str(code)), ("ErrorUrl", self._last_url))
        return await self.open(GoTo(fallback.url, fallback.method, told))
