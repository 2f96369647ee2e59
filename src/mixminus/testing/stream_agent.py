"""The far end of a Media Stream in a test: an application that listens and speaks, without a socket.

    agent = world.agents.at("wss://agent.example.com/media")
    agent.echoes()

Written from Twilio's documents alone: nothing is shared with the node.
"""

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import av
import numpy as np

from mixminus.testing import detection
from mixminus.testing.agent_call import AgentCall
from mixminus.testing.far_socket import FarSocket, Listener
from mixminus.testing.g711 import PCMU, Samples
from mixminus.testing.palette import FREQUENCIES_HZ

RATE_HZ: Final = 8_000

Message = Mapping[str, Any]


class StreamConversation(FarSocket):
    """One WebSocket, from the upgrade to the end."""

    def __init__(
        self,
        url: str,
        headers: tuple[tuple[str, str], ...],
        listener: Listener,
        react: Callable[["StreamConversation", Message], None],
    ) -> None:
        super().__init__(url, headers, listener)
        self.messages: list[tuple[float, Message]] = []
        """All that the node said, and when."""
        self._react = react
        self._changed = asyncio.Event()
        self._call: AgentCall | None = None

    # --- the node's side (AgentSocket) ----------------------------------------------------------------------------

    def send(self, message: bytes) -> None:
        if self.is_open:
            said = json.loads(message)
            self.messages.append((self._loop.time(), said))
            self._changed.set()
            if self._call is not None:
                self._call.received(said)
            self._react(self, said)

    # --- ours: both ways ------------------------------------------------------------------------------------------

    @property
    def call(self) -> AgentCall:
        """The same stream as a call, for `measure_matrix`; it hears from the moment when it is first asked for."""
        if self._call is None:
            self._call = AgentCall(self._tell)
            for message in self.said("start"):
                self._call.received(message)
        return self._call

    # --- ours: what it heard --------------------------------------------------------------------------------------

    def said(self, event: str) -> list[Message]:
        """All messages of one kind."""
        return [message for _, message in self.messages if message["event"] == event]

    @property
    def start(self) -> Message:
        """The body of `start`."""
        (message,) = self.said("start")
        body: Message = message["start"]
        return body

    @property
    def stream_sid(self) -> str:
        return str(self.start["streamSid"])

    @property
    def marks(self) -> list[str]:
        """The names that came back."""
        return [message["mark"]["name"] for message in self.said("mark")]

    def mark_at(self, name: str) -> float:
        """When a mark came back."""
        return next(at for at, one in self.messages if one["event"] == "mark" and one["mark"]["name"] == name)

    def frames(self, track: str = "inbound", participant: str | None = None) -> list[bytes]:
        """All audio of a track, message by message."""
        return [
            base64.b64decode(message["media"]["payload"])
            for _, message in self.messages
            if message["event"] == "media"
            and (message["media"]["track"], message["media"].get("participant")) == (track, participant)
        ]

    def heard(self, seconds: float, track: str = "inbound", participant: str | None = None) -> Samples:
        """The last audio of a track, at the rate of the stream."""
        frames = self.frames(track, participant)
        if self.encoding == "audio/opus":
            return _opus_decoded(frames)[-round(self.rate_hz * seconds) :]
        octets = b"".join(frames[-round(50 * seconds) :])
        if self.encoding == "audio/x-l16":
            return np.frombuffer(octets, "<i2").astype(np.int16)
        return PCMU.decode(octets)

    def hears(
        self, track: str = "inbound", seconds: float = 0.1, *, participant: str | None = None
    ) -> frozenset[int]:
        """The notes in the last audio of a track."""
        samples = self.heard(seconds, track, participant)[:: self.rate_hz // RATE_HZ]
        return detection.chord(samples, FREQUENCIES_HZ) if len(samples) else frozenset()

    @property
    def encoding(self) -> str:
        return str(self.start["mediaFormat"]["encoding"])

    @property
    def rate_hz(self) -> int:
        return int(self.start["mediaFormat"]["sampleRate"])

    def loudest(self, seconds: float, track: str = "inbound") -> int:
        """The peak of the last audio of a track; 0 is perfect silence."""
        return int(np.abs(self.heard(seconds, track).astype(int)).max(initial=0))

    async def until(self, event: str, *, within_s: float = 2.0) -> Message:
        """The first message of a kind, also one that is here already. Raises `TimeoutError`."""
        async with asyncio.timeout(within_s):
            while not self.said(event):
                self._changed.clear()
                await self._changed.wait()
        return self.said(event)[0]

    # --- ours: what it says ---------------------------------------------------------------------------------------

    def say(self, samples: Samples) -> None:
        """Audio at the stream's rate, all at once; Opus wants packets (`say_octets`)."""
        is_linear = self.encoding == "audio/x-l16"
        self.say_octets(samples.astype("<i2").tobytes() if is_linear else PCMU.encode(samples))

    def say_octets(self, octets: bytes) -> None:
        self.tell("media", media={"payload": base64.b64encode(octets).decode()})

    def hum(self, hertz: int, seconds: float) -> None:
        """A note, all at once."""
        time = np.arange(round(seconds * self.rate_hz)) / self.rate_hz
        self.say(np.round(3_000 * np.sin(2 * np.pi * hertz * time)).astype(np.int16))

    def mark(self, name: str) -> None:
        self.tell("mark", mark={"name": name})

    def clear(self) -> None:
        self.tell("clear")

    def tell(self, event: str, **fields: Any) -> None:
        self.throw(json.dumps({"event": event, "streamSid": self.stream_sid, **fields}).encode())

    def _tell(self, message: Message) -> None:
        self.throw(json.dumps(message).encode())

    def _end(self, complaint: str | None) -> None:
        if self.is_open and self._call is not None:
            self._call.closed()
        super()._end(complaint)


def _opus_decoded(packets: list[bytes]) -> Samples:
    """At 48 kHz."""
    decoder: Any = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = 48_000, "mono"
    decoder.open()
    frames = [frame.to_ndarray().reshape(-1) for packet in packets for frame in decoder.decode(av.Packet(packet))]
    return np.concatenate([np.zeros(0, np.int16), *frames]).astype(np.int16)


def _listen(conversation: StreamConversation, message: Message) -> None:
    """Say nothing."""


@dataclass(slots=True)
class StreamAgent:
    """An application at one URL; every stream to it is a conversation."""

    conversations: list[StreamConversation] = field(default_factory=list)
    refusal: int | None = None
    """With which of Twilio's numbers an upgrade fails."""
    delay_s: float = 0.0
    react: Callable[[StreamConversation, Message], None] = _listen
    _dialled: asyncio.Event = field(default_factory=asyncio.Event)

    def echoes(self) -> None:
        """Say again whatever is heard."""

        def echo(conversation: StreamConversation, message: Message) -> None:
            if message["event"] == "media":
                conversation.tell("media", media={"payload": message["media"]["payload"]})

        self.react = echo

    def refuses(self, code: int = 31920) -> None:
        """Answer no upgrade."""
        self.refusal = code

    async def conversation(self, number: int = 0, *, within_s: float = 3.0) -> StreamConversation:
        """The first stream to it, or a later one, once it has begun."""
        async with asyncio.timeout(within_s):
            while len(self.conversations) <= number:
                self._dialled.clear()
                await self._dialled.wait()
            await self.conversations[number].until("start")
        return self.conversations[number]

    def dialled(self, conversation: StreamConversation) -> None:
        self.conversations.append(conversation)
        self._dialled.set()
