"""Who heard what, tick by tick: a run-length code with a hash chain. Pure.

A *run* says what reaches one ear from a tick on, until that ear's next run. Each is an entry of its own, written
when it begins, so that a crash loses none that began before. An entry's hash covers the hash before it, so that a
change of any of them shows in all that follow; entry 0, the head, is rewritten as the ledger grows and says how far
it reaches.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from mixminus.base.types import Sid
from mixminus.calls.records import LedgerEntry

TICK_MS: Final = 20
"""Media time: what the engine counts (media/contract.py, `Applied`)."""

HEAD: Final = 0


@dataclass(frozen=True, slots=True, order=True)
class Sound:
    """Something that plays: `wait`, `hold`, `announcement` or `beep`, and what it is."""

    kind: str
    what: str


@dataclass(frozen=True, slots=True)
class Row:
    """What reaches one listener, written against the room's bus, and whether its own voice is on that bus."""

    ear: str
    """`room`, `wait`, `hold` or `nothing`: what the plan is for."""
    on_bus: bool
    hears_bus: bool
    plus: tuple[Sid, ...] = ()
    """Who whispers to it."""
    minus: tuple[Sid, ...] = ()
    sounds: tuple[Sound, ...] = ()
    """For it alone."""


@dataclass(frozen=True, slots=True)
class Run:
    """From `tick` on. Without `call_sid` it is about the room, and `sounds` are what plays to everybody in it."""

    number: int
    tick: int
    call_sid: Sid | None
    row: Row | None
    """None: it has left the room."""
    sounds: tuple[Sound, ...] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """How far the ledger reaches."""

    begins_at: datetime
    """About when `first_tick` was mixed; everything else is counted in ticks from there."""
    first_tick: int
    reached_tick: int
    """Until this one, inclusive, the runs are complete."""
    runs: int
    last_hash: str
    ended: bool = False
    """The conference is over, and nothing will be added."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """As it was read. With a `fault`, `runs` are those before it."""

    conference_sid: Sid
    head: Head
    runs: tuple[Run, ...]
    fault: str | None = None

    @property
    def end_tick(self) -> int:
        """The first tick that is not known any more."""
        return self.head.reached_tick + 1

    def ms(self, tick: int) -> int:
        """Since the ledger begins."""
        return (tick - self.head.first_tick) * TICK_MS


class Bookkeeper:
    """Writes the ledger of one conference. Every method returns the entries that are to be saved, oldest first."""

    def __init__(self, conference_sid: Sid) -> None:
        self._conference_sid = conference_sid
        self._head: Head | None = None
        self._rows: dict[Sid, Row] = {}
        self._sounds: tuple[Sound, ...] = ()
        self._hash = _genesis(conference_sid)

    @property
    def anybody_left(self) -> bool:
        """Whether the last that was applied has somebody in the room."""
        return bool(self._rows)

    def applied(
        self, tick: int, rows: Mapping[Sid, Row], gone: Iterable[Sid], sounds: tuple[Sound, ...], at: datetime
    ) -> tuple[LedgerEntry, ...]:
        """From *tick* on these rows are in force, those in *gone* are not, and all others are as they were."""
        head = self._head or Head(at, tick, tick, 0, self._hash.hex())
        entries: list[LedgerEntry] = []

        def enter(call_sid: Sid | None, row: Row | None, sounds: tuple[Sound, ...] = ()) -> None:
            entries.append(self._entry(Run(head.runs + len(entries) + 1, tick, call_sid, row, sounds)))

        for call_sid in sorted(self._rows.keys() & set(gone)):
            del self._rows[call_sid]
            enter(call_sid, None)
        for call_sid, row in rows.items():
            if self._rows.get(call_sid) != row:
                self._rows[call_sid] = row
                enter(call_sid, row)
        if sounds != self._sounds:
            self._sounds = sounds
            enter(None, None, sounds)
        runs = head.runs + len(entries)
        self._head = replace(head, reached_tick=tick, runs=runs, last_hash=self._hash.hex())
        return (*entries, self._sealed())

    def reached(self, tick: int) -> tuple[LedgerEntry, ...]:
        """Until *tick*, inclusive, nothing has changed."""
        if self._head is None or tick <= self._head.reached_tick:
            return ()
        self._head = replace(self._head, reached_tick=tick)
        return (self._sealed(),)

    def ended(self) -> tuple[LedgerEntry, ...]:
        """The conference is over: nothing follows."""
        if self._head is None:
            return ()
        self._head = replace(self._head, ended=True)
        return (self._sealed(),)

    def _entry(self, run: Run) -> LedgerEntry:
        content = _canonical(_run_content(run))
        self._hash = _chained(self._hash, content)
        return LedgerEntry(self._conference_sid, run.number, content, self._hash)

    def _sealed(self) -> LedgerEntry:
        assert self._head is not None
        content = _canonical(_head_content(self._head))
        return LedgerEntry(self._conference_sid, HEAD, content, _chained(_genesis(self._conference_sid), content))


def read(conference_sid: Sid, entries: Sequence[LedgerEntry]) -> Ledger | None:
    """Read a ledger and check its chain, whatever was done to it. None: there is none."""
    if not entries:
        return None
    runs: list[Run] = []
    unread = Head(datetime.min, 0, -1, 0, "")
    first, *rest = sorted(entries, key=lambda entry: entry.number)
    if first.number != HEAD or first.hash != _chained(_genesis(conference_sid), first.content):
        return Ledger(conference_sid, unread, (), "entry 0, the head, is missing or does not match its hash")
    head, chain = _head_of(json.loads(first.content)), _genesis(conference_sid)
    for number, entry in enumerate(rest, 1):
        chain = _chained(chain, entry.content)
        if entry.number != number:
            return Ledger(conference_sid, head, tuple(runs), f"entry {number} is missing")
        if entry.hash != chain:
            return Ledger(conference_sid, head, tuple(runs), f"entry {number} does not match its hash")
        runs.append(_run_of(json.loads(entry.content)))
    fault = None
    if (head.runs, head.last_hash) != (len(runs), chain.hex()):
        fault = f"the head tells of {head.runs} entries and of other hashes: there are {len(runs)}"
    return Ledger(conference_sid, head, tuple(runs), fault)


# --- the chain ------------------------------------------------------------------------------------------------------


def _genesis(conference_sid: Sid) -> bytes:
    """What stands where an entry before the first one would: no entry can be moved to another conference."""
    return hashlib.sha256(conference_sid.encode()).digest()


def _chained(previous: bytes, content: bytes) -> bytes:
    return hashlib.sha256(previous + content).digest()


def _canonical(content: Mapping[str, Any]) -> bytes:
    """One text for one value: names in order, no spaces (as RFC 8785 has it, which such values need no more of)."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


