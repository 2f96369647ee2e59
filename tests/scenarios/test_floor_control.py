"""One agent speaks at a time: issue 4, Roles. By ear."""

import asyncio
import random

import numpy as np
import pytest
from tests.scenarios.agents_at_the_table import connect, post, roles, seat
from tests.scenarios.cast import Scene, enter, scenario
from tests.scenarios.test_speakers import sentence
from tests.scenarios.test_stream_formats import opus_hum
from tests.scenarios.test_streams import heard_hz
from twilio.base.exceptions import TwilioRestException

from mixminus.testing.g711 import Samples
from mixminus.testing.palette import FREQUENCIES_HZ
from mixminus.testing.stream_agent import StreamConversation

FIRST_HZ, SECOND_HZ, THIRD_HZ = 521, 733, 971


async def table(
    scene: Scene, policy: str, *names: str, document: str | None = None
) -> list[tuple[str, StreamConversation]]:
    """Alice, and agents in a conference of that policy."""
    said = f'<Response><Dial><Conference floorControl="{policy}" beep="false">room</Conference></Dial></Response>'
    await scene.calls_in("alice", said)
    return [await seat(scene, name, document=document) for name in names]


def together(scene: Scene, name: str, since: float) -> list[frozenset[int]]:
    """What sounded in every cell of somebody's ear."""
    now = asyncio.get_running_loop().time()
    return [frozenset(cell.notes) for cell in scene.calls[name].line.ear.notes(since, now, FREQUENCIES_HZ)]


def floors(talk: StreamConversation) -> list[str]:
    return [role["floor"] for role in roles(talk)]


@scenario
async def test_off_by_default_all_speak(scene: Scene) -> None:
    await scene.calls_in("alice", enter("room", beep=False))
    for name, hertz in (("one", FIRST_HZ), ("two", SECOND_HZ)):
        _, talk = await seat(scene, name)
        talk.hum(hertz, 5.0)
    await asyncio.sleep(0.3)
    assert await heard_hz(scene, "alice") == {FIRST_HZ, SECOND_HZ}


@scenario
async def test_agents_queue_and_their_marks_follow_what_is_played(scene: Scene) -> None:
    (_, one), (_, two), (_, three) = await table(scene, "queue", "one", "two", "three")
    began = asyncio.get_running_loop().time()
    for talk, hertz in ((one, FIRST_HZ), (two, SECOND_HZ), (three, THIRD_HZ)):
        talk.hum(hertz, 2.0)
        talk.mark("end")
        await asyncio.sleep(0.1)
    await asyncio.sleep(8.5)
    cells = together(scene, "alice", began)
    assert all(len(cell) <= 1 for cell in cells)
    heard = [next(iter(cell)) for cell in cells if cell]
    assert list(dict.fromkeys(heard)) == [FIRST_HZ, SECOND_HZ, THIRD_HZ]
    ear = scene.calls["alice"].line.ear
    for talk, hertz in ((one, FIRST_HZ), (two, SECOND_HZ), (three, THIRD_HZ)):
        first, last = ear.first_heard(hertz), ear.last_heard(hertz)
        assert first is not None
        assert last is not None
        assert last - first == pytest.approx(2.0, abs=0.05), "all of it"
        assert abs(talk.mark_at("end") - last) < 0.041
    assert floors(two) == ["free", "theirs", "yours", "theirs", "free"]


@scenario
async def test_a_human_interrupts_and_the_queue_goes_on_where_it_was(scene: Scene) -> None:
    (_, one), (_, two) = await table(scene, "queue", "one", "two")
    await scene.calls_in("bob", enter("room", beep=False))
    one.hum(FIRST_HZ, 6.0)
    one.mark("end")
    await asyncio.sleep(1.0)
    two.hum(SECOND_HZ, 1.0)
    spoke_at = asyncio.get_running_loop().time()
    saying = asyncio.ensure_future(scene.calls["bob"].say(sentence()))
    await asyncio.sleep(1.0)
    ear = scene.calls["alice"].line.ear
    last = ear.last_heard(FIRST_HZ)
    assert last is not None
    assert last - spoke_at <= 0.5, "from the first sound of the sentence: a voice is one after 0.2 s"
    assert floors(one)[-1] == "human"
    assert one.marks == []
    await saying
    await asyncio.sleep(8.0)
    cells = together(scene, "alice", spoke_at - 1.0)
    played = sum(FIRST_HZ in cell for cell in cells) * 0.02
    assert not any({FIRST_HZ, SECOND_HZ} <= cell for cell in cells)
    assert one.marks == ["end"]
    assert played == pytest.approx(6.0, abs=0.2)
    second = ear.first_heard(SECOND_HZ)
    assert second is not None
    assert second > one.mark_at("end")


