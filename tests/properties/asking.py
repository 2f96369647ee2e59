"""What may be asked of a conference: each request is put to the law and to the real thing, which must agree."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from hypothesis import strategies as st
from tests.properties import notes
from tests.properties.hall import SIDS, Hall
from tests.properties.law import NOTICE_TICKS, Law, Person, Sounding
from tests.properties.notes import MUSIC, Note

from mixminus.app.conferences.conference_room import ConferenceRoom
from mixminus.base.errors import Refusal
from mixminus.base.types import Sid
from mixminus.calls.commands import UpdateParticipant
from mixminus.calls.endings import Departure
from mixminus.calls.options import (
    AudioDocument,
    Beep,
    ConferenceOptions,
    HouseMusic,
    NoSound,
    ParticipantOptions,
    RecordingOptions,
    Sound,
    Webhook,
)
from mixminus.calls.records import CallStatus
from mixminus.calls.states import IllegalStep

NOTICE_WINDOW = NOTICE_TICKS + 6
"""Ticks after which a notice that was asked for has been played, or never will be."""


class Brief:
    """Shows only what is said, so that a failing sequence can be read."""

    def __repr__(self) -> str:
        said = [f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if getattr(self, f.name) != f.default]  # type: ignore[arg-type]
        return f"{type(self).__name__}({', '.join(said)})"


@dataclass(frozen=True, repr=False)
class Come(Brief):
    """Join by TwiML, or be invited by the API; an invited one may be heard at once, and answers later."""

    name: Note
    label: str | None = None
    invited: bool = False
    early_media: bool = True
    starts: bool = True
    ends: bool = False
    muted: bool = False
    beep: Beep = Beep.TRUE
    coachees: frozenset[Note] | None = None
    wait: Note | None = MUSIC

    def ask(self, law: Law, hall: Hall) -> None:
        person = Person(
            self.name,
            self.label,
            not self.invited,
            starts=self.starts,
            ends=self.ends,
            beep_enter=self.beep.on_enter,
            beep_exit=self.beep.on_exit,
            muted=self.muted,
            coachees=self.coachees,
            wait=self.wait,
        )
        room = hall.opened(ConferenceOptions(recording=RecordingOptions(trim_silence=False)))
        leg = hall.people[self.name].leg
        come = self._invite if self.invited else self._join
        if _agreed(law.may_come(person), lambda: come(room, leg)):
            law.come(person)
            person.early = self.invited and self.early_media

    def _join(self, room: ConferenceRoom, leg: int) -> None:
        room.join(SIDS[self.name], leg, self._options(), ())

    def _invite(self, room: ConferenceRoom, leg: int) -> None:
        room.invite(SIDS[self.name], self._options())
        room.ringing(SIDS[self.name])
        if self.early_media:
            room.early_media(SIDS[self.name], leg)

    def _options(self) -> ParticipantOptions:
        return ParticipantOptions(
            label=self.label,
            muted=self.muted,
            beep=self.beep,
            start_conference_on_enter=self.starts,
            end_conference_on_exit=self.ends,
            wait=_sound(self.wait),
            coaching=self.coachees is not None,
            call_sids_to_coach=_sids(self.coachees) or (),
        )


@dataclass(frozen=True, repr=False)
class Answer(Brief):
    """An invited one picks up."""

    name: Note

    def ask(self, law: Law, hall: Hall) -> None:
        person = law.people.get(self.name)
        if person is not None and not person.connected and hall.room is not None:
            hall.room.answered(SIDS[self.name], hall.people[self.name].leg, ())
            law.connect(person)


@dataclass(frozen=True, repr=False)
class Update(Brief):
    """Any fields of a participant at once. None: not said; for sounds, "" is silence."""

    who: str
    muted: bool | None = None
    held: bool | None = None
    hold: Note | None = None
    wait: Note | None = None
    coaching: bool | None = None
    coachees: frozenset[Note] | None = None
    ends: bool | None = None
    notice: bool = False

    def ask(self, law: Law, hall: Hall) -> None:
        if hall.room is None:
            return
        room, person = hall.room, law.find(self.who)
        possible = person is not None and self._may_coach(law, person) and self._may_notify(law, person)
        if _agreed(possible, lambda: room.update(self._command(room))) and person is not None:
            self._apply(law, person)

    def _coachees(self, person: Person) -> frozenset[Note] | None:
        if self.coaching is False or (self.coaching is None and not self.coachees and person.coachees is None):
            return None
        return self.coachees or person.coachees or frozenset()

    def _may_coach(self, law: Law, person: Person) -> bool:
        coachees = self._coachees(person)
        unchanged = not self.coachees and coachees == person.coachees
        return unchanged or law.may_coach(person.name, coachees)

    def _may_notify(self, law: Law, person: Person) -> bool:
        """Only who will hear the room can be told something."""
        held = person.held if self.held is None else self.held
        return not self.notice or (law.started and person.connected and not held)

    def _apply(self, law: Law, person: Person) -> None:
        person.coachees = self._coachees(person)
        person.muted = person.muted if self.muted is None else self.muted
        person.ends = person.ends if self.ends is None else self.ends
        person.wait = person.wait if self.wait is None else self.wait or None
        was_held, person.held = person.held, person.held if self.held is None else self.held
        if person.held and not was_held:
            person.hold = MUSIC
        if person.held and self.hold is not None:
            person.hold = self.hold or None
        if self.notice:
            law.sounding.append(Sounding("whispered notice", NOTICE_WINDOW, person.name, sure=False))
        if not law.in_room(person):
            law.hush(person)

    def _command(self, room: ConferenceRoom) -> UpdateParticipant:
        return UpdateParticipant(
            room.record.sid,
            SIDS.get(self.who, self.who),
            muted=self.muted,
            hold=self.held,
            hold_sound=None if self.hold is None else _sound(self.hold or None),
            wait=None if self.wait is None else _sound(self.wait or None),
            coaching=self.coaching,
            call_sids_to_coach=_sids(self.coachees),
            end_conference_on_exit=self.ends,
            announce=Webhook("media:whispered notice") if self.notice else None,
        )


@dataclass(frozen=True, repr=False)
class Leave(Brief):
    """Out of the conference; a call that `hangs_up` is gone, and its person calls anew."""

    name: Note
    departure: Departure = Departure.HUNG_UP
    hangs_up: bool = True

    def ask(self, law: Law, hall: Hall) -> None:
        person = law.people.get(self.name)
        if person is None or hall.room is None:
            return
        hall.room.leave(SIDS[self.name], self.departure, CallStatus.COMPLETED)
        law.leave(person)
        if self.hangs_up:
            hall.connect(self.name)


@dataclass(frozen=True)
class Announce:
    """To everybody."""

    def ask(self, law: Law, hall: Hall) -> None:
        room = hall.room
        if room is not None and _agreed(law.started, lambda: room.announce(Webhook("media:notice"))):
            law.sounding.append(Sounding("notice", NOTICE_WINDOW, sure=False))


@dataclass(frozen=True)
class End:
    def ask(self, law: Law, hall: Hall) -> None:
        if hall.room is not None:
            hall.room.end()
            law.end()


Request = Come | Answer | Update | Leave | Announce | End


@dataclass(frozen=True)
class Step:
    """Requests between two ticks, how far their tasks get before the first one, and how many ticks pass."""

    requests: tuple[Request, ...]
    yields: int
    ticks: int


def _agreed(possible: bool, request: Callable[[], object]) -> bool:
    """Ask; the conference must accept exactly what the law does."""
    refusal = None
    try:
        request()
    except (Refusal, IllegalStep) as error:
        refusal = error
    assert (refusal is None) == possible, f"the law and the conference disagree: {refusal or 'accepted'}"
    return possible


def _sound(note: Note | None) -> Sound:
    if note is None:
        return NoSound()
    return HouseMusic() if note == MUSIC else AudioDocument(f"media:{note}")


def _sids(coachees: frozenset[Note] | None) -> tuple[Sid, ...] | None:
    return None if coachees is None else tuple(SIDS[name] for name in sorted(coachees))


# --- sequences --------------------------------------------------------------------------------------------------

_FIRST = notes.VOICES[:3]
names = st.sampled_from([*_FIRST * 3, *notes.VOICES])
"""Those who come first are spoken of most, so that most requests find whom they mean."""
labels = st.sampled_from([None, None, "x", "y"])
wishes = st.sampled_from([None, None, False, True])
rarely = st.sampled_from([False] * 7 + [True])
whom = st.sampled_from([None, None, *(frozenset(p) for p in ("ab", "c", "bd", "a", "e", "b"))]).map(
    lambda initials: initials and frozenset(n for n in notes.VOICES if n[0] in initials)
)

comings = st.builds(
    Come,
    names,
    labels,
    invited=st.sampled_from([False, False, True]),
    early_media=st.booleans(),
    starts=st.sampled_from([True, True, False]),
    ends=rarely,
    muted=rarely,
    beep=st.sampled_from(Beep),
    coachees=whom,
    wait=st.sampled_from([MUSIC, "wait file", None]),
)
updates = st.builds(
    Update,
    st.sampled_from([*_FIRST * 3, *notes.VOICES, "x", "y"]),
    muted=wishes,
    held=wishes,
    hold=st.sampled_from([None, MUSIC, "hold file", ""]),
    wait=st.sampled_from([None, None, None, MUSIC, "wait file", ""]),
    ends=st.sampled_from([None, None, None, False, True]),
    notice=rarely,
)
coachings = st.builds(Update, names, held=st.sampled_from([None, None, None, False]), coaching=wishes, coachees=whom)
leavings = st.builds(
    Leave,
    names,
    st.sampled_from([Departure.HUNG_UP, Departure.STAR, Departure.REMOVED, Departure.REDIRECTED]),
    st.booleans(),
)
kinds = [comings] * 3 + [updates] * 4 + [coachings] * 3 + [leavings, st.builds(Answer, names)]
requests = st.one_of(*kinds, st.sampled_from([*[Announce()] * 4, End()]))
steps = st.builds(Step, st.lists(requests, min_size=1, max_size=3).map(tuple), st.integers(0, 4), st.integers(1, 6))


@st.composite
def sequences(draw: st.DrawFn) -> tuple[Step, ...]:
    """Three come: they talk, or they wait until somebody starts the conference; then anything."""
    starts = draw(st.sampled_from([True, True, False]))
    coachees = draw(st.sampled_from([None, frozenset({_FIRST[1]})]))
    begin = [replace(Come(name), starts=starts) for name in _FIRST]
    begin[2] = replace(begin[2], coachees=coachees)
    return (Step(tuple(begin), 4, 4), *draw(st.lists(steps, min_size=5, max_size=11)))
