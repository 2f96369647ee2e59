"""The part of a tick that only legs of G.722 and Opus need: their playout, the planes above 8 kHz, their packets."""

from typing import Final

import numpy as np

from mixminus.audio.frames import FRAME_MS, FRAME_SAMPLES, RATE_HZ
from mixminus.audio.resampling import NARROW_TO_FULL, NARROW_TO_WIDE, TAIL_MS, raise_rate
from mixminus.media.coded_state import (
    COLUMNS,
    FULL,
    SCALES,
    WIDE,
    RoomPlanes,
)
from mixminus.media.encoder_sharing import EncoderSharing
from mixminus.media.kernels.coded_packetise import packetise_coded
from mixminus.media.kernels.coded_playout import play_coded
from mixminus.media.kernels.planes import mix_planes
from mixminus.media.kernels.record_wide import record_wide
from mixminus.media.legs import Legs
from mixminus.media.recorders import Recorders
from mixminus.media.rooms import Rooms
from mixminus.media.state import (
    Outbox,
    copy_rows,
    zeroed,
)

LONGEST_FRAME: Final = SCALES[FULL] * FRAME_SAMPLES


class Wideband:
    """Runs its kernels when there is such a leg, and costs nothing otherwise."""

    def __init__(self, legs: Legs, rooms: Rooms, recorders: Recorders) -> None:
        self._legs = legs
        self._rooms = rooms
        self._recorders = recorders
        self.room_planes = zeroed(RoomPlanes, rooms.slots.capacity, COLUMNS)
        self.sharing = EncoderSharing(legs, rooms)
        self._scratch = np.zeros(LONGEST_FRAME, np.int16)
        self._total = np.zeros(LONGEST_FRAME, np.int32)
        opus = legs.coded.opus
        self._opus_encode = opus.encode_address if opus else 0
        self._opus_decode = opus.decode_address if opus else 0
        self._opus_bytes = opus.encoder_bytes if opus else 0

    @property
    def is_idle(self) -> bool:
        return not (self._legs.coded.rows or self._recorders.wide)

    def warm_up(self, outbox: Outbox) -> None:
        """Compile, or load, the kernels before the first leg needs them in the middle of a tick."""
        self.play()
        self.mix()
        self.packetise(outbox, 0, 0)
        narrow = np.zeros((FRAME_MS + TAIL_MS) * RATE_HZ // 1000, np.int16)
        for taps in (NARROW_TO_WIDE, NARROW_TO_FULL):
            raise_rate(narrow, taps, np.zeros(len(taps) * FRAME_SAMPLES, np.int16))

    def play(self) -> None:
        """After `playout`."""
        legs, coded = self._legs, self._legs.coded
        play_coded(
            legs.slots.active,
            legs.slots.count,
            legs.line,
            legs.reception,
            coded.packets,
            coded.coders,
            legs.mixing,
            coded.planes,
            self._scratch,
            self._opus_decode,
        )

    def mix(self) -> None:
        """After `mix`: the planes above the narrow one, and what is recorded there."""
        legs, rooms, recorders = self._legs, self._rooms, self._recorders
        if len(self.room_planes.wanted) < rooms.slots.capacity:
            self._grow(rooms.slots.capacity)
        mix_planes(
            rooms.slots.active,
            rooms.slots.count,
            legs.slots.active,
            legs.slots.count,
            rooms.bus,
            legs.mixing,
            rooms.edges,
            legs.line,
            legs.coded.planes,
            self.room_planes,
            recorders.slots.active,
            recorders.slots.count,
            recorders.rows,
            recorders.tapping.taps,
            self._scratch,
            self._total,
        )
        record_wide(
            recorders.slots.active,
            recorders.slots.count,
            recorders.rows,
            recorders.tapping.taps,
            legs.mixing,
            legs.coded.planes,
            self.room_planes,
            self._total[: SCALES[WIDE] * FRAME_SAMPLES],
        )

    def packetise(self, outbox: Outbox, departing: int, tick: int) -> int:
        """After `packetise`, whose packets are the first *departing* ones. Returns how many there are."""
        legs, coded = self._legs, self._legs.coded
        return packetise_coded(
            legs.slots.active,
            legs.slots.count,
            legs.line,
            legs.transmission,
            legs.mixing,
            coded.planes,
            coded.coders,
            self.sharing.encoders,
            outbox,
            departing,
            tick,
            self._opus_encode,
            self._opus_bytes,
        )

    def _grow(self, capacity: int) -> None:
        """Only rooms that are listened to have anything to keep."""
        old, self.room_planes = self.room_planes, zeroed(RoomPlanes, capacity, COLUMNS)
        copy_rows(old, self.room_planes, old.wanted.nonzero()[0])
