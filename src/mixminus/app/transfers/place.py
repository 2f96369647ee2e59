"""Where a call is, for others to come there: opposite somebody in a `<Dial>`, or in a conference."""

import asyncio
from typing import Protocol

from mixminus.app.calls.call_session import CallSession, Verdict
from mixminus.app.conferences.conference_room import ConferenceRoom
from mixminus.app.conferences.conference_seat import ConferenceSeat
from mixminus.app.conferences.sitting import sit
from mixminus.app.documents.conversation import Conversation
from mixminus.app.documents.stage import Stage
from mixminus.app.sounds.prompting import FOREVER, Loudspeaker
from mixminus.app.sounds.ringback import NORTH_AMERICAN
from mixminus.base.errors import Refusal
from mixminus.base.types import Sid
from mixminus.calls.commands import UpdateParticipant
from mixminus.calls.options import Beep, ParticipantOptions
from mixminus.calls.records import CallStatus


class Place(Protocol):
    """Held by one call, until another takes it or nobody comes."""

    @property
    def holder(self) -> CallSession: ...

    @property
    def parent(self) -> Sid:
        """Whose child the call is that comes here."""

    def opposite(self) -> Stage | None:
        """The one whom the holder talks to; None: a whole conference."""

    def await_another(self) -> None:
        """Somebody is being called to this place."""

    def ringing(self) -> None: ...

    def early_media(self, leg: int) -> None: ...

    def nobody_came(self) -> None: ...

    async def deserted(self) -> None:
        """Returns when there is nobody any more for whom it would be worth coming."""

    def take(self, newcomer: CallSession, left: asyncio.Event) -> None:
        """It is the newcomer's, at one tick. *left* is set when that goes elsewhere. Raises `Refusal`."""

    async def remain(self) -> None:
        """What the newcomer does from then on; returns when it has nothing more to do."""


class Gone(Refusal):
    """There is nobody any more to talk to."""

    def __init__(self) -> None:
        super().__init__(21220, 400, "Call is not in-progress: who was to be transferred has hung up.")


class TalkPlace:
    """One side of a `<Dial>`: the other one hears it ring, and is kept if the holder hangs up meanwhile."""

    def __init__(self, talk: Conversation, holder: CallSession) -> None:
        self._talk = talk
        self._newcomer: CallSession | None = None
        self._loudspeaker: Loudspeaker | None = None
        self._ringback: asyncio.Task[None] | None = None
        self.holder = holder

    @property
    def parent(self) -> Sid:
        return self._talk.caller.sid

    def opposite(self) -> Stage:
        return self._talk.opposite(self.holder)

    def await_another(self) -> None:
        self._talk.part_from(self.holder)

    def ringing(self) -> None:
        if self._loudspeaker is None:
            services, kept = self.holder.services, self.opposite()
            self._loudspeaker = Loudspeaker(services.media, leg=kept.leg)
            playing = self._loudspeaker.play(*NORTH_AMERICAN, loops=FOREVER)
            self._ringback = services.tasks.spawn(playing, f"ringback for {kept.sid}")

    def early_media(self, leg: int) -> None:
        self._quiet()
        self._talk.bridge.overhear(self.opposite().leg, leg)

    def nobody_came(self) -> None:
        self._quiet()
        self._talk.stay()

    async def deserted(self) -> None:
        await self._talk.deserted()

    def take(self, newcomer: CallSession, left: asyncio.Event) -> None:
        self._quiet()
        if self._talk.is_deserted:
            raise Gone
        self._newcomer = newcomer
        self._talk.relieve(newcomer, left)

    async def remain(self) -> None:
        """The caller of a conversation waits for its end, the called one to be let go."""
        newcomer = self._newcomer
        assert newcomer is not None
        if self._talk.caller is not newcomer:
            await asyncio.Event().wait()
        try:
            await self._talk.until_over(newcomer)
        finally:
            self._talk.close(newcomer)

    def _quiet(self) -> None:
        if self._loudspeaker is not None:
            self.holder.services.media.apply(*self._loudspeaker.hush())
        if self._ringback is not None:
            self._ringback.cancel()


class SeatPlace:
    """A participant's place in a conference. Nobody else notices that somebody is being called to it."""

    def __init__(self, room: ConferenceRoom, holder: CallSession) -> None:
        self._room = room
        self._before = room.participant(holder.sid)
        self._ends_conference = self._before.end_conference_on_exit
        self._newcomer: CallSession | None = None
        self._seat: ConferenceSeat | None = None
        self.holder = holder

    @property
    def parent(self) -> Sid:
        return self.holder.sid

    def opposite(self) -> None:
        return None

    def await_another(self) -> None:
        """Should the holder leave at once, the conference waits for who comes instead."""
        self._end_on_exit(False)

    def ringing(self) -> None:
        """Nobody hears of it."""

    def early_media(self, leg: int) -> None:
        """Nor that."""

    def nobody_came(self) -> None:
        if self._is_held:
            self._end_on_exit(self._ends_conference)
        elif self._ends_conference and not self._room.ended.is_set():
            self._room.end()

    async def deserted(self) -> None:
        await self._room.ended.wait()

    def take(self, newcomer: CallSession, left: asyncio.Event) -> None:
        if self._room.ended.is_set():
            raise Gone
        self._newcomer = newcomer
        if self._is_held:
            self._end_on_exit(self._ends_conference)
            self._seat = self._room.succeed(self.holder.sid, newcomer.sid, newcomer.leg, newcomer.about)
        else:
            self._seat = self._room.join(newcomer.sid, newcomer.leg, self._as_before(), newcomer.about)

    async def remain(self) -> None:
        newcomer, seat = self._newcomer, self._seat
        assert newcomer is not None
        assert seat is not None
        newcomer.end(Verdict(CallStatus.COMPLETED, await sit(newcomer, seat)))

    def _as_before(self) -> ParticipantOptions:
        """For a place whose holder has left it by now."""
        before = self._before
        return ParticipantOptions(
            label=before.label,
            muted=before.muted,
            beep=Beep.FALSE,
            start_conference_on_enter=before.start_conference_on_enter,
            end_conference_on_exit=before.end_conference_on_exit,
            coaching=before.coaching,
            call_sids_to_coach=before.call_sids_to_coach,
            moderator=before.moderator,
        )

    @property
    def _is_held(self) -> bool:
        return self._room.seat(self.holder.sid) is not None

    def _end_on_exit(self, ends: bool) -> None:
        if self._ends_conference and self._is_held:
            change = UpdateParticipant(self._room.record.sid, self.holder.sid, end_conference_on_exit=ends)
            self._room.update(change)
