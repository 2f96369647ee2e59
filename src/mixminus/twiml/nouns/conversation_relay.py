"""`<ConversationRelay>`: text to and from an application (Twilio Docs, TwiML: ConversationRelay)."""

import re
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Self, TypeVar

from mixminus.base.types import FormPairs
from mixminus.twiml.attributes import SCHEMA, Attribute, Reader, Table, Values, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import RelayAttributes, RelayLanguage
from mixminus.twiml.element import Element
from mixminus.twiml.nouns.parameter import parameters
from mixminus.twiml.values import BOOLEAN, TEXT, URL, form, integer, one_of, optional, some_of

T = TypeVar("T")

BAD_ATTRIBUTE: Final = 64101
MAX_PARAMETER: Final = 500
"""Characters of name and value together, as of a `<Stream>`."""
MAX_HINTS: Final = 500
MAX_HINT: Final = 100
MULTI: Final = "multi"

_INPUT = one_of("none", "dtmf", "speech", "any", "true", "false")
_LANGUAGE = form(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}", "a language tag such as en-US")
_HEARD_LANGUAGE = form(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}", "a language tag such as en-US, or multi")
_VOICES = one_of("ElevenLabs", "Google", "Amazon")
_RECOGNISERS = one_of("Deepgram", "Google")
_TOLD: Final = ("debugging", "speaker-events", "tokens-played")


def _read_timeout(text: str) -> int | None:
    return None if text.strip().lower() == "auto" else integer(600, 5_000).read(text)


def _read_hints(text: str) -> tuple[str, ...]:
    hints = tuple(hint.strip()[:MAX_HINT] for hint in text.split(","))
    return tuple(hint for hint in hints if hint)[:MAX_HINTS]


def _number(least: float, most: float) -> Values[float | None]:
    def read(text: str) -> float:
        if not re.fullmatch(r"\s*[0-9]{0,2}\.?[0-9]{1,6}\s*", text) or not least <= float(text) <= most:
            raise ValueError(text)
        return float(text)

    return Values(f"a number from {least} to {most}", read)


def _row(name: str, values: Values[T], default: T, *aliases: str, offered: bool = True) -> Attribute[T]:
    """Typed clients of one language spell half of the names in lower case (twiml-and-streams.md 1.1)."""
    spellings = tuple(spelling for spelling in (*aliases, name.lower()) if spelling != name)
    return Attribute(name, values, default, BAD_ATTRIBUTE, offered=offered, aliases=spellings)


_HINTS: Final[Values[tuple[str, ...] | None]] = Values("words with commas between them", _read_hints)
_TIMEOUT: Final[Values[int | None]] = Values("auto, or milliseconds from 600 to 5000", _read_timeout)

RELAY_URL: Final[Attribute[str | None]] = _row("url", URL, None)
GREETING: Final = _row("welcomeGreeting", TEXT, "")
GREETING_INTERRUPTIBLE: Final = _row("welcomeGreetingInterruptible", _INPUT, "any")
LANGUAGE: Final = _row("language", _LANGUAGE, "en-US")
TTS_LANGUAGE: Final[Attribute[str | None]] = _row("ttsLanguage", optional(_LANGUAGE), None)
HEARD_LANGUAGE: Final[Attribute[str | None]] = _row("transcriptionLanguage", optional(_HEARD_LANGUAGE), None)
TTS_PROVIDER: Final[Attribute[str | None]] = _row("ttsProvider", optional(_VOICES), None)
VOICE: Final[Attribute[str | None]] = _row("voice", optional(TEXT), None)
HEARD_PROVIDER: Final[Attribute[str | None]] = _row("transcriptionProvider", optional(_RECOGNISERS), None)
SPEECH_MODEL: Final[Attribute[str | None]] = _row("speechModel", optional(TEXT), None)
EOT: Final = _row("eotThreshold", _number(0.5, 0.9), None)
SPEECH_TIMEOUT: Final = _row("speechTimeout", _TIMEOUT, None)
PARTIAL_PROMPTS: Final = _row("partialPrompts", BOOLEAN, False)
INTERRUPTIBLE: Final = _row("interruptible", _INPUT, "any")
SENSITIVITY: Final = _row("interruptSensitivity", one_of("high", "medium", "low"), "high")
REPORT: Final = _row("reportInputDuringAgentSpeech", _INPUT, "none")
BACKCHANNEL: Final = _row("ignoreBackchannel", BOOLEAN, False)
PREEMPTIBLE: Final = _row("preemptible", BOOLEAN, False)
DTMF: Final = _row("dtmfDetection", BOOLEAN, False)
HINTS: Final[Attribute[Any]] = _row("hints", _HINTS, None)
PROFANITY: Final = _row("profanityFilter", BOOLEAN, False)
ASR_SMART_FORMAT: Final[Attribute[bool | None]] = _row("asrSmartFormat", optional(BOOLEAN), None)
SMART_FORMAT: Final[Attribute[bool | None]] = _row("deepgramSmartFormat", optional(BOOLEAN), None)
EVENTS: Final[Attribute[tuple[str, ...]]] = _row("events", some_of(*_TOLD), ())
DEBUG: Final[Attribute[tuple[str, ...]]] = _row("debug", some_of(*_TOLD), ())

CODE: Final[Attribute[str | None]] = _row("code", optional(_LANGUAGE), None)

FATAL: Final[Table] = (LANGUAGE, TTS_LANGUAGE, HEARD_LANGUAGE, TTS_PROVIDER, HEARD_PROVIDER)
"""Whose bad values nobody can guess around: the session does not begin."""


def _not_offered(*names: str) -> Table:
    return tuple(_row(name, TEXT, "", offered=False) for name in names)


