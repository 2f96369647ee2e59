"""When a worker's ticks were to begin, by the clock that arrival times are told in."""

import random
import socket
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from mixminus.media.engine import Engine, EngineSettings
from mixminus.media.udp_ports import UdpPorts
from mixminus.media.worker import ControlLink, Worker

TICK_S = 0.02
BEAT_S = TICK_S / 4


class Machine(ControlLink):
    """A control socket on which nothing comes, two clocks, and a scheduler that wakes the worker when it likes."""

    def __init__(self, lateness_s: list[float]) -> None:
        self._ends = socket.socketpair()
        super().__init__(self._ends[0])
        self.lateness_s = lateness_s
        self.now_s, self.unix_s = 100.0, 1_700_000_000.0

    def pass_time(self, seconds: float) -> None:
        self.now_s += seconds
        self.unix_s += seconds

    def wait(self, timeout_s: float) -> bool:
        if timeout_s > 0:
            self.pass_time(timeout_s + self.lateness_s.pop(0))
            self.is_open = bool(self.lateness_s)
        return False

    def close(self) -> None:
        for end in self._ends:
            end.close()


Run = Callable[..., tuple[list[float], list[float]]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Returns when ticks were to begin, and when they did, counted from the first one."""
    machines = []

    def run(lateness_s: list[float], clock_set_by_s: float = 0.0) -> tuple[list[float], list[float]]:
        machines.append(machine := Machine(lateness_s))
        engine = Engine(EngineSettings(legs=2), random.Random(1).randbytes, ports := UdpPorts("127.0.0.1", 0, 0))
        worker = Worker(engine, ports, machine, lambda: machine.now_s, lambda: machine.unix_s)
        due, begun = [], []

        def beat(due_unix_s: float) -> None:
            due.append(due_unix_s)
            begun.append(machine.unix_s)
            machine.unix_s += clock_set_by_s

        monkeypatch.setattr(worker, "beat", beat)
        worker.run()
        beats = engine.seats.beats  # with which the worker warms up
        return due[beats:], begun[beats:]

    yield run
    for machine in machines:
        machine.close()


def test_a_tick_that_begins_late_was_due_in_time(run: Run) -> None:
    due, begun = run([0.0, 0.003, 0.004, 0.0, 0.035, 0.0, 0.001])
    assert all(later - sooner == pytest.approx(BEAT_S, abs=1e-6) for sooner, later in pairwise(due))
    assert [at - when for at, when in zip(begun, due, strict=True)][:3] == pytest.approx(
        [0.0, 0.003, 0.004], abs=1e-6
    )


def test_after_the_machine_stood_still_the_tick_that_is_made_is_the_last_one_that_was_due(run: Run) -> None:
    due, begun = run([0.0, 2.01, 0.0, 0.0])
    assert 0 <= begun[1] - due[1] <= TICK_S
    assert all(later - sooner == pytest.approx(BEAT_S, abs=1e-6) for sooner, later in pairwise(due[1:]))
    left_out_ticks = (due[1] - due[0] - BEAT_S) / TICK_S
    assert left_out_ticks == pytest.approx(round(left_out_ticks), abs=1e-4), "beats stay where they were"


def test_a_clock_that_is_set_is_believed_from_the_next_tick_on(run: Run) -> None:
    due, begun = run([0.0, 0.004, 0.002], clock_set_by_s=-3600.0)
    late = [at - when for at, when in zip(begun, due, strict=True)]
    assert late == pytest.approx([0.0, 0.004, 0.002], abs=1e-5)
