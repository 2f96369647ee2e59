"""Bundles of arrays with a row for each leg, room, or whatever: made, grown, cleared."""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar, cast

import numpy as np

from mixminus.media import address_state, coded_state, formatted_state, shared_state, state, stream_state
from mixminus.media.state import F32, F64, I16, I32, I64, U8, U32, U64

DTYPES: Final[dict[Any, type[np.generic]]] = {
    U8: np.uint8,
    I16: np.int16,
    I32: np.int32,
    U32: np.uint32,
    I64: np.int64,
    U64: np.uint64,
    F32: np.float32,
    F64: np.float64,
}

_COLUMNS: Final[dict[str, tuple[int, ...]]] = {
    **state.COLUMNS,
    **address_state.COLUMNS,
    **coded_state.COLUMNS,
    **shared_state.COLUMNS,
    **stream_state.COLUMNS,
    **formatted_state.COLUMNS,
}

B = TypeVar("B", bound=tuple[Any, ...])


def columns_of(bundle: type[tuple[Any, ...]], field: str) -> tuple[int, ...]:
    """The shape of a row."""
    return _COLUMNS.get(f"{bundle.__name__}.{field}", ())


def zeroed(bundle: type[B], rows: int) -> B:
    """That many free rows.

    Untouched ones take no memory: the kernel hands out zeroed pages when they are used.
    """
    fields = bundle.__annotations__.items()
    arrays = (np.zeros((rows, *columns_of(bundle, name)), DTYPES[kind]) for name, kind in fields)
    return cast(Callable[..., B], bundle)(*arrays)


def grown(bundle: B, rows: int) -> B:
    """The same rows, and free ones after them."""
    larger = zeroed(type(bundle), rows)
    for old, new in zip(bundle, larger, strict=True):
        new[: len(old)] = old
    return larger


def copy_rows(source: tuple[Any, ...], target: tuple[Any, ...], rows: Iterable[int]) -> None:
    """Copy what one bundle knows of these rows to the same rows of a larger one."""
    chosen = list(rows)
    for old, new in zip(source, target, strict=True):
        new[chosen] = old[chosen]


def clear_row(bundle: tuple[Any, ...], row: int) -> None:
    """Zero all that the bundle knows of one row."""
    for array in bundle:
        array[row] = 0
