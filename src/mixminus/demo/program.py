"""The example application, run as a reader would run it: a program of its own that knows nothing of the demo."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Mapping
from importlib import util
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import aiohttp

from mixminus.demo.errors import DemoCannotRun

NEEDED: Final[Mapping[str, str]] = {"flask": "Flask", "twilio": "the Twilio SDK", "PIL": "Pillow"}
"""Module to what people call it."""

START_TIMEOUT_S: Final = 30.0
STOP_TIMEOUT_S: Final = 5.0
POLL_S: Final = 0.05


def check_installed() -> None:
    """Raise unless everything is there that the demo needs and a node does not."""
    missing = [name for module, name in NEEDED.items() if util.find_spec(module) is None]
    if missing:
        raise DemoCannotRun(
            f"it needs {' and '.join(missing)}: run  pip install 'mixminus[demo]'  (in a checkout:  make demo)."
        )


def example_file(name: str) -> Path:
    """`examples/NAME` of the checkout, or its copy in an installed package."""
    here = Path(__file__).parent
    for folder in (here / "examples", here.parents[2] / "examples"):
        if (folder / name).is_file():
            return folder / name
    raise DemoCannotRun(f"examples/{name} is missing: reinstall mixminus, or run the demo in a checkout.")


def free_port() -> int:
    """A TCP port of loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Program:
    """`async with Program(name, port, environment, log) as app` begins to start it; then `await app.serving()`."""

    def __init__(self, name: str, port: int, environment: Mapping[str, str], log: Path) -> None:
        self._name = name
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._environment = {**os.environ, "PORT": str(port), "PUBLIC_URL": self.url, **environment}
        self._log = log

    async def __aenter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, str(example_file(self._name)), env=self._environment, stdout=log, stderr=log
            )
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._session.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def ask(self, path: str, form: Mapping[str, str]) -> None:
        """POST a form. Raises `DemoCannotRun` with the answer when it is refused."""
        async with self._session.post(self.url + path, data=form) as answer:
            if answer.status >= 300:
                raise DemoCannotRun(f"the example application answered {answer.status}: {await answer.text()}")

    async def rooms(self) -> dict[str, list[str]]:
        """The live rooms, and the labels of those in them."""
        async with self._session.get(f"{self.url}/rooms") as answer:
            if answer.status >= 300:
                raise DemoCannotRun(f"the example application answered {answer.status}: {await answer.text()}")
            rooms: dict[str, list[str]] = await answer.json()
            return rooms

    async def serving(self) -> None:
        """Wait until the program takes connections. Raises `DemoCannotRun` when it ends or takes too long."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_TIMEOUT_S
        while loop.time() < deadline and self._process.returncode is None:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                await asyncio.sleep(POLL_S)
            else:
                writer.close()
                return
        raise DemoCannotRun(f"the example application did not start: {_last_line(self._log)} (see {self._log})")


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "it said nothing")
