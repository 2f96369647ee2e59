"""Every transport on loopback sockets, and what strangers do to them."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from tests.sip.owner import CALL, Owner
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from mixminus.sip.contract import (
    Address,
    Answered,
    Credentials,
    DialogKey,
    Ended,
    Established,
    Invited,
    Listener,
    Refused,
    Transport,
)
from mixminus.sip.io.listener import NotBound, SipListener
from mixminus.sip.io.own_certificate import own_certificate
from mixminus.sip.io.streams import StreamWire
from mixminus.sip.io.tls import Identity, Tls, Trust
from mixminus.sip.trust.digest import answer_challenge
from mixminus.sip.trust.doorman import MOST_UNPROVEN_OF_A_HOST

pytestmark = pytest.mark.network

LOOPBACK = "127.0.0.1"
EVERYTHING = tuple(Listener(transport, LOOPBACK, 0) for transport in (Transport.TLS, Transport.WS, Transport.WSS))
SIX = tuple(Listener(transport, "::1", 0) for transport in (Transport.UDP, Transport.TCP, Transport.TLS))
CALLEE = "callee.example"


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what another task does."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  nobody could set an event
            await asyncio.sleep(0.005)


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return own_certificate(tmp_path_factory.mktemp("tls"), [LOOPBACK, "::1", CALLEE], datetime.now(UTC))


@pytest.fixture
async def callee(identity: Identity) -> AsyncIterator[Owner]:
    owner = await Owner(users={"bob": "secret"}).start(more=EVERYTHING + SIX, tls=Tls(identity))
    yield owner
    await owner.stop()


@pytest.fixture
async def caller(identity: Identity) -> AsyncIterator[Owner]:
    trust = {name: Trust(roots=identity.certificate) for name in (LOOPBACK, "::1", CALLEE, "evil.example")}
    tls = Tls(None, trust | {"careless.example": Trust(verifies=False)})
    owner = await Owner().start(more=(Listener(Transport.UDP, "::1", 0),), tls=tls)
    yield owner
    await owner.stop()


def place(listener: Listener, name: str = "") -> Address:
    return Address(listener.transport, listener.host, listener.port, name=name)


@pytest.mark.parametrize("host", [LOOPBACK, "::1"])
@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP, Transport.TLS])
async def test_a_call_is_answered_and_ended_by_the_listener_that_it_came_to(
    caller: Owner, callee: Owner, transport: Transport, host: str
) -> None:
    there = next(each for each in callee.listener.listeners if (each.transport, each.host) == (transport, host))
    caller.dial(place(there))
    invited = await callee.told(Invited)
    assert invited.source.by == there
    assert await caller.told(Answered) == Answered(CALL, b"v=0 answer")
    established = await callee.told(Established)
    callee.command(lambda now: callee.agent.hang_up(established.dialog, now))
    await caller.told(Ended)
    await until(lambda: not callee.agent.open_calls and not caller.agent.open_calls)


@pytest.mark.parametrize(("name", "trusted"), [(CALLEE, True), ("evil.example", False), ("careless.example", True)])
async def test_a_trunk_over_tls_is_who_it_says_it_is(caller: Owner, callee: Owner, name: str, trusted: bool) -> None:
    caller.dial(place(callee.at(Transport.TLS), name))
    if trusted:
        await caller.told(Answered)
    else:
        assert (await caller.told(Refused)).status == 503
        assert caller.listener.counts.closed == {"certificate": 1}
        assert callee.agent.open_calls == 0


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_connection_that_was_opened_without_a_look_serves_nobody_who_wants_one(
    caller: Owner, callee: Owner, at_once: bool
) -> None:
    caller.dial(place(callee.at(Transport.TLS), "careless.example"))
    if not at_once:
        await caller.told(Answered)
    caller.dial(place(callee.at(Transport.TLS), CALLEE), key=DialogKey("strict"))
    while (refused := await caller.told(Refused)).dialog != "strict":
        pass  # whoever waits for the same connection may have to try again
    assert refused.status == 503


async def test_a_connection_serves_every_name_that_its_certificate_is_for(caller: Owner, callee: Owner) -> None:
    for number, name in enumerate((CALLEE, LOOPBACK)):
        caller.dial(place(callee.at(Transport.TLS), name), key=DialogKey(str(number)))
        await caller.told(Answered)
    assert callee.listener.connections()["tls"] == 1


async def test_a_certificate_of_nobody_known_is_not_believed(callee: Owner) -> None:
    stranger = await Owner().start()
    stranger.dial(place(callee.at(Transport.TLS), CALLEE))
    assert (await stranger.told(Refused)).status == 503
    await stranger.stop()


async def test_both_address_families_on_one_port(callee: Owner) -> None:
    port = callee.listener.address[1]
    both = await Owner().start(more=(Listener(Transport.UDP, "::1", port), Listener(Transport.TCP, "::1", port)))
    assert {listener.host for listener in both.listener.listeners} == {LOOPBACK, "::1"}
    await both.stop()


async def test_a_listener_that_cannot_be_bound_is_named_and_nothing_stays_open(callee: Owner) -> None:
    taken = callee.at(Transport.TLS)
    tasks = asyncio.all_tasks()
    with pytest.raises(NotBound) as refused:
        await Owner().start(more=(Listener(Transport.TCP, LOOPBACK, 0), taken))
    assert refused.value.listener is taken
    assert asyncio.all_tasks() == tasks


@pytest.mark.parametrize("host", [LOOPBACK, "127.0.0.2", "::1"])
async def test_an_answer_over_udp_comes_from_the_socket_that_was_asked(host: str) -> None:
    """A phone's NAT lets nobody else through; Contact names the same place."""
    more = (Listener(Transport.UDP, "127.0.0.2", 0), Listener(Transport.UDP, "::1", 0, "sip.example.com", 5090))
    owner = await Owner().start(more=more)
    there = next(each for each in owner.listener.listeners if each.host == host)
    loop = asyncio.get_running_loop()
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    phone, _ = await loop.create_datagram_endpoint(lambda: Hearing(heard), remote_addr=(there.host, there.port))
    text = message("INVITE sip:+1@x SIP/2.0", "1 INVITE", f"Contact: <sip:b@{there.sent_by}>").replace("/WSS", "/UDP")
    phone.sendto(text.replace(";branch", ";rport;branch").encode())
    while b"SIP/2.0 200 " not in (answer := await asyncio.wait_for(heard.get(), 10)):
        pass
    assert f"\r\nContact: <sip:{there.sent_by}>\r\n".encode() in answer
    seen_at, port = phone.get_extra_info("sockname")[:2]
    assert f";received={seen_at};rport={port}\r\n".encode() in answer
    phone.close()
    await owner.stop()


