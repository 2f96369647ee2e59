"""What is said, held, and said on: the frames that reach the output."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("pipecat", reason="needs mixminus[ai]")

import asyncio

from pipecat.frames.frames import Frame, LLMFullResponseEndFrame, TTSAudioRawFrame, TTSStartedFrame, TTSStoppedFrame
from pipecat.processors.frame_processor import FrameDirection

from mixminus.agents.io.marks import HoldFrame, MarkFrame, Marks
from mixminus.agents.io.player import LEAD, GroupFrame, Player


class Output:
    """Stands behind the player: plays so many groups of what it is given."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.ended = 0

    async def all_sent(self, end: Frame) -> None:
        self.ended += 1

    async def resumed(self) -> None:
        pass

    def since_hold(self) -> bytes:
        held = [at for at, frame in enumerate(self.frames) if isinstance(frame, HoldFrame)]
        return b"".join(frame.audio for frame in self.frames[held[-1] :] if isinstance(frame, TTSAudioRawFrame))

    @property
    def marks(self) -> list[str]:
        return [frame.message["mark"]["name"] for frame in self.frames if isinstance(frame, MarkFrame)]


def playing() -> tuple[Player, Marks, Output]:
    marks, output = Marks("MZ1"), Output()
    player = Player(marks, output)  # type: ignore[arg-type]

    async def push_frame(frame: Frame, direction: Any = None) -> None:
        output.frames.append(frame)

    player.push_frame = push_frame
    return player, marks, output


def loud(number: int) -> bytes:
    """20 ms that are like no other's."""
    return (1_000 + number).to_bytes(2, "little") * 160


def speech(groups: int) -> list[Frame]:
    """An answer; each group's audio is its number."""
    frames: list[Frame] = [TTSStartedFrame(context_id="c")]
    for number in range(groups):
        frames += [TTSAudioRawFrame(loud(number), 8_000, 1, context_id="c"), GroupFrame(f"w{number}")]
    return [*frames, TTSStoppedFrame(context_id="c"), LLMFullResponseEndFrame()]


@given(st.integers(1, 8), st.data())
def test_after_a_hold_exactly_what_was_not_heard_is_said_again(groups: int, data: st.DataObject) -> None:
    """Wherever in an answer the hold comes, and however much of it was heard."""
    frames = speech(groups)
    held_at = data.draw(st.integers(1, len(frames)))

    async def story() -> None:
        player, marks, output = playing()
        for frame in frames[:held_at]:
            await player.process_frame(frame, FrameDirection.DOWNSTREAM)
        sent = output.marks
        heard = data.draw(st.integers(0, len(sent)))
        words = [marks.heard.returned(mark) for mark in sent[:heard]]
        await player.hold()
        assert player.speaking is (heard < len(sent) or held_at < len(frames) - 1)
        assert [marks.heard.returned(mark) for mark in sent[heard:]] == [""] * (len(sent) - heard)
        for frame in frames[held_at:]:
            await player.process_frame(frame, FrameDirection.DOWNSTREAM)
        assert output.since_hold() == b""
        await player.resume()
        assert output.ended == 1
        assert output.since_hold() == b"".join(loud(n) for n in range(heard, groups))
        words += [marks.heard.returned(mark) for mark in output.marks[len(sent) :]]
        assert [word for word in words if word] == [f"w{n}" for n in range(groups)]
        assert not player.speaking

    asyncio.run(story())


async def test_a_second_hold_keeps_what_the_first_kept() -> None:
    player, marks, output = playing()
    for frame in speech(4):
        await player.process_frame(frame, FrameDirection.DOWNSTREAM)
    marks.heard.returned(output.marks[0])
    await player.hold()
    await player.resume()
    marks.heard.returned(output.marks[4])
    await player.hold()
    await player.resume()
    assert output.since_hold() == loud(2) + loud(3)
    assert sum(isinstance(frame, HoldFrame) for frame in output.frames) == 2


async def test_what_goes_on_does_not_begin_with_a_silence() -> None:
    player, _, output = playing()
    for frame in (TTSAudioRawFrame(bytes(3_200) + loud(1), 8_000, 1), GroupFrame("now,")):
        await player.process_frame(frame, FrameDirection.DOWNSTREAM)
    await player.hold()
    await player.resume()
    assert output.since_hold() == bytes(2 * LEAD) + loud(1)
