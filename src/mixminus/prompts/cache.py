"""Which decoded files are kept: their keys, and who goes when the folder is full. A core: it touches no file."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass


def key(*parts: str | bytes) -> str:
    """Return the file name for a prompt made of these parts. Equal parts, equal name; where a part ends matters."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class Kept:
    size_bytes: int
    used_at: float


class Index:
    """What the folder holds, least recently used first."""

    def __init__(self, limit_bytes: int, grace_s: float) -> None:
        self._limit_bytes = limit_bytes
        self._grace_s = grace_s
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self.total_bytes = 0

    def __contains__(self, name: str) -> bool:
        return name in self._kept

    def use(self, name: str, size_bytes: int, now: float) -> None:
        """Note that *name* is there and was handed out just now."""
        self.forget(name)
        self._kept[name] = Kept(size_bytes, now)
        self.total_bytes += size_bytes

    def forget(self, name: str) -> None:
        """*name* is gone. Unknown names are ignored."""
        if (old := self._kept.pop(name, None)) is not None:
            self.total_bytes -= old.size_bytes

    def evict(self, now: float) -> list[str]:
        """Drop the least recently used until the rest fits; return what to delete.

        What was handed out within the grace stays, even if the folder is then too full for a while.
        """
        gone: list[str] = []
        for name, kept in list(self._kept.items()):
            if self.total_bytes <= self._limit_bytes or now - kept.used_at < self._grace_s:
                break
            self.forget(name)
            gone.append(name)
        return gone
