"""The ledger of a live conference: what the engine says is in force, in the words of the conference, written down."""

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog

from mixminus.app.services import Services
from mixminus.base.types import Sid
from mixminus.calls.options import AudioDocument, HouseMusic, Sound
from mixminus.calls.outputs import Ear
from mixminus.insights import ledger
from mixminus.insights.ledger import Bookkeeper, Row
from mixminus.media.contract import Applied, AppliedRow, WatchRoom

WHAT_WAS_NOT_SAID: Final = "unknown"

IN_FORCE_WITHIN_S: Final = 0.5
"""The engine tells within two ticks; a worker that is lost or hangs does not hold up who asked."""

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.conferences")


class ConferenceLedger:
    """Watches one room (see `media_link.RoomWatcher`). Rows come from the engine; only names come from here."""

    def __init__(self, services: Services, conference_sid: Sid, room: int) -> None:
        self._services = services
        self._room = room
        self._book = Bookkeeper(conference_sid)
        self._calls: dict[int, Sid] = {}
        """Whose leg is whose, also of those who have left: what is told of them may be under way."""
        self._ears: dict[Sid, Ear] = {}
        """Of the plan in force."""
        self._coming: dict[int, Mapping[Sid, Ear]] = {}
        """What the plans that were sent, and are not known to be applied, will change of that."""
        self._plans = 0
        self._sounds: dict[int, ledger.Sound] = {}
        self._closing = False
        self._applied = 0
        self._waiting: dict[asyncio.Future[None], int] = {}
        """For plans to be applied."""

    async def in_force(self) -> None:
        """Return when the plan that was sent last is applied, or when that takes too long."""
        if self._applied >= self._plans:
            return
        applied: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[applied] = self._plans
        try:
            async with asyncio.timeout(IN_FORCE_WITHIN_S):
                await applied
        except TimeoutError:
            log.warning("a plan was not applied in time", room=self._room, plan=self._plans)
        finally:
            del self._waiting[applied]

    def plan(self, legs: Mapping[Sid, int], ears: Mapping[Sid, Ear]) -> int:
        """A plan is about to be sent, new for these. Returns its number, to be sent with it."""
        if self._plans == 0:
            self._services.media.watch(self._room, self)
        self._plans += 1
        self._calls |= {leg: call_sid for call_sid, leg in legs.items()}
        self._coming[self._plans] = ears
        return self._plans

    def plays(self, player: int, kind: str, what: str) -> None:
        """That player is one of this conference's; *kind* as in `ledger.Sound`."""
        self._sounds[player] = ledger.Sound(kind, what)

    def close(self) -> WatchRoom:
        """The conference is over; what is told after this command was applied is the last."""
        self._closing = True
        return WatchRoom(self._room, False)

    def applied(self, event: Applied) -> None:
        self._applied = event.plan
        for waiting, plan in self._waiting.items():
            if plan <= event.plan and not waiting.done():
                waiting.set_result(None)
        for plan in [plan for plan in self._coming if plan <= event.plan]:
            self._ears |= self._coming.pop(plan)
        rows = {self._calls[row.row.leg]: self._row(row) for row in event.rows}
        # Who goes on with another leg is still there.
        gone = {self._calls[leg] for leg in event.gone if leg in self._calls} - rows.keys()
        sounds = self._named(event.players)
        entries = self._book.applied(event.tick, rows, gone, sounds, self._services.clock.utc())
        if self._closing and not self._book.anybody_left:
            entries += self._book.ended()
            self._services.media.unwatch(self._room)
        self._services.store.save_soon(*entries)

    def ticked(self, tick: int) -> None:
        if entries := self._book.reached(tick):
            self._services.store.save_soon(*entries)

    def _row(self, applied: AppliedRow) -> Row:
        row = applied.row
        return Row(
            ear=self._ears.get(self._calls[row.leg], Ear.NOTHING).value,
            on_bus=row.on_bus,
            hears_bus=row.hears_bus,
            plus=self._whose(row.plus),
            minus=self._whose(row.minus),
            sounds=self._named(applied.players),
        )

    def _whose(self, legs: tuple[int, ...]) -> tuple[Sid, ...]:
        return tuple(sorted(self._calls[leg] for leg in legs))

    def _named(self, players: tuple[int, ...]) -> tuple[ledger.Sound, ...]:
        unknown = ledger.Sound("sound", WHAT_WAS_NOT_SAID)
        return tuple(sorted(self._sounds.get(player, unknown) for player in players))


def name_of(sound: Sound) -> str:
    """What plays, in a word or by its URL."""
    match sound:
        case AudioDocument(url):
            return url
        case HouseMusic():
            return "house music"
        case _:
            return "silence"
