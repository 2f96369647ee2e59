"""One node per data directory: a second one would close the calls of the first as orphans."""

import fcntl
import os
from pathlib import Path
from typing import Final

from mixminus.base.errors import MixminusError

FILE_NAME: Final = "node.lock"


class DataInUse(MixminusError):
    """Another node works on this data directory."""


class DataLock:
    """Held from its making to `release`; the system releases it when the process dies, however it dies."""

    def __init__(self, data: Path) -> None:
        """Raises `DataInUse`."""
        self._file = os.open(data / FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise DataInUse(f"Another node works on {data}. Stop it, or choose another --data.") from None

    def release(self) -> None:
        os.close(self._file)
