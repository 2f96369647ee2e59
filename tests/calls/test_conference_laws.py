"""Whatever is asked of a conference in whatever order, its laws hold (DESIGN.md, section 1)."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mixminus.base.errors import Refusal
from mixminus.base.sids import Sids
from mixminus.base.types import Sid
from mixminus.calls.commands import UpdateParticipant
from mixminus.calls.conference import Conference
from mixminus.calls.endings import Departure
from mixminus.calls.options import ConferenceOptions, ParticipantOptions, RecordingOptions
from mixminus.calls.outputs import (
    BeginRecording,
    ConferenceHappened,
    ConferenceOutput,
    ConferenceOver,
    Ear,
    PlayBeep,
    Rewire,
)
from mixminus.calls.records import (
    CallStatus,
    ConferenceRecord,
    ConferenceStatus,
    ParticipantRecord,
    ParticipantStatus,
)
from mixminus.calls.states import IllegalStep

NAMES = [Sid(letter) for letter in "abcd"]
names = st.sampled_from(NAMES)
flags = st.booleans()
wishes = st.one_of(st.none(), flags)
targets = st.just(()) | st.lists(names, max_size=2).map(tuple)
some_targets = st.lists(names, min_size=1, max_size=2).map(tuple)
CAPACITY = 3
# Conferences are to live long enough to become interesting.
rarely = st.sampled_from([False, False, False, False, True])


@dataclass
class Leg:
    """What the model knows of somebody: plain facts, changed by hand in every rule."""

    connected: bool
    starts: bool
    ends: bool
    early_media: bool
    early: bool = False
    muted: bool = False
    held: bool = False
    coachees: set[Sid] | None = None


@dataclass
class Model:
    legs: dict[Sid, Leg] = field(default_factory=dict)
    started: bool = False
    over: bool = False

    def matrix(self) -> dict[Sid, set[Sid]]:
        """Law 1 as a newcomer would write it down."""
        return {i: {j for j in self.legs if self.hears(i, j)} for i in self.legs if self.seated(i)}

    def hears(self, i: Sid, j: Sid) -> bool:
        listener, speaker = self.legs[i], self.legs[j]
        if i == j or not self.started or not listener.connected or not self.seated(j):
            return False
        if listener.held or speaker.held or speaker.muted:
            return False
        return speaker.coachees is None or i in speaker.coachees

    def seated(self, sid: Sid) -> bool:
        leg = self.legs[sid]
        return leg.connected or (self.started and leg.early and leg.early_media)

    def connect(self) -> None:
        connected = [leg for leg in self.legs.values() if leg.connected]
        self.started = self.started or (len(connected) > 1 and any(leg.starts for leg in connected))

    def part(self, sid: Sid) -> None:
        leg = self.legs.pop(sid)
        if (leg.connected and leg.ends) or not self.legs:
            self.legs.clear()
            self.over = True


class ConferenceLaws(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.at = datetime(2026, 3, 1, tzinfo=UTC)
        self.open()

    def open(self) -> None:
        """A conference that nobody has joined."""
        counter = itertools.count(1)
        options = ConferenceOptions(max_participants=CAPACITY, recording=RecordingOptions())
        sids = Sids(lambda size: next(counter).to_bytes(size, "big"))
        self.conference = Conference(Sid("CF"), Sid("AC"), "laws", options, sids, self.at)
        self.model = Model()
        self.outputs: list[ConferenceOutput] = []
        self.stored: dict[Sid, ConferenceRecord | ParticipantRecord] = {
            record.sid: record for record in self.conference.changed_records()
        }

    def carry_out(self, command: Callable[[], object]) -> bool:
        """Whether it was accepted. What was refused has changed nothing."""
        self.at += timedelta(seconds=1)
        before = self.conference.participants(), self.conference.record()
        try:
            command()
        except (Refusal, IllegalStep):
            assert self.conference.drain() == ()
            assert (self.conference.participants(), self.conference.record()) == before
            assert self.conference.changed_records() == ()
            return False
        self.outputs.extend(self.conference.drain())
        self.stored.update((record.sid, record) for record in self.conference.changed_records())
        return True

    def admissible(self, sid: Sid, coachees: tuple[Sid, ...]) -> bool:
        model = self.model
        room = not model.over and sid not in model.legs and len(model.legs) < CAPACITY
        return room and self.coachable(sid, coachees)

    def coachable(self, sid: Sid, coachees: tuple[Sid, ...]) -> bool:
        legs = self.model.legs
        return all(coachee in legs and coachee != sid and not legs[coachee].held for coachee in coachees)

    @initialize(starts=flags)
    def two_talk(self, starts: bool) -> None:
        for sid in NAMES[:2]:
            self.join(sid, starts, ends=False, muted=False, coachees=())

    @rule(sid=names, starts=flags, ends=rarely, muted=flags, coachees=targets)
    def join(self, sid: Sid, starts: bool, ends: bool, muted: bool, coachees: tuple[Sid, ...]) -> None:
        options = ParticipantOptions(None, muted, start_conference_on_enter=starts, end_conference_on_exit=ends)
        options = _coaching(options, coachees)
        admissible = self.admissible(sid, coachees)
        assert self.carry_out(lambda: self.conference.join(sid, options, self.at)) == admissible
        if admissible:
            self.model.legs[sid] = Leg(True, starts, ends, True, False, muted, False, set(coachees) or None)
            self.model.connect()

    @rule(sid=names, starts=flags, early_media=flags, coachees=targets, heard_at_once=flags)
    def invite(
        self, sid: Sid, starts: bool, early_media: bool, coachees: tuple[Sid, ...], heard_at_once: bool
    ) -> None:
        ends = not starts
        options = ParticipantOptions(
            start_conference_on_enter=starts, end_conference_on_exit=ends, early_media=early_media
        )
        options = _coaching(options, coachees)
        admissible = self.admissible(sid, coachees)
        assert self.carry_out(lambda: self.conference.invite(sid, options, self.at)) == admissible
        if admissible:
            self.model.legs[sid] = Leg(False, starts, ends, early_media, coachees=set(coachees) or None)
            if heard_at_once:
                self.send_early_media(sid)

    @rule(sid=names)
    def ring(self, sid: Sid) -> None:
        dialled = sid in self.model.legs and not self.model.legs[sid].connected
        assert self.carry_out(lambda: self.conference.ringing(sid, self.at)) == dialled

    @rule(sid=names)
    def send_early_media(self, sid: Sid) -> None:
        dialled = sid in self.model.legs and not self.model.legs[sid].connected
        assert self.carry_out(lambda: self.conference.early_media(sid, self.at)) == dialled
        if dialled:
            self.model.legs[sid].early = True

    @rule(sid=names)
    def answer(self, sid: Sid) -> None:
        dialled = sid in self.model.legs and not self.model.legs[sid].connected
        assert self.carry_out(lambda: self.conference.joined(sid, self.at)) == dialled
        if dialled:
            self.model.legs[sid].connected = True
            self.model.connect()

    @rule(sid=names, muted=wishes, held=wishes, ends=st.none() | rarely)
    def change(self, sid: Sid, muted: bool | None, held: bool | None, ends: bool | None) -> None:
        wish = UpdateParticipant(Sid("CF"), sid, muted=muted, hold=held, end_conference_on_exit=ends)
        accepted = self.carry_out(lambda: self.conference.update(wish, self.at))
        assert accepted == (sid in self.model.legs)
        if accepted:
            leg = self.model.legs[sid]
            leg.muted = leg.muted if muted is None else muted
            leg.held = leg.held if held is None else held
            leg.ends = leg.ends if ends is None else ends

    @rule(sid=names, coachees=some_targets)
    def coach(self, sid: Sid, coachees: tuple[Sid, ...]) -> None:
        wish = UpdateParticipant(Sid("CF"), sid, coaching=True, call_sids_to_coach=coachees)
        accepted = self.carry_out(lambda: self.conference.update(wish, self.at))
        assert accepted == (sid in self.model.legs and self.coachable(sid, coachees))
        if accepted:
            self.model.legs[sid].coachees = set(coachees)

    @rule(sid=names)
    def barge(self, sid: Sid) -> None:
        wish = UpdateParticipant(Sid("CF"), sid, coaching=False)
        if self.carry_out(lambda: self.conference.update(wish, self.at)):
            self.model.legs[sid].coachees = None

    @rule(sid=names, how=st.sampled_from(Departure))
    def leave(self, sid: Sid, how: Departure) -> None:
        there = sid in self.model.legs
        possible = there and not (how is Departure.DIAL_FAILED and self.model.legs[sid].connected)
        assert self.carry_out(lambda: self.conference.leave(sid, how, self.at, CallStatus.COMPLETED)) == possible
        if possible:
            self.model.part(sid)

    @rule(sid=names, started=flags)
    def speak(self, sid: Sid, started: bool) -> None:
        assert self.carry_out(lambda: self.conference.speech(sid, started, self.at)) == (sid in self.model.legs)

    @rule(surely=rarely)
    def end(self, surely: bool) -> None:
        if surely:
            assert self.carry_out(lambda: self.conference.end(self.at)) == (not self.model.over)
            self.model.legs.clear()
            self.model.over = True

    @precondition(lambda self: self.model.over)
    @rule(starts=flags)
    def begin_again(self, starts: bool) -> None:
        self.open()
        self.two_talk(starts)

    @invariant()
    def law_1_and_2_the_matrix_is_the_models(self) -> None:
        assert _last_rewire(self.outputs).matrix() == self.model.matrix()

    @invariant()
    def law_3_the_recording_hears_who_is_not_muted_not_held_and_not_coaching(self) -> None:
        legs = self.model.legs
        voices = {sid for sid in legs if self.model.started and self.model.seated(sid)}
        public = {sid for sid in voices if not (legs[sid].muted or legs[sid].held or legs[sid].coachees)}
        assert {seat.call_sid for seat in _last_rewire(self.outputs).seats if seat.recorded} == public

    @invariant()
    def every_ear_has_what_its_state_calls_for(self) -> None:
        for seat in _last_rewire(self.outputs).seats:
            leg = self.model.legs[seat.call_sid]
            waits = Ear.ROOM if self.model.started else Ear.WAIT
            assert seat.ear is ((Ear.HOLD if leg.held else waits) if leg.connected else Ear.NOTHING)
            assert (seat.sound is not None) == (seat.ear in (Ear.WAIT, Ear.HOLD))

    @invariant()
    def law_4_events_are_numbered_from_1_without_a_gap_and_in_order(self) -> None:
        events = _events(self.outputs)
        assert [event.sequence_number for event in events] == list(range(1, len(events) + 1))
        assert [event.timestamp for event in events] == sorted(event.timestamp for event in events)

    @invariant()
    def it_is_over_once_and_nothing_follows(self) -> None:
        overs = [index for index, output in enumerate(self.outputs) if isinstance(output, ConferenceOver)]
        assert overs == ([len(self.outputs) - 1] if self.model.over else [])
        if self.model.over:
            assert _last_rewire(self.outputs).seats == ()

    @invariant()
    def status_and_start_are_told_once(self) -> None:
        started = [event.name for event in _events(self.outputs)].count("conference-start")
        assert started == sum(isinstance(output, BeginRecording) for output in self.outputs) == self.model.started
        status = self.conference.record().status
        if self.model.over:
            assert status is ConferenceStatus.COMPLETED
        else:
            assert status is (ConferenceStatus.IN_PROGRESS if self.model.started else ConferenceStatus.INIT)

    @invariant()
    def who_left_had_come_and_comings_and_goings_take_turns(self) -> None:
        inside: set[Sid | None] = set()
        for event in _events(self.outputs):
            if event.name == "participant-join":
                assert event.call_sid not in inside
                inside.add(event.call_sid)
            elif event.name == "participant-leave":
                failed = event.details["ReasonParticipantLeft"] == "participant_add_failed"
                assert not (failed and event.call_sid in inside)
                inside.discard(event.call_sid)
        assert inside == {sid for sid, leg in self.model.legs.items() if leg.connected}

    @invariant()
    def nobody_is_in_two_states(self) -> None:
        records = self.conference.participants()
        live = [record.call_sid for record in records if record.live]
        assert sorted(live) == sorted(self.model.legs)
        for record in records:
            assert record.live == (record.leave_time is None) == (record.reason_left is None)
            assert (record.status is ParticipantStatus.CONNECTED) <= (record.join_time is not None)

    @invariant()
    def what_was_handed_out_to_be_stored_is_the_truth(self) -> None:
        conference = self.conference.record()
        assert self.stored[conference.sid] == conference
        for record in self.conference.participants():
            assert self.stored[record.sid] == record

    @invariant()
    def nobody_beeps_before_the_start(self) -> None:
        names_and_beeps = [output for output in self.outputs if isinstance(output, PlayBeep)]
        assert self.model.started or not names_and_beeps


def _coaching(options: ParticipantOptions, coachees: tuple[Sid, ...]) -> ParticipantOptions:
    return replace(options, coaching=bool(coachees), call_sids_to_coach=coachees)


def _last_rewire(outputs: list[ConferenceOutput]) -> Rewire:
    return next((output for output in reversed(outputs) if isinstance(output, Rewire)), Rewire(()))


def _events(outputs: list[ConferenceOutput]) -> list[ConferenceHappened]:
    return [output for output in outputs if isinstance(output, ConferenceHappened)]


TestConferenceLaws = ConferenceLaws.TestCase
TestConferenceLaws.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
