"""Audio files of any kind to the one kind that players play. Decoding happens in processes of its own."""

import os
from pathlib import Path
from typing import Final

from mixminus.prompts.io.workers import WorkerDied, WorkerLate, WorkerPool
from mixminus.prompts.prompt import NOT_AUDIO, Limits, PromptError

_WORKERS: Final = 2


class Decoder:
    """Decodes files. Start-up costs nothing until the first file comes."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pool = WorkerPool("mixminus.prompts.io.decode_worker", _WORKERS, limits.decode_s)

    async def decode(
        self,
        source: Path,
        part: Path,
        target: Path,
        *,
        demuxer: str | None = None,
        level_dbfs: float | None = None,
    ) -> None:
        """Decode *source* to raw 8 kHz mono in *part*, and rename that to *target*, which thus is complete or absent.

        *demuxer* is what a file without a header would be; *level_dbfs* asks for that active level. Raises
        `PromptError`: not audio, too large, too long.
        """
        job = {
            "source": str(source),
            "target": str(part),
            "demuxer": demuxer,
            "file_bytes": self._limits.file_bytes,
            "decoded_ms": self._limits.decoded_ms,
            "level_dbfs": level_dbfs,
        }
        try:
            await self._pool.ask(job)
        except WorkerDied:
            raise PromptError(NOT_AUDIO, "the file broke the decoder") from None
        except WorkerLate:
            raise PromptError(NOT_AUDIO, f"the file took longer than {self._limits.decode_s:g} s to decode") from None
        os.replace(part, target)

    async def close(self) -> None:
        await self._pool.close()
