"""`mixminus sip`: what a running node said in SIP, and what it was told."""

import os
import time
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import msgspec
import typer

from mixminus.app.account import Credentials, credentials
from mixminus.base.errors import MixminusError
from mixminus.cli.failing import failing_in_one_line
from mixminus.cli.settings import Told

app = typer.Typer(help="Look at the SIP messages of a running node.", no_args_is_help=True)

TIMEOUT_S: Final = 10.0
EVERY_S: Final = 0.5
ARROWS: Final = {"in": "<-", "out": "->"}


@app.callback()
def sip() -> None:
    """Look at the SIP messages of a running node."""


@app.command()
def trace(
    call: Annotated[str | None, typer.Argument(help="The SID of a call; without one, everybody's messages")] = None,
    messages: Annotated[bool, typer.Option("--messages", help="Show each message whole, without secrets")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what comes (without a call)")] = False,
    picture: Annotated[Path | None, typer.Option(help="Write the ladder as a picture (SVG)")] = None,
    pcap: Annotated[Path | None, typer.Option(help="Write a capture file, for Wireshark and others")] = None,
    server: Annotated[str | None, typer.Option(help="The node's HTTP address [that of its settings]")] = None,
    data: Annotated[str | None, typer.Option(help="The node's data directory, for its credentials")] = None,
    config: Annotated[Path | None, typer.Option("--config", help="The node's mixminus.toml")] = None,
) -> None:
    """Draw a call's SIP messages as a ladder, also after it ended; the node keeps the last 16 MB of them."""
    with failing_in_one_line():
        node = _node(server, data, config)
        if call is None:
            for row in node.everybody(follow=follow):
                typer.echo(_line(row, messages=messages))
            return
        if picture is not None:
            picture.write_bytes(node.get(f"/Calls/{call}/Sip.svg"))
        if pcap is not None:
            pcap.write_bytes(node.get(f"/Calls/{call}/Sip.pcap"))
        typer.echo(node.get(f"/Calls/{call}/Sip.txt").decode(), nl=False)
        if messages:
            for row in msgspec.json.decode(node.get(f"/Calls/{call}/Sip"))["messages"]:
                typer.echo(_line(row, messages=True))


class RunningNode:
    """A node's REST, asked one thing at a time."""

    def __init__(self, base_url: str, who: Credentials) -> None:
        self._base_url = base_url
        self._authorization = "Basic " + b64encode(f"{who.account_sid}:{who.auth_token}".encode()).decode()

    def get(self, path: str) -> bytes:
        """What is at *path* of /mixminus/v1. Raises `MixminusError`."""
        request = Request(f"{self._base_url}/mixminus/v1{path}", headers={"Authorization": self._authorization})
        try:
            with urlopen(request, timeout=TIMEOUT_S) as answer:
                body: bytes = answer.read()
                return body
        except HTTPError as error:
            raise MixminusError(_said(error, self._base_url, path)) from error
        except (URLError, OSError) as error:
            why = error.reason if isinstance(error, URLError) else error
            raise MixminusError(
                f"no node answers at {self._base_url} ({why}): start one, or name its --config or --server"
            ) from error

    def everybody(self, *, follow: bool) -> Iterator[dict[str, Any]]:
        """All messages that are kept, and, if asked, what comes for as long as one likes to look."""
        after = 0
        while True:
            for row in msgspec.json.decode(self.get(f"/Sip?After={after}"))["messages"]:
                after = row["number"]
                yield row
            if not follow:
                return
            time.sleep(EVERY_S)


def _node(server: str | None, data: str | None, config: Path | None) -> RunningNode:
    settings = Told({"data": data}, config, os.environ).settings()
    who = credentials(settings.data, os.environ, os.urandom, datetime.now(UTC))
    at = server or str(settings.http)
    return RunningNode((at if "://" in at else f"http://{at}").rstrip("/"), who)


def _said(error: HTTPError, base_url: str, path: str) -> str:
    """What to do about it, or the message of a refusal, in Twilio's shape."""
    if error.code == 401:
        return f"the node at {base_url} has other credentials than these: name its --config or --data"
    if error.code == 404 and path.startswith("/Calls/"):
        call = path.split("/")[2]
        return f"the node at {base_url} knows no call {call}; without a SID you see everybody's messages"
    try:
        message: str = msgspec.json.decode(error.read())["message"]
    except (msgspec.DecodeError, KeyError, TypeError, OSError):
        return f"the node answered {error.code} {error.reason}"
    return message


def _line(row: dict[str, Any], *, messages: bool) -> str:
    """A message of the list; with its text if that was asked for."""
    shown = f"{row['at'][11:23]} {ARROWS[row['way']]} {row['transport']} {row['far']:<21} {row['start_line']}"
    return f"\n{shown}\n\n{row['text'].rstrip()}" if messages else shown
