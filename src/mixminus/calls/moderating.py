"""What a moderator may do to its own conference: mute, hold, remove and add participants, and nothing else.

It is a program with a key, and anybody's words may reach it. So it makes no moderators, has no URL of its choice
asked, and records nobody. One thing it may do to itself alone: step back, and from then on whisper to those whom it
names.
"""

from collections import deque
from datetime import datetime, timedelta
from typing import Final

from mixminus.base.sids import CALL, is_sid
from mixminus.base.types import Sid
from mixminus.calls.commands import UpdateParticipant
from mixminus.calls.endings import Departure
from mixminus.calls.options import AudioDocument, DialOptions, ParticipantOptions
from mixminus.calls.records import ParticipantRecord
from mixminus.calls.refusals import NotPermitted, TooManyAdded
from mixminus.calls.roster import Roster

MOST_ADDED: Final = 10
ADDED_WITHIN: Final = timedelta(seconds=60)
"""A moderator that runs wild rings ten phones a minute, and no more."""


def is_moderator(by: Sid | None) -> bool:
    """Whether a command comes from a moderator: then *by* is its call. Everybody else may do everything."""
    return by is not None and is_sid(CALL, by)


def check_moderator(by: Sid | None, roster: Roster) -> None:
    """Raise if a moderator asks who is none here, or is not any more."""
    if by is None or not is_moderator(by):
        return
    found = roster.find(by)
    if found is None or found.call_sid != by or not found.record.moderator:
        raise NotPermitted(f"the call {by} is no moderator of this conference")


def check_update(wish: UpdateParticipant, target: ParticipantRecord) -> None:
    """Raise unless a moderator may ask for that. *target*: whom it is about, as it stands now."""
    if wish.moderator is not None:
        raise NotPermitted("a moderator does not make moderators")
    others = {
        "AnnounceUrl": wish.announce,
        "WaitUrl": wish.wait,
        "BeepOnExit": wish.beep_on_exit,
        "EndConferenceOnExit": wish.end_conference_on_exit,
    }
    if strange := [name for name, value in others.items() if value is not None]:
        raise NotPermitted(f"a moderator mutes, holds, removes and adds participants; {strange[0]} is not among that")
    if isinstance(wish.hold_sound, AudioDocument) and not wish.hold_sound.url.startswith("media:"):
        raise NotPermitted("a moderator's HoldUrl names a file of the node, media:NAME")
    if wish.coaching is None and not wish.call_sids_to_coach:
        return
    if target.call_sid != wish.by or target.coaching or wish.coaching is False:
        raise NotPermitted("a moderator changes whom somebody coaches only to become a coach itself")


def check_addition(dial: DialOptions, options: ParticipantOptions) -> None:
    """Raise unless a moderator may add somebody in that way."""
    others = {
        "Moderator": options.moderator,
        "Coaching": options.coaching,
        "EndConferenceOnExit": options.end_conference_on_exit,
        "WaitUrl": isinstance(options.wait, AudioDocument),
        "Record": dial.recording is not None,
        "StatusCallback": dial.callback is not None,
        "SipAuthUsername": dial.sip_auth_username is not None,
    }
    if strange := [name for name, said in others.items() if said]:
        raise NotPermitted(f"a moderator does not add participants with {strange[0]}")


def deeds(wish: UpdateParticipant) -> str:
    """What an update does, in words for the log of events: `mute hold`."""
    words = (
        ("mute", wish.muted is True),
        ("unmute", wish.muted is False),
        ("hold", wish.hold is True),
        ("unhold", wish.hold is False),
        ("coach", bool(wish.call_sids_to_coach)),
    )
    return " ".join(word for word, done in words if done)


def departed(departure: Departure, by: Sid | None) -> str:
    """Why somebody left, in a sentence, when the call does not know better."""
    return f"The participant was removed by the moderator {by}." if is_moderator(by) else departure.sentence


class Additions:
    """How many participants each moderator has added lately."""

    def __init__(self) -> None:
        self._added: dict[Sid, deque[datetime]] = {}

    def check(self, by: Sid, at: datetime) -> None:
        """Raise `TooManyAdded` if that would be one too many."""
        added = self._added.setdefault(by, deque())
        while added and at - added[0] >= ADDED_WITHIN:
            added.popleft()
        if len(added) >= MOST_ADDED:
            raise TooManyAdded(MOST_ADDED, ADDED_WITHIN.total_seconds())

    def note(self, by: Sid, at: datetime) -> None:
        """One was added."""
        self._added.setdefault(by, deque()).append(at)
