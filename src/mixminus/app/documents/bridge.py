"""Two legs talking to each other: the room of a plain `<Dial>`."""

from mixminus.app.media_link import MediaLink
from mixminus.media.contract import LegRow, SetRoom


class Bridge:
    """A room for two, without conference semantics."""

    def __init__(self, media: MediaLink) -> None:
        self._media = media
        self._room = media.new_id()

    def join(self, one: int, other: int) -> None:
        """From the next tick on they hear each other."""
        self._media.apply(SetRoom(self._room, (LegRow(one, True, True), LegRow(other, True, True))))

    def overhear(self, listener: int, speaker: int) -> None:
        """One way only: the caller hears the ringback of the far end."""
        self._media.apply(SetRoom(self._room, (LegRow(listener, False, True), LegRow(speaker, True, False))))

    def part(self) -> None:
        self._media.apply(SetRoom(self._room, ()))
