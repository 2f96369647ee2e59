"""Tools out of a Python file that somebody wrote for their agent."""

import importlib.util
import itertools
import sys
from pathlib import Path
from types import ModuleType
from typing import Final

from mixminus.base.errors import MixminusError
from mixminus.tools.toolbox import Toolbox

_NUMBERS: Final = itertools.count()


class BadFile(MixminusError):
    """The file cannot be run, or has no tools."""


def module_of(path: Path) -> ModuleType:
    """Run the Python file at *path*. It is trusted: it is the operator's own program. Raises `BadFile`."""
    spec = importlib.util.spec_from_file_location(f"mixminus_file_{next(_NUMBERS)}_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise BadFile(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # annotations are looked up there
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # somebody's file: whatever it raises is told with its name
        raise BadFile(f"{path}: {type(error).__name__}: {error}") from error
    return module


def toolbox_of(path: Path) -> Toolbox:
    """Join the toolboxes that the file at *path* declares at its top. Raises `BadFile`, `BadTool`."""
    boxes = {id(value): value for value in vars(module_of(path)).values() if isinstance(value, Toolbox)}
    if not boxes:
        raise BadFile(f"{path} declares no tools: it needs a `Toolbox()` at its top")
    return Toolbox(*boxes.values())
