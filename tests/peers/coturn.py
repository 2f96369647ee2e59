"""coturn on loopback: a TURN server that shares a secret with the node."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.peers.exchange import until

HOST: Final = "127.0.0.1"

ARGUMENTS: Final = (
    "turnserver",
    "-n",
    f"--listening-ip={HOST}",
    f"--relay-ip={HOST}",
    "--allow-loopback-peers",
    "--use-auth-secret",
    "--realm=mixminus",
    "--no-tls",
    "--no-dtls",
    "--no-cli",
    "--no-stdout-log",
    "--verbose",
)


class Coturn:
    """A running one."""

    def __init__(self, log: Path) -> None:
        self._log = log

    def log(self) -> str:
        """What it says of its sessions."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""


def is_missing() -> bool:
    return shutil.which("turnserver") is None


@asynccontextmanager
async def coturn(folder: Path, port: int, secret: str) -> AsyncIterator[Coturn]:
    """Run one in a folder that exists; it is up when this returns."""
    log = folder / "turn.log"
    process = await asyncio.create_subprocess_exec(
        *ARGUMENTS,
        f"--listening-port={port}",
        f"--static-auth-secret={secret}",
        f"--log-file={log}",
        "--simple-log",
        f"--pidfile={folder / 'pid'}",
        f"--userdb={folder / 'users'}",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        server = Coturn(log)
        await until(lambda: "listener opened on" in server.log().lower() or process.returncode is not None)
        yield server
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
