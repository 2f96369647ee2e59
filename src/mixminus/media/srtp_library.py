"""libsrtp, as pylibsrtp brings it: found, asked for sessions, handed to the kernels.

The system's own is not taken instead: it may be built upon a library that locks and allocates for each packet.

A session is one direction of a leg: its cipher contexts, its rollover counters, its replay list. What it allocates it
does when it is made, and once more for each stream that proves itself; never for a packet.
"""

import contextlib
import ctypes
import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from mixminus.base.errors import MixminusError
from mixminus.media.srtp_terms import PROFILES

REPLAY_WINDOW: Final = 1024
"""Packets (RFC 3711 section 3.3.2 wants 64): 20 s of audio, so that what is late is left to the jitter buffer."""

_OK: Final = 0
_SPECIFIC: Final = 1
_ANY_INBOUND: Final = 2
_NUMBERS: Final = dict(zip(PROFILES, (1, 2, 7, 8), strict=True))
"""srtp.h: `srtp_profile_t`, the protection profiles of DTLS-SRTP (RFC 5764 section 4.1.2, RFC 7714 section 14.2)."""
MASTER_BYTES: Final = dict(zip(PROFILES, (16 + 14, 16 + 14, 16 + 12, 32 + 12), strict=True))
"""Of master key and salt (RFC 4568 section 6.2, RFC 7714 section 12)."""


class SrtpError(MixminusError):
    """Keys that nothing can be sealed with."""


class _Ssrc(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("value", ctypes.c_uint)]


class _CryptoPolicy(ctypes.Structure):
    _fields_ = [
        ("cipher_type", ctypes.c_uint32),
        ("cipher_key_bytes", ctypes.c_int),
        ("auth_type", ctypes.c_uint32),
        ("auth_key_bytes", ctypes.c_int),
        ("auth_tag_bytes", ctypes.c_int),
        ("services", ctypes.c_int),
    ]


class _Policy(ctypes.Structure):
    """srtp.h: `srtp_policy_t` of all releases 2.x."""

    _fields_ = [
        ("ssrc", _Ssrc),
        ("rtp", _CryptoPolicy),
        ("rtcp", _CryptoPolicy),
        ("key", ctypes.c_char_p),
        ("keys", ctypes.c_void_p),
        ("key_count", ctypes.c_ulong),
        ("deprecated_ekt", ctypes.c_void_p),
        ("window_packets", ctypes.c_ulong),
        ("allow_repeat_tx", ctypes.c_int),
        ("encrypted_extensions", ctypes.c_void_p),
        ("encrypted_extension_count", ctypes.c_int),
        ("next", ctypes.c_void_p),
    ]


@dataclass(frozen=True)
class SrtpLibrary:
    """An open library. The three addresses are what kernels call: session, packet, length, in place."""

    path: str
    version: str
    protect_address: int
    unprotect_address: int
    unprotect_control_address: int
    _library: ctypes.CDLL

    @classmethod
    def open(cls, path: str) -> "SrtpLibrary":
        """Raises `OSError`, `AttributeError` or `SrtpError` when this is no libsrtp 2 that knows all profiles."""
        library = ctypes.CDLL(path)
        library.srtp_get_stream_roc.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.POINTER(ctypes.c_uint32)]
        library.srtp_set_stream_roc.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32]
        library.srtp_dealloc.argtypes = [ctypes.c_void_p]
        for call in (library.srtp_protect_rtcp, library.srtp_unprotect_rtcp):
            call.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)]
        library.srtp_init()  # refuses to be called again, as when pylibsrtp itself is in use here
        protect, unprotect = _address(library.srtp_protect), _address(library.srtp_unprotect)
        version = library.srtp_get_version_string
        version.restype = ctypes.c_char_p
        opened = cls(path, version().decode(), protect, unprotect, _address(library.srtp_unprotect_rtcp), library)
        for profile, size in MASTER_BYTES.items():
            opened.sender(profile, bytes(size), 1).close()
        return opened

    def sender(self, profile: str, master: bytes, ssrc: int) -> "SrtpSession":
        """For one stream of ours. Raises `SrtpError`."""
        return SrtpSession(self._library, [self._policy(profile, master, _SPECIFIC, ssrc)])

    def receiver(self, profile: str, master: bytes, known: int | None) -> "SrtpSession":
        """For whatever streams have the key; one is *known* and may be asked for its rollover counter.

        Raises `SrtpError`.
        """
        policies = [self._policy(profile, master, _ANY_INBOUND, 0)]
        if known is not None:
            policies.append(self._policy(profile, master, _SPECIFIC, known))
        return SrtpSession(self._library, policies)

    def _policy(self, profile: str, master: bytes, kind: int, ssrc: int) -> _Policy:
        if len(master) != MASTER_BYTES.get(profile):
            raise SrtpError(f"{profile} has no master key and salt of {len(master)} bytes together")
        policy = _Policy(ssrc=_Ssrc(kind, ssrc), key=master, window_packets=REPLAY_WINDOW)
        for part, name in ((policy.rtp, "rtp"), (policy.rtcp, "rtcp")):
            setter = self._library[f"srtp_crypto_policy_set_from_profile_for_{name}"]
            if setter(ctypes.byref(part), _NUMBERS[profile]) != _OK:
                raise SrtpError(f"this libsrtp does not know {profile}")
        return policy


