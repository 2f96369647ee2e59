"""How a command fails: one line that says why and what to do, and an exit status (CONTRACT.md, "Exit codes")."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer

from mixminus.base.errors import MixminusError
from mixminus.cli.readings import BadSetting

FAILED: Final = 1
WRONG_USE: Final = 2


@contextmanager
def failing_in_one_line(log_level: str = "info") -> Iterator[None]:
    """Turn whatever goes wrong inside into a line and a status; `debug` shows the traceback before it."""
    try:
        yield
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        if log_level == "debug":
            traceback.print_exc()
        print(f"mixminus: {_sentence(error)}", file=sys.stderr)
        raise typer.Exit(WRONG_USE if isinstance(error, BadSetting) else FAILED) from error


def _sentence(error: Exception) -> str:
    if isinstance(error, MixminusError | OSError):
        return str(error) or type(error).__name__
    first_line = (str(error).splitlines() or [""])[0]
    return f"internal failure: {type(error).__name__}: {first_line} (--log-level debug tells where)"
