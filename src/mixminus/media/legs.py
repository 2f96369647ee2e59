"""The legs' rows: opened, told what SDP agreed on, freed."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from mixminus.audio.frames import FRAME_MS, FRAME_SAMPLES, RATE_HZ
from mixminus.base.types import RandomBytes
from mixminus.media.addresses import Addresses
from mixminus.media.bundles import clear_row, grown, zeroed
from mixminus.media.coded_legs import CODEC_NAMES, CodedLegs
from mixminus.media.coded_state import NARROW
from mixminus.media.contract import SetLegMedia
from mixminus.media.kernels.addresses import PORT_BITS
from mixminus.media.kernels.latching import ANNOUNCED, FIRST
from mixminus.media.kernels.turns import Turns
from mixminus.media.opus_library import opus_library
from mixminus.media.seats import Seats
from mixminus.media.slots import Slots
from mixminus.media.state import COUNTERS, HOLE, PIPE, SOCKET, Line, Mixing, Reception, Transmission

CEILINGS: Final = {
    "off": 0,
    "small": FRAME_SAMPLES,
    "medium": 2 * FRAME_SAMPLES,
    "large": 3 * FRAME_SAMPLES,
}
"""Of the playout delay, by `SetLegMedia.jitter_buffer`."""

DYNAMIC_PAYLOAD_TYPES: Final = range(96, 128)
"""What SDP may map to telephone events (RFC 3551 section 3); anything else is as if it had not said so."""

LATCHINGS: Final = {"announced": ANNOUNCED, "first": FIRST}
"""By `SetLegMedia.latch`."""

LONGEST_TIMEOUT_TICKS: Final = 1 << 30
LONG_AGO: Final = 1 << 30
"""In ticks: more than eight months."""


@dataclass(frozen=True, slots=True)
class LegStatistics:
    """Packets since the leg was opened; `concealed_samples` are samples. The order is that of `state.COUNTERS`."""

    received: int
    sent: int
    malformed: int
    unwanted: int
    """Too much RTCP, unknown payload types, and what came while the leg was not to receive."""
    stray: int
    """From another address or of another stream than the leg listens to."""
    duplicate: int
    late: int
    concealed_samples: int
    resynced: int
    lost: int
    """Missing sequence numbers; one that comes after all is taken off again."""
    control: int
    """RTCP that came on the port of RTP."""
    sent_octets: int
    """Of payload."""
    forged: int = 0
    """At a secured leg: in plain, damaged, or with another key than the leg's."""
    replayed: int = 0
    """At a secured leg: taken in already, or too old to know."""


