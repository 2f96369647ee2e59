"""The HTTP server of a node: uvicorn in the node's own loop, on a socket that we bound ourselves."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from functools import partial
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from mixminus.base.errors import PortTaken
from mixminus.base.settings import Endpoint
from mixminus.cli.http_connections import PatientHttp, Places, most_connections

STOP_TIMEOUT_S: Final = 5
"""How long requests that are being answered may take when the node stops."""


class HttpServer:
    """Serves one ASGI application until it is stopped, to at most *most* connections at a time."""

    def __init__(self, app: ASGIApp, most: int | None = None) -> None:
        self._app = app
        self.places = Places(most if most is not None else most_connections())

    async def start(self, at: Endpoint) -> Endpoint:
        """Bind and serve; returns the address with the port that was picked. Raises `PortTaken`."""
        listener = _bind(at)
        config = uvicorn.Config(
            self._app,
            http=partial(PatientHttp, self.places),  # type: ignore[arg-type]  # any maker of a protocol will do
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_keep_alive=65,
            timeout_graceful_shutdown=STOP_TIMEOUT_S,
        )
        self._server = QuietServer(config)
        # The socket listens already, so that nobody who comes before uvicorn is up is turned away.
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]), name="http server")
        host, port = listener.getsockname()[:2]
        return Endpoint(host, port)

    async def stop(self) -> None:
        """Answer what was asked, then close."""
        self._server.should_exit = True
        await self._serving


class QuietServer(uvicorn.Server):
    """Signals are the node's business, not the HTTP server's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _bind(at: Endpoint) -> socket.socket:
    family = socket.AF_INET6 if ":" in at.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((at.host, at.port))
    except OSError as error:
        listener.close()
        raise PortTaken(f"--http {at}", error) from error
    listener.listen(1_024)
    listener.setblocking(False)
    return listener
