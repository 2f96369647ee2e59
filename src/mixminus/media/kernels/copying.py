"""Copy an array into another one; `target[:] = source` would allocate, in case the two overlap."""

from typing import Any

from mixminus.audio.compiled import kernel


@kernel
def copy(target: Any, source: Any) -> None:
    """As many items as the target has."""
    for i in range(len(target)):
        target[i] = source[i]
