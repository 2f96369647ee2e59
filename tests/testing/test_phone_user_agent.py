"""What a phone answers to messages that are no call of its own, how it frames TCP, and INVITE with digest."""

import asyncio
import time

import numpy as np
import pytest

from mixminus.testing.memory_network import MemoryNetwork
from mixminus.testing.network import Address, DatagramPort
from mixminus.testing.phone import VirtualPhone
from mixminus.testing.rtp import parse_packet
from mixminus.testing.user_agent.message import Message, Request, Response, parse_message, respond
from mixminus.testing.user_agent.wire import TcpWire
from mixminus.testing.virtual_time import run_virtual
from mixminus.testing.voice import Hum


def message(method: str, *, to: str = "<sip:bob@x>", number: int = 1) -> bytes:
    return (
        f"{method} sip:bob@x SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK{method}{number}\r\n"
        f"From: <sip:a@x>;tag=1\r\nTo: {to}\r\nCall-ID: c\r\nCSeq: {number} {method}\r\nContent-Length: 0\r\n\r\n"
    ).encode()


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (message("OPTIONS"), 200),
        (message("BYE"), 481),
        (message("BYE", to="<sip:bob@x>;tag=unknown"), 481),
        (message("INVITE", to="<sip:bob@x>;tag=unknown"), 481),
        (message("CANCEL"), 481),
        (message("MESSAGE"), 405),
    ],
)
def test_a_request_that_belongs_to_no_call_gets_its_answer(request_bytes: bytes, status: int) -> None:
    async def story() -> list[Message]:
        network, answers = MemoryNetwork(), list[Message]()
        port = await network.open_datagrams(("10.0.0.9", 5060), lambda data, _: answers.append(parse_message(data)))
        async with VirtualPhone(network, user="bob", host="10.0.0.2") as bob:
            port.send(request_bytes, bob.address)
            port.send(b"\r\n\r\n", bob.address)
            port.send(b"nonsense", bob.address)
            await asyncio.sleep(0.4)  # a refused INVITE is refused again after 0.5 s without ACK
            assert bob.agent.wire.malformed == 1
            assert bob.calls == []
        return answers

    [answer] = run_virtual(story())
    assert isinstance(answer, Response)
    assert answer.status == status


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_tcp_messages_are_framed_however_the_bytes_arrive(piece: int) -> None:
    received: list[Message] = []
    wire = TcpWire(MemoryNetwork(), "10.0.0.1", lambda arrived, _: received.append(arrived))
    with_body = message("INFO").replace(b"Content-Length: 0\r\n\r\n", b"Content-Length: 5\r\n\r\nab\r\nc")
    stream = with_body + b"\r\n\r\n" + message("OPTIONS", number=2) + message("BYE", number=3)

    class Connection:
        peer = ("10.0.0.9", 1)

        def write(self, data: bytes) -> None: ...

        def close(self) -> None: ...

    link = wire._accept(Connection())
    for start in range(0, len(stream), piece):
        link.received(stream[start : start + piece])
    assert [(m.method, m.body) for m in received if isinstance(m, Request)] == [
        ("INFO", b"ab\r\nc"),
        ("OPTIONS", b""),
        ("BYE", b""),
    ]


def test_an_invite_is_repeated_with_credentials_and_a_nonce_is_counted() -> None:
    async def story() -> list[str]:
        network, seen = MemoryNetwork(), list[str]()
        port: DatagramPort

        def receive(data: bytes, sender: Address) -> None:
            request = parse_message(data)
            assert isinstance(request, Request)
            if request.method == "ACK":
                seen.append("ACK")
                return
            credentials = request.headers.get("Proxy-Authorization")
            counted = credentials.partition("nc=")[2][:8]
            seen.append(f"{request.headers.get('CSeq')} {counted}".strip())
            response = respond(request, 486 if credentials else 407, "server")
            if not credentials:
                response.headers.add("Proxy-Authenticate", 'Digest realm="r", nonce="same", qop="auth"')
            port.send(bytes(response), sender)

        port = await network.open_datagrams(("10.0.0.100", 5060), receive)
        server = ("10.0.0.100", 5060)
        async with VirtualPhone(network, host="10.0.0.1", server=server, password="secret") as alice:
            for _ in range(2):
                call = await alice.place("+15005550001")
                assert (await call.ended()).status == 486
        return seen

    once = ["1 INVITE", "ACK", "2 INVITE {}", "ACK"]
    expected = [line.format(count) for count in ("00000001", "00000002") for line in once]
    assert run_virtual(story()) == expected


def test_a_run_in_memory_repeats_to_the_byte() -> None:
    async def story() -> list[bytes]:
        network, sent = MemoryNetwork(), list[bytes]()

        def watch(data: bytes, *_: Address) -> bool:
            sent.append(data)
            return False

        network.lose(watch)
        async with (
            VirtualPhone(network, user="alice", host="10.0.0.1") as alice,
            VirtualPhone(network, user="bob", host="10.0.0.2") as bob,
        ):
            bob.answers()
            await alice.dial(bob.uri)
            await asyncio.sleep(0.1)
        return sent

    assert run_virtual(story()) == run_virtual(story())


def test_the_voice_after_a_key_is_a_new_talkspurt() -> None:
    async def story() -> list[bool]:
        network, markers = MemoryNetwork(), list[bool]()

        def watch(data: bytes, *_: Address) -> bool:
            packet = None if b"SIP/2.0" in data else parse_packet(data)
            if packet is not None and packet.payload_type == 0:
                markers.append(packet.marker)
            return False

        async with (
            VirtualPhone(network, user="alice", host="10.0.0.1") as alice,
            VirtualPhone(network, user="bob", host="10.0.0.2") as bob,
        ):
            bob.answers()
            call = await alice.dial(bob.uri)
            await asyncio.sleep(0.1)
            (await bob.next_call()).line.close()
            network.lose(watch)
            await call.press("5")
            await asyncio.sleep(0.1)
            return markers

    markers = run_virtual(story())
    assert markers.count(True) == 1, "RFC 3551 4.1"


@pytest.mark.parametrize("frequency_hz", [521, 440.5])
def test_a_hum_has_no_seam(frequency_hz: float) -> None:
    hum = Hum(frequency_hz)
    hummed = np.concatenate([hum.next_frame() for _ in range(150)])
    expected = 3000 * np.sin(2 * np.pi * frequency_hz * np.arange(24_000) / 8000)
    assert np.abs(hummed - expected).max() <= 1


def test_virtual_time_waits_for_a_slow_thread() -> None:
    async def story() -> float:
        timer = asyncio.create_task(asyncio.sleep(5))
        await asyncio.to_thread(time.sleep, 0.05)  # real work; far longer than one turn of the loop
        at = asyncio.get_running_loop().time()
        await timer
        return at

    assert run_virtual(story()) == 0.0
