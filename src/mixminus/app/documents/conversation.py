"""Two legs that a `<Dial>` joined, who may each be relieved by somebody else while they talk."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mixminus.app.calls.call_session import CallSession, Verdict
from mixminus.app.documents.bridge import Bridge
from mixminus.app.documents.stage import Stage
from mixminus.app.tasks import cancelled
from mixminus.calls.records import CallStatus
from mixminus.twiml.effects import Referral

PARTED = "The caller left the call."


class Conversation:
    """Lasts while the caller's document waits in `until_over` and the called one stays.

    While one of the two is *leaving* (somebody else is being called to its place), the other one is kept, whatever
    becomes of who leaves.
    """

    def __init__(
        self,
        bridge: Bridge,
        caller: Stage,
        called: CallSession,
        left: asyncio.Event,
        on_closed: Callable[["Conversation"], None],
        *,
        takes_refer: bool,
    ) -> None:
        self.takes_refer = takes_refer
        """What the called one wishes is for the caller's document to decide."""
        self.referral: Referral | None = None
        self.bridge = bridge
        self.caller = caller
        self.called = called
        self.leaving: CallSession | None = None
        self.closed = asyncio.Event()
        self._on_closed = on_closed
        self._left = left
        """The called one's: it went to do something else."""
        self._caller_left = False
        self._changed = asyncio.Event()
        self._join()

    def opposite(self, session: CallSession) -> Stage:
        return self.called if session is self.caller else self.caller

    def refer(self, referral: Referral) -> None:
        """The called one wants the caller to be connected to somebody else: that is the end here."""
        self.referral = referral
        self._changed.set()

    # --- places change hands --------------------------------------------------------------------------------------

    def part_from(self, leaving: CallSession) -> None:
        """Until it is decided who comes in its place, nobody hears anybody here."""
        self.leaving = leaving
        self.bridge.part()
        self._changed.set()

    def stay(self) -> None:
        """Nobody came: the two go on, if both are there still."""
        self.leaving = None
        self._changed.set()
        if self._caller_is_gone:
            self._end()
        elif not self._called_is_gone:
            self._join()

    def relieve(self, newcomer: CallSession, left: asyncio.Event) -> None:
        """*newcomer* has the place of who is leaving, from one tick to the next."""
        if self.leaving is self.caller:
            self.caller, self._caller_left = newcomer, False
        else:
            self.called, self._left = newcomer, left
        self.leaving = None
        self._join()
        self._changed.set()

    @property
    def is_deserted(self) -> bool:
        """The one who was to be kept has gone, too."""
        kept_is_gone = self._called_is_gone if self.leaving is self.caller else self._caller_is_gone
        return self.closed.is_set() or kept_is_gone

    async def deserted(self) -> None:
        """Returns when the one who was to be kept has gone, too."""
        if self.leaving is self.caller:
            await first(self.closed, self._left, self.called.ended)
        else:
            await self.closed.wait()

    # --- until it is over -----------------------------------------------------------------------------------------

    async def until_over(self, caller: Stage, star: asyncio.Event | None = None) -> None:
        """Returns when *caller* has nobody to talk to, or pressed `*`. Who was relieved waits for its end."""
        while True:
            self._changed.clear()
            if self.caller is not caller:
                await asyncio.Event().wait()
            if self.referral is not None or (self.leaving is None and self._called_is_gone):
                return
            leavers = (self._left, self.called.ended) if self.leaving is None else ()
            await first(self._changed, star, *leavers)
            if star is not None and star.is_set():
                return

    def close(self, caller: Stage) -> None:
        """*caller* goes: that is the end, unless the other is kept for somebody else."""
        if self.caller is not caller:
            return
        self._caller_left = True
        if self.leaving is not caller or self._called_is_gone:
            self._end()

    @property
    def _caller_is_gone(self) -> bool:
        return self._caller_left or not self.caller.live

    @property
    def _called_is_gone(self) -> bool:
        return self._left.is_set() or not self.called.live

    def _join(self) -> None:
        self.bridge.join(self.caller.leg, self.called.leg)

    def _end(self) -> None:
        """The called one goes, too, but one that is leaving only when nobody comes."""
        if not self.closed.is_set():
            self.closed.set()
            self._on_closed(self)
            self.bridge.part()
        if not self._left.is_set() and self.leaving is not self.called:
            self.called.end(Verdict(CallStatus.COMPLETED, PARTED))


class Conversations:
    """Those of a node."""

    def __init__(self) -> None:
        self._open: list[Conversation] = []
        self._expected: dict[Stage, asyncio.Future[Conversation | None]] = {}

    @contextmanager
    def expected(self, caller: Stage) -> Iterator[None]:
        """Meanwhile somebody is being dialled for *caller*."""
        coming = self._expected[caller] = asyncio.get_running_loop().create_future()
        try:
            yield
        finally:
            del self._expected[caller]
            if not coming.done():
                coming.set_result(None)

    def coming(self, caller: CallSession) -> "asyncio.Future[Conversation | None] | None":
        """The conversation that begins when somebody answers, None if nobody does; None: nobody is being dialled."""
        coming = self._expected.get(caller)
        return None if coming is None or coming.done() else coming

    def begin(
        self, bridge: Bridge, caller: Stage, called: CallSession, left: asyncio.Event, *, takes_refer: bool
    ) -> Conversation:
        """Join the two."""
        talk = Conversation(bridge, caller, called, left, self._open.remove, takes_refer=takes_refer)
        self._open.append(talk)
        if (coming := self._expected.get(caller)) is not None and not coming.done():
            coming.set_result(talk)
        return talk

    def all(self) -> tuple[Conversation, ...]:
        return tuple(self._open)

    def of(self, session: CallSession) -> Conversation | None:
        """Where that call talks."""
        return next((talk for talk in self._open if session in (talk.caller, talk.called)), None)


async def first(*events: asyncio.Event | None) -> None:
    """Wait until one of them is set."""
    tasks = [asyncio.ensure_future(event.wait()) for event in events if event is not None]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            await cancelled(task)
