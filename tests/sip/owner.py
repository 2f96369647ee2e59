"""An agent on loopback sockets whose owner picks up every call."""

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import TypeVar

from mixminus.sip.agent import SipAgent
from mixminus.sip.contract import Address, DialogKey, Invitation, Invited, Listener, SipEvent, Transport
from mixminus.sip.io.listener import SipListener
from mixminus.sip.io.tls import Tls
from mixminus.sip.settings import SipSettings

CALL = DialogKey("call")
Told = TypeVar("Told")


class Owner:
    """`start` puts it on the network."""

    def __init__(self, **settings: object) -> None:
        self.agent = SipAgent(SipSettings(**({"open_to_loopback": True} | settings)), os.urandom)  # type: ignore[arg-type]
        self.listener: SipListener
        self._events: asyncio.Queue[SipEvent] = asyncio.Queue()

    async def start(self, host: str = "127.0.0.1", more: Sequence[Listener] = (), tls: Tls | None = None) -> "Owner":
        self.listener = await SipListener.start(host, 0, self.agent, self.on_event, more=more, tls=tls)
        return self

    async def stop(self) -> None:
        await self.listener.stop()

    def on_event(self, event: SipEvent) -> None:
        self._events.put_nowait(event)
        if isinstance(event, Invited):
            self.command(lambda now: self.agent.answer(event.dialog, b"v=0 answer", now))

    def command(self, action: Callable[[float], object]) -> None:
        self.listener.pump.command(action)

    async def told(self, kind: type[Told]) -> Told:
        """The next event of that kind."""
        async with asyncio.timeout(10):
            while not isinstance(event := await self._events.get(), kind):
                pass
        return event

    def at(self, transport: Transport) -> Listener:
        return next(listener for listener in self.listener.listeners if listener.transport is transport)

    def dial(self, via: Address, target: str = "", offer: bytes = b"v=0", key: DialogKey = CALL) -> None:
        host = f"[{via.host}]" if ":" in via.host else via.host
        target = target or f"sip:you@{host}:{via.port};transport={via.transport}"
        self.command(lambda now: self.agent.invite(Invitation(key, target, via, "sip:me@h", "", offer), now))
