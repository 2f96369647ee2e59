"""`python -m bench.listening`: scripted callers against an agent, refereed from the waveforms of the mixer.

    MIXMINUS_MOONSHINE=… python -m bench.listening [--turns 40] [--virtual] [--url ws://…] [--keep FOLDER] [--write]

Without `--url` our offline agent is measured. `--virtual` runs node, phones and agent in one process whose clock
stands still while it works: delays are those of the algorithms, whatever else the machine does. `--keep` writes each
call with a failure as a WAV of two channels: the caller, the agent.
"""

import argparse
import asyncio
import os
import sys
import wave
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import numpy as np

from bench.document import NoSection, replaced
from bench.listening import referee, report, scripts
from bench.listening.agent import MOONSHINE, Measured, described, in_a_process, in_this_process
from bench.listening.calls import Recorded, Switchboard
from bench.listening.node import NodeFailed, served, virtual
from bench.listening.referee import Verdict
from bench.listening.scripts import Author, Script
from bench.listening.voices import installed, recorded
from bench.listening.words import Word, aligned
from bench.speech import Samples
from mixminus.agents.intake import opening
from mixminus.testing.virtual_time import run_virtual

BEGIN: Final = "<!-- listening: written by python -m bench.listening --write -->"
END: Final = "<!-- end of listening -->"
DOCUMENT: Final = Path("docs/agents.md")


async def measured(options: argparse.Namespace) -> int:
    async with AsyncExitStack() as stack:
        if options.virtual:
            agent, network = await stack.enter_async_context(in_this_process())
            node = await stack.enter_async_context(virtual(network))
        else:
            agent = Measured(options.url, None) if options.url else await stack.enter_async_context(in_a_process())
            node = await stack.enter_async_context(served())
        board = Switchboard(node, agent.url, agent.contexts)
        await board.open()
        greeting, words = await greeted(board, ours=not options.url)
        author = Author(installed(), recorded(scripts.PERSONS_INTERRUPTIONS), options.seed, len(greeting) / 8_000)
        plan = [each for each in scripts.scripts(author, options.turns) if options.only in each.name]
        calls = await placed(board, plan, options)
    return told(calls, greeting, words, options)


async def greeted(board: Switchboard, *, ours: bool) -> tuple[Samples, list[Word]]:
    """What the agent says to a caller who only listens, and when it says which word, if we know the text."""
    alone = await board.place(Script("greeting", ()), 0)
    loud = np.flatnonzero(referee.loudness(alone.agent))
    if not len(loud):
        raise NodeFailed("the agent said nothing")
    greeting = alone.agent[loud[0] * referee.CELL : (loud[-1] + 1) * referee.CELL]
    text = opening(described().script)[1].say if ours else ""
    words = aligned(greeting, text) if text else []
    print(f"the greeting takes {len(greeting) / 8_000:.1f} s, {len(words)} words were aligned", flush=True)
    return greeting, words


async def placed(board: Switchboard, plan: Sequence[Script], options: argparse.Namespace) -> list[Recorded]:
    """All calls, a few at once, in the order of the plan."""
    room = asyncio.Semaphore(options.at_once)
    done = 0

    async def place(number: int, script: Script) -> Recorded:
        nonlocal done
        async with room:
            found = await board.place(script, options.seed + number)
        done += 1
        print(f"\r{done} of {len(plan)} calls", end="", file=sys.stderr, flush=True)
        return found

    calls = await asyncio.gather(*(place(number, script) for number, script in enumerate(plan)))
    print(file=sys.stderr)
    return calls


def told(calls: Sequence[Recorded], greeting: Samples, words: list[Word], options: argparse.Namespace) -> int:
    """Print what was found; the exit status."""
    verdicts: list[Verdict] = [verdict for call in calls for verdict in referee.verdicts(call, greeting)]
    rows = report.rows(verdicts, words)
    text = f"{caption(calls, options)}\n\n{report.table(rows)}"
    print(text)
    failed = report.failures(verdicts, words)
    for each in failed:
        print(f"{each.call:18} {each.at_s:6.1f} s  {each.what}")
    if options.keep:
        keep(options.keep, [call for call in calls if call.script.name in {each.call for each in failed}])
    if options.write:
        try:
            DOCUMENT.write_text(replaced(DOCUMENT.read_text(), text, BEGIN, END))
        except (OSError, NoSection) as error:
            print(f"bench.listening: {error}", file=sys.stderr)
            return 1
    return 0 if report.holds(rows) else 1


def caption(calls: Sequence[Recorded], options: argparse.Namespace) -> str:
    """What the table is of."""
    who = options.url or f"our agent, hearing with {'Moonshine' if os.environ.get(MOONSHINE) else 'pocketsphinx'}"
    clock = "virtual time" if options.virtual else f"real time, {options.at_once} at once, {os.cpu_count()} cores"
    return f"{len(calls)} calls to {who}; {clock}; seed {options.seed}; shares with their 95 % intervals:"


def keep(folder: Path, calls: Sequence[Recorded]) -> None:
    """A WAV for each call: the caller left, the agent right."""
    folder.mkdir(parents=True, exist_ok=True)
    for call in calls:
        length = max(len(call.caller), len(call.agent))
        sides = [np.pad(side, (0, length - len(side))) for side in (call.caller, call.agent)]
        with wave.open(str(folder / f"{call.script.name}.wav"), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(8_000)
            file.writeframes(np.stack(sides, axis=1).astype("<i2").tobytes())


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.listening", description=__doc__)
    parser.add_argument(
        "--url", help="of an agent that speaks Media Streams and begins with a greeting of 6 s or more"
    )
    parser.add_argument("--turns", type=int, default=40, help="answers; sounds over speech are about as many")
    parser.add_argument("--at-once", type=int, default=3, help="calls")
    parser.add_argument("--virtual", action="store_true", help="in virtual time")
    parser.add_argument("--only", default="", help="only calls whose name has this in it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="write the calls with failures into this folder")
    parser.add_argument("--write", action="store_true", help=f"put the table into {DOCUMENT}")
    options = parser.parse_args()
    if options.virtual and options.url:
        parser.error("an agent somewhere else cannot be measured in virtual time")
    return options


def quiet() -> None:
    """The agent's own logs are not read, and not shown."""
    import logging

    import structlog
    from loguru import logger

    logger.remove()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    logging.getLogger("httpx").setLevel(logging.ERROR)


def main() -> int:
    options = arguments()
    quiet()
    if not options.url and not os.environ.get(MOONSHINE):
        print(f"without {MOONSHINE} the agent hears with pocketsphinx, which is poor at sentences", file=sys.stderr)
    try:
        return run_virtual(measured(options), limit_s=1e6) if options.virtual else asyncio.run(measured(options))
    except NodeFailed as error:
        print(f"bench.listening: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
