"""The engine alone: every packet is taken in, mixed and sent, or the figure is none."""

import pytest
from bench.kernel_loads import Load

from bench import kernel

SMALL = (
    Load(9, 3),
    Load(10, 10),
    Load(9, 3, talkers=3, on_bus=2, coaches=1),
    Load(12, 12, on_bus=2, codec="G722"),
    Load(12, 12, on_bus=2, codec="opus"),
    Load(9, 3, srtp="AES_CM_128_HMAC_SHA1_80"),
    Load(12, 12, on_bus=2, codec="opus", srtp="AEAD_AES_256_GCM"),
)


@pytest.mark.parametrize("load", SMALL)
def test_the_engine_without_system_calls_does_all_its_work(load: Load) -> None:
    row = kernel.measure(load, seconds=0.2)
    assert row.faults == ()
    assert 0 < (row.median("cpu_us") or 0) < 1e6


def test_an_engine_that_was_spared_work_is_said_to_be_cheap() -> None:
    with kernel._engine(Load(3, 3)) as engine:
        packets = kernel._Packets(engine, Load(3, 3))
        packets.arrive()
        engine.lanes[0].inbox.bytes[0] = 5  # malformed: costs next to nothing
        engine.tick()
        (fault,) = kernel._idleness(engine, 3, 1)
    assert "2 packets were taken in and 3 sent, not 3" in fault
