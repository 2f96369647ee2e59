"""The inside of a worker process: jobs in on standard input, answers out on standard output, one JSON line each."""

import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

from mixminus.prompts.prompt import NOT_AUDIO, PromptError

Job = dict[str, Any]

# Above what any honest file needs: an hour decoded is 58 MB, wasmtime reserves address space for its guards.
_MAX_FILE_BYTES = 256 * 1024 * 1024


def serve(do: Callable[[Job], Job], *, memory_bytes: int | None) -> None:
    """Do jobs until standard input ends. The first argument of the process is the most a job may take, in seconds.

    *memory_bytes* is the address space the process may have; None where the work reserves more than it uses.
    """
    _restrain(memory_bytes)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    # A library that prints must not be taken for an answer.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    late_s = int(float(sys.argv[1])) + 2
    for line in sys.stdin:
        # The parent kills a late worker; should the parent be gone, the alarm does.
        signal.alarm(late_s)
        answers.write(json.dumps(_answer(do, json.loads(line))) + "\n")
        answers.flush()
        signal.alarm(0)


def _answer(do: Callable[[Job], Job], job: Job) -> Job:
    try:
        return do(job)
    except PromptError as error:
        return {"code": error.code, "message": error.message}
    except Exception as error:  # the top of this task: whatever a hostile file provokes is its own verdict
        return {"code": NOT_AUDIO, "message": f"the audio could not be prepared ({type(error).__name__}: {error})"}


def _restrain(memory_bytes: int | None) -> None:
    os.nice(10)  # mixing comes first
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MAX_FILE_BYTES, _MAX_FILE_BYTES))
    if memory_bytes is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
