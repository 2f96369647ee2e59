"""Legs whose packets are secured: their keys, in the kernels' rows. Who has none costs nothing."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from mixminus.audio.frames import FRAMES_PER_SECOND
from mixminus.media.bundles import clear_row, grown, zeroed
from mixminus.media.contract import SetLegMedia
from mixminus.media.kernels.sealing import SEALED_TABLE, seal, unseal
from mixminus.media.legs import Legs
from mixminus.media.sealed_state import LOCKED, PLAIN, SEALED, Aside, Calls, Seals
from mixminus.media.srtp_library import SrtpError, SrtpLibrary, SrtpSession, srtp_library
from mixminus.media.srtp_terms import SrtpKeys
from mixminus.media.state import I64, PACKET_BYTES, SOCKET

CHANGE_TICKS: Final = 10 * FRAMES_PER_SECOND
"""For so long at most a far end may go on with its old key; it changes as soon as it has read our answer."""


@dataclass(slots=True)
class Held:
    """A leg's keys, and what they are in use in."""

    profile: str
    ours: bytes
    theirs: bytes
    sender: SrtpSession
    receiver: SrtpSession
    afresh: SrtpSession | None = None
    former: SrtpSession | None = None


class Sealing:
    """Which legs are guarded, and how. Rows are those of the legs."""

    def __init__(self, legs: Legs, lanes: int, library: SrtpLibrary | None = None) -> None:
        self._legs = legs
        self._library = library or srtp_library()
        self._seals = zeroed(Seals, legs.slots.capacity)
        self._held: dict[int, Held] = {}
        self._guarded: dict[int, bool] = {}
        """By row, whether SDP lets us send; for as long as anything about the leg is out of the ordinary."""
        self._asides = [Aside(np.zeros(PACKET_BYTES, np.uint8)) for _ in range(lanes)]
        known = self._library
        self._calls = Calls(
            np.array(
                [known.protect_address, known.unprotect_address, known.unprotect_control_address]
                if known
                else [0] * 3,
                np.int64,
            )
        )
        self._changing_until: dict[int, int] = {}
        """By row, the tick until which several sessions are tried."""
        self._tick = 0
        self._tables: list[I64] = []
        self._make_tables()

    @property
    def is_idle(self) -> bool:
        """Whether all packets are plain RTP."""
        return not self._guarded

    def grow(self, capacity: int) -> None:
        """Rows for so many legs."""
        self._seals = grown(self._seals, capacity)
        self._make_tables()

    def set_media(self, media: SetLegMedia) -> None:
        """Obey what SDP says of keys, after `Legs.set_media` has obeyed the rest of it."""
        row = self._row(media.leg)
        if row is None:
            return
        hands_up = media.ice is not None or media.dtls is not None
        if media.srtp is None and not hands_up and row not in self._guarded:
            return
        self._seals.hands_up[row] = hands_up
        self._seals.is_found[row] = media.ice is not None
        self._guarded[row] = media.sends
        if media.srtp is not None:
            self.secure(media.leg, media.srtp)
        elif media.dtls is not None:
            self._guard(row, SEALED if row in self._held else LOCKED)
        else:
            # The sessions are kept: the same key may come again, and its packet indices must not.
            self._guard(row, PLAIN)
            if not hands_up and row not in self._held:
                del self._guarded[row]

    def secure(self, leg: int, keys: SrtpKeys) -> None:
        """From now on with these keys. With some that are none nothing goes in or out."""
        row = self._row(leg)
        if row is None:
            return
        self._guarded.setdefault(row, bool(self._legs.line.sends[row]))
        try:
            self._held[row] = self._exchange(row, keys)
        except SrtpError:
            self._guard(row, LOCKED)
        else:
            self._guard(row, SEALED)

    def forget(self, leg: int) -> None:
        """The leg is about to be closed."""
        row = self._legs.slots.row(leg)
        if row is None or row not in self._guarded:
            return
        del self._guarded[row]
        clear_row(self._seals, row)
        if (held := self._held.pop(row, None)) is not None:
            self._settle(row, held)
            held.sender.close()
            held.receiver.close()

    def step(self, tick: int) -> None:
        """Between two ticks: what a former key is still good for ends."""
        self._tick = tick
        for row in [row for row, until in self._changing_until.items() if tick >= until]:
            self._settle(row, self._held[row])

    def unseal(self, lane: int, table: I64, arrived: int) -> None:
        """Open what came for the legs of that lane, whose table this is."""
        unseal(table, self._tables[lane], arrived)

    def seal(self, lane: int, table: I64, first: int, departing: int) -> int:
        """Seal the rows of its outbox from *first* on. Returns how many depart."""
        return seal(table, self._tables[lane], first, departing)

    def warm_up(self, table: I64) -> None:
        """Compile, or load, the kernels before the first leg needs them in the middle of a beat."""
        self.unseal(0, table, 0)
        self.seal(0, table, 0, 0)

    def open_control(self, row: int, packet: bytes) -> bytes | None:
        """RTCP that came on a port of its own; None: not with this leg's key."""
        guard = self._guard_of(row)
        if guard == PLAIN:
            return packet
        if guard == LOCKED:
            return None
        held = self._held[row]
        opened = held.receiver.open_control(packet)
        return opened if opened is not None or held.former is None else held.former.open_control(packet)

    def seal_control(self, row: int, packet: bytes) -> bytes | None:
        """What is sent of RTCP; None: nothing may be sent."""
        guard = self._guard_of(row)
        if guard == PLAIN:
            return packet
        return None if guard == LOCKED else self._held[row].sender.seal_control(packet)

    def _row(self, leg: int) -> int | None:
        """Of a leg with a socket."""
        row = self._legs.slots.row(leg)
        return row if row is not None and self._legs.line.kind[row] == SOCKET else None

    def _guard_of(self, row: int) -> int:
        return int(self._seals.guard[row]) if row in self._guarded else PLAIN

    def _guard(self, row: int, guard: int) -> None:
        self._seals.guard[row] = guard
        self._legs.line.sends[row] = self._guarded[row] and guard != LOCKED

    def _exchange(self, row: int, keys: SrtpKeys) -> Held:
        """The same session for the same key, or else one that goes on where the last one was."""
        held, library = self._held.get(row), self._library
        if library is None:
            raise SrtpError("there is no libsrtp on this machine")
        same_profile = held is not None and held.profile == keys.profile
        sender = held.sender if held is not None and same_profile and held.ours == keys.ours else None
        receiver = held.receiver if held is not None and same_profile and held.theirs == keys.theirs else None
        if held is not None and receiver is None:
            self._settle(row, held)
        made_sender = sender or self._new_sender(library, row, keys, held)
        try:
            made_receiver = receiver or self._new_receiver(library, row, keys, held)
        except SrtpError:
            if sender is None:
                made_sender.close()
            raise
        exchanged = Held(keys.profile, keys.ours, keys.theirs, made_sender, made_receiver)
        if held is not None:
            if receiver is not None:
                exchanged.afresh, exchanged.former = held.afresh, held.former
            else:
                self._begin_change(row, exchanged, held)
            if sender is None:
                held.sender.close()
        self._seals.sender[row] = made_sender.address
        if receiver is None:
            self._seals.receiver[row] = made_receiver.address
        return exchanged

    def _new_sender(self, library: SrtpLibrary, row: int, keys: SrtpKeys, held: Held | None) -> SrtpSession:
        ssrc = int(self._legs.transmission.ssrc[row])
        session = library.sender(keys.profile, keys.ours, ssrc)
        if held is not None:
            session.go_on(ssrc, held.sender.rollovers(ssrc))
        return session

    def _new_receiver(self, library: SrtpLibrary, row: int, keys: SrtpKeys, held: Held | None) -> SrtpSession:
        reception = self._legs.reception
        if held is None or not reception.known[row]:
            return library.receiver(keys.profile, keys.theirs, None)
        ssrc = int(reception.ssrc[row])
        session = library.receiver(keys.profile, keys.theirs, ssrc)
        session.go_on(ssrc, held.receiver.rollovers(ssrc))
        return session

    def _begin_change(self, row: int, new: Held, old: Held) -> None:
        """Try the former session for a while; and one that counts from the beginning, where that is another one."""
        assert self._library is not None
        new.former = old.receiver
        if self._legs.reception.known[row] and old.receiver.rollovers(int(self._legs.reception.ssrc[row])):
            new.afresh = self._library.receiver(new.profile, new.theirs, None)
        self._seals.former[row] = new.former.address
        self._seals.afresh[row] = new.afresh.address if new.afresh is not None else 0
        self._changing_until[row] = self._tick + CHANGE_TICKS

    def _settle(self, row: int, held: Held) -> None:
        """Close what is not tried any more. Kernels may have found that the far end counts from the beginning."""
        self._changing_until.pop(row, None)
        if held.afresh is not None and self._seals.receiver[row] == held.afresh.address:
            held.receiver, held.afresh = held.afresh, held.receiver
        self._seals.afresh[row] = self._seals.former[row] = 0
        for session in (held.afresh, held.former):
            if session is not None:
                session.close()
        held.afresh = held.former = None

    def _make_tables(self) -> None:
        self._tables = [
            SEALED_TABLE.table(seals=self._seals, calls=self._calls, aside=aside) for aside in self._asides
        ]
