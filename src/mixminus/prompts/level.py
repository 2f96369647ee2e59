"""How loud a prompt is, and making it as loud as the others. int16 in, int16 out."""

from typing import Final

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

# Speech in the network aims at -18..-20 dBFS while it is active, which leaves the peaks of a voice room (ITU-T P.56
# measures the active level; a 20 ms gate 35 dB under the loudest frame is near enough here).
SPEECH_DBFS: Final = -18.0
PEAK: Final = 32000
_FRAME: Final = 160
_GATE_DB: Final = 35.0


def active_rms(samples: Samples) -> float:
    """Root mean square over the 20 ms frames in which something sounds; 0 for silence."""
    frames = samples[: len(samples) - len(samples) % _FRAME].reshape(-1, _FRAME).astype(np.float64)
    power = (frames**2).mean(axis=1)
    if not power.size or power.max() == 0:
        return 0.0
    return float(np.sqrt(power[power >= power.max() * 10 ** (-_GATE_DB / 10)].mean()))


def levelled(samples: Samples, target_dbfs: float) -> Samples:
    """Scale to an active level of *target_dbfs*, or less where the peaks would clip. Silence stays silence."""
    rms = active_rms(samples)
    if rms == 0.0:
        return samples
    gain = 32768.0 * 10 ** (target_dbfs / 20) / rms
    peak = float(np.abs(samples.astype(np.int32)).max())
    gain = min(gain, PEAK / peak)
    scaled: Samples = np.rint(samples * gain).astype(np.int16)
    return scaled
