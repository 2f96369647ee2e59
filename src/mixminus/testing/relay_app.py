"""The far end of a ConversationRelay in a test: an application that reads and writes, without a socket.

    app = world.agents.relay_at("wss://app.example.com/relay")
    talk = await app.conversation()
    talk.say("Hello.")
    await talk.until("prompt")

Written from Twilio's documents alone: nothing is shared with the node.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mixminus.testing.far_socket import FarSocket, Listener

Message = Mapping[str, Any]


class RelayConversation(FarSocket):
    """One WebSocket, from the upgrade to the end."""

    def __init__(self, url: str, headers: tuple[tuple[str, str], ...], listener: Listener) -> None:
        super().__init__(url, headers, listener)
        self.messages: list[tuple[float, Message]] = []
        """All that the node said, and when."""
        self._changed = asyncio.Event()

    # --- the node's side (AgentSocket) ----------------------------------------------------------------------------

    def send(self, message: bytes) -> None:
        if self.is_open:
            self.messages.append((self._loop.time(), json.loads(message)))
            self._changed.set()

    # --- ours: what it was told -----------------------------------------------------------------------------------

    def told(self, kind: str) -> list[Message]:
        """All messages of one type."""
        return [message for _, message in self.messages if message["type"] == kind]

    def told_at(self, kind: str) -> list[float]:
        """When they came."""
        return [at for at, message in self.messages if message["type"] == kind]

    @property
    def kinds(self) -> list[str]:
        """The types of all messages, in order."""
        return [str(message["type"]) for _, message in self.messages]

    async def until(self, kind: str, count: int = 1, *, within_s: float = 10.0) -> Message:
        """The message of a type with that number, also one that is here already. Raises `TimeoutError`."""
        async with asyncio.timeout(within_s):
            while len(self.told(kind)) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.told(kind)[count - 1]

    # --- ours: what it says ---------------------------------------------------------------------------------------

    def say(self, *tokens: str, last: bool = True, **fields: Any) -> None:
        """Text; the last token ends the talk cycle, unless *last* says no."""
        for number, token in enumerate(tokens, 1):
            self.tell("text", token=token, last=last and number == len(tokens), **fields)

    def tell(self, kind: str, **fields: Any) -> None:
        self.throw(json.dumps({"type": kind, **fields}).encode())


@dataclass(slots=True)
class RelayApp:
    """An application at one URL; every session is a conversation."""

    conversations: list[RelayConversation] = field(default_factory=list)
    refusal: int | None = None
    """With which of Twilio's numbers for streams an upgrade fails."""
    _dialled: asyncio.Event = field(default_factory=asyncio.Event)

    async def conversation(self, number: int = 0, *, within_s: float = 3.0) -> RelayConversation:
        """The first session, or a later one, once it has begun."""
        async with asyncio.timeout(within_s):
            while len(self.conversations) <= number:
                self._dialled.clear()
                await self._dialled.wait()
            await self.conversations[number].until("setup")
        return self.conversations[number]

    def dialled(self, conversation: RelayConversation) -> None:
        self.conversations.append(conversation)
        self._dialled.set()
