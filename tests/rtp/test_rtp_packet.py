import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.rtp.packet import RtpPacket, RtpParseError

PACKET = RtpPacket(
    payload_type=8, sequence=65535, timestamp=2**32 - 1, ssrc=0xDEADBEEF, payload=b"voice", marker=True
)

packets = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 63) | st.integers(96, 127),
    sequence=st.integers(0, 2**16 - 1),
    timestamp=st.integers(0, 2**32 - 1),
    ssrc=st.integers(0, 2**32 - 1),
    payload=st.binary(max_size=200),
    marker=st.booleans(),
)


@given(packets)
def test_what_is_written_reads_back_equal(packet: RtpPacket) -> None:
    assert RtpPacket.parse(bytes(packet)) == packet


@given(st.binary(max_size=64))
def test_any_bytes_parse_or_raise_the_declared_error(data: bytes) -> None:
    with contextlib.suppress(RtpParseError):
        RtpPacket.parse(data)


def test_rfc3550_5_1_the_header_is_laid_out_as_in_the_figure() -> None:
    assert bytes(PACKET).hex() == "8088ffffffffffffdeadbeef" + b"voice".hex()


def test_csrcs_header_extension_and_padding_are_not_payload() -> None:
    plain = bytes(PACKET)
    dressed = bytes([0xB2]) + plain[1:12] + bytes(8) + b"\xbe\xde\x00\x01abcd" + b"voice" + b"\0\0\3"
    assert RtpPacket.parse(dressed) == PACKET


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(PACKET)[:11],
        b"\x40" + bytes(PACKET)[1:],
        b"\x8f" + bytes(PACKET)[1:],
        b"\x90" + bytes(PACKET)[1:14],
        b"\xa0" + bytes(PACKET)[1:] + b"\0",
        b"\xa0" + bytes(PACKET)[1:] + b"\x40",
        b"\x80\xc8" + bytes(26),
    ],
    ids=["empty", "short", "version 1", "no CSRCs", "no extension", "padding 0", "padding 64", "RTCP"],
)
def test_what_is_no_rtp_is_refused(data: bytes) -> None:
    with pytest.raises(RtpParseError):
        RtpPacket.parse(data)
