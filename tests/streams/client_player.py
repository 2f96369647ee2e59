"""Plays what a client of Media Streams does, from a file: what it says and when, and what it must get back.

`clients/*.jsonl` hold the sequences of twiml-and-streams.md 7, one step a line:

    {"about": …, "source": …, "parameters": {…}}      the head; parameters are those of its `<Stream>`
    {"node": {…}}                                     the node's next message but for media; what is not named is free
    {"every frame": {…}}                              all media so far, and there is some
    {"client": {…}, "times": 3, "every_ms": 40}       what the client says
    {"client sends text": …}, {"client sends bytes": …}, {"client": "closes"}
    {"caller": "hums", "hz": 521}, {"caller": "presses", "keys": "5"}
    {"caller": "falls silent"}, {"caller": "hangs up"}
    {"caller hears": [971]}, {"client hears": [521]}  exactly these notes, before long
    {"owner is told": [31951]}                        the faults so far, in order
    {"pause_ms": 300}, {"closed": 1000}               closed: by the node with that code, or (null) by the client
    {…, "only in": "a call"}                          keys of a conference are sounds, and no message

In messages `<sid>`, `<call>` and `<account>` stand for the stream's, `<digits>` for a string of them, `<frame>` for
20 ms of audio, and `<971 Hz 400 ms>` for that much of a note, which goes on from message to message.
"""

import asyncio
import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from mixminus.testing.call import Call
from mixminus.testing.detection import chord
from mixminus.testing.g711 import PCMU, Samples
from mixminus.testing.palette import FREQUENCIES_HZ, HUM_AMPLITUDE

Json = Any
Step = Mapping[str, Json]

FOLDER: Final = Path(__file__).parent / "clients"
NAMES: Final = sorted(path.stem for path in FOLDER.glob("*.jsonl"))

PATIENCE_S: Final = 15.0
POLL_S: Final = 0.02
NOTE: Final = re.compile(r"<(\d+) Hz (\d+) ms>")
RATE_HZ: Final = 8_000
FRAME_OCTETS: Final = 160


class ClientEnd(Protocol):
    """The client's end of a WebSocket."""

    messages: list[tuple[float, Mapping[str, Json]]]
    """All that the node said, and when."""
    closed_with: int | None

    def throw(self, data: bytes, *, is_text: bool = True) -> None: ...

    def hang_up(self) -> None: ...


def steps_of(name: str) -> tuple[Step, list[Step]]:
    """The head of a file, and its steps."""
    head, *steps = (json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text().splitlines() if line.strip())
    return head, steps


