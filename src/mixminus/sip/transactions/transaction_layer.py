"""The transaction layer: which message belongs to which transaction, and what is repeated when (RFC 3261 17).

Above it stand transaction users: they see each request once and each response that matters; below it are bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from mixminus.sip.contract import Address, Transmit, Transport
from mixminus.sip.messages.message import HeaderLines, Request, Response
from mixminus.sip.transactions.deadlines import Deadlines
from mixminus.sip.transactions.large_requests import LargeRequests
from mixminus.sip.transactions.transaction import (
    INVITE_CLIENT,
    INVITE_SERVER,
    NON_INVITE_CLIENT,
    NON_INVITE_SERVER,
    Act,
    Ev,
    State,
    Transaction,
    event_of,
)

Key = tuple[object, ...]


class TransactionUser(Protocol):
    """Who asked. `on_failure` gets the status that stands for silence: 408, or 503 for a broken connection
    (RFC 3261 8.1.3.1).
    """

    def on_response(self, transaction: "ClientTransaction", response: Response, now: float) -> None: ...

    def on_failure(self, transaction: "ClientTransaction", status: int, now: float) -> None: ...


class Cancellable(Protocol):
    """Whoever is about to answer an INVITE."""

    def cancelled(self, cancel: Request, now: float) -> None: ...


@dataclass(eq=False, slots=True)
class ServerTransaction:
    request: Request
    reply_to: Address
    machine: Transaction
    answer: bytes = b""
    otherwise: Address | None = None
    """Where the answer goes when the connection is gone that the request came by."""
    user: Cancellable | None = None
    to_tag: str | None = None
    """Ours in every answer but 100."""

    @property
    def transmit(self) -> Transmit:
        """The last answer."""
        return Transmit(self.answer, self.reply_to, self.otherwise)


@dataclass(eq=False, slots=True)
class ClientTransaction:
    request: Request
    to: Address
    machine: Transaction
    user: TransactionUser
    data: bytes = field(repr=False)
    instead: tuple[Request, Address] | None = field(default=None, repr=False)
    """How it goes by UDP, when TCP was tried for its size and is refused."""


class TransactionLayer:
    """Owns every transaction; `send` is where bytes go, *large* says what goes by TCP for its size."""

    def __init__(self, send: Callable[[Transmit], None], large: LargeRequests) -> None:
        self._send = send
        self._large = large
        self._clients: dict[Key, ClientTransaction] = {}
        self._servers: dict[Key, ServerTransaction] = {}
        self._merged: dict[Key, ServerTransaction] = {}
        self._deadlines: Deadlines[ClientTransaction | ServerTransaction] = Deadlines()

    def __len__(self) -> int:
        return len(self._clients) + len(self._servers)

    def deadline(self) -> float | None:
        return self._deadlines.earliest()

    def handle_timeout(self, now: float) -> None:
        """Fire every timer that is due."""
        while (transaction := self._deadlines.pop_due(now)) is not None:
            timer = transaction.machine.pop_due(now)
            if timer is not None:
                self._feed(transaction, timer, None, now)
            else:
                self._settle(transaction)

    # --- servers ---------------------------------------------------------------------------------------------

    def absorb(self, request: Request, now: float) -> bool:
        """Whether a request was already known here: a repetition, or the ACK of a refusal."""
        server = self._servers.get(server_key(request))
        if server is None:
            return False
        if request.method == "ACK":
            if server.machine.state is State.ACCEPTED:
                return False  # an ACK of our 2xx from a phone that reuses the branch: it belongs to the session
            self._feed(server, Ev.ACK, None, now)
        else:
            self._feed(server, Ev.REQUEST, None, now)
        return True

    def is_merged(self, request: Request) -> bool:
        """Whether the same request came before on another path (RFC 3261 8.2.2.2)."""
        return request.to.tag is None and _merge_key(request) in self._merged

    def open_server(self, request: Request, source: Address, now: float) -> ServerTransaction:
        figure = INVITE_SERVER if request.method == "INVITE" else NON_INVITE_SERVER
        reliable = source.transport is not Transport.UDP
        server = ServerTransaction(
            request,
            reply_address(request, source),
            Transaction(figure, now, reliable=reliable),
            otherwise=reply_connection(request, source),
        )
        self._servers[server_key(request)] = server
        self._merged.setdefault(_merge_key(request), server)
        return server

    def invite_to_cancel(self, cancel: Request) -> ServerTransaction | None:
        """The INVITE that a CANCEL means (RFC 3261 9.2)."""
        return self._servers.get(server_key(cancel, "INVITE"))

    def respond(self, server: ServerTransaction, response: Response, now: float) -> None:
        """Send an answer; a final one after a final one is dropped, as the figures say."""
        self._feed(server, event_of(response.status), bytes(response), now)

    def repeat(self, server: ServerTransaction) -> None:
        """Send the last answer once more."""
        if server.answer:
            self._send(server.transmit)

    # --- clients ---------------------------------------------------------------------------------------------

    def open_client(self, request: Request, to: Address, user: TransactionUser, now: float) -> ClientTransaction:
        data, instead = bytes(request), None
        if (large := self._large.by_stream(request, len(data), to, now)) is not None:
            instead = request, to
            request, to = large
            data = bytes(request)
        client = ClientTransaction(request, to, _client_machine(request, to, now), user, data, instead)
        self._clients[_client_key(request)] = client
        self._send(Transmit(client.data, to))
        self._settle(client)
        return client

    def receive(self, response: Response, now: float) -> bool:
        """Hand a response to its transaction; False: nobody asked."""
        client = self._clients.get(_client_key(response))
        if client is None:
            return False
        acts = client.machine.feed(event_of(response.status), now)
        self._settle(client)
        if Act.ACK in acts:
            ack = same_hop(client.request, "ACK", response.get("To") or "")
            self._send(Transmit(bytes(ack), client.to))
        if Act.PASS_UP in acts:
            client.user.on_response(client, response, now)
        return True

    def abandon(self, client: ClientTransaction) -> None:
        """Forget a request that will not be answered any more."""
        self._deadlines.set(client, None)
        self._clients.pop(_client_key(client.request), None)

    def connection_lost(self, address: Address, now: float) -> None:
        """Fail the requests that were sent there and still wait."""
        for client in [c for c in self._clients.values() if c.to == address]:
            if client.instead is not None and client.machine.state in (State.CALLING, State.TRYING):
                self._large.refused(address.host, now)
                self._resend_by_udp(client, *client.instead, now)
            else:
                self._feed(client, Ev.TRANSPORT_ERROR, None, now)

    def _resend_by_udp(self, client: ClientTransaction, request: Request, to: Address, now: float) -> None:
        """As if it were new: nobody has heard of it (18.1.1)."""
        client.request, client.to, client.data, client.instead = request, to, bytes(request), None
        client.machine = _client_machine(request, to, now)
        self._send(Transmit(client.data, to))
        self._settle(client)

    # --- both ------------------------------------------------------------------------------------------------

    def _feed(
        self, transaction: ClientTransaction | ServerTransaction, event: Ev, answer: bytes | None, now: float
    ) -> None:
        acts = transaction.machine.feed(event, now)
        self._settle(transaction)
        for act in acts:
            if isinstance(transaction, ServerTransaction):
                transaction.answer = answer or transaction.answer
                if transaction.answer:
                    self._send(transaction.transmit)
            elif act is Act.RESEND:
                self._send(Transmit(transaction.data, transaction.to))
            elif act is Act.TIMED_OUT:
                transaction.user.on_failure(transaction, 408, now)
            elif act is Act.UNREACHABLE:
                transaction.user.on_failure(transaction, 503, now)

    def _settle(self, transaction: ClientTransaction | ServerTransaction) -> None:
        """Keep the deadline in step with the machine; forget what has terminated."""
        over = transaction.machine.state is State.TERMINATED
        self._deadlines.set(transaction, None if over else transaction.machine.deadline)
        if not over:
            return
        if isinstance(transaction, ClientTransaction):
            self._clients.pop(_client_key(transaction.request), None)
            return
        self._servers.pop(server_key(transaction.request), None)
        if self._merged.get(_merge_key(transaction.request)) is transaction:
            del self._merged[_merge_key(transaction.request)]


def _client_machine(request: Request, to: Address, now: float) -> Transaction:
    figure = INVITE_CLIENT if request.method == "INVITE" else NON_INVITE_CLIENT
    return Transaction(figure, now, reliable=to.transport is not Transport.UDP)


def server_key(request: Request, method: str = "") -> Key:
    """RFC 3261 17.2.3; the long form is for phones of RFC 2543, which draw no unique branch."""
    via = request.via
    method = method or ("INVITE" if request.method == "ACK" else request.method)
    if via.is_of_rfc_2543:
        return (via, request.uri, request.call_id, request.from_.tag, request.cseq.number, method)
    return (via.branch, via.host, via.port, method)


def _client_key(message: Request | Response) -> Key:
    return (message.via.branch, message.cseq.method)


def _merge_key(request: Request) -> Key:
    return (request.call_id, request.from_.tag, request.cseq.number, request.method)


def same_hop(request: Request, method: str, to: str, headers: HeaderLines = ()) -> Request:
    """The ACK of a refusal or the CANCEL of a request: it must look like it (RFC 3261 17.1.1.3, 9.1)."""
    kept = [("Via", request.all("Via")[0]), ("Max-Forwards", "70")]
    kept += [line for line in request.headers if line[0] in ("Route", "From", "Call-ID")]
    kept += [("To", to), ("CSeq", f"{request.cseq.number} {method}")]
    return Request((*kept, *headers), b"", method, request.uri)


def reply_address(request: Request, source: Address) -> Address:
    """Where answers go: back on the connection, or to the source host and the port that Via asks for
    (RFC 3261 18.2.2, RFC 3581 4).
    """
    via = request.via
    if source.transport is not Transport.UDP or via.wants_rport:
        return source
    return replace(source, port=via.port or Transport.UDP.default_port)


def reply_connection(request: Request, source: Address) -> Address | None:
    """Where to connect when the connection is gone that a request came by (RFC 3261 18.2.2). Nobody can connect to a
    browser (RFC 7118 5).
    """
    if source.transport not in (Transport.TCP, Transport.TLS):
        return None
    return replace(source, port=request.via.port or source.transport.default_port)
