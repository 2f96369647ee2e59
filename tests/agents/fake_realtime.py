"""OpenAI Realtime on loopback, written from its public event tables (twiml-and-streams.md, 8.2 and 8.3).

It hears (energy, in what was really sent to it), answers faster than real time in pieces of odd sizes, cancels a
response when the caller speaks, and refuses what the real one refuses, in its words. A test writes what the
model does next.
"""

import asyncio
import base64
import binascii
import itertools
import json
import random
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import numpy as np
from aiohttp import web

from mixminus.testing.g711 import PCMU

OCTETS_PER_MS: Final = 8
WORDS_A_SECOND: Final = 2.5
LOUD: Final = 400
"""RMS of a frame that the detector takes for speech."""
SPEECH_MS: Final = 60
PACE: Final = 20.0
"""Times real time."""

BETA_NAMES: Final = {
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
    "conversation.item.added": "conversation.item.created",
    "conversation.item.done": None,
}
Event = dict[str, Any]


@dataclass(frozen=True)
class Say:
    words: str

    @property
    def octets(self) -> int:
        return int(len(self.words.split()) / WORDS_A_SECOND * 8_000) + 7  # no whole number of anything


@dataclass(frozen=True)
class Call:
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Fail:
    """The response fails."""

    code: str
    message: str = ""


@dataclass(frozen=True)
class Stall:
    """The response never goes on."""


Deed = Say | Call | Fail | Stall
Turn = tuple[Deed, ...]


@dataclass
class FakeItem:
    id: str
    body: Event
    audio: int = 0
    """Octets, of an assistant's message."""


class FakeRealtime:
    """All sessions. `turns` is what the model does, response by response; then it says "I see."."""

    def __init__(self) -> None:
        self.url = ""
        self.hertz = 440
        """Of the voice."""
        self.turns: deque[Turn] = deque()
        self.transcripts: deque[str] = deque()
        self.sessions: list[FakeSession] = []
        self.refusals: deque[int] = deque()
        """HTTP statuses that the next upgrades are answered with; 0 takes one."""

    def will(self, *turns: Turn | Deed) -> None:
        self.turns.extend(turn if isinstance(turn, tuple) else (turn,) for turn in turns)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != "Bearer sk-test":
            return web.Response(status=401)
        if self.refusals and (status := self.refusals.popleft()):
            return web.Response(status=status)
        assert request.query["model"]
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        session = FakeSession(self, socket, is_beta=request.headers.get("OpenAI-Beta") == "realtime=v1")
        self.sessions.append(session)
        await session.run()
        return socket


