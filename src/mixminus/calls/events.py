"""The events of one conference: their names, the words that subscribe to them, their numbers."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from mixminus.calls.outputs import ConferenceHappened
from mixminus.calls.participant import Participant

TOKENS: Final[Mapping[str, str]] = {
    "conference-start": "start",
    "conference-end": "end",
    "participant-join": "join",
    "participant-leave": "leave",
    "participant-mute": "mute",
    "participant-unmute": "mute",
    "participant-hold": "hold",
    "participant-unhold": "hold",
    "participant-modify": "modify",
    "participant-speech-start": "speaker",
    "participant-speech-stop": "speaker",
    "dominant-speaker": "dominant-speaker",
    "moderator-start": "moderator",
    "moderator-end": "moderator",
    "moderator-act": "moderator",
    "announcement-end": "announcement",
    "announcement-fail": "announcement",
}
"""From the name of an event to the word that subscribes to it (reference, section 4.1).

The dominant speaker and moderators are ours: they are for the log of events, and no word of Twilio's subscribes to
them.
"""


NOTHING_MORE: Final[Mapping[str, str]] = MappingProxyType({})


class EventNumbers:
    """Draws the events of a conference, numbered 1, 2, 3, … whether or not anybody subscribed to them."""

    def __init__(self) -> None:
        self._last = 0

    def event(
        self,
        name: str,
        at: datetime,
        participant: Participant | None = None,
        details: Mapping[str, str] = NOTHING_MORE,
    ) -> ConferenceHappened:
        """Return the next event. One about a participant tells how that participant stands now (section 4.2)."""
        self._last += 1
        return ConferenceHappened(
            TOKENS[name],
            name,
            self._last,
            at,
            None if participant is None else participant.call_sid,
            {**(participant.details() if participant else {}), **details},
        )
