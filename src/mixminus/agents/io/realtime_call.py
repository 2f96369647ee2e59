"""One call of an agent that is OpenAI Realtime: the stream's WebSocket, the service's, and the bridge between."""

import asyncio
import base64
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from typing import Any, Final

import msgspec
import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from mixminus.agents.description import Agent
from mixminus.agents.io.conversation import Told, Using
from mixminus.agents.io.realtime_socket import ServiceSocket, address, headers
from mixminus.agents.realtime import requests, stream
from mixminus.agents.realtime.bridge import Bridge
from mixminus.agents.realtime.calls import UseTool
from mixminus.agents.realtime.outputs import Clear, Dial, HangUp, Leave, Log, Output, Send, Voice
from mixminus.agents.realtime.playback import Mark, Play
from mixminus.agents.realtime.timers import Wake
from mixminus.agents.start import Start
from mixminus.audio.g711 import encode_ulaw
from mixminus.base.errors import MixminusError
from mixminus.prompts.prompt import PromptError
from mixminus.tools.invocation import ToolCall
from mixminus.tools.io.backplane import Backplane, World

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.agent")

DEAF_CHARACTERS: Final = 16 << 20
"""Waiting to be sent: twice what a stream keeps. Who does not read so much is not there."""


class RealtimeCall:
    """`await RealtimeCall(…).run()` ends with the stream. Raises `BadAgent` without a key."""

    def __init__(
        self, agent: Agent, using: Using, start: Start, websocket: WebSocket, tools: Backplane, world: World
    ) -> None:
        self._agent = agent
        self._using = using
        self._start = start
        self._websocket = websocket
        self._tools = tools
        self._world = world
        self._bridge = Bridge(agent, tools.toolbox, start.stream_sid, world.luck)
        self._headers = headers(agent.realtime, using.environment)
        self._service: ServiceSocket | None = None
        self._to_stream: deque[Play | Mark | Clear] = deque()
        self._waiting_characters = 0
        self._something_to_send = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._armed: Wake | None = None
        """What the timer is for."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._log = log.bind(call_sid=start.call_sid)

    async def run(self) -> Told:
        """Talk until the stream ends."""
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._spawn(self._listen(), "stream in")
        self._spawn(self._speak(), "stream out")
        self._do(self._bridge.begin)
        try:
            await self._over
        finally:
            await self._put_away()
        self._log.info("realtime_spent", **asdict(self._bridge.spending))
        return Told([*self._bridge.history.messages()])

    # --- the stream ---

    async def _listen(self) -> None:
        while (message := await self._websocket.receive())["type"] == "websocket.receive":
            match stream.read(message.get("text") or ""):  # what is binary is none of Twilio's
                case stream.CallerAudio(payload):
                    self._bridge.caller_audio(payload)
                    self._pump()
                case stream.Key(digit):
                    self._do(self._bridge.caller_key, digit)
                case stream.Marked(name):
                    self._do(self._bridge.marked, name)
                case stream.Played(played_ms):
                    self._do(self._bridge.played, played_ms)
                case stream.Stopped():
                    break
        self._end()

    async def _speak(self) -> None:
        while True:
            await self._something_to_send.wait()
            self._something_to_send.clear()
            while self._to_stream:
                output = self._to_stream.popleft()
                self._waiting_characters -= _size(output)
                await self._websocket.send_text(stream.written(output, self._start.stream_sid))

    def _to_caller(self, output: Play | Mark | Clear) -> None:
        if isinstance(output, Clear):  # what it would clear need not be sent
            self._to_stream.clear()
            self._waiting_characters = 0
        self._to_stream.append(output)
        self._waiting_characters += _size(output)
        self._something_to_send.set()
        if self._waiting_characters > DEAF_CHARACTERS:
            self._log.warning("stream_does_not_read")
            self._end()

    # --- the bridge ---

    def _do(self, happens: Callable[..., None], *what: object, **named: object) -> None:
        """Tell the bridge something, and the time, and do what it wants."""
        if not self._over.done():
            happens(*what, self._world.clock.now(), **named)
            self._pump()

    def _pump(self) -> None:
        for output in self._bridge.take():
            self._perform(output)
        if (wake := self._bridge.next_wake) != self._armed:  # fifty times a second it is the same
            self._armed = wake
            if self._timer is not None:
                self._timer.cancel()
            if wake is not None:
                left_s = max(0.0, wake.at - self._world.clock.now())
                self._timer = asyncio.get_running_loop().call_later(left_s, self._woken)

    def _woken(self) -> None:
        self._armed = None
        self._guarded(self._bridge.wake)()

    def _perform(self, output: Output) -> None:
        match output:
            case Play() | Mark() | Clear():
                self._to_caller(output)
            case Send(request):
                if self._service is not None:
                    self._service.send(requests.encode(request))
            case Dial():
                self._dial()
            case HangUp():
                self._hang_up()
            case UseTool():
                self._spawn(self._use(output), f"tool {output.tool}")
            case Voice(text):
                self._spawn(self._voice(text), "voice")
            case Leave():
                self._end()
            case Log(event, is_bad, fields):
                (self._log.warning if is_bad else self._log.info)(event, **fields)

    def _guarded(self, happens: Callable[..., None]) -> Callable[..., None]:
        """As a callback: a mistake of ours ends the call, and is told, wherever it shows."""

        def call(*what: object) -> None:
            try:
                self._do(happens, *what)
            except Exception as error:  # the top of a callback
                self._end(error)

        return call

    def _dial(self) -> None:
        self._hang_up()
        self._service = ServiceSocket(self._guarded(self._bridge.told), self._guarded(self._bridge.broke))
        self._spawn(self._service.open(address(self._agent.realtime), self._headers), "service")

    def _hang_up(self) -> None:
        if self._service is not None:
            self._service.close()
            self._service = None

    async def _use(self, use: UseTool) -> None:
        """A tool belongs to the backplane: when the call ends, it is finished and written down there."""
        call = ToolCall(self._start.session, use.key, use.tool, use.arguments)
        try:
            answer = await self._tools.invoke(call)
            output, is_ok = msgspec.json.encode(answer.for_agent()).decode(), answer.ok
            self._log.info("tool_used", tool=use.tool, outcome=answer.outcome.value)
        except MixminusError as error:
            self._log.error("tool_lost", tool=use.tool, error=str(error))
            output, is_ok = '{"error":"it could not be written down, so it was not done"}', False
        self._do(self._bridge.answered, use.key, output, ok=is_ok)

    async def _voice(self, text: str) -> None:
        try:
            samples = await self._using.models.voice.say(text, self._agent.voice)
            payload = base64.b64encode(encode_ulaw(samples)).decode()
        except PromptError as error:
            self._log.error("voice_failed", error=str(error))
            payload = ""
        self._do(self._bridge.voiced, payload)

    # --- tasks ---

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=f"{name} {self._start.stream_sid}")
        self._tasks.add(task)
        task.add_done_callback(self._task_done)

    def _task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._end(None if isinstance(error, WebSocketDisconnect) else error)

    def _end(self, error: BaseException | None = None) -> None:
        if self._over.done():
            return
        if error is None:
            self._over.set_result(None)
        else:
            self._over.set_exception(error)

    async def _put_away(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._hang_up()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._websocket.client_state is WebSocketState.CONNECTED:
            try:
                await self._websocket.close()
            except (RuntimeError, WebSocketDisconnect):
                pass  # it had left


def _size(output: Play | Mark | Clear) -> int:
    return len(output.payload) if isinstance(output, Play) else 0
