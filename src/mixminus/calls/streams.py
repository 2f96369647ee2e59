"""Streams of a call's audio, as somebody asks for them and as the API shows them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mixminus.base.stream_formats import DEFAULT, StreamFormat
from mixminus.base.types import FormPairs, Sid
from mixminus.calls.options import Webhook


@dataclass(frozen=True, slots=True)
class StreamWish:
    """What somebody asked for. `url` is whatever was said; `track` is one of Twilio's words, or is refused."""

    url: str
    track: str = "inbound_track"
    name: str | None = None
    parameters: FormPairs = ()
    webhook: Webhook | None = None
    """Told that it started, stopped, or failed."""
    report_played: bool = False
    audio: StreamFormat = DEFAULT
    report_role: bool = False


class StreamStatus(StrEnum):
    IN_PROGRESS = "in-progress"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """A unidirectional stream. Not kept when it is over: Twilio has no way to ask for it then."""

    sid: Sid
    account_sid: Sid
    call_sid: Sid
    name: str | None
    status: StreamStatus
    date_updated: datetime


@dataclass(frozen=True, slots=True)
class AgentPlace:
    """A stream that talks both ways, and where it is now."""

    sid: Sid
    name: str
    call_sid: Sid
    """Whose leg it has: of a caller that it is alone with, or its own."""
    first_call_sid: Sid
    """In which it began, as its `start` said."""
    conference_sid: Sid | None
