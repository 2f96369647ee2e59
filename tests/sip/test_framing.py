"""Messages out of a stream, however it is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.sip.connections.framing import PING, StreamFramer
from mixminus.sip.messages.message import MAX_MESSAGE_BYTES, MalformedMessage

FIRST = b"OPTIONS sip:a SIP/2.0\r\nl: 4\r\nVia: x\r\n\r\nbody"
SECOND = b"BYE sip:a SIP/2.0\r\nContent-Length : 0\r\n\r\n"
STREAM = FIRST + PING + SECOND + b"\r\n" + FIRST
FRAMES = [FIRST, PING, SECOND, FIRST]


@pytest.mark.parametrize("at", range(len(STREAM) + 1))
def test_a_stream_cut_anywhere_gives_the_same_messages(at: int) -> None:
    framer = StreamFramer()
    assert framer.feed(STREAM[:at]) + framer.feed(STREAM[at:]) == FRAMES


def test_a_stream_that_comes_byte_by_byte_gives_the_same_messages() -> None:
    framer = StreamFramer()
    assert [frame for byte in STREAM for frame in framer.feed(bytes([byte]))] == FRAMES


@pytest.mark.parametrize("many", [2, 3, 16_384])
def test_keep_alives_that_come_together_are_answered_once(many: int) -> None:
    framer = StreamFramer()
    assert framer.feed(many * PING) == [PING]
    assert framer.feed(FIRST + many * PING + b"\r\n" + SECOND + PING[:3]) == [FIRST, PING, SECOND]
    assert framer.feed(PING[3:] + FIRST) == [PING, FIRST]
    framer.ping()
    assert framer.feed(b"\r\n" + many * PING + FIRST) == [PING, FIRST]
    assert framer.pongs == 1


@pytest.mark.parametrize(
    "stream",
    [
        b"OPTIONS sip:a SIP/2.0\r\nVia: x\r\n\r\n",
        b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbody",
        b"OPTIONS sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n",
        b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 65536\r\n\r\n",
        b"x" * MAX_MESSAGE_BYTES,
        b"\rx",
        b"\r\n\rx",
    ],
)
def test_a_stream_that_cannot_be_followed_is_an_error(stream: bytes) -> None:
    with pytest.raises(MalformedMessage):
        StreamFramer().feed(stream)


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_any_stream_gives_messages_or_the_declared_error(pieces: list[bytes]) -> None:
    framer = StreamFramer()
    try:
        for piece in pieces:
            framer.feed(piece)
    except MalformedMessage:
        pass
