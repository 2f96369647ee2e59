"""Who speaks: a cheap voice detector for the legs that somebody watches.

A frame is *like a voice* when it is well above the noise of its line and neither a tone (which four samples predict)
nor white (which nothing predicts). Somebody speaks when frames like that come thick enough and differ in level as
syllables do; a steady sound, however loud, does not. Music with a rhythm passes for speech at times: what must never
be fooled needs a model.
"""

from math import log10
from typing import Final

from mixminus.audio.compiled import kernel
from mixminus.media.kernels.happenings import note
from mixminus.media.state import (
    F32,
    I16,
    I32,
    SPEECH_FRAMES,
    SPEECH_STARTED,
    SPEECH_STOPPED,
    Happenings,
    Mixing,
    Speech,
)

LEAST_LIKE_A_VOICE: Final = 10
"""So many of them make a talkspurt: a click, a cough and a key are shorter."""
LEAST_SWING_DB: Final = 7.0
"""Between the loudest and the softest of them. White noise swings by 2 dB over 16 frames, speech by 10 and more."""
HANG_OVER_TICKS: Final = 30
"""600 ms: pauses within a sentence are shorter."""

ABOVE_NOISE_DB: Final = 9.0
LEAST_LEVEL_DB: Final = 35.0
"""Of 16-bit samples squared: -55 dBFS."""
MOST_TONAL: Final = 0.003
MOST_NOISY: Final = 0.6
"""What is left of a frame's energy when each sample is predicted from the four before it."""

FLOOR_TICKS: Final = 75
"""1.5 s: the noise of a line is the softest frame of this stretch and the one before."""
_ORDER: Final = 4
_SILENCE_DB: Final = 0.0


@kernel
def correlation(frame: I16, lag: int) -> float:
    total = 0.0
    for i in range(lag, len(frame)):
        total += float(frame[i]) * float(frame[i - lag])
    return total


@kernel
def unpredicted(frame: I16, energy: float) -> float:
    """The share of the energy that linear prediction from four samples leaves (Levinson and Durbin's recursion)."""
    r1, r2 = correlation(frame, 1) / energy, correlation(frame, 2) / energy
    r3, r4 = correlation(frame, 3) / energy, correlation(frame, 4) / energy
    a1 = r1
    left = 1.0 - a1 * a1
    if left <= 1e-6:
        return 0.0
    k = (r2 - a1 * r1) / left
    a1, a2 = a1 - k * a1, k
    left *= 1.0 - k * k
    if left <= 1e-6:
        return 0.0
    k = (r3 - a1 * r2 - a2 * r1) / left
    a1, a2, a3 = a1 - k * a2, a2 - k * a1, k
    left *= 1.0 - k * k
    if left <= 1e-6:
        return 0.0
    k = (r4 - a1 * r3 - a2 * r2 - a3 * r1) / left
    return max(0.0, left * (1.0 - k * k))


@kernel
def level_like_a_voice(frame: I16, floor_db: float, level_db: float, energy: float) -> float:
    """The level of the frame if it is like a voice, else 0."""
    if level_db < LEAST_LEVEL_DB or level_db < floor_db + ABOVE_NOISE_DB:
        return 0.0
    left = unpredicted(frame, energy)
    return level_db if MOST_TONAL < left < MOST_NOISY else 0.0


@kernel
def learn_floor(speech: Speech, row: int, level_db: float) -> float:
    """The noise of the line, as far as it is known: at first nothing is noise."""
    if speech.ticks[row] % FLOOR_TICKS == 0:
        speech.floor_before[row] = speech.floor[row]
        speech.floor[row] = level_db
    speech.floor[row] = min(level_db, speech.floor[row])
    speech.ticks[row] += 1
    if speech.ticks[row] <= FLOOR_TICKS:
        return float(speech.floor[row]) if speech.floor[row] < LEAST_LEVEL_DB else _SILENCE_DB
    return float(min(speech.floor[row], speech.floor_before[row]))


@kernel
def is_talkspurt(levels: F32) -> bool:
    """Enough frames like a voice, and as different as syllables."""
    count, softest, loudest = 0, 1e9, 0.0
    for i in range(len(levels)):
        if levels[i] > 0.0:
            count += 1
            softest, loudest = min(softest, levels[i]), max(loudest, levels[i])
    return count >= LEAST_LIKE_A_VOICE and loudest - softest >= LEAST_SWING_DB


@kernel
def hear_speech(watched: I32, legs: int, speech: Speech, mixing: Mixing, happenings: Happenings) -> None:
    """One tick of the first *legs* rows named by *watched*."""
    for n in range(legs):
        row = watched[n]
        frame = mixing.said[row]
        energy = correlation(frame, 0)
        level_db = 10.0 * log10(energy / len(frame) + 1.0)
        floor_db = learn_floor(speech, row, level_db)
        level = level_like_a_voice(frame, floor_db, level_db, energy)
        speech.level[row, speech.ticks[row] % SPEECH_FRAMES] = level
        speech.voiceless_ticks[row] = 0 if level > 0.0 else speech.voiceless_ticks[row] + 1
        if speech.speaking[row] == 0 and level > 0.0 and is_talkspurt(speech.level[row]):
            speech.speaking[row] = 1
            note(happenings, SPEECH_STARTED, row, 0)
        elif speech.speaking[row] == 1 and speech.voiceless_ticks[row] >= HANG_OVER_TICKS:
            speech.speaking[row] = 0
            note(happenings, SPEECH_STOPPED, row, 0)
