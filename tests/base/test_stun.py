"""STUN as values (RFC 8489), by the test vectors of RFC 5769 and against another implementation."""

import contextlib
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.base.stun import (
    LONGEST_MESSAGE,
    Attribute,
    Class,
    StunError,
    StunMessage,
    binding_success,
    error_response,
    is_authentic,
    is_stun,
    unknown_attributes,
    xor_mapped_address,
)

PASSWORD = b"VOkJxbRl1RmTxUk/WvJxBt"
TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")

REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff"
    "80290008932ff9b151263b36"
    "000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004e57a3bcf"
)
RESPONSE = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000080001a147e112a643"
    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "80280004c07d4c96"
)
RESPONSE_6 = bytes.fromhex(
    "010100482112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014a382954e4be67bf11784c97c8292c275bfe3ed41"
    "80280004c8fb0b4c"
)

addresses = st.tuples(st.ip_addresses().map(str), st.integers(1, 65535))
transactions = st.binary(min_size=12, max_size=12)
plain_types = st.integers(0, 0xFFFF).filter(lambda name: name not in (0x0008, 0x001C, 0x8028))
messages = st.builds(
    StunMessage,
    st.sampled_from(Class),
    transactions,
    st.lists(st.tuples(plain_types, st.binary(max_size=40)), max_size=6).map(tuple),
    st.integers(0, 0xFF),
)


def test_rfc5769_2_1_the_request_is_read_and_its_integrity_holds() -> None:
    message = StunMessage.parse(REQUEST)
    assert (message.kind, message.method, message.transaction) == (Class.REQUEST, 1, TRANSACTION)
    assert message.username == "evtj:h6vY"
    assert message.number(Attribute.PRIORITY) == 0x6E0001FF
    assert message.number(Attribute.ICE_CONTROLLED) == 0x932FF9B151263B36
    assert message.find(Attribute.SOFTWARE) == b"STUN test client"
    assert is_authentic(REQUEST, PASSWORD)
    assert not is_authentic(REQUEST, PASSWORD + b"x")


@pytest.mark.parametrize(
    ("data", "host"), [(RESPONSE, "192.0.2.1"), (RESPONSE_6, "2001:db8:1234:5678:11:2233:4455:6677")]
)
def test_rfc5769_2_2_and_2_3_the_responses_tell_the_address(data: bytes, host: str) -> None:
    message = StunMessage.parse(data)
    assert message.kind is Class.SUCCESS
    assert message.mapped_address == (host, 32853)
    assert is_authentic(data, PASSWORD)
    assert xor_mapped_address((host, 32853), TRANSACTION) in message.attributes


def test_rfc5769_2_2_the_response_is_written_but_for_the_padding_of_its_name() -> None:
    """The vector pads with a space where we pad with zero, so that both checksums differ: ours are checked."""
    message = StunMessage.parse(RESPONSE)
    data = message.written(PASSWORD)
    assert len(data) == len(RESPONSE)
    assert StunMessage.parse(data) == message
    assert is_authentic(data, PASSWORD)


@given(messages, st.none() | st.binary(max_size=30))
def test_what_is_written_is_read(message: StunMessage, key: bytes | None) -> None:
    data = message.written(key)
    assert StunMessage.parse(data) == message
    assert is_authentic(data, b"" if key is None else key) is (key is not None)


@given(st.binary(max_size=120) | st.builds(lambda body: REQUEST[:2] + bytes(2) + REQUEST[4:20] + body, st.binary()))
def test_any_bytes_parse_or_raise_the_declared_error(data: bytes) -> None:
    if len(data) >= 20:
        data = data[:2] + (len(data) - 20).to_bytes(2) + data[4:] if len(data) % 4 == 0 else data
    with contextlib.suppress(StunError):
        message = StunMessage.parse(data)
        assert message.unknown(()) is not None
        for ask in ("username", "mapped_address", "error_code"):
            with contextlib.suppress(StunError):
                getattr(message, ask)
    with contextlib.suppress(StunError):
        is_authentic(data, PASSWORD)


@given(st.integers(0, len(REQUEST) - 9), st.integers(1, 255))
def test_a_damaged_request_is_refused_or_not_authentic(at: int, change: int) -> None:
    """Wherever the damage is; the fingerprint, at the end, is made after the integrity."""
    damaged = bytearray(REQUEST)
    damaged[at] ^= change
    with contextlib.suppress(StunError):
        StunMessage.parse(bytes(damaged))
        assert not is_authentic(bytes(damaged), PASSWORD)


