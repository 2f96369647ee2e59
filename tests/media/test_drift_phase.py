"""Drift is corrected by whole periods of a voice that makes no pause: its phase never moves (issue 3, Shows 3)."""

import random
from collections.abc import Callable

import numpy as np
from bench.clicks import bends, clicks, song
from bench.load import ulaw
from tests.media.test_clock_drift import CHUNK_TICKS, DRIFT, FAST, FRAME, SLOW, Line, Samples

from mixminus.media.state import Inbox

PACKETS = ulaw.encode(song()).reshape(-1, FRAME)
CLEAN = float(bends(ulaw.decode(PACKETS.reshape(-1))).max())


def humming() -> Line:
    """Two phones, one fast and one slow, with a hum that never ends."""
    line = Line(DRIFT, -DRIFT)
    for phone in line._phones:
        phone._packets = PACKETS
    return line


def heard(line: Line, minutes: int) -> Samples:
    return np.concatenate([line.listen(CHUNK_TICKS) for _ in range(minutes)], axis=1)


def test_a_hum_that_never_ends_is_never_turned_over() -> None:
    """200 ppm are a frame in 100 s: in four minutes everything that is ever done for it is done twice."""
    line = humming()
    sound = heard(line, minutes=4)
    for leg in (FAST, SLOW):
        assert clicks(sound[leg, FRAME * 50 :], CLEAN) == []
        assert line.delay_ms(leg) <= 50


def test_a_network_that_stands_still_now_and_then_is_recovered_from_without_a_click() -> None:
    """What was held up comes in a burst; that delay is taken back by whole periods, even above the ceiling."""
    line, draw = humming(), random.Random(5)
    stalls: list[list[tuple[float, float]]] = []
    for phone in line._phones:
        begins = [8_000.0 * n + 4_000.0 * draw.random() for n in range(1, 60)]
        stalls.append([(at, at + draw.uniform(30, 90)) for at in begins])
        phone.send = held_up(phone.send, stalls[-1])  # type: ignore[method-assign, assignment]
    sound = heard(line, minutes=8)
    for leg in (FAST, SLOW):
        found = [at for at in clicks(sound[leg], CLEAN) if at > 1]
        assert len(found) > 10, "the stalls themselves are heard"
        ends = [(begin / 1000, end / 1000) for begin, end in stalls[leg]]
        assert [at for at in found if not any(begin - 0.1 <= at <= end + 0.4 for begin, end in ends)] == []


def held_up(
    send: Callable[[Inbox, int, float], int], stalls: list[tuple[float, float]]
) -> Callable[[Inbox, int, float], int]:
    """Nothing comes meanwhile."""

    def late(inbox: Inbox, at: int, now_ms: float) -> int:
        return at if any(begin <= now_ms < end for begin, end in stalls) else send(inbox, at, now_ms)

    return late