@dataclass(frozen=True, slots=True)
class ConversationRelay:
    """`url` as written."""

    attributes: RelayAttributes

    ATTRIBUTES: ClassVar[Table] = (
        RELAY_URL, GREETING, GREETING_INTERRUPTIBLE, LANGUAGE, TTS_LANGUAGE, HEARD_LANGUAGE, TTS_PROVIDER, VOICE,
        HEARD_PROVIDER, SPEECH_MODEL, EOT, SPEECH_TIMEOUT, PARTIAL_PROMPTS, INTERRUPTIBLE, SENSITIVITY, REPORT,
        BACKCHANNEL, PREEMPTIBLE, DTMF, HINTS, PROFANITY, ASR_SMART_FORMAT, SMART_FORMAT, EVENTS, DEBUG,
        *_not_offered(
            "eagerEotThreshold", "elevenlabsTextNormalization", "ttsTextNormalization",
            "ttsLanguageTextNormalization", "elevenlabsLanguageTextNormalization", "backgroundNoiseReduction",
            "intelligenceService", "conversationConfiguration", "partialPromptOnHangup", "includeInPrompt",
            "customerName", "applicationReconnect", "echoPromptFiltering", "turnDetection",
        ),
    )  # fmt: skip

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self:
        complaints = tuple(_complaints(element))
        read = Reader(element, cls.ATTRIBUTES, warn)
        language = read(LANGUAGE)
        smart_format = read(ASR_SMART_FORMAT)
        if smart_format is None:
            smart_format = read(SMART_FORMAT)
        attributes = RelayAttributes(
            url=read(RELAY_URL) or "",
            parameters=_parameters(element, warn),
            welcome_greeting=read(GREETING).strip(),
            welcome_greeting_interruptible=read(GREETING_INTERRUPTIBLE),
            tts_language=read(TTS_LANGUAGE) or language,
            transcription_language=read(HEARD_LANGUAGE) or language,
            tts_provider=read(TTS_PROVIDER) or "ElevenLabs",
            voice=read(VOICE) or None,
            transcription_provider=read(HEARD_PROVIDER) or "Deepgram",
            speech_model=read(SPEECH_MODEL) or None,
            eot_threshold=read(EOT),
            speech_timeout_ms=read(SPEECH_TIMEOUT),
            partial_prompts=read(PARTIAL_PROMPTS),
            interruptible=read(INTERRUPTIBLE),
            interrupt_sensitivity=read(SENSITIVITY),
            report_input=read(REPORT),
            ignore_backchannel=read(BACKCHANNEL),
            preemptible=read(PREEMPTIBLE),
            dtmf_detection=read(DTMF),
            hints=read(HINTS) or (),
            profanity_filter=read(PROFANITY),
            smart_format=True if smart_format is None else smart_format,
            told=(*read.listed(EVENTS), *read.listed(DEBUG)),
            languages=tuple(_languages(element, warn)),
            complaints=complaints,
        )
        return cls(attributes)

    def attributes_in(self, context: Context) -> RelayAttributes:
        """With an absolute URL, as far as it is any."""
        return replace(self.attributes, url=context.websocket_url(self.attributes.url))


LANGUAGE_ROWS: Final[Table] = (
    CODE, TTS_PROVIDER, VOICE, HEARD_PROVIDER, SPEECH_MODEL, HINTS, ASR_SMART_FORMAT,
    *_not_offered("ttsTextNormalization", "ttsLanguageTextNormalization"),
)  # fmt: skip
"""Of `<Language>`."""


def _languages(element: Element, warn: WarnOf) -> list[RelayLanguage]:
    found: list[RelayLanguage] = []
    for child in element.elements():
        if child.name != "Language":
            continue
        read = Reader(child, LANGUAGE_ROWS, warn)
        code = read(CODE)
        if not code:
            warn(BAD_ATTRIBUTE, f"Line {child.line}: <Language> has no code, and is left out")
            continue
        found.append(
            RelayLanguage(
                code,
                read(TTS_PROVIDER),
                read(VOICE) or None,
                read(HEARD_PROVIDER),
                read(SPEECH_MODEL) or None,
                read(HINTS),
                read(ASR_SMART_FORMAT),
            )
        )
    return found


def _complaints(element: Element) -> list[str]:
    """What is wrong beyond repair."""
    read: Any = Reader(element, ConversationRelay.ATTRIBUTES, lambda code, message: None)
    found: list[str] = []
    if not (read.said(RELAY_URL) or "").strip():
        found.append("<ConversationRelay> has no url")
    for row in FATAL:
        text = read.said(row)
        try:
            if text is not None:
                row.values.read(text)
        except ValueError:
            found.append(f'{row.name} of <ConversationRelay> must be {row.values.words}, not "{text[:60]}"')
    if read.said(HEARD_LANGUAGE) == MULTI or read.said(LANGUAGE) == MULTI:
        providers = (read.said(HEARD_PROVIDER) or "Deepgram", read.said(TTS_PROVIDER) or "ElevenLabs")
        if providers != ("Deepgram", "ElevenLabs"):
            found.append("transcriptionLanguage multi needs Deepgram with ElevenLabs")
    return found


def _parameters(element: Element, warn: WarnOf) -> FormPairs:
    kept: list[tuple[str, str]] = []
    for name, value in parameters(element, ("Language",), warn):
        if len(name) + len(value) <= MAX_PARAMETER:
            kept.append((name, value))
        else:
            warn(SCHEMA, f"Line {element.line}: a <Parameter> has more than {MAX_PARAMETER} characters; left out")
    return tuple(kept)
