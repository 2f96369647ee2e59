"""What may happen to a node from outside: people dial, hang up and vanish, programs ask, servers are slow."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from mixminus.base.errors import Refusal
from mixminus.base.sids import APPLICATION
from mixminus.base.types import Sid
from mixminus.calls.commands import (
    AddParticipant,
    PlaceCall,
    RemoveParticipant,
    StartCallRecording,
    UpdateCall,
    UpdateConference,
    UpdateParticipant,
)
from mixminus.calls.options import (
    AudioDocument,
    ConferenceOptions,
    DialOptions,
    Instructions,
    ParticipantOptions,
    RecordingOptions,
    Webhook,
)
from mixminus.calls.records import ApplicationRecord, VoiceInstructions
from mixminus.testing.errors import WrongMoment
from mixminus.testing.phone import VirtualPhone
from mixminus.testing.world import World

PHONES = ("ann", "bob", "cid")
RINGS_S = 2
_BOB, _CID = (f"sip:{user}@10.0.1.{host}:5060" for user, host in (("bob", 2), ("cid", 3)))
APP = Sid(APPLICATION + "a" * 32)

DOCUMENTS = {
    "/room": "<Dial><Conference>room</Conference></Dial><Say>bye</Say>",
    "/moderator": "<Dial><Conference endConferenceOnExit='true' record='record-from-start'>room</Conference></Dial>",
    "/waiting": "<Dial><Conference startConferenceOnEnter='false' waitUrl='/tune'>room</Conference></Dial>",
    "/star": "<Dial hangupOnStar='true' timeLimit='1'><Conference>room</Conference></Dial><Redirect>/room</Redirect>",
    "/bob": f"<Dial timeout='{RINGS_S}' record='record-from-answer'><Sip>{_BOB}</Sip></Dial><Say>x</Say>",
    "/both": f"<Dial timeout='{RINGS_S}'><Sip>{_BOB}</Sip><Sip>{_CID}</Sip></Dial>",
    "/whispered": f"<Dial timeout='{RINGS_S}'><Sip url='/tune'>{_CID}</Sip></Dial><Redirect>/room</Redirect>",
    "/application": f"<Dial timeout='{RINGS_S}'><Application>{APP}</Application></Dial>",
    "/say": "<Say>hello there</Say><Redirect>/room</Redirect>",
    "/gather": "<Gather timeout='1' action='/room'><Say>press a key</Say></Gather>",
    "/music": "<Play loop='0'>media:700hz</Play>",
    "/pause": "<Pause length='1'/><Redirect>/room</Redirect>",
    "/reject": "<Reject/>",
    "/broken": "<Dial><Conference>",
    "/tune": "<Say>please wait</Say>",
}
AGENT_PATHS = ("/agent", "/slow-agent", "/no-agent")
"""What `test_moved_agents` serves."""
PATHS = tuple(DOCUMENTS)


@dataclass
class Stage:
    """The world, its phones, and what was started and is not done."""

    world: World
    phones: dict[str, VirtualPhone]
    running: list[tuple["Action", asyncio.Task[None]]] = field(default_factory=list)

    @classmethod
    async def open(cls, world: World, delays_s: dict[str, float]) -> "Stage":
        """Phones, numbers and an application; every document comes after its delay."""
        for path, body in DOCUMENTS.items():
            world.app.stalls(path, delays_s.get(path, 0.0), f"<Response>{body}</Response>")
            await world.number(number_of(path), path)
        for path in AGENT_PATHS:
            await world.number(number_of(path), path)
        now = world.clock.utc()
        voice = VoiceInstructions(world.url("/say"))
        await world.store.save(ApplicationRecord(APP, world.account_sid, "app", now, now, voice))
        phones = {name: await world.phone(name) for name in PHONES}
        for phone in phones.values():
            phone.answers(after_s=0.1)
        return cls(world, phones)

    def start(self, action: "Action") -> None:
        self.running.append((action, asyncio.create_task(action.happen(self))))

    def finish(self) -> None:
        """What was asked of the node has been answered by now; a phone that vanished may wait for ever."""
        for action, task in self.running:
            if task.done():
                task.result()
            else:
                assert isinstance(action, ByPhone), f"never answered: {action}"
                task.cancel()
        for phone in self.phones.values():
            # A phone that is called off, or vanishes, in the moment before it rings tries to ring all the same.
            phone._failures[:] = [failure for failure in phone._failures if not isinstance(failure, WrongMoment)]

    def call(self, number: int) -> Sid | None:
        live = self.world.exchange.live_calls
        return live[number % len(live)].sid if live else None

    def conference(self) -> Sid | None:
        live = self.world.exchange.live_conferences
        return live[0].record.sid if live else None

    def participant(self, number: int) -> Sid | None:
        rooms = self.world.exchange.live_conferences
        live = [record.call_sid for room in rooms[:1] for record in room.machine.participants() if record.live]
        return live[number % len(live)] if live else None

    def instructions(self, path: str) -> Instructions:
        return Instructions(self.world.url(path))

    def dial(self, name: str) -> DialOptions:
        host, port = self.phones[name].address
        return DialOptions(f"sip:{name}@{host}:{port}", "+15550001000", timeout_s=RINGS_S)


def number_of(path: str) -> str:
    return f"+1555000{(*PATHS, *AGENT_PATHS).index(path):04}"


class Action:
    async def happen(self, stage: Stage) -> None:
        """Do it; a refusal is an answer like any other."""
        try:
            await self.ask(stage)
        except Refusal:
            pass

    async def ask(self, stage: Stage) -> None:
        raise NotImplementedError


class ByPhone(Action):
    """Done by somebody with a phone, not asked by REST."""


@dataclass(frozen=True)
class Dial(ByPhone):
    who: str
    path: str

    async def ask(self, stage: Stage) -> None:
        await stage.phones[self.who].place(number_of(self.path))


@dataclass(frozen=True)
class HangUp(ByPhone):
    who: str

    async def ask(self, stage: Stage) -> None:
        for call in list(stage.phones[self.who].calls):
            await call.hang_up()


@dataclass(frozen=True)
class Vanish(ByPhone):
    """The battery is empty."""

    who: str

    async def ask(self, stage: Stage) -> None:
        for call in list(stage.phones[self.who].calls):
            call.vanish()


@dataclass(frozen=True)
class Press(ByPhone):
    who: str

    async def ask(self, stage: Stage) -> None:
        for call in list(stage.phones[self.who].calls):
            if call.answered_at is not None and call.end is None:
                await call.line.press("*")


@dataclass(frozen=True)
class Behave(Action):
    """What a phone does when it is called, from now on."""

    who: str
    policy: str
    after_s: float

    async def ask(self, stage: Stage) -> None:
        phone = stage.phones[self.who]
        match self.policy:
            case "answers":
                phone.answers(self.after_s)
            case "early media":
                phone.answers_after_early_media(self.after_s)
            case "rejects":
                phone.rejects(after_s=self.after_s)
            case _:
                phone.rings_forever()


@dataclass(frozen=True)
class Add(Action):
    """A participant: a phone, or the application."""

    who: str | None
    label: str | None
    early_media: bool
    coach: bool
    ends: bool

    async def ask(self, stage: Stage) -> None:
        dial = DialOptions(f"app:{APP}", "+15550001000") if self.who is None else stage.dial(self.who)
        coached = stage.call(0) if self.coach else None
        options = ParticipantOptions(
            label=self.label,
            early_media=self.early_media,
            end_conference_on_exit=self.ends,
            coaching=coached is not None,
            call_sids_to_coach=(coached,) if coached else (),
        )
        await stage.world.exchange.add_participant(AddParticipant("room", dial, options, ConferenceOptions()))


@dataclass(frozen=True)
class Place(Action):
    who: str
    path: str

    async def ask(self, stage: Stage) -> None:
        await stage.world.exchange.place_call(PlaceCall(stage.dial(self.who), stage.instructions(self.path)))


@dataclass(frozen=True)
class ChangeCall(Action):
    call: int
    status: str | None
    path: str

    async def ask(self, stage: Stage) -> None:
        if sid := stage.call(self.call):
            elsewhere = None if self.status else stage.instructions(self.path)
            await stage.world.exchange.update_call(UpdateCall(sid, self.status, elsewhere))


@dataclass(frozen=True)
class Record(Action):
    call: int

    async def ask(self, stage: Stage) -> None:
        if sid := stage.call(self.call):
            await stage.world.exchange.start_call_recording(StartCallRecording(sid, RecordingOptions()))


@dataclass(frozen=True)
class ChangeParticipant(Action):
    call: int
    held: bool | None
    hold: str | None
    announce: bool
    remove: bool

    async def ask(self, stage: Stage) -> None:
        sid, conference = stage.participant(self.call), stage.conference()
        if sid is None or conference is None:
            return
        if self.remove:
            await stage.world.exchange.remove_participant(RemoveParticipant(conference, sid))
            return
        update = UpdateParticipant(
            conference,
            sid,
            hold=self.held,
            hold_sound=AudioDocument(stage.world.url(self.hold)) if self.hold else None,
            announce=Webhook(stage.world.url("/tune")) if self.announce else None,
        )
        await stage.world.exchange.update_participant(update)


@dataclass(frozen=True)
class ChangeConference(Action):
    completed: bool

    async def ask(self, stage: Stage) -> None:
        if sid := stage.conference():
            announce = None if self.completed else Webhook(stage.world.url("/tune"))
            update = UpdateConference(sid, completed=self.completed, announce=announce)
            await stage.world.exchange.update_conference(update)


who = st.sampled_from(PHONES)
paths = st.sampled_from(PATHS)
calls = st.integers(0, 5)
rarely = st.sampled_from([False, False, False, True])
holds = st.builds(ChangeParticipant, calls, st.just(True), st.none() | paths, st.just(False), st.just(False))
changes = st.builds(ChangeParticipant, calls, st.sampled_from([None, False]), st.none(), st.booleans(), rarely)
actions: st.SearchStrategy[Action] = st.one_of(
    st.builds(Dial, who, paths),
    st.builds(Dial, who, paths),
    st.builds(Dial, who, st.just("/room")),
    st.builds(HangUp, who),
    st.builds(Vanish, who) | st.builds(Press, who),
    st.builds(
        Behave, who, st.sampled_from(["answers", "early media", "rejects", "rings"]), st.sampled_from([0, 0.1, 0.7])
    ),
    st.builds(
        Add,
        who | st.none(),
        st.sampled_from([None, None, "x"]),
        st.booleans(),
        st.booleans(),
        st.sampled_from([False, False, True]),
    ),
    st.builds(Place, who, paths),
    st.builds(ChangeCall, calls, st.sampled_from([None, None, "completed", "canceled"]), paths),
    holds,
    changes,
    st.sampled_from([ChangeConference(False), ChangeConference(False), ChangeConference(True)]),
    st.builds(Record, calls),
)
pauses_s = st.sampled_from([None, None, 0.0, 0.001, 0.02, 0.05, 0.3, 1.0])
"""Between two actions. None: not even a turn of the loop, a race."""

Story = Sequence[tuple[Action, float | None]]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Two have met in a room, by different ways in; then anything."""
    ways_in = st.sampled_from(["/room", "/moderator", "/waiting", "/star", "/bob", "/whispered"])
    begin = [(Dial("ann", draw(ways_in)), None), (Dial("bob", "/room"), draw(st.sampled_from([None, 0.05, 0.5])))]
    return [*begin, *draw(st.lists(st.tuples(actions, pauses_s), min_size=4, max_size=14))]


delays: st.SearchStrategy[dict[str, float]] = st.dictionaries(
    paths, st.sampled_from([0.0, 0.01, 0.2, 1.5]), max_size=4
)
