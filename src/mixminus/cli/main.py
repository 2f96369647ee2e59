"""The `mixminus` command."""

import asyncio
import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop

from mixminus import __version__
from mixminus.app.account import Credentials
from mixminus.app.account import credentials as read_credentials
from mixminus.base.settings import Settings
from mixminus.cli.agent import app as agent
from mixminus.cli.failing import failing_in_one_line
from mixminus.cli.logs import configure_logs
from mixminus.cli.options import BY_NAME
from mixminus.cli.serve import serve as serve_node
from mixminus.cli.settings import Told
from mixminus.cli.sip import app as sip
from mixminus.cli.tools import app as tools

app = typer.Typer(
    name="mixminus",
    help="A conference server for contact centers and AI agents that speaks Twilio's public wire.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class DemoStory(StrEnum):
    """What `demo` can play."""

    CONTACT_CENTER = "contact-center"
    ESCALATION = "escalation"
    TWO_AGENTS = "two-agents"


def _option(name: str) -> Any:
    """An option of the table; the environment and the file are read elsewhere, so that their order is one rule."""
    option = BY_NAME[name]
    return typer.Option(option.flag, help=option.help, show_default=False)


Http = Annotated[str | None, _option("http")]
Sip = Annotated[str | None, _option("sip")]
Rtp = Annotated[str | None, _option("rtp")]
Data = Annotated[str | None, _option("data")]
Log = Annotated[str | None, _option("log")]
LogLevel = Annotated[str | None, _option("log_level")]
Config = Annotated[Path | None, typer.Option("--config", help="Read settings from this file (mixminus.toml)")]


@app.command()
def serve(
    http: Http = None,
    sip: Sip = None,
    rtp: Rtp = None,
    data: Data = None,
    database: Annotated[str | None, _option("database")] = None,
    workers: Annotated[str | None, _option("workers")] = None,
    public_url: Annotated[str | None, _option("public_url")] = None,
    drain_s: Annotated[str | None, _option("drain_s")] = None,
    log: Log = None,
    log_level: LogLevel = None,
    config: Config = None,
) -> None:
    """Run a node in the foreground. Ctrl-C drains; a second one ends at once."""
    given = {
        "http": http,
        "sip": sip,
        "rtp": rtp,
        "data": data,
        "database": database,
        "workers": workers,
        "public_url": public_url,
        "drain_s": drain_s,
        "log": log,
        "log_level": log_level,
    }
    with failing_in_one_line():
        told = Told(given, config, os.environ)
        lines = told.log()
    with failing_in_one_line(lines.level):
        configure_logs(lines.form, lines.level)
        settings = told.settings()
        uvloop.run(serve_node(settings, _credentials(settings)))


@app.command()
def doctor(
    http: Http = None,
    sip: Sip = None,
    rtp: Rtp = None,
    data: Data = None,
    config: Config = None,
    trunk: Annotated[str | None, typer.Option(help="Look at this trunk of the settings instead")] = None,
) -> None:
    """Check whether a node could run here: ports, limits, codecs, clock, disk, libraries, voice, media worker.

    With --trunk: whether that trunk can be reached and lets us in, without a call.
    """
    from mixminus.cli.doctor.visit import visit  # kernels and phones: nothing that other commands load

    with failing_in_one_line():
        settings = Told({"http": http, "sip": sip, "rtp": rtp, "data": data}, config, os.environ).settings()
        raise typer.Exit(asyncio.run(visit(settings, trunk=trunk)))


@app.command()
def call(
    to: Annotated[str, typer.Argument(help="A SIP URI, or a number at --server")],
    say: Annotated[str | None, typer.Option(help="Speak this text")] = None,
    play: Annotated[Path | None, typer.Option(help="Play this WAV file (8 kHz, mono, 16 bits)")] = None,
    record: Annotated[Path | None, typer.Option(help="Write what is heard to this WAV file")] = None,
    for_s: Annotated[float, typer.Option("--for", min=0.1, help="Hang up after so many seconds")] = 10.0,
    server: Annotated[str, typer.Option(help="Where numbers are called, HOST:PORT")] = "127.0.0.1:5060",
) -> None:
    """Place a call with a virtual phone: say something, or play a file, and record what comes back."""
    from mixminus.cli.call import PlannedCall, place_call

    with failing_in_one_line():
        asyncio.run(
            place_call(PlannedCall.of(to, server, say=say, play=play, record=record, for_s=for_s), typer.echo)
        )


ledger = typer.Typer(help="Look after the ledgers of who heard what.", no_args_is_help=True)
app.add_typer(ledger, name="ledger")
app.add_typer(tools, name="tools")
app.add_typer(agent, name="agent")
app.add_typer(sip, name="sip")


@ledger.command()
def verify(
    conference: Annotated[str, typer.Argument(help="The SID of a conference")],
    data: Data = None,
    config: Config = None,
) -> None:
    """Check that a conference's ledger is what was written, entry by entry."""
    from mixminus.cli.ledger import verify as verify_ledger

    with failing_in_one_line():
        print(verify_ledger(Told({"data": data}, config, os.environ).settings(), conference))


@app.command()
def credentials(data: Data = None, config: Config = None) -> None:
    """Print the account SID and the auth token of a data directory."""
    with failing_in_one_line():
        found = _credentials(Told({"data": data}, config, os.environ).settings())
        print(f"MIXMINUS_ACCOUNT_SID={found.account_sid}\nMIXMINUS_AUTH_TOKEN={found.auth_token}")


@app.command()
def demo(
    story: Annotated[DemoStory, typer.Argument(help="Which one")] = DemoStory.CONTACT_CENTER,
    keep: Annotated[Path | None, typer.Option(help="Keep everything in this directory [a new temporary one]")] = None,
) -> None:
    """Play a story on a node of its own, with real audio, and check it by listening."""
    from mixminus.demo.ai_stories import PLAYS
    from mixminus.demo.run import demo as play_demo  # phones and pictures: nothing that a node loads

    with failing_in_one_line():
        raise typer.Exit(play_demo(keep, play=PLAYS[story]))


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


def _credentials(settings: Settings) -> Credentials:
    return read_credentials(settings.data, os.environ, os.urandom, datetime.now(UTC))


def main() -> None:
    """Run a command. Exit codes: 0 fine, 1 failed, 2 wrong use; no traceback reaches a user."""
    app()