class Legs:
    """Which leg is where, and its rows. Kernels work on the arrays."""

    def __init__(self, capacity: int, seats: Seats, random_bytes: RandomBytes) -> None:
        self.slots: Slots[int] = Slots(capacity)
        self.seats = seats
        self.turns = zeroed(Turns, capacity)
        self.pipes = np.zeros(0, np.int32)
        """Rows of legs without sockets."""
        self.line = zeroed(Line, capacity)
        self.reception = zeroed(Reception, capacity)
        self.transmission = zeroed(Transmission, capacity)
        self.mixing = zeroed(Mixing, capacity)
        self.coded = CodedLegs(capacity, opus_library())
        self.addresses = Addresses(capacity, random_bytes)
        self._gone = np.zeros(COUNTERS, np.int64)
        """What the legs that were closed had counted."""
        self._random_bytes = random_bytes

    def grow(self, capacity: int) -> None:
        self.slots.grow(capacity)
        self.line = grown(self.line, capacity)
        self.reception = grown(self.reception, capacity)
        self.transmission = grown(self.transmission, capacity)
        self.mixing = grown(self.mixing, capacity)
        self.turns = grown(self.turns, capacity)
        self.coded.grow(capacity)
        self.addresses.grow(capacity)

    def open(self, leg: int) -> int:
        """Give the leg a row: with a socket, silent, in no room."""
        row = self.slots.take(leg)
        self.line.kind[row] = SOCKET
        self.line.event_payload_type[row] = -1
        self.reception.ring[row] = HOLE
        self.reception.event_code[row] = -1
        self.reception.phase[row] = -1
        self.reception.control_tick[row] = -LONG_AGO
        self.mixing.room[row] = -1
        self.mixing.edge[row] = -1
        self.mixing.silent[row] = 1
        self.transmission.marker[row] = 1
        self.turns.lane[row], self.turns.beat[row] = self.seats.take()
        # RFC 3550 section 5.1: all three begin at random; the last one in the lower half, so that a far end that
        # misses the first packets does not miss the first rollover (RFC 4568 section 6.4).
        self.transmission.ssrc[row] = int.from_bytes(self._random_bytes(4))
        self.transmission.timestamp[row] = int.from_bytes(self._random_bytes(4))
        self.transmission.sequence[row] = int.from_bytes(self._random_bytes(2)) & 0x7FFF
        return row

    def join(self, leg: int, other: int) -> None:
        """Open both, back to back."""
        rows = self.open(leg), self.open(other)
        for row, peer in (rows, rows[::-1]):
            self.line.kind[row] = PIPE
            self.line.peer[row] = peer
        self.pipes = np.array([*self.pipes, *rows], np.int32)

    def close(self, leg: int) -> None:
        """Free the row. What is still under way to it is for nobody."""
        row = self.slots.release(leg)
        if self.line.kind[row] == PIPE:
            self.pipes = self.pipes[self.pipes != row]
            if (peer := self.line.peer[row]) >= 0:
                self.line.peer[peer] = -1
        self._gone += self.line.counters[row]
        generation = self.line.generation[row]
        for bundle in (self.line, self.reception, self.transmission, self.mixing, self.turns):
            clear_row(bundle, row)
        self.line.generation[row] = generation + np.uint32(1)
        self.coded.forget(row)
        self.addresses.forget(row)

    def peer(self, row: int) -> int | None:
        """The leg at the other end of a pipe."""
        if self.line.kind[row] != PIPE or self.line.peer[row] < 0:
            return None
        return self.slots.key(int(self.line.peer[row]))

    def forget_under_way(self, leg: int) -> None:
        """What was said into this end of a pipe does not come out at the other one."""
        row = self.slots.row(leg)
        if row is not None and self.peer(row) is not None:
            peer = self.line.peer[row]
            self.mixing.piped[peer] = 0
            self.coded.planes.piped_plane[peer] = NARROW

    def set_media(self, media: SetLegMedia) -> bool:
        """Obey SDP; a pipe has none (False). A new remote address is believed until packets come from elsewhere."""
        row = self.slots.row(media.leg)
        if row is None or self.line.kind[row] != SOCKET:
            return False
        line = self.line
        # Checks will say where it is (RFC 8445); until then it is nowhere.
        announced = 0 if media.ice is not None else self._number(row, media.remote_host, media.remote_port)
        if announced != line.announced[row] or line.has_media[row] == 0:
            line.announced[row] = line.remote[row] = announced
            line.latched[row] = 0
        events = media.telephone_event_payload_type
        line.event_payload_type[row] = -1 if events is None or events not in DYNAMIC_PAYLOAD_TYPES else events
        line.event_scale[row] = max(1, media.telephone_event_clock_hz // RATE_HZ)
        self.coded.agree(line, row, media)
        line.signalled[row] = self._number(row, media.signalled_from, 1) >> PORT_BITS if media.signalled_from else 0
        line.latching[row] = LATCHINGS.get(media.latch, ANNOUNCED)
        line.sends[row] = media.sends
        line.receives[row] = media.receives
        line.ceiling[row] = CEILINGS.get(media.jitter_buffer, CEILINGS["large"])
        line.timeout_ticks[row] = min(-(-media.rtp_timeout_ms // FRAME_MS), LONGEST_TIMEOUT_TICKS)
        line.has_media[row] = 1
        self.reception.idle_ticks[row] = 0
        self.reception.timed_out[row] = 0
        return True

    def found(self, leg: int, host: str, port: int) -> None:
        """Checks say that the far end is there."""
        row = self.slots.row(leg)
        if row is not None and self.line.kind[row] == SOCKET:
            self.line.remote[row] = self._number(row, host, port)
            self.line.latched[row] = 1

    def _number(self, row: int, host: str, port: int) -> int:
        return self.addresses.number(self.line, row, host, port)

    def totals(self) -> LegStatistics:
        """Of all legs that are, and that were."""
        present = self.line.counters[self.slots.active[: self.slots.count]].sum(axis=0)
        return LegStatistics(*(int(count) for count in self._gone + present))

    def codec(self, row: int) -> str:
        """What the leg sends, by its name in SDP."""
        return CODEC_NAMES[int(self.line.codec[row])]

    def is_wideband(self, leg: int) -> bool:
        """Whether the leg's far end hears more than telephones do."""
        row = self.slots.row(leg)
        return row is not None and bool(self.coded.planes.ears[row])

    def clock_ratio(self, row: int) -> int:
        """Units of the RTP clock for a sample at 8 kHz, of the codec that was agreed on."""
        return max(1, int(self.line.timestamp_step[row]) // FRAME_SAMPLES)

    def playout_delay(self, row: int) -> int:
        """For how many samples the earliest packets of the last two seconds waited to be played."""
        reception = self.reception
        return int(max(reception.most_slack[row], reception.most_slack_before[row]))

    def statistics(self, leg: int) -> LegStatistics | None:
        row = self.slots.row(leg)
        return None if row is None else LegStatistics(*(int(count) for count in self.line.counters[row]))
