"""How what streams say reaches the engine: ahead by the lead, together, and nobody is asked in vain."""

import asyncio

import numpy as np

from mixminus.app.streams.stream_link import StreamLink
from mixminus.media.contract import Command, StreamsHeard, StreamsSay
from mixminus.streams.playout import Playout

LEAD = 1_600


class Owner:
    """A stream that says what is in its playout."""

    def __init__(self) -> None:
        self.playout = Playout(LEAD, 1_000_000)
        self.asked = 0

    def heard(self, track: int, audio: bytes, tick: int) -> None:
        pass

    def played(self, epoch: int, octets: int) -> None:
        self.playout.played(epoch, octets)

    @property
    def has_audio(self) -> bool:
        return self.playout.is_waiting

    def take_audio(self) -> bytes:
        self.asked += 1
        return self.playout.take_audio()


def played(*rows: tuple[int, int, int]) -> StreamsHeard:
    return StreamsHeard(b"", b"", np.array(rows, np.int64).tobytes())


async def test_who_is_far_ahead_is_asked_when_it_was_played_and_not_when_others_speak() -> None:
    commands: list[Command] = []
    link = StreamLink(commands.append)
    owners = [Owner(), Owner()]
    ahead, other = (link.open((), 1, owner) for owner in owners)
    owners[0].playout.say(b"\x01" * 10_000)
    link.talks(ahead)
    await asyncio.sleep(0)
    for _ in range(20):
        owners[1].playout.say(b"\x02" * 10)
        link.talks(other)
        await asyncio.sleep(0)
    assert (owners[0].asked, owners[1].asked) == (1, 20)
    for tick in range(1, 70):
        link.heard(played((ahead, 0, min(10_000, 160 * tick)), (other, 0, 160)))
    said = [command for command in commands if isinstance(command, StreamsSay)]
    of_first = [command.audio for command in said if command.streams == (ahead,)]
    assert [len(audio) for audio in of_first[:3]] == [LEAD, 160, 160]
    assert b"".join(of_first) == b"\x01" * 10_000
    assert owners[1].asked == 20


async def test_all_that_is_said_in_one_turn_of_the_loop_is_one_message() -> None:
    commands: list[Command] = []
    link = StreamLink(commands.append)
    owners = [Owner() for _ in range(5)]
    streams = [link.open((), 1, owner) for owner in owners]
    for stream, owner in zip(streams, owners, strict=True):
        owner.playout.say(bytes([stream]) * stream)
        link.talks(stream)
    await asyncio.sleep(0)
    (said,) = (command for command in commands if isinstance(command, StreamsSay))
    assert said == StreamsSay(tuple(streams), tuple(streams), b"".join(bytes([n]) * n for n in streams))
