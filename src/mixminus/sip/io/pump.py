"""Drives a SIP agent: feeds it, sends what it owes, tells what happened, arms one timer.

It knows a loop only for its timer, so that an in-memory network under a virtual clock can use it as sockets do.
"""

import asyncio
from collections.abc import Callable

from mixminus.sip.agent import SipAgent
from mixminus.sip.contract import Address, SipEvent, Transmit
from mixminus.sip.tracing.trace import SipTrace


class SipPump:
    """One per agent. Everything happens on the loop's own thread.

    `on_event` may command the agent through `command`; what follows is sent after the handler returns.
    """

    def __init__(
        self,
        agent: SipAgent,
        clock_now: Callable[[], float],
        loop: asyncio.AbstractEventLoop,
        send: Callable[[Transmit], None],
        on_event: Callable[[SipEvent], None],
        trace: SipTrace | None = None,
    ) -> None:
        self.agent = agent
        self._now = clock_now
        self._loop = loop
        self._send = send
        self._on_event = on_event
        self._trace = trace or SipTrace(0)
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for: float | None = None
        self._draining = False

    def receive(self, data: bytes, source: Address) -> None:
        """One message from the network."""
        now = self._now()
        self._trace.received(data, source, now)
        self.agent.receive(data, source, now)
        self.drain()

    def connection_lost(self, address: Address) -> None:
        self.agent.connection_lost(address, self._now())
        self.drain()

    def command(self, action: Callable[[float], object]) -> None:
        """Run one of the agent's commands: `pump.command(lambda now: agent.ring(dialog, now))`."""
        action(self._now())
        self.drain()

    def drain(self) -> None:
        """Send and tell everything that the agent has ready."""
        if self._draining:
            return
        self._draining = True
        try:
            while (output := self.agent.poll()) is not None:
                if isinstance(output, Transmit):
                    self._trace.sent(output, self._now())
                    self._send(output)
                else:
                    self._on_event(output)
        finally:
            self._draining = False
            self._arm()

    def close(self) -> None:
        """Stop the timer. The agent is left as it is."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = self._armed_for = None

    def _arm(self) -> None:
        deadline = self.agent.deadline()
        if deadline == self._armed_for:
            return
        self.close()
        if deadline is not None:
            self._armed_for = deadline
            self._timer = self._loop.call_at(self._loop.time() + (deadline - self._now()), self._due)

    def _due(self) -> None:
        self._timer = self._armed_for = None
        self.agent.handle_timeout(self._now())
        self.drain()
