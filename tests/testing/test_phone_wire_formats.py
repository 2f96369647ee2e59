"""The phones' own codec, RTP, SDP and SIP messages, held against the documents that define them."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.testing.errors import PhoneError
from mixminus.testing.g711 import LAWS, PCMA, PCMU, Law
from mixminus.testing.rtp import Packet, TelephoneEvent, parse_event, parse_packet
from mixminus.testing.sdp import Description, Direction, parse_description
from mixminus.testing.user_agent.digest import Credentials, authorization, choose_challenge
from mixminus.testing.user_agent.message import (
    Request,
    Response,
    SipSyntaxError,
    address_of,
    parameter,
    parse_message,
    split_list,
    uri_of,
    user_of,
)

ALL_CODES = bytes(range(256))


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS.keys())
def test_g711_a_code_is_the_code_of_its_sample(law: Law) -> None:
    again = law.encode(law.decode(ALL_CODES))
    differing = [code for code in range(256) if again[code] != code]
    assert differing in ([], [0x7F]), "only the negative zero of mu-law has two codes"


@pytest.mark.parametrize(
    ("law", "known"), [(PCMU, {0x00: -32124, 0x80: 32124, 0xFF: 0}), (PCMA, {0x2A: -32256, 0xAA: 32256, 0xD5: 8})]
)
def test_g711_extremes_and_zero_are_those_of_the_tables(law: Law, known: dict[int, int]) -> None:
    assert {code: int(law.sample_of[code]) for code in known} == known


@pytest.mark.parametrize("name", LAWS)
def test_g711_agrees_with_the_standard_library_s_codec(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        audioop = pytest.importorskip("audioop")
    to_linear = {"PCMU": audioop.ulaw2lin, "PCMA": audioop.alaw2lin}[name]
    assert LAWS[name].decode(ALL_CODES).tobytes() == to_linear(ALL_CODES, 2)


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS.keys())
def test_g711_an_error_is_at_most_half_a_step(law: Law) -> None:
    samples = np.arange(-32124, 32125).astype(np.int16)
    error = np.abs(law.decode(law.encode(samples)).astype(int) - samples)
    assert (error <= np.maximum(np.abs(samples.astype(int)) / 32 + 5, 8)).all()


@given(st.binary(max_size=64))
def test_any_bytes_are_a_packet_or_none(data: bytes) -> None:
    packet = parse_packet(data)
    assert packet is None or len(packet.payload) <= len(data)
    parse_event(data)


def test_rfc3550_5_1_a_packet_survives_the_wire() -> None:
    packet = Packet(8, 65535, 0xFFFF_FFFF, 0xDEAD_BEEF, b"\x01\x02", marker=True)
    assert bytes(packet)[:2] == b"\x80\x88"
    assert parse_packet(bytes(packet)) == packet


def test_rfc3550_5_1_sources_extension_and_padding_are_cut() -> None:
    header = bytes([0x80 | 0x20 | 0x10 | 1, 0]) + bytes(10) + b"csrc" + b"\xbe\xde\x00\x01" + b"extn"
    packet = parse_packet(header + b"audio" + b"\x00\x00\x03")
    assert packet is not None
    assert packet.payload == b"audio"


def test_rfc4733_2_3_an_event_survives_the_wire() -> None:
    event = TelephoneEvent("#", end=True, duration=800)
    assert bytes(event) == bytes([11, 0x8A, 0x03, 0x20])
    assert parse_event(bytes(event)) == event
    assert parse_event(bytes([16, 0, 0, 0])) is None, "flash is no key"


@pytest.mark.parametrize("direction", Direction)
def test_rfc4566_a_description_survives_the_wire(direction: Direction) -> None:
    description = Description("10.0.0.1", 4000, (PCMA, PCMU), 101, direction)
    parsed = parse_description(description.text(1, 1))
    assert replace(parsed, attributes=()) == description
    assert direction in parsed.attributes


@pytest.mark.parametrize(
    ("wanted", "offered", "answered"),
    [
        ("sendrecv", "sendrecv", "sendrecv"),
        ("sendrecv", "sendonly", "recvonly"),
        ("sendrecv", "recvonly", "sendonly"),
        ("sendrecv", "inactive", "inactive"),
        ("sendonly", "sendonly", "inactive"),
        ("inactive", "sendrecv", "inactive"),
    ],
)
def test_rfc3264_6_1_an_answer_takes_no_more_than_was_offered(wanted: str, offered: str, answered: str) -> None:
    assert Direction(wanted).narrowed(Direction(offered)) == answered


@given(st.binary(max_size=200))
def test_any_bytes_are_a_description_or_the_declared_error(data: bytes) -> None:
    try:
        parse_description(data)
    except PhoneError:
        pass


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_message_or_the_declared_error(data: bytes) -> None:
    for message in (data, b"INVITE sip:a@b SIP/2.0\r\n" + data):
        try:
            parse_message(message)
        except SipSyntaxError:
            pass


def test_rfc3261_7_3_compact_forms_folding_and_case() -> None:
    message = parse_message(
        b"INVITE sip:bob@10.0.0.2 SIP/2.0\r\nv: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nf: <sip:a@b>;tag=1\r\n"
        b"t: <sip:bob@c>\r\ni: 77\r\ncseq: 1\r\n  INVITE\r\nl: 3\r\n\r\nabcdef"
    )
    assert isinstance(message, Request)
    assert message.headers.get("Call-ID") == "77"
    assert message.headers.get("CSEQ") == "1 INVITE"
    assert message.body == b"abc"


def test_a_response_may_have_no_reason() -> None:
    message = parse_message(b"SIP/2.0 200 \r\nVia: x\r\nFrom: a\r\nTo: b\r\nCall-ID: 1\r\nCSeq: 1 BYE\r\n\r\n")
    assert isinstance(message, Response)
    assert message.status == 200


def test_header_values_come_apart() -> None:
    assert split_list('"Doe, J" <sip:a@b;x=1,2>;q=1, <sip:c@d>') == ['"Doe, J" <sip:a@b;x=1,2>;q=1', "<sip:c@d>"]
    assert parameter("<sip:a@b;tag=no>;tag=yes", "tag") == "yes"
    assert uri_of('"x" <sip:a@b:5062>;tag=1') == "sip:a@b:5062"
    assert uri_of("sip:a@b;tag=1") == "sip:a@b"
    assert address_of("sip:+1500@10.0.0.1:5062;transport=tcp") == ("10.0.0.1", 5062)
    assert address_of("sip:localhost") == ("127.0.0.1", 5060)
    assert user_of("sip:bob@x") == "bob"
    assert user_of("sip:x") == ""


def test_rfc7616_3_9_1_the_published_examples() -> None:
    fields = (
        'realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"'
    )
    tail = ', opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    who = Credentials("Mufasa", "Circle of Life")
    expected = {
        "MD5": "8ca523f5e9506fed4657c9700eebdbec",
        "SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
    }
    offered = [f"Digest {fields}, algorithm={name}{tail}" for name in ("SHA-256", "MD5")]
    for algorithm, response in expected.items():
        challenge = choose_challenge(offered, (algorithm,))
        assert challenge is not None
        answer = authorization(challenge, who, "GET", "/dir/index.html", cnonce=cnonce, count=1)
        assert f'response="{response}"' in answer


def test_rfc8760_2_3_the_first_known_challenge_is_taken() -> None:
    offered = [
        'Digest realm="a", nonce="1", algorithm=SHA-512-256',
        'Digest realm="b", nonce="2", algorithm=SHA-256',
        'Digest realm="c", nonce="3"',
    ]
    chosen = choose_challenge(offered, ("SHA-256", "MD5"))
    assert chosen is not None
    assert chosen["realm"] == "b"
    plain = choose_challenge(offered, ("MD5",))
    assert plain is not None
    assert plain["realm"] == "c", "no algorithm means MD5"
    assert choose_challenge(['Basic realm="x"'], ("MD5",)) is None
