"""The judges of drift convict clicks, acquit splices that nobody hears, and tell how late a sound is (issue 3)."""

from functools import cache

import numpy as np
import pytest
from bench.clicks import CYCLE_S, PERIOD, RATE_HZ, Samples, bends, clicks, heard_at_s, song
from bench.drift import DRIFT, Voice, judged, verdicts
from bench.drift_phones import FRAME, Heard
from bench.load import ulaw

CLICKS_AT = (9_000, 17_777, 25_431)


@cache
def clean() -> Samples:
    """Five cycles, as G.711 carries them."""
    return ulaw.decode(ulaw.encode(np.tile(song(), 5)))


@cache
def roughest() -> float:
    return float(bends(clean()[: 2 * len(song())]).max())


def spliced(at: int, skipped: int, fade: int) -> Samples:
    """As many samples left out, in a cross-fade of that length."""
    share = np.arange(fade) / max(1, fade)
    before, after = clean()[at : at + fade], clean()[at + skipped : at + skipped + fade]
    faded = (before * (1 - share) + after * share).astype(np.int16)
    return np.concatenate([clean()[:at], faded, clean()[at + skipped + fade :]])


def test_the_sound_itself_does_not_click() -> None:
    assert clicks(clean(), roughest()) == []


@pytest.mark.parametrize("at", CLICKS_AT)
@pytest.mark.parametrize("fade", [0, 64])
@pytest.mark.parametrize("skipped", [10, 20, 32, 41, 50, 80, 100, 160])
def test_a_splice_is_heard_where_it_is_even_when_it_is_faded(at: int, skipped: int, fade: int) -> None:
    (heard_s,) = clicks(spliced(at, skipped, fade), roughest())
    assert heard_s == pytest.approx(at / RATE_HZ, abs=0.05)


@pytest.mark.parametrize("at", CLICKS_AT)
@pytest.mark.parametrize("fade", [0, 64])
def test_a_splice_of_whole_periods_is_not(at: int, fade: int) -> None:
    assert clicks(spliced(at, PERIOD, fade), roughest()) == []
    assert clicks(spliced(at, 2 * PERIOD, fade), roughest()) == []


@pytest.mark.parametrize("at", CLICKS_AT)
def test_a_hole_and_a_step_are_heard(at: int) -> None:
    hole, step = clean().copy(), clean().copy()
    hole[at : at + FRAME] = 0
    step[at] += 1500
    assert len(clicks(hole, roughest())) == len(clicks(step, roughest())) == 1


@pytest.mark.parametrize("at", [0, 1, 12_345, 31_999])
def test_a_second_tells_which_moment_it_is(at: int) -> None:
    wrong_s = heard_at_s(clean()[at : at + RATE_HZ]) - at / RATE_HZ
    assert (wrong_s + CYCLE_S / 2) % CYCLE_S - CYCLE_S / 2 == pytest.approx(0, abs=0.003)


def received(sound: Samples, late_s: float, begun_s: float) -> list[Heard]:
    """Sent by a server without delay of its own, and with another phase."""
    payloads = ulaw.encode(sound[: len(sound) // FRAME * FRAME]).reshape(-1, FRAME)
    return [
        Heard(70_000 + n, begun_s + late_s + n * FRAME / RATE_HZ, row.tobytes()) for n, row in enumerate(payloads)
    ]


def test_delay_is_from_what_was_due_to_when_it_came() -> None:
    voice = judged("exact", received(clean(), 0.043, 1e9), 1e9, 0.0, [])
    assert voice.missing == 0
    assert voice.clicks == ()
    assert all(delay == pytest.approx(43, abs=3) for _, delay in voice.delays_ms)


def test_what_is_not_heard_is_missing() -> None:
    heard = received(clean(), 0.043, 1e9)
    assert judged("exact", heard[:100] + heard[103:], 1e9, 0.0, []).missing == 3


def test_who_speaks_fast_and_is_not_corrected_comes_later_and_later() -> None:
    minute = np.tile(clean(), 3)
    delays = judged("fast", received(minute, 0.040, 1e9), 1e9, DRIFT, []).steady_delays_ms
    assert delays[-1] - delays[0] == pytest.approx(1000 * DRIFT * (len(minute) / RATE_HZ - 4), abs=3)


FLAT = [(float(n), 80_000.0) for n in range(40)]


def every_2_s(*delays_ms: float) -> tuple[tuple[float, float], ...]:
    return tuple((2.0 * n, delay_ms) for n, delay_ms in enumerate(delays_ms))


def voice(**changed: object) -> Voice:
    delays_ms = every_2_s(*(40.0,) * 30)
    fields = {"name": "fast", "heard_s": 60.0, "clicks": (), "stalls": (), "delays_ms": delays_ms, "missing": 0}
    return Voice(**{**fields, **changed})  # type: ignore[arg-type]


def failing(voice: Voice, memory: list[tuple[float, float]] = FLAT) -> list[str]:
    return [verdict.claim for verdict in verdicts([voice], memory) if not verdict.holds]


def test_each_claim_fails_for_its_own_reason() -> None:
    assert failing(voice()) == []
    assert failing(voice(clicks=(5.0,))) == ["no click in the fast voice"]
    assert failing(voice(clicks=(5.0,), stalls=(4.7,))) == [], "the machine stood still, not the engine"
    assert failing(voice(clicks=(5.0,), stalls=(5.5,))) == ["no click in the fast voice"]
    assert failing(voice(delays_ms=every_2_s(*(40.0,) * 29, 101.0), stalls=(58.5,))) == []
    assert failing(voice(missing=1)) == ["no packet of the fast voice is missing"]
    assert failing(voice(delays_ms=every_2_s(*(40.0,) * 29, 101.0))) == [
        "the delay of the fast voice stays below 100 ms"
    ]
    assert failing(voice(delays_ms=every_2_s(*(20.0,) * 20, *(41.0,) * 10))) == [
        "the delay of the fast voice does not creep"
    ]
    assert failing(voice(), [(at_s, kb + at_s) for at_s, kb in FLAT]) == ["the worker's memory is flat"]


def test_a_click_is_when_it_came_though_ticks_were_left_out() -> None:
    """The server stood still for a second after 3 s and went on where it was; the click is 2 s of sound later."""
    heard = received(spliced(5 * RATE_HZ, 32, 64), 0.040, 1e9)
    late = heard[:150] + [Heard(packet.number, packet.came_s + 1.0, packet.payload) for packet in heard[150:]]
    voice = judged("exact", late, 1e9, 0.0, [])
    assert voice.stalls == pytest.approx([4.0])
    assert voice.unexplained == pytest.approx([6.0], abs=0.05)
    assert voice.undisturbed_s == pytest.approx(voice.heard_s - 0.6, abs=0.2)
