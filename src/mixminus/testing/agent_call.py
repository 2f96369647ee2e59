"""An agent's stream as a call: it hums, plays clips and tells what it hears, as phones do.

`measure_matrix` takes phones and agents together. Written from Twilio's documents: nothing is shared with the node.
"""

import asyncio
import base64
from collections.abc import Callable, Mapping
from typing import Any, Final

from mixminus.testing.audible import Audible
from mixminus.testing.detection import CELL, CELL_S
from mixminus.testing.ear import Ear
from mixminus.testing.errors import WrongMoment
from mixminus.testing.g711 import PCMU
from mixminus.testing.rtp import Packet
from mixminus.testing.voice import Silence, Voice

Message = Mapping[str, Any]

AHEAD: Final = 3
"""Frames said ahead of time, as agents do: a late timer of ours leaves no gap."""


class StreamLine:
    """The audio of one stream. Says nothing while its voice is silence; *send* takes a message for the node."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        self.ear = Ear()
        self.voice: Voice = Silence()
        self.keys_heard = ""
        self.stream_sid = ""
        self._send = send
        self._timer: asyncio.TimerHandle | None = None
        self._began_at = 0.0
        self._ticks = 0
        self._ahead = 0

    def received(self, message: Message) -> None:
        """What the node said."""
        match message["event"]:
            case "start":
                self.stream_sid = message["streamSid"]
                self._began_at = asyncio.get_running_loop().time()
                self._tick()
            case "media" if message["media"]["track"] == "inbound":
                media = message["media"]
                at = int(media["timestamp"]) * CELL // 20
                packet = Packet(PCMU.payload_type, int(media["chunk"]), at, 1, base64.b64decode(media["payload"]))
                self.ear.hear(packet, PCMU, asyncio.get_running_loop().time())
            case "dtmf":
                self.keys_heard += message["dtmf"]["digit"]
            case "stop":
                self.close()

    async def press(self, keys: str) -> None:
        """Agents have no keys (twiml-and-streams.md 4.4). Raises `WrongMoment`."""
        raise WrongMoment("an agent cannot press keys")

    def close(self) -> None:
        """Say nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._ticks += 1
        self._timer = asyncio.get_running_loop().call_at(self._began_at + self._ticks * CELL_S, self._tick)
        if isinstance(self.voice, Silence):
            self._ahead = 0
            return
        for _ in range(1 if self._ahead else 1 + AHEAD):
            payload = base64.b64encode(PCMU.encode(self.voice.next_frame())).decode()
            self._send({"event": "media", "streamSid": self.stream_sid, "media": {"payload": payload}})
        self._ahead = AHEAD


class AgentCall(Audible):
    """One stream, from its `start` to its end."""

    line: StreamLine

    def __init__(self, send: Callable[[Message], None]) -> None:
        super().__init__(StreamLine(send))
        self.start: Message = {}
        """The body of `start`."""
        self.is_over = False
        self._changed = asyncio.Event()

    def received(self, message: Message) -> None:
        """What the node said."""
        if message["event"] == "start":
            self.start = message["start"]
        self.line.received(message)

    def closed(self) -> None:
        """The WebSocket is gone."""
        self.line.close()
        self.is_over = True
        self._changed.set()

    async def ended(self, within_s: float | None = None) -> None:
        """Wait for its end. Raises `TimeoutError`."""
        async with asyncio.timeout(within_s):
            await self._changed.wait()
