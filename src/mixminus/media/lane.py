"""A lane: what one core does in a beat, from packets that arrived to packets that depart."""

from typing import Final

import numpy as np

from mixminus.audio import g711
from mixminus.media.digits import DigitSenders
from mixminus.media.hearing import Hearing
from mixminus.media.kernels.accept import accept
from mixminus.media.kernels.mix import mix
from mixminus.media.kernels.packetise import packetise
from mixminus.media.kernels.playout import playout
from mixminus.media.kernels.record import record
from mixminus.media.legs import Legs
from mixminus.media.players import Players
from mixminus.media.polishing import Polishing
from mixminus.media.recorders import Recorders
from mixminus.media.rooms import Rooms
from mixminus.media.state import Happenings, Inbox, Outbox, grown, zeroed
from mixminus.media.turn import Turn
from mixminus.media.wideband import Wideband

INBOX_PER_LEG: Final = 2
"""Packets that may arrive for a leg in one tick, on average over all legs."""
INBOX_SPARE: Final = 64
"""And so many more, when there are few legs to average over."""
OUTBOX_PER_LEG: Final = 2
"""In a tick in which its room moves from the first beat to the last, a leg is served twice."""

_DECODINGS: Final = np.stack([g711.ULAW_DECODING, g711.ALAW_DECODING, np.arange(256, dtype=np.int16)])
"""G.722's octets are kept as they are, until they are due."""
_ENCODINGS: Final = np.stack([g711.ULAW_ENCODING, g711.ALAW_ENCODING])


class Lane:
    """Works on rows that no other lane touches in the same beat, so that lanes may run on threads of their own."""

    def __init__(
        self,
        turn: Turn,
        happenings: int,
        legs: Legs,
        rooms: Rooms,
        players: Players,
        recorders: Recorders,
        wideband: Wideband,
        digits: DigitSenders,
        hearing: Hearing,
        polishing: Polishing,
    ) -> None:
        self.turn = turn
        self.inbox = zeroed(Inbox, INBOX_PER_LEG * legs.slots.capacity + INBOX_SPARE)
        self.arrived = 0
        """How many rows of the inbox hold a packet for the next beat."""
        self.outbox = zeroed(Outbox, OUTBOX_PER_LEG * legs.slots.capacity)
        self.departing = 0
        """How many rows of the outbox are filled; whoever sends them sets it to 0."""
        self.refused = 0
        """Packets that the system did not take."""
        self.happenings = zeroed(Happenings, happenings)
        self._legs = legs
        self._rooms = rooms
        self._players = players
        self._recorders = recorders
        self._wideband = wideband
        self._digits = digits
        self._hearing = hearing
        self._polishing = polishing

    def grow(self, legs: int) -> None:
        """Take packets of so many legs."""
        self.inbox = grown(self.inbox, INBOX_PER_LEG * legs + INBOX_SPARE)
        self.outbox = grown(self.outbox, OUTBOX_PER_LEG * legs)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to be done in this beat."""
        busy = self.turn.room_count or self._recorders.slots.count
        return not busy and self._legs.seats.is_empty(self.turn.lane)

    def work(self, tick: int) -> None:
        """What arrived is heard, what is heard departs."""
        self._take_in(tick)
        self._hearing.hear(self.turn, self.happenings)
        self._polishing.polish(self.turn)
        self._mix()
        self._record()
        self._digits.sound(self.turn)
        self._send_off()

    def _take_in(self, tick: int) -> None:
        legs, turn = self._legs, self.turn
        accept(
            self.inbox,
            self.arrived,
            legs.line,
            legs.reception,
            legs.coded.packets,
            self.happenings,
            _DECODINGS,
            tick,
        )
        playout(
            turn.legs, turn.leg_count, legs.line, legs.reception, legs.mixing, self.happenings, turn.scratch.work
        )
        if not self._wideband.is_idle:
            self._wideband.play(turn)

    def _mix(self) -> None:
        legs, rooms, players, turn = self._legs, self._rooms, self._players, self.turn
        mix(
            turn.rooms,
            turn.room_count,
            turn.legs,
            turn.leg_count,
            turn.players,
            turn.player_count,
            rooms.bus,
            legs.mixing,
            rooms.edges,
            legs.line,
            players.rows,
            players.segments,
            self.happenings,
            turn.scratch.work,
            turn.scratch.total,
        )
        if not self._wideband.is_idle:
            self._wideband.mix(turn)

    def _record(self) -> None:
        recorders, turn = self._recorders, self.turn
        record(
            turn.channels,
            turn.channel_count,
            recorders.rows,
            recorders.tapping.taps,
            self._rooms.bus,
            self._legs.mixing,
            turn.scratch.total,
        )
        if not self._wideband.is_idle:
            self._wideband.record(turn)

    def _send_off(self) -> None:
        legs, turn = self._legs, self.turn
        self.departing = packetise(
            turn.legs,
            turn.leg_count,
            legs.line,
            legs.transmission,
            legs.mixing,
            self.outbox,
            self.departing,
            _ENCODINGS,
        )
        if not self._wideband.is_idle:
            self.departing = self._wideband.packetise(turn, self.outbox, self.departing)
