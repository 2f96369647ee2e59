"""The conference server they meet on: as a process of its own, or in this one in virtual time."""

import asyncio
import contextlib
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from mixminus.base.settings import Endpoint
from mixminus.cli.http_server import HttpServer
from mixminus.testing import LoopbackNetwork, VirtualPhone, WebhookApp
from mixminus.testing.agent_network import AgentNetwork
from mixminus.testing.virtual_time import VirtualTimeLoop
from mixminus.testing.world import World

READY: Final = re.compile(r"mixminus ready http=(\S+) sip=127\.0\.0\.1:(\d+)")
ACCOUNT_SID, AUTH_TOKEN = "AC" + "1" * 32, "0" * 32


class NodeFailed(Exception):
    """The server did not start, or refused something."""


@dataclass(frozen=True, slots=True)
class Node:
    """What a call needs of a server."""

    app: WebhookApp
    app_url: str
    phone: Callable[[str], Any]
    """An open phone of that user; a coroutine function."""
    account_sid: str
    client: httpx.AsyncClient
    outside: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext
    """Open while threads work that the clock must wait for."""

    async def ask(self, method: str, path: str, form: Mapping[str, str] | None = None) -> Any:
        """One REST request below the account, or below `/mixminus`. Raises `NodeFailed`."""
        with self.outside():
            answer = await self.client.request(method, self._url(path), data=form)
        if answer.status_code >= 400:
            raise NodeFailed(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer.json() if answer.content else None

    async def fetch(self, path: str) -> bytes:
        """A file."""
        with self.outside():
            answer = await self.client.get(self._url(path))
        if answer.status_code >= 400:
            raise NodeFailed(f"GET {path}: {answer.status_code}")
        return answer.content

    def _url(self, path: str) -> str:
        return path if path.startswith("/") else f"/2010-04-01/Accounts/{self.account_sid}/{path}"


@asynccontextmanager
async def served() -> AsyncIterator[Node]:
    """`mixminus serve` as people run it."""
    app = WebhookApp()
    http = HttpServer(app)
    with tempfile.TemporaryDirectory(prefix="mixminus-bench-") as folder:
        at = await http.start(Endpoint("127.0.0.1", 0))
        log = Path(folder) / "node.log"
        with log.open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "mixminus", "serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0"),
                *("--rtp", "127.0.0.1:10000-19999", "--data", str(Path(folder) / "data"), "--log-level", "warning"),
                env={**os.environ, "MIXMINUS_ACCOUNT_SID": ACCOUNT_SID, "MIXMINUS_AUTH_TOKEN": AUTH_TOKEN},
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
            )
        try:
            assert process.stdout is not None
            async with asyncio.timeout(180):  # the first start compiles
                ready = READY.match((await process.stdout.readline()).decode())
            if ready is None:
                raise NodeFailed(log.read_text(errors="replace")[-500:])
            sip = ("127.0.0.1", int(ready[2]))

            async def phone(user: str) -> VirtualPhone:
                made = VirtualPhone(LoopbackNetwork(), user=user, server=sip)
                await made.open()
                return made

            async with httpx.AsyncClient(base_url=f"http://{ready[1]}", auth=(ACCOUNT_SID, AUTH_TOKEN)) as client:
                yield Node(app, f"http://{at}", phone, ACCOUNT_SID, client)
        finally:
            if process.returncode is None:
                process.terminate()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), 10)
            if process.returncode is None:
                process.kill()
                await process.wait()
            await http.stop()


@asynccontextmanager
async def virtual(agents: AgentNetwork) -> AsyncIterator[Node]:
    """A node whose clock stands still while this process works: what a slow machine adds is not in the figures."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    world = World()
    world.agents = agents
    async with world:
        transport = httpx.ASGITransport(app=world.api)
        auth = (world.account_sid, world.auth_token)
        async with httpx.AsyncClient(transport=transport, base_url="http://node.example.com", auth=auth) as client:
            yield Node(world.app, world.url("").rstrip("/"), world.phone, world.account_sid, client, loop.outside)
