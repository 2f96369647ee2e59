"""The user agent: sends requests with digest, and takes every incoming message to whom it belongs."""

import random as randomness
from collections import Counter
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from mixminus.testing.network import Address, Network
from mixminus.testing.user_agent.dialog import Dialog
from mixminus.testing.user_agent.digest import Credentials, authorization, choose_challenge
from mixminus.testing.user_agent.message import (
    Headers,
    Message,
    Request,
    Response,
    SipSyntaxError,
    cseq_of,
    parameter,
    respond,
    written,
)
from mixminus.testing.user_agent.transactions import (
    LINGER_S,
    PATIENCE_S,
    ClientTransaction,
    ServerTransaction,
)
from mixminus.testing.user_agent.wire import Reply, TransportName, make_wire

ALLOW: Final = "INVITE, ACK, BYE, CANCEL, OPTIONS, REFER, NOTIFY"
_KEPT_S: Final = PATIENCE_S + LINGER_S  # after this long nobody repeats anything of a transaction
_DIGEST_HEADERS: Final = {
    401: ("WWW-Authenticate", "Authorization"),
    407: ("Proxy-Authenticate", "Proxy-Authorization"),
}

AnyTransaction = TypeVar("AnyTransaction", ClientTransaction, ServerTransaction)


class DialogUser(Protocol):
    """Whoever takes the requests inside a dialog."""

    def requested(self, transaction: ServerTransaction) -> None: ...


