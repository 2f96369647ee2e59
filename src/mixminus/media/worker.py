"""The production shell: a process that owns sockets and keeps the time of the engine's beats.

`python -m mixminus.media.worker`, started by `media/plane.py`. It lives as long as its control socket: when the
control plane closes it, or dies, the recordings are completed and all ports are free.
"""

import argparse
import contextlib
import gc
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from mixminus.base.open_files import raise_open_files_limit
from mixminus.media.address_state import FarHosts
from mixminus.media.crew import Crew, ask_for_real_time
from mixminus.media.disk import ThreadDisk
from mixminus.media.engine import Engine, EngineSettings
from mixminus.media.kernels.shell import SHELL, receive_due, send_departing, serve_plainly
from mixminus.media.kernels.udp import NS_PER_S, Sockets, scratch, tired
from mixminus.media.lane import Lane
from mixminus.media.secure_bench import ThreadBench
from mixminus.media.state import I64
from mixminus.media.udp_ports import UdpPorts
from mixminus.media.wire import WireError, command_unframer, framed

TICK_S: Final = 0.02
MISSED_S: Final = 0.1
"""When that far behind, after a stopped machine, ticks are left out instead of made up for."""

LATE_S: Final = 0.0005
"""Then some of the packets that are read came after the deadline, and it is asked which."""
REST_TICKS: Final = 50
"""So often silent far ends are looked for."""

READ_BYTES: Final = 1 << 18
MAX_UNREAD_BYTES: Final = 64 << 20
"""Events that the control plane did not fetch. Then it is as good as dead."""
BEHIND_BYTES: Final = 4 << 20
"""A second of 400 streams' audio. From here on it is left out: other events, and calls, must not wait behind it."""
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
            if len(self._unsent) > BEHIND_BYTES:
                events = engine.streaming.leave_out(events)
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
        self._scratch = [scratch() for _ in engine.lanes]
        self._beat_s = TICK_S / engine.seats.beats
        self._due_ns = 0
        """When the beat was to begin, by CLOCK_REALTIME."""
        self._sockets: Sockets | None = None
        self._far: FarHosts | None = None
        self._tables: list[I64] = []
        self._is_late = True
        self._crew = Crew(engine.lanes, self._serve)
        self.punctuality = engine.punctuality

    def run(self) -> None:
        """Until the control socket closes."""
        self._warm_up()
        self._link.greet()
        deadline = self._now() + self._beat_s
        while self._link.is_open:
            if self._link.wait(deadline - self._now()):
                self._link.read(self._engine)
                self._link.tell(self._engine)
            lateness = self._now() - deadline
            if lateness >= 0:
                # The deadline by the clock of arrival times, worked out anew each time: that clock may be set.
                due_unix_s = self._unix_now() - lateness
                self.punctuality.note(lateness)
                left_out_s = TICK_S * self._missed(lateness)
                self._is_late = lateness > LATE_S
                self.beat(due_unix_s + left_out_s)
                self._link.tell(self._engine)
                deadline += self._beat_s + left_out_s
        self._crew.close()

    def beat(self, due_unix_s: float) -> None:
        """Receive, mix, send, for all whose turn it is. That is when the beat was to begin."""
        self._due_ns = int(due_unix_s * NS_PER_S)
        self._engine.begin_beat()
        self._ports.rouse()
        self._crew.beat()
        self._engine.end_beat()
        for datagram in self._engine.shake_hands():
            self._ports.send(self._engine.legs.slots.row(datagram.leg), datagram.data, datagram.destination)
        if self._engine.is_end_of_tick:
            self.exchange_reports()
            if self._engine.ticks % REST_TICKS == 0:
                self._let_rest()

    def _serve(self, lane: Lane) -> None:
        """What one lane does in a beat."""
        engine, scratch = self._engine, self._scratch[lane.turn.lane]
        shell, turn, due_ns, late = self._table(lane), lane.turn, self._due_ns, self._is_late
        if lane.is_plain:
            beat = turn.now, engine.seats.beats, turn.lane, engine.ticks, lane.offset
            lane.arrived = serve_plainly(lane.table, shell, *beat, due_ns, late)
        else:
            lane.choose()
            lane.arrived = receive_due(lane.table, shell, engine.ticks, due_ns, late)
            lane.work(engine.ticks)
            send_departing(lane.table, shell, lane.departing)
            lane.departing = 0
        lane.refused = int(scratch.refused[0])

    def _table(self, lane: Lane) -> I64:
        """Of the sockets, and what this lane's system calls find and leave."""
        far = self._engine.legs.addresses.hosts
        if self._ports.sockets is not self._sockets or far is not self._far:
            self._sockets, self._far = self._ports.sockets, far
            self._tables = [SHELL.table(sockets=self._sockets, far=far, scratch=scratch) for scratch in self._scratch]
        return self._tables[lane.turn.lane]

    def _let_rest(self) -> None:
        """Have the sockets of silent far ends wait by themselves."""
        slots = self._engine.legs.slots
        rows = np.zeros(slots.count, np.int32)
        count = tired(slots.active, slots.count, self._ports.sockets, self._engine.legs.reception, rows)
        self._ports.rest(rows[:count].tolist())

    def _warm_up(self) -> None:
        """Compile, or load, every kernel before the first beat is due."""
        lane = self._engine.lanes[0]
        self._engine.wideband.warm_up(lane.turn, lane.outbox)
        self._engine.beats.warm_up()
        self._engine.streaming.warm_up(lane.turn)
        self._engine.formatted.warm_up(lane.turn)
        self._engine.hearing.warm_up(lane.turn, lane.happenings)
        self._engine.polishing.warm_up(lane.turn)
        self._let_rest()
        for _ in range(self._engine.seats.beats):
            self.beat(self._unix_now())
        self._engine.sealing.warm_up(lane.table)
        self._engine.tick()
        receive_due(lane.table, self._table(lane), 0, 0, True)
        send_departing(lane.table, self._table(lane), 0)

    def exchange_reports(self) -> None:
        """RTCP, both ways: when the audio of this tick has left."""
        reports, slots, unix_s = self._engine.reports, self._engine.legs.slots, self._unix_now()
        for arrival in self._ports.control.receive():
            came_s = unix_s if arrival.unix_s is None else arrival.unix_s
            reports.receive(slots.key(arrival.slot), arrival.data, arrival.source, came_s)
        for packet in reports.exchange(self._engine.ticks, unix_s):
            self._ports.send_control(packet)

    def _missed(self, lateness_s: float) -> int:
        """How many ticks to leave out: whole ones, so that beats stay where they are in the 20 ms."""
        missed = int(lateness_s / TICK_S) if lateness_s > MISSED_S else 0
        self.punctuality.missed_ticks += missed
        return missed


