"""How fast an agent answers and yields, from what its caller hears: `python -m tests.agents.measure_agent [URL]`.

Without a URL it measures the offline agent in this process. Not a test: it takes minutes, and judges nothing.
"""

import argparse
import asyncio
import json
import os
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from tests.agents.agent_on_a_port import served
from tests.agents.stream_peer import TICK_S, StreamPeer, amplified, first_loud, is_loud

from mixminus.agents.description import Agent, Listening
from mixminus.agents.io.models import loaded
from mixminus.agents.io.voice import Voice
from mixminus.testing.g711 import Samples

TALK = (
    "My name is Jack Miller.",
    "five five five oh one three four",
    "yes, that is right",
    "I need a refill of my prescription.",
    "yes, that is right",
)
INTERRUPTING = "Excuse me, I have a question about that."
MAY_TALK_S = 1.2
"""Into an answer of the agent; then the caller interrupts."""


async def answers(url: str, clips: list[Samples], number: int) -> list[float]:
    """Caller's last sound to agent's first, once a turn."""
    found: list[float] = []
    async with StreamPeer(url, call_sid=f"CA{number:032x}") as peer:
        await peer.agent_begins(0)
        for clip in clips:
            await peer.agent_quiet(for_s=0.6)
            peer.say(clip)
            ended = await peer.finished_speaking()
            try:
                found.append((await peer.agent_begins(ended + 1, within_s=8) - ended) * TICK_S)
            except TimeoutError:
                found.append(float("inf"))
        return found


async def yields(url: str, clip: Samples, number: int) -> float:
    """Caller's first sound to agent's last, in the greeting."""
    async with StreamPeer(url, call_sid=f"CA{number:032x}") as peer:
        await peer.agent_begins(0)
        await asyncio.sleep(MAY_TALK_S)
        asked_at = peer.now
        peer.say(clip)
        await peer.finished_speaking()
        began = first_loud(peer.said, asked_at) or asked_at
        return (max(tick for tick in range(began, peer.now) if is_loud(peer.played[tick])) - began) * TICK_S


def told(what: str, found: list[float]) -> None:
    ordered = sorted(found)
    p50, p95 = ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    print(f"{what:24} n {len(found):3}  p50 {p50:.2f} s  p95 {p95:.2f} s  worst {ordered[-1]:.2f} s")


async def main(url: str | None, rounds: int, moonshine: str) -> None:
    async with AsyncExitStack() as stack:
        if url is None:
            agent = Agent(name="measured", listening=Listening(moonshine))
            models = await stack.enter_async_context(loaded(agent))
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            url = (await stack.enter_async_context(served(Path(folder), agent, models))).url
        voice = Voice()
        stack.push_async_callback(voice.close)
        clips = {text: amplified(await voice.say(text, "rms")) for text in (*TALK, INTERRUPTING)}
        turns: list[list[float]] = []
        for number in range(rounds):
            turns.append(await answers(url, [clips[text] for text in TALK], number))
            print(json.dumps([round(each, 2) for each in turns[-1]]), flush=True)
        told("voice to voice", [each for turn in turns for each in turn])
        told("stop when interrupted", [await yields(url, clips[INTERRUPTING], 100 + n) for n in range(3 * rounds)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", nargs="?")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--moonshine", default=os.environ.get("MIXMINUS_MOONSHINE", ""))
    given = parser.parse_args()
    asyncio.run(main(given.url, given.rounds, given.moonshine))
