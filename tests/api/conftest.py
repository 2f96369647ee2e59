"""A node that is not there, the API in front of it, and the official SDK as its client."""

from collections.abc import Iterator
from pathlib import Path

import pytest
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
