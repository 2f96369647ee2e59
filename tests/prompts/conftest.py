"""What the tests of prompts share: a decoder, a folder, and audio made on the spot."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from mixminus.prompts.io.decode import Decoder
from mixminus.prompts.prompt import Limits


@pytest.fixture
def limits() -> Limits:
    return Limits(file_bytes=2_000_000, decoded_ms=20_000, decode_s=5.0)


@pytest_asyncio.fixture
async def decoder(limits: Limits) -> AsyncIterator[Decoder]:
    decoder = Decoder(limits)
    yield decoder
    await decoder.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "media").mkdir()
    return tmp_path / "media"
