"""The folder of decoded files. Several processes may share one: a file appears complete, under a name that tells
its content, and is never changed.
"""

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from mixminus.prompts.cache import Index
from mixminus.prompts.prompt import BYTES_PER_MS, RATE_HZ, Limits, Prompt

# Nothing is worked on for longer than a decoder or a voice may take, which is seconds.
_ABANDONED_S: Final = 3600.0


class Shelf:
    """Hands out decoded files and throws out the least recently used."""

    def __init__(self, directory: Path, limits: Limits, now: Callable[[], float]) -> None:
        self._directory = directory
        self._grace_s = limits.cache_grace_s
        self._now = now
        self._index = Index(limits.cache_bytes, limits.cache_grace_s)
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
        path = self._directory / f".{name}.{secrets.token_hex(8)}.part"
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
        """Delete what was left unfinished long ago, by the folder's own time: other machines may share it."""
        with self.scratch("sweep") as probe:
            probe.touch()
            newest = probe.stat().st_mtime
            for path in self._directory.glob(".*.part"):
                with contextlib.suppress(FileNotFoundError):
                    if newest - path.stat().st_mtime > _ABANDONED_S:
                        path.unlink()
