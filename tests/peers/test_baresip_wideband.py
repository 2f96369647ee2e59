"""baresip's G.722 and Opus in one room with a telephone (issue 3, Shows 4)."""

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.peers.baresip import BESIDE_BARESIP, Baresip, baresip
from tests.peers.exchange import NUMBER, exchange, until

from mixminus.testing import PALETTE

pytestmark = BESIDE_BARESIP

HIGH_NOTE, OTHER_HIGH_NOTE, TELEPHONE_NOTE = 6000, 5000, PALETTE["theta"]


def heard(phone: Baresip) -> tuple[NDArray[np.int16], int]:
    """What it decoded in its last call, one channel of it, and the rate."""
    recording = max(phone.folder.glob("*-dec.wav"), key=lambda path: path.stat().st_mtime)
    with wave.open(str(recording)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return samples[:: file.getnchannels()], file.getframerate()


def level_db(sound: tuple[NDArray[np.int16], int], hz: int) -> float:
    """Of a note in the last second."""
    samples, rate_hz = sound[0][-sound[1] :], sound[1]
    window = np.hanning(len(samples))
    turn = np.exp(-2j * np.pi * hz * np.arange(len(samples)) / rate_hz)
    return float(20 * np.log10(2 * abs(np.sum(samples * window * turn)) / window.sum() + 1e-9))


async def test_shows_4_g722_and_opus_hear_each_other_above_4_khz_and_a_telephone(
    tmp_path: Path, unused_tcp_port_factory: pytest.FixtureRequest
) -> None:
    async with exchange(tmp_path / "node") as at:

        def account(user: str, codec: str) -> str:
            return f"<sip:{user}@127.0.0.1:{at.sip_port}>;regint=0;audio_codecs={codec}"

        ports = [unused_tcp_port_factory() for _ in range(2)]  # type: ignore[operator]
        g722 = baresip(
            tmp_path / "wide",
            account=account("wide", "g722/16000/1"),
            hums_hz=HIGH_NOTE,
            control_port=ports[0],
            rate_hz=16_000,
        )
        opus = baresip(
            tmp_path / "full",
            account=account("full", "opus/48000/2"),
            hums_hz=OTHER_HIGH_NOTE,
            control_port=ports[1],
            rate_hz=48_000,
            channels=2,
        )
        async with g722 as wide, opus as full, at.phone("alice") as alice:
            call = await alice.dial(NUMBER)
            call.hum(TELEPHONE_NOTE)
            for phone in (wide, full):
                await phone.do("dial", f"sip:{NUMBER}@127.0.0.1:{at.sip_port}")
                await phone.event("CALL_ESTABLISHED")
            await asyncio.sleep(3.0)
            for phone in (wide, full):
                await phone.do("hangup")
                await phone.event("CALL_CLOSED")
            await until(lambda: not call.chord())
        wide_heard, full_heard = heard(wide), heard(full)
        assert (wide_heard[1], full_heard[1]) == (16_000, 48_000)
        assert level_db(wide_heard, OTHER_HIGH_NOTE) > 60
        assert level_db(full_heard, HIGH_NOTE) > 60
        assert min(level_db(wide_heard, TELEPHONE_NOTE), level_db(full_heard, TELEPHONE_NOTE)) > 60
        assert level_db(wide_heard, HIGH_NOTE) < 40, "it hears itself"
        assert level_db(full_heard, OTHER_HIGH_NOTE) < 40, "it hears itself"
        assert "Set audio decoder: G722" in wide.log()
        assert "Set audio decoder: opus" in full.log()
