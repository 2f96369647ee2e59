"""`<Dial>`: into a conference, or to people."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Self

from mixminus.base.types import FormPairs
from mixminus.twiml.attributes import SCHEMA, Attribute, Reader, Table, Values, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import (
    ConferenceLeft,
    Dialled,
    DialQueue,
    DialRecording,
    DialTargets,
    Effect,
    GoTo,
    JoinConference,
    Referral,
    Result,
    Steps,
    Warn,
)
from mixminus.twiml.element import Element
from mixminus.twiml.errors import TwimlError
from mixminus.twiml.nouns import ALONE, NOT_OFFERED, NOUNS, TARGETS, callbacks
from mixminus.twiml.nouns.conference import Conference
from mixminus.twiml.nouns.noun import Noun
from mixminus.twiml.nouns.number import parse_number
from mixminus.twiml.nouns.queue import Queue
from mixminus.twiml.queue_effects import Dequeue
from mixminus.twiml.values import BOOLEAN, TEXT, URL, form, integer, one_of, optional, words
from mixminus.twiml.values import METHOD as HTTP_METHOD

MAX_TARGETS: Final = 10
"""Nouns of one `<Dial>` (TwiML: Dial, `sequential`); more are reported and left out."""

FROM_ANSWER: Final = DialRecording("record-from-answer", dual=False, trim_silence=False)
FROM_RINGING: Final = DialRecording("record-from-ringing", dual=False, trim_silence=False)
RECORDINGS: Final[dict[str, DialRecording | None]] = {
    "do-not-record": None,
    "record-from-answer": FROM_ANSWER,
    "record-from-ringing": FROM_RINGING,
    "record-from-answer-dual": replace(FROM_ANSWER, dual=True),
    "record-from-ringing-dual": replace(FROM_RINGING, dual=True),
    "true": FROM_ANSWER,
    "false": None,
}

_CALLER = form(r"[^\x00-\x20\x7f<>\"]{1,256}", "a telephone number, client:NAME, or a name without spaces")

ACTION: Final = Attribute("action", URL, None, 11100)
METHOD: Final = Attribute("method", HTTP_METHOD, "POST", 13210)
ANSWER_ON_BRIDGE: Final = Attribute("answerOnBridge", BOOLEAN, False, 13219)
CALLER_ID: Final[Attribute[str | None]] = Attribute(
    "callerId",
    Values(_CALLER.words, lambda text: parse_number(text) or _CALLER.read(text), private=True),
    None,
    13214,
)
HANGUP_ON_STAR: Final = Attribute("hangupOnStar", BOOLEAN, False, 13213)
TIMEOUT: Final = Attribute("timeout", integer(1, 600), 30, 13212)
TIME_LIMIT: Final = Attribute("timeLimit", integer(1), 14_400, 13216)
RECORD: Final = Attribute("record", words(RECORDINGS), None, 13217)
RECORDING_TRACK: Final = Attribute("recordingTrack", one_of("both", "inbound", "outbound"), "both", 13217)
TRIM: Final = Attribute("trim", words({"trim-silence": True, "do-not-trim": False}), False)
SEQUENTIAL: Final = Attribute("sequential", BOOLEAN, False, 13218)
_COUNTRIES = (
    "at au bg br be ch cl cn cz de dk ee es fi fr gr hu il in it lt jp mx my nl no nz ph pl pt ru se sg th"
    " uk us us-old tw ve za"
)
RING_TONES: Final = tuple(_COUNTRIES.split())
RING_TONE: Final[Attribute[str | None]] = Attribute("ringTone", optional(one_of(*RING_TONES)), None, 13220)
REFER_URL: Final[Attribute[str | None]] = Attribute("referUrl", URL, None, 11100)
REFER_METHOD: Final = Attribute("referMethod", HTTP_METHOD, "POST")

Parameters = Generator[Effect, Result, FormPairs]
"""Steps that end with what the action URL is told."""


@dataclass(frozen=True, slots=True)
class Dial:
    """URLs as written. `whom` is a conference, a queue, or everybody to ring: nobody, if none of them made sense."""

    whom: Conference | Queue | tuple[Noun, ...]
    action: str | None = None
    method: str = "POST"
    answer_on_bridge: bool = False
    caller_id: str | None = None
    hangup_on_star: bool = False
    timeout_s: int = 30
    time_limit_s: int = 14_400
    sequential: bool = False
    recording: DialRecording | None = None
    ring_tone: str | None = None
    refer_url: str | None = None
    refer_method: str = "POST"

    ATTRIBUTES: ClassVar[Table] = (
        ACTION,
        METHOD,
        ANSWER_ON_BRIDGE,
        CALLER_ID,
        HANGUP_ON_STAR,
        TIMEOUT,
        TIME_LIMIT,
        SEQUENTIAL,
        RECORD,
        RECORDING_TRACK,
        TRIM,
        *callbacks.RECORDING.table,
        *(
            Attribute[Any](name, TEXT, None, offered=False)
            for name in ("recordingConfigurationId", "callReason", "events", "passports")
        ),
        RING_TONE,
        REFER_URL,
        REFER_METHOD,
    )

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self:
        read = Reader(element, cls.ATTRIBUTES, warn)
        return cls(
            whom=_whom(element, warn),
            action=read(ACTION) or None,
            method=read(METHOD),
            answer_on_bridge=read(ANSWER_ON_BRIDGE),
            caller_id=read(CALLER_ID),
            hangup_on_star=read(HANGUP_ON_STAR),
            timeout_s=read(TIMEOUT),
            time_limit_s=read(TIME_LIMIT),
            sequential=read(SEQUENTIAL),
            recording=_recording(read),
            ring_tone=read(RING_TONE),
            refer_url=read(REFER_URL) or None,
            refer_method=read(REFER_METHOD),
        )

    def steps(self, context: Context) -> Steps:
        if isinstance(self.whom, Conference):
            parameters = yield from self._join(self.whom, context)
        elif isinstance(self.whom, Queue):
            parameters = yield from self._take_front(self.whom, context)
        else:
            refer_url = context.url(self.refer_url) if self.refer_url else None
            dialled = yield from self._ring(self.whom, context)
            parameters = dial_parameters(dialled)
            if dialled.referral is not None and refer_url is not None:
                return GoTo(refer_url, self.refer_method, (*parameters, *refer_parameters(dialled.referral)))
        if self.action is None:
            return None
        return GoTo(context.url(self.action), self.method, parameters)

    def _join(self, conference: Conference, context: Context) -> Parameters:
        left = ConferenceLeft(joined=False)
        if conference.refusal is not None:
            yield conference.refusal
        else:
            warnings: list[Warn] = []
            warn = _collecting(warnings)
            effect = JoinConference(
                conference.resolved(context, warn),
                self.hangup_on_star,
                self.time_limit_s,
                _resolved(self.recording, context, warn),
            )
            yield from warnings
            left = yield effect
        return conference_parameters(left)

    def _take_front(self, queue: Queue, context: Context) -> Parameters:
        warnings: list[Warn] = []
        effect = DialQueue(
            queue.name,
            context.url(queue.url) if queue.url else None,
            queue.method,
            self.timeout_s,
            self.time_limit_s,
            self.hangup_on_star,
            _resolved(self.recording, context, _collecting(warnings)),
        )
        yield from warnings
        return dial_parameters((yield effect))

    def _ring(self, targets: tuple[Noun, ...], context: Context) -> Generator[Effect, Result, Dialled]:
        dialled = Dialled("failed")
        if targets:
            warnings: list[Warn] = []
            warn = _collecting(warnings)
            effect = DialTargets(
                tuple(target.target(context, warn) for target in targets),
                self.caller_id,
                self.timeout_s,
                self.time_limit_s,
                self.hangup_on_star,
                self.answer_on_bridge,
                self.sequential,
                _resolved(self.recording, context, warn),
                ring_tone=self.ring_tone,
                takes_refer=self.refer_url is not None,
            )
            yield from warnings
            dialled = yield effect
        return dialled


def conference_parameters(left: ConferenceLeft) -> FormPairs:
    """What the action URL is told after a conference: neither call SID nor duration (Twilio Docs, Dial: action)."""
    return _pairs(
        DialCallStatus="answered" if left.joined else "failed",
        DialBridged=_word(left.joined),
        RecordingUrl=left.recording_url,
    )


def dial_parameters(dialled: Dialled) -> FormPairs:
    """What the action URL is told after people were rung, or a queue was dialled."""
    told = _pairs(
        DialCallSid=dialled.call_sid,
        DialCallStatus=dialled.status,
        DialCallDuration=dialled.duration_s,
        DialBridged=_word(dialled.bridged),
        DialSipCallId=dialled.sip_call_id,
        DialSipResponseCode=dialled.sip_response_code,
        RecordingUrl=dialled.recording_url,
    )
    return told if dialled.dequeue is None else (*told, *dequeue_parameters(dialled, dialled.dequeue))


def dequeue_parameters(dialled: Dialled, dequeue: Dequeue) -> FormPairs:
    """What the action URL is told besides after a queue was dialled."""
    return _pairs(
        DequeueResult=dequeue.result,
        DequeuedCallSid=dialled.call_sid,
        DequeuedCallQueueTime=dequeue.queue_time_s,
        DequeuedCallDuration=dialled.duration_s,
    )


def refer_parameters(referral: Referral) -> FormPairs:
    """What the referUrl is told besides: where to, and with which headers."""
    headers = ((f"SipHeader_{name}", value) for name, value in referral.headers)
    return (("ReferTransferTarget", referral.target), *headers)


def _pairs(**parameters: str | int | None) -> FormPairs:
    return tuple((name, str(value)) for name, value in parameters.items() if value is not None)


def _word(truth: bool) -> str:
    return "true" if truth else "false"


def _recording(read: Reader) -> DialRecording | None:
    wanted = read(RECORD)
    track, trim_silence, callback = read(RECORDING_TRACK), read(TRIM), callbacks.RECORDING.read(read)
    return wanted and replace(wanted, track=track, trim_silence=trim_silence, callback=callback)


def _resolved(recording: DialRecording | None, context: Context, warn: WarnOf) -> DialRecording | None:
    if recording is None:
        return None
    return replace(recording, callback=callbacks.resolved(recording.callback, callbacks.RECORDING, context, warn))


def _collecting(warnings: list[Warn]) -> WarnOf:
    return lambda code, message: warnings.append(Warn(code, message))


def _whom(element: Element, warn: WarnOf) -> Conference | Queue | tuple[Noun, ...]:
    """The nouns, and the text, which is a number. Raises TwimlError 13000 or 13215 for a forbidden mixture."""
    nouns = _nouns(element, warn)
    alone = next((noun for noun in nouns if noun.name in ALONE), None)
    if alone is not None and len(nouns) > 1:
        # 13000 is the older code, for numbers only (twilio-conference-api 6.4)
        others = {noun.name for noun in nouns if noun is not alone}
        code = 13000 if alone.name == "Conference" and "Number" in others else 13215
        raise TwimlError(code, f"Line {alone.line}: <{alone.name}> stands alone in its <Dial>")
    if alone is not None and alone.name == "Conference":
        return Conference.parse(alone, warn)
    if alone is not None and alone.name == "Queue":
        return Queue.parse(alone, warn) or ()
    if len(nouns) > MAX_TARGETS:
        warn(13215, f"Line {element.line}: <Dial> rings the first {MAX_TARGETS} of its {len(nouns)} nouns")
    targets = (TARGETS[noun.name].parse(noun, warn) for noun in nouns[:MAX_TARGETS])
    return tuple(target for target in targets if target is not None)


def _nouns(element: Element, warn: WarnOf) -> list[Element]:
    """The children that name somebody; others are reported and left out."""
    known: list[Element] = []
    if element.text:
        known.append(Element("Number", {}, (element.text,), element.line))
    for child in element.elements():
        if child.name in NOUNS:
            known.append(child)
        elif child.name in NOT_OFFERED:
            warn(SCHEMA, f"Line {child.line}: <{child.name}> is not offered yet in <Dial>")
        else:
            warn(13215, f"Line {child.line}: <{child.name}> is not allowed in <Dial>")
    if not known:
        warn(SCHEMA, f"Line {element.line}: <Dial> has nobody to dial")
    return known
