"""Who may come in, and who may coach whom. Everything is checked before anything changes."""

from collections.abc import Iterable

from mixminus.base.errors import Refusal
from mixminus.base.types import Sid
from mixminus.calls.commands import UpdateParticipant
from mixminus.calls.labels import check_label
from mixminus.calls.options import ParticipantOptions
from mixminus.calls.participant import newcomer
from mixminus.calls.records import ConferenceRecord, ParticipantRecord, ParticipantStatus
from mixminus.calls.refusals import (
    AlreadyInConference,
    CoachingOneself,
    CoachTargetAbsent,
    CoachTargetHeld,
    CoachWithoutTarget,
    ConferenceFull,
    ConferenceNotBridged,
    LabelTaken,
    Origin,
)
from mixminus.calls.roster import Roster


def check_newcomer(
    call_sid: Sid, options: ParticipantOptions, roster: Roster, max_participants: int, origin: Origin
) -> None:
    """Raise the refusal of a leg that may not come in. Legs being dialled take a place too."""
    if len(roster) >= max_participants:
        raise ConferenceFull(max_participants)
    if options.label is not None:
        check_label(options.label, origin)
        if roster.find(options.label) is not None:
            raise LabelTaken(origin, options.label)
    if options.coaching:
        check_coachees(call_sid, options.call_sids_to_coach, roster, origin)


def check_newcomers(
    newcomers: Iterable[tuple[Sid, ParticipantOptions]],
    conference: ConferenceRecord,
    roster: Roster,
    max_participants: int,
) -> None:
    """Raise the refusal that one of these would meet if they came one after another through the API."""
    tried, born = roster.copy(), conference.date_created
    for call_sid, options in newcomers:
        if tried.find(call_sid) is not None:
            raise AlreadyInConference(call_sid)
        check_newcomer(call_sid, options, tried, max_participants, Origin.API)
        nobody, status = Sid(""), ParticipantStatus.CONNECTED
        record = ParticipantRecord(nobody, nobody, conference.sid, call_sid, status, born, born)
        tried.put(newcomer(record, options))


def check_listener(wish: UpdateParticipant, listener: ParticipantRecord, started: bool) -> None:
    """Raise unless an announcement that comes with *wish* would be heard."""
    held = listener.hold if wish.hold is None else wish.hold
    if not started:
        raise ConferenceNotBridged
    if held or listener.status is not ParticipantStatus.CONNECTED:
        raise Refusal(16001, 409, "The participant is on hold or has not answered: nobody would hear that.")


def check_coachees(call_sid: Sid, coachees: tuple[Sid, ...], roster: Roster, origin: Origin) -> None:
    """Raise unless *call_sid* may coach all of them.

    One that is still being dialled may be named: until it answers, nobody hears the coach.
    """
    if not coachees:
        raise CoachWithoutTarget
    for coachee in coachees:
        target = roster.find(coachee)
        if coachee == call_sid:
            raise CoachingOneself(call_sid)
        if target is None or target.call_sid != coachee:
            raise CoachTargetAbsent(origin, coachee)
        if target.record.hold:
            raise CoachTargetHeld(coachee)


def coachees_wished(wish: UpdateParticipant, now: ParticipantRecord, roster: Roster) -> tuple[Sid, ...] | None:
    """Return whom a participant shall coach after an update; None if it shall be a voice like any other.

    Naming a target is wishing to coach (reference, section 2.3), unless `Coaching=false` is said too: that is how
    Flex turns a whisper into a barge. Targets already agreed on are not checked again.
    """
    named = wish.call_sids_to_coach or ()
    if wish.coaching is False or (wish.coaching is None and not named and not now.coaching):
        return None
    if not named and now.coaching:
        return now.call_sids_to_coach
    check_coachees(now.call_sid, named, roster, Origin.API)
    return tuple(dict.fromkeys(named))