@scenario
async def test_or_it_is_cleared_and_told(scene: Scene) -> None:
    document = connect("one", reportRole="true", reportPlayed="true")
    [(_, one)] = await table(scene, "drop", "one", document=document)
    await scene.calls_in("bob", enter("room", beep=False))
    one.hum(FIRST_HZ, 6.0)
    one.mark("end")
    await asyncio.sleep(1.0)
    await scene.calls["bob"].say(sentence())
    assert one.marks == ["end"]
    [played] = one.said("played")
    assert played["played"]["saidMs"] == "6000"
    assert 1_000 <= int(played["played"]["playedMs"]) <= 1_700
    await asyncio.sleep(3.0)
    assert floors(one)[-1] == "free"
    one.hum(FIRST_HZ, 1.0)
    await asyncio.sleep(0.2)
    assert await heard_hz(scene, "alice") == {FIRST_HZ}


@scenario
async def test_who_is_not_queued_is_heard_by_nobody_and_its_marks_come_in_time(scene: Scene) -> None:
    (_, one), (_, two) = await table(scene, "drop", "one", "two")
    one.hum(FIRST_HZ, 3.0)
    await asyncio.sleep(0.2)
    began = asyncio.get_running_loop().time()
    two.hum(SECOND_HZ, 1.0)
    two.mark("end")
    await asyncio.sleep(4.0)
    assert abs(two.mark_at("end") - began - 1.0) < 0.1
    assert scene.calls["alice"].line.ear.first_heard(SECOND_HZ) is None
    two.hum(SECOND_HZ, 1.0)
    await asyncio.sleep(0.2)
    assert await heard_hz(scene, "alice") == {SECOND_HZ}, "the next time it was first"


@scenario
async def test_an_agent_that_streams_in_real_time_with_silence_between_holds_nothing(scene: Scene) -> None:
    (_, one), (_, two) = await table(scene, "queue", "one", "two")
    for _ in range(50):  # silence all the time: it is no speech
        one.say_octets(b"\xff" * 160)
        await asyncio.sleep(0.02)
    two.hum(SECOND_HZ, 1.0)
    await asyncio.sleep(0.2)
    assert await heard_hz(scene, "alice") == {SECOND_HZ}


@scenario
async def test_a_whisper_takes_no_floor_and_is_not_stopped_by_it(scene: Scene) -> None:
    (_, one), (sid, two) = await table(scene, "queue", "one", "two")
    await scene.calls_in("bob", enter("room", beep=False))
    room = (await scene.conference()).sid
    await post(scene, f"/Conferences/{room}/Participants/{sid}", Coaching="true", CallSidToCoach=scene.sid("bob"))
    one.hum(FIRST_HZ, 10.0)
    two.hum(SECOND_HZ, 10.0)
    await asyncio.sleep(0.3)
    assert await heard_hz(scene, "bob") == {FIRST_HZ, SECOND_HZ}
    assert await heard_hz(scene, "alice") == {FIRST_HZ}
    since = asyncio.get_running_loop().time()
    await post(scene, f"/Conferences/{room}/Participants/{sid}", Coaching="false")
    await asyncio.sleep(1.0)
    assert not any({FIRST_HZ, SECOND_HZ} <= cell for cell in together(scene, "alice", since)), "not for one frame"


@scenario
async def test_a_muted_agent_has_no_floor_to_keep(scene: Scene) -> None:
    (sid, one), (_, two) = await table(scene, "queue", "one", "two")
    one.hum(FIRST_HZ, 20.0)
    await asyncio.sleep(0.2)
    two.hum(SECOND_HZ, 5.0)
    await scene.update(sid, muted=True)
    assert await heard_hz(scene, "alice", 0.3) == {SECOND_HZ}
    since = asyncio.get_running_loop().time()
    await scene.update(sid, muted=False)
    await asyncio.sleep(1.0)
    assert not any({FIRST_HZ, SECOND_HZ} <= cell for cell in together(scene, "alice", since)), "not for one frame"
    assert await heard_hz(scene, "alice") == {SECOND_HZ}


@scenario
async def test_whoever_leaves_leaves_the_floor(scene: Scene) -> None:
    (_, one), (_, two) = await table(scene, "queue", "one", "two")
    one.hum(FIRST_HZ, 20.0)
    await asyncio.sleep(0.2)
    two.hum(SECOND_HZ, 3.0)
    one.hang_up()
    await asyncio.sleep(0.3)
    assert await heard_hz(scene, "alice") == {SECOND_HZ}


