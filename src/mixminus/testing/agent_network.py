"""Where a node in a test reaches the agents of its streams: the one place that knows both sides."""

import asyncio

from mixminus.streams.contract import AgentListener, Fault, StreamError, Upgrade
from mixminus.streams.faults import BROKEN_PIPE, CONNECT_REFUSED
from mixminus.testing.relay_app import RelayApp, RelayConversation
from mixminus.testing.stream_agent import StreamAgent, StreamConversation


class _Ear:
    """The node's end, as an agent sees it."""

    def __init__(self, listener: AgentListener) -> None:
        self._listener = listener

    def received(self, data: bytes, *, is_text: bool) -> None:
        self._listener.received(data, is_text=is_text)

    def closed(self, complaint: str | None) -> None:
        self._listener.closed(None if complaint is None else Fault(BROKEN_PIPE, complaint))


class AgentNetwork:
    """Agents by URL without query."""

    def __init__(self) -> None:
        self._agents: dict[str, StreamAgent] = {}
        self._relays: dict[str, RelayApp] = {}

    def at(self, url: str) -> StreamAgent:
        """The application there; a new one says nothing."""
        return self._agents.setdefault(url, StreamAgent())

    def relay_at(self, url: str) -> RelayApp:
        """The same for an application of ConversationRelay."""
        return self._relays.setdefault(url, RelayApp())

    async def dial(self, upgrade: Upgrade, listener: AgentListener) -> StreamConversation | RelayConversation:
        """What the node calls to open a WebSocket."""
        if (app := self._relays.get(upgrade.url.partition("?")[0])) is not None:
            if app.refusal is not None:
                raise StreamError(app.refusal, "The application did not accept the upgrade")
            session = RelayConversation(upgrade.url, upgrade.headers, _Ear(listener))
            app.dialled(session)
            return session
        agent = self._agents.get(upgrade.url.partition("?")[0])
        if agent is None:
            raise StreamError(CONNECT_REFUSED, "The connection was refused")
        await asyncio.sleep(agent.delay_s)
        if agent.refusal is not None:
            raise StreamError(agent.refusal, "The agent did not accept the upgrade")
        conversation = StreamConversation(upgrade.url, upgrade.headers, _Ear(listener), agent.react)
        agent.dialled(conversation)
        return conversation
