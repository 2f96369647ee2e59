"""Calls that are with an agent: alone, or in a conference that both were moved to."""

from mixminus.app.conferences.conference_seat import ConferenceSeat


class Company:
    """Whose call is kept for an agent, and where it sits meanwhile. A call is whatever a stream can be at.

    Moves change this at once; whoever keeps the call looks here whenever something has happened (`converse`).
    """

    def __init__(self) -> None:
        self._seats: dict[object, ConferenceSeat | None] = {}

    def keeps(self, call: object) -> bool:
        """Somebody does, or is about to."""
        return call in self._seats

    def keep(self, call: object) -> None:
        self._seats.setdefault(call, None)

    def seat(self, call: object) -> ConferenceSeat | None:
        """None: the call is alone."""
        return self._seats.get(call)

    def sits(self, call: object, seat: ConferenceSeat | None) -> None:
        """The call was moved there, or (None) back."""
        self._seats[call] = seat

    def forget(self, call: object) -> ConferenceSeat | None:
        """Nobody keeps it any more. Returns where it sits still."""
        return self._seats.pop(call, None)