@scenario
async def test_it_may_be_switched_while_agents_talk(scene: Scene) -> None:
    (_, one), (_, two) = await table(scene, "off", "one", "two")
    room = f"/Conferences/{(await scene.conference()).sid}"
    one.hum(FIRST_HZ, 20.0)
    two.hum(SECOND_HZ, 20.0)
    await asyncio.sleep(0.3)
    await post(scene, room, FloorControl="queue")
    assert len(await heard_hz(scene, "alice")) == 1
    await post(scene, room, FloorControl="drop")
    assert len(await heard_hz(scene, "alice")) == 1
    await post(scene, room, FloorControl="off")
    assert await heard_hz(scene, "alice") == {FIRST_HZ, SECOND_HZ}
    with pytest.raises(TwilioRestException) as refusal:
        await post(scene, room, FloorControl="mine")
    assert refusal.value.code == 16002


@scenario
async def test_humans_are_never_silenced_by_it(scene: Scene) -> None:
    [(_, one)] = await table(scene, "queue", "one")
    bob = await scene.calls_in("bob", enter("room", beep=False))
    bob.hum(SECOND_HZ)
    scene.calls["alice"].hum(THIRD_HZ)
    one.hum(FIRST_HZ, 5.0)
    await asyncio.sleep(0.3)
    assert await heard_hz(scene, "alice") == {FIRST_HZ, SECOND_HZ}
    assert await heard_hz(scene, "bob") == {FIRST_HZ, THIRD_HZ}
    assert one.hears() == {SECOND_HZ, THIRD_HZ}


def note(hertz: int, seconds: float) -> Samples:
    time = np.arange(round(seconds * 8_000)) / 8_000
    return np.round(3_000 * np.sin(2 * np.pi * hertz * time)).astype(np.int16)


async def talks(talk: StreamConversation, hertz: int, draw: random.Random, *, at_once: bool) -> float:
    """Three utterances, sent at once or in real time. Returns how many seconds they are."""
    total = 0.0
    for number in range(3):
        await asyncio.sleep(draw.uniform(0.0, 3.0))
        seconds = 0.02 * draw.randint(20, 120)
        total += seconds
        if at_once:
            talk.hum(hertz, seconds)
        else:
            for frame in np.split(note(hertz, seconds), round(seconds / 0.02)):
                talk.say(frame)
                await asyncio.sleep(0.02)
        talk.mark(str(number))
    return total


async def speaks(scene: Scene, name: str, draw: random.Random) -> None:
    for _ in range(3):
        await asyncio.sleep(draw.uniform(1.0, 6.0))
        await scene.calls[name].say(sentence())


@pytest.mark.parametrize("policy", ["queue", "drop"])
@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_said_at_random_no_two_agents_are_heard_at_once(policy: str, seed: int) -> None:
    @scenario
    async def story(scene: Scene) -> None:
        draw = random.Random(seed)
        agents = [talk for _, talk in await table(scene, policy, "one", "two", "three")]
        await scene.calls_in("bob", enter("room", beep=False))
        since = asyncio.get_running_loop().time()
        notes = (FIRST_HZ, SECOND_HZ, THIRD_HZ)
        said = await asyncio.gather(
            *(
                talks(talk, hertz, random.Random(draw.random()), at_once=hertz != THIRD_HZ)
                for talk, hertz in zip(agents, notes, strict=True)
            ),
            speaks(scene, "bob", draw),
        )
        await asyncio.sleep(30.0)
        cells = together(scene, "alice", since)
        assert all(len(cell & set(notes)) <= 1 for cell in cells)
        heard = [sum(hertz in cell for cell in cells) * 0.02 for hertz in notes]
        for talk, heard_s, said_s in zip(agents, heard, said, strict=False):
            assert talk.marks == ["0", "1", "2"], "in order, none lost, whatever was played"
            assert heard_s <= float(said_s or 0) + 0.5
            if policy == "queue":
                assert heard_s == pytest.approx(said_s, abs=0.5)

    story()


@pytest.mark.parametrize(("encoding", "rate_hz"), [("audio/x-l16", 16_000), ("audio/opus", 48_000)])
def test_a_queue_goes_on_where_it_was_in_every_format(encoding: str, rate_hz: int) -> None:
    @scenario
    async def story(scene: Scene) -> None:
        document = connect("one", audioFormat=encoding, sampleRate=str(rate_hz), reportRole="true")
        [(_, one)] = await table(scene, "queue", "one", document=document)
        await scene.calls_in("bob", enter("room", beep=False))
        since = asyncio.get_running_loop().time()
        if encoding == "audio/opus":
            opus_hum(one, FIRST_HZ, 4.0)
        else:
            one.hum(FIRST_HZ, 4.0)
        one.mark("end")
        await asyncio.sleep(1.0)
        await scene.calls["bob"].say(sentence())
        assert floors(one)[-1] == "human"
        assert one.marks == []
        await asyncio.sleep(6.0)
        heard_s = sum(FIRST_HZ in cell for cell in together(scene, "alice", since)) * 0.02
        assert heard_s == pytest.approx(4.0, abs=0.2)
        assert one.marks == ["end"]

    story()
