"""The instrument against a server whose faults are known: what is injected is what is measured."""

import asyncio
import os
import socket
import time

import numpy as np
import pytest
from bench.density import Pace, Step
from bench.load import caller
from bench.load.generator import TooFewFiles, raise_file_limit, running
from bench.load.scenario import Scenario
from bench.shapes import Shape, coached
from bench.targets.known_delay import Faults, KnownDelay
from bench.targets.target import TargetFailed
from bench.verdicts import density_row, faults

from bench import cpu, density, floor, reach, set_up

PACE = Pace(windows=1, seconds=2.0, settle_s=0.3)


def measured(injected: Faults, **shape: float) -> Step:
    wanted = Shape("under test", 12, talkers=1, **shape)  # type: ignore[arg-type]
    return asyncio.run(density.measure(lambda: KnownDelay(injected), wanted, PACE))


@pytest.mark.network
def test_a_delay_of_15_ms_is_measured_as_15_ms() -> None:
    step = measured(Faults(delay_ms=15.0))
    (window,) = (m.window for m in step.measured)
    # On a busy machine the judge itself keeps packets longer than it was told, never shorter: its best is the truth.
    assert window.delay_min_ms == pytest.approx(15.0, abs=1.0)
    assert window.delay_min_ms <= window.delay_p50_ms <= window.delay_p99_ms <= window.delay_max_ms
    assert (window.markers_heard, window.wrong_room, window.echoes) == (window.markers_expected, 0, 0)
    assert window.markers_expected >= 8
    assert (step.set_up.up, step.set_up.failures, step.ending.dropped, window.lost) == (12, {}, 0, 0)


@pytest.mark.network
def test_a_server_that_sends_less_than_50_packets_a_second_is_said_to_look_cheap() -> None:
    (fault,) = faults(measured(Faults()))
    assert "33." in fault  # the speakers themselves, every third leg, hear nothing from this server
    assert "less work" in fault


@pytest.mark.network
def test_lost_packets_are_counted_and_their_markers_missed() -> None:
    (window,) = (m.window for m in measured(Faults(lose_every=4)).measured)
    assert window.lost / (window.lost + window.packets_in) == pytest.approx(0.25, abs=0.02)
    assert window.markers_heard < window.markers_expected


@pytest.mark.network
def test_a_room_that_hears_another_room_makes_the_row_invalid() -> None:
    step = measured(Faults(leak=True))
    assert step.measured[0].window.wrong_room >= 3
    row = density_row(step)
    assert not row.valid
    assert any("of another room" in fault for fault in row.faults)


@pytest.mark.network
def test_loss_on_the_phones_side_is_what_the_server_never_got() -> None:
    step = measured(Faults(), loss=0.25)
    (window,) = (m.window for m in step.measured)
    assert window.withheld / (window.withheld + window.packets_out) == pytest.approx(0.25, abs=0.06)
    assert window.lost / (window.lost + window.packets_in) < 0.01
    assert not any("phones sent" in fault for fault in faults(step))


@pytest.mark.network
def test_jitter_on_the_phones_side_is_between_none_and_what_was_asked_for() -> None:
    (window,) = (m.window for m in measured(Faults(), jitter_ms=40).measured)
    assert window.delay_min_ms < 20
    assert window.delay_max_ms > 20
    assert window.markers_heard == window.markers_expected


@pytest.mark.network
def test_churn_makes_calls_anew_and_leaves_none_behind() -> None:
    step = measured(Faults(), churn_per_s=10.0)
    assert step.ending.replaced.up >= 15
    assert (step.ending.replaced.failures, step.ending.dropped) == ({}, 0)


@pytest.mark.network
def test_the_rate_of_set_up_is_what_was_offered() -> None:
    row = asyncio.run(set_up.measure(lambda: KnownDelay(Faults()), 60, 1.0, PACE))
    assert (row.median("calls"), row.faults) == (60, ())
    assert row.median("reached_per_s") == pytest.approx(60, rel=0.15)


@pytest.mark.network
def test_a_target_that_cannot_be_steered_has_no_coaches() -> None:
    with pytest.raises(TargetFailed, match="coach in every room"):
        asyncio.run(density.measure(lambda: KnownDelay(Faults()), coached(3), PACE))


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
    ways = [floor.measure(sockets=2, rounds=20), *floor.ways(sockets=2, rounds=20)]
    assert len({way.row().name for way in ways}) == len(ways) >= 4
    for way in ways:
        assert 0.2 < way.us_per_pair < 200, way


@pytest.mark.network
def test_a_server_that_never_answers_is_waited_for_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller, "_SET_UP_PATIENCE_S", 0.3)

    async def called() -> tuple[int, dict[int, int]]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
            deaf.bind(("127.0.0.1", 0))
            async with running(Scenario(deaf.getsockname(), ("a",))) as generator:
                set_up = await generator.call_all()
        return set_up.up, set_up.failures

    assert asyncio.run(called()) == (0, {408: 3})
