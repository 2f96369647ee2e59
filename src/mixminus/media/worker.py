"""The production shell: a process that owns sockets and ticks every 20 ms.

`python -m mixminus.media.worker`, started by `media/plane.py`. It lives as long as its control socket: when the
control plane closes it, or dies, the recordings are completed and all ports are free.
"""

import argparse
import contextlib
import gc
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from mixminus.media.disk import ThreadDisk
from mixminus.media.engine import Engine, EngineSettings
from mixminus.media.kernels.udp import ADDRESS_BYTES, Scratch, receive, send
from mixminus.media.ports import address_key
from mixminus.media.udp_ports import UdpPorts
from mixminus.media.wire import WireError, command_unframer, framed

TICK_S: Final = 0.02
MISSED_S: Final = 0.1
"""When that far behind, after a stopped machine, ticks are left out instead of made up for."""

READ_BYTES: Final = 1 << 18
MAX_UNREAD_BYTES: Final = 64 << 20
"""Events that the control plane did not fetch. Then it is as good as dead."""
LAST_WORDS_S: Final = 2.0

PROCESS_NAME: Final = "mixminus-media"
SWITCH_S: Final = 0.0002
"""How long a tick waits at most for the interpreter's lock while the disk's thread runs. By default that is 5 ms, and
a thread that writes many files takes the lock back before anybody else wakes up (bench/recording.py)."""
NICENESS: Final = -10
"""Before all that can wait 20 ms; where that is permitted."""


class ControlLink:
    """The worker's end of the control socket: never blocks."""

    def __init__(self, control: socket.socket) -> None:
        control.setblocking(False)
        self._control = control
        self._unframer = command_unframer()
        self._unsent = bytearray()
        self.is_open = True

    def wait(self, timeout_s: float) -> bool:
        """Whether something can be read; `select`, because `poll` counts in whole milliseconds."""
        return bool(select.select([self._control], [], [], max(0.0, timeout_s))[0])

    def read(self, engine: Engine) -> None:
        """Apply what has arrived, each message between two ticks."""
        try:
            data = self._control.recv(READ_BYTES)
            messages = self._unframer.feed(data)
        except BlockingIOError:
            return
        except (OSError, WireError) as error:
            print(f"media worker: {error}", file=sys.stderr)
            self.is_open = False
            return
        self.is_open = bool(data)
        for commands in messages:
            engine.apply(commands)

    def tell(self, engine: Engine) -> None:
        """Send what has happened, as far as the control plane reads."""
        if events := engine.take_events():
            self._unsent += framed(tuple(events))
        try:
            while self._unsent:
                del self._unsent[: self._control.send(self._unsent)]
        except BlockingIOError:
            self.is_open = self.is_open and len(self._unsent) < MAX_UNREAD_BYTES
        except OSError:
            self._unsent.clear()
            self.is_open = False

    def greet(self) -> None:
        """Say that we are ready: a message of no events."""
        self._unsent += framed(())

    def say_last_words(self, engine: Engine) -> None:
        """The events of the end, to whoever still listens."""
        self._control.settimeout(LAST_WORDS_S)
        self.tell(engine)


class Worker:
    """Brings packets to the engine and away, and keeps its time."""

    def __init__(
        self,
        engine: Engine,
        ports: UdpPorts,
        link: ControlLink,
        now: Callable[[], float],
        unix_now: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._ports = ports
        self._link = link
        self._now = now
        self._unix_now = unix_now
        self._scratch = Scratch(np.zeros(ADDRESS_BYTES, np.uint8), np.zeros(1, np.uint32))
        self._ending = False
        self.punctuality = engine.punctuality

    def end(self) -> None:
        """Leave `run` at the next tick."""
        self._ending = True

    def run(self) -> None:
        """Until the control socket closes."""
        self._engine.wideband.warm_up(self._engine.outbox)
        self._engine.streaming.warm_up(self._engine.rooms.bus)
        self.tick()  # compiles, or loads, every other kernel
        self._link.greet()
        deadline = self._now() + TICK_S
        while self._link.is_open and not self._ending:
            if self._link.wait(deadline - self._now()):
                self._link.read(self._engine)
                self._link.tell(self._engine)
            lateness = self._now() - deadline
            if lateness >= 0:
                self.punctuality.note(lateness)
                self.tick()
                self.exchange_reports()
                self._link.tell(self._engine)
                deadline += TICK_S * (1 + self._missed(lateness))

    def tick(self) -> None:
        """Receive, tick, send."""
        engine, sockets = self._engine, self._ports.sockets
        slots = engine.legs.slots
        engine.arrived = receive(
            slots.active, slots.count, sockets, engine.legs.line, engine.inbox, self._scratch, engine.ticks
        )
        engine.tick()
        self.punctuality.refused_packets += send(engine.outbox, engine.departing, sockets, self._scratch)

    def exchange_reports(self) -> None:
        """RTCP, both ways: when the audio of this tick has left."""
        reports, slots, unix_s = self._engine.reports, self._engine.legs.slots, self._unix_now()
        for arrival in self._ports.control.receive():
            came_s = unix_s if arrival.unix_s is None else arrival.unix_s
            reports.receive(slots.key(arrival.slot), arrival.data, address_key(*arrival.source), came_s)
        for packet in reports.exchange(self._engine.ticks, unix_s):
            self._ports.send_control(packet)

    def _missed(self, lateness_s: float) -> int:
        """How many ticks to leave out."""
        missed = int(lateness_s / TICK_S) if lateness_s > MISSED_S else 0
        self.punctuality.missed_ticks += missed
        return missed


def raise_open_files_limit() -> None:
    """As many sockets as the system lets us have: one a leg."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> int:
    """Serve one control socket."""
    parser = argparse.ArgumentParser(description="A media worker; started by the control plane.")
    parser.add_argument("--control-fd", type=int, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--low-port", type=int, required=True)
    parser.add_argument("--high-port", type=int, required=True)
    options = parser.parse_args()
    raise_open_files_limit()
    with contextlib.suppress(OSError):  # only a name, for ps and top
        Path("/proc/self/comm").write_text(PROCESS_NAME)
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    sys.setswitchinterval(SWITCH_S)
    disk = ThreadDisk("disk")
    ports = UdpPorts(options.host, options.low_port, options.high_port)
    with socket.socket(fileno=options.control_fd) as control:
        engine = Engine(EngineSettings(), os.urandom, ports, disk)
        link = ControlLink(control)
        worker = Worker(engine, ports, link, time.monotonic, time.time)
        # A terminal's Ctrl-C reaches the whole process group: the control plane decides when we end.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: worker.end())
        gc.freeze()
        worker.run()
        engine.close()
        disk.close()
        link.say_last_words(engine)
    return 0


if __name__ == "__main__":
    sys.exit(main())
