"""How a participant stands in its conference, as its agent is told (Media Streams say nothing of it)."""

from dataclasses import dataclass
from enum import StrEnum

from mixminus.base.types import Sid


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
