"""SRTP: packets opened in place before anybody looks at them, and sealed in place when nobody will any more.

RFC 3711; what a datagram is, its first byte says (RFC 7983 section 7), and whether it is RTCP, its second one (RFC
5761 section 4). Legs without a guard are passed over, and these kernels are not called when there are no others.
"""

from typing import Any, Final

from numba import types

from mixminus.audio.compiled import kernel
from mixminus.media.kernels.beat import AT
from mixminus.media.kernels.calling import POINTER, by_address, declared
from mixminus.media.kernels.copying import copy
from mixminus.media.kernels.happenings import note
from mixminus.media.kernels.views import Layout, view
from mixminus.media.sealed_state import (
    LOCKED,
    NOT_RTP,
    PLAIN,
    PROTECT,
    UNPROTECT,
    UNPROTECT_CONTROL,
    Aside,
    Calls,
    Seals,
)
from mixminus.media.state import (
    FORGED,
    I64,
    MALFORMED,
    PACKET_BYTES,
    REPLAYED,
    U8,
    UNWANTED,
    Happenings,
    Inbox,
    Line,
    Outbox,
)
from mixminus.rtp.packet import FIRST_RTCP, LAST_RTCP

SEALED_TABLE: Final = Layout(seals=Seals, calls=Calls, aside=Aside)
"""Of a lane's table of what is secured."""
IN_TABLE: Final = SEALED_TABLE.places()

FIRST_RTP, LAST_RTP = 128, 191
"""First bytes of RTP and RTCP; lower ones are STUN, ZRTP, DTLS and TURN channels (RFC 7983 section 7)."""
REPLAY_FAIL: Final = 9
REPLAY_OLD: Final = 10
"""srtp.h: `srtp_err_status_t`."""
LENGTH_BYTES: Final = 4
"""Of a length in `Inbox.bytes` and `Outbox.bytes`, which libsrtp reads and writes where it is."""


@declared
def _call_srtp(typing: Any, address: Any, session: Any, packet: Any, length: Any) -> Any:
    """`srtp_err_status_t srtp_protect(srtp_t, void *, int *)`, and all that are declared like it."""
    return types.int64(*[types.int64] * 4), by_address([POINTER, POINTER, POINTER])


@kernel
def is_control(packet: U8) -> bool:
    """Whether it is RTCP (RFC 5761 section 4)."""
    return bool(FIRST_RTCP <= packet[1] & 0x7F <= LAST_RTCP)


@kernel
def settle(seals: Seals, slot: int, session: int) -> None:
    """A packet has come with the new key, by this session: from now on by no other one."""
    seals.receiver[slot] = session
    seals.afresh[slot] = seals.former[slot] = 0


@kernel
def open_one(packet: U8, size: int, length: int, slot: int, seals: Seals, calls: Calls, aside: Aside) -> int:
    """Open a packet in place; its length is at the address *length*. Returns libsrtp's verdict, 0 when it is good.

    While keys change several sessions are tried. A cipher that authenticates (RFC 7714) has spoilt the packet before
    it knows, so each gets a copy. RTCP settles nothing: its index does not depend on the rollover counter.
    """
    control, at = is_control(packet), packet.ctypes.data
    call = calls.address[UNPROTECT_CONTROL if control else UNPROTECT]
    receiver, afresh = seals.receiver[slot], seals.afresh[slot]
    if seals.former[slot] == 0 and afresh == 0:
        return int(_call_srtp(call, receiver, at, length))
    copy(aside.data[:size], packet)
    verdict = int(_call_srtp(call, receiver, at, length))
    if verdict == 0:
        if not control:
            settle(seals, slot, receiver)
        return 0
    if afresh != 0 and not control:
        copy(packet[:size], aside.data)
        if _call_srtp(call, afresh, at, length) == 0:
            settle(seals, slot, afresh)
            return 0
    if seals.former[slot] != 0:
        copy(packet[:size], aside.data)
        verdict = int(_call_srtp(call, seals.former[slot], at, length))
    return verdict