# --- entries as JSON ------------------------------------------------------------------------------------------------


def _run_content(run: Run) -> dict[str, Any]:
    row = run.row
    return {
        "number": run.number,
        "tick": run.tick,
        "call_sid": run.call_sid,
        "row": None
        if row is None
        else {
            "ear": row.ear,
            "on_bus": row.on_bus,
            "hears_bus": row.hears_bus,
            "plus": row.plus,
            "minus": row.minus,
            "sounds": [[sound.kind, sound.what] for sound in row.sounds],
        },
        "sounds": [[sound.kind, sound.what] for sound in run.sounds],
    }


def _run_of(said: Mapping[str, Any]) -> Run:
    row = said["row"]
    return Run(
        said["number"],
        said["tick"],
        said["call_sid"],
        None
        if row is None
        else Row(
            row["ear"],
            row["on_bus"],
            row["hears_bus"],
            tuple(row["plus"]),
            tuple(row["minus"]),
            _sounds_of(row["sounds"]),
        ),
        _sounds_of(said["sounds"]),
    )


def _sounds_of(said: Iterable[tuple[str, str]]) -> tuple[Sound, ...]:
    return tuple(Sound(kind, what) for kind, what in said)


def _head_content(head: Head) -> dict[str, Any]:
    return {
        "begins_at": head.begins_at.isoformat(),
        "first_tick": head.first_tick,
        "reached_tick": head.reached_tick,
        "runs": head.runs,
        "last_hash": head.last_hash,
        "ended": head.ended,
    }


def _head_of(said: Mapping[str, Any]) -> Head:
    return Head(
        datetime.fromisoformat(said["begins_at"]),
        said["first_tick"],
        said["reached_tick"],
        said["runs"],
        said["last_hash"],
        said["ended"],
    )
