"""A node on loopback with a webhook application beside it: what real phones call."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from twilio.rest import Client

from mixminus.app.account import Credentials, credentials
from mixminus.base.settings import DeclaredNumber, Endpoint, PortRange, Settings
from mixminus.base.types import Sid
from mixminus.calls.records import CallRecord
from mixminus.cli.http_server import HttpServer
from mixminus.cli.running import RunningNode
from mixminus.sip.contract import Transport
from mixminus.store.contract import Is, Where
from mixminus.testing import Call, LoopbackNetwork, VirtualPhone, WebhookApp

LOOPBACK = "127.0.0.1"
NUMBER = "+15550001000"
ROOM = '<Response><Dial><Conference beep="false" waitUrl="">room</Conference></Dial></Response>'


async def until(condition: Callable[[], bool], within_s: float = 10.0) -> None:
    """Wait for something in another program, or in a part that tells nobody. Raises `TimeoutError`."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110  nobody could set an event
            await asyncio.sleep(0.02)


async def until_heard(call: Call, note_hz: int, *, heard: bool) -> None:
    """Wait until a note is there, or is not any more."""
    await until(lambda: call.hears(note_hz) is heard)


@dataclass
class Exchange:
    """The node, the application that answers `NUMBER` at `/voice`, and the SDK."""

    node: RunningNode
    app: WebhookApp
    app_url: str
    twilio: Client

    @property
    def sip_port(self) -> int:
        return self.node.sip.port

    def port_of(self, transport: Transport) -> int:
        """Of the first place where SIP is taken over it."""
        wires = self.node.world.sip_listener
        assert wires is not None
        return next(each.port for each in wires.listeners if each.transport is transport)

    def phone(self, user: str, password: str | None = None) -> VirtualPhone:
        return VirtualPhone(LoopbackNetwork(), user=user, server=(LOOPBACK, self.sip_port), password=password)

    def is_registered(self, user: str) -> bool:
        return bool(self.node.world.node.desk.phones(user))

    async def quiet(self) -> None:
        """Wait until nobody is on the phone any more, and everything is written down."""
        await until(lambda: not self.node.world.node.exchange.live_calls)
        await self.node.world.store.flush()

    async def calls(self) -> list[CallRecord]:
        """Every call there ever was, oldest first."""
        return list(await self.node.world.store.query(CallRecord))

    async def call(self, sid: Sid | str) -> CallRecord:
        [found] = await self.node.world.store.query(CallRecord, Where("sid", Is.EQUAL, sid))
        return found


def settings(data: Path, app_url: str, numbers: Mapping[str, str] | None = None, **more: object) -> Settings:
    answered_at = {NUMBER: "/voice", **(numbers or {})}
    at = {"sip": Endpoint(LOOPBACK, 0), "rtp": PortRange(LOOPBACK, 0, 0), **more}
    return Settings(
        data=data,
        http=Endpoint(LOOPBACK, 0),
        numbers=tuple(DeclaredNumber(number, f"{app_url}{path}") for number, path in answered_at.items()),
        **at,  # type: ignore[arg-type]
    )


def account(data: Path) -> Credentials:
    return credentials(data, {}, os.urandom, datetime.now(UTC))


@asynccontextmanager
async def exchange(data: Path, numbers: Mapping[str, str] | None = None, **more: object) -> AsyncIterator[Exchange]:
    """A node that takes calls for `NUMBER`; everybody lands in one room until the application says otherwise.

    More *numbers* are answered at paths of their own.
    """
    app = WebhookApp()
    app.answers("/voice", ROOM)
    server = HttpServer(app)
    at = await server.start(Endpoint(LOOPBACK, 0))
    owner = account(data)
    try:
        async with RunningNode(settings(data, f"http://{at}", numbers, **more), owner) as node:
            twilio = Client(owner.account_sid, owner.auth_token)
            twilio.api.base_url = node.base_url
            yield Exchange(node, app, f"http://{at}", twilio)
    finally:
        await server.stop()
