"""Drift is corrected by whole periods of a voice that makes no pause: its phase never moves (issue 3, Shows 3)."""

import numpy as np
from bench.clicks import bends, clicks, song
from bench.load import ulaw
from tests.media.test_clock_drift import CHUNK_TICKS, DRIFT, FAST, FRAME, SLOW, Line

MINUTES = 4
"""200 ppm are a frame in 100 s: everything that is ever done for it is done twice."""


def test_a_hum_that_never_ends_is_never_turned_over() -> None:
    line = Line(DRIFT, -DRIFT)
    packets = ulaw.encode(song()).reshape(-1, FRAME)
    for phone in line._phones:
        phone._packets = packets
    heard = np.concatenate([line.listen(CHUNK_TICKS) for _ in range(MINUTES)], axis=1)
    clean = float(bends(ulaw.decode(packets.reshape(-1))).max())
    for leg in (FAST, SLOW):
        assert clicks(heard[leg, FRAME * 50 :], clean) == []
        assert line.delay_ms(leg) <= 50
