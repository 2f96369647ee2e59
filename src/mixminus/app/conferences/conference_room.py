"""One live conference: its machine, its room in the engine, and what its legs hear besides each other (law 4)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog

from mixminus.app.conferences.conference_ledger import ConferenceLedger, name_of
from mixminus.app.conferences.conference_recordings import ConferenceRecordings
from mixminus.app.conferences.conference_seat import ConferenceSeat
from mixminus.app.conferences.participant_tracks import Roster
from mixminus.app.conferences.room_sounds import ENTER_BEEP, EXIT_BEEP, Announcement, PrivateSound
from mixminus.app.conferences.room_voices import RoomVoices
from mixminus.app.conferences.wiring import Change, Wiring
from mixminus.app.services import Services
from mixminus.app.sounds.prompting import Loudspeaker
from mixminus.app.sounds.sounds import SoundSystem
from mixminus.base.errors import Refusal
from mixminus.base.types import FormPairs, Sid
from mixminus.calls.commands import PolishParticipant, StartConferenceRecording, UpdateParticipant
from mixminus.calls.conference import Conference
from mixminus.calls.endings import Departure
from mixminus.calls.options import AudioDocument, FloorPolicy, ParticipantOptions, Sound, Webhook
from mixminus.calls.outputs import (
    BeginRecording,
    ConferenceHappened,
    ConferenceOver,
    Dismiss,
    Ear,
    PlayBeep,
    Rewire,
    Seat,
)
from mixminus.calls.quality import VoicePolish
from mixminus.calls.records import CallStatus, ConferenceRecord, ParticipantRecord, RecordingRecord
from mixminus.calls.refusals import AlreadyInConference, Origin
from mixminus.media.contract import ChangeRoom, Command, PolishVoice, SetRoom
from mixminus.twiml.errors import TwimlError

LEFT = "participant-leave"


class ConferenceRoom:
    """Everything that happens to a conference goes through here, one thing at a time."""

    def __init__(
        self,
        services: Services,
        sounds: SoundSystem,
        machine: Conference,
        on_over: Callable[["ConferenceRoom"], None],
    ) -> None:
        self.room = services.media.new_id()
        self.machine = machine
        self.ended = asyncio.Event()
        self._services = services
        self._sounds = sounds
        self._on_over = on_over
        self._recordings = ConferenceRecordings(services, self.room)
        self._ledger = ConferenceLedger(services, machine.record().sid, self.room)
        self._seats: dict[Sid, ConferenceSeat] = {}
        self._private: dict[Sid, PrivateSound] = {}
        self._wiring = Wiring()
        self._announcements: set[Announcement] = set()
        self._voices = RoomVoices(services, machine, self._carry_out)
        self.log = structlog.get_logger("mixminus.conferences").bind(conference_sid=machine.record().sid)

    @property
    def record(self) -> ConferenceRecord:
        return self.machine.record()

    def participant(self, call_sid_or_label: str) -> ParticipantRecord:
        """The live participant of that call SID or label. Raises 20404."""
        return self.machine.participant(call_sid_or_label)

    def keep_floor(self, policy: FloorPolicy) -> None:
        """From now on one agent speaks at a time; or (`OFF`) all of them."""
        self._voices.keep_floor(policy)
        self._carry_out()

    async def in_force(self) -> None:
        """Wait until the engine goes by what was said last: no frame goes to anybody who may not have it."""
        await self._ledger.in_force()

    # --- coming and going -----------------------------------------------------------------------------------------

    def seat(self, call_sid: Sid) -> ConferenceSeat | None:
        """The place of somebody who was invited or has joined; None when it has been let go."""
        return self._seats.get(call_sid)

    def invite(self, call_sid: Sid, options: ParticipantOptions, by: Sid | None = None) -> ParticipantRecord:
        """Somebody is being called for this conference, *by* whom. Raises `Refusal`."""
        with self._admitting():
            record = self.machine.invite(call_sid, options, self._at(), queue_time_ms=0, by=by)
        self._seats[call_sid] = ConferenceSeat(self, None, (("CallSid", call_sid),))
        self._carry_out()
        self._services.roles.seated(call_sid, self._voices)
        return record

    def dialling(self, call_sid: Sid) -> None:
        """An invited call is placed. This and what follows is harmless when the conference has let the call go."""
        if call_sid in self._seats:
            self.machine.dialling(call_sid, self._at())
            self._carry_out()

    def ringing(self, call_sid: Sid) -> None:
        if call_sid in self._seats:
            self.machine.ringing(call_sid, self._at())
            self._carry_out()

    def early_media(self, call_sid: Sid, leg: int) -> None:
        """The called party's ringback or announcement reaches the room."""
        if seat := self._seats.get(call_sid):
            seat.leg = leg
            self.machine.early_media(call_sid, self._at())
            self._carry_out()

    def answered(self, call_sid: Sid, leg: int, about: FormPairs) -> ConferenceSeat | None:
        """An invited call was answered. None when the conference has let it go."""
        if seat := self._seats.get(call_sid):
            seat.leg, seat.about = leg, about
            self._apply_polish(seat)
            self.machine.joined(call_sid, self._at())
            self._carry_out()
        return seat

    def join(
        self,
        call_sid: Sid,
        leg: int,
        options: ParticipantOptions,
        about: FormPairs,
        origin: Origin = Origin.TWIML,
    ) -> ConferenceSeat:
        """A call comes in by `<Dial><Conference>`, or moved by the API. Raises `Refusal` when it is not admitted.

        An application speaks for the call that dialled it, and so cannot join the conference where that call sits.
        """
        if call_sid in self._seats:
            raise AlreadyInConference(call_sid)
        with self._admitting():
            self.machine.join(call_sid, options, self._at(), origin)
        seat = self._seats[call_sid] = ConferenceSeat(self, leg, about)
        self._carry_out()
        self._services.roles.seated(call_sid, self._voices)
        return seat

    def succeed(self, leaver: Sid, heir: Sid, leg: int, about: FormPairs) -> ConferenceSeat:
        """*heir* has the place of *leaver* from one tick to the next. Raises 20404 when that one is not here."""
        self.machine.succeed(leaver, heir, self._at())
        seat = self._seats[heir] = ConferenceSeat(self, leg, about)
        self._carry_out()
        del self._seats[leaver]
        self._services.roles.left(leaver, self._voices)
        self._services.roles.seated(heir, self._voices)
        return seat

    def require_places(self, *newcomers: tuple[Sid, ParticipantOptions]) -> None:
        """Raise the refusal that one of these would meet if they joined one after another."""
        with self._admitting():
            self.machine.require_places(*newcomers)

    def leave(
        self,
        call_sid: Sid,
        departure: Departure,
        call_status: CallStatus,
        why: str | None = None,
        by: Sid | None = None,
    ) -> None:
        """A call goes, *why* as it knows itself, *by* whose wish (20003); harmless when it has gone already."""
        if call_sid in self._seats:
            self.machine.permit(by)
            self._seats[call_sid].polish = VoicePolish()
            self._apply_polish(self._seats[call_sid])
            self.machine.leave(call_sid, departure, self._at(), call_status, why, by)
            self._carry_out()
            self._seats.pop(call_sid, None)
            self._services.roles.left(call_sid, self._voices)

    @contextmanager
    def _admitting(self) -> Iterator[None]:
        """A conference that refused its first leg never was."""
        try:
            yield
        except Refusal:
            if self.machine.empty:
                self._on_over(self)
            raise

    # --- changing -------------------------------------------------------------------------------------------------

    def update(self, command: UpdateParticipant) -> ParticipantRecord:
        """Hold, mute, coach, …: all of it takes effect at one tick. Raises `Refusal` and then changes nothing."""
        if command.announce is not None:
            self.machine.require_listener(command)
        call_sid = self.machine.update(command, self._at()).call_sid
        self._carry_out()
        if command.announce is not None:
            self.announce(command.announce, call_sid)
        return self.machine.participant(call_sid)

    def polish(self, command: PolishParticipant) -> VoicePolish:
        """Even level, less noise: for as long as the leg is in the conference. Raises 20404."""
        seat = self._seats[self.machine.participant(command.participant).call_sid]
        seat.polish = seat.polish.changed(command.gain_control, command.noise_suppression)
        self._apply_polish(seat)
        return seat.polish

    def _apply_polish(self, seat: ConferenceSeat) -> None:
        if seat.leg is not None:
            wish = PolishVoice(seat.leg, seat.polish.gain_control, seat.polish.noise_suppression)
            self._services.media.apply(wish)

    def end(self) -> None:
        """Everybody out."""
        self.machine.end(self._at())
        self._carry_out()

    def announce(self, webhook: Webhook, call_sid: Sid | None = None) -> None:
        """Play a file or document to one participant, or to all. Raises `Refusal` when nobody would hear it."""
        if call_sid is None:
            self.machine.require_bridged()
        sound = AudioDocument(webhook.url, webhook.method)
        loudspeaker = self._loudspeaker(call_sid, "announcement", sound)
        playing = self._announce(sound, call_sid, loudspeaker)
        task = self._services.tasks.spawn(playing, f"announcement in {self.record.sid}")
        announcement = Announcement(call_sid, loudspeaker, task)
        self._announcements.add(announcement)
        task.add_done_callback(lambda _: self._announcements.discard(announcement))

    async def _announce(self, sound: AudioDocument, call_sid: Sid | None, loudspeaker: Loudspeaker) -> None:
        try:
            await self._sounds.play_once(sound, loudspeaker, self._parameters(call_sid))
        except (Refusal, TwimlError) as refusal:
            self.log.warning("announcement failed", url=sound.url, code=refusal.code, reason=refusal.message)
            if call_sid is None or call_sid in self._seats:
                self.machine.announcement_failed(call_sid, sound.url, refusal.message, self._at())
        else:
            if call_sid is None or call_sid in self._seats:
                self.machine.announcement_ended(call_sid, sound.url, self._at())
        self._carry_out()

    # --- recording it ---------------------------------------------------------------------------------------------

    def record_tracks(self, wish: StartConferenceRecording) -> RecordingRecord:
        """Begin a set of tracks. Raises `Refusal` when nobody talks to anybody yet (16001)."""
        self.machine.require_bridged()
        return self._recordings.start_set(self.record, wish, self._legs())

    # --- carrying out what the machine wants ----------------------------------------------------------------------

    def _carry_out(self) -> None:
        self._services.store.save_soon(*self.machine.changed_records())
        for output in self.machine.drain():
            match output:
                case Rewire(seats):
                    self._rewire(seats)
                case ConferenceHappened():
                    if output.name == LEFT and output.call_sid is not None:
                        self._take_leave(output.call_sid, output.details["Reason"])
                    self._services.callbacks.conference_happened(self.record, output, self.machine.options.callback)
                case PlayBeep(entering):
                    self._beep(entering)
                case BeginRecording():
                    self._recordings.start(self.record, self.machine.options, self._legs())
                case Dismiss(call_sid, reason, why):
                    self._seats.pop(call_sid).dismiss(reason, why)
                    self._services.roles.left(call_sid, self._voices)
                case ConferenceOver():
                    self._over()
        self._voices.settled()
        self._services.roles.settled(self._seats.keys())

    def _take_leave(self, call_sid: Sid, why: str) -> None:
        """Out of the room: first the far end is told, then everybody who wants to know (ai-and-desk.md 3.3)."""
        self.log.info("participant left", call_sid=call_sid, reason=why)
        if take_leave := self._seats[call_sid].take_leave:
            take_leave()

    def _rewire(self, seats: tuple[Seat, ...]) -> None:
        """Put the matrix in force and stop the sounds that it ends, all at one tick (law 2)."""
        legs = {sid: seat.leg for sid, seat in self._seats.items() if seat.leg is not None}
        change = self._wiring.change(seats, legs)
        self._voices.rewire(self._wiring.seats, legs)
        replaced = [sid for sid, private in self._private.items() if self._sound(sid) is not private.sound]
        ending: list[PrivateSound | Announcement] = [self._private.pop(sid) for sid in replaced]
        ending += [told for told in self._announcements if told.call_sid and not self._is_in_room(told.call_sid)]
        hushing: list[Command] = []
        for sound in ending:
            hushing.extend(sound.loudspeaker.hush())
            sound.task.cancel()
        self._services.media.apply(self._plan(change), *hushing, *self._recordings.follow(self._legs))
        roster = Roster(legs, self._wiring.seats, self._label)
        self._services.streams.participants.rewired(self.room, roster)
        for seat in seats:
            if seat.sound is not None and seat.call_sid not in self._private:
                self._play_private(seat.call_sid, seat.sound)

    def _plan(self, change: Change) -> Command:
        ears = {sid: self._wiring.seats[sid].ear for sid in change.rows}
        number = self._ledger.plan({sid: row.leg for sid, row in change.rows.items()}, ears)
        if not self._wiring.seats:
            return SetRoom(self.room, (), number)
        return ChangeRoom(self.room, tuple(change.rows.values()), change.gone, number)

    def _ear(self, call_sid: Sid) -> Ear | None:
        seat = self._wiring.seats.get(call_sid)
        return seat.ear if seat is not None else None

    def _sound(self, call_sid: Sid) -> Sound | None:
        seat = self._wiring.seats.get(call_sid)
        return seat.sound if seat is not None else None

    def _is_in_room(self, call_sid: Sid) -> bool:
        return self._ear(call_sid) is Ear.ROOM

    def _beep(self, entering: bool) -> None:
        beep = self._services.media.play(ENTER_BEEP if entering else EXIT_BEEP, room=self.room)
        self._ledger.plays(beep.player, "beep", "enter" if entering else "exit")

    def _over(self) -> None:
        self.ended.set()
        for announcement in self._announcements:
            announcement.task.cancel()
        self._voices.close()
        over = SetRoom(self.room, (), self._ledger.plan({}, {}))
        self._services.media.apply(over, self._ledger.close(), *self._recordings.stop(self.record.sid))
        self._services.streams.participants.rewired(self.room, None)
        self._on_over(self)

    # --- private sound --------------------------------------------------------------------------------------------

    def _play_private(self, call_sid: Sid, sound: Sound) -> None:
        loudspeaker = self._loudspeaker(call_sid, self._wiring.seats[call_sid].ear.value, sound)
        parameters = self._parameters(call_sid)
        playing = self._until_heard(call_sid, lambda: self._sounds.play(sound, loudspeaker, parameters))
        task = self._services.tasks.spawn(playing, f"sound for {call_sid}")
        self._private[call_sid] = PrivateSound(sound, loudspeaker, task)

    def _loudspeaker(self, call_sid: Sid | None, kind: str, sound: Sound) -> Loudspeaker:
        """To one participant or (None) to all. The ledger knows what it plays as *kind*."""

        def write_down(player: int) -> None:
            self._ledger.plays(player, kind, name_of(sound))

        if call_sid is None:
            return Loudspeaker(self._services.media, room=self.room, on_player=write_down)
        return Loudspeaker(self._services.media, leg=self._seats[call_sid].leg, on_player=write_down)

    async def _until_heard(self, call_sid: Sid, play: Callable[[], Awaitable[None]]) -> None:
        """A hold sound that cannot be played leaves silence; a wait sound that cannot ends the attempt to join.

        The second is Twilio's rule: "the conference is not established" for a leg whose `waitUrl` fails.
        """
        try:
            await play()
        except (Refusal, TwimlError) as refusal:
            self.log.warning("sound failed", call_sid=call_sid, code=refusal.code, reason=refusal.message)
            self._services.callbacks.warned(call_sid, refusal.code, refusal.message)
            if self._ear(call_sid) is Ear.WAIT:
                self._seats[call_sid].was_in = False
                self.leave(call_sid, Departure.WAIT_FAILED, CallStatus.IN_PROGRESS)

    def _parameters(self, call_sid: Sid | None) -> FormPairs:
        record = self.record
        about = (("ConferenceSid", record.sid), ("FriendlyName", record.friendly_name))
        return (*self._seats[call_sid].about, *about) if call_sid is not None else about

    # --- legs -----------------------------------------------------------------------------------------------------

    def _legs(self) -> dict[Sid, int]:
        """The legs in the room, the first who joined first."""
        live = [person for person in self.machine.participants() if person.live]
        came = sorted(live, key=lambda person: (person.join_time is None, person.join_time or person.date_created))
        found = ((person.call_sid, self._seats[person.call_sid].leg) for person in came)
        return {call_sid: leg for call_sid, leg in found if leg is not None}

    def _label(self, call_sid: Sid) -> str | None:
        """None, too, of who has left since the plan was made."""
        try:
            return self.machine.participant(call_sid).label
        except Refusal:
            return None

    def _at(self) -> datetime:
        return self._services.clock.utc()
