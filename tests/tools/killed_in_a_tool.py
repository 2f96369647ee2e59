"""A process that is killed while a tool runs, its effect made: `python -m tests.tools.killed_in_a_tool FOLDER`."""

import asyncio
import sys
from pathlib import Path

from tests.tools.tool_world import Node, call

from mixminus.tools.invocation import Invocation
from mixminus.tools.toolbox import Effect, Settle, Toolbox


def letters(folder: Path, effect: Effect, *, hangs: bool, settle: Settle | None = None) -> Toolbox:
    """A tool that posts a letter: a line in a file. If it *hangs*, it never comes back from the post office."""
    tools = Toolbox()

    @tools.tool(effect, settle=settle)
    async def post(invocation: Invocation) -> str:
        """Post a letter."""
        posted = folder / "posted"
        if not (posted.exists() and effect is Effect.KEYED and invocation.key in posted.read_text().split()):
            posted.write_text((posted.read_text() if posted.exists() else "") + f"{invocation.key}\n")
        if hangs:
            print("posted", flush=True)
            await asyncio.Event().wait()
        return "posted"

    return tools


async def main(folder: Path) -> None:
    async with Node(folder / "tools.db", seed=1).running(letters(folder, Effect.ONCE, hangs=True)) as tools:
        await tools.invoke(call("post"))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
