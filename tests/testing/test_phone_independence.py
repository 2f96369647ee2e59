"""The phones, and the agents of streams, share nothing with what they judge."""

import ast
from pathlib import Path

import pytest

import mixminus.testing

ROOT = Path(mixminus.testing.__file__).parent
STAND_INS = ("world", "plugin", "agent_network", "scripted_recogniser", "zone")
"""For parts of the node: they know it."""
PHONE_MODULES = sorted(path for path in ROOT.rglob("*.py") if path.stem not in STAND_INS)


def imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


@pytest.mark.parametrize("path", PHONE_MODULES, ids=lambda path: path.stem)
def test_a_phone_s_module_imports_of_ours_only_testing_and_base(path: Path) -> None:
    ours = {name for name in imported(path) if name.split(".")[0] == "mixminus"}
    assert all(name.startswith(("mixminus.testing", "mixminus.base")) for name in ours), ours
