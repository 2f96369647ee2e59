"""How a participant stands in its conference, as its agent is told (Media Streams say nothing of it)."""

from dataclasses import dataclass
from enum import StrEnum

from mixminus.base.types import Sid
from mixminus.calls.roster import Roster


class FloorView(StrEnum):
    """Who speaks, as one agent sees it, where one speaks at a time. Elsewhere the floor is free."""

    FREE = "free"
    YOURS = "yours"
    THEIRS = "theirs"
    HUMAN = "human"


@dataclass(frozen=True, slots=True)
class Role:
    """The default is that of a call in no conference."""

    conference_sid: Sid | None = None
    muted: bool = False
    held: bool = False
    coaching: tuple[Sid, ...] = ()
    """Who alone hears it; nobody: it speaks to all."""
    coached_by: tuple[Sid, ...] = ()
    moderator: bool = False
    floor: FloorView = FloorView.FREE


def role_in(roster: Roster, conference_sid: Sid, call_sid: Sid) -> Role | None:
    """How that call stands in that conference; None: it is not there."""
    found = roster.find(call_sid)
    if found is None or found.call_sid != call_sid:
        return None
    record = found.record
    return Role(
        conference_sid=conference_sid,
        muted=record.muted,
        held=record.hold,
        coaching=record.call_sids_to_coach,
        coached_by=tuple(one.call_sid for one in roster if call_sid in one.record.call_sids_to_coach),
        moderator=record.moderator,
    )
