"""The shipped sounds: fit for a telephone, without a seam, and nothing in them that a tone detector would report."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import pytest_asyncio

from mixminus.prompts.io.decode import Decoder
from mixminus.prompts.prompt import Limits

MUSIC = Path(__file__).parents[2] / "src" / "mixminus" / "prompts" / "music"
Signal = npt.NDArray[np.float64]


async def heard(name: str, folder: Path) -> Signal:
    decoder = Decoder(Limits())
    await decoder.decode(MUSIC / name, folder / "part", folder / "pcm")
    await decoder.close()
    return np.fromfile(folder / "pcm", "<i2").astype(np.float64)


@pytest_asyncio.fixture
async def music(tmp_path: Path) -> AsyncIterator[Signal]:
    yield await heard("hold-music.flac", tmp_path)


def dbfs(samples: Signal) -> float:
    return float(10 * np.log10(np.mean(samples**2) / 32768**2))


async def test_a_loop_of_whole_frames_between_48_and_64_seconds(music: Signal) -> None:
    assert len(music) % 160 == 0
    assert 48 <= len(music) / 8000 <= 64
    assert (MUSIC / "hold-music.flac").stat().st_size < 1_500_000


async def test_quiet_enough_for_g711_and_never_clipped_or_silent(music: Signal) -> None:
    assert dbfs(music) == pytest.approx(-20, abs=0.5)
    assert np.abs(music).max() < 0.9 * 32768
    seconds = music[: len(music) // 8000 * 8000].reshape(-1, 8000)
    assert all(-27 < dbfs(second) < -14 for second in seconds)


async def test_most_of_it_is_where_a_telephone_hears(music: Signal) -> None:
    power, hz = np.abs(np.fft.rfft(music)) ** 2, np.fft.rfftfreq(len(music), 1 / 8000)
    assert power[(hz > 300) & (hz < 3400)].sum() / power.sum() > 0.8


async def test_the_seam_is_no_sharper_than_the_music_itself(music: Signal) -> None:
    ring = np.concatenate([music[-3:], music[:3]])
    for order in (1, 2):
        assert np.abs(np.diff(ring, order)).max() < np.percentile(np.abs(np.diff(music, order)), 99)


async def test_no_tone_stands_out_for_more_than_100_ms(music: Signal) -> None:
    """A tone: three quarters of a 100 ms window within 20 Hz, between 350 and 3,100 Hz."""
    window, step = 800, 160
    hz = np.fft.rfftfreq(2 * window, 1 / 8000)
    band = (hz >= 350) & (hz <= 3100)
    pure = []
    for start in range(0, len(music) - window, step):
        power = np.abs(np.fft.rfft(music[start : start + window] * np.hanning(window), 2 * window)) ** 2
        peak = hz[np.argmax(np.where(band, power, 0))]
        pure.append(power[np.abs(hz - peak) <= 20].sum() / power.sum() > 0.75)
    edges = np.flatnonzero(np.diff(np.r_[0, pure, 0]))
    assert max((edges[1::2] - edges[::2]) * step / 8, default=0) <= 100


@pytest.mark.parametrize(("name", "rises"), [("enter-beep.flac", True), ("exit-beep.flac", False)])
async def test_beeps_are_short_and_go_up_for_who_comes_and_down_for_who_goes(
    name: str, rises: bool, tmp_path: Path
) -> None:
    beep = await heard(name, tmp_path)
    assert 100 < len(beep) / 8 < 300
    assert np.abs(beep).max() < 0.5 * 32768
    first, last = (np.argmax(np.abs(np.fft.rfft(part, 8000))) for part in (beep[:800], beep[-800:]))
    assert (last > first) == rises
