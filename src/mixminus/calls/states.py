"""The legal steps of everything that has a status. A step that is not in its table is a bug of ours.

A status may not be stepped onto itself: whoever hears the same news twice decides what a repeat means.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

from mixminus.base.errors import MixminusError
from mixminus.calls.records import (
    FINAL_CALL_STATUSES,
    CallStatus,
    ConferenceStatus,
    ParticipantStatus,
    RecordingStatus,
)

S = TypeVar("S", bound=StrEnum)

Steps = Mapping[S, frozenset[S]]
"""From each status, those that may follow it. An empty set marks a final one."""


class IllegalStep(MixminusError):
    """The machine was told something that cannot happen in its present state; nothing was changed."""

    def __init__(self, old: StrEnum, new: StrEnum) -> None:
        super().__init__(f"{type(old).__name__}: {new.value} cannot follow {old.value}")
        self.old = old
        self.new = new


def step(steps: Steps[S], old: S, new: S) -> S:
    """Return *new* if it may follow *old*; raise `IllegalStep` otherwise."""
    if new not in steps[old]:
        raise IllegalStep(old, new)
    return new


# 180 Ringing is optional in SIP (RFC 3261 section 13.3.1.1), so ringing may be skipped. `Status=completed` ends a
# call wherever it is (section 5.3). What was answered can only complete, or fail when we lose it.
CALL: Final[Steps[CallStatus]] = {
    CallStatus.QUEUED: frozenset(
        {CallStatus.INITIATED, CallStatus.CANCELED, CallStatus.FAILED, CallStatus.COMPLETED}
    ),
    CallStatus.INITIATED: FINAL_CALL_STATUSES | {CallStatus.RINGING, CallStatus.IN_PROGRESS},
    CallStatus.RINGING: FINAL_CALL_STATUSES | {CallStatus.IN_PROGRESS},
    CallStatus.IN_PROGRESS: frozenset({CallStatus.COMPLETED, CallStatus.FAILED}),
    CallStatus.COMPLETED: frozenset(),
    CallStatus.BUSY: frozenset(),
    CallStatus.FAILED: frozenset(),
    CallStatus.NO_ANSWER: frozenset(),
    CallStatus.CANCELED: frozenset(),
}

# "complete" left normally, "failed" never got in (Participants reference, section 2.2).
PARTICIPANT: Final[Steps[ParticipantStatus]] = {
    ParticipantStatus.QUEUED: frozenset(
        {
            ParticipantStatus.CONNECTING,
            ParticipantStatus.RINGING,
            ParticipantStatus.CONNECTED,
            ParticipantStatus.FAILED,
        }
    ),
    ParticipantStatus.CONNECTING: frozenset(
        {ParticipantStatus.RINGING, ParticipantStatus.CONNECTED, ParticipantStatus.FAILED}
    ),
    ParticipantStatus.RINGING: frozenset({ParticipantStatus.CONNECTED, ParticipantStatus.FAILED}),
    ParticipantStatus.CONNECTED: frozenset({ParticipantStatus.COMPLETE}),
    ParticipantStatus.COMPLETE: frozenset(),
    ParticipantStatus.FAILED: frozenset(),
}

# A started conference never goes back to init, also when one participant is left (section 3.2).
CONFERENCE: Final[Steps[ConferenceStatus]] = {
    ConferenceStatus.INIT: frozenset({ConferenceStatus.IN_PROGRESS, ConferenceStatus.COMPLETED}),
    ConferenceStatus.IN_PROGRESS: frozenset({ConferenceStatus.COMPLETED}),
    ConferenceStatus.COMPLETED: frozenset(),
}

_RECORDING_ENDS = frozenset(
    {RecordingStatus.STOPPED, RecordingStatus.PROCESSING, RecordingStatus.COMPLETED, RecordingStatus.ABSENT}
)

# Only a completed recording can be deleted (section 8.4).
RECORDING: Final[Steps[RecordingStatus]] = {
    RecordingStatus.IN_PROGRESS: _RECORDING_ENDS | {RecordingStatus.PAUSED},
    RecordingStatus.PAUSED: _RECORDING_ENDS | {RecordingStatus.IN_PROGRESS},
    RecordingStatus.STOPPED: frozenset(
        {RecordingStatus.PROCESSING, RecordingStatus.COMPLETED, RecordingStatus.ABSENT}
    ),
    RecordingStatus.PROCESSING: frozenset({RecordingStatus.COMPLETED, RecordingStatus.ABSENT}),
    RecordingStatus.COMPLETED: frozenset({RecordingStatus.DELETED}),
    RecordingStatus.ABSENT: frozenset(),
    RecordingStatus.DELETED: frozenset(),
}
