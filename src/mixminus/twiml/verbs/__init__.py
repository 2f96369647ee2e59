"""The verbs, by name."""

from typing import Final

from mixminus.twiml.verbs.connect import Connect
from mixminus.twiml.verbs.dial import Dial
from mixminus.twiml.verbs.enqueue import Enqueue
from mixminus.twiml.verbs.gather import Gather
from mixminus.twiml.verbs.hangup import Hangup
from mixminus.twiml.verbs.leave import Leave
from mixminus.twiml.verbs.pause import Pause
from mixminus.twiml.verbs.play import Play
from mixminus.twiml.verbs.record import Record
from mixminus.twiml.verbs.redirect import Redirect
from mixminus.twiml.verbs.refer import Refer
from mixminus.twiml.verbs.reject import Reject
from mixminus.twiml.verbs.say import Say
from mixminus.twiml.verbs.start import Start
from mixminus.twiml.verbs.stop import Stop
from mixminus.twiml.verbs.verb import OfferedVerb

VERBS: Final[dict[str, type[OfferedVerb]]] = {
    "Say": Say,
    "Play": Play,
    "Pause": Pause,
    "Gather": Gather,
    "Dial": Dial,
    "Enqueue": Enqueue,
    "Leave": Leave,
    "Record": Record,
    "Redirect": Redirect,
    "Refer": Refer,
    "Reject": Reject,
    "Hangup": Hangup,
    "Connect": Connect,
    "Start": Start,
    "Stop": Stop,
}

NOT_OFFERED: Final = frozenset({"Sms", "Message", "Pay", "Prompt", "Echo"})
"""Verbs of TwiML that are reported and skipped."""
