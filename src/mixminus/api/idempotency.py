"""Creates that may be sent again: the same key and parameters get the same answer, and nothing is created twice."""

import asyncio
import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from starlette.responses import Response

from mixminus.api.request import ApiRequest
from mixminus.base.errors import Refusal
from mixminus.calls.records import AnswerRecord
from mixminus.store.contract import Is, Where

HEADERS: Final = ("Idempotency-Key", "I-Twilio-Idempotency-Token")
REPLAYED: Final = "Idempotent-Replayed"
"""A header of answers that were given before."""

KEPT_FOR: Final = timedelta(days=1)
SWEPT_EVERY: Final = timedelta(minutes=1)

INVALID_HEADER: Final = 20001
OTHER_REQUEST: Final = 20409
CREATED: Final = 201

_KEY = re.compile(r"[\x21-\x7e]{1,255}")

Perform = Callable[[ApiRequest], Awaitable[Response]]


class Once:
    """Performs each create once. What was refused has created nothing, so it is tried anew."""

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Event] = {}
        self._swept: datetime | None = None

    async def perform(self, request: ApiRequest, perform: Perform) -> Response:
        """The answer of *perform*, or that of the first such request. Raises 20409 for a key of another request.

        A request that comes while the first one is under way waits for it.
        """
        said = key_of(request)
        if said is None:
            return await perform(request)
        key = f"{request.asker.sid}:{said}"
        while (first := self._under_way.get(key)) is not None:
            await first.wait()
        done = self._under_way[key] = asyncio.Event()
        try:
            return await self._answer(key, request, perform)
        finally:
            del self._under_way[key]
            done.set()

    async def _answer(self, key: str, request: ApiRequest, perform: Perform) -> Response:
        store, now = request.node.store, request.node.clock.utc()
        await self._sweep(request, now)
        fingerprint = fingerprint_of(request)
        kept = await store.query(AnswerRecord, Where("key", Is.EQUAL, key))
        if kept and kept[0].date_created > now - KEPT_FOR:
            return _again(kept[0], fingerprint)
        answer = await perform(request)
        if answer.status_code == CREATED:
            body = bytes(answer.body).decode()
            await store.save(AnswerRecord(key, fingerprint, now, answer.status_code, body))
        return answer

    async def _sweep(self, request: ApiRequest, now: datetime) -> None:
        """Forget what nobody may ask for any more."""
        if self._swept is None or now - self._swept >= SWEPT_EVERY:
            self._swept = now
            await request.node.store.forget(AnswerRecord, Where("date_created", Is.BELOW_OR_EQUAL, now - KEPT_FOR))


def key_of(request: ApiRequest) -> str | None:
    """The idempotency key, by either of its headers. Raises 20001 for one that is none."""
    for header in HEADERS:
        if (said := request.http.headers.get(header)) is not None:
            if not _KEY.fullmatch(said):
                raise Refusal(
                    INVALID_HEADER, 400, f"{header} takes 1 to 255 printable ASCII characters without spaces"
                )
            return said
    return None


def fingerprint_of(request: ApiRequest) -> str:
    """The same for requests that ask for the same thing, in whatever order they say it."""
    asked = [request.path, sorted(request.form.pairs)]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def _again(kept: AnswerRecord, fingerprint: str) -> Response:
    if kept.fingerprint != fingerprint:
        raise Refusal(
            OTHER_REQUEST,
            409,
            "This idempotency key was used for another request within the last day. Draw a new key for each thing to"
            " create, and send the same parameters when you try again.",
        )
    return Response(kept.body, kept.status, {REPLAYED: "true"}, "application/json")
