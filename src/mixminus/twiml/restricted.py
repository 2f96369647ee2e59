"""Documents in which not every verb may stand (Twilio's error dictionary, 13238 and 13201)."""

from dataclasses import dataclass, replace
from typing import Final

from mixminus.twiml.attributes import SCHEMA
from mixminus.twiml.document import AudioBody, Document
from mixminus.twiml.effects import Warn
from mixminus.twiml.errors import TwimlError
from mixminus.twiml.verbs import NOT_OFFERED, VERBS


@dataclass(frozen=True, slots=True)
class Rule:
    """Which verbs a document may have, and what it is otherwise."""

    place: str
    allowed: frozenset[str]
    code: int


CONFERENCE_SOUND: Final = Rule(
    "wait, hold and announcement documents", frozenset({"Play", "Say", "Pause", "Redirect"}), 13238
)
WHISPER: Final = Rule(
    "the document of a dialled leg",
    frozenset({"Play", "Say", "Pause", "Redirect", "Gather", "Record", "Hangup", "Reject"}),
    13201,
)
QUEUE_WAIT: Final = Rule(
    "what a queued call hears",
    frozenset({"Play", "Say", "Pause", "Hangup", "Redirect", "Leave", "Gather"}),
    SCHEMA,
)


def only(document: Document | AudioBody, rule: Rule) -> Document | AudioBody:
    """The document without the verbs that the rule does not allow; they are warned of, and the rest runs."""
    if isinstance(document, AudioBody):
        return document
    banned = {name: verb for name, verb in VERBS.items() if name not in rule.allowed}
    verbs = tuple(verb for verb in document.verbs if not isinstance(verb, tuple(banned.values())))
    skipped = (
        Warn(rule.code, f"<{name}> is not allowed in {rule.place} and is skipped")
        for name in document.names
        if name in banned
    )
    return replace(document, verbs=verbs, warnings=(*document.warnings, *skipped))


def check(document: Document | AudioBody, rule: Rule) -> None:
    """Raises TwimlError if a verb stands where it must not. Elements that are no verbs are left to the warnings."""
    if isinstance(document, AudioBody):
        return
    for name in document.names:
        if name not in rule.allowed and (name in VERBS or name in NOT_OFFERED):
            allowed = ", ".join(sorted(rule.allowed))
            raise TwimlError(rule.code, f"<{name}> is not allowed in {rule.place}; {allowed} are")
