"""Log lines: for people on a terminal, JSON elsewhere when asked; every line about a call carries its SID."""

import logging
import sys
from typing import Final

import structlog
from structlog.tracebacks import ExceptionDictTransformer

FRAMES: Final = ExceptionDictTransformer(show_locals=False)
LINES: Final = structlog.dev.plain_traceback
"""Of exceptions, without local variables: passwords, keys of audio and what callers pressed are among them."""


def configure_logs(form: str, level: str) -> None:
    """*form* is `text`, `json` or empty: text for people on a terminal, JSON for machines.

    Standard error gets the lines, so that standard output stays for answers.
    """
    form = form or ("text" if sys.stderr.isatty() else "json")
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    last: list[structlog.typing.Processor] = (
        [structlog.processors.ExceptionRenderer(FRAMES), structlog.processors.JSONRenderer()]
        if form == "json"
        else [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=LINES)]
    )
    structlog.configure(
        processors=shared + last,
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        # Looked up for each logger: whoever replaces standard error, as test runners do, may close it afterwards.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(stream=sys.stderr, level=max(threshold, logging.WARNING), format="%(levelname)s %(message)s")
