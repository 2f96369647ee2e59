"""One leg of a conference as a value: what is written down about it, what it wished for, what it is doing.

Every change returns a new value, so that a command can be worked out in full before anything takes effect.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from mixminus.base.types import Sid
from mixminus.calls.commands import UpdateParticipant
from mixminus.calls.hearing import Place, Presence
from mixminus.calls.options import HouseMusic, ParticipantOptions, Sound
from mixminus.calls.records import ParticipantRecord, ParticipantStatus, ReasonParticipantLeft
from mixminus.calls.states import PARTICIPANT, step

PROMOTED: Final = "moderator-start"
DEMOTED: Final = "moderator-end"


@dataclass(frozen=True, slots=True)
class Participant:
    record: ParticipantRecord
    wait: Sound
    beep_on_enter: bool
    beep_on_exit: bool
    early_media: bool
    """Whether its ringing may be heard in the room."""
    hold: Sound = field(default_factory=HouseMusic)
    usual_hold: Sound = field(default_factory=HouseMusic)
    sends_early_media: bool = False
    speaking: bool = False
    waits_for_floor: bool = False
    """An agent where one speaks at a time, and it is another's turn (see `floor`)."""

    @property
    def call_sid(self) -> Sid:
        return self.record.call_sid

    @property
    def connected(self) -> bool:
        """In the conference: talking, waiting or on hold; no longer being dialled."""
        return self.record.status is ParticipantStatus.CONNECTED

    def place(self, started: bool) -> Place | None:
        """Where it is in the room; None while nothing of it can be heard or would be listened to."""
        if self.connected:
            presence = Presence.PRESENT if started else Presence.WAITING
        elif started and self.sends_early_media and self.early_media:
            presence = Presence.EARLY
        else:
            return None
        record = self.record
        return Place(
            self.call_sid,
            presence,
            held=record.hold,
            muted=record.muted,
            coaching=record.coaching,
            coachees=frozenset(record.call_sids_to_coach),
            wait=self.wait,
            hold=self.hold,
            waits_for_floor=self.waits_for_floor,
        )

    def details(self) -> dict[str, str]:
        """What every webhook about a participant says of it (reference, section 4.2)."""
        record = self.record
        details = {
            "Muted": _word(record.muted),
            "Hold": _word(record.hold),
            "Coaching": _word(record.coaching),
            "StartConferenceOnEnter": _word(record.start_conference_on_enter),
            "EndConferenceOnExit": _word(record.end_conference_on_exit),
        }
        return details if record.label is None else details | {"ParticipantLabel": record.label}

    def stepped(self, status: ParticipantStatus, at: datetime) -> "Participant":
        """It has got as far as *status*. Raises `IllegalStep`."""
        status = step(PARTICIPANT, self.record.status, status)
        return replace(self, record=replace(self.record, status=status, date_updated=at))

    def answered(self, at: datetime) -> "Participant":
        """The leg that was being dialled is in the conference. Raises `IllegalStep`."""
        here = self.stepped(ParticipantStatus.CONNECTED, at)
        return replace(here, record=replace(here.record, join_time=at))

    def handed_over(self, record: ParticipantRecord) -> "Participant":
        """The same place with somebody else in it: who, and since when, is what *record* says."""
        mine = self.record
        return replace(
            self,
            record=replace(
                record,
                label=mine.label,
                muted=mine.muted,
                hold=mine.hold,
                coaching=mine.coaching,
                call_sids_to_coach=mine.call_sids_to_coach,
                moderator=mine.moderator,
                start_conference_on_enter=mine.start_conference_on_enter,
                end_conference_on_exit=mine.end_conference_on_exit,
            ),
            speaking=False,
            sends_early_media=False,
        )

    def left(self, reason: ReasonParticipantLeft, at: datetime) -> "Participant":
        """It is gone. Raises `IllegalStep` if a connected leg is said to have failed to connect."""
        got_in = self.connected and reason is not ReasonParticipantLeft.ADD_FAILED
        gone = self.stepped(ParticipantStatus.COMPLETE if got_in else ParticipantStatus.FAILED, at)
        return replace(gone, record=replace(gone.record, leave_time=at, reason_left=reason))


def newcomer(record: ParticipantRecord, options: ParticipantOptions, queue_time_ms: int | None = None) -> Participant:
    """Return the participant that *options* describe; *record* says who, where and how far."""
    coachees = tuple(dict.fromkeys(options.call_sids_to_coach)) if options.coaching else ()
    return Participant(
        replace(
            record,
            label=options.label,
            muted=options.muted,
            coaching=options.coaching,
            call_sids_to_coach=coachees,
            moderator=options.moderator,
            start_conference_on_enter=options.start_conference_on_enter,
            end_conference_on_exit=options.end_conference_on_exit,
            queue_time_ms=queue_time_ms,
        ),
        wait=options.wait,
        usual_hold=options.usual_hold,
        beep_on_enter=options.beep.on_enter,
        beep_on_exit=options.beep.on_exit,
        early_media=options.early_media,
    )


def updated(old: Participant, wish: UpdateParticipant, coachees: tuple[Sid, ...] | None, at: datetime) -> Participant:
    """Return *old* as *wish* would have it. *coachees*: whom it shall coach; None if it shall not.

    What was not said stays, except the sound of a hold: each hold begins with what it says or with the usual sound.
    """
    record = replace(
        old.record,
        muted=_said(wish.muted, old.record.muted),
        hold=_said(wish.hold, old.record.hold),
        end_conference_on_exit=_said(wish.end_conference_on_exit, old.record.end_conference_on_exit),
        coaching=coachees is not None,
        call_sids_to_coach=coachees or (),
        moderator=_said(wish.moderator, old.record.moderator),
    )
    if record != old.record:
        record = replace(record, date_updated=at)
    held_since: Sound = old.hold if old.record.hold else old.usual_hold
    return replace(
        old,
        record=record,
        hold=_sound(wish.hold_sound, held_since) if record.hold else old.hold,
        wait=_sound(wish.wait, old.wait),
        beep_on_exit=_said(wish.beep_on_exit, old.beep_on_exit),
    )


def changes(old: Participant, new: Participant) -> Iterator[str]:
    """Yield the names of the events that tell of an update (reference, section 2.5)."""
    if old.record.muted != new.record.muted:
        yield "participant-mute" if new.record.muted else "participant-unmute"
    if old.record.hold != new.record.hold:
        yield "participant-hold" if new.record.hold else "participant-unhold"
    if _modifiable(old) != _modifiable(new):
        yield "participant-modify"
    if old.record.moderator != new.record.moderator:
        yield PROMOTED if new.record.moderator else DEMOTED


def _modifiable(participant: Participant) -> tuple[object, ...]:
    """What `participant-modify` tells of: BeepOnExit, EndConferenceOnExit, Coaching and its targets, WaitUrl."""
    record = participant.record
    return (
        participant.beep_on_exit,
        record.end_conference_on_exit,
        record.coaching,
        record.call_sids_to_coach,
        participant.wait,
    )


def _said(wish: bool | None, now: bool) -> bool:
    return now if wish is None else wish


def _sound(wish: Sound | None, now: Sound) -> Sound:
    """The very same value when nothing changes: what plays already is not to start again."""
    return now if wish is None or wish == now else wish


def _word(truth: bool) -> str:
    return "true" if truth else "false"
