"""The `mixminus` command."""

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from mixminus import __version__
from mixminus.app.account import credentials as read_credentials
from mixminus.base.errors import MixminusError
from mixminus.base.settings import Settings
from mixminus.cli.logs import configure_logs
from mixminus.cli.serve import serve as serve_node
from mixminus.cli.settings import read_settings

app = typer.Typer(
    name="mixminus",
    help="A conference server for contact centers and AI agents that speaks Twilio's public wire.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Option = Annotated[str | None, typer.Option()]
Config = Annotated[Path | None, typer.Option("--config", help="Read settings from this file (mixminus.toml).")]


@app.command()
def serve(
    http: Annotated[str | None, typer.Option(help="REST and metrics, HOST:PORT [127.0.0.1:8080]")] = None,
    sip: Annotated[str | None, typer.Option(help="SIP over UDP and TCP, HOST:PORT [127.0.0.1:5060]")] = None,
    rtp: Annotated[str | None, typer.Option(help="Media, HOST:LOW-HIGH [127.0.0.1:20000-29999]")] = None,
    data: Annotated[str | None, typer.Option(help="Where everything is kept [platform data directory]")] = None,
    database: Annotated[str | None, typer.Option(help="Database URL [SQLite in --data]")] = None,
    workers: Annotated[str | None, typer.Option(help="Media worker processes [one per core]")] = None,
    public_url: Annotated[str | None, typer.Option(help="What URLs handed out start with [the HTTP address]")] = None,
    drain_s: Annotated[str | None, typer.Option(help="Seconds that live calls get at a stop [30]")] = None,
    log: Annotated[str, typer.Option(help="text or json", envvar="MIXMINUS_LOG")] = "text",
    log_level: Annotated[str, typer.Option(help="debug, info, warning", envvar="MIXMINUS_LOG_LEVEL")] = "info",
    config: Config = None,
) -> None:
    """Run a node in the foreground. Ctrl-C drains; a second one ends at once."""
    configure_logs(log, log_level)
    given = {
        "http": http,
        "sip": sip,
        "rtp": rtp,
        "data": data,
        "database": database,
        "workers": workers,
        "public_url": public_url,
        "drain_s": drain_s,
    }
    settings = read_settings(given, config, os.environ)
    uvloop.run(serve_node(settings, _credentials(settings)))


@app.command()
def credentials(
    data: Annotated[str | None, typer.Option(help="The node's data directory")] = None, config: Config = None
) -> None:
    """Print the account SID and the auth token of a data directory."""
    found = _credentials(read_settings({"data": data}, config, os.environ))
    print(f"MIXMINUS_ACCOUNT_SID={found.account_sid}\nMIXMINUS_AUTH_TOKEN={found.auth_token}")


@app.command()
def demo(
    keep: Annotated[Path | None, typer.Option(help="Keep everything in this directory [a new temporary one]")] = None,
) -> None:
    """Play a contact-center story on a node of its own, with real audio, and check it by listening."""
    from mixminus.demo.run import demo as play_demo  # phones and pictures: nothing that a node loads

    raise typer.Exit(play_demo(keep))


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


def _credentials(settings: Settings):  # type: ignore[no-untyped-def]
    return read_credentials(settings.data, os.environ, os.urandom, datetime.now(UTC))


def main() -> None:
    """Run a command. Exit codes: 0 fine, 1 failed, 2 wrong use; no traceback reaches a user."""
    try:
        app(standalone_mode=True)
    except MixminusError as error:
        print(f"mixminus: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(f"mixminus: {error}", file=sys.stderr)
        sys.exit(1)
    except asyncio.CancelledError:
        sys.exit(1)
