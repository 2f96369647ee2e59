"""The generator's process: a scenario comes on the first line of standard input, then one command a line.

`measure SECONDS` answers with a window; `end`, or the end of the input, hangs up and leaves. Every answer is one
JSON line.
"""

import asyncio
import contextlib
import dataclasses
import json
import os
import sys
import time
from typing import Any, Final

from bench.load.generator import TooFewFiles, running
from bench.load.scenario import Scenario

_PRIORITY: Final = -10


async def serve(scenario: Scenario) -> None:
    """Call, then obey."""
    async with running(scenario) as generator:
        say(dataclasses.asdict(await generator.call_all()))
        async with generator.churning():
            while (command := await next_line()).startswith("measure "):
                begin_s, begin_cpu_s = time.monotonic(), time.process_time()
                window = await generator.measure(float(command.split()[1]))
                own_cpu = (time.process_time() - begin_cpu_s) / (time.monotonic() - begin_s)
                say({**dataclasses.asdict(window), "generator_cpu": own_cpu})
        say(dataclasses.asdict(await generator.hang_up_all()))


async def next_line() -> str:
    """Return the next command, blank at the end of the input."""
    line: str = await asyncio.to_thread(sys.stdin.readline)
    return line.strip()


def say(answer: dict[str, Any]) -> None:
    """Print one JSON line."""
    print(json.dumps(answer), flush=True)


def main() -> int:
    """Run; exit status 1 with one line on standard error when the machine is not set up for it."""
    if len(sys.argv) > 1:
        os.sched_setaffinity(0, {int(sys.argv[1])})
    with contextlib.suppress(PermissionError):  # an instrument should be on time; only root may ask for it
        os.setpriority(os.PRIO_PROCESS, 0, _PRIORITY)
    try:
        asyncio.run(serve(Scenario.from_json(sys.stdin.readline())))
    except TooFewFiles as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
