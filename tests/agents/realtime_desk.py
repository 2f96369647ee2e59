"""A bridge in virtual time: a stream that plays 8 octets a millisecond, and a service that is the test."""

import base64
import json
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from mixminus.agents.description import Agent, Kind
from mixminus.agents.realtime import requests
from mixminus.agents.realtime.bridge import Bridge
from mixminus.agents.realtime.calls import UseTool
from mixminus.agents.realtime.outputs import Clear, Dial, HangUp, Leave, Log, Output, Send, Voice
from mixminus.agents.realtime.playback import Mark, Play, octets
from mixminus.tools.toolbox import Effect, Toolbox

FRAME = base64.b64encode(b"\xff" * 160).decode()


def toolbox() -> Toolbox:
    box = Toolbox()

    @box.tool(Effect.READS)
    def look_up(day: str) -> str:
        """Look up."""
        return day

    @box.tool(Effect.KEYED)
    def escalate(reason: str) -> str:
        """Get a person."""
        return reason

    @box.tool(Effect.SETS)
    def take_note(text: str) -> str:
        """Write down."""
        return text

    @box.tool(Effect.SETS)
    def end_call() -> str:
        """End."""
        return ""

    return box


class Desk:
    """`lag_s` is the way to the stream, and the way back."""

    def __init__(
        self,
        agent: Agent | None = None,
        *,
        tools: Toolbox | None = None,
        lag_s: float = 0.0,
        returns_marks: bool = True,
        reports_played: bool = False,
    ) -> None:
        self.now = 0.0
        self.did: list[Output] = []
        self.bridge = Bridge(
            agent or Agent(name="desk", kind=Kind.REALTIME),
            toolbox() if tools is None else tools,
            "MZ1",
            luck=lambda: 0.5,
        )
        self._lag_s = lag_s
        self._returns_marks = returns_marks
        self._reports_played = reports_played
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._order = 0
        self._queue: deque[tuple[int, str]] = deque()
        """Octets to play, or a mark (0)."""
        self._plays_until = 0.0
        self.played = 0
        """Octets that the caller has heard, as of `now`."""
        self._played_before = 0
        self._said = 0
        self._names = 0

    # --- time ---

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while True:
            wake = self.bridge.next_wake
            first = min((each[:2] for each in self._later), default=(end + 1, 0))
            at = min(first[0], wake.at if wake is not None else end + 1, self._next_mark_at())
            if at > end:
                break
            self._advance(max(at, self.now))
            if at < min(first[0], wake.at if wake is not None else at + 1):
                continue  # a mark was reached
            if first[0] <= at:
                todo = next(each for each in self._later if each[:2] == first)
                self._later.remove(todo)
                todo[2]()
            else:
                self.bridge.wake(self.now)
            self._perform()
        self._advance(end)

    def _next_mark_at(self) -> float:
        ahead = 0
        for length, mark in self._queue:
            if mark:
                return self.now + ahead / 8_000
            ahead += length
        return float("inf")

    def _advance(self, to: float) -> None:
        """Play until *to*."""
        left = round((to - self.now) * 8_000)
        while self._queue and (self._queue[0][0] == 0 or left > 0):
            length, mark = self._queue.popleft()
            if mark:
                self._mark(mark, to - left / 8_000)
            elif length > left:
                self.played += left
                self._queue.appendleft((length - left, ""))
                left = 0
            else:
                self.played += length
                left -= length
        self.now = to

    def _mark(self, name: str, at: float) -> None:
        if self._returns_marks:
            self._at(at + self._lag_s, lambda: self.bridge.marked(name, self.now))

    def _at(self, when: float, todo: Callable[[], None]) -> None:
        self._order += 1
        self._later.append((max(when, self.now), self._order, todo))

    # --- what the bridge does ---

    def _perform(self) -> None:
        for output in self.bridge.take():
            self.did.append(output)
            if isinstance(output, Play | Mark | Clear):
                self._at(self.now + self._lag_s, lambda output=output: self._stream(output))  # type: ignore[misc]
        self._poll()

    def _poll(self) -> None:
        """A stream without lag has it at once, and a mark behind nothing comes back at once."""
        due = [each for each in self._later if each[0] <= self.now]
        for each in due:
            self._later.remove(each)
            each[2]()
        if due:
            self._advance(self.now)
            self._perform()

    def _stream(self, output: Play | Mark | Clear) -> None:
        match output:
            case Play(payload):
                self._queue.append((octets(payload), ""))
                self._said += octets(payload)
            case Mark(name):
                self._queue.append((0, name))
            case Clear():
                marks = [name for _, name in self._queue if name]
                self._queue.clear()
                for name in marks:
                    self._mark(name, self.now)
                if self._reports_played and self._said:
                    played = (self.played - self._played_before) // 8
                    self._at(self.now + self._lag_s, lambda: self.bridge.played(played, self.now))
                self._said, self._played_before = 0, self.played

    # --- what the test does ---

    def tells(self, type_: str, **fields: Any) -> None:
        self.bridge.told(json.dumps({"type": type_, "event_id": "event_1", **fields}).encode(), self.now)
        self._perform()

    def does(self, happens: Callable[..., None], *what: Any, **named: Any) -> None:
        happens(*what, self.now, **named)
        self._perform()

    def frame(self, payload: str = FRAME) -> None:
        self.bridge.caller_audio(payload)
        self._perform()

    def connects(self) -> None:
        self.tells("session.created", session={})
        self.tells("session.updated", session={})

    def begins(self) -> "Desk":
        """A session, and its first response done without a word."""
        self.does(self.bridge.begin)
        self.connects()
        self.response("resp_0")
        return self

    def response(self, name: str, status: str = "completed", *items: Any, **details: Any) -> None:
        self.tells("response.created", response={"id": name})
        self.done(name, status, *items, **details)

    def done(self, name: str, status: str = "completed", *items: Any, **details: Any) -> None:
        self.tells(
            "response.done", response={"id": name, "status": status, "output": list(items), "status_details": details}
        )

    def says(self, response: str, item: str, ms: int, words: str = "") -> None:
        """Audio, at once, and its words."""
        audio = b"\x80" * (8 * ms)
        where = {"response_id": response, "item_id": item, "output_index": 0, "content_index": 0}
        for word in words.split():
            self.tells("response.output_audio_transcript.delta", delta=f"{word} ", **where)
        for at in range(0, len(audio), 1_999):
            delta = base64.b64encode(audio[at : at + 1_999]).decode()
            self.tells("response.output_audio.delta", delta=delta, **where)

    def talks(self, response: str, item: str, ms: int, words: str = "") -> None:
        """A whole response."""
        self.tells("response.created", response={"id": response})
        self.says(response, item, ms, words)
        self.tells("response.output_audio.done", response_id=response, item_id=item)
        self.done(response)

    def caller_speaks(self) -> None:
        self.tells("input_audio_buffer.speech_started", audio_start_ms=0, item_id=f"caller_{self._names}")

    def caller_stops(self, words: str = "") -> None:
        item = f"caller_{self._names}"
        self._names += 1
        self.tells("input_audio_buffer.speech_stopped", audio_end_ms=0, item_id=item)
        self.tells("input_audio_buffer.committed", item_id=item)
        if words:
            name = "conversation.item.input_audio_transcription.completed"
            self.tells(name, item_id=item, content_index=0, transcript=words)

    # --- what came of it ---

    def asked(self, type_: str = "") -> list[dict[str, Any]]:
        """What the service was asked for, but for the caller's audio."""
        found = [msgspec.json.decode(requests.encode(each.request)) for each in self.did if isinstance(each, Send)]
        skipped = "input_audio_buffer.append" if not type_ else ""
        return [each for each in found if each["type"] != skipped and type_ in ("", each["type"])]

    def items(self) -> list[dict[str, Any]]:
        return [each["item"] for each in self.asked("conversation.item.create")]

    def of(self, *kinds: type[Output]) -> list[Any]:
        return [each for each in self.did if isinstance(each, kinds)]

    def logged(self) -> list[str]:
        return [each.event for each in self.of(Log)]

    def forget(self) -> None:
        self.did.clear()


def call(key: str, name: str, arguments: str = "{}", status: str | None = "completed") -> dict[str, Any]:
    """An item of a response."""
    found = {"id": f"item_{key}", "type": "function_call", "call_id": key, "name": name, "arguments": arguments}
    return {**found, **({"status": status} if status is not None else {})}


__all__ = ["Clear", "Desk", "Dial", "HangUp", "Leave", "UseTool", "Voice", "call", "toolbox"]
