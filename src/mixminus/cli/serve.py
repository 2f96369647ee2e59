"""`mixminus serve`: a node in the foreground."""

import asyncio
import signal

from mixminus.app.account import Credentials
from mixminus.base.settings import Settings
from mixminus.cli.running import RunningNode


async def serve(settings: Settings, credentials: Credentials) -> None:
    """Run until SIGINT or SIGTERM; the first one drains, the second one ends at once."""
    stopping, hurry = asyncio.Event(), asyncio.Event()

    def stop() -> None:
        (hurry if stopping.is_set() else stopping).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    async with RunningNode(settings, credentials) as node:
        print(f"mixminus ready http={node.http} sip={node.sip}", flush=True)
        await stopping.wait()
        await node.world.drain(settings.drain_s, hurry=hurry)
