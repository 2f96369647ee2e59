"""`<Client>`: a registered user, by identity."""

import re
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from mixminus.twiml.attributes import Reader, Table, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import Target, TargetKind
from mixminus.twiml.element import Element
from mixminus.twiml.nouns.parameter import child_text, parameters
from mixminus.twiml.nouns.whisper import NO_WHISPER, Whisper, WhisperRows

IDENTITY: Final = re.compile(r"[^\s<>\"/?#;]{1,256}")

_WHISPER = WhisperRows.of()


@dataclass(frozen=True, slots=True)
class Client:
    identity: str
    parameters: tuple[tuple[str, str], ...] = ()
    whisper: Whisper = NO_WHISPER

    ATTRIBUTES: ClassVar[Table] = _WHISPER.table

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self | None:
        read = Reader(element, cls.ATTRIBUTES, warn)
        identity = (child_text(element, "Identity") or element.text).removeprefix("client:")
        given = parameters(element, {"Identity"}, warn)
        if not IDENTITY.fullmatch(identity):
            warn(13215, f"Line {element.line}: the text of <Client> is not an identity")
            return None
        return cls(identity, given, _WHISPER.read(read))

    def target(self, context: Context, warn: WarnOf) -> Target:
        return Target(
            TargetKind.CLIENT,
            self.identity,
            whisper_url=self.whisper.url_in(context),
            whisper_method=self.whisper.method,
            parameters=self.parameters,
            callback=self.whisper.callback_in(context, warn),
        )