class Hearing(asyncio.DatagramProtocol):
    """A connected socket: it hears nobody but whom it spoke to."""

    def __init__(self, heard: asyncio.Queue[bytes]) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._heard.put_nowait(data)


async def test_a_server_that_answers_no_ping_any_more_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mixminus.sip.io.streams.LOOK_EVERY_S", 0.005)
    monkeypatch.setattr("mixminus.sip.connections.liveness.PONG_S", 0.05)
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        for _ in range(3):
            asked.append(await reader.readexactly(4))
            if len(asked) < 4:
                writer.write(b"\r\n")
        asked.append(await reader.read())
        writer.close()

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    owner = Owner()
    owner.listener = await SipListener.start(LOOPBACK, 0, owner.agent, owner.on_event, keepalive_s=0.02)
    owner.dial(Address(Transport.TCP, *server.sockets[0].getsockname()), offer=b"")
    assert (await owner.told(Refused)).status == 503
    await until(lambda: len(asked) == 5)
    assert set(b"".join(asked[1:])) == set(b"\r\n")
    assert owner.listener.counts.closed == {"silent": 1}
    await owner.stop()
    server.close()


async def test_where_no_socket_of_ours_reaches_is_a_503_at_once() -> None:
    four = await Owner().start()
    four.dial(Address(Transport.UDP, "::1", 5060))
    assert (await four.told(Refused)).status == 503
    await four.stop()


# --- browsers -----------------------------------------------------------------------------------------------------


def browser(owner: Owner, identity: Identity | None = None, subprotocol: str = "sip") -> connect:
    listener = owner.at(Transport.WSS if identity else Transport.WS)
    context = ssl.create_default_context(cafile=str(identity.certificate)) if identity else None
    scheme = "wss" if identity else "ws"
    uri = f"{scheme}://{LOOPBACK}:{listener.port}/"
    return connect(uri, subprotocols=[Subprotocol(subprotocol)], ssl=context, ping_interval=None, proxy=None)


