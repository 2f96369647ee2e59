"""Somebody takes another's place: a transferred call (docs/decisions/0019)."""

from typing import TYPE_CHECKING, Any

import pytest

from mixminus.base.errors import Refusal
from mixminus.base.types import Sid
from mixminus.calls.endings import Departure
from mixminus.calls.outputs import PlayBeep, Rewire

if TYPE_CHECKING:
    from tests.calls.conftest import Room

HEIR, CALLER = Sid("heir"), Sid("caller")


def succeed(room: "Room", leaver: str, heir: str = "heir") -> None:
    room.say(lambda conference, at: conference.succeed(Sid(leaver), Sid(heir), at))


def test_everybody_hears_the_one_instead_of_the_other_at_one_tick(call: "Room") -> None:
    succeed(call, "agent")
    (rewire,) = [output for output in call.latest if isinstance(output, Rewire)]
    assert rewire.matrix() == {CALLER: {HEIR}, HEIR: {CALLER}}
    assert call.events == ["participant-join", "participant-leave"]
    assert not [output for output in call.latest if isinstance(output, PlayBeep)]


@pytest.mark.parametrize(
    "role", [{"label": "agent-7"}, {"muted": True}, {"end_conference_on_exit": True}, {"moderator": True}]
)
def test_the_place_stays_as_it_is(room: "Room", role: dict[str, Any]) -> None:
    room.join("caller")
    room.join("agent", **role)
    succeed(room, "agent")
    assert {name: getattr(room.record_of("heir"), name) for name in role} == role
    assert room.record_of("heir").sid != room.record_of("agent").sid


def test_the_label_is_the_heir_s(room: "Room") -> None:
    room.join("caller")
    room.join("agent", label="desk")
    succeed(room, "agent")
    assert room.conference.participant("desk").call_sid == HEIR
    room.leave("heir")
    room.join("third", label="desk")


def test_a_held_place_is_held_and_hears_nobody(call: "Room") -> None:
    call.update("agent", hold=True)
    succeed(call, "agent")
    assert call.hears("heir") == set()
    assert call.hears("caller") == set()


def test_who_coached_the_one_coaches_the_other(call: "Room") -> None:
    call.join("coach", coaching=True, call_sids_to_coach=(Sid("agent"),))
    succeed(call, "agent")
    assert call.heard_by("coach") == {HEIR}
    succeed(call, "coach", "second")
    assert call.heard_by("second") == {HEIR}


def test_the_end_of_the_conference_depends_on_the_heir(room: "Room") -> None:
    room.join("caller")
    room.join("agent", end_conference_on_exit=True)
    succeed(room, "agent")
    assert room.events == ["participant-join", "participant-leave"]
    room.leave("heir")
    assert room.events[-1] == "conference-end"


def test_nobody_takes_the_place_of_who_has_left(call: "Room") -> None:
    call.join("third")
    call.leave("agent")
    with pytest.raises(Refusal):
        succeed(call, "agent")


def test_why_the_one_left_is_told(call: "Room") -> None:
    succeed(call, "agent")
    leave = call.happened[-1]
    assert leave.details["Reason"] == Departure.TRANSFERRED.sentence
    assert leave.details["ParticipantCallStatus"] == "in-progress"
