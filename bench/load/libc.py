"""The system calls of the kernels: libc straight from compiled code, and the structures it wants (64-bit Linux).

`ExternalFunction` is resolved by name, so that the compiled kernels can be cached.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

SystemCall = Callable[..., int]

send: SystemCall = types.ExternalFunction("send", types.intp(types.int32, types.uintp, types.uintp, types.int32))
recvfrom: SystemCall = types.ExternalFunction(
    "recvfrom", types.intp(types.int32, types.uintp, types.uintp, types.int32, types.uintp, types.uintp)
)
sendto: SystemCall = types.ExternalFunction(
    "sendto", types.intp(types.int32, types.uintp, types.uintp, types.int32, types.uintp, types.uint32)
)
recvmmsg: SystemCall = types.ExternalFunction(
    "recvmmsg", types.int32(types.int32, types.uintp, types.uint32, types.int32, types.uintp)
)
sendmmsg: SystemCall = types.ExternalFunction(
    "sendmmsg", types.int32(types.int32, types.uintp, types.uint32, types.int32)
)
recvmsg: SystemCall = types.ExternalFunction("recvmsg", types.intp(types.int32, types.uintp, types.int32))
memcpy: SystemCall = types.ExternalFunction("memcpy", types.uintp(types.uintp, types.uintp, types.uintp))
_clock_gettime: SystemCall = types.ExternalFunction("clock_gettime", types.int32(types.int32, types.uintp))
_clock_nanosleep: SystemCall = types.ExternalFunction(
    "clock_nanosleep", types.int32(types.int32, types.int32, types.uintp, types.uintp)
)

CLOCK_REALTIME: Final = 0
"""What the kernel's arrival times are told in."""
CLOCK_MONOTONIC: Final = 1
_TIMER_ABSTIME: Final = 1

MSG_DONTWAIT: Final = 0x40
SO_TIMESTAMPNS: Final = 35
"""Socket option and control message of the same number: the kernel's arrival time, socket(7)."""

BUFFER_BYTES: Final = 2_048
# struct msghdr in 64-bit words: name, namelen, iov, iovlen, control, controllen, flags.
_HEADER_WORDS: Final = 7
CONTROL_WORDS: Final = 8
_IOV, _IOVLEN, _CONTROL, CONTROLLEN = 2, 3, 4, 5

NS_PER_S: Final = 1_000_000_000


@njit(cache=True, nogil=True)
def now_ns(clock: int, timespec: NDArray[np.int64]) -> int:
    """Read a clock; *timespec* is int64[2] scratch."""
    _clock_gettime(np.int32(clock), timespec.ctypes.data)
    ns: int = timespec[0] * NS_PER_S + timespec[1]
    return ns


@njit(cache=True, nogil=True)
def sleep_until(monotonic_ns: int, timespec: NDArray[np.int64]) -> None:
    """Sleep to a moment of `CLOCK_MONOTONIC`; returns at once when it has passed."""
    timespec[0] = monotonic_ns // NS_PER_S
    timespec[1] = monotonic_ns % NS_PER_S
    _clock_nanosleep(np.int32(CLOCK_MONOTONIC), np.int32(_TIMER_ABSTIME), timespec.ctypes.data, np.uintp(0))


@njit(cache=True, nogil=True)
def arrival_ns(control: NDArray[np.int64], controllen: int, timespec: NDArray[np.int64]) -> int:
    """Return when the kernel got the packet; *control* holds one cmsghdr (len, level and type, timespec)."""
    if controllen > 0 and control[1] >> 32 == SO_TIMESTAMPNS:
        ns: int = control[2] * NS_PER_S + control[3]
        return ns
    return now_ns(CLOCK_REALTIME, timespec)


def message_header(
    iov: NDArray[np.uint64], control: NDArray[np.int64], buffer: NDArray[np.uint8]
) -> NDArray[np.uint64]:
    """Return a `msghdr` and fill its *iov*: one buffer and one control block."""
    header = np.zeros(_HEADER_WORDS, np.uint64)
    iov[:] = buffer.ctypes.data, BUFFER_BYTES
    header[_IOV], header[_IOVLEN] = iov.ctypes.data, 1
    header[_CONTROL] = control.ctypes.data
    return header