class Player:
    """One client in one conversation; raises AssertionError at the first step that does not come true.

    *faults* tells what the owner was told; None: nobody can know.
    """

    def __init__(self, client: ClientEnd, caller: Call, faults: Callable[[], Sequence[int]] | None) -> None:
        self._client = client
        self._caller = caller
        self._faults = faults
        self._read = 0
        self._said_samples = 0
        self._known: dict[str, str] = {}

    async def play(self, steps: Sequence[Step], place: str) -> None:
        for number, step in enumerate(steps, 2):
            if step.get("only in", place) != place:
                continue
            try:
                await self._step(step)
            except (AssertionError, TimeoutError) as failure:
                raise AssertionError(f"line {number}, {json.dumps(step)}: {failure}") from failure

    async def _step(self, step: Step) -> None:
        match step:
            case {"node": pattern}:
                self._expect(pattern, await self._next())
            case {"every frame": pattern}:
                for frame in await self._frames():
                    self._expect(pattern, frame)
            case {"client": "closes"}:
                self._client.hang_up()
            case {"client": message}:
                for _ in range(step.get("times", 1)):
                    self._client.throw(json.dumps(self._filled(message)).encode())
                    await asyncio.sleep(step.get("every_ms", 0) / 1000)
            case {"client sends text": text}:
                self._client.throw(text.encode())
            case {"client sends bytes": octets}:
                self._client.throw(bytes.fromhex(octets), is_text=False)
            case {"caller": action}:
                await self._act(action, step)
            case {"caller hears": wanted}:
                await self._until(lambda: self._caller.chord() == frozenset(wanted), self._caller.chord)
            case {"client hears": wanted}:
                await self._until(lambda: self._hears() == frozenset(wanted), self._hears)
            case {"owner is told": codes} if (faults := self._faults) is not None:
                await self._until(lambda: list(faults()) == codes, faults)
            case {"owner is told": _}:
                pass  # nobody listens here
            case {"pause_ms": pause_ms}:
                await asyncio.sleep(pause_ms / 1000)
            case {"closed": code}:
                await self._until(lambda: self._client.closed_with == code, lambda: self._client.closed_with)
                assert self._read == len(self._talk()), f"and nothing else, but it said {self._talk()[self._read :]}"
            case _:
                raise AssertionError("there is no such step")

    async def _act(self, action: str, step: Step) -> None:
        match action:
            case "hums":
                self._caller.hum(step["hz"])
            case "falls silent":
                self._caller.silence()
            case "presses":
                await self._caller.press(step["keys"])
            case "hangs up":
                await self._caller.hang_up()
            case _:
                raise AssertionError(f"nobody knows how to do this: {action}")

    # --- what the node said ---------------------------------------------------------------------------------------

    def _talk(self) -> list[Mapping[str, Json]]:
        return [message for _, message in self._client.messages if message["event"] != "media"]

    async def _next(self) -> Mapping[str, Json]:
        await self._until(lambda: len(self._talk()) > self._read, lambda: "nothing came")
        self._read += 1
        message = self._talk()[self._read - 1]
        if message["event"] == "start":
            start = message["start"]
            self._known = {"<sid>": start["streamSid"], "<call>": start["callSid"], "<account>": start["accountSid"]}
        return message

    async def _frames(self) -> list[Mapping[str, Json]]:
        def frames() -> list[Mapping[str, Json]]:
            return [message for _, message in self._client.messages if message["event"] == "media"]

        await self._until(lambda: len(frames()) > 0, lambda: "there is no media")
        return frames()

    def _hears(self) -> frozenset[int]:
        frames = [message for _, message in self._client.messages if message["event"] == "media"][-10:]
        heard: Samples = PCMU.decode(b"".join(base64.b64decode(frame["media"]["payload"]) for frame in frames))
        return chord(heard, FREQUENCIES_HZ) if len(heard) else frozenset()

    def _expect(self, pattern: Json, found: Json, where: str = "the message") -> None:
        match pattern:
            case dict():
                assert isinstance(found, Mapping), f"{where} is {found!r}"
                for name, wanted in pattern.items():
                    assert name in found, f"{where} has no {name!r}: {found}"
                    self._expect(wanted, found[name], name)
            case "<digits>":
                assert isinstance(found, str), f"{where} is {found!r}"
                assert re.fullmatch(r"\d+", found), f"{where} is {found!r}"
            case "<frame>":
                assert len(base64.b64decode(found, validate=True)) == FRAME_OCTETS, where
            case _:
                wanted = self._filled(pattern)
                assert (type(found), found) == (type(wanted), wanted), f"{where} is {found!r}, not {wanted!r}"

    # --- what the client says -------------------------------------------------------------------------------------

    def _filled(self, message: Json) -> Json:
        if isinstance(message, dict):
            return {name: self._filled(value) for name, value in message.items()}
        if not isinstance(message, str):
            return message
        if (note := NOTE.fullmatch(message)) is not None:
            return base64.b64encode(self._hum(int(note[1]), int(note[2]))).decode()
        return self._known.get(message, message)

    def _hum(self, hertz: int, duration_ms: int) -> bytes:
        count = RATE_HZ * duration_ms // 1000
        at = np.arange(self._said_samples, self._said_samples + count) / RATE_HZ
        self._said_samples += count
        return PCMU.encode(np.round(HUM_AMPLITUDE * np.sin(2 * np.pi * hertz * at)).astype(np.int16))

    async def _until(self, is_so: Callable[[], bool], instead: Callable[[], object]) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not is_so():  # noqa: ASYNC110  nobody could set an event
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise AssertionError(f"instead: {instead()}") from None
