"""The folder of decoded files. Several processes may share one: a file appears complete, under a name that tells
its content, and is never changed.
"""

import contextlib
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from mixminus.prompts.cache import Index
from mixminus.prompts.prompt import BYTES_PER_MS, RATE_HZ, Limits, Prompt


class Shelf:
    """Hands out decoded files and throws out the least recently used."""

    def __init__(self, directory: Path, limits: Limits, now: Callable[[], float]) -> None:
        self._directory = directory
        self._grace_s = limits.cache_grace_s
        self._now = now
        self._index = Index(limits.cache_bytes, limits.cache_grace_s)
        self._serial = itertools.count()
        directory.mkdir(parents=True, exist_ok=True)
        self._sweep()
        long_ago = now() - limits.cache_grace_s
        for path in sorted(directory.glob("*.pcm"), key=lambda path: path.stat().st_mtime):
            self._index.use(path.stem, path.stat().st_size, long_ago)

    def place(self, name: str) -> Path:
        """Where the decoded file of that name is, or will be."""
        return self._directory / f"{name}.pcm"

    @contextlib.contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        """A path for something unfinished, deleted afterwards."""
        path = self._directory / f".{name}.{os.getpid()}-{next(self._serial)}.part"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def take(self, name: str) -> Prompt | None:
        """Hand out a decoded file; None: it is not there. Others may have to go for it."""
        path = self.place(name)
        try:
            os.utime(path)
            status = path.stat()
        except FileNotFoundError:
            self._index.forget(name)
            return None
        self._index.use(name, status.st_size, self._now())
        self._evict(status.st_mtime)
        return Prompt(path, RATE_HZ, status.st_size // BYTES_PER_MS)

    def _evict(self, newest_mtime: float) -> None:
        """Delete what the index drops, unless another process handed it out a moment ago, as its time tells."""
        for name in self._index.evict(self._now()):
            path = self.place(name)
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                if newest_mtime - status.st_mtime < self._grace_s:
                    self._index.use(name, status.st_size, self._now())
                else:
                    path.unlink()

    def _sweep(self) -> None:
        """Delete what processes that are gone left unfinished."""
        for path in self._directory.glob(".*.part"):
            owner = path.name.split(".")[-2].partition("-")[0]
            if owner.isdigit() and not _alive(int(owner)):
                path.unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
