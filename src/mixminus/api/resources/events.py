"""`/mixminus/v1/Events`: what happens in the account, as it happens, by server-sent events (WHATWG HTML, 9.2)."""

import asyncio
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mixminus.api.form import INVALID_PARAMETER, Form
from mixminus.api.request import EXTRAS, ApiRequest
from mixminus.api.resources.history import iso
from mixminus.api.routes import Operation
from mixminus.app.contract import Node
from mixminus.app.eventlog.event_log import call_of, conference_of, type_of
from mixminus.base.errors import Refusal
from mixminus.calls.records import EventRecord

HEARTBEAT_S: Final = 15.0
SLOW_S: Final = 30.0
"""Who takes nothing for so long is let go; it may come back and go on where it was."""

RETRY_MS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Wish:
    """Which events somebody wants; what is not said is not asked for."""

    types: frozenset[str]
    """Whole ones (`participant-join`), or what they begin with (`participant`)."""
    call_sid: str | None
    conference_sid: str | None

    @classmethod
    def of(cls, form: Form) -> "Wish":
        words = {word.strip() for text in form.texts("Type") for word in text.split(",")}
        return cls(frozenset(words - {""}), form.word("CallSid"), form.word("ConferenceSid"))

    def __call__(self, event: EventRecord) -> bool:
        kind = type_of(event)
        return (
            (not self.types or kind in self.types or kind.partition("-")[0] in self.types)
            and self.call_sid in (None, call_of(event))
            and self.conference_sid in (None, conference_of(event))
        )


class EventStream(Response):
    """Tells events until the client leaves, is too slow, or the node stops."""

    media_type = "text/event-stream"

    def __init__(self, node: Node, after: int, wish: Wish) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._node = node
        self._after = after
        self._wish = wish

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body"})
            return
        both = (asyncio.ensure_future(self._tell(send)), asyncio.ensure_future(_gone(receive)))
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            told, _ = await asyncio.gather(*both, return_exceptions=True)
        if isinstance(told, Exception) and not isinstance(told, TimeoutError):
            raise told

    async def _tell(self, send: Send) -> None:
        async def say(text: str, *, more: bool = True) -> None:
            async with asyncio.timeout(SLOW_S):
                await send({"type": "http.response.body", "body": text.encode(), "more_body": more})

        now = self._node.clock.now
        said_at = now()
        await say(f"retry: {RETRY_MS}\n: from {self._after}\n\n")
        async for events in self._node.logs.events.follow(self._after, HEARTBEAT_S):
            text = "".join(message(self._node.account_sid, event) for event in events if self._wish(event))
            if text or not events or now() - said_at >= HEARTBEAT_S:
                await say(text or ": still here\n\n")
                said_at = now()
        await say("", more=False)


def message(account_sid: str, event: EventRecord) -> str:
    data = json.dumps(event_data(account_sid, event), separators=(",", ":"))
    return f"id: {event.number}\nevent: {type_of(event)}\ndata: {data}\n\n"


def event_data(account_sid: str, event: EventRecord) -> dict[str, Any]:
    return {
        "id": str(event.number),
        "type": type_of(event),
        "timestamp": iso(event.timestamp),
        "account_sid": account_sid,
        "call_sid": call_of(event),
        "conference_sid": conference_of(event),
        "subject_sid": event.subject_sid,
        "sequence_number": event.sequence_number,
        "details": dict(event.details),
    }


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def stream_events(request: ApiRequest) -> Response:
    """Behind `Last-Event-ID` or `After`; from now on when neither is said."""
    return EventStream(request.node, _after(request), Wish.of(request.form))


def _after(request: ApiRequest) -> int:
    said: Iterable[str | None] = (request.http.headers.get("last-event-id"), request.form.word("After"))
    text = next((text for text in said if text), None)
    if text is None:
        return request.node.logs.events.number
    if not re.fullmatch("[0-9]{1,18}", text):
        raise Refusal(INVALID_PARAMETER, 400, "Last-Event-ID and After are the id of an event, or 0")
    return int(text)


OPERATIONS = (Operation("GET", f"{EXTRAS}/Events", stream_events),)
