"""What the model wants done: each call once, and an answer when all calls of a response are in. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from mixminus.agents.realtime.events import Item

MOST_ARGUMENTS: Final = 64 * 1024
"""Bytes; a model that repeats itself fills its 4,096 tokens."""


@dataclass(frozen=True, slots=True)
class UseTool:
    """Use a tool. `key` is the service's own id of the call, and the key under which it is done once."""

    key: str
    tool: str
    arguments: dict[str, Any]


@dataclass(slots=True)
class _Asked:
    response: str
    waits: UseTool | None
    """Until what was said before it is heard; None: it runs."""


class Calls:
    """Calls that have no result yet."""

    def __init__(self) -> None:
        self._asked: dict[str, _Asked] = {}
        self._ever: set[str] = set()

    def __len__(self) -> int:
        return len(self._asked)

    def __contains__(self, key: str) -> bool:
        return key in self._asked

    def asked(self, item: Item, response: str) -> UseTool | str | None:
        """A call is complete: what to do, or what is wrong with it, or None: it was told before."""
        key = item.call_id or ""
        if not key or key in self._ever:
            return None
        self._ever.add(key)
        self._asked[key] = _Asked(response, None)
        try:
            if len(item.arguments or "") > MOST_ARGUMENTS:
                return "the arguments are too long"
            arguments = msgspec.json.decode(item.arguments or "{}", type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError):
            return "the arguments are not a JSON object"
        return UseTool(key, item.name or "", arguments)

    def wait(self, use: UseTool) -> None:
        """Not before what was said before it is heard: "one moment" is never cut by the transfer."""
        self._asked[use.key].waits = use

    def released(self) -> Iterable[UseTool]:
        """It was heard, or was interrupted: those that have waited for it."""
        found = [asked.waits for asked in self._asked.values() if asked.waits is not None]
        for use in found:
            self._asked[use.key].waits = None
        return found

    def answered(self, key: str) -> bool:
        """A result is in. Returns whether the model can speak: no other call of the same response is out."""
        asked = self._asked.pop(key, None)
        return asked is not None and all(each.response != asked.response for each in self._asked.values())