class FakeSession:
    """One connection."""

    def __init__(self, service: FakeRealtime, socket: web.WebSocketResponse, *, is_beta: bool) -> None:
        self._service = service
        self._socket = socket
        self._is_beta = is_beta
        self._names = itertools.count(1)
        self._luck = random.Random(7)
        self._number = len(service.sessions) + 1
        self.settings: Event = {}
        self.items: dict[str, FakeItem] = {}
        self._hearing = b""
        self._heard_ms = self._loud_ms = self._quiet_ms = 0
        self._user_item = ""
        self._response = ""
        self._responding: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        await self.send("session.created", session=self._session())
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                await self._told(json.loads(message.data))
        for task in (*self._tasks, *filter(None, [self._responding])):
            task.cancel()

    async def send(self, type_: str, **fields: Any) -> None:
        name = BETA_NAMES.get(type_, type_) if self._is_beta else type_
        if name is not None and not self._socket.closed:
            await self._socket.send_json({"type": name, "event_id": self._name("event"), **fields})

    async def expire(self) -> None:
        """As after sixty minutes."""
        text = "Your session hit the maximum duration of 60 minutes."
        await self._refuse({}, "session_expired", text)
        await self._socket.close(code=1001, message=text.encode())

    def _name(self, kind: str) -> str:
        return f"{kind}_{self._number}x{next(self._names)}"

    def _session(self) -> Event:
        """GA names a type; the beta needs none."""
        return {
            "object": "realtime.session",
            "id": self._name("sess"),
            **({} if self._is_beta else {"type": "realtime"}),
        }

    # --- what a client asks for ---

    async def _told(self, event: Event) -> None:
        match event["type"]:
            case "session.update":
                await self._update(event)
            case "input_audio_buffer.append":
                await self._hear(event)
            case "conversation.item.create":
                await self._create_item(event)
            case "conversation.item.truncate":
                await self._truncate(event)
            case "conversation.item.delete":
                await self._delete(event)
            case "response.create" if self._response:
                text = f"Conversation already has an active response in progress: {self._response}."
                await self._refuse(event, "conversation_already_has_active_response", text)
            case "response.create":
                self._respond()
            case "response.cancel" if not self._response:
                await self._refuse(
                    event, "response_cancel_not_active", "Cancellation failed: no active response found"
                )
            case "response.cancel":
                await self._cancel("client_cancelled")
            case other:
                await self._refuse(event, "unknown_event", f"{other}?")

    async def _refuse(self, event: Event, code: str, message: str) -> None:
        error = {
            "type": "invalid_request_error",
            "code": code,
            "message": message,
            "param": None,
            "event_id": event.get("event_id"),
        }
        await self.send("error", error=error)

    async def _update(self, event: Event) -> None:
        wanted = event["session"]
        known = wanted.get("type") == "realtime" and "voice" not in wanted
        if known == self._is_beta:
            await self._refuse(event, "unknown_parameter", "Unknown parameter: of the other dialect")
            return
        self.settings = wanted
        await self.send("session.updated", session={**self._session(), **wanted})

    @property
    def _detection(self) -> Event:
        if self._is_beta:
            assert self.settings["input_audio_format"] == self.settings["output_audio_format"] == "g711_ulaw"
            found: Event = self.settings["turn_detection"]
        else:
            audio = self.settings["audio"]
            assert audio["input"]["format"] == audio["output"]["format"] == {"type": "audio/pcmu"}
            found = audio["input"]["turn_detection"]
        return found

    async def _create_item(self, event: Event) -> None:
        item = {"id": self._name("item"), **event["item"]}
        calls = {each.body.get("call_id") for each in self.items.values() if each.body["type"] == "function_call"}
        if item["id"] in self.items:
            await self._refuse(event, "item_already_exists", "An item of this id is there")
        elif item["type"] == "function_call_output" and item["call_id"] not in calls:
            await self._refuse(event, "invalid_tool_call_id", "Tool call ID not found in conversation.")
        elif (after := event.get("previous_item_id")) not in (None, "root") and after not in self.items:
            await self._refuse(event, "item_not_found", "The previous item is not there")
        else:
            await self._add(FakeItem(item["id"], item), after)

    async def _add(self, item: FakeItem, after: str | None = None) -> None:
        self.items[item.id] = item
        if after is not None:
            order = [each for each in self.items if each != item.id]
            order.insert(0 if after == "root" else order.index(after) + 1, item.id)
            self.items = {name: self.items[name] for name in order}
        await self.send("conversation.item.added", item=item.body, previous_item_id=None)
        await self.send("conversation.item.done", item=item.body, previous_item_id=None)

    async def _truncate(self, event: Event) -> None:
        item = self.items.get(event["item_id"])
        asked_ms = event["audio_end_ms"]
        if item is None:
            await self._refuse(event, "item_not_found", "There is no such item")
        elif not item.audio or asked_ms == 0:
            await self._refuse(event, "unsupported_content_type", "Only model output audio messages can be truncated")
        elif asked_ms > item.audio / OCTETS_PER_MS:
            text = f"Audio content of {item.audio // OCTETS_PER_MS}ms is already shorter than {asked_ms}ms"
            await self._refuse(event, "invalid_value", text)
        else:
            item.audio = asked_ms * OCTETS_PER_MS
            item.body["content"] = []
            where = {"item_id": item.id, "content_index": 0, "audio_end_ms": asked_ms}
            await self.send("conversation.item.truncated", **where)

    async def _delete(self, event: Event) -> None:
        if self.items.pop(event["item_id"], None) is None:
            await self._refuse(event, "item_not_found", "There is no such item")
        else:
            await self.send("conversation.item.deleted", item_id=event["item_id"])

    # --- hearing ---

    async def _hear(self, event: Event) -> None:
        try:
            self._hearing += base64.b64decode(event["audio"], validate=True)
        except (binascii.Error, ValueError):
            await self._refuse(event, "invalid_value", "Invalid audio")
        while len(self._hearing) >= 160:
            frame, self._hearing = self._hearing[:160], self._hearing[160:]
            self._heard_ms += 20
            loudness = float(np.sqrt(np.mean(PCMU.decode(frame).astype(np.float64) ** 2)))
            await self._detect(is_loud=loudness > LOUD)

    async def _detect(self, *, is_loud: bool) -> None:
        self._loud_ms = self._loud_ms + 20 if is_loud else 0
        self._quiet_ms = 0 if is_loud else self._quiet_ms + 20
        if not self._user_item and self._loud_ms >= SPEECH_MS:
            self._user_item = self._name("item")
            start_ms = max(0, self._heard_ms - self._loud_ms - 300)
            await self.send("input_audio_buffer.speech_started", audio_start_ms=start_ms, item_id=self._user_item)
            if self._response and self._detection["interrupt_response"]:
                await self._cancel("turn_detected")
        elif self._user_item and self._quiet_ms >= self._detection.get("silence_duration_ms", 500):
            item, self._user_item = self._user_item, ""
            await self.send("input_audio_buffer.speech_stopped", audio_end_ms=self._heard_ms, item_id=item)
            await self.send("input_audio_buffer.committed", item_id=item, previous_item_id=None)
            content = [{"type": "input_audio", "transcript": None}]
            await self._add(FakeItem(item, {"id": item, "type": "message", "role": "user", "content": content}))
            self._spawn(self._transcribe(item))
            if self._detection["create_response"] and not self._response:
                self._respond()

    async def _transcribe(self, item: str) -> None:
        """Words come when they come, often after the response has begun."""
        await asyncio.sleep(0.05)
        words = self._service.transcripts.popleft() if self._service.transcripts else "something"
        name = "conversation.item.input_audio_transcription.completed"
        usage = {"type": "duration", "seconds": 1.0}
        await self.send(name, item_id=item, content_index=0, transcript=words, usage=usage)

    # --- responding ---

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _respond(self) -> None:
        self._response = self._name("resp")
        turn = self._service.turns.popleft() if self._service.turns else (Say("I see."),)
        self._responding = asyncio.create_task(self._take_turn(_Response(self, self._response), turn))

    async def _take_turn(self, response: "_Response", turn: Turn) -> None:
        self._now = response
        await response.begin()
        for deed in turn:
            match deed:
                case Say():
                    await response.say(deed)
                case Call():
                    await response.call(deed)
                case Fail(code, message):
                    details = {"type": "failed", "error": {"type": "server_error", "code": code, "message": message}}
                    await self._finish("failed", details)
                    return
                case Stall():
                    await asyncio.Event().wait()
        await self._finish("completed", {"type": "completed"})

    async def _cancel(self, reason: str) -> None:
        assert self._responding is not None
        self._responding.cancel()
        await asyncio.gather(self._responding, return_exceptions=True)
        await self._now.cut()
        await self._finish("cancelled", {"type": "cancelled", "reason": reason})

    async def _finish(self, status: str, details: Event) -> None:
        response, self._response = self._response, ""
        usage = {
            "total_tokens": 30,
            "input_tokens": 20,
            "output_tokens": 10,
            "input_token_details": {"text_tokens": 5, "audio_tokens": 15, "cached_tokens": 0},
            "output_token_details": {"text_tokens": 2, "audio_tokens": 8},
        }
        body = {"id": response, "object": "realtime.response", "status": status, "status_details": details}
        await self.send("response.done", response={**body, "output": self._now.output, "usage": usage})


