"""`mixminus tools`: read the log of what agents did, check that nobody changed it, and do it again."""

import asyncio
import random
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from mixminus.agents.io.loading import agent_of, own_tools_of
from mixminus.base.clock import Clock
from mixminus.base.errors import MixminusError
from mixminus.cli.failing import FAILED, failing_in_one_line
from mixminus.cli.readings import BadSetting
from mixminus.tools.audit import Head
from mixminus.tools.audit import verify as verify_rows
from mixminus.tools.conference import NoRoom, OnTheCall, conference_tools
from mixminus.tools.io.backplane import Backplane, World
from mixminus.tools.io.loading import toolbox_of
from mixminus.tools.io.rerun import rerun_dry, rerun_real
from mixminus.tools.io.sqlite_store import SqliteToolStore
from mixminus.tools.replay import Difference, Recorded, dry, recorded, unanswered
from mixminus.tools.toolbox import Toolbox

app = typer.Typer(help="What agents did: check the log, and run a session's tool calls again.", no_args_is_help=True)

Log = Annotated[Path, typer.Option("--log", help="The file of the tool backplane")]
DEFAULT_LOG: Final = Path("tools.db")


@app.command()
def replay(
    session: Annotated[str, typer.Argument(help="The session: the SID of the call the agent was on")],
    tools: Annotated[Path, typer.Option(help="The agent's file, or the Python file that declares its tools")],
    log: Log = DEFAULT_LOG,
    real: Annotated[bool, typer.Option("--real", help="Run all tools, with their effects, not only those that read")]
    = False,
) -> None:  # fmt: skip
    """Run a session's tool calls again and show what is different. Exit status 1 if anything is."""
    with failing_in_one_line():
        raise typer.Exit(asyncio.run(_replay(session, tools, _existing(log), real=real)))


@app.command()
def verify(
    log: Log = DEFAULT_LOG,
    head: Annotated[str | None, typer.Option(help="A head printed earlier and kept elsewhere")] = None,
) -> None:
    """Check that the log is what was written, row by row; print its head, a line worth keeping somewhere else."""
    with failing_in_one_line():
        raise typer.Exit(asyncio.run(_verify(_existing(log), _kept(head))))


async def _replay(session: str, tools: Path, log: Path, *, real: bool) -> int:
    toolbox = _tools_of(tools)
    async with _store(log) as store:
        rows = await store.rows(session)
        if not rows:
            raise MixminusError(f"{log} has no session {session}.")
        record = recorded(rows)
        for row in unanswered(rows):
            typer.echo(f"never answered: {row.key} ({row.at})")
        if real:
            async with Backplane(toolbox, store, _world()) as backplane:
                name, found = await rerun_real(backplane, record, session, datetime.now(UTC))
            typer.echo(f"ran {len(record)} calls as session {name}")
        else:
            found = await rerun_dry(toolbox, record, _world())
            ran = len(dry(toolbox, record))
            typer.echo(f"ran {ran} of {len(record)} calls; the others have effects (--real runs them)")
    return _shown(record, found)


def _tools_of(file: Path) -> Toolbox:
    """The built-in tools, for a call that is over, and those of *file*."""
    built_in = conference_tools(NoRoom(), OnTheCall(""), asyncio.sleep)
    return Toolbox(built_in, own_tools_of(agent_of(file), file) if file.suffix == ".toml" else toolbox_of(file))


def _shown(record: Sequence[Recorded], found: Sequence[Difference]) -> int:
    for each in found:
        typer.echo(f"\n{each.call.tool}  {dict(each.call.arguments)}  key {each.call.key}")
        typer.echo(f"  then  {each.then}\n  now   {each.now}")
    typer.echo(f"\n{len(found)} differences" if found else "no differences")
    return FAILED if found else 0


async def _verify(log: Path, kept: Head | None) -> int:
    async with _store(log) as store:
        rows, head = await store.rows(), await store.head()
    fault = verify_rows(rows, head)
    if fault is None and kept is not None:
        fault = verify_rows(rows[: kept.rows], kept)
    if fault is not None:
        raise MixminusError(f"{log}: {fault}.")
    typer.echo(f"{len(rows)} rows are what was written\nhead {head}")
    return 0


def _kept(head: str | None) -> Head | None:
    try:
        return None if head is None else Head.parse(head)
    except ValueError as error:
        raise BadSetting(f"--head: {error}.") from None


def _existing(log: Path) -> Path:
    """Reading a log must not make one."""
    try:
        with closing(sqlite3.connect(f"{log.absolute().as_uri()}?mode=ro", uri=True)) as database:
            database.execute("SELECT number FROM audit LIMIT 1")
    except sqlite3.Error as error:
        raise MixminusError(f"{log} is not the log of a tool backplane: {error}.") from error
    return log


def _store(log: Path) -> SqliteToolStore:
    return SqliteToolStore(log, _clock())


def _clock() -> Clock:
    return Clock(time.monotonic, lambda: datetime.now(UTC))


def _world() -> World:
    return World(_clock(), asyncio.sleep, random.random)
