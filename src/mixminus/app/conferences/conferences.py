"""The live conferences of a node, by SID and by name."""

from mixminus.app.conferences.conference_room import ConferenceRoom
from mixminus.app.conferences.conference_seat import ConferenceSeat
from mixminus.app.services import Services
from mixminus.app.sounds.sounds import SoundSystem
from mixminus.base.errors import not_found
from mixminus.base.sids import CONFERENCE, is_sid
from mixminus.base.types import Sid
from mixminus.calls.conference import Conference
from mixminus.calls.labels import conference_name
from mixminus.calls.options import ConferenceOptions


class Conferences:
    """Many may have had a name; one of them at most is live (Conference resource)."""

    def __init__(self, services: Services, sounds: SoundSystem) -> None:
        self._services = services
        self._sounds = sounds
        self._by_sid: dict[Sid, ConferenceRoom] = {}
        self._by_name: dict[str, ConferenceRoom] = {}

    def __len__(self) -> int:
        return len(self._by_sid)

    def all(self) -> tuple[ConferenceRoom, ...]:
        return tuple(self._by_sid.values())

    def live(self, sid: str) -> ConferenceRoom:
        """The conference with that SID. Raises 20404 when it is not live."""
        if room := self._by_sid.get(Sid(sid)):
            return room
        raise not_found(f"/2010-04-01/Accounts/{self._services.account_sid}/Conferences/{sid}.json")

    def named(self, sid_or_name: str, options: ConferenceOptions) -> ConferenceRoom:
        """The live conference of that SID or name; a name that is not in use opens one with these options."""
        if is_sid(CONFERENCE, sid_or_name):
            return self.live(sid_or_name)
        name = conference_name(sid_or_name)
        return self._by_name.get(name) or self._open(name, options)

    def seat(self, call_sid: Sid, leg: int) -> ConferenceSeat | None:
        """Where that leg of the call sits, if it does."""
        seats = (room.seat(call_sid) for room in self._by_sid.values())
        return next((seat for seat in seats if seat is not None and seat.leg == leg), None)

    def _open(self, name: str, options: ConferenceOptions) -> ConferenceRoom:
        services = self._services
        sid = services.sids.new(CONFERENCE)
        machine = Conference(sid, services.account_sid, name, options, services.sids, services.clock.utc())
        room = ConferenceRoom(services, self._sounds, machine, self._closed)
        self._by_sid[sid] = room
        self._by_name[name] = room
        return room

    def _closed(self, room: ConferenceRoom) -> None:
        record = room.record
        self._by_sid.pop(record.sid, None)
        if self._by_name.get(record.friendly_name) is room:
            del self._by_name[record.friendly_name]
