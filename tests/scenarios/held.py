"""How much a node holds on to: the size of every container that can be reached from it."""

import asyncio
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

CONTAINERS = (dict, list, set, frozenset, tuple, deque)
LEAVES = (str, bytes, bytearray, int, float, complex, type, ModuleType, np.ndarray, asyncio.AbstractEventLoop)


def sizes(root: object) -> Mapping[str, int]:
    """By the path of attributes that leads there (`[]` is any item), what all containers there hold together.

    Only into objects of the package itself, and what they hold; not into the phones and applications of a test.
    """
    found: Counter[str] = Counter()
    seen: dict[int, object] = {}
    waiting: deque[tuple[str, object]] = deque([("", root)])
    while waiting:
        path, at = waiting.popleft()
        if at is None or isinstance(at, LEAVES) or id(at) in seen:
            continue
        seen[id(at)] = at
        if isinstance(at, CONTAINERS):
            found[path] += len(at)
        waiting.extend((path + step, value) for step, value in _leads_to(at))
    return found


def _leads_to(at: Any) -> Iterator[tuple[str, object]]:
    if isinstance(at, dict):
        yield from (("[]", part) for pair in list(at.items()) for part in pair)
    elif isinstance(at, CONTAINERS):
        yield from (("[]", value) for value in list(at))
    elif isinstance(at, MethodType):
        yield "", at.__self__
    elif isinstance(at, FunctionType):
        yield from (("()", cell.cell_contents) for cell in at.__closure__ or ())
    elif isinstance(at, asyncio.Task):
        frame = at.get_coro().cr_frame  # type: ignore[union-attr]
        yield from ((f"<{name}>", value) for name, value in (frame.f_locals if frame else {}).items())
    elif (module := type(at).__module__).startswith("mixminus.") and not module.startswith("mixminus.testing"):
        for name in _attributes(at):
            if hasattr(at, name):
                yield f".{name}", getattr(at, name)


def _attributes(at: object) -> Iterator[str]:
    yield from list(getattr(at, "__dict__", ()))
    for kind in type(at).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        yield from (slots,) if isinstance(slots, str) else slots
