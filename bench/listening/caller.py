"""A caller who follows a script: listens for the agent, and speaks when the script says so."""

import asyncio
from collections.abc import Callable
from typing import Final

import numpy as np

from bench.listening.scripts import Answer, Over, Script
from bench.listening.sounds import hiss, silence
from bench.speech import Samples
from mixminus.testing.call import Call
from mixminus.testing.ear import Ear
from mixminus.testing.g711 import Law
from mixminus.testing.rtp import Packet

FRAME: Final = 160
LOUD: Final = 300.0
"""RMS of a packet in which somebody speaks."""
TURN_S: Final = 1.0
"""So much silence, and the caller takes it for his turn."""
AFTERWARDS_S: Final = 4.0
"""What becomes of the last sound is seen within this."""
AGENT_WITHIN_S: Final = 15.0
TALKS_FOR_S: Final = 45.0


class Mouth:
    """What is said, over a room's noise; a `Voice` of the test phones."""

    def __init__(self, noise: Samples) -> None:
        self._noise = noise
        self._at = 0
        self._said = silence(0)

    def say(self, samples: Samples) -> None:
        self._said = np.concatenate([self._said, samples])

    @property
    def left_s(self) -> float:
        return len(self._said) / 8_000

    def next_frame(self) -> Samples:
        said, self._said = self._said[:FRAME], self._said[FRAME:]
        noise = np.take(self._noise, range(self._at, self._at + FRAME), mode="wrap").astype(np.int32)
        self._at = (self._at + FRAME) % len(self._noise)
        noise[: len(said)] += said
        return np.clip(noise, -32_768, 32_767).astype(np.int16)


class Notices(Ear):
    """An ear that remembers when somebody spoke, and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.spoken_s = 0.0
        self.first_at: float | None = None
        self.last_at: float | None = None

    def hear(self, packet: Packet, law: Law, now: float) -> None:
        samples = law.decode(packet.payload).astype(np.float64)
        if np.sqrt((samples**2).mean()) > LOUD:
            self.spoken_s += len(samples) / 8_000
            self.first_at = self.first_at if self.first_at is not None else now
            self.last_at = now


class Silent(Exception):
    """The agent said nothing, or would not stop."""


class Caller:
    """One phone in the hand of a script."""

    def __init__(self, call: Call, script: Script, seed: int) -> None:
        self._script = script
        self._ear = Notices()
        draw = np.random.default_rng(seed)
        room = silence(5.0) if script.noise_db is None else hiss(draw, 5 * 8_000, script.noise_db)
        self._mouth = Mouth(room)
        call.line.ear = self._ear
        call.voice = self._mouth

    async def follow(self) -> None:
        """Do what the script says. Raises `Silent`."""
        if not self._script.acts:
            await self._turn()
        for act in self._script.acts:
            await self._act(act)
        await asyncio.sleep(AFTERWARDS_S)

    async def _act(self, act: Over | Answer) -> None:
        if isinstance(act, Over):
            first_at = await self._agent_speaks()
            await asyncio.sleep(max(0.0, first_at + act.after_s - self._now))
            await self._say(act.sound)
        else:
            await self._turn()
            await self._say(act.sound)
            self._ear.last_at = None  # what it says next is the answer

    async def _agent_speaks(self) -> float:
        if not await self._until(lambda: self._ear.first_at is not None, AGENT_WITHIN_S):
            raise Silent(self._script.name)
        assert self._ear.first_at is not None
        return self._ear.first_at

    async def _turn(self) -> None:
        """Until the agent has spoken and is silent."""
        spoke = await self._until(lambda: self._ear.last_at is not None, AGENT_WITHIN_S)
        if not spoke or not await self._until(self._quiet, TALKS_FOR_S):
            raise Silent(self._script.name)

    def _quiet(self) -> bool:
        return self._ear.last_at is not None and self._now - self._ear.last_at >= TURN_S

    async def _until(self, so: Callable[[], bool], within_s: float) -> bool:
        """Look every 20 ms, as packets come."""
        for _ in range(round(within_s / 0.02)):
            if so():
                return True
            await asyncio.sleep(0.02)
        return False

    async def _say(self, sound: Samples) -> None:
        self._mouth.say(sound)
        await asyncio.sleep(self._mouth.left_s)

    @property
    def _now(self) -> float:
        return asyncio.get_running_loop().time()
