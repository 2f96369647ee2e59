"""What went over the wire can be looked at afterwards: found by call, without secrets, in little memory."""

import shutil
import subprocess
from datetime import UTC, datetime
from ipaddress import IPv6Address
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.base.stun import Class, StunMessage
from mixminus.sip.contract import Address, Listener, Transmit, Transport
from mixminus.sip.tracing.capture import capture
from mixminus.sip.tracing.ladder import drawn, ladder
from mixminus.sip.tracing.picture import picture
from mixminus.sip.tracing.redaction import redacted
from mixminus.sip.tracing.trace import OVERHEAD_BYTES, SipTrace

ALICE = Address(Transport.UDP, "10.0.1.1", 5060)
BOB = Address(Transport.TCP, "2001:db8::2", 5070)
US = ("10.0.0.1", 5060)
SDP = b"v=0\r\no=- 1 1 IN IP4 10.0.1.1\r\ns=-\r\n"


def message(first: bytes, call_id: bytes = b"c1", body: bytes = b"", *headers: bytes) -> bytes:
    lines = (first, b"Call-ID: " + call_id, b"CSeq: 1 INVITE", *headers, b"Content-Length: %d" % len(body), b"", b"")
    return b"\r\n".join(lines) + body


INVITE = message(b"INVITE sip:+15550001000@10.0.0.1 SIP/2.0", body=SDP)
RINGING = message(b"SIP/2.0 180 Ringing")
OK = message(b"SIP/2.0 200 OK", body=SDP)


def a_call() -> SipTrace:
    """Alice's INVITE came twice; Bob was asked in a call of his own."""
    trace = SipTrace()
    trace.received(INVITE, ALICE, 100.0)
    trace.received(INVITE, ALICE, 100.5)
    trace.sent(Transmit(RINGING, ALICE), 100.6)
    trace.sent(Transmit(message(b"INVITE sip:bob@example.com SIP/2.0", b"c2", SDP), BOB), 101.0)
    trace.received(message(b"SIP/2.0 486 Busy Here", b"c2"), BOB, 101.25)
    trace.sent(Transmit(OK, ALICE), 103.0)
    return trace


def test_a_call_is_found_by_its_call_ids() -> None:
    trace = a_call()
    assert [each.start_line for each in trace.of_calls(["c2"])] == [
        "INVITE sip:bob@example.com SIP/2.0",
        "SIP/2.0 486 Busy Here",
    ]
    assert [each.number for each in trace.of_calls(["c2", "c1", "c1"])] == [1, 2, 3, 4, 5, 6]
    assert trace.of_calls(["nobody's"]) == ()


def test_what_came_last_is_told_to_those_who_know_the_rest() -> None:
    assert [each.number for each in a_call().since(4)] == [5, 6]
    assert not list(a_call().since(6))


def test_a_compact_call_id_is_one_too_and_a_body_has_none() -> None:
    trace = SipTrace()
    trace.received(b"BYE sip:a SIP/2.0\r\ni : short\r\n\r\n", ALICE, 0.0)
    trace.received(b"MESSAGE sip:a SIP/2.0\r\nTo: b\r\n\r\nhello\r\nCall-ID: forged\r\n", ALICE, 0.0)
    assert [each.call_id for each in trace.since(0)] == ["short", ""]


def test_the_oldest_make_room() -> None:
    trace = SipTrace(10 * (len(INVITE) + OVERHEAD_BYTES))
    for _ in range(50):
        trace.received(INVITE, ALICE, 0.0)
    assert [each.number for each in trace.of_calls(["c1"])] == list(range(41, 51))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 900)), max_size=60), st.integers(0, 5_000))
def test_the_ring_never_holds_more_than_it_may_and_its_index_is_the_ring(
    messages: list[tuple[int, int]], most: int
) -> None:
    trace = SipTrace(most)
    for call, size in messages:
        trace.received(message(b"INFO sip:a SIP/2.0", b"c%d" % call, b"y" * size), ALICE, 0.0)
    kept = list(trace.since(0))
    assert sum(len(each.data) + OVERHEAD_BYTES for each in kept) <= most
    assert list(trace.of_calls([f"c{call}" for call in range(4)])) == kept


def test_keep_alives_are_not_messages() -> None:
    trace = SipTrace()
    trace.received(b"\r\n\r\n", ALICE, 0.0)
    assert not list(trace.since(0))


# --- secrets ------------------------------------------------------------------------------------------------------

SECRETS = {
    "a digest answer": b'Authorization: Digest username="ana", nonce="n", response="HUSH", algorithm=MD5',
    "one to a proxy": b'PROXY-AUTHORIZATION : Digest response=HUSH, username="ana"',
    "a password as it is": b"Authorization: Basic HUSH",
    "a key of SRTP": b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:HUSH|2^20|1:4",
    "two keys of SRTP": b"a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:HUSH;inline:HUSH|2^20",
    "a password of ICE": b"a=ice-pwd:HUSH",
    "a key of SDP": b"k=HUSH",
    "a password in an address": b"Contact: <sip:ana:HUSH@10.0.0.9>",
}


