"""`<Conference>`: the room that the call enters."""

import re
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Self

from mixminus.base.sids import CALL, is_sid
from mixminus.twiml.attributes import Attribute, Reader, Table, Values, WarnOf, shortened
from mixminus.twiml.context import Context
from mixminus.twiml.effects import ConferenceAttributes, Warn
from mixminus.twiml.element import Element
from mixminus.twiml.errors import TwimlError
from mixminus.twiml.nouns import callbacks
from mixminus.twiml.values import BOOLEAN, METHOD, TEXT, URL, form, integer, one_of, optional, words

MAX_NAME: Final = 128
MAX_LABEL: Final = 128

_COUNT = integer(2, 1_000_000)
_REGION = one_of("us1", "us2", "ie1", "de1", "sg1", "br1", "au1", "jp1")

MUTED: Final = Attribute("muted", BOOLEAN, False, 13230)
BEEP: Final = Attribute("beep", one_of("true", "false", "onEnter", "onExit"), "true", 13235)
START_ON_ENTER: Final = Attribute("startConferenceOnEnter", BOOLEAN, True, 13232)
END_ON_EXIT: Final = Attribute("endConferenceOnExit", BOOLEAN, False, 13231, fatal=True)
LABEL: Final[Attribute[str | None]] = Attribute("participantLabel", Values(TEXT.words, str.strip), None, 16023)
JITTER_BUFFER: Final = Attribute("jitterBufferSize", one_of("large", "medium", "small", "off"), "large")
WAIT_URL: Final = Attribute("waitUrl", URL, None, 13233)
WAIT_METHOD: Final = Attribute("waitMethod", METHOD, "POST", 13234)
MAX_PARTICIPANTS: Final = Attribute("maxParticipants", _COUNT, 250, 16002)
RECORD: Final = Attribute(
    "record", words({"do-not-record": False, "record-from-start": True, "false": False, "true": True}), False, 13217
)
TRIM: Final = Attribute("trim", words({"trim-silence": True, "do-not-trim": False}), True, 13239, fatal=True)
REGION: Final[Attribute[str | None]] = Attribute("region", optional(_REGION), None)
COACH: Final = Attribute("coach", form(r".*", "call SIDs"), "", 13240)
MODERATOR: Final = Attribute("moderator", BOOLEAN, False)
FLOOR_CONTROL: Final = Attribute("floorControl", one_of("off", "queue", "drop"), "off")
EVENT_CALLBACK_URL: Final = Attribute("eventCallbackUrl", URL, None, 16002)


@dataclass(frozen=True, slots=True)
class Conference:
    """URLs as written. `refusal`: why this leg cannot enter; `<Dial>` goes on as if it had been turned away."""

    attributes: ConferenceAttributes
    refusal: Warn | None = None

    ATTRIBUTES: ClassVar[Table] = (
        MUTED,
        BEEP,
        START_ON_ENTER,
        END_ON_EXIT,
        LABEL,
        JITTER_BUFFER,
        WAIT_URL,
        WAIT_METHOD,
        MAX_PARTICIPANTS,
        RECORD,
        TRIM,
        *callbacks.RECORDING.table,
        Attribute[Any]("recordingConfigurationId", TEXT, None, offered=False),
        REGION,
        COACH,
        *callbacks.CONFERENCE.table,
        EVENT_CALLBACK_URL,
        MODERATOR,
        FLOOR_CONTROL,
    )

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self:
        read = Reader(element, cls.ATTRIBUTES, warn)
        attributes = ConferenceAttributes(
            name=element.text,
            muted=read(MUTED),
            beep=read(BEEP),
            start_conference_on_enter=read(START_ON_ENTER),
            end_conference_on_exit=read(END_ON_EXIT),
            participant_label=read(LABEL) or None,
            jitter_buffer_size=read(JITTER_BUFFER),
            wait_url=read(WAIT_URL),
            wait_method=read(WAIT_METHOD),
            max_participants=read(MAX_PARTICIPANTS),
            record=read(RECORD),
            trim_silence=read(TRIM),
            recording_callback=callbacks.RECORDING.read(read),
            region=read(REGION),
            coach=tuple(dict.fromkeys(re.findall(r"[^\s,]+", read(COACH)))),
            callback=callbacks.CONFERENCE.read(read),
            event_callback_url=read(EVENT_CALLBACK_URL) or None,
            moderator=read(MODERATOR),
            floor_control=read(FLOOR_CONTROL),
        )
        return cls(attributes, _refusal(attributes, element.line))

    def resolved(self, context: Context, warn: WarnOf) -> ConferenceAttributes:
        """With absolute URLs; bad ones are reported and count as absent."""
        wanted = self.attributes
        return replace(
            wanted,
            wait_url=_wait_url(wanted.wait_url, context, warn),
            recording_callback=callbacks.resolved(wanted.recording_callback, callbacks.RECORDING, context, warn),
            callback=callbacks.resolved(wanted.callback, callbacks.CONFERENCE, context, warn),
            event_callback_url=_event_url(wanted.event_callback_url, context, warn),
        )


def _refusal(attributes: ConferenceAttributes, line: int) -> Warn | None:
    """Why nobody could enter with these attributes."""
    if not 1 <= len(attributes.name) <= MAX_NAME:
        return Warn(
            13237, f"Line {line}: a conference's name has 1 to {MAX_NAME} characters, not {len(attributes.name)}"
        )
    label = attributes.participant_label
    if label is not None and (len(label) > MAX_LABEL or "/" in label or is_sid(CALL, label)):
        rule = f"has at most {MAX_LABEL} characters, no slash, and does not look like a call SID"
        return Warn(16023, f"Line {line}: the participantLabel is invalid: a label {rule}")
    for sid in attributes.coach:
        if not is_sid(CALL, sid):
            return Warn(13240, f'Line {line}: coach "{shortened(sid)}" is not a call SID')
    return None


def _wait_url(written: str | None, context: Context, warn: WarnOf) -> str | None:
    """None: not said. Empty: silence."""
    if not written:
        return written
    try:
        return context.audio_url(written)
    except TwimlError as error:
        warn(WAIT_URL.code, f"waitUrl: {error.message}")
        return None


def _event_url(written: str | None, context: Context, warn: WarnOf) -> str | None:
    try:
        return context.url(written) if written else None
    except TwimlError as error:
        warn(EVENT_CALLBACK_URL.code, f"eventCallbackUrl: {error.message}")
        return None