class SrtpSession:
    """One direction of a leg; closed by hand, when no kernel can be using it."""

    def __init__(self, library: ctypes.CDLL, policies: list[_Policy]) -> None:
        self._library = library
        session = ctypes.c_void_p()
        if library.srtp_create(ctypes.byref(session), ctypes.byref(policies[0])) != _OK or session.value is None:
            raise SrtpError("libsrtp makes no session")
        self.address: int = session.value
        for policy in policies[1:]:
            if library.srtp_add_stream(session, ctypes.byref(policy)) != _OK:
                self.close()
                raise SrtpError("libsrtp adds no stream")

    def close(self) -> None:
        """Free it; harmless a second time."""
        address, self.address = self.address, 0
        if address:
            self._library.srtp_dealloc(address)

    def rollovers(self, ssrc: int) -> int:
        """How often the stream's sequence numbers have begun anew; 0 for one that is not known."""
        count = ctypes.c_uint32()
        self._library.srtp_get_stream_roc(self.address, ssrc, ctypes.byref(count))
        return count.value

    def go_on(self, ssrc: int, rollovers: int) -> None:
        """Take up a stream that had other keys before: the counter must not begin anew (RFC 3711 section 3.3.1)."""
        if rollovers:
            self._library.srtp_set_stream_roc(self.address, ssrc, rollovers)

    def seal_control(self, packet: bytes) -> bytes | None:
        """SRTCP of that RTCP; None when the key is used up."""
        return self._in_place(self._library.srtp_protect_rtcp, packet)

    def open_control(self, packet: bytes) -> bytes | None:
        """RTCP of that SRTCP; None when it is forged or replayed."""
        return self._in_place(self._library.srtp_unprotect_rtcp, packet)

    def _in_place(self, call: "ctypes._NamedFuncPointer", packet: bytes) -> bytes | None:
        space = ctypes.create_string_buffer(packet, len(packet) + _LONGEST_TRAILER)
        size = ctypes.c_int(len(packet))
        return None if call(self.address, space, ctypes.byref(size)) != _OK else space.raw[: size.value]


_LONGEST_TRAILER: Final = 148
"""srtp.h: `SRTP_MAX_SRTCP_TRAILER_LEN`, and some."""


@cache
def srtp_library() -> SrtpLibrary | None:
    """None: this machine has none that works, and secured media cannot be had."""
    wheel = importlib.util.find_spec("pylibsrtp")
    if wheel is None or wheel.origin is None:
        return None
    for path in sorted(Path(wheel.origin).parent.glob("_binding*.so")):
        with contextlib.suppress(OSError, AttributeError, SrtpError):
            return SrtpLibrary.open(str(path))
    return None


def _address(function: object) -> int:
    address = ctypes.cast(function, ctypes.c_void_p).value  # type: ignore[arg-type]
    assert address is not None
    return address
