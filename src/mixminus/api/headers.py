"""The headers that Twilio puts on every answer (reference, 0), as ASGI middleware."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mixminus.base.clock import Clock
from mixminus.base.sids import REQUEST, Sids


class TwilioHeaders:
    """Numbers requests, times them, and says how many are under way."""

    def __init__(self, app: ASGIApp, clock: Clock, sids: Sids) -> None:
        self._app = app
        self._clock = clock
        self._sids = sids
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = self._clock.now()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Twilio-Request-Id"] = self._sids.new(REQUEST)
                headers["Twilio-Request-Duration"] = f"{self._clock.now() - began:.3f}"
                headers["Twilio-Concurrent-Requests"] = str(self._under_way)
            await send(message)

        self._under_way += 1
        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            self._under_way -= 1
