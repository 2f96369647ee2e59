"""What conferences and participants may be called (reference, sections 1.1, 2.1 and 0)."""

from typing import Final

from mixminus.base.sids import CALL, is_sid
from mixminus.calls.refusals import BadConferenceName, BadLabel, Origin

MAX_NAME_CHARACTERS: Final = 128
"""Of a friendly name and of a label alike."""


def conference_name(text: str) -> str:
    """Return the name that *text* stands for, without the blanks around it. Raises `BadConferenceName`.

    A slash is refused because the official SDKs do not escape it in a path, so nobody could ever POST a
    participant to that conference (section 0, "Path segments").
    """
    name = text.strip()
    if not name:
        raise BadConferenceName("is empty")
    if len(name) > MAX_NAME_CHARACTERS:
        raise BadConferenceName(f"has {len(name)} characters; at most {MAX_NAME_CHARACTERS} are allowed")
    if "/" in name:
        raise BadConferenceName("contains a slash, which cannot be part of a URL's path; leave it out")
    return name


def check_label(label: str, origin: Origin) -> None:
    """Raise `BadLabel` unless *label* can stand where a call SID can: in the path of a participant."""
    if not label:
        raise BadLabel(origin, "is empty")
    if len(label) > MAX_NAME_CHARACTERS:
        raise BadLabel(origin, f"has {len(label)} characters; at most {MAX_NAME_CHARACTERS} are allowed")
    if "/" in label or "%2f" in label.lower():
        raise BadLabel(origin, "contains a slash (or %2F), which cannot be part of a URL's path; leave it out")
    if is_sid(CALL, label):
        raise BadLabel(origin, "looks like a call SID and could be taken for one")