def message(start: str, cseq: str, *headers: str, branch: str = "1", body: str = "") -> str:
    lines = [
        start,
        *(() if start.startswith("SIP/2.0") else (f"Via: SIP/2.0/WSS q7.invalid;branch=z9hG4bK{branch}",)),
        "From: <sip:bob@example.com>;tag=theirs",
        "To: <sip:bob@example.com>",
        "Call-ID: one",
        f"CSeq: {cseq}",
        *headers,
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", body])


async def answers(socket: ClientConnection) -> list[str]:
    text = await asyncio.wait_for(socket.recv(), 10)
    assert isinstance(text, str)
    return text.split("\r\n")


@pytest.mark.parametrize("secure", [False, True])
async def test_a_browser_speaks_over_its_connection_alone(callee: Owner, identity: Identity, secure: bool) -> None:
    async with browser(callee, identity if secure else None) as socket:
        assert socket.subprotocol == "sip"
        await socket.send("\r\n\r\n")
        assert await socket.recv() == "\r\n"
        await socket.send(message("OPTIONS sip:x SIP/2.0", "1 OPTIONS"))
        lines = await answers(socket)
        assert lines[0] == "SIP/2.0 200 OK"
        assert f"received={LOOPBACK}" in lines[1]
        await socket.send(message("INVITE sip:+15005550006@x SIP/2.0", "1 INVITE", "Contact: <sip:b@q7.invalid>"))
        assert (await answers(socket))[0] == "SIP/2.0 401 Unauthorized", "a browser is nobody's neighbour"


async def test_requests_to_a_browser_use_its_connection_and_nobody_dials_it(callee: Owner) -> None:
    async with browser(callee) as socket:
        await socket.send(message("OPTIONS sip:x SIP/2.0", "1 OPTIONS"))
        await answers(socket)
        here = Address(Transport.WS, LOOPBACK, socket.local_address[1])
        callee.dial(here, "sip:bob@q7.invalid;transport=ws")
        lines = await answers(socket)
        port = callee.at(Transport.WS).port
        assert lines[0] == "INVITE sip:bob@q7.invalid;transport=ws SIP/2.0"
        assert lines[1].startswith(f"Via: SIP/2.0/WS {LOOPBACK}:{port};branch=")
        assert f"Contact: <sip:{LOOPBACK}:{port};transport=ws>" in lines
    assert (await callee.told(Refused)).status == 503
    callee.dial(here, "sip:bob@q7.invalid;transport=ws")
    assert (await callee.told(Refused)).status == 503


async def register(socket: ClientConnection, number: int) -> str:
    """The start line of the last answer."""
    uri, contact = "sip:example.com", "Contact: <sip:bob@q7.invalid;transport=ws>;expires=600"
    start = f"REGISTER {uri} SIP/2.0"
    await socket.send(message(start, f"{number} REGISTER", contact, branch=f"{number}"))
    challenges = [line.partition(": ")[2] for line in await answers(socket) if line.startswith("WWW-Authenticate")]
    proof = answer_challenge(challenges, Credentials("bob", "secret"), "REGISTER", uri, "c0", 1)
    proven = (contact, f"Authorization: {proof}")
    await socket.send(message(start, f"{number + 1} REGISTER", *proven, branch=f"{number + 1}"))
    return (await answers(socket))[0]


async def test_a_browser_that_connects_again_and_registers_is_called_there(callee: Owner, identity: Identity) -> None:
    now = asyncio.get_running_loop().time

    def flows() -> list[Address]:
        return [flow.source for phone in callee.agent.phones("bob", now()) for flow in phone.flows]

    async with browser(callee, identity) as first:
        assert await register(first, 1) == "SIP/2.0 200 OK"
        assert [flow.port for flow in flows()] == [first.local_address[1]]
    await until(lambda: not flows())
    async with browser(callee, identity) as second:
        assert await register(second, 3) == "SIP/2.0 200 OK"
        [flow] = flows()
        assert (flow.transport, flow.port) == (Transport.WSS, second.local_address[1])
        callee.dial(flow, "sip:bob@q7.invalid;transport=ws")
        assert (await answers(second))[0] == "INVITE sip:bob@q7.invalid;transport=ws SIP/2.0"


async def test_a_websocket_for_something_else_is_refused(callee: Owner) -> None:
    with pytest.raises(InvalidStatus):
        await browser(callee, subprotocol="chat")


async def test_garbage_closes_one_websocket_only(callee: Owner) -> None:
    async with browser(callee) as good, browser(callee) as bad:
        await bad.send(b"\x00" * 200_000)
        with pytest.raises(ConnectionClosed):
            await bad.recv()
        await good.send(message("OPTIONS sip:x SIP/2.0", "1 OPTIONS"))
        assert (await answers(good))[0] == "SIP/2.0 200 OK"
    assert callee.listener.counts.closed["malformed"] == 1


# --- connections that go away -------------------------------------------------------------------------------------


async def test_rfc3261_18_2_2_an_answer_whose_connection_is_gone_goes_to_the_via(callee: Owner) -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.put_nowait(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    server = await asyncio.start_server(taken, LOOPBACK, 0)
    port = server.sockets[0].getsockname()[1]
    _, writer = await asyncio.open_connection(LOOPBACK, callee.at(Transport.TCP).port)
    text = message("INVITE sip:+1@x SIP/2.0", "1 INVITE", "Contact: <sip:b@127.0.0.1>")
    callee.on_event = lambda event: heard.put_nowait(type(event).__name__.encode())  # type: ignore[method-assign]
    callee.listener.pump._on_event = callee.on_event
    writer.write(text.replace("SIP/2.0/WSS q7.invalid", f"SIP/2.0/TCP {LOOPBACK}:{port}").encode())
    assert await heard.get() == b"Invited"
    [dialog] = callee.agent._endpoint.calls._by_key
    writer.close()
    await until(lambda: callee.listener.connections()["tcp"] == 0)
    callee.command(lambda now: callee.agent.refuse(dialog, 486, now))
    assert (await asyncio.wait_for(heard.get(), 10)).startswith(b"SIP/2.0 486 ")
    server.close()


# --- strangers ----------------------------------------------------------------------------------------------------


async def test_one_host_cannot_take_the_places_of_others(callee: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callee.listener.doorman, "_exempt", lambda host: False)
    port = callee.at(Transport.TLS).port
    many = [await asyncio.open_connection(LOOPBACK, port) for _ in range(MOST_UNPROVEN_OF_A_HOST + 8)]
    await until(lambda: callee.listener.counts.closed["too many"] == 8)
    assert callee.listener.doorman.unproven == MOST_UNPROVEN_OF_A_HOST
    other, writer = await asyncio.open_connection(
        LOOPBACK, callee.at(Transport.TCP).port, local_addr=("127.0.0.2", 0)
    )
    writer.write(b"\r\n\r\n")
    assert await other.readexactly(2) == b"\r\n", "somebody else pays for it"
    for _, each in many:
        each.close()
    writer.close()
    await until(lambda: callee.listener.doorman.open == 0)
    assert callee.listener.doorman.unproven == 0


@pytest.mark.parametrize("transport", [Transport.TCP, Transport.TLS, Transport.WS, Transport.WSS])
async def test_who_comes_to_speak_is_let_in_beside_a_flood_of_those_who_do_not(
    callee: Owner, monkeypatch: pytest.MonkeyPatch, transport: Transport
) -> None:
    monkeypatch.setattr(callee.listener.doorman, "_most", 16)
    port = callee.at(transport).port
    flood = [await asyncio.open_connection(LOOPBACK, port) for _ in range(40)]
    await until(lambda: callee.listener.counts.closed["too many"] == 32)
    answer, phone = await asyncio.open_connection(LOOPBACK, callee.at(Transport.TCP).port)
    phone.write(message(f"OPTIONS sip:{LOOPBACK} SIP/2.0", "1 OPTIONS", "Max-Forwards: 70").encode())
    assert await asyncio.wait_for(answer.readexactly(11), 10) == b"SIP/2.0 200"
    assert (callee.listener.doorman.open, callee.listener.doorman.unproven) == (8, 7)
    for _, writer in flood:
        writer.close()
    phone.close()
    await until(lambda: callee.listener.doorman.open == 0)


async def test_half_a_handshake_is_counted_and_ended(callee: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mixminus.sip.io.streams.HANDSHAKE_TIMEOUT_S", 0.05)
    reader, writer = await asyncio.open_connection(LOOPBACK, callee.at(Transport.TLS).port)
    writer.write(b"\x16\x03\x01")
    with suppress(ConnectionResetError):
        assert await reader.read() == b""
    await until(lambda: callee.listener.doorman.open == 0)
    assert callee.listener.counts.closed["handshake"] == 1
    writer.close()


async def test_a_header_that_never_ends_is_ended(callee: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mixminus.sip.connections.liveness.SLOW_S", 0.0)
    reader, writer = await asyncio.open_connection(LOOPBACK, callee.at(Transport.TCP).port)
    writer.write(b"OPTIONS sip:x SIP/2.0\r\nX: ")
    await until(lambda: callee.listener.connections()["tcp"] == 1)
    for wire in callee.listener._wires:
        if isinstance(wire, StreamWire):
            wire._looking.cancel()
            wire._look()
    with suppress(ConnectionResetError):
        assert await reader.read() == b""
    await until(lambda: callee.listener.counts.closed["slow"] == 1)
    writer.close()
