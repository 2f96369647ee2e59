"""A control plane that does not keep up: it loses audio of streams, and nothing else, and the worker lives."""

import socket
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from tests.media.studio import Studio, hum

from mixminus.audio import g711
from mixminus.media import worker
from mixminus.media.contract import AskStatistics, Event, OpenStream, Statistics, StreamsHeard, StreamsSay, Tap
from mixminus.media.stream_terms import PLAYED_NUMBERS, TRACK_NUMBERS
from mixminus.media.wire import event_unframer
from mixminus.media.worker import ControlLink


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        yield ours, theirs


def read(end: socket.socket) -> list[Event]:
    """All that is there."""
    data = b""
    try:
        while piece := end.recv(1 << 20):
            data += piece
    except BlockingIOError:
        pass
    return [event for events in event_unframer().feed(data) for event in events]


def test_what_a_busy_control_plane_misses_is_audio_alone(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "BEHIND_BYTES", 20_000)
    studio, link = Studio(), ControlLink(ends[0])
    studio.phone(1)
    studio.apply(OpenStream(50, tuple((Tap("leg_in", 1),) for _ in range(20)), leg=1))
    ticks, said = 200, 200 * 160

    def pass_time() -> None:
        studio.apply(StreamsSay((50,), (160,), g711.encode_ulaw(hum(400))))
        studio.engine.tick()
        link.tell(studio.engine)

    for _ in range(ticks):
        pass_time()
    events: list[Event] = []
    while link._unsent:  # now it reads
        events += read(ends[1])
        link.tell(studio.engine)
    studio.engine.tick()
    studio.apply(AskStatistics(7))
    link.tell(studio.engine)
    events += read(ends[1])
    heard = [event for event in events if isinstance(event, StreamsHeard)]
    rows = np.concatenate([np.frombuffer(event.tracks, np.int64).reshape(-1, TRACK_NUMBERS) for event in heard])
    seen = [int(tick) for stream, track, tick, _ in rows if track == 0]
    assert 10 < len(seen) < ticks
    assert max(later - sooner for sooner, later in pairwise(seen)) == ticks + 2 - len(seen), "one gap, which tells"
    assert sum(len(event.audio) for event in heard) == 160 * len(rows)
    played = np.concatenate([np.frombuffer(event.played, np.int64).reshape(-1, PLAYED_NUMBERS) for event in heard])
    assert played[:, 2].tolist() == list(range(160, said + 1, 160)), "marks are due by it"
    (statistics,) = (event for event in events if isinstance(event, Statistics))
    assert statistics.worker.left_out_frames == 20 * (ticks + 1) - len(rows)
    assert link.is_open
