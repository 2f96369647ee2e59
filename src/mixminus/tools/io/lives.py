"""Which of the processes that share a store are alive: each holds a lock on a file of its own, as long as it lives.

The system releases the lock however the process dies, so what it had begun is taken over at once, and no lease is
waited for. Leases are for those that live and have hung.
"""

import fcntl
import os
import time
from pathlib import Path


class Lives:
    """`name` is this one's; give back with `end`."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self.name = f"{os.getpid():x}-{time.time_ns():x}"
        self._file = os.open(self._path(self.name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody knows the name yet

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

    def _path(self, name: str) -> Path:
        return self._store.with_name(f"{self._store.name}-alive-{name}")
