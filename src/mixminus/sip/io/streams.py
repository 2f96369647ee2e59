"""SIP over connections: TCP, TLS, WebSockets and secure ones. Those that came in, and those that we opened."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Coroutine
from dataclasses import replace
from functools import partial
from typing import Any, Final

from mixminus.sip.connections.liveness import Fate
from mixminus.sip.contract import Address, Listener, Transmit
from mixminus.sip.io.connection import StreamConnection
from mixminus.sip.io.tls import Tls, WrongCertificate
from mixminus.sip.io.wire import Ends, WireCounts, bound
from mixminus.sip.trust.doorman import Doorman

CONNECT_TIMEOUT_S: Final = 4.0
"""Two repetitions of a lost SYN; less than a trunk is given to say anything at all (`silence_s`)."""
HANDSHAKE_TIMEOUT_S: Final = 10.0
BACKLOG: Final = 256
LOOK_EVERY_S: Final = 2.0
"""How often it is asked which connections may stay."""
PAUSE_S: Final = 0.5
"""How long nobody is let in when the system has no more file descriptors."""


class StreamWire:
    """One listener's connections, by far address."""

    def __init__(
        self, listener: Listener, ends: Ends, counts: WireCounts, doorman: Doorman, tls: Tls, keepalive_s: float
    ) -> None:
        self.listener = listener
        self._ends = ends
        self._counts = counts
        self._doorman = doorman
        self._tls = tls
        self._keepalive_s = keepalive_s
        self._open: dict[Address, StreamConnection] = {}
        self._opening: dict[Address, list[Transmit]] = {}
        self._welcoming: dict[StreamConnection, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._looking = self._loop.call_later(LOOK_EVERY_S, self._look)

    def __len__(self) -> int:
        return len(self._open)

    async def listen(self) -> None:
        """Take connections. Raises OSError."""
        server = await bound(self.listener, socket.SOCK_STREAM)
        server.listen(BACKLOG)
        host, port = server.getsockname()[:2]
        self.listener = replace(self.listener, host=host, port=port)
        self._spawn(self._accept(server))

    # --- a wire ---------------------------------------------------------------------------------------------------

    def send(self, transmit: Transmit) -> None:
        to = transmit.to
        if transmit.otherwise is not None and not self.has(to) and to not in self._opening:
            to = transmit.otherwise
        connection = self._open.get(to)
        if connection is not None and self._is_whom(connection, to):
            self._counts.sent[self.listener.transport] += 1
            connection.write(transmit.data)
        elif to in self._opening:
            self._opening[to].append(transmit)
        elif connection is not None or to.transport.is_websocket:
            self._counts.dropped[self.listener.transport] += 1
            self._loop.call_soon(self._ends.lost, to)
        else:
            self._opening[to] = [transmit]
            self._spawn(self._connect(to))

    def has(self, address: Address) -> bool:
        return address in self._open

    async def close(self) -> None:
        self._looking.cancel()
        for task in self._tasks:
            task.cancel()
        for connection in list(self._open.values()):
            connection.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- connections that come ------------------------------------------------------------------------------------

    async def _accept(self, server: socket.socket) -> None:
        with contextlib.closing(server):
            while True:
                try:
                    accepted, place = await self._loop.sock_accept(server)
                except ConnectionError:
                    continue  # whoever knocked is gone again
                except OSError:
                    self._counts.closed["no descriptors"] += 1
                    await asyncio.sleep(PAUSE_S)
                    continue
                connection = self._new_connection(came_in=True)
                if self._doorman.admits(place[0], connection, partial(self._make_room, connection)):
                    self._welcoming[connection] = task = self._spawn(self._welcome(connection, accepted))
                    task.add_done_callback(partial(self._welcomed, connection, accepted))
                else:
                    self._counts.closed["too many"] += 1
                    accepted.close()

    async def _welcome(self, connection: StreamConnection, accepted: socket.socket) -> None:
        try:
            _watch_over(accepted)
            async with asyncio.timeout(HANDSHAKE_TIMEOUT_S):
                secure = self._tls.server if self.listener.transport.is_secure else None
                await self._loop.connect_accepted_socket(lambda: connection, accepted, ssl=secure)
        except (OSError, TimeoutError):  # of which an ssl.SSLError is one
            self._counts.closed["handshake"] += 1

    def _welcomed(self, connection: StreamConnection, accepted: socket.socket, _: asyncio.Task[None]) -> None:
        """The doorman is told when it is gone, whether its handshake ended, failed, or was not even begun."""
        del self._welcoming[connection]
        if not connection.was_made:
            accepted.close()
            self._doorman.left(connection)

    def _make_room(self, connection: StreamConnection) -> None:
        """It said nothing for longer than others."""
        if connection.was_made:
            connection.abort("too many")
        else:
            self._counts.closed["too many"] += 1
            self._welcoming[connection].cancel()

    # --- connections of ours --------------------------------------------------------------------------------------

    async def _connect(self, to: Address) -> None:
        connection = self._new_connection(came_in=False)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._dial(connection, to)
        except (OSError, TimeoutError, WrongCertificate) as error:
            if isinstance(error, ssl.SSLError | WrongCertificate):
                self._counts.closed["certificate"] += 1
                self._tls.complain(to, error)
            connection.abort()
            self._counts.dropped[self.listener.transport] += len(self._opening.pop(to, ()))
            self._ends.lost(to)
            return
        connection.known_as.add(to.name)
        self._enter(connection)
        for waiting in self._opening.pop(to, ()):
            self.send(waiting)

    async def _dial(self, connection: StreamConnection, to: Address) -> None:
        """Raises OSError, `WrongCertificate`."""
        secure = self._tls.client(to) if to.transport.is_secure else None
        transport, _ = await self._loop.create_connection(
            lambda: connection, to.host, to.port, ssl=secure, server_hostname=(to.name or to.host) if secure else None
        )
        with contextlib.suppress(OSError):
            _watch_over(transport.get_extra_info("socket"))
        if secure is not None:
            self._tls.check(to, transport.get_extra_info("ssl_object"))
        if not connection.is_up:
            raise ConnectionResetError

    def _is_whom(self, connection: StreamConnection, to: Address) -> bool:
        """Whether a connection may serve for that name, too: it was opened for another one, or by the far end."""
        if not to.transport.is_secure or not to.name or to.name in connection.known_as:
            return True
        try:
            self._tls.check(to, connection.proof)
        except WrongCertificate as error:
            self._tls.complain(to, error)
            return False
        connection.known_as.add(to.name)
        return True

    # --- told by the connections ----------------------------------------------------------------------------------

    def made(self, connection: StreamConnection) -> None:
        """It came in. One of ours waits until its certificate was looked at."""
        if connection.came_in:
            self._enter(connection)

    def received(self, connection: StreamConnection, message: bytes) -> None:
        if self._open.get(connection.peer) is connection:  # else its certificate was not looked at yet
            self._counts.received[self.listener.transport] += 1
            self._ends.receive(message, connection.peer)

    def proven(self, connection: StreamConnection) -> None:
        self._doorman.proven(connection)

    def gone(self, connection: StreamConnection, reason: str) -> None:
        if reason:
            self._counts.closed[reason] += 1
        if connection.came_in:
            self._doorman.left(connection)
        if self._open.get(connection.peer) is connection:
            del self._open[connection.peer]
            self._ends.lost(connection.peer)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _enter(self, connection: StreamConnection) -> None:
        self._open[connection.peer] = connection

    def _new_connection(self, *, came_in: bool) -> StreamConnection:
        return StreamConnection(self, self._loop.time, came_in=came_in, keepalive_s=self._keepalive_s)

    def _look(self) -> None:
        now = self._loop.time()
        for connection in list(self._open.values()):
            fate = connection.liveness.fate(now)
            if fate is Fate.PING:
                connection.ping()
            elif fate is not Fate.STAYS:
                connection.abort(fate.name.lower())
        self._looking = self._loop.call_later(LOOK_EVERY_S, self._look)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work, name=f"sip {self.listener}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _watch_over(opened: socket.socket) -> None:
    """Have the system notice a peer that is gone: 60 s after its last sign of life, 30 s after what it does not
    acknowledge. No delay for small messages.
    """
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", 30),
        ("TCP_KEEPINTVL", 10),
        ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", 30_000),
    ):
        if hasattr(socket, option):  # not every system has them
            opened.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
