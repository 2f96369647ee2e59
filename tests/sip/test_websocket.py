"""SIP over a WebSocket, as its server reads it (RFC 7118). The clients here are another library's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from mixminus.sip.connections.framing import PING
from mixminus.sip.connections.websocket import WebSocketFramer
from mixminus.sip.messages.message import MAX_MESSAGE_BYTES, MalformedMessage

MESSAGE = b"OPTIONS sip:a SIP/2.0\r\nVia: x\r\n\r\nbody"


class Browser:
    """A client beside the framer: what it sends is fed, what is owed is read back."""

    def __init__(self, *subprotocols: str) -> None:
        self.framer = WebSocketFramer()
        names = list(subprotocols or ("sip",))
        self.socket = ClientProtocol(parse_uri("ws://node.example/"), subprotocols=names)  # type: ignore[arg-type]
        self.socket.send_request(self.socket.connect())

    def sends(self) -> list[bytes]:
        """Whole messages that arrived."""
        frames: list[bytes] = []
        for data in self.socket.data_to_send():
            frames += self.framer.feed(data)
        self.hears(self.framer.owed())
        return frames

    def hears(self, data: bytes) -> None:
        self.socket.receive_data(data)

    def heard(self) -> list[tuple[Opcode, bytes]]:
        events = self.socket.events_received()
        return [(event.opcode, bytes(event.data)) for event in events if isinstance(event, Frame)]


def opened() -> Browser:
    browser = Browser("xmpp", "sip")
    assert browser.sends() == []
    assert browser.socket.subprotocol == "sip"
    browser.socket.events_received()
    return browser


def test_a_message_is_one_message_either_way() -> None:
    browser = opened()
    browser.socket.send_text(MESSAGE)
    browser.socket.send_binary(MESSAGE)
    assert browser.sends() == [MESSAGE, MESSAGE]
    browser.hears(browser.framer.framed(b"SIP/2.0 200 OK\r\n\r\n"))
    browser.hears(browser.framer.framed(b"SIP/2.0 200 OK\r\n\r\n\xff"))
    assert browser.heard() == [
        (Opcode.TEXT, b"SIP/2.0 200 OK\r\n\r\n"),
        (Opcode.BINARY, b"SIP/2.0 200 OK\r\n\r\n\xff"),
    ]


def test_a_message_in_fragments_is_whole_with_the_last() -> None:
    browser = opened()
    browser.socket.send_text(MESSAGE[:10], fin=False)
    assert browser.sends() == []
    assert browser.framer.has_part
    browser.socket.send_continuation(MESSAGE[10:], fin=True)
    assert browser.sends() == [MESSAGE]
    assert not browser.framer.has_part


def test_keep_alives_of_either_kind() -> None:
    browser = opened()
    browser.socket.send_text(PING)  # RFC 5626, as JsSIP sends it
    assert browser.sends() == [PING]
    browser.socket.send_ping(b"x")
    assert browser.sends() == []
    assert browser.heard() == [(Opcode.PONG, b"x")]
    browser.hears(browser.framer.ping())
    assert browser.sends() == []
    assert browser.framer.pongs == 1


def test_a_browser_that_closes_is_over() -> None:
    browser = opened()
    browser.socket.send_close(1001)
    assert browser.sends() == []
    assert browser.framer.is_over
    assert browser.framer.framed(MESSAGE) == b""
    assert browser.framer.ping() == b""


def test_rfc7118_4_1_a_websocket_for_something_else_is_refused() -> None:
    browser = Browser("chat")
    with pytest.raises(MalformedMessage):
        browser.sends()
    assert browser.framer.owed().startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "request_",
    [
        b"INVITE sip:a@b SIP/2.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 100_000,
        b"\x16\x03\x01",
    ],
)
def test_what_is_no_upgrade_is_an_error(request_: bytes) -> None:
    framer = WebSocketFramer()
    with pytest.raises(MalformedMessage):
        framer.feed(request_ + b"\r\n\r\n")
    assert framer.framed(MESSAGE) == b""


def test_a_message_that_is_too_large_is_an_error() -> None:
    browser = opened()
    browser.socket.send_text(b"x" * (2 * MAX_MESSAGE_BYTES))
    with pytest.raises(MalformedMessage):
        browser.sends()


def test_a_message_of_endless_empty_fragments_is_an_error() -> None:
    browser = opened()
    browser.socket.send_text(b"", fin=False)
    for _ in range(MAX_MESSAGE_BYTES):
        browser.socket.send_continuation(b"", fin=False)
    with pytest.raises(MalformedMessage):
        browser.sends()


@given(st.binary(max_size=200))
def test_whatever_follows_the_upgrade_gives_messages_or_the_declared_error(data: bytes) -> None:
    browser = opened()
    try:
        browser.framer.feed(data)
    except MalformedMessage:
        pass
