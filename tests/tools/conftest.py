from pathlib import Path

import pytest
from tests.tools.tool_world import Node


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "tools.db")
