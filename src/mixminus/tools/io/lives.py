"""Which of the processes that share a store are alive: each holds a lock on a file of its own, as long as it lives.

The system releases the lock however the process dies, so what it had begun is taken over at once, and no lease is
waited for. Leases are for those that live and have hung.
"""

import contextlib
import fcntl
import glob
import os
import time
from pathlib import Path
from typing import Final

NEW_S: Final = 60.0
"""So long nobody takes between making a file and locking it."""


class Lives:
    """`name` is this one's; give back with `end`."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self.name = f"{os.getpid():x}-{time.time_ns():x}"
        self._file = os.open(self._path(self.name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody knows the name yet
        self._sweep()

    def is_over(self, name: str) -> bool:
        """Whether the process of that name is gone."""
        path = self._path(name)
        try:
            file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            path.unlink(missing_ok=True)
            return True
        finally:
            os.close(file)

    def end(self) -> None:
        """This process has left the store in order."""
        self._path(self.name).unlink(missing_ok=True)
        os.close(self._file)

    def _sweep(self) -> None:
        """Take away what the killed have left; what is new may be of somebody who is about to lock it."""
        prefix = self._path("").name
        for left in self._store.parent.glob(f"{glob.escape(prefix)}*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > NEW_S:
                    self.is_over(left.name.removeprefix(prefix))

    def _path(self, name: str) -> Path:
        return self._store.with_name(f"{self._store.name}-alive-{name}")
