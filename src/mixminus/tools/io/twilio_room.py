"""The agent's conference through the official SDK: against a Mixminus node or Twilio's cloud, unchanged."""

from collections.abc import Awaitable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar

import aiohttp
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from mixminus.tools.conference import Present
from mixminus.tools.errors import RateLimited, TimedOut, ToolError

Value = TypeVar("Value")

TOO_MANY: Final = 429
UNAVAILABLE: Final = 503
FORBIDDEN: Final = 403
BROKEN: Final = frozenset({500, 502, 504})
"""Answers that leave open whether it happened."""


class TellingHttpClient(AsyncHttpClient):  # type: ignore[misc]
    """A transport of the SDK whose refusals and silences become ours; `Retry-After` is read, which the SDK drops."""

    def __init__(self, transport: AsyncHttpClient) -> None:
        super().__init__(transport.logger, True)
        self._transport = transport

    async def request(self, *given: Any, **named: Any) -> Response:
        try:
            answer = await self._transport.request(*given, **named)
        except aiohttp.ClientConnectorError as error:
            raise RateLimited(f"the server cannot be reached: {error.strerror}") from None
        except (TimeoutError, aiohttp.ClientError):
            raise TimedOut("the server did not answer") from None
        status = int(answer.status_code)
        if status in (TOO_MANY, UNAVAILABLE):
            raise RateLimited("the server is busy", retry_after_s=retry_after_s(answer.headers or {}))
        if status in BROKEN:
            raise TimedOut(f"the server failed ({status})")
        return answer


def retry_after_s(headers: Any, now: datetime | None = None) -> float | None:
    """Seconds that `Retry-After` asks for, by a number or a date (RFC 9110, 10.2.3); None if it says nothing."""
    said = next((str(value) for name, value in dict(headers).items() if name.lower() == "retry-after"), "").strip()
    if said.isdecimal():
        return float(said)
    try:
        until = parsedate_to_datetime(said)
    except (TypeError, ValueError):
        return None
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds()) if until.tzinfo else None


class TwilioRoom:
    """The conference named *conference* (a name or a SID), or none: then there is only the agent's own call."""

    def __init__(self, client: Client, own_call_sid: str, conference: str) -> None:
        self._client = client
        self._own_call_sid = own_call_sid
        self._named = conference
        self._sid = conference if conference.startswith("CF") and len(conference) == 34 else ""

    async def participants(self) -> list[Present]:
        room = self._client.conferences(await self._conference())
        found = await _told(room.participants.list_async(limit=250))
        return [Present(leg.call_sid, leg.label or "", str(leg.status)) for leg in found]

    async def add(self, to: str, label: str, *, from_: str, ring_s: int) -> None:
        room = self._client.conferences(await self._conference())
        await _told(
            room.participants.create_async(
                from_=from_,
                to=to,
                label=label,
                timeout=ring_s,
                early_media=False,
                beep="false",  # the caller is not to notice, and an agent's detector takes it for speech
                end_conference_on_exit=False,
            )
        )

    async def hold(self, call_sid: str, *, held: bool) -> None:
        await self._update(call_sid, hold=held)

    async def coach(self, call_sid: str, whom: str) -> None:
        await self._update(call_sid, coaching=True, call_sid_to_coach=whom)

    async def remove(self, call_sid: str) -> None:
        room = self._client.conferences(await self._conference())
        await _told(room.participants(call_sid).delete_async())

    async def message(self, to: str, body: str, *, from_: str) -> str:
        return str((await _told(self._client.messages.create_async(to=to, body=body, from_=from_))).sid)

    async def end(self) -> None:
        if not self._named:
            await _told(self._client.calls(self._own_call_sid).update_async(status="completed"))
            return
        try:
            await self._client.conferences(await self._conference()).update_async(status="completed")
        except TwilioRestException as error:
            if error.status != FORBIDDEN:
                raise _refused(error) from None
            await self._remove_all()

    async def _remove_all(self) -> None:
        """What the key of a moderator can do instead: everybody out, and itself the last."""
        present = [leg.call_sid for leg in await self.participants()]
        for call_sid in sorted(present, key=lambda sid: sid == self._own_call_sid):
            await self.remove(call_sid)

    async def _update(self, call_sid: str, **what: object) -> None:
        room = self._client.conferences(await self._conference())
        await _told(room.participants(call_sid).update_async(**what))

    async def _conference(self) -> str:
        """The SID of the live conference; it does not change while the agent is in it."""
        if not self._named:
            raise ToolError("this call is in no conference")
        if not self._sid:
            live = self._client.conferences.list_async(friendly_name=self._named, status="in-progress", limit=1)
            found = await _told(live)
            if not found:
                raise ToolError(f"the conference {self._named!r} has not begun, or is over")
            self._sid = str(found[0].sid)
        return self._sid


def _refused(error: TwilioRestException) -> ToolError:
    return ToolError(f"{error.msg} (code {error.code or error.status})")


async def _told(asked: Awaitable[Value]) -> Value:
    """The SDK's answer, its refusals as ours."""
    try:
        return await asked
    except TwilioRestException as error:
        raise _refused(error) from None
    except TwilioException as error:
        raise ToolError(str(error)) from None
