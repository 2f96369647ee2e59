"""A lane: what one core does in a beat, from packets that arrived to packets that depart."""

from typing import Final

import numpy as np

from mixminus.audio import g711
from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.media.bundles import grown, zeroed
from mixminus.media.digits import DigitSenders
from mixminus.media.formatted_streaming import FormattedStreaming
from mixminus.media.hearing import Hearing
from mixminus.media.kernels.beat import (
    CHANNELS,
    LAYOUT,
    LEGS,
    PLAYERS,
    ROOMS,
    Actives,
    Codes,
    choose,
    choose_rooms,
    mix_and_record,
    send_off,
    take_in,
)
from mixminus.media.legs import Legs
from mixminus.media.players import Players
from mixminus.media.polishing import Polishing
from mixminus.media.recorders import Recorders
from mixminus.media.rooms import Rooms
from mixminus.media.sealing import Sealing
from mixminus.media.state import Happenings, Inbox, Outbox
from mixminus.media.streaming import Streaming
from mixminus.media.turn import Turn
from mixminus.media.wideband import Wideband

INBOX_PER_LEG: Final = 2
"""Packets that may arrive for a leg in one tick, on average over all legs."""
INBOX_SPARE: Final = 64
"""And so many more, when there are few legs to average over."""
OUTBOX_PER_LEG: Final = 2
"""In a tick in which its room moves from the first beat to the last, a leg is served twice."""

_CODES: Final = Codes(
    # G.722's octets are kept as they are, until they are due.
    np.stack([g711.ULAW_DECODING, g711.ALAW_DECODING, np.arange(256, dtype=np.int16)]),
    np.stack([g711.ULAW_ENCODING, g711.ALAW_ENCODING]),
)


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
        streaming: Streaming,
        formatted: FormattedStreaming,
        sealing: Sealing,
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
        self._active_counts = np.zeros(4, np.int64)
        self._sizes: tuple[int, ...] = ()
        self.table = np.zeros(0, np.int64)
        """What kernels read and write, by address (`kernels/views.py`)."""
        self._legs = legs
        self._rooms = rooms
        self._players = players
        self._recorders = recorders
        self._wideband = wideband
        self._digits = digits
        self._hearing = hearing
        self._polishing = polishing
        self._streaming = streaming
        self._formatted = formatted
        self._sealing = sealing

    def grow(self, legs: int) -> None:
        """Take packets of so many legs."""
        self.inbox = grown(self.inbox, INBOX_PER_LEG * legs + INBOX_SPARE)
        self.outbox = grown(self.outbox, OUTBOX_PER_LEG * legs)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to be done in this beat."""
        busy = self.turn.room_count or self._recorders.slots.count
        return not busy and self._legs.seats.is_empty(self.turn.lane)

    @property
    def is_plain(self) -> bool:
        """Whether the kernels of `beat` do all that there is to do."""
        parts = (
            self._wideband,
            self._hearing,
            self._polishing,
            self._streaming,
            self._formatted,
            self._digits,
            self._sealing,
        )
        return all(part.is_idle for part in parts)

    def begin(self, beat: int) -> None:
        """Choose the rooms; nothing else happens yet."""
        self.turn.now = beat
        self._keep_up()
        counts, slots = self._active_counts, (self._rooms.slots, self._legs.slots, self._players.slots)
        counts[ROOMS], counts[LEGS], counts[PLAYERS] = (rows.count for rows in slots)
        counts[CHANNELS] = self._recorders.slots.count
        choose_rooms(self.table, beat, self._legs.seats.beats, self.turn.lane)

    def choose(self) -> None:
        """Choose all others, by their rooms."""
        choose(self.table, self.turn.now, self._legs.seats.beats, self.turn.lane)

    def work(self, tick: int) -> None:
        """What arrived is heard, what is heard departs."""
        turn, wideband = self.turn, self._wideband
        is_wide, is_plain, before = not wideband.is_idle, self._sealing.is_idle, self.departing
        if not is_plain:
            self._sealing.unseal(turn.lane, self.table, self.arrived)
        take_in(self.table, self.arrived, tick, self.offset)
        if is_wide:
            wideband.play(turn)
        self._hearing.hear(turn, self.happenings)
        self._polishing.polish(turn)
        self._streaming.speak(turn)
        self._formatted.speak(turn)
        mix_and_record(self.table)
        self._streaming.listen(turn)
        if is_wide:
            wideband.mix(turn)
        wideband.listen(turn)
        self._digits.sound(turn)
        self.departing = send_off(self.table, self.departing)
        if is_wide:
            self.departing = wideband.packetise(turn, self.outbox, self.departing)
        if not is_plain:
            self.departing = self._sealing.seal(turn.lane, self.table, before, self.departing)

    @property
    def offset(self) -> int:
        """Of the beat in its tick, in samples."""
        beats = self._legs.seats.beats
        return self.turn.now % beats * FRAME_SAMPLES // beats

    def _keep_up(self) -> None:
        """Follow arrays that have grown, which is only ever between two beats."""
        legs, rooms, players, recorders = self._legs, self._rooms, self._players, self._recorders
        slots = rooms.slots, legs.slots, players.slots, recorders.slots
        sizes = *(rows.capacity for rows in slots), len(rooms.edges.leg), len(players.segments.next)
        sizes = *sizes, len(recorders.tapping.taps.next), len(self.outbox.slot)
        if sizes == self._sizes:
            return
        self._sizes = sizes
        self.turn.make_room(*sizes[:4])
        self._actives = Actives(
            rooms.slots.active, legs.slots.active, players.slots.active, recorders.slots.active, self._active_counts
        )
        self.table = LAYOUT.table(
            actives=self._actives,
            due=self.turn.due,
            line=legs.line,
            reception=legs.reception,
            transmission=legs.transmission,
            mixing=legs.mixing,
            packets=legs.coded.packets,
            planes=legs.coded.planes,
            leg_turns=legs.turns,
            room_turns=rooms.turns,
            channel_turns=recorders.turns,
            buses=rooms.buses,
            audience=rooms.audience,
            edges=rooms.edges,
            players=players.rows,
            segments=players.segments,
            recorders=recorders.rows,
            taps=recorders.tapping.taps,
            inbox=self.inbox,
            outbox=self.outbox,
            happenings=self.happenings,
            space=self.turn.scratch.space,
            codes=_CODES,
        )