@pytest.mark.parametrize("line", SECRETS.values(), ids=SECRETS)
def test_a_secret_is_never_kept(line: bytes) -> None:
    sent = message(b"REGISTER sip:x SIP/2.0", b"c1", b"v=0\r\n" + line + b"\r\n", line)
    shown = redacted(sent)
    assert b"HUSH" not in shown
    assert len(shown) == len(sent)
    assert line.partition(b"HUSH")[0] in shown


@pytest.mark.parametrize("body", [b"Signal=5\r\nDuration=160\r\n", b"Signal= 5\r\nDuration= 160", b"5"])
def test_pressed_keys_are_never_kept(body: bytes) -> None:
    info = message(b"INFO sip:x SIP/2.0", b"c1", body, b"Content-Type: application/dtmf-relay")
    assert b"5" not in redacted(info).partition(b"\r\n\r\n")[2].replace(b"Content-Length: 5", b"")
    assert redacted(info).partition(b"\r\n\r\n")[0] == info.partition(b"\r\n\r\n")[0]


def test_a_message_without_secrets_is_kept_as_it_was() -> None:
    assert redacted(INVITE) is INVITE


@pytest.mark.parametrize(
    "flood",
    [b"sip:" * 16_000, b"sip:a:b" * 9_000, b"Authorization: Digest " * 2_900, b"application/dtmf\r\n\r\n" * 3_200,
     b"inline:" * 9_000, b"Signal=" * 9_000, b"k=" * 32_000],
    ids=lambda flood: flood[:20].decode(),
)  # fmt: skip
def test_looking_for_secrets_takes_no_longer_where_a_stranger_wants_it_to(flood: bytes) -> None:
    redacted(b"INVITE sip:x SIP/2.0\r\n" + flood)  # the suite's time limit would be met


# --- how it is shown ----------------------------------------------------------------------------------------------


def test_the_ladder_shows_who_said_what_to_whom() -> None:
    assert drawn(ladder(a_call().of_calls(["c1", "c2"]))) == Path(__file__).with_name("ladder.txt").read_text()


def test_the_picture_is_sound_xml_whatever_was_said() -> None:
    trace = a_call()
    trace.received(b'\x1b[2J<script>&"\x00 \xff\xfe not SIP', ALICE, 104.0)
    svg = ElementTree.fromstring(picture(tuple(trace.since(0))))
    titles = [title.text or "" for title in svg.iter("{http://www.w3.org/2000/svg}title")]
    assert titles[0].startswith("INVITE sip:+15550001000@10.0.0.1 SIP/2.0")
    assert not any("\x1b" in title for title in titles)


def test_how_a_message_travelled_is_on_the_ladder() -> None:
    trace = SipTrace()
    for transport in Transport:
        trace.received(INVITE, Address(transport, "2001:db8::7", 5061), 100.0)
    heads = drawn(ladder(tuple(trace.since(0)))).splitlines()[0]
    assert [f"{transport} [2001:db8::7]:5061" in heads for transport in Transport] == [True] * 5


def test_keep_alives_are_no_messages() -> None:
    trace = SipTrace()
    for data in (b"\r\n\r\n", b"\r\n", b"\0\0\0\0", StunMessage(Class.REQUEST, b"123456789012").written()):
        trace.received(data, ALICE, 100.0)
    assert not list(trace.since(0))


def test_a_capture_tells_which_of_our_addresses_was_spoken_to() -> None:
    six = Listener(Transport.UDP, "2001:db8::1", 5062)
    trace = SipTrace()
    trace.received(INVITE, Address(Transport.UDP, "2001:db8::7", 5060, six), 100.0)
    packet = capture(trace.since(0), US, datetime(2026, 1, 2, tzinfo=UTC), 100.0)[24 + 16 :]
    assert packet[8:40] == IPv6Address("2001:db8::7").packed + IPv6Address("2001:db8::1").packed
    assert int.from_bytes(packet[42:44]) == 5062


def test_a_capture_file_is_read_by_analysers(tmp_path: Path) -> None:
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    file = tmp_path / "call.pcap"
    began = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    file.write_bytes(capture(a_call().since(0), US, began, 100.0))
    fields = ("ip.src", "ipv6.src", "udp.dstport", "sip.Method", "sip.Status-Code", "sip.Call-ID", "frame.time_epoch")
    command = ["tshark", "-r", str(file), "-T", "fields", *(word for field in fields for word in ("-e", field))]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line.split("\t")[:6] for line in shown] == [
        ["10.0.1.1", "", "5060", "INVITE", "", "c1"],
        ["10.0.1.1", "", "5060", "INVITE", "", "c1"],
        ["10.0.0.1", "", "5060", "", "180", "c1"],
        ["", "::ffff:10.0.0.1", "5070", "INVITE", "", "c2"],
        ["", "2001:db8::2", "5060", "", "486", "c2"],
        ["10.0.0.1", "", "5060", "", "200", "c1"],
    ]
    assert float(shown[-1].split("\t")[6]) == pytest.approx(began.timestamp() + 3.0)
    wrong = ("-o", "udp.check_checksum:TRUE", "-Y", "udp.checksum.status==0 || ip.checksum.status==0")
    bad = subprocess.run(["tshark", "-r", str(file), *wrong], capture_output=True, text=True, check=True)
    assert not bad.stdout
