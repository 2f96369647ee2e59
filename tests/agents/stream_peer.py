"""A Media Streams server for tests: a caller who speaks into the agent's socket and listens, 20 ms at a time.

It plays what the agent sends as Twilio does (twiml-and-streams.md, 4.7): a queue of audio and marks, a mark comes
back when the audio before it was played, `clear` empties the queue and returns what is pending. What both sides said
is kept on one clock, and everything is judged from there: `said` and `played` are one frame a tick.
"""

import asyncio
import base64
import json
from collections import deque
from collections.abc import Mapping
from typing import Any, Final, Self

import aiohttp
import numpy as np

from mixminus.testing.g711 import PCMU, Samples

FRAME: Final = 160
TICK_S: Final = 0.02
QUIET: Final = np.zeros(FRAME, np.int16)
LOUD: Final = 300
"""RMS of a frame that holds speech; Flite's pauses are below 50."""


class StreamPeer:
    """`async with StreamPeer(url) as peer`: connected, started, and listening."""

    def __init__(
        self,
        url: str,
        *,
        call_sid: str = "CA" + "1" * 32,
        returns_marks: bool = True,
        reports_played: bool = False,
        parameters: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._url = url
        self._headers = dict(headers or {})
        self.call_sid = call_sid
        self.stream_sid = "MZ" + "9" * 32
        self._parameters = dict(parameters or {})
        self._returns_marks = returns_marks
        self._reports_played = reports_played
        self._said_octets = self._played_octets = 0
        """Since the last `clear`."""
        self._speech: deque[Samples] = deque()
        self._queue: deque[Samples | str] = deque()
        self.said: list[Samples] = []
        self.played: list[Samples] = []
        self.marks: list[str] = []
        self.cleared_at: list[int] = []
        self.closed = asyncio.Event()
        self.close_code: int | None = None
        self._sequence = 0
        self._ticked = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        self._socket = await self._session.ws_connect(self._url, headers=self._headers)
        await self._socket.send_json({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        await self._send(
            "start",
            start={
                "accountSid": "AC" + "1" * 32,
                "streamSid": self.stream_sid,
                "callSid": self.call_sid,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": self._parameters,
            },
        )
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._tick())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._socket.close()
        await self._session.close()

    # What a test does.

    def say(self, samples: Samples) -> None:
        """Speak, after what is being said."""
        padded = np.concatenate([samples, np.zeros(-len(samples) % FRAME, np.int16)])
        self._speech.extend(padded.reshape(-1, FRAME))

    async def press(self, key: str) -> None:
        await self._send("dtmf", dtmf={"track": "inbound_track", "digit": key})

    async def stop(self) -> None:
        """The caller hangs up."""
        await self._send("stop", stop={"accountSid": "AC" + "1" * 32, "callSid": self.call_sid})

    async def send_raw(self, text: str) -> None:
        await self._socket.send_str(text)

    async def send_bytes(self, data: bytes) -> None:
        await self._socket.send_bytes(data)

    async def finished_speaking(self) -> int:
        """The tick at which the caller's last word ended."""
        while self._speech:
            await self._next_tick()
        return last_loud(self.said)

    async def agent_begins(self, since: int, within_s: float = 10.0) -> int:
        """The first tick at or after *since* at which the agent is heard."""
        async with asyncio.timeout(within_s):
            while (found := first_loud(self.played, since)) is None:
                await self._next_tick()
        return found

    async def agent_has_spoken(self, for_s: float, within_s: float = 20.0) -> None:
        """Wait until so much of it was heard, pauses left out; a busy machine takes longer to say it."""
        async with asyncio.timeout(within_s):
            while sum(map(is_loud, self.played)) * TICK_S < for_s:
                await self._next_tick()

    async def agent_quiet(self, for_s: float = 1.0, within_s: float = 40.0) -> None:
        """Wait until the agent has spoken and been silent so long."""
        ticks = int(for_s / TICK_S)
        async with asyncio.timeout(within_s):
            while first_loud(self.played, 0) is None or self._queue or any(map(is_loud, self.played[-ticks:])):
                await self._next_tick()

    @property
    def now(self) -> int:
        """Ticks so far."""
        return len(self.played)

    # What goes on.

    async def _next_tick(self) -> None:
        async with self._ticked:
            await self._ticked.wait()

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self.closed.is_set():
            said = self._speech.popleft() if self._speech else QUIET
            self.said.append(said)
            self.played.append(await self._play())
            payload = base64.b64encode(PCMU.encode(said)).decode()
            ticks = len(self.said)
            await self._send(
                "media",
                media={"track": "inbound", "chunk": str(ticks), "timestamp": str(20 * ticks), "payload": payload},
            )
            async with self._ticked:
                self._ticked.notify_all()
            due += TICK_S
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def _play(self) -> Samples:
        """Play a frame, out of as many messages as it takes; marks that are reached come back."""
        played: list[Samples] = []
        room = FRAME
        while self._queue:
            first = self._queue.popleft()
            if isinstance(first, str):
                await self._return(first)
            elif room == 0:
                self._queue.appendleft(first)
                break
            else:
                played.append(first[:room])
                if len(first) > room:
                    self._queue.appendleft(first[room:])
                room -= len(played[-1])
        self._played_octets += FRAME - room
        return np.concatenate([*played, QUIET[:room]])

    async def _return(self, mark: str) -> None:
        self.marks.append(mark)
        if self._returns_marks:
            await self._send("mark", mark={"name": mark})

    async def _report(self) -> None:
        """As `reportPlayed` of `<Stream>` asks for (docs/streams.md)."""
        said, self._said_octets = self._said_octets, 0
        played, self._played_octets = self._played_octets, 0
        if self._reports_played and said:
            await self._send("played", played={"saidMs": str(said // 8), "playedMs": str(played // 8)})

    async def _listen(self) -> None:
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                await self._told(json.loads(message.data))
        self.close_code = self._socket.close_code
        self.closed.set()

    async def _told(self, message: Mapping[str, Any]) -> None:
        assert message["streamSid"] == self.stream_sid
        match message["event"]:
            case "media":
                samples = PCMU.decode(base64.b64decode(message["media"]["payload"]))
                self._said_octets += len(samples)
                self._queue.append(samples)
            case "mark":
                self._queue.append(message["mark"]["name"])
            case "clear":
                self.cleared_at.append(self.now)
                waiting, self._queue = self._queue, deque()
                for mark in waiting:
                    if isinstance(mark, str):
                        await self._return(mark)
                await self._report()

    async def _send(self, event: str, **body: Any) -> None:
        if self._socket.closed:
            return
        self._sequence += 1
        message = {"event": event, "sequenceNumber": str(self._sequence), "streamSid": self.stream_sid, **body}
        await self._socket.send_json(message)


def is_loud(frame: Samples) -> bool:
    return float(np.sqrt(np.mean(frame.astype(np.float64) ** 2))) > LOUD


def first_loud(frames: list[Samples], since: int) -> int | None:
    return next((tick for tick in range(since, len(frames)) if is_loud(frames[tick])), None)


def last_loud(frames: list[Samples]) -> int:
    return next((tick for tick in range(len(frames) - 1, -1, -1) if is_loud(frames[tick])), 0)


def amplified(samples: Samples, level: float = 2.0) -> Samples:
    """Louder, as close to the mouth as telephones are."""
    louder: Samples = np.clip(samples.astype(np.float32) * level, -32_000, 32_000).astype(np.int16)
    return louder
