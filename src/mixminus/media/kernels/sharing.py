"""Who is sent the packets of a shared encoder: legs that hear their room's bus and are not on it.

Codecs with a memory do not like to be switched: what comes next is coded as a difference from what the far end was
sent last. So a leg's routing row decides, not who is silent at the moment. Whoever joins has had its own encoder
coding the same sound for a while, which brings the two into step; whoever leaves takes the shared one's memory along,
and its far end notices nothing. Figures: docs/performance.md.
"""

from typing import Any, Final

from mixminus.audio.compiled import kernel
from mixminus.media.coded_state import Coders, Planes
from mixminus.media.kernels.copying import copy
from mixminus.media.kernels.mix import copy_memory
from mixminus.media.kernels.planes import SILENT
from mixminus.media.kernels.playout import is_quiet
from mixminus.media.shared_state import ITS_OWN, SharedEncoders
from mixminus.media.state import G722, I32, SOCKET, Line, Mixing, Transmission

SETTLING_TICKS: Final = 10
"""200 ms of sound; after 100 there is nothing left to gain. Silence brings no two encoders into step: who had been
switched in it heard a burst at the first word.
"""


@kernel
def may_share(
    line: Line,
    transmission: Transmission,
    mixing: Mixing,
    planes: Planes,
    coders: Coders,
    encoders: SharedEncoders,
    slot: int,
) -> bool:
    """Whether the leg's packet of this tick is its room's bus, and nothing else.

    `coders.shared` says so, too, but it was worked out before the tick: this is what was mixed.
    """
    return bool(
        coders.shared[slot] != 0
        and encoders.room[coders.shared[slot] - 1] == mixing.room[slot]
        and mixing.room[slot] >= 0
        and mixing.hears_bus[slot] == 1
        and mixing.on_bus[slot] == 0
        and mixing.edge[slot] < 0
        and mixing.hears[slot] != ITS_OWN
        and planes.prompted[slot] == SILENT
        and transmission.event_due[slot] == 0
        and line.sends[slot] == 1
    )


@kernel
def hand_over(line: Line, slot: int, source: Any, row: int, target: Any, target_row: int, opus_bytes: int) -> None:
    """Let one encoder go on where another one is."""
    if line.codec[slot] == G722:
        copy(target.g722_encoder[target_row], source.g722_encoder[row])
    elif source.opus_encoder[row] != 0 and target.opus_encoder[target_row] != 0:
        copy_memory(target.opus_encoder[target_row], source.opus_encoder[row], opus_bytes)
    target.silent_frames[target_row] = source.silent_frames[row]
    target.silence_bytes[target_row] = source.silence_bytes[row]
    copy(target.silence[target_row], source.silence[row])


@kernel
def choose_encoders(
    active: I32,
    legs: int,
    line: Line,
    transmission: Transmission,
    mixing: Mixing,
    planes: Planes,
    coders: Coders,
    encoders: SharedEncoders,
    beat: int,
    beats: int,
    opus_bytes: int,
) -> None:
    """Before anything is encoded on this beat: all encoders are where the last packets left them."""
    for n in range(legs):
        slot = active[n]
        if line.kind[slot] != SOCKET or line.codec[slot] < G722:
            continue
        wanted = 0
        if may_share(line, transmission, mixing, planes, coders, encoders, slot):
            wanted = coders.shared[slot]
        followed = coders.follows[slot]
        if followed != 0 and followed != wanted:
            hand_over(line, slot, encoders, followed - 1, coders, slot, opus_bytes)
            coders.follows[slot] = coders.alike[slot] = 0
        if wanted == 0:
            coders.alike[slot] = 0
        elif followed != wanted:
            coders.alike[slot] += not is_quiet(mixing.heard[slot])
            if coders.alike[slot] > SETTLING_TICKS:
                coders.follows[slot] = wanted
                if beat - encoders.beat[wanted - 1] >= 2 * beats:  # nobody was there to hear it
                    hand_over(line, slot, coders, slot, encoders, wanted - 1, opus_bytes)
                    encoders.beat[wanted - 1] = beat - 1
