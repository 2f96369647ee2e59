"""All arrays of the engine behind one: a table of addresses, which kernels read instead of being handed each array.

To hand a few hundred arrays to compiled code takes the interpreter longer than a beat of some tens of legs takes: it
looks every one of them up, and none is in the cache after 5 ms of something else. The table is one array.
"""

from collections import namedtuple
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final, Protocol, TypeVar, cast

import numpy as np
from numba import types
from numba.extending import intrinsic
from numba.np import arrayobj
from numba.np.numpy_support import from_dtype

from mixminus.media.bundles import DTYPES, columns_of
from mixminus.media.state import I64

B = TypeVar("B", bound=tuple[Any, ...])
Bundle = type[tuple[Any, ...]]

_numba: Any = arrayobj  # numba is not typed
_types: Any = types
_from_dtype: Any = from_dtype

WORDS: Final = 2
"""Of an array in the table: its address, and how many rows it has."""


class Layout:
    """Where in a table each bundle begins."""

    def __init__(self, **kinds: Bundle) -> None:
        self._kinds = kinds

    def places(self) -> Any:
        """The first word of each bundle, by name; a constant for kernels."""
        words = [WORDS * len(kind.__annotations__) for kind in self._kinds.values()]
        make_places: Any = namedtuple
        return make_places("Places", self._kinds)(0, *accumulate(words[:-1]))

    def table(self, **bundles: tuple[Any, ...]) -> I64:
        """The table of these bundles, which are to outlive it."""
        if {name: type(bundle) for name, bundle in bundles.items()} != self._kinds:
            raise TypeError("these are not the bundles that the kernels will look for")
        words = [(array.ctypes.data, len(array)) for name in self._kinds for array in bundles[name]]
        return np.array(words, np.int64).reshape(-1)


def _view(typing: Any, kind: Any, table: Any, at: Any) -> Any:
    """`view`, as the compiler is told of it: a type, and how to generate code."""
    bundle = kind.instance_class
    arrays = [
        _types.Array(_from_dtype(np.dtype(DTYPES[kind])), 1 + len(columns_of(bundle, name)), "C")
        for name, kind in bundle.__annotations__.items()
    ]
    result = _types.NamedTuple(arrays, bundle)

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        word = context.get_value_type(_types.intp)
        words = _numba.make_array(table)(context, builder, arguments[1]).data
        first = builder.gep(words, [arguments[2]])
        built = []
        for n, (name, array_type) in enumerate(zip(bundle.__annotations__, arrays, strict=True)):
            address = builder.load(builder.gep(first, [word(WORDS * n)]))
            rows = builder.load(builder.gep(first, [word(WORDS * n + 1)]))
            array = _numba.make_array(array_type)(context, builder)
            item_bytes = context.get_abi_sizeof(context.get_data_type(array_type.dtype))
            shape, strides = _shape(columns_of(bundle, name), item_bytes)
            _numba.populate_array(
                array,
                data=builder.inttoptr(address, array.data.type),
                shape=[rows, *(word(length) for length in shape)],
                strides=[word(stride) for stride in strides],
                itemsize=word(item_bytes),
                meminfo=None,
            )
            built.append(array._getvalue())
        return context.make_tuple(builder, result, built)

    return result(kind, table, _types.intp), generate


class View(Protocol):
    """The bundle of a kind whose words begin at `table[at]`. For compiled code only."""

    def __call__(self, kind: type[B], table: I64, at: int) -> B: ...


view: Final = cast(View, intrinsic(_view))


def _shape(columns: tuple[int, ...], item_bytes: int) -> tuple[tuple[int, ...], list[int]]:
    """The columns, and the strides of an array in C's order that has them."""
    strides = [item_bytes]
    for length in reversed(columns):
        strides.insert(0, strides[0] * length)
    return columns, strides
