"""The queues of a node, by SID and by name."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from mixminus.app.queues.waiting_line import WaitingLine
from mixminus.base.clock import Clock
from mixminus.base.errors import Refusal, not_found
from mixminus.base.sids import QUEUE, Sids
from mixminus.base.types import Sid
from mixminus.calls.options import Instructions
from mixminus.calls.queue import DEFAULT_MAX_SIZE, CallQueue, QueueFigures, QueueMember
from mixminus.calls.records import QueueRecord
from mixminus.store.contract import Store


class Queues:
    """A queue stays until it is deleted, also without calls, and over restarts of the node."""

    def __init__(self, account_sid: Sid, store: Store, clock: Clock, sids: Sids) -> None:
        self._account_sid = account_sid
        self._store = store
        self._clock = clock
        self._sids = sids
        self._by_sid: dict[Sid, WaitingLine] = {}
        self._by_name: dict[str, WaitingLine] = {}
        self.redirect: Callable[[Sid, Instructions], Awaitable[None]]
        """Makes a live call do something else; set when calls can be redirected."""

    async def restore(self) -> None:
        """Those of the last run; nobody waits in them any more."""
        for record in await self._store.query(QueueRecord):
            self._keep(record)

    # --- by name: TwiML -------------------------------------------------------------------------------------------

    def named(self, name: str) -> WaitingLine:
        """A name that is not in use makes a queue."""
        return self._by_name.get(name) or self._open(name, DEFAULT_MAX_SIZE)

    def known(self, name: str) -> WaitingLine | None:
        return self._by_name.get(name)

    # --- by SID: REST ---------------------------------------------------------------------------------------------

    async def create(self, name: str, max_size: int) -> QueueRecord:
        """Raises 20409 when there is a queue of that name."""
        self._require_free(name)
        record = self._open(name, max_size).queue.record
        await self._store.flush()
        return record

    async def change(self, sid: Sid, name: str | None, max_size: int | None) -> QueueRecord:
        """None: as it was. Who waits stays, also in a queue that has become too small. Raises 20404 and 20409."""
        line = self._line(sid)
        before = line.queue.record
        if name is not None and name != before.friendly_name:
            self._require_free(name)
        record = replace(
            before,
            friendly_name=name or before.friendly_name,
            max_size=before.max_size if max_size is None else max_size,
            date_updated=self._clock.utc(),
        )
        line.queue.record = record
        del self._by_name[before.friendly_name]
        self._by_name[record.friendly_name] = line
        await self._store.save(record)
        return record

    async def delete(self, sid: Sid) -> None:
        """Raises 20404, and 20409 while somebody waits there."""
        line = self._line(sid)
        if len(line.queue):
            raise Refusal(20409, 409, f"The queue {sid} is not empty: take the calls out of it first.")
        del self._by_sid[sid], self._by_name[line.queue.record.friendly_name]
        await self._store.delete(QueueRecord, sid)

    def figures(self, sid: Sid) -> QueueFigures:
        return self._line(sid).figures

    def members(self, sid: Sid) -> Iterable[QueueMember]:
        """The first one first. Raises 20404."""
        return self._line(sid).members()

    def member(self, sid: Sid, call_sid_or_front: str) -> QueueMember:
        """Raises 20404."""
        return self._line(sid).member(call_sid_or_front)

    async def dequeue(self, sid: Sid, call_sid_or_front: str, instructions: Instructions) -> QueueMember:
        """Take a call out, to do what *instructions* say; returns how it waited. Raises 20404."""
        member = self.member(sid, call_sid_or_front)
        await self.redirect(member.call_sid, instructions)
        await self._store.flush()
        return member

    # --- inside ---------------------------------------------------------------------------------------------------

    def _line(self, sid: Sid) -> WaitingLine:
        if line := self._by_sid.get(sid):
            return line
        raise not_found(f"/2010-04-01/Accounts/{self._account_sid}/Queues/{sid}.json")

    def _require_free(self, name: str) -> None:
        if name in self._by_name:
            raise Refusal(20409, 409, f"There is a queue {name!r} already; choose another FriendlyName.")

    def _open(self, name: str, max_size: int) -> WaitingLine:
        now = self._clock.utc()
        record = QueueRecord(self._sids.new(QUEUE), self._account_sid, name, max_size, now, now)
        self._store.save_soon(record)
        return self._keep(record)

    def _keep(self, record: QueueRecord) -> WaitingLine:
        line = WaitingLine(CallQueue(record), self._clock)
        self._by_sid[record.sid] = line
        self._by_name[record.friendly_name] = line
        return line
