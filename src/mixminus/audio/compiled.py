"""The decorator of every kernel: plain Python in, machine code out, kept on disk between runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from numba import njit

_compile: Any = njit  # whose types do not know `_nrt`

F = TypeVar("F", bound=Callable[..., object])

_PACKAGE: Final = Path(__file__).parent.parent
_SOURCES: Final = ("audio/*.py", "media/kernels/*.py", "media/*state.py", "rtp/packet.py")


def _newest_source() -> tuple[float, int]:
    """One date and size for all files that kernels are made of."""
    files = [path.stat() for pattern in _SOURCES for path in _PACKAGE.glob(pattern)]
    return max(file.st_mtime for file in files), sum(file.st_size for file in files)


_STAMP: Final = _newest_source()


def kernel(function: F) -> F:
    """Compile *function* at its first call, or load it from the cache; it runs without the interpreter's lock.

    The plain version stays callable as `.py_func`. Numba dates a cached kernel by its own file alone, and would
    go on using it after an edit of a kernel or a constant that it takes from another file; so ours are dated by
    all their sources together.

    Kernels allocate nothing: without its run-time for references (`_nrt`) the compiler refuses those that would, and
    does not count a reference to each array of a bundle at each call, which took longer than the work.

    A kernel that calls another one has it inlined, always: left to itself the compiler inlines until a bundle has one
    column too many, and from then on copies some hundred words of it onto the stack for each call.
    """
    compiled = _compile(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)(function)
    cache_file = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if cache_file is not None:  # None when the compiler is switched off, to debug
        cache_file._source_stamp = _STAMP
    return cast(F, compiled)
