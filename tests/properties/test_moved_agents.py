"""Whatever happens to agents that are moved about, the node comes to rest, and no stream outlives its call."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.properties.chaos import (
    Action,
    ByPhone,
    ChangeCall,
    ChangeConference,
    ChangeParticipant,
    Dial,
    HangUp,
    Stage,
    Story,
    Vanish,
    delays,
    number_of,
)
from tests.properties.exact_time import run_exactly
from tests.properties.test_world_laws import tell

from mixminus.base.sids import APPLICATION
from mixminus.base.types import Sid
from mixminus.calls.commands import AddParticipant, MoveStreamToCall, MoveStreamToConference
from mixminus.calls.options import ConferenceOptions, DialOptions, ParticipantOptions
from mixminus.calls.records import ApplicationRecord, VoiceInstructions

STORIES = int(os.environ.get("MIXMINUS_STORIES", "100"))

AGENT = "wss://agent.example.com/media"
SLOW = "wss://agent.example.com/slow"
NOBODY = "wss://agent.example.com/nobody"
APP = Sid(APPLICATION + "b" * 32)
ROOMS = ("room", "hall")


async def open_agents(stage: Stage) -> None:
    world = stage.world
    world.agents.at(AGENT).echoes()
    world.agents.at(SLOW).delay_s = 0.2
    now = world.clock.utc()
    voice = VoiceInstructions(world.url("/agent"))
    await world.store.save(ApplicationRecord(APP, world.account_sid, "agent", now, now, voice))
    for path, url in (("/agent", AGENT), ("/slow-agent", SLOW), ("/no-agent", NOBODY)):
        body = f"<Connect action='/room'><Stream url='{url}'/></Connect>"
        world.app.answers(path, f"<Response>{body}</Response>")


@dataclass(frozen=True)
class CallAgent(ByPhone):
    """Somebody calls a number that an agent answers."""

    who: str
    path: str

    async def ask(self, stage: Stage) -> None:
        await stage.phones[self.who].place(number_of(self.path))


@dataclass(frozen=True)
class AddAgent(Action):
    room: str
    coach: bool
    ends: bool

    async def ask(self, stage: Stage) -> None:
        coached = stage.call(0) if self.coach else None
        options = ParticipantOptions(
            end_conference_on_exit=self.ends,
            coaching=coached is not None,
            call_sids_to_coach=(coached,) if coached else (),
        )
        dial = DialOptions(f"app:{APP}", "+15550001000", timeout_s=2)
        await stage.world.exchange.add_participant(AddParticipant(self.room, dial, options, ConferenceOptions()))


@dataclass(frozen=True)
class Bring(Action):
    stream: int
    room: str
    label: str | None
    muted: bool
    ends: bool

    async def ask(self, stage: Stage) -> None:
        agents = stage.world.exchange.agents()
        if agents:
            command = MoveStreamToConference(
                agents[self.stream % len(agents)].sid,
                self.room,
                agent=ParticipantOptions(label=self.label, muted=self.muted),
                call=ParticipantOptions(end_conference_on_exit=self.ends),
                options=ConferenceOptions(),
            )
            await stage.world.exchange.move_stream(command)


@dataclass(frozen=True)
class Leave(Action):
    stream: int
    call: int

    async def ask(self, stage: Stage) -> None:
        agents, call = stage.world.exchange.agents(), stage.call(self.call)
        if agents and call:
            await stage.world.exchange.move_stream(MoveStreamToCall(agents[self.stream % len(agents)].sid, call))


@dataclass(frozen=True)
class Return(Action):
    """To the caller in whose call it began."""

    stream: int

    async def ask(self, stage: Stage) -> None:
        if agents := stage.world.exchange.agents():
            agent = agents[self.stream % len(agents)]
            await stage.world.exchange.move_stream(MoveStreamToCall(agent.sid, agent.first_call_sid))


@dataclass(frozen=True)
class AgentGoes(Action):
    number: int
    breaks_off: bool

    async def ask(self, stage: Stage) -> None:
        here = [one for url in (AGENT, SLOW) for one in stage.world.agents.at(url).conversations if one.is_open]
        if here:
            one = here[self.number % len(here)]
            one.break_off() if self.breaks_off else one.hang_up()


who = st.sampled_from(["ann", "bob", "cid"])
rooms, few, rarely = st.sampled_from(ROOMS), st.integers(0, 3), st.sampled_from([False, False, True])
numbers = st.sampled_from(["/agent", "/agent", "/slow-agent", "/no-agent"])
brings = st.builds(Bring, few, rooms, st.sampled_from([None, None, "x"]), rarely, rarely)
actions: st.SearchStrategy[Action] = st.one_of(
    brings,
    brings,
    st.builds(Leave, few, st.integers(0, 5)),
    st.builds(Return, few),
    st.builds(Return, few),
    st.builds(CallAgent, who, numbers),
    st.builds(AddAgent, rooms, rarely, rarely),
    st.builds(AgentGoes, few, st.booleans()),
    st.builds(Dial, who, st.just("/room")),
    st.builds(HangUp, who),
    st.builds(Vanish, who),
    st.builds(
        ChangeCall, few, st.sampled_from([None, None, "completed"]), st.sampled_from(["/room", "/say", "/pause"])
    ),
    st.builds(ChangeParticipant, few, st.none(), st.none(), st.just(False), st.just(True)),
    st.builds(ChangeParticipant, few, st.booleans(), st.none(), st.just(False), st.just(False)),
    st.just(ChangeConference(True)),
)
pauses_s = st.sampled_from([None, None, 0.0, 0.001, 0.02, 0.05, 0.3, 1.0])


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Somebody talks with an agent, somebody else is in a room; then anything."""
    begin = [(CallAgent("ann", draw(numbers)), draw(pauses_s)), (Dial("bob", "/room"), draw(pauses_s))]
    return [*begin, *draw(st.lists(st.tuples(actions, pauses_s), min_size=4, max_size=14))]


@pytest.mark.timeout(600)
@settings(
    max_examples=STORIES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(story=stories(), delays_s=delays)
def test_a_node_comes_to_rest_whatever_is_moved(
    story: Story, delays_s: dict[str, float], tmp_path_factory: pytest.TempPathFactory
) -> None:
    run_exactly(tell(story, delays_s, tmp_path_factory.mktemp("node"), open_agents))


ONCE_WENT_WRONG: dict[str, Story] = {
    "to somebody else, back and into the conference before anybody takes notice": [
        (CallAgent("ann", "/agent"), None),
        (Dial("bob", "/room"), 0.05),
        (Leave(1, 1), None),
        (Return(0), None),
        (Bring(0, "room", None, False, False), None),
    ],
    "caller and agent are brought and the conference ends at once": [
        (CallAgent("ann", "/agent"), 0.5),
        (Bring(0, "room", None, False, False), None),
        (ChangeConference(True), 0.5),
    ],
    "out again in the moment in which the conference ends": [
        (CallAgent("ann", "/agent"), 0.5),
        (Bring(0, "room", None, False, False), 0.3),
        (ChangeConference(True), None),
        (Return(0), 0.3),
    ],
}


@pytest.mark.parametrize("name", ONCE_WENT_WRONG)
def test_and_after_what_is_likely_to_go_wrong(name: str, tmp_path: Path) -> None:
    run_exactly(tell(ONCE_WENT_WRONG[name], {}, tmp_path, open_agents))
