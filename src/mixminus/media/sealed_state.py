"""What the engine knows, as arrays, of legs whose packets are secured; see `state`."""

from typing import Final, NamedTuple

from mixminus.media.state import I64, U8

PLAIN, LOCKED, SEALED = 0, 1, 2
"""How a leg is guarded: not at all; nothing goes in or out until there are keys; SRTP and SRTCP both ways."""

NOT_RTP: Final = 8
"""Kind of happening (see `state`): a datagram that is for whoever finds the far end and agrees on keys."""

SEALED_BYTES: Final = 16
"""What sealing adds to a packet of RTP at most: the tag of AES-GCM (RFC 7714 section 13.2)."""


class Seals(NamedTuple):
    """By leg."""

    guard: U8
    hands_up: U8
    """What is not RTP is handed to the interpreter (RFC 7983)."""
    is_found: U8
    """Its far end was found by checks (ICE); where packets come from says nothing."""
    receiver: I64
    """Address of libsrtp's session for what arrives; 0: none."""
    afresh: I64
    """One with the same new key that counts from the beginning: some far ends do, with a new key."""
    former: I64
    """The one before: its keys are good until a packet has come with the new ones."""
    sender: I64


class Calls(NamedTuple):
    """Addresses of libsrtp's functions."""

    address: I64
    """See `PROTECT` and so on."""


PROTECT, UNPROTECT, UNPROTECT_CONTROL = 0, 1, 2
"""Columns of `Calls.address`."""


class Aside(NamedTuple):
    """Space for a packet that is to be opened once more; a lane's own."""

    data: U8
