"""Keys that legs press as tones, for those whose keys are watched (ITU-T Q.24)."""

from typing import Final

from mixminus.audio.compiled import kernel
from mixminus.audio.key_tones import NO_KEY, key_in
from mixminus.media.kernels.copying import copy
from mixminus.media.kernels.happenings import note
from mixminus.media.state import F64, HALF_FRAME, I16, I32, KEY_SOUNDED, Happenings, Keys, Mixing

LEAST_WINDOWS: Final = 2
"""In a row: a tone of 40 ms fills two windows wherever it begins, one of 20 ms does not."""
GAP_WINDOWS: Final = 4
"""Without the tone, and the key was released: an interruption of 10 ms is none, a pause of 40 ms is one (Q.24)."""


@kernel
def hear_window(keys: Keys, row: int, key: int, happenings: Happenings) -> None:
    """Go on by 10 ms: *key* is what sounds in the window."""
    if key == NO_KEY or key + 1 != keys.candidate[row]:
        keys.candidate[row] = key + 1
        keys.windows[row] = 0
    keys.windows[row] += key != NO_KEY
    if key != NO_KEY and key + 1 == keys.held[row]:
        keys.silent_windows[row] = 0
        return
    keys.silent_windows[row] += 1
    if keys.silent_windows[row] >= GAP_WINDOWS:
        keys.held[row] = 0
    if keys.windows[row] >= LEAST_WINDOWS:
        keys.held[row] = key + 1
        keys.silent_windows[row] = 0
        note(happenings, KEY_SOUNDED, row, key)


@kernel
def hear_keys(
    watched: I32,
    legs: int,
    keys: Keys,
    mixing: Mixing,
    happenings: Happenings,
    frequencies: F64,
    levels: F64,
    work: I16,
) -> None:
    """One tick of the first *legs* rows named by *watched*. `levels` and `work` are scratch: 8 and 160 long."""
    for n in range(legs):
        row = watched[n]
        frame = mixing.said[row]
        copy(work[:HALF_FRAME], keys.tail[row])
        copy(work[HALF_FRAME : 2 * HALF_FRAME], frame[:HALF_FRAME])
        copy(keys.tail[row], frame[HALF_FRAME:])
        between = key_in(work[: 2 * HALF_FRAME], frequencies, levels)
        hear_window(keys, row, between, happenings)
        within = key_in(frame, frequencies, levels)
        hear_window(keys, row, within, happenings)
        if keys.mutes[row] == 1 and (between != NO_KEY or within != NO_KEY or keys.held[row] != 0):
            frame[:] = 0
            mixing.silent[row] = 1
