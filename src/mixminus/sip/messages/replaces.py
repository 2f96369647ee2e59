"""Which dialog a request wants to take the place of, or is about (RFC 3891, RFC 4538)."""

from dataclasses import dataclass
from typing import Self

from mixminus.base.errors import MixminusError
from mixminus.sip.messages.message import Request
from mixminus.sip.messages.uri import parse_parameters


class CannotReplace(MixminusError):
    """To be answered with `status` (RFC 3891 3)."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the dialog to be replaced: {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class DialogName:
    """A dialog as whoever we read it from would have us find it: *our* tag, and the other side's."""

    call_id: str
    our_tag: str
    their_tag: str


@dataclass(frozen=True, slots=True)
class Replaces:
    """The header of that name: to-tag is ours, from-tag the other side's (RFC 3891 3, 6.1)."""

    dialog: DialogName
    early_only: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `CannotReplace` 400."""
        dialog, parameters = _named(text, ours="to-tag", theirs="from-tag")
        return cls(dialog, "early-only" in parameters)

    @classmethod
    def of(cls, invite: Request) -> Self | None:
        """What an INVITE wants to replace. Raises `CannotReplace` 400: more than one, or beside Join (RFC 3911 4)."""
        values = invite.lines("Replaces")
        if not values:
            return None
        if len(values) > 1 or invite.get("Join") is not None:
            raise CannotReplace(400)
        return cls.parse(values[0])

    def __str__(self) -> str:
        name = self.dialog
        flag = ";early-only" if self.early_only else ""
        return f"{name.call_id};to-tag={name.our_tag};from-tag={name.their_tag}{flag}"


def target_dialog(request: Request) -> DialogName | None:
    """Which dialog of ours a request outside of it belongs to; None: it does not say, or cannot be read."""
    values = request.lines("Target-Dialog")
    if len(values) != 1:
        return None
    try:
        # Seen from the other end, like Replaces: local-tag is the tag on our side (RFC 4538 4).
        return _named(values[0], ours="local-tag", theirs="remote-tag")[0]
    except CannotReplace:
        return None


def _named(text: str, *, ours: str, theirs: str) -> tuple[DialogName, dict[str, str]]:
    call_id, semicolon, rest = text.partition(";")
    parameters = parse_parameters(rest) if semicolon else {}
    call_id, our_tag, their_tag = call_id.strip(), parameters.get(ours), parameters.get(theirs)
    if not call_id or not our_tag or not their_tag:
        raise CannotReplace(400)
    return DialogName(call_id, our_tag, their_tag), parameters
