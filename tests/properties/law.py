"""Who may hear what, written a second time from DESIGN.md (laws 1 and 3) and Twilio's words, without looking.

The law is `Law.heard_by`; the rest keeps the plain facts that it speaks of.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from tests.properties.notes import MUSIC, Note

BEEP_TICKS: Final = 2
NOTICE_TICKS: Final = 4
START_TICKS: Final = 2
"""So soon a private sound is there; until then there may be silence, and nothing else."""


@dataclass
class Person:
    """Somebody in the conference, or on the way into it. Their voice is the note of their name."""

    name: Note
    label: str | None = None
    connected: bool = True
    early: bool = False
    """Rings, and its ringing is heard."""
    starts: bool = True
    ends: bool = False
    beep_enter: bool = True
    beep_exit: bool = True
    muted: bool = False
    held: bool = False
    coachees: frozenset[Note] | None = None
    """None: no coach."""
    wait: Note | None = MUSIC
    hold: Note | None = MUSIC

    @property
    def has_voice(self) -> bool:
        return (self.connected or self.early) and not self.held and not self.muted


@dataclass
class Sounding:
    """A sound that lasts so many more ticks. One that is not `sure` may be silent, but the same for all."""

    note: Note
    ticks: int
    to: Note | None = None
    sure: bool = True


@dataclass
class Law:
    """One conference after another, as a newcomer would describe them."""

    people: dict[Note, Person] = field(default_factory=dict)
    started: bool = False
    live: bool = False
    sounding: list[Sounding] = field(default_factory=list)
    fresh: dict[Note, tuple[tuple[str, Note | None], int]] = field(default_factory=dict)
    """What sounds privately to whom, and for how many ticks it has."""

    # --- the law ----------------------------------------------------------------------------------------------

    def heard_by(self, me: Person) -> frozenset[Note]:
        """Law 1. Sounds of the room come and go with `on_air`."""
        if not me.connected:
            return frozenset()
        if me.held:
            return frozenset(filter(None, [me.hold]))
        if not self.started:
            return frozenset(filter(None, [me.wait]))
        return frozenset(
            you.name
            for you in self.people.values()
            if you is not me and you.has_voice and (you.coachees is None or me.name in you.coachees)
        )

    def recorded(self) -> frozenset[Note]:
        """Law 3."""
        return frozenset(you.name for you in self.people.values() if you.has_voice and you.coachees is None)

    def in_room(self, me: Person) -> bool:
        """Whether this ear hears what the room hears."""
        return self.started and me.connected and not me.held

    def on_air(self, to: Note | None, *, sure: bool) -> frozenset[Note]:
        """What the room (or one person alone) hears besides voices: what it must, or what it may."""
        return frozenset(s.note for s in self.sounding if s.to == to and (s.sure or not sure))

    # --- a tick -----------------------------------------------------------------------------------------------

    def must_hear(self, name: Note) -> frozenset[Note]:
        me = self.people.get(name)
        if me is None:
            return frozenset()
        if self.in_room(me):
            return self.heard_by(me) | self.on_air(None, sure=True)
        return self.heard_by(me) if self._sounding_since(me) > START_TICKS else frozenset()

    def may_hear(self, name: Note) -> frozenset[Note]:
        me = self.people.get(name)
        if me is None:
            return frozenset()
        if self.in_room(me):
            return self.heard_by(me) | self.on_air(None, sure=False) | self.on_air(name, sure=False)
        return self.heard_by(me)

    def tick(self) -> None:
        """20 ms are about to pass."""
        self.fresh = {name: (what, self._age(name, what)) for name, what in self._private()}

    def ticked(self) -> None:
        """They have passed."""
        for sound in self.sounding:
            sound.ticks -= 1
        self.sounding = [sound for sound in self.sounding if sound.ticks > 0]

    def _private(self) -> Iterable[tuple[Note, tuple[str, Note | None]]]:
        for me in self.people.values():
            if me.connected and not self.in_room(me):
                yield me.name, ("hold", me.hold) if me.held else ("wait", me.wait)

    def _age(self, name: Note, what: tuple[str, Note | None]) -> int:
        before = self.fresh.get(name)
        return before[1] + 1 if before is not None and before[0] == what else 1

    def _sounding_since(self, me: Person) -> int:
        return self.fresh[me.name][1] if me.name in self.fresh else 0

    # --- what happens -----------------------------------------------------------------------------------------

    def find(self, who: str) -> Person | None:
        by_label = next((p for p in self.people.values() if p.label == who), None)
        return by_label or self.people.get(who)

    def may_come(self, person: Person) -> bool:
        taken = person.label is not None and any(p.label == person.label for p in self.people.values())
        return person.name not in self.people and not taken and self.may_coach(person.name, person.coachees)

    def may_coach(self, name: Note, coachees: frozenset[Note] | None) -> bool:
        """Nobody coaches nobody, oneself, who is not there, or who is on hold."""
        if coachees is None:
            return True
        present = all(coachee in self.people and not self.people[coachee].held for coachee in coachees)
        return bool(coachees) and name not in coachees and present

    def come(self, person: Person) -> None:
        self.live = True
        self.people[person.name] = person
        if person.connected:
            self.connect(person)

    def connect(self, person: Person) -> None:
        person.connected, person.early = True, False
        connected = [p for p in self.people.values() if p.connected]
        self.started = self.started or (len(connected) > 1 and any(p.starts for p in connected))
        if self.started and person.beep_enter:
            self.sounding.append(Sounding("enter beep", BEEP_TICKS))

    def leave(self, person: Person) -> None:
        del self.people[person.name]
        self.fresh.pop(person.name, None)
        self.sounding = [sound for sound in self.sounding if sound.to != person.name]
        if (person.connected and person.ends) or not self.people:
            self.end()
        elif person.connected and person.beep_exit and self.started:
            self.sounding.append(Sounding("exit beep", BEEP_TICKS))

    def end(self) -> None:
        self.people.clear()
        self.sounding.clear()
        self.fresh.clear()
        self.started = self.live = False

    def hush(self, person: Person) -> None:
        """Who is held hears no notice any more."""
        self.sounding = [sound for sound in self.sounding if sound.to != person.name]
