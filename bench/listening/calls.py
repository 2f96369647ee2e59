"""One call: a caller and the agent in a conference of their own, each recorded on a track by the mixer."""

import asyncio
import io
import wave
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from bench.listening.caller import Caller, Silent
from bench.listening.node import Node, NodeFailed
from bench.listening.scripts import Script
from bench.listening.sounds import silence
from bench.speech import Samples
from mixminus.testing import WebhookRequest

READY_WITHIN_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the mixer took from both, sample by sample on one clock; and what the agent's context held."""

    script: Script
    caller: Samples
    agent: Samples
    context: str | None
    gave_up: bool
    """The caller did: the agent fell silent for good."""


class Switchboard:
    """Places calls on a node to the agent at *agent_url*."""

    def __init__(self, node: Node, agent_url: str, contexts: dict[str, str] | None) -> None:
        self._node = node
        self._agent_url = agent_url
        self._contexts = contexts
        self._placed = 0
        self._application = ""

    async def open(self) -> None:
        """Tell the node of the agent."""
        self._node.app.answers("/agent", f'<Response><Connect><Stream url="{self._agent_url}"/></Connect></Response>')
        form = {"FriendlyName": "agent", "VoiceUrl": f"{self._node.app_url}/agent"}
        self._application = (await self._node.ask("POST", "Applications.json", form))["sid"]

    async def place(self, script: Script, seed: int) -> Recorded:
        """The call, from the first ring to the last track."""
        self._placed += 1
        number = self._placed
        room = f"room-{number}"
        witness_number, _ = await self._number(room, f"{number:04d}1", 'muted="true"')
        caller_number, caller_sids = await self._number(room, f"{number:04d}2", 'endConferenceOnExit="true"')
        witness, phone = await self._node.phone("witness"), await self._node.phone("caller")
        try:
            await witness.dial(witness_number)  # a conference of two can be recorded before the agent speaks
            call = await phone.dial(caller_number)
            conference = await self._conference(room)
            tracks = f"/mixminus/v1/Conferences/{conference}/Recordings"
            leader = (await self._node.ask("POST", tracks, {"tracks": "participants"}))["sid"]
            agent = await self._node.ask(
                "POST", f"Conferences/{conference}/Participants.json",
                {"From": caller_number, "To": f"app:{self._application}", "Beep": "false"},
            )  # fmt: skip
            gave_up = False
            try:
                await Caller(call, script, seed).follow()
            except (Silent, TimeoutError):
                gave_up = True
            await call.hang_up()
            sounds = await self._tracks(f"{tracks}/{leader}")
        finally:
            await phone.close()
            await witness.close()
        agent_sid = agent["call_sid"]
        context = await self._context(agent_sid)
        mine, its = sounds.get(caller_sids[0], silence(0)), sounds.get(agent_sid, silence(0))
        return Recorded(script, mine, its, context, gave_up)

    async def _number(self, room: str, digits: str, attributes: str) -> tuple[str, list[str]]:
        """A number that leads into the room; the list is filled with the SIDs of those who dial it."""
        number, path, sids = f"+1555{digits.rjust(7, '0')}", f"/{digits}", list[str]()
        conference = f'<Conference beep="false" waitUrl="" {attributes}>{room}</Conference>'

        def answer(request: WebhookRequest) -> str:
            sids.append(request["CallSid"])
            return f"<Response><Dial>{conference}</Dial></Response>"

        self._node.app.answers(path, answer)
        form = {"PhoneNumber": number, "VoiceUrl": f"{self._node.app_url}{path}"}
        await self._node.ask("POST", "IncomingPhoneNumbers.json", form)
        return number, sids

    async def _conference(self, room: str) -> str:
        async with asyncio.timeout(READY_WITHIN_S):
            while True:
                path = f"Conferences.json?FriendlyName={room}&Status=in-progress"
                found = (await self._node.ask("GET", path))["conferences"]
                if found:
                    return str(found[0]["sid"])
                await asyncio.sleep(0.05)

    async def _tracks(self, recording: str) -> dict[str, Samples]:
        """Each participant's, by its call."""
        found = await self._completed(recording)
        sounds: dict[str, Samples] = {}
        for track in found["tracks"]:
            try:
                media = await self._node.fetch("/" + track["media_url"].split("/", 3)[3] + ".wav")
            except NodeFailed:
                continue  # a participant who never was heard leaves none
            sounds[track["call_sid"]] = _samples(media)
        return sounds

    async def _completed(self, recording: str) -> Any:
        """The set, when all of its files are there."""
        async with asyncio.timeout(READY_WITHIN_S):
            while True:
                found = await self._node.ask("GET", recording)
                if {each["status"] for each in (found, *found["tracks"])} <= {"completed", "absent"}:
                    return found
                await asyncio.sleep(0.1)

    async def _context(self, agent_sid: str) -> str | None:
        if self._contexts is None:
            return None
        for _ in range(100):
            if agent_sid in self._contexts:
                return self._contexts[agent_sid]
            await asyncio.sleep(0.05)
        return None


def _samples(media: bytes) -> Samples:
    with wave.open(io.BytesIO(media)) as file:
        assert (file.getframerate(), file.getsampwidth()) == (8_000, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return samples.reshape(-1, file.getnchannels())[:, 0].astype(np.int16)
