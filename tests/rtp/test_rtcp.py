"""RTCP reports as values (RFC 3550 section 6)."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.rtp.rtcp import (
    Compound,
    Report,
    ReportBlock,
    RtcpParseError,
    Sending,
    compound,
    middle_of,
    ntp_time,
    round_trip_s,
)

word = st.integers(0, 2**32 - 1)
blocks = st.builds(ReportBlock, word, st.integers(0, 255), st.integers(-(2**23), 2**23 - 1), word, word, word, word)
sendings = st.builds(Sending, st.integers(0, 2**64 - 1), word, word, word)
reports = st.builds(Report, word, st.none() | sendings, st.lists(blocks, max_size=4).map(tuple))


@given(reports, st.text(max_size=60))
def test_what_is_written_is_read(report: Report, cname: str) -> None:
    data = compound(report, cname)
    assert len(data) % 4 == 0
    assert Compound.parse(data) == Compound((report,))


@given(st.binary(max_size=120))
def test_any_bytes_parse_or_raise_the_declared_error(data: bytes) -> None:
    with contextlib.suppress(RtcpParseError):
        Compound.parse(data)


@given(reports, st.integers(0, 40))
def test_a_report_that_is_cut_off_is_refused(report: Report, kept: int) -> None:
    whole = bytes(report)
    if kept < len(whole):
        with pytest.raises(RtcpParseError):
            Compound.parse(whole[:kept])


def test_rfc3550_6_4_1_the_bytes_of_a_sender_report() -> None:
    report = Report(0x01020304, Sending(5 << 32 | 6, 7, 8, 9), (ReportBlock(10, 11, -1, 12, 13, 14, 15),))
    words = [0x81C8000C, 0x01020304, 5, 6, 7, 8, 9, 10, 11 << 24 | 0xFFFFFF, 12, 13, 14, 15]
    assert bytes(report) == b"".join(word.to_bytes(4) for word in words)


def test_a_goodbye_names_who_leaves() -> None:
    assert Compound.parse(bytes.fromhex("81CB0001 0000002A")).goodbyes == (42,)


def test_rfc3550_6_4_1_the_round_trip_of_the_example() -> None:
    """The figure of that section: sent at b44db705.20, held for 5.25 s, back at b44db711.80(0): 6.125 s."""
    block = ReportBlock(1, 0, 0, 0, 0, 0xB7052000, 0x00054000)
    assert round_trip_s(block, 0xB44DB710_8000_0000) == pytest.approx(6.125)


def test_a_receiver_that_heard_no_sender_report_tells_no_round_trip() -> None:
    assert round_trip_s(ReportBlock(1, 0, 0, 0, 0, 0, 0), ntp_time(1e9)) is None


def test_a_round_trip_into_the_past_is_none() -> None:
    arrived = ntp_time(1e9)
    block = ReportBlock(1, 0, 0, 0, 0, middle_of(arrived) + 10, 0)
    assert round_trip_s(block, arrived) is None