@pytest.mark.parametrize(
    "data", [b"", b"\x80" + REQUEST[1:], REQUEST[:-4], REQUEST + bytes(4), REQUEST[:4] + bytes(4) + REQUEST[8:]]
)
def test_rfc7983_other_datagrams_are_not_stun(data: bytes) -> None:
    assert not is_stun(data)


def test_a_message_longer_than_a_datagram_is_not_stun() -> None:
    assert not is_stun(StunMessage(Class.REQUEST, TRANSACTION, ((0x8022, bytes(LONGEST_MESSAGE)),)).written())


def test_rfc8489_14_5_what_stands_behind_the_integrity_is_left_out() -> None:
    secured = StunMessage(Class.REQUEST, TRANSACTION, ((Attribute.USERNAME, b"a:b"),)).written(PASSWORD)[:-8]
    added = secured + bytes.fromhex("00250000")
    forged = added[:2] + (len(added) - 20).to_bytes(2) + added[4:]
    assert StunMessage.parse(forged).find(Attribute.USE_CANDIDATE) is None
    assert is_authentic(forged, PASSWORD)


@given(addresses)
def test_a_client_learns_from_where_it_came(source: tuple[str, int]) -> None:
    request = StunMessage(Class.REQUEST, TRANSACTION)
    answer = StunMessage.parse(binding_success(request, source).written())
    assert (answer.kind, answer.transaction) == (Class.SUCCESS, TRANSACTION)
    assert answer.mapped_address == (str(ipaddress.ip_address(source[0])), source[1])


def test_rfc8489_14_8_an_error_names_its_code() -> None:
    request = StunMessage(Class.REQUEST, TRANSACTION)
    refusal = error_response(request, 487, "Role Conflict", unknown_attributes((1, 0x7FFF)))
    read = StunMessage.parse(refusal.written(PASSWORD))
    assert (read.kind, read.error_code) == (Class.ERROR, 487)
    assert read.find(Attribute.UNKNOWN_ATTRIBUTES) == bytes.fromhex("00017fff")


def test_rfc8489_6_3_1_attributes_that_must_be_understood_are_told_once() -> None:
    message = StunMessage(Class.REQUEST, TRANSACTION, ((0x24, b"1234"), (0x7777, b""), (0x7777, b""), (0x8888, b"")))
    assert message.unknown([Attribute.PRIORITY]) == (0x7777,)


@pytest.mark.parametrize("value", [b"", b"\0\0\2\0", b"\0\0\7\0", b"\0\0\4\x64"])
def test_an_impossible_error_code_is_refused(value: bytes) -> None:
    with pytest.raises(StunError):
        _ = StunMessage(Class.ERROR, TRANSACTION, ((Attribute.ERROR_CODE, value),)).error_code


@pytest.mark.parametrize("value", [b"", bytes(8), b"\0\2" + bytes(6), b"\0\1" + bytes(18)])
def test_an_impossible_address_is_refused(value: bytes) -> None:
    with pytest.raises(StunError):
        _ = StunMessage(Class.SUCCESS, TRANSACTION, ((Attribute.XOR_MAPPED_ADDRESS, value),)).mapped_address


def test_another_implementation_reads_what_we_write() -> None:
    stun = pytest.importorskip("aioice.stun")
    request = StunMessage(
        Class.REQUEST,
        TRANSACTION,
        (
            (Attribute.USERNAME, b"ours:theirs"),
            (Attribute.PRIORITY, (77).to_bytes(4)),
            (Attribute.USE_CANDIDATE, b""),
            (Attribute.ICE_CONTROLLING, (99).to_bytes(8)),
        ),
    )
    theirs = stun.parse_message(request.written(PASSWORD))
    assert theirs.check_message_integrity(PASSWORD)
    assert theirs.attributes["USERNAME"] == "ours:theirs"
    assert (theirs.attributes["PRIORITY"], theirs.attributes["ICE-CONTROLLING"]) == (77, 99)
    assert "USE-CANDIDATE" in theirs.attributes
    answer = stun.parse_message(binding_success(request, ("2001:db8::7", 4711)).written(PASSWORD))
    assert answer.check_message_integrity(PASSWORD)
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == ("2001:db8::7", 4711)


def test_we_read_what_another_implementation_writes() -> None:
    stun = pytest.importorskip("aioice.stun")
    theirs = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, TRANSACTION)
    theirs.attributes["XOR-MAPPED-ADDRESS"] = ("192.0.2.9", 5004)
    theirs.add_message_integrity(PASSWORD)
    ours = StunMessage.parse(bytes(theirs))
    assert ours.mapped_address == ("192.0.2.9", 5004)
    assert is_authentic(bytes(theirs), PASSWORD)
