"""What number, sip and client have in common: a document for the callee before the bridge, and call events."""

from dataclasses import dataclass
from typing import Any, Final

from mixminus.twiml.attributes import SCHEMA, Attribute, Reader, Table, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import CallbackTo
from mixminus.twiml.nouns import callbacks
from mixminus.twiml.values import METHOD as HTTP_METHOD
from mixminus.twiml.values import TEXT, URL

MACHINE_DETECTION: Final[Table] = tuple(
    Attribute[Any](name, TEXT, default, offered=False)
    for name, default in (
        ("machineDetection", None),
        ("machineDetectionTimeout", 30),
        ("machineDetectionSpeechThreshold", 2400),
        ("machineDetectionSpeechEndThreshold", 1200),
        ("machineDetectionSilenceTimeout", 5000),
        ("amdStatusCallback", None),
        ("amdStatusCallbackMethod", "POST"),
    )
)


@dataclass(frozen=True, slots=True)
class WhisperRows:
    """`url`, `method` and the status callback, with the noun's own code for a bad method."""

    url: Attribute[str | None]
    method: Attribute[str]

    @classmethod
    def of(cls, method_code: int = SCHEMA) -> "WhisperRows":
        return cls(Attribute("url", URL, None, 11100), Attribute("method", HTTP_METHOD, "POST", method_code))

    @property
    def table(self) -> Table:
        return (self.url, self.method, *callbacks.CALL.table)

    def read(self, read: Reader) -> "Whisper":
        return Whisper(read(self.url) or None, read(self.method), callbacks.CALL.read(read))


@dataclass(frozen=True, slots=True)
class Whisper:
    """As written."""

    url: str | None = None
    method: str = "POST"
    callback: CallbackTo | None = None

    def url_in(self, context: Context) -> str | None:
        """Absolute. Raises TwimlError 11100: a callee must not be bridged without what was to be said first."""
        return None if self.url is None else context.url(self.url)

    def callback_in(self, context: Context, warn: WarnOf) -> CallbackTo | None:
        return callbacks.resolved(self.callback, callbacks.CALL, context, warn)


NO_WHISPER: Final = Whisper()
