"""Who is in a conference, or on the way into it, and who ever was."""

from collections.abc import Iterator
from dataclasses import replace

from mixminus.base.types import Sid
from mixminus.calls.participant import Participant
from mixminus.calls.records import ParticipantRecord


class Roster:
    """Live participants in the order in which they came, found by call SID or label; the records of all."""

    def __init__(self) -> None:
        self._live: dict[Sid, Participant] = {}
        self._by_label: dict[str, Sid] = {}
        self._records: dict[Sid, ParticipantRecord] = {}
        self._changed: dict[Sid, ParticipantRecord] = {}

    def __len__(self) -> int:
        return len(self._live)

    def __iter__(self) -> Iterator[Participant]:
        return iter(self._live.values())

    def copy(self) -> "Roster":
        """For trying something out: of those who are live."""
        tried = Roster()
        tried._live, tried._by_label = dict(self._live), dict(self._by_label)
        return tried

    def find(self, participant: str) -> Participant | None:
        """The live participant with that call SID or label. A label cannot look like a call SID."""
        return self._live.get(self._by_label.get(participant, Sid(participant)))

    @property
    def may_talk(self) -> bool:
        """Two are connected, and one of them has startConferenceOnEnter (reference, section 1.2)."""
        connected = [participant.record for participant in self if participant.connected]
        return len(connected) >= 2 and any(record.start_conference_on_enter for record in connected)

    def put(self, participant: Participant) -> None:
        """Add a newcomer, or replace what was known of one who is here."""
        self._live[participant.call_sid] = participant
        if participant.record.label is not None:
            self._by_label[participant.record.label] = participant.call_sid
        self._write(participant.record)

    def remove(self, gone: Participant) -> None:
        """Take out one who has left; *gone* is the last that is known of it."""
        del self._live[gone.call_sid]
        label = gone.record.label
        if label is not None and self._by_label[label] == gone.call_sid:  # else somebody else has it by now
            del self._by_label[label]
        self._write(gone.record)

    def rename_coachee(self, before: Sid, now: Sid) -> None:
        """Who coached *before* coaches *now*, who has its place."""
        for coach in tuple(self):
            if before in coach.record.call_sids_to_coach:
                coachees = tuple(now if one == before else one for one in coach.record.call_sids_to_coach)
                self.put(replace(coach, record=replace(coach.record, call_sids_to_coach=coachees)))

    def records(self) -> tuple[ParticipantRecord, ...]:
        """Everybody who was ever here, oldest first."""
        return tuple(self._records.values())

    def changed_records(self) -> tuple[ParticipantRecord, ...]:
        """What has changed since this was last asked."""
        changed = tuple(self._changed.values())
        self._changed.clear()
        return changed

    def _write(self, record: ParticipantRecord) -> None:
        # Who comes back is a new participant with a SID of its own; the record of the first visit stays.
        if self._records.get(record.sid) != record:
            self._records[record.sid] = self._changed[record.sid] = record
