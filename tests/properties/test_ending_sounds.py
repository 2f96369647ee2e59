"""A sound ends when nobody wants it any more, and nobody waits for one that has ended."""

import asyncio
import random
from collections.abc import Iterator

import pytest

from mixminus.app.media_link import MediaLink
from mixminus.media.contract import CloseLeg, LegRow, OpenPipe, SetRoom, Tone
from mixminus.media.engine import Engine, EngineSettings
from mixminus.media.in_process import InProcessPlane

BEEP = (Tone((400.0,), 1_000),)
ROOM, LEG = 900, 901


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(EngineSettings(legs=4, rooms=2, players=4, recorders=1), random.Random(7).randbytes) as engine:
        yield engine


@pytest.fixture
def media(engine: Engine) -> MediaLink:
    link = MediaLink(InProcessPlane(engine, lambda *_: None))
    link.apply(OpenPipe(LEG, LEG + 1), SetRoom(ROOM, (LegRow(LEG, True, True),)))
    return link


async def test_a_player_stops_when_who_waits_for_it_is_cancelled(engine: Engine, media: MediaLink) -> None:
    async def play() -> None:
        playback = media.play(BEEP, leg=LEG)
        try:
            await playback.finished
        finally:
            playback.stop()

    waiting = asyncio.ensure_future(play())
    await asyncio.sleep(0)
    assert engine.players.slots.count == 1
    waiting.cancel()
    await asyncio.wait([waiting])
    assert engine.players.slots.count == 0


@pytest.mark.parametrize("ending", [CloseLeg(LEG), SetRoom(ROOM, ())], ids=["leg", "room"])
async def test_nobody_waits_for_what_ended_with_its_leg_or_room(
    engine: Engine, media: MediaLink, ending: CloseLeg | SetRoom
) -> None:
    room = isinstance(ending, SetRoom)
    ends = media.play(BEEP, room=ROOM if room else None, leg=None if room else LEG)
    plays_on = media.play(BEEP, leg=LEG + 1)
    media.apply(ending)
    assert ends.finished.cancelled()
    assert not plays_on.finished.done()
    assert ends.hush() == ()
    assert engine.players.slots.count == 1


async def test_nobody_waits_for_keys_of_a_leg_that_is_gone(media: MediaLink) -> None:
    pressing = asyncio.ensure_future(media.send_digits(LEG, "123"))
    await asyncio.sleep(0)
    media.close_leg(LEG)
    await asyncio.wait([pressing], timeout=1)
    assert pressing.cancelled()
