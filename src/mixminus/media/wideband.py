"""The part of a tick that only legs of G.722 and Opus, and streams above 8 kHz, need.

Their playout, the planes above 8 kHz, their packets.
"""

from typing import Final

import numpy as np

from mixminus.audio import g711
from mixminus.audio.frames import FRAME_MS, FRAME_SAMPLES, RATE_HZ
from mixminus.audio.resampling import NARROW_TO_FULL, NARROW_TO_WIDE, TAIL_MS, raise_rate
from mixminus.media.bundles import copy_rows, zeroed
from mixminus.media.coded_state import (
    SCALES,
    WIDE,
    RoomPlanes,
)
from mixminus.media.encoder_sharing import EncoderSharing
from mixminus.media.formatted_streaming import FormattedStreaming
from mixminus.media.kernels.coded_packetise import packetise_coded
from mixminus.media.kernels.coded_playout import play_coded
from mixminus.media.kernels.formatted_listening import listen_formatted
from mixminus.media.kernels.formatted_planes import pass_on_planes, play_pipes
from mixminus.media.kernels.planes import mix_planes
from mixminus.media.kernels.record_wide import record_wide
from mixminus.media.legs import Legs
from mixminus.media.recorders import Recorders
from mixminus.media.rooms import Rooms
from mixminus.media.state import Outbox
from mixminus.media.turn import Turn

WIDE_FRAME: Final = SCALES[WIDE] * FRAME_SAMPLES


class Wideband:
    """Runs its kernels when there is such a leg, and costs nothing otherwise."""

    def __init__(self, legs: Legs, rooms: Rooms, recorders: Recorders, formatted: FormattedStreaming) -> None:
        self._legs = legs
        self._rooms = rooms
        self._recorders = recorders
        self._formatted = formatted
        self.room_planes = zeroed(RoomPlanes, rooms.slots.capacity)
        self.sharing = EncoderSharing(legs, rooms)
        opus = legs.coded.opus
        self._opus_encode = opus.encode_address if opus else 0
        self._opus_decode = opus.decode_address if opus else 0
        self._opus_bytes = opus.encoder_bytes if opus else 0

    @property
    def is_idle(self) -> bool:
        return not (self._legs.coded.rows or self._recorders.wide or self._formatted.above)

    def warm_up(self, turn: Turn, outbox: Outbox) -> None:
        """Compile, or load, the kernels before the first leg needs them in the middle of a tick."""
        self.play(turn)
        self.mix(turn)
        self._listen(turn)
        self.pass_on(0)
        self.packetise(turn, outbox, 0)
        narrow = np.zeros((FRAME_MS + TAIL_MS) * RATE_HZ // 1000, np.int16)
        for taps in (NARROW_TO_WIDE, NARROW_TO_FULL):
            raise_rate(narrow, taps, np.zeros(len(taps) * FRAME_SAMPLES, np.int16))

    def keep_up(self) -> None:
        """Between two beats: as many rows as there may be rooms. Only those listened to have anything to keep."""
        capacity = self._rooms.slots.capacity
        if len(self.room_planes.wanted) < capacity:
            old, self.room_planes = self.room_planes, zeroed(RoomPlanes, capacity)
            copy_rows(old, self.room_planes, old.wanted.nonzero()[0])

    def play(self, turn: Turn) -> None:
        """After `playout`."""
        legs, coded = self._legs, self._legs.coded
        play_coded(
            turn.due.legs,
            turn.leg_count,
            legs.line,
            legs.reception,
            coded.packets,
            coded.coders,
            legs.mixing,
            coded.planes,
            turn.scratch.long_work,
            self._opus_decode,
        )
        if len(legs.pipes) or turn.leg_count == 0:  # without legs: to warm up
            play_pipes(turn.due.legs, turn.leg_count, legs.line, legs.mixing, coded.planes)

    def pass_on(self, beat: int) -> None:
        """After a beat, when all lanes have done their work: from one end of each pipe to the other."""
        legs = self._legs
        pass_on_planes(legs.pipes, legs.line, legs.turns, legs.coded.planes, beat)

    def listen(self, turn: Turn) -> None:
        """What streams in other formats hear on whatever plane, after `mix`."""
        if not self._formatted.is_idle:
            self._listen(turn)

    def _listen(self, turn: Turn) -> None:
        legs, rooms, formatted = self._legs, self._rooms, self._formatted
        listen_formatted(
            formatted.track_slots.active,
            formatted.track_slots.count,
            formatted.tracks,
            formatted.turns,
            formatted.tapping.taps,
            rooms.buses.narrow,
            legs.mixing,
            rooms.edges,
            legs.line,
            legs.coded.planes,
            self.room_planes,
            g711.ULAW_ENCODING,
            self._opus_encode,
            legs.turns,
            rooms.turns,
            turn.now,
            legs.seats.beats,
            turn.lane,
            turn.scratch.long_work,
            turn.scratch.long_total,
        )

    def mix(self, turn: Turn) -> None:
        """After `mix`: the planes above the narrow one, and what is recorded there."""
        legs, rooms, recorders, formatted = self._legs, self._rooms, self._recorders, self._formatted
        mix_planes(
            turn.due.rooms,
            turn.room_count,
            turn.due.legs,
            turn.leg_count,
            rooms.buses.narrow,
            legs.mixing,
            rooms.edges,
            legs.line,
            legs.coded.planes,
            self.room_planes,
            turn.due.channels,
            turn.channel_count,
            recorders.rows,
            recorders.tapping.taps,
            formatted.slots.active,
            formatted.slots.count,
            formatted.spoken,
            formatted.track_slots.active,
            formatted.track_slots.count,
            formatted.tracks,
            formatted.tapping.taps,
            legs.turns,
            rooms.turns,
            turn.now,
            turn.lane,
            turn.scratch.long_work,
            turn.scratch.long_total,
        )
        record_wide(
            turn.due.channels,
            turn.channel_count,
            recorders.rows,
            recorders.tapping.taps,
            legs.mixing,
            legs.coded.planes,
            self.room_planes,
            turn.scratch.long_total[:WIDE_FRAME],
        )

    def packetise(self, turn: Turn, outbox: Outbox, departing: int) -> int:
        """After `packetise`, whose packets are the first *departing* ones. Returns how many there are."""
        legs, coded = self._legs, self._legs.coded
        return packetise_coded(
            turn.due.legs,
            turn.leg_count,
            legs.line,
            legs.transmission,
            legs.mixing,
            coded.planes,
            coded.coders,
            self.sharing.encoders,
            outbox,
            departing,
            turn.now,
            legs.seats.beats,
            self._opus_encode,
            self._opus_bytes,
        )
