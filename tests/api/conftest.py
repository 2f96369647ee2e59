"""A node that is not there, the API in front of it, and the official SDK as its client."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))  # so that tests and type checker call these modules alike

from tests.api.fake_node import FakeNode
from tests.api.world import Api, make_api


@pytest.fixture
def node(tmp_path: Path) -> Iterator[FakeNode]:
    made = FakeNode(tmp_path)
    yield made
    made.database.close()


@pytest.fixture
def api(node: FakeNode) -> Api:
    return make_api(node)
