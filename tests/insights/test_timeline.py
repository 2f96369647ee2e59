"""Records and events in, lanes of spans out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mixminus.base.types import Sid
from mixminus.calls.records import (
    ConferenceRecord,
    ConferenceStatus,
    EventRecord,
    ParticipantRecord,
    ParticipantStatus,
)
from mixminus.insights.timeline import Lane, Mark, Span, State, Timeline, timeline

BEGIN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CONFERENCE = Sid("CF" + "1" * 32)
ACCOUNT = Sid("AC" + "1" * 32)


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


class Room:
    """Writes events down as a conference does."""

    def __init__(self) -> None:
        self.people: dict[str, ParticipantRecord] = {}
        self.events: list[EventRecord] = []

    def dialled(self, name: str, seconds: float, label: str | None = None) -> None:
        sid = Sid("CA" + name.encode().hex().ljust(32, "0"))
        self.people[name] = ParticipantRecord(
            Sid("CP" + sid[2:]), ACCOUNT, CONFERENCE, sid, ParticipantStatus.QUEUED, at(seconds), at(seconds), label
        )

    def happens(self, seconds: float, event: str, name: str | None = None, **details: str) -> None:
        sid = None if name is None else self.people[name].call_sid
        self.events.append(
            EventRecord(CONFERENCE, len(self.events) + 1, event, at(seconds), sid, self._standing(name) | details)
        )

    def _standing(self, name: str | None) -> dict[str, str]:
        return {} if name is None else {"Muted": "false", "Hold": "false", "Coaching": "false"}

    def joins(self, name: str, seconds: float, **details: str) -> None:
        if name not in self.people:
            self.dialled(name, seconds, name)
        self.happens(seconds, "participant-join", name, **details)

    def timeline(self, ended: float | None = None) -> Timeline:
        record = ConferenceRecord(
            CONFERENCE,
            ACCOUNT,
            "support",
            ConferenceStatus.COMPLETED if ended else ConferenceStatus.IN_PROGRESS,
            at(0),
            at(0),
            end_time=None if ended is None else at(ended),
        )
        return timeline(record, self.people.values(), self.events)


def lane(room: Room, name: str, ended: float | None = None) -> Lane:
    return next(lane for lane in room.timeline(ended).lanes if lane.call_sid == room.people[name].call_sid)


def test_whoever_is_early_waits_until_the_conference_starts() -> None:
    room = Room()
    room.joins("customer", 0)
    room.joins("ana", 5)
    room.happens(5, "conference-start")
    room.happens(9, "participant-leave", "customer")
    assert lane(room, "customer").spans == (Span(State.WAITING, 0, 5), Span(State.TALKING, 5, 9))


def test_whoever_is_called_rings_until_the_answer() -> None:
    room = Room()
    room.dialled("ana", 1)
    room.joins("ana", 4)
    room.happens(4, "conference-start")
    assert lane(room, "ana", ended=10).spans == (Span(State.RINGING, 1, 4), Span(State.TALKING, 4, 10))


def test_what_happened_before_somebody_was_called_is_not_in_their_lane() -> None:
    room = Room()
    room.joins("customer", 0)
    room.joins("ana", 2)
    room.happens(2, "conference-start")
    room.happens(3, "participant-hold", "customer", Hold="true")
    room.dialled("ben", 5)
    room.joins("ben", 7)
    assert lane(room, "ben", ended=9).spans == (Span(State.RINGING, 5, 7), Span(State.TALKING, 7, 9))


def test_whoever_never_answers_only_rings() -> None:
    room = Room()
    room.dialled("ana", 1)
    room.happens(8, "participant-leave", "ana")
    assert lane(room, "ana", ended=10).spans == (Span(State.RINGING, 1, 8),)


def test_hold_mute_and_coaching_are_states_of_their_own() -> None:
    room = Room()
    room.joins("sam", 0, Coaching="true")
    room.happens(0, "conference-start")
    room.happens(2, "participant-modify", "sam")
    room.happens(4, "participant-mute", "sam", Muted="true")
    room.happens(6, "participant-hold", "sam", Muted="true", Hold="true")
    room.happens(8, "participant-unhold", "sam", Muted="true")
    states = [(span.state, span.begins_s, span.ends_s) for span in lane(room, "sam", ended=9).spans]
    assert states == [
        (State.COACHING, 0, 2),
        (State.TALKING, 2, 4),
        (State.MUTED, 4, 6),
        (State.HELD, 6, 8),
        (State.MUTED, 8, 9),
    ]


def test_hold_wins_over_waiting() -> None:
    room = Room()
    room.joins("customer", 0)
    room.happens(2, "participant-hold", "customer", Hold="true")
    assert [span.state for span in lane(room, "customer", ended=4).spans] == [State.WAITING, State.HELD]


def test_a_live_conference_reaches_to_its_last_event() -> None:
    room = Room()
    room.joins("customer", 0)
    room.happens(7, "participant-mute", "customer", Muted="true")
    seen = room.timeline()
    assert (seen.duration_s, seen.starts_s) == (7, None)


def test_events_without_a_change_of_state_cut_nothing() -> None:
    room = Room()
    room.joins("customer", 0)
    room.happens(0, "conference-start")
    room.happens(3, "participant-speech-start", "customer")
    room.happens(4, "participant-modify", "customer", EndConferenceOnExit="true")
    assert lane(room, "customer", ended=9).spans == (Span(State.TALKING, 0, 9),)


def test_markers_tell_who_comes_who_goes_and_what_is_changed_but_not_every_word() -> None:
    room = Room()
    room.joins("customer", 0)
    room.happens(1, "participant-speech-start", "customer")
    room.happens(2, "participant-hold", "customer", Hold="true")
    room.happens(3, "participant-leave", "customer")
    marks = [(marker.mark, marker.at_s, marker.sequence_number) for marker in lane(room, "customer").markers]
    assert marks == [(Mark.JOIN, 0, 1), (Mark.CHANGE, 2, 3), (Mark.LEAVE, 3, 4)]


def test_lanes_are_in_the_order_of_coming_and_carry_the_label_or_a_short_sid() -> None:
    room = Room()
    room.joins("customer", 0)
    room.dialled("someone", 1)
    room.dialled("ana", 2, "ana")
    names = [lane.name for lane in room.timeline().lanes]
    assert names == ["customer", "CA…0000", "ana"]


def test_events_out_of_order_are_read_by_their_numbers() -> None:
    room = Room()
    room.joins("customer", 0)
    room.happens(0, "conference-start")
    room.happens(3, "participant-leave", "customer")
    straight = room.timeline()
    room.events.reverse()
    assert room.timeline() == straight


def test_the_table_tells_what_only_that_event_says() -> None:
    room = Room()
    room.joins("customer", 0)
    room.happens(3, "participant-leave", "customer", ReasonParticipantLeft="participant_hung_up")
    room.happens(3, "conference-end", ReasonConferenceEnded="last-participant-left")
    join, leave, end = room.timeline().entries
    assert (join.who, join.about) == ("customer", "")
    assert leave.about == "ReasonParticipantLeft: participant_hung_up"
    assert (end.who, end.about) == ("", "ReasonConferenceEnded: last-participant-left")


def test_a_conference_that_nobody_ever_was_in_has_no_lanes() -> None:
    assert Room().timeline() == replace(Room().timeline(), lanes=(), entries=(), duration_s=0.0)


STANDING = st.fixed_dictionaries({name: st.sampled_from(["true", "false"]) for name in ("Muted", "Hold", "Coaching")})


@given(st.lists(st.tuples(st.floats(0, 5, allow_subnormal=False), st.booleans(), STANDING), max_size=12))
def test_spans_tile_the_time_from_the_first_ring_to_the_last_moment(
    steps: list[tuple[float, bool, dict[str, str]]],
) -> None:
    room = Room()
    room.joins("customer", 0)
    now = 0.0
    for pause_s, starts, standing in steps:
        now = round(now + pause_s, 3)
        if starts:
            room.happens(now, "conference-start")
        else:
            room.happens(now, "participant-modify", "customer", **standing)
    room.joins("ana", now)
    for name, begins_s in (("customer", 0), ("ana", now)):
        check_tiles(lane(room, name, ended=now + 1).spans, begins_s, now + 1)


def check_tiles(spans: tuple[Span, ...], begins_s: float, ends_s: float) -> None:
    assert abs(spans[0].begins_s - begins_s) < 1e-6
    assert abs(spans[-1].ends_s - ends_s) < 1e-6
    assert all(span.begins_s < span.ends_s for span in spans)
    for left, right in pairwise(spans):
        assert left.ends_s == right.begins_s
        assert left.state is not right.state
