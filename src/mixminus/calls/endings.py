"""How participants leave, and when that is the end of the conference (reference, sections 1.3, 2.6, 3.2, 4.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from mixminus.calls.participant import Participant
from mixminus.calls.records import ReasonConferenceEnded, ReasonParticipantLeft


class Departure(Enum):
    """Why a leg leaves. The value completes the sentence "the participant …"."""

    HUNG_UP = "hung up"
    STAR = "pressed * (hangupOnStar)"
    TIME_LIMIT = "reached its time limit"
    WAIT_FAILED = "could not be given its wait audio"
    REDIRECTED = "was redirected or ended through the Calls API"
    REMOVED = "was removed through the Participants API"
    DIAL_FAILED = "could not be reached"
    MOVED = "was moved elsewhere through the Streams API"
    TRANSFERRED = "was transferred, and another has its place"

    @property
    def reason(self) -> ReasonParticipantLeft:
        return _REASONS.get(self, ReasonParticipantLeft.HUNG_UP)

    @property
    def sentence(self) -> str:
        """Why the participant left, for people."""
        return f"The participant {self.value}."

    @property
    def dismisses(self) -> bool:
        """Whether the leg's call has yet to learn that it is out. Otherwise the news came from the call itself."""
        return self in (Departure.REMOVED, Departure.WAIT_FAILED)


# Twilio has no word of its own for a participant's DELETE; an update through the API comes nearest.
_REASONS: Final[Mapping[Departure, ReasonParticipantLeft]] = {
    Departure.REDIRECTED: ReasonParticipantLeft.UPDATED_VIA_API,
    Departure.REMOVED: ReasonParticipantLeft.UPDATED_VIA_API,
    Departure.MOVED: ReasonParticipantLeft.UPDATED_VIA_API,
    Departure.DIAL_FAILED: ReasonParticipantLeft.ADD_FAILED,
}


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a conference ends, and what that means for those who are still in it."""

    reason: ReasonConferenceEnded
    others: ReasonParticipantLeft
    detail: str
    """Free text for people."""
    by: Participant | None = None
    """Who caused it; None: the API did."""

    def details(self) -> dict[str, str]:
        """What `conference-end` says (reference, section 4.2)."""
        details = {"ReasonConferenceEnded": self.reason.value, "Reason": self.detail}
        if self.by is not None:
            details["CallSidEndingConference"] = self.by.call_sid
            if self.by.record.label is not None:
                details["ParticipantLabelEndingConference"] = self.by.record.label
        return details


ENDED_VIA_API: Final = Ending(
    ReasonConferenceEnded.ENDED_VIA_API,
    ReasonParticipantLeft.ENDED_VIA_API,
    "The conference was ended through the API.",
)


def ending_after(leaver: Participant, departure: Departure, anybody_left: bool) -> Ending | None:
    """Return how the conference ends because *leaver* (as it was before) left; None: it goes on.

    Only who was connected can end it by its flag. It goes on while somebody is connected or still being dialled, so
    that an agent may leave before the transfer's target answers (complaint 2 of section 13).
    """
    removed = departure is Departure.REMOVED
    if leaver.connected and leaver.record.end_conference_on_exit:
        return Ending(
            ReasonConferenceEnded.MODERATOR_KICKED if removed else ReasonConferenceEnded.MODERATOR_LEFT,
            ReasonParticipantLeft.MODERATOR_ENDED,
            f"A participant with endConferenceOnExit {departure.value}.",
            leaver,
        )
    if anybody_left:
        return None
    return Ending(
        ReasonConferenceEnded.LAST_KICKED if removed else ReasonConferenceEnded.LAST_LEFT,
        ReasonParticipantLeft.MODERATOR_ENDED,
        f"The last participant {departure.value}.",
        leaver,
    )
