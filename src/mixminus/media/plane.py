"""The control plane's end of a media worker: starts the process, talks to it, notices when it is gone."""

import asyncio
import contextlib
import os
import socket
import sys
from asyncio.subprocess import Process
from pathlib import Path
from typing import Final

from mixminus.base.errors import MixminusError
from mixminus.media.absence import answers_of_nobody
from mixminus.media.contract import Command, Event, EventHandler, WorkerLost
from mixminus.media.wire import WireError, event_unframer, framed

START_TIMEOUT_S: Final = 180.0
"""With a cold cache the kernels are compiled first, once after an installation."""
STOP_TIMEOUT_S: Final = 10.0

READ_BYTES: Final = 1 << 18
MAX_UNREAD_BYTES: Final = 64 << 20
"""Commands that the worker did not fetch. It reads at least every 20 ms, so then it hangs."""

_IMPORT_ROOT: Final = Path(__file__).parent.parent.parent


class WorkerStartError(MixminusError):
    """The media worker did not come up."""


class WorkerPlane:
    """A `MediaPlane` in a process of its own."""

    def __init__(
        self, host: str, low_port: int, high_port: int, lanes: int = 1, introduction: tuple[Command, ...] = ()
    ) -> None:
        """Media ports are the even ones from *low_port* to *high_port*; 0 and 0 let the system choose.

        *lanes*: on how many cores it may work at the same time. *introduction*: what every new worker is told first.
        """
        ports = ("--low-port", str(low_port), "--high-port", str(high_port))
        self._options = ("--host", host, *ports, "--lanes", str(lanes))
        self._introduction = introduction
        self._handler: EventHandler | None = None
        self._process: Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._greeted = asyncio.Event()
        self._stopping = False
        self._lost = False

    async def start(self) -> None:
        """Return when the worker ticks; again after a loss, for a new one that knows nothing of the old one's legs.

        Raises `WorkerStartError`.
        """
        self._greeted.clear()
        self._stopping = False
        ours, theirs = socket.socketpair()
        with theirs:
            command = (sys.executable, "-m", "mixminus.media.worker", "--control-fd", str(theirs.fileno()))
            self._process = await asyncio.create_subprocess_exec(
                *command,
                *self._options,
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": _with_us_first(os.environ.get("PYTHONPATH"))},
            )
        reader, self._writer = await asyncio.open_connection(sock=ours)
        if self._introduction:
            self._writer.write(framed(self._introduction))
        self._reading = asyncio.create_task(self._read(reader), name="media worker events")
        greeted = asyncio.create_task(self._greeted.wait(), name="media worker greeting")
        try:
            await asyncio.wait({greeted, self._reading}, timeout=START_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._kill()  # it may be compiling, and not listen for a long time
            raise
        finally:
            greeted.cancel()
        if not self._greeted.is_set():
            await self.stop()
            raise WorkerStartError(f"the media worker did not start: {self._ending()}")
        self._lost = False

    @property
    def pid(self) -> int | None:
        """Of the worker's process, for statistics."""
        return None if self._process is None else self._process.pid

    def apply(self, *commands: Command) -> None:
        """Send the commands as one message. When the worker is lost, those that await an answer are refused."""
        if self._writer is None:
            raise WorkerStartError("the media worker was not started")
        if self._lost:
            self._deliver(answers_of_nobody(commands, f"the media worker is gone: {self._ending()}"))
        if self._lost or self._stopping:
            return
        self._writer.write(framed(commands))
        if self._writer.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            self._kill()

    def listen(self, handler: EventHandler) -> None:
        self._handler = handler

    async def stop(self) -> None:
        """Complete the recordings, deliver the last events, end the process."""
        self._stopping = True
        if self._process is None or self._writer is None or self._reading is None:
            return
        if not self._writer.is_closing():  # the worker may be gone, which uvloop's transports take amiss
            with contextlib.suppress(OSError):
                self._writer.write_eof()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._reading
                await self._process.wait()
        except TimeoutError:
            self._kill()
            await self._process.wait()
        self._writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Deliver events until the worker closes its end."""
        unframer = event_unframer()
        try:
            while data := await reader.read(READ_BYTES):
                for events in unframer.feed(data):
                    self._greeted.set()
                    self._deliver(events)
        except (OSError, WireError):
            self._kill()
        if not self._stopping:
            await self._tell_of_loss()

    async def _tell_of_loss(self) -> None:
        assert self._process is not None
        assert self._writer is not None
        greeted, self._lost = self._greeted.is_set(), True
        await self._process.wait()
        self._writer.close()
        if greeted:  # who never came up is no loss: `start` raises
            self._deliver((WorkerLost(self._ending()),))

    def _deliver(self, events: tuple[Event, ...]) -> None:
        """One callback of the loop an event: a handler that fails spoils no other event."""
        if self._handler is not None:
            for event in events:
                asyncio.get_running_loop().call_soon(self._handler, event)

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self._process is not None:
                self._process.kill()

    def _ending(self) -> str:
        code = None if self._process is None else self._process.returncode
        if code is None:
            return "no answer"
        return f"killed by signal {-code}" if code < 0 else f"exit status {code}"


def _with_us_first(path: str | None) -> str:
    """The worker runs the very code that we run, wherever it was imported from."""
    return os.pathsep.join([str(_IMPORT_ROOT), *([path] if path else [])])
