"""The conference: commands and the time go in, numbered events and orders to the media come out.

A machine without I/O. Its owner (one actor, law 4) calls a method, then takes `drain()` and `changed_records()`.
A method that raises has changed nothing. Times are aware datetimes in UTC.
"""

from collections.abc import Mapping, Set
from dataclasses import replace
from datetime import datetime

from mixminus.base.errors import not_found
from mixminus.base.sids import PARTICIPANT, Sids
from mixminus.base.types import Sid
from mixminus.calls.admission import check_listener, check_newcomer, check_newcomers, coachees_wished
from mixminus.calls.commands import UpdateParticipant
from mixminus.calls.endings import ENDED_VIA_API, Departure, Ending, ending_after
from mixminus.calls.events import NOTHING_MORE, EventNumbers
from mixminus.calls.moderating import Additions, check_moderator, check_update, deeds, departed, is_moderator
from mixminus.calls.options import ConferenceOptions, ParticipantOptions
from mixminus.calls.outputs import BeginRecording, ConferenceOutput, ConferenceOver, Dismiss, PlayBeep, Rewire, Seat
from mixminus.calls.participant import DEMOTED, PROMOTED, Participant, changes, newcomer, updated
from mixminus.calls.records import (
    FINAL_CALL_STATUSES,
    CallStatus,
    ConferenceRecord,
    ConferenceStatus,
    ParticipantRecord,
    ParticipantStatus,
    ReasonParticipantLeft,
)
from mixminus.calls.refusals import ConferenceCompleted, ConferenceNotBridged, Origin
from mixminus.calls.role import Role, role_in
from mixminus.calls.roster import Roster
from mixminus.calls.seating import Seating, voices
from mixminus.calls.states import CONFERENCE, IllegalStep, step

# The mixer's region when nobody asked for one (reference, section 1.1).
_DEFAULT_REGION = "us1"