class _Response:
    """What is made of one response."""

    def __init__(self, session: FakeSession, name: str) -> None:
        self._session = session
        self._name = name
        self.output: list[Event] = []
        self._open: FakeItem | None = None

    async def begin(self) -> None:
        await self._session.send(
            "response.created",
            response={"id": self._name, "object": "realtime.response", "status": "in_progress", "output": []},
        )
        limits = [{"name": "requests", "limit": 100, "remaining": 99, "reset_seconds": 0.6}]
        await self._session.send("rate_limits.updated", rate_limits=limits)

    async def say(self, deed: Say) -> None:
        body: Event = {"type": "message", "role": "assistant", "content": []}
        item = await self._item(body)
        where = {**self._where(item), "content_index": 0}
        audio = PCMU.encode(tone(deed.octets, self._session._service.hertz))
        words = [f"{word} " for word in deed.words.split()]
        told = 0
        while item.audio < len(audio):
            piece = audio[item.audio : item.audio + self._session._luck.randint(1, 2_401)]
            item.audio += len(piece)
            while told < len(words) * item.audio / len(audio):  # words come with their audio, or a little before
                await self._session.send("response.output_audio_transcript.delta", delta=words[told], **where)
                told += 1
            delta = base64.b64encode(piece).decode()
            await self._session.send("response.output_audio.delta", delta=delta, **where)
            await asyncio.sleep(len(piece) / 8_000 / PACE)
        await self._session.send("response.output_audio.done", **where)
        await self._session.send("response.output_audio_transcript.done", transcript=deed.words, **where)
        body["content"] = [{"type": "audio" if self._session._is_beta else "output_audio", "transcript": deed.words}]
        await self._done(item, "completed")

    async def call(self, deed: Call) -> None:
        call_id = self._session._name("call")
        body = {"type": "function_call", "call_id": call_id, "name": deed.name, "arguments": ""}
        item = await self._item(body)
        text = json.dumps(deed.arguments)
        where = {**self._where(item), "call_id": call_id}
        await self._session.send("response.function_call_arguments.delta", delta=text[:5], **where)
        item.body["arguments"] = text
        await self._session.send("response.function_call_arguments.done", arguments=text, name=deed.name, **where)
        await self._done(item, "completed")

    async def cut(self) -> None:
        if self._open is not None:
            await self._done(self._open, "incomplete")

    async def _item(self, body: Event) -> FakeItem:
        item = FakeItem(self._session._name("item"), body)
        body.update(id=item.id, object="realtime.item", status="in_progress")
        self._open = item
        self._session.items[item.id] = item
        where = {"response_id": self._name, "output_index": len(self.output)}
        await self._session.send("response.output_item.added", item=body, **where)
        await self._session.send("conversation.item.added", item=body, previous_item_id=None)
        return item

    def _where(self, item: FakeItem) -> Event:
        return {"response_id": self._name, "item_id": item.id, "output_index": len(self.output)}

    async def _done(self, item: FakeItem, status: str) -> None:
        self._open = None
        item.body["status"] = status
        where = {"response_id": self._name, "output_index": len(self.output)}
        await self._session.send("response.output_item.done", item=item.body, **where)
        self.output.append(dict(item.body))


def tone(octets: int, hertz: int) -> Any:
    return (np.sin(np.arange(octets) * 2 * np.pi * hertz / 8_000) * 8_000).astype(np.int16)


@asynccontextmanager
async def fake_realtime() -> AsyncIterator[FakeRealtime]:
    fake = FakeRealtime()
    app = web.Application()
    app.router.add_get("/v1/realtime", fake.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    fake.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/v1/realtime"
    try:
        yield fake
    finally:
        await runner.cleanup()
