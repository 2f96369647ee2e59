"""Functions of C called from compiled code by address: numbers that are passed in, so that kernels can be cached."""

from collections.abc import Callable
from typing import Any, Final, cast

from llvmlite import ir
from numba.extending import intrinsic

INT: Final = ir.IntType(32)
POINTER: Final = ir.IntType(8).as_pointer()

declared = cast(Callable[[Callable[..., Any]], Any], intrinsic)
"""Whose types do not know that the compiler itself passes the first argument."""


def by_address(kinds: list[Any]) -> Any:
    """A function for kernels: an address, then that many 64-bit integers, to the `int` that C returns."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address, *rest = arguments
        return builder.sext(_call(builder, address, kinds, rest), ir.IntType(64))

    return emit


def _call(builder: Any, address: Any, kinds: list[Any], arguments: list[Any]) -> Any:
    """Convert 64-bit integers to what C expects, and call."""
    function = builder.inttoptr(address, ir.FunctionType(INT, kinds).as_pointer())
    converted = [
        builder.inttoptr(argument, kind) if kind is POINTER else builder.trunc(argument, kind)
        for kind, argument in zip(kinds, arguments, strict=True)
    ]
    return builder.call(function, converted)
