"""The node's media folder: `media:NAME` is the file NAME in it, and never one outside."""

from pathlib import Path
from typing import Final

from mixminus.prompts.prompt import NOT_RETRIEVABLE, PromptError

_NAMES_LISTED: Final = 20
_NAMES_READ: Final = 1000


def find(folder: Path, name: str) -> Path:
    """Return the file behind a name, links followed. Raises `PromptError`: outside the folder, or not there."""
    root = folder.resolve()
    try:
        path = (root / name).resolve()
        inside = path.is_relative_to(root)
        there = inside and path.is_file()
    except (OSError, ValueError, RuntimeError):  # too long; a NUL; a loop of links
        inside = True
        there = False
    if not inside:
        raise PromptError(NOT_RETRIEVABLE, f"media:{_shown(name)} leads out of the media folder")
    if not there:
        raise PromptError(NOT_RETRIEVABLE, f"there is no media:{_shown(name)}; {_offer(root)}")
    return path


def _shown(name: str) -> str:
    return ascii(name[:80])[1:-1]


def _offer(root: Path) -> str:
    """Say what the folder has, for whoever mistyped."""
    names = []
    for path in root.rglob("*"):
        if path.is_file() and not path.name.startswith("."):
            names.append(path.relative_to(root).as_posix())
        if len(names) >= _NAMES_READ:
            break
    if not names:
        return "the media folder is empty"
    more = len(names) - _NAMES_LISTED
    listed = ", ".join(sorted(names)[:_NAMES_LISTED])
    return f"the media folder has {listed}" + (f" and {more} more" if more > 0 else "")
