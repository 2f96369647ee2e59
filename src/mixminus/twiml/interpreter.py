"""Runs a document: its verbs from top to bottom, until one of them ends it."""

from mixminus.twiml.context import Context
from mixminus.twiml.document import AudioBody, Document
from mixminus.twiml.effects import HangUp, PlayUrl, Prompting, RanOut, Steps


def run(document: Document | AudioBody, context: Context) -> Steps:
    """The effects of a document, in order; the warnings come first. Returns its outcome, never None.

    Raises TwimlError where a verb cannot run; what stood before it has run.
    """
    if isinstance(document, AudioBody):
        yield Prompting((PlayUrl(context.url("")),))
        return HangUp()
    yield from document.warnings
    for verb in document.verbs:
        outcome = yield from verb.steps(context)
        if outcome is not None:
            return outcome
    return RanOut()
