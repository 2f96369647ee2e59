"""`mixminus serve` as people run it: a process of its own, with signals, on free ports."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from twilio.rest import Client

from mixminus.base.settings import Endpoint
from mixminus.cli.http_server import HttpServer
from mixminus.testing import LoopbackNetwork, VirtualPhone, WebhookApp

NUMBER = "+15550001000"
ACCOUNT_SID, AUTH_TOKEN = "AC" + "1" * 32, "0" * 32
READY = re.compile(r"mixminus ready http=(\S+) sip=127\.0\.0\.1:(\d+)")
FIRST_START_S = 240.0
"""A node that is the first of a fresh clone compiles its kernels."""
ENVIRONMENT = {"MIXMINUS_ACCOUNT_SID": ACCOUNT_SID, "MIXMINUS_AUTH_TOKEN": AUTH_TOKEN}


async def mixminus(*arguments: str, **environment: str) -> asyncio.subprocess.Process:
    """Start a command."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mixminus", *arguments),
        env={**os.environ, **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def run(*arguments: str, within_s: float = 30.0, **environment: str) -> tuple[int, str, str]:
    """Run a command to its end: exit status, standard output, standard error."""
    process = await mixminus(*arguments, **environment)
    try:
        async with asyncio.timeout(within_s):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@dataclass
class Served:
    """One running node."""

    process: asyncio.subprocess.Process
    base_url: str
    sip_port: int
    app: WebhookApp
    app_url: str

    @property
    def twilio(self) -> Client:
        client = Client(ACCOUNT_SID, AUTH_TOKEN)
        client.api.base_url = self.base_url
        return client

    def phone(self, user: str) -> VirtualPhone:
        return VirtualPhone(LoopbackNetwork(), user=user, server=("127.0.0.1", self.sip_port))

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ended(self, within_s: float) -> int:
        """Wait for its end: the exit status."""
        async with asyncio.timeout(within_s):
            return await self.process.wait()


def worker_of(pid: int) -> int:
    """The media worker among a process's children."""
    [worker] = [
        int(child)
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if Path(f"/proc/{child}/comm").read_text().startswith("mixminus-media")
    ]
    return worker


@asynccontextmanager
async def webhook_app() -> AsyncIterator[tuple[WebhookApp, str]]:
    app = WebhookApp()
    server = HttpServer(app)
    at = await server.start(Endpoint("127.0.0.1", 0))
    try:
        yield app, f"http://{at}"
    finally:
        await server.stop()


@asynccontextmanager
async def serving(data: Path, app: WebhookApp, app_url: str, *options: str) -> AsyncIterator[Served]:
    """Run a node on a data directory; it is killed at the end if it still runs."""
    config = data.with_suffix(".toml")
    config.write_text(f'[numbers."{NUMBER}"]\nvoice_url = "{app_url}/voice"\n')
    addresses = ("--http", "127.0.0.1:0", "--sip", "127.0.0.1:0", "--rtp", "127.0.0.1:0-0")
    where = ("--data", str(data), "--config", str(config))
    process = await mixminus("serve", *addresses, *where, *options, **ENVIRONMENT)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(FIRST_START_S):
            first = (await process.stdout.readline()).decode()
        ready = READY.match(first)
        assert ready, first or (await process.communicate())[1].decode()
        yield Served(process, f"http://{ready[1]}", int(ready[2]), app, app_url)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
