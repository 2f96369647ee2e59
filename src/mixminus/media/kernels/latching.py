"""Whose packets are a leg's, and so where it sends: symmetric RTP (RFC 4961), guarded against thieves."""

from typing import Final

from mixminus.audio.compiled import kernel
from mixminus.media.kernels.addresses import PORT_BITS
from mixminus.media.kernels.wrapping import signed16
from mixminus.media.state import Line, Reception

ANNOUNCED, FIRST = 0, 1
"""Ways of latching: who signalling says it is goes first, or who speaks first."""

MAX_DROPOUT: Final = 3000
"""Sequence numbers that a stream may jump ahead (RFC 3550 appendix A.1)."""

PROOF_TICKS: Final = 5
"""For so many ticks, 100 ms, a stranger's stream has to go on."""


@kernel
def has_proved_itself(reception: Reception, slot: int, source: int, ssrc: int, sequence: int, tick: int) -> bool:
    """Whether a stranger has sent one unbroken stream for long enough.

    Who sprays ports with packets, many to each in a row, or one to each in turn, has not. Packets of one tick count
    as one, so that it takes patience for each port.
    """
    goes_on = (
        reception.stranger[slot] == source
        and reception.stranger_ssrc[slot] == ssrc
        and reception.stranger_sequence[slot] == sequence
    )
    if not goes_on:
        reception.stranger_ticks[slot] = 1
    elif reception.stranger_tick[slot] != tick:
        reception.stranger_ticks[slot] += 1
    reception.stranger[slot], reception.stranger_ssrc[slot] = source, ssrc
    reception.stranger_sequence[slot], reception.stranger_tick[slot] = (sequence + 1) & 0xFFFF, tick
    return bool(reception.stranger_ticks[slot] >= PROOF_TICKS)


@kernel
def is_expected(line: Line, slot: int, source: int) -> bool:
    """Whether that is a host that signalling named: in SDP, or by being where it comes from (behind a NAT)."""
    host = source >> PORT_BITS
    return bool(host == line.announced[slot] >> PORT_BITS or host == line.signalled[slot])


@kernel
def may_take_over(
    line: Line, reception: Reception, slot: int, source: int, ssrc: int, sequence: int, alive: bool, tick: int
) -> bool:
    """Whether another address than the leg's becomes the leg's.

    The announced one always may: a call handed to another media server says so in SDP. An expected host may when
    nobody of an expected host speaks; so NATs choose ports as they like. Others have to prove themselves, and to go
    on with the stream if there has been one. Where who speaks first is to be believed (`FIRST`), all may when nobody
    speaks.
    """
    if source == line.announced[slot]:
        return True
    speaks = line.latched[slot] == 1 and alive
    if line.latching[slot] == FIRST:
        return not speaks
    if is_expected(line, slot, source):
        return not speaks or not is_expected(line, slot, line.remote[slot])
    if speaks:
        return False
    if line.latched[slot] == 1:
        ahead = signed16(sequence - reception.sequence[slot])
        if ssrc != reception.ssrc[slot] or ahead <= 0 or ahead > MAX_DROPOUT:
            return False
    return has_proved_itself(reception, slot, source, ssrc, sequence, tick)


@kernel
def admit_source(
    line: Line, reception: Reception, slot: int, source: int, ssrc: int, sequence: int, alive: bool, tick: int
) -> bool:
    """Whether packets from there are the leg's, which are answered there (RFC 4961)."""
    if line.latched[slot] == 1 and line.remote[slot] == source:
        return True
    if not may_take_over(line, reception, slot, source, ssrc, sequence, alive, tick):
        return False
    line.latched[slot] = 1
    line.remote[slot] = source
    return True
