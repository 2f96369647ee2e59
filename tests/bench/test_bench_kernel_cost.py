"""The engine alone: every packet is taken in, mixed and sent, or the figure is none."""

import pytest

from bench import kernel


@pytest.mark.parametrize(("legs", "room_size"), [(9, 3), (10, 10)])
def test_the_engine_without_system_calls_does_all_its_work(legs: int, room_size: int) -> None:
    row = kernel.measure(legs, room_size, seconds=0.2)
    assert row.faults == ()
    assert 0 < (row.median("cpu_us") or 0) < 1e6


def test_an_engine_that_was_spared_work_is_said_to_be_cheap() -> None:
    with kernel._engine(3, 3) as engine:
        packets = kernel._Packets(engine, 3, 3)
        packets.arrive()
        engine.lanes[0].inbox.bytes[0] = 5  # malformed: costs next to nothing
        engine.tick()
        (fault,) = kernel._idleness(engine, 3, 1)
    assert "2 packets were taken in and 3 sent, not 3" in fault
