"""The instrument against a server whose faults are known: what is injected is what is measured."""

import asyncio
import os
import time

import numpy as np
import pytest
from bench.density import Load, Step
from bench.load.generator import TooFewFiles, raise_file_limit
from bench.report import Report
from bench.targets.known_delay import Faults, KnownDelay

from bench import cpu, density, floor, reach

LOAD = Load(talkers=1, calls_per_s=100, windows=1, seconds=2.0, settle_s=0.3)


def measured(faults: Faults) -> Step:
    return asyncio.run(density.measure(lambda: KnownDelay(faults), legs=12, load=LOAD))


@pytest.mark.network
def test_a_delay_of_15_ms_is_measured_as_15_ms() -> None:
    step = measured(Faults(delay_ms=15.0))
    (window,) = step.windows
    # On a busy machine the judge itself keeps packets longer than it was told, never shorter: its best is the truth.
    assert window.delay_min_ms == pytest.approx(15.0, abs=1.0)
    assert window.delay_min_ms <= window.delay_p50_ms <= window.delay_p99_ms <= window.delay_max_ms
    assert (window.markers_heard, window.wrong_room, window.echoes) == (window.markers_expected, 0, 0)
    assert window.markers_expected >= 8
    assert (step.set_up.up, step.set_up.failures, step.dropped, window.lost) == (12, {}, 0, 0)


@pytest.mark.network
def test_a_server_that_sends_less_than_50_packets_a_second_is_said_to_look_cheap() -> None:
    (fault,) = Report("known-delay", {}, [], [measured(Faults())], []).faults()
    assert "33." in fault  # the speakers themselves, every third leg, hear nothing from this server
    assert "less work" in fault


@pytest.mark.network
def test_lost_packets_are_counted_and_their_markers_missed() -> None:
    (window,) = measured(Faults(lose_every=4)).windows
    assert window.lost / (window.lost + window.packets_in) == pytest.approx(0.25, abs=0.02)
    assert window.markers_heard < window.markers_expected


@pytest.mark.network
def test_a_room_that_hears_another_room_is_a_fault() -> None:
    step = measured(Faults(leak=True))
    assert step.windows[0].wrong_room >= 3
    assert any("of another room" in fault for fault in Report("known-delay", {}, [], [step], []).faults())


def test_the_report_shows_every_step() -> None:
    report = Report("known-delay", cpu.machine(), [floor.Floor(1, 3.8)], [], [reach.Reach("mute", [1.0], [2.0])])
    assert "190" in report.text()
    assert "mute" in report.text()


def test_a_change_is_the_first_packet_that_sounds_different() -> None:
    tone, quiet = 8_000_000, 0
    watch = np.array([[1, 10, tone], [1, 30, tone], [1, 50, quiet], [1, 70, quiet]])
    assert reach.first_change(watch, 15, audible=False) == 50
    assert reach.first_change(watch, 15, audible=True) == 30
    assert reach.first_change(watch, 55, audible=True) is None


def test_a_limit_of_files_that_is_too_low_is_said_with_its_remedy() -> None:
    with pytest.raises(TooFewFiles, match="ulimit -Hn"):
        raise_file_limit(10**9)


def test_cpu_of_a_family_includes_what_this_process_just_burned() -> None:
    before = cpu.usage([os.getpid()])
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    spent = cpu.spent(before, cpu.usage([os.getpid()]))
    assert spent.cpu_s >= 0.05
    assert spent.us_per(10) == pytest.approx(spent.cpu_s * 1e5 / spent.elapsed_s)


def test_the_floor_is_a_few_microseconds() -> None:
    assert 0.2 < floor.measure(sockets=2, pairs=500, runs=1).us_per_pair < 200