class Conference:
    """One conference from its first leg to its end.

    `options` are the first participant's: later ones are not heard on them. A conference that refused its first
    leg is still empty, in `init`; its owner forgets it.
    """

    def __init__(
        self,
        sid: Sid,
        account_sid: Sid,
        friendly_name: str,
        options: ConferenceOptions,
        sids: Sids,
        utc_now: datetime,
    ) -> None:
        self.options = options
        self._record = ConferenceRecord(
            sid,
            account_sid,
            friendly_name,
            ConferenceStatus.INIT,
            date_created=utc_now,
            date_updated=utc_now,
            region=options.region or _DEFAULT_REGION,
        )
        self._record_changed = True
        self._sids = sids
        self._roster = Roster()
        self._numbers = EventNumbers()
        self._seating = Seating()
        self._additions = Additions()
        self._seats: tuple[Seat, ...] = ()
        self._said: list[ConferenceOutput] = []
        """Of the command that is being carried out."""
        self._outputs: list[ConferenceOutput] = []

    # --- what is known ---------------------------------------------------------------------------------------

    @property
    def empty(self) -> bool:
        """Nobody is in it or on the way into it."""
        return len(self._roster) == 0

    def record(self) -> ConferenceRecord:
        return self._record

    def participants(self) -> tuple[ParticipantRecord, ...]:
        """Everybody who was ever here or was dialled for it, oldest first; `live` tells who still is."""
        return self._roster.records()

    def participant(self, participant: str) -> ParticipantRecord:
        """The live participant with that call SID or label. Raises a 20404 `Refusal`."""
        return self._live(participant).record

    def role(self, call_sid: Sid) -> Role | None:
        """How that call stands; None: it is not here."""
        return role_in(self._roster, self._record.sid, call_sid)

    def voices(self) -> frozenset[Sid]:
        """Whose voice is for everybody, or would be with the floor (see `floor`)."""
        return voices(self._roster, self._started)

    def permit(self, by: Sid | None) -> None:
        """Raise 20003 if a moderator asks who is none of this conference, or is not any more."""
        check_moderator(by, self._roster)

    def changed_records(self) -> tuple[ConferenceRecord | ParticipantRecord, ...]:
        """What is to be written down anew: what has changed since this was last asked."""
        mine = (self._record,) if self._record_changed else ()
        self._record_changed = False
        return (*mine, *self._roster.changed_records())

    def drain(self) -> tuple[ConferenceOutput, ...]:
        """Take everything that is to be done, in order. After `ConferenceOver` nothing follows."""
        outputs = tuple(self._outputs)
        self._outputs.clear()
        return outputs

    # --- coming in -------------------------------------------------------------------------------------------

    def invite(
        self,
        call_sid: Sid,
        options: ParticipantOptions,
        at: datetime,
        queue_time_ms: int | None = None,
        by: Sid | None = None,
    ) -> ParticipantRecord:
        """A leg that the API dials into the conference: listed and counted, not in the room. Raises refusals."""
        self.permit(by)
        if by is not None and is_moderator(by):
            self._additions.check(by, at)
        self._admit(call_sid, options, Origin.API)
        invited = newcomer(self._new_record(call_sid, ParticipantStatus.QUEUED, at), options, queue_time_ms)
        self._roster.put(invited)
        if by is not None and is_moderator(by):
            self._additions.note(by, at)
        self._write_deed(by, "add", invited, at)
        self._write_promotion(invited, by, at)
        self._hand_out()
        return invited.record

    def dialling(self, call_sid: Sid, at: datetime) -> None:
        """The invited leg has left the queue."""
        self._proceed(call_sid, ParticipantStatus.CONNECTING, at)

    def ringing(self, call_sid: Sid, at: datetime) -> None:
        """The invited leg's phone rings. Phones say so more than once; only the first time counts."""
        self._proceed(call_sid, ParticipantStatus.RINGING, at)

    def early_media(self, call_sid: Sid, at: datetime) -> None:
        """The invited leg sends sound while it rings. The room hears it, unless `EarlyMedia=false`."""
        self._proceed(call_sid, ParticipantStatus.RINGING, at)
        self._roster.put(replace(self._live(call_sid), sends_early_media=True))
        self._settle()

    def joined(self, call_sid: Sid, at: datetime) -> ParticipantRecord:
        """The invited leg has answered. It was admitted when it was invited."""
        return self._enter(self._live(call_sid).answered(at), at)

    def join(
        self, call_sid: Sid, options: ParticipantOptions, at: datetime, origin: Origin = Origin.TWIML
    ) -> ParticipantRecord:
        """A leg that is connected comes in: by `<Dial><Conference>`, or moved by the API. Raises refusals."""
        self._admit(call_sid, options, origin)
        record = replace(self._new_record(call_sid, ParticipantStatus.CONNECTED, at), join_time=at)
        joining = newcomer(record, options)
        self._write_promotion(joining, None, at)
        return self._enter(joining, at)

    def require_places(self, *newcomers: tuple[Sid, ParticipantOptions]) -> None:
        """Raise the refusal that one of these would meet if they joined one after another through the API."""
        self._require_live()
        check_newcomers(newcomers, self._record, self._roster, self.options.max_participants)

    # --- while it runs ---------------------------------------------------------------------------------------

    def update(self, wish: UpdateParticipant, at: datetime) -> ParticipantRecord:
        """Mute, hold, coach, … all at one tick. Raises refusals. `announce` is for the owner to play."""
        self.permit(wish.by)
        old = self._live(wish.participant)
        if is_moderator(wish.by):
            check_update(wish, old.record)
        coachees = coachees_wished(wish, old.record, self._roster)
        new = updated(old, wish, coachees, at)
        self._roster.put(new)
        self._write_deed(wish.by, deeds(wish), new, at)
        for name in changes(old, new):
            self._tell(name, at, new, {"By": wish.by} if wish.by and name in (PROMOTED, DEMOTED) else NOTHING_MORE)
        self._settle()
        return new.record

    def give_floor(self, agents: Set[Sid], holder: Sid | None) -> None:
        """Of these agents one speaks up at a time, now *holder*; everybody else speaks when they like."""
        for participant in tuple(self._roster):
            waits = participant.call_sid in agents and participant.call_sid != holder
            if participant.waits_for_floor is not waits:
                self._roster.put(replace(participant, waits_for_floor=waits))
        self._settle()

    def speech(self, call_sid: Sid, started: bool, at: datetime) -> None:
        """Somebody began or ceased to speak. A repeat is no news."""
        speaker = self._live(call_sid)
        if speaker.speaking is not started:
            speaker = replace(speaker, speaking=started)
            self._roster.put(speaker)
            self._tell("participant-speech-start" if started else "participant-speech-stop", at, speaker)
            self._hand_out()

    def dominant(self, call_sid: Sid, at: datetime) -> None:
        """Somebody has the floor now."""
        self._tell("dominant-speaker", at, self._live(call_sid))
        self._hand_out()

    def require_listener(self, wish: UpdateParticipant) -> None:
        """Raise unless the participant will hear the room: else it hears its wait or hold audio alone (law 1)."""
        check_listener(wish, self._live(wish.participant).record, self._started)

    def require_bridged(self) -> None:
        """Raise unless an announcement to everybody would be heard (16001, 16022)."""
        self._require_live()
        if self._record.status is not ConferenceStatus.IN_PROGRESS:
            raise ConferenceNotBridged

    def announcement_ended(self, call_sid: Sid | None, url: str, at: datetime) -> None:
        """An announcement has been heard by one participant, or by all (None)."""
        self._announced("announcement-end", call_sid, {"AnnounceUrl": url}, at)

    def announcement_failed(self, call_sid: Sid | None, url: str, why: str, at: datetime) -> None:
        """An announcement could not be played. *why* is for people."""
        self._announced("announcement-fail", call_sid, {"AnnounceUrl": url, "ReasonAnnouncementFailed": why}, at)

    def succeed(self, leaver: Sid, heir: Sid, at: datetime) -> None:
        """A connected leg takes the place of another as it stands: label, role, mute, hold. Raises 20404.

        Everybody hears the one instead of the other from one tick to the next; no beep says so.
        """
        old = self._live(leaver)
        new = old.handed_over(replace(self._new_record(heir, ParticipantStatus.CONNECTED, at), join_time=at))
        self._roster.put(new)
        self._roster.rename_coachee(leaver, heir)
        self._tell("participant-join", at, new)
        gone = Departure.TRANSFERRED
        self._part(old, gone.reason, CallStatus.IN_PROGRESS, at, gone.sentence)
        self._settle()

    # --- leaving ---------------------------------------------------------------------------------------------

    def leave(
        self,
        participant: str,
        departure: Departure,
        at: datetime,
        call_status: CallStatus,
        why: str | None = None,
        by: Sid | None = None,
    ) -> None:
        """A leg, by call SID or label, is gone, or shall be. *call_status*: how its call stands now. Raises 20404.

        *why*: what the call itself knows better than *departure*; *by*: whose wish it was.
        """
        self.permit(by)
        leaver = self._live(participant)
        why = why or departed(departure, by)
        self._write_deed(by, "remove", leaver, at)
        self._part(leaver, departure.reason, call_status, at, why)
        if departure.dismisses:
            self._said.append(Dismiss(leaver.call_sid, departure.reason, why))
        ending = ending_after(leaver, departure, anybody_left=not self.empty)
        if ending is not None:
            self._complete(ending, at)
        elif leaver.connected and leaver.beep_on_exit and self._started:
            self._said.append(PlayBeep(entering=False))
        self._settle()

    def end(self, at: datetime) -> None:
        """The API completes the conference. Raises `ConferenceCompleted` if it was over already."""
        self._require_live()
        self._complete(ENDED_VIA_API, at)
        self._settle()

    # --- rules -----------------------------------------------------------------------------------------------

    @property
    def _started(self) -> bool:
        return self._record.status is ConferenceStatus.IN_PROGRESS

    def _live(self, participant: str) -> Participant:
        found = self._roster.find(participant)
        if found is None:
            raise not_found(f"/Conferences/{self._record.sid}/Participants/{participant}")
        return found

    def _require_live(self) -> None:
        if self._record.status is ConferenceStatus.COMPLETED:
            raise ConferenceCompleted(self._record.sid)

    def _admit(self, call_sid: Sid, options: ParticipantOptions, origin: Origin) -> None:
        self._require_live()
        present = self._roster.find(call_sid)
        if present is not None:
            raise IllegalStep(present.record.status, ParticipantStatus.QUEUED)
        check_newcomer(call_sid, options, self._roster, self.options.max_participants, origin)

    def _new_record(self, call_sid: Sid, status: ParticipantStatus, at: datetime) -> ParticipantRecord:
        mine = self._record
        sid = self._sids.new(PARTICIPANT)
        return ParticipantRecord(sid, mine.account_sid, mine.sid, call_sid, status, date_created=at, date_updated=at)

    def _proceed(self, call_sid: Sid, status: ParticipantStatus, at: datetime) -> None:
        leg = self._live(call_sid)
        if leg.record.status is not status:
            self._roster.put(leg.stepped(status, at))

    def _enter(self, participant: Participant, at: datetime) -> ParticipantRecord:
        """Seat a connected leg. It joins before the conference starts: two participants are what makes it start."""
        self._roster.put(participant)
        self._tell("participant-join", at, participant)
        starts = self._record.status is ConferenceStatus.INIT and self._roster.may_talk
        if starts:
            self._rewrite(ConferenceStatus.IN_PROGRESS, at)
            self._record = replace(self._record, start_time=at)
            self._tell("conference-start", at)
        if self._started and participant.beep_on_enter:
            self._said.append(PlayBeep(entering=True))
        if starts and self.options.recording is not None:
            self._said.append(BeginRecording())
        self._settle()
        return participant.record

    def _part(
        self, leaver: Participant, reason: ReasonParticipantLeft, status: CallStatus, at: datetime, why: str
    ) -> None:
        gone = leaver.left(reason, at)
        self._roster.remove(gone)
        # The webhook has no word for a leg that is let go while it is dialled: its call is about to be canceled.
        told = status if leaver.connected or status in FINAL_CALL_STATUSES else CallStatus.CANCELED
        details = {"ParticipantCallStatus": told.value, "ReasonParticipantLeft": reason.value, "Reason": why}
        self._tell("participant-leave", at, gone, details)

    def _complete(self, ending: Ending, at: datetime) -> None:
        """Let everybody go, in the order in which they came, then end."""
        for other in tuple(self._roster):
            self._part(other, ending.others, CallStatus.IN_PROGRESS, at, ending.detail)
            self._said.append(Dismiss(other.call_sid, ending.others, ending.detail))
        self._rewrite(ConferenceStatus.COMPLETED, at)
        self._record = replace(
            self._record,
            end_time=at,
            reason_conference_ended=ending.reason,
            call_sid_ending_conference=ending.by.call_sid if ending.by else None,
            end_detail=ending.detail,
        )
        self._tell("conference-end", at, details=ending.details())
        self._said.append(ConferenceOver())

    def _rewrite(self, status: ConferenceStatus, at: datetime) -> None:
        """Step to *status*, and have that written down."""
        status = step(CONFERENCE, self._record.status, status)
        self._record = replace(self._record, status=status, date_updated=at)
        self._record_changed = True

    def _announced(self, name: str, call_sid: Sid | None, details: Mapping[str, str], at: datetime) -> None:
        self._require_live()
        self._tell(name, at, None if call_sid is None else self._live(call_sid), details)
        self._hand_out()

    # --- saying it -------------------------------------------------------------------------------------------

    def _write_deed(self, by: Sid | None, deed: str, about: Participant, at: datetime) -> None:
        """What a moderator does is in the log, before what comes of it."""
        if by is not None and is_moderator(by):
            self._tell("moderator-act", at, about, {"By": by, "Did": deed})

    def _write_promotion(self, newcomer: Participant, by: Sid | None, at: datetime) -> None:
        if newcomer.record.moderator:
            self._tell(PROMOTED, at, newcomer, {"By": by or "TwiML"})

    def _tell(
        self,
        name: str,
        at: datetime,
        participant: Participant | None = None,
        details: Mapping[str, str] = NOTHING_MORE,
    ) -> None:
        self._said.append(self._numbers.event(name, at, participant, details))

    def _settle(self) -> None:
        """Close a command: first what the ears notice, once, and only if they do; then what is told about it."""
        now = self._seating.seats(self._roster, self._started)
        if now != self._seats:
            self._seats = now
            self._outputs.append(Rewire(now))
        self._hand_out()

    def _hand_out(self) -> None:
        """Close a command that no ear can notice."""
        self._outputs.extend(self._said)
        self._said.clear()