class UserAgent:
    """One user on one signalling port."""

    def __init__(
        self,
        network: Network,
        *,
        user: str,
        host: str,
        transport: TransportName,
        random: randomness.Random,
        on_invite: Callable[[ServerTransaction], None],
        credentials: Credentials | None = None,
        algorithms: tuple[str, ...] = ("SHA-256", "MD5"),
    ) -> None:
        self.user = user
        self.wire = make_wire(transport, network, host, self._receive)
        self.random = random
        self._transport = transport
        self._on_invite = on_invite
        self._credentials = credentials
        self._algorithms = algorithms
        self._nonces: Counter[str] = Counter()
        self._clients: dict[tuple[str, str], ClientTransaction] = {}
        self._servers: dict[tuple[str, str], ServerTransaction] = {}
        self._dialogs: dict[tuple[str, str], DialogUser] = {}
        self._acks: dict[tuple[str, int], tuple[bytes, Address]] = {}
        self._vanished: set[str] = set()

    @property
    def uri(self) -> str:
        """Where this user agent can be reached."""
        host, port = self.wire.address
        suffix = ";transport=tcp" if self._transport == "tcp" else ""
        return f"sip:{self.user}@{written(host, port)}{suffix}"

    def token(self) -> str:
        """A fresh tag, branch or identifier."""
        return f"{self.random.getrandbits(64):016x}"

    def close(self) -> None:
        """Stop at once, without a word to anybody."""
        for client in self._clients.values():
            client.stop()
        for server in self._servers.values():
            server.stop()
        self.wire.close()

    def begin(
        self, request: Request, to: Address, on_provisional: Callable[[Response], None] = lambda _: None
    ) -> ClientTransaction:
        """Send a request; a missing Via, Contact and User-Agent are filled in."""
        self._fill_in(request)
        branch = parameter(request.headers.get("Via"), "branch")
        transaction = ClientTransaction(
            request,
            lambda data: self.wire.send(data, to),
            reliable=self.wire.reliable,
            on_provisional=on_provisional,
        )
        _forget_old(self._clients, transaction.began_at)
        self._clients[branch, request.method] = transaction
        return transaction

    async def ask(self, request: Request, to: Address) -> Response:
        """Send a request that is no INVITE and return its final response, digest included."""
        response = await self.begin(request, to).final
        retry = self.authorized(request, response)
        return response if retry is None else await self.begin(retry, to).final

    def authorized(self, request: Request, response: Response) -> Request | None:
        """*request* again with credentials, when *response* asks for them and we have not just given them."""
        if response.status not in _DIGEST_HEADERS or self._credentials is None:
            return None
        asks, answers = _DIGEST_HEADERS[response.status]
        challenge = choose_challenge(response.headers.all(asks), self._algorithms)
        if challenge is None or request.headers.get(answers):
            return None
        number, method = cseq_of(request)
        skipped = {"via", "cseq"}
        headers = Headers([pair for pair in request.headers.pairs if pair[0].lower() not in skipped])
        headers.add("CSeq", f"{number + 1} {method}")
        nonce = challenge.get("nonce", "")
        self._nonces[nonce] += 1
        value = authorization(
            challenge,
            self._credentials,
            method,
            request.uri,
            cnonce=self.token(),
            count=self._nonces[nonce],
        )
        headers.add(answers, value)
        return Request(method, request.uri, headers, request.body)

    def acknowledge(self, dialog: Dialog, body: bytes = b"") -> None:
        """Send the ACK of a 2xx, now and whenever the 2xx is repeated (RFC 3261 13.2.2.4)."""
        ack = dialog.request("ACK")
        if body:
            ack.headers.add("Content-Type", "application/sdp")
            ack.body = body
        self._fill_in(ack)
        self._acks[dialog.call_id, dialog.cseq] = (bytes(ack), dialog.next_hop)
        self.wire.send(bytes(ack), dialog.next_hop)

    def attach(self, call_id: str, local_tag: str, user: DialogUser) -> None:
        """Take requests of this dialog to *user* from now on."""
        self._dialogs[call_id, local_tag] = user

    def detach(self, call_id: str, local_tag: str) -> None:
        """Answer requests of this dialog with 481 from now on."""
        self._dialogs.pop((call_id, local_tag), None)

    def vanish(self, call_id: str) -> None:
        """Neither answer nor repeat anything of this call any more."""
        self._vanished.add(call_id)
        transactions: list[ClientTransaction | ServerTransaction] = [*self._clients.values(), *self._servers.values()]
        for transaction in transactions:
            if transaction.request.headers.get("Call-ID") == call_id:
                transaction.stop()

    def response(self, transaction: ServerTransaction, status: int, local_tag: str, body: bytes = b"") -> Response:
        """An answer with our Contact and, if there is one, our SDP."""
        response = respond(transaction.request, status, local_tag)
        response.headers.add("Contact", f"<{self.uri}>")
        response.headers.add("Allow", ALLOW)
        if body:
            response.headers.add("Content-Type", "application/sdp")
            response.body = body
        return response

    def _fill_in(self, request: Request) -> None:
        headers = request.headers
        if not headers.get("Via"):
            host, port = self.wire.address
            via = f"SIP/2.0/{self._transport.upper()} {written(host, port)};branch=z9hG4bK{self.token()};rport"
            headers.pairs.insert(0, ("Via", via))
        if not headers.get("Contact") and request.method in ("INVITE", "REGISTER", "REFER", "NOTIFY"):
            headers.add("Contact", f"<{self.uri}>")
        if request.method == "INVITE" and not headers.get("Allow"):
            headers.add("Allow", ALLOW)
        if not headers.get("User-Agent"):
            headers.add("User-Agent", "mixminus-virtual-phone")

    def _receive(self, message: Message, reply: Reply) -> None:
        if message.headers.get("Call-ID") in self._vanished:
            return
        try:
            branch = parameter(message.headers.listed("Via")[0], "branch")
            number, method = cseq_of(message)
        except (SipSyntaxError, IndexError):
            self.wire.malformed += 1
            return
        if isinstance(message, Request):
            self._receive_request(message, branch, reply)
        elif transaction := self._clients.get((branch, method)):
            self._receive_response(transaction, message, number)

    def _receive_response(self, transaction: ClientTransaction, response: Response, number: int) -> None:
        """A repeated 2xx of an INVITE wants its ACK again; anything else is the transaction's business."""
        ack = self._acks.get((response.headers.get("Call-ID"), number))
        if transaction.final.done() and 200 <= response.status < 300 and ack is not None:
            self.wire.send(*ack)
        else:
            transaction.receive(response)

    def _receive_request(self, request: Request, branch: str, reply: Reply) -> None:
        invite = self._servers.get((branch, "INVITE"))
        if request.method == "ACK":
            self._receive_ack(request, invite)
            return
        if known := self._servers.get((branch, request.method)):
            known.receive_again()
            return
        transaction = ServerTransaction(request, reply, reliable=self.wire.reliable)
        _forget_old(self._servers, transaction.began_at)
        self._servers[branch, request.method] = transaction
        if request.method == "CANCEL":
            self._receive_cancel(transaction, invite)
        else:
            self._hand_out(transaction)

    def _receive_ack(self, ack: Request, refused: ServerTransaction | None) -> None:
        """The ACK of a refusal has the INVITE's branch, that of a 2xx only its call and number (13.2.2.4)."""
        if refused is not None:
            refused.receive_ack(ack)
            return
        same = (ack.headers.get("Call-ID"), cseq_of(ack)[0], parameter(ack.headers.get("From"), "tag"))
        for (_, method), server in self._servers.items():
            headers = server.request.headers
            theirs = (headers.get("Call-ID"), cseq_of(server.request)[0], parameter(headers.get("From"), "tag"))
            if method == "INVITE" and theirs == same:
                server.receive_ack(ack)

    def _receive_cancel(self, cancel: ServerTransaction, invite: ServerTransaction | None) -> None:
        if invite is None:
            cancel.respond(respond(cancel.request, 481, self.token()))
            return
        cancel.respond(respond(cancel.request, 200, self.token()))
        if not invite.answered and invite.on_cancel is not None:
            invite.on_cancel()

    def _hand_out(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        tag = parameter(request.headers.get("To"), "tag")
        user = self._dialogs.get((request.headers.get("Call-ID"), tag))
        if request.method == "OPTIONS":
            transaction.respond(self.response(transaction, 200, self.token()))
        elif user is not None:
            user.requested(transaction)
        elif tag or request.method == "BYE":
            transaction.respond(respond(request, 481, self.token()))
        elif request.method == "INVITE":
            self._on_invite(transaction)
        else:
            refusal = respond(request, 405, self.token())
            refusal.headers.add("Allow", ALLOW)
            transaction.respond(refusal)


def _forget_old(kept: dict[tuple[str, str], AnyTransaction], now: float) -> None:
    for key in [key for key, transaction in kept.items() if transaction.began_at < now - _KEPT_S]:
        del kept[key]
