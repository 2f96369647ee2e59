"""A service of other people: it refuses, is late, breaks off, and logs every effect that it really had.

Each request key has a plan of faults, drawn from a seed, that ends before the callers' patience does.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from aiohttp import web

FAULTS: Final = ("busy", "unavailable", "late", "done but late", "broken off", "done but broken off")
FOR_EVER_S: Final = 1.0
"""Longer than anybody waits here."""


class FaultyService:
    """`async with FaultyService(seed) as service`; `effects` is everything that happened, in order."""

    def __init__(self, seed: int) -> None:
        self.effects: list[str] = []
        self.on_effect: Callable[[int], None] = lambda count: None
        """Told after each effect, before anybody is answered, how many there were."""
        self.asked: Counter[str] = Counter()
        self.injected: Counter[str] = Counter()
        self.is_faulty = True
        self.url = ""
        self._seed = seed
        self._plans: dict[str, list[str]] = {}

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/bookings/{key}", self._book)
        app.router.add_post("/payments/{key}", self._pay)
        app.router.add_get("/payments/{key}", self._paid)
        app.router.add_get("/prices/{thing}", self._price)
        self._runner = web.AppRunner(app, shutdown_timeout=0.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _book(self, request: web.Request) -> web.StreamResponse:
        """Knows its keys: the same one has one effect."""
        effect = f"book {request.match_info['key']}"
        return await self._obey(request, None if effect in self.effects else effect, "booked")

    async def _pay(self, request: web.Request) -> web.StreamResponse:
        """Knows no keys: who asks twice pays twice."""
        return await self._obey(request, f"pay {request.match_info['key']}", "paid")

    async def _paid(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(f"pay {request.match_info['key']}" in self.effects)

    async def _price(self, request: web.Request) -> web.StreamResponse:
        return await self._obey(request, None, len(request.match_info["thing"]))

    async def _obey(self, request: web.Request, effect: str | None, answer: object) -> web.StreamResponse:
        fault = self._next_fault(request.path)
        self.asked[request.path] += 1
        self.injected[fault] += 1
        if effect is not None and (fault == "none" or fault.startswith("done")):
            self.effects.append(effect)
            self.on_effect(len(self.effects))
        match fault:
            case "busy":
                return web.json_response({}, status=429, headers={"Retry-After": "0.02"})
            case "unavailable":
                return web.json_response({}, status=503)
            case "late" | "done but late":
                await asyncio.sleep(FOR_EVER_S)
            case "broken off" | "done but broken off":
                assert request.transport is not None
                request.transport.abort()
        return web.json_response(answer)

    def _next_fault(self, path: str) -> str:
        if not self.is_faulty:
            return "none"
        if path not in self._plans:
            luck = random.Random(f"{self._seed} {path}")
            self._plans[path] = luck.choices(FAULTS, k=luck.randrange(3))
        plan = self._plans[path]
        return plan.pop() if plan else "none"
