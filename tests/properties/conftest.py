from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.properties.hall import WrittenNotes, note_beeps


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recordings")


@pytest.fixture(scope="module")
def prompts(folder: Path) -> WrittenNotes:
    return WrittenNotes(folder)


@pytest.fixture(scope="module", autouse=True)
def beeps() -> Iterator[None]:
    with note_beeps():
        yield
