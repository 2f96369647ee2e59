import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.media.contract import (
    Command,
    Event,
    LegRow,
    OpenLeg,
    Pcm,
    Play,
    RecordingStopped,
    SetRoom,
    Silence,
    StartRecording,
    Tap,
    Tone,
)
from mixminus.media.wire import WireError, command_unframer, event_unframer, framed

COMMANDS: tuple[Command, ...] = (
    OpenLeg(1),
    SetRoom(2, (LegRow(1, True, False, plus=(3,)),)),
    Play(3, (Pcm("/a"), Silence(5), Tone((440.0,), 20)), room=2),
    StartRecording("RE1", "/b", ((Tap("bus", 2),),)),
)


@given(st.lists(st.integers(1, 50)))
def test_messages_arrive_whole_in_whatever_pieces_they_travel(cuts: list[int]) -> None:
    stream, unframer, got = framed(COMMANDS) + framed(()) + framed(COMMANDS[:1]), command_unframer(), []
    for size in [*cuts, len(stream)]:
        got += unframer.feed(stream[:size])
        stream = stream[size:]
    assert got == [COMMANDS, (), COMMANDS[:1]]


def test_events_travel_too() -> None:
    events: tuple[Event, ...] = (RecordingStopped("RE1", 1, 2, silent=True, error="why"),)
    assert event_unframer().feed(framed(events)) == [events]


@pytest.mark.parametrize("data", [b"\xff\xff\xff\xff", b"\0\0\0\1\xc1", framed((RecordingStopped("", 0, 0, True),))])
def test_what_is_no_message_raises_the_declared_error(data: bytes) -> None:
    with pytest.raises(WireError):
        command_unframer().feed(data)
