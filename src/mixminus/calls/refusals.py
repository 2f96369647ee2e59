"""What the domain refuses, with Twilio's codes (error reference, section 6.5).

Twilio publishes no HTTP statuses for the 16xxx codes; ours say what a REST client expects of such a refusal.
"""

from enum import Enum

from mixminus.base.errors import Refusal
from mixminus.base.types import Sid


class Origin(Enum):
    """Who asked. Twilio has two codes for some mistakes, one for each."""

    TWIML = "TwiML"
    API = "API"


class BadConferenceName(Refusal):
    """16002: the friendly name cannot name a conference."""

    def __init__(self, why: str) -> None:
        super().__init__(16002, 400, f"The conference name {why}.")


class BadLabel(Refusal):
    """16023 from TwiML, 16024 from the API."""

    def __init__(self, origin: Origin, why: str) -> None:
        super().__init__(16023 if origin is Origin.TWIML else 16024, 400, f"The participant label {why}.")


class LabelTaken(Refusal):
    """16025 from TwiML, 16026 from the API."""

    def __init__(self, origin: Origin, label: str) -> None:
        code = 16025 if origin is Origin.TWIML else 16026
        super().__init__(
            code, 409, f"Another participant of this conference has the label {label!r}; choose another."
        )


class AlreadyInConference(Refusal):
    """16002"""

    def __init__(self, call_sid: Sid) -> None:
        super().__init__(16002, 409, f"The call {call_sid} is in this conference already.")


class ConferenceFull(Refusal):
    """16020"""

    def __init__(self, max_participants: int) -> None:
        super().__init__(16020, 409, f"The conference is full: it takes {max_participants} participants.")


class ConferenceCompleted(Refusal):
    """16022"""

    def __init__(self, sid: Sid) -> None:
        super().__init__(16022, 404, f"The conference {sid} has ended. Use its name to begin a new one.")


class ConferenceNotBridged(Refusal):
    """16001"""

    def __init__(self) -> None:
        super().__init__(16001, 409, "The conference has not started: nobody would hear that.")


class CoachWithoutTarget(Refusal):
    """16002: a coach nobody is named for."""

    def __init__(self) -> None:
        super().__init__(16002, 400, "Coaching needs CallSidToCoach: the call SID of the participant to be coached.")


class CoachingOneself(Refusal):
    """16002: coach and coached are one."""

    def __init__(self, call_sid: Sid) -> None:
        super().__init__(16002, 400, f"The participant {call_sid} cannot coach itself.")


class NotPermitted(Refusal):
    """20003: a moderator asked for what is not its business."""

    def __init__(self, why: str) -> None:
        super().__init__(20003, 403, f"Permission denied: {why}")


class TooManyAdded(Refusal):
    """20429"""

    def __init__(self, most: int, within_s: float) -> None:
        super().__init__(20429, 429, f"A moderator adds at most {most} participants in {within_s:.0f} s.")


class CoachTargetHeld(Refusal):
    """16027"""

    def __init__(self, call_sid: Sid) -> None:
        super().__init__(16027, 400, f"The participant {call_sid} is on hold and cannot be coached.")


class CoachTargetAbsent(Refusal):
    """13240 from TwiML, 16028 from the API."""

    def __init__(self, origin: Origin, call_sid: Sid) -> None:
        code = 13240 if origin is Origin.TWIML else 16028
        super().__init__(code, 400, f"The call {call_sid} to be coached is not in this conference.")
