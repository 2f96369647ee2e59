"""`<Record>`: what the caller says, into a file."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from mixminus.twiml.attributes import Attribute, Reader, Table, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import CallbackTo, GoTo, RecordCaller, Recorded, Steps, Warn
from mixminus.twiml.element import Element
from mixminus.twiml.nouns import callbacks
from mixminus.twiml.values import BOOLEAN, TEXT, URL, form, integer, words
from mixminus.twiml.values import METHOD as HTTP_METHOD

ACTION: Final[Attribute[str | None]] = Attribute("action", URL, None, 11100)
METHOD: Final = Attribute("method", HTTP_METHOD, "POST", 13610)
TIMEOUT: Final = Attribute("timeout", integer(0), 5, 13611)
MAX_LENGTH: Final = Attribute("maxLength", integer(1), 3_600, 13612)
FINISH_ON_KEY: Final = Attribute("finishOnKey", form(r"[0-9*#]*", "any of 0-9 * #, or empty"), "1234567890*#", 13613)
PLAY_BEEP: Final = Attribute("playBeep", BOOLEAN, True, 13616)
TRIM: Final = Attribute("trim", words({"trim-silence": True, "do-not-trim": False}), True)


@dataclass(frozen=True, slots=True)
class Record:
    """URLs as written; without `action` it is the document itself."""

    action: str | None = None
    method: str = "POST"
    timeout_s: int = 5
    max_length_s: int = 3_600
    finish_on_key: str = "1234567890*#"
    play_beep: bool = True
    trim_silence: bool = True
    callback: CallbackTo | None = None

    ATTRIBUTES: ClassVar[Table] = (
        ACTION,
        METHOD,
        TIMEOUT,
        MAX_LENGTH,
        FINISH_ON_KEY,
        PLAY_BEEP,
        TRIM,
        *callbacks.RECORDING.table,
        *(
            Attribute[Any](name, TEXT, None, offered=False)
            for name in ("transcribe", "transcribeCallback", "recordingConfigurationId")
        ),
    )

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self:
        read = Reader(element, cls.ATTRIBUTES, warn)
        return cls(
            action=read(ACTION),
            method=read(METHOD),
            timeout_s=read(TIMEOUT),
            max_length_s=read(MAX_LENGTH),
            finish_on_key=read(FINISH_ON_KEY),
            play_beep=read(PLAY_BEEP),
            trim_silence=read(TRIM),
            callback=callbacks.RECORDING.read(read),
        )

    def steps(self, context: Context) -> Steps:
        action = context.url(self.action or "")  # before anybody speaks in vain
        warnings: list[Warn] = []
        callback = callbacks.resolved(
            self.callback, callbacks.RECORDING, context, lambda code, message: warnings.append(Warn(code, message))
        )
        yield from warnings
        recorded: Recorded | None = yield RecordCaller(
            float(self.timeout_s),
            self.max_length_s,
            self.finish_on_key,
            self.play_beep,
            self.trim_silence,
            callback,
        )
        if recorded is None:
            return None
        return GoTo(action, self.method, record_parameters(recorded))


def record_parameters(recorded: Recorded) -> tuple[tuple[str, str], ...]:
    """What the action URL is told."""
    ended_by = (("Digits", recorded.digits),) if recorded.digits else ()
    return (
        ("RecordingUrl", recorded.url),
        ("RecordingSid", recorded.sid),
        ("RecordingDuration", str(recorded.duration_s)),
        *ended_by,
    )