@kernel
def admit(
    inbox: Inbox, at: int, slot: int, line: Line, seals: Seals, happenings: Happenings, calls: Calls, aside: Aside
) -> bool:
    """Whether the leg takes the packet in row *at*, which is plain then. What is dropped is counted."""
    packet, size = inbox.data[at], inbox.bytes[at]
    if size < 2 or size > PACKET_BYTES:
        line.counters[slot, MALFORMED] += 1
        return False
    if not FIRST_RTP <= packet[0] <= LAST_RTP:
        if seals.hands_up[slot] == 1:
            note(happenings, NOT_RTP, slot, at)
        else:
            line.counters[slot, MALFORMED] += 1
        return False
    if seals.guard[slot] == PLAIN:
        return True
    if seals.guard[slot] == LOCKED:
        line.counters[slot, UNWANTED] += 1
        return False
    verdict = open_one(packet, size, inbox.bytes.ctypes.data + LENGTH_BYTES * at, slot, seals, calls, aside)
    if verdict != 0:
        line.counters[slot, REPLAYED if REPLAY_FAIL <= verdict <= REPLAY_OLD else FORGED] += 1
        return False
    return True


@kernel
def follow(inbox: Inbox, at: int, slot: int, line: Line, seals: Seals) -> None:
    """Who has the key is the far end, wherever it is by now (RFC 4961); unless checks have said where."""
    if seals.guard[slot] == PLAIN or is_control(inbox.data[at]):
        return
    if seals.is_found[slot] == 1:
        inbox.source[at] = line.remote[slot]
    else:
        line.remote[slot] = inbox.source[at]
        line.latched[slot] = 1


@kernel
def unseal(table: I64, sealed: I64, arrived: int) -> None:
    """Before `take_in`: open what came for guarded legs. What is not to be taken in is nobody's afterwards."""
    inbox, line, happenings = (
        view(Inbox, table, AT.inbox),
        view(Line, table, AT.line),
        view(Happenings, table, AT.happenings),
    )
    seals, calls = view(Seals, sealed, IN_TABLE.seals), view(Calls, sealed, IN_TABLE.calls)
    aside = view(Aside, sealed, IN_TABLE.aside)
    for at in range(arrived):
        slot = inbox.slot[at]
        guarded = seals.guard[slot] != PLAIN or seals.hands_up[slot] == 1
        if not guarded or inbox.generation[at] != line.generation[slot]:
            continue
        if admit(inbox, at, slot, line, seals, happenings, calls, aside):
            follow(inbox, at, slot, line, seals)
        else:
            inbox.generation[at] = line.generation[slot] + 1


@kernel
def move(outbox: Outbox, source: int, target: int) -> None:
    """One row of the outbox into another one."""
    copy(outbox.data[target], outbox.data[source])
    outbox.slot[target], outbox.bytes[target] = outbox.slot[source], outbox.bytes[source]
    outbox.destination[target] = outbox.destination[source]


@kernel
def seal(table: I64, sealed: I64, first: int, departing: int) -> int:
    """When all rows from *first* on are written: seal those of guarded legs. Returns how many depart.

    What cannot be sealed does not depart: not in plain, and not as an empty datagram.
    """
    outbox, line = view(Outbox, table, AT.outbox), view(Line, table, AT.line)
    seals, calls = view(Seals, sealed, IN_TABLE.seals), view(Calls, sealed, IN_TABLE.calls)
    kept = first
    for at in range(first, departing):
        slot = outbox.slot[at]
        if seals.guard[slot] != PLAIN:
            length = outbox.bytes.ctypes.data + LENGTH_BYTES * at
            packet = outbox.data[at].ctypes.data
            locked = seals.guard[slot] == LOCKED or seals.sender[slot] == 0
            if locked or _call_srtp(calls.address[PROTECT], seals.sender[slot], packet, length) != 0:
                line.counters[slot, UNWANTED] += 1
                continue
        if kept != at:
            move(outbox, at, kept)
        kept += 1
    return kept