def main() -> int:
    """Serve one control socket."""
    parser = argparse.ArgumentParser(description="A media worker; started by the control plane.")
    parser.add_argument("--control-fd", type=int, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--low-port", type=int, required=True)
    parser.add_argument("--high-port", type=int, required=True)
    parser.add_argument("--lanes", type=int, default=1)
    options = parser.parse_args()
    raise_open_files_limit()
    with contextlib.suppress(OSError):  # only a name, for ps and top
        Path("/proc/self/comm").write_text(PROCESS_NAME)
    if not ask_for_real_time():
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    sys.setswitchinterval(SWITCH_S)
    disk, bench = ThreadDisk("disk"), ThreadBench("handshakes")
    ports = UdpPorts(options.host, options.low_port, options.high_port)
    with socket.socket(fileno=options.control_fd) as control:
        engine = Engine(EngineSettings(lanes=options.lanes), os.urandom, ports, disk, bench)
        link = ControlLink(control)
        worker = Worker(engine, ports, link, time.monotonic, time.time)
        # A terminal's Ctrl-C reaches the whole process group, systemd's SIGTERM every process of a service. Live
        # calls need us until the control plane closes the socket, as its death does, too.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        gc.freeze()
        worker.run()
        engine.close()
        disk.close()
        bench.close()
        link.say_last_words(engine)
    return 0


if __name__ == "__main__":
    sys.exit(main())
