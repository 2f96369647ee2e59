"""The meter of pacing: what it calls even, late and lost, and that its compiled agents read what a node writes."""

import asyncio
import socket

import numpy as np
import pytest
from bench.agents import arrays, even, kernels, pacing
from bench.report import Report
from bench.rows import Row, row
from numpy.typing import NDArray

from bench import claims, streams
from mixminus.streams.messages import Media, MediaBody, encode

MS = 1_000_000


def frames(*late_ms: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Arrivals and timestamps of a stream whose frames were so late."""
    stamps = 20 * np.arange(1, len(late_ms) + 1)
    return np.asarray((stamps + np.array(late_ms)) * MS, np.int64), stamps


def test_a_frame_is_judged_by_its_own_timestamp_and_its_stream_by_its_median() -> None:
    assert pacing.errors_ms(*frames(7, 7, 7, 7, 7)).tolist() == [0, 0, 0, 0, 0]
    assert pacing.errors_ms(*frames(7, 7, 12, 7, 4)).tolist() == [0, 0, 5, 0, -3]


def test_a_stall_counts_for_every_frame_that_it_kept_waiting() -> None:
    """Spacing would see the first one alone."""
    assert (pacing.errors_ms(*frames(0, 0, 0, 0, 60, 40, 20, 0)) > 10).sum() == 3


def heard(*streams_late_ms: tuple[float, ...]) -> arrays.Connections:
    all_ = arrays.connections(len(streams_late_ms), 1)
    for row_, late_ms in enumerate(streams_late_ms):
        arrived, stamps = frames(*late_ms)
        all_.arrived_ns[row_, : len(late_ms)] = arrived
        all_.read_ns[row_, : len(late_ms)] = arrived + MS
        all_.timestamp_ms[row_, : len(late_ms)] = stamps
        all_.kept[row_] = len(late_ms)
        all_.tally[arrays.READ] += len(late_ms)
    return all_


def test_the_figures_are_of_all_streams_and_what_the_reader_does_is_told_apart() -> None:
    figures = pacing.figures(heard((0.0,) * 50, (3.0,) * 49 + (13.0,)))
    assert figures["streams_heard"] == 2
    assert figures["pacing_p50_ms"] == 0
    assert figures["pacing_max_ms"] == 10
    assert figures["generator_late_p99_ms"] == 1
    assert figures["gaps"] == 0
    assert pacing.figures(arrays.connections(1, 1)) == {"streams_heard": 0}


def masked(text: bytes, opcode: int = 1, mask: bytes = b"\x11\xa2\x33\xf4") -> bytes:
    """A frame as a client sends it (RFC 6455, 5.2)."""
    size = bytes((0x80 | len(text),)) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2)
    return bytes((0x80 | opcode,)) + size + mask + bytes(o ^ mask[i % 4] for i, o in enumerate(text))


def test_the_agents_read_what_a_node_writes_in_any_pieces_and_say_the_audio_back() -> None:
    node, agent = socket.socketpair()
    all_ = arrays.connections(1, 4_096)
    out, wire = np.zeros(arrays.BUFFER_BYTES, np.uint8), b""
    audio = [bytes([n] * 160) for n in range(5)]
    for n, payload in enumerate(audio):
        body = MediaBody("inbound", str(n + 1), str(20 * n + 20), payload)
        wire += masked(encode(Media(str(n + 2), body, "MZ" + "7" * 32)))
    wire += masked(b"hi", opcode=9)
    found = 0
    for piece in (wire[:3], wire[3:200], wire[200:900], wire[900:]):
        filled = int(all_.filled[0])
        all_.buffer[0, filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
        all_.filled[0] += len(piece)
        found += kernels.messages(all_, 0, agent.fileno(), 5, 6, out)
    assert found == 5
    assert all_.timestamp_ms[0, :5].tolist() == [20, 40, 60, 80, 100]
    answers = node.recv(1 << 16)
    for payload in audio:
        size = int.from_bytes(answers[2:4])
        text, answers = answers[4 : 4 + size], answers[4 + size :]
        node_reads = b'{"event":"media","media":{"payload":"'
        assert text == node_reads + encode(payload)[1:-1] + b'"},"streamSid":"MZ' + b"7" * 32 + b'"}'
    assert answers == b"\x8a\x00"
    node.close()
    agent.close()


def test_the_bare_loop_sends_frames_as_long_as_a_nodes() -> None:
    text = encode(Media("1000", MediaBody("inbound", "1000", "00000000", bytes(160)), "MZ" + "0" * 32))
    assert len(even.frame()) == len(masked(text))


def node_row(p99_ms: float) -> Row:
    return row(streams.PART, streams.name(400), {"pacing_p99_ms": p99_ms, "cores": 0.4})


def test_where_a_bare_loop_is_late_a_node_is_not_judged() -> None:
    fine, busy = (row(streams.PART, streams.floor_name(400), {"pacing_p99_ms": ms}) for ms in (0.2, 9.0))
    assert streams.doubted(node_row(3.0), fine) == node_row(3.0)
    doubted = streams.doubted(node_row(30.0), busy)
    assert doubted.median("pacing_p99_ms") is None
    assert doubted.median("cores") == 0.4
    assert "9.0 ms" in doubted.doubts[0]


def test_the_aim_stands_beside_its_figure() -> None:
    answer = {a.what: a for a in claims.measured(Report("x", {}, 1, [node_row(4.2)]))}
    line = answer["pacing error of frames to agents, 400 streams, both ways, one core, p99, ms"]
    assert (line.measured, line.aim, line.met) == ("4.20", "≤ 5", "yes")


@pytest.mark.network
def test_a_few_streams_through_a_real_node() -> None:
    one = asyncio.run(streams.measure(8, 1.0))
    assert one.valid, one.faults
    assert one.median("gaps") == 0
    assert (one.median("control_us") or 0) > 0
