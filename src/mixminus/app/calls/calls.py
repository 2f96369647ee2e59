"""The live calls of a node."""

from collections import Counter

from mixminus.app.calls.call_session import CallSession
from mixminus.app.calls.hops import Hops
from mixminus.app.tasks import Tasks
from mixminus.base.types import Sid
from mixminus.calls.records import CallStatus, Direction


class Calls:
    """By SID, from the first INVITE to the end."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._live: dict[Sid, CallSession] = {}
        self.hops = Hops()
        self.ended: Counter[tuple[Direction, CallStatus]] = Counter()
        """How many calls there were, by how they ended."""

    def __len__(self) -> int:
        return len(self._live)

    def all(self) -> tuple[CallSession, ...]:
        return tuple(self._live.values())

    def add(self, session: CallSession) -> None:
        """Keep it until it ends."""
        self._live[session.sid] = session
        self._tasks.spawn(self._until_ended(session), f"watch over {session.sid}")

    def get(self, sid: str) -> CallSession | None:
        return self._live.get(Sid(sid))

    def over(self, line: object) -> CallSession | None:
        """The call that goes over that line."""
        return next((session for session in self._live.values() if session.line is line), None)

    async def _until_ended(self, session: CallSession) -> None:
        await session.ended.wait()
        self.ended[session.record.direction, session.record.status] += 1
        self._live.pop(session.sid, None)
        self.hops.over(session.sid)
