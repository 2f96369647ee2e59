"""`mixminus serve`: a node in the foreground."""

import asyncio
import contextlib
import gc
import signal
import sys
from typing import Final

from mixminus.app.account import Credentials
from mixminus.base.open_files import raise_open_files_limit
from mixminus.base.settings import Settings
from mixminus.cli.running import RunningNode

YOUNG_OBJECTS: Final = 20_000
"""How many new objects there are before the collector looks for cycles among them. A call makes some hundreds that
live, and leaves hardly any cycle behind; Python's 700 would have it look several times a call.
"""

SWITCH_S: Final = 0.0005
"""How long the loop waits at most for the interpreter's lock while the database's thread works. By default that is
5 ms, and each 5 ms the frames of a quarter of all streams are due.
"""


async def serve(settings: Settings, credentials: Credentials) -> None:
    """Run until SIGINT or SIGTERM; the first one drains, the second one ends at once."""
    raise_open_files_limit()
    node, stopping = RunningNode(settings, credentials), asyncio.Event()

    def stop() -> None:
        (node.world.hurry if stopping.is_set() else stopping).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    if not await _started(node, stopping):
        return
    be_punctual()
    try:
        print(f"mixminus ready http={node.http} sip={node.sip}", flush=True)
        await stopping.wait()
        await node.world.drain(settings.drain_s)
    finally:
        await node.__aexit__()


async def _started(node: RunningNode, stopping: asyncio.Event) -> bool:
    """Whether it came up before somebody wanted it to stop: compiling kernels takes its time, once."""
    starting = asyncio.create_task(node.__aenter__(), name="start")
    interrupted = asyncio.create_task(stopping.wait(), name="interrupted start")
    await asyncio.wait({starting, interrupted}, return_when=asyncio.FIRST_COMPLETED)
    interrupted.cancel()
    if not starting.done():
        starting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await starting
        return False
    await starting
    return True


def be_punctual() -> None:
    """Have nothing in this process stop the loop for long.

    The collector forgets what was loaded: it never dies, and looking it all through stops every call.
    """
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 10, 10)
