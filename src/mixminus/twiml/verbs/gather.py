"""`<Gather>`: prompts, and the keys that are pressed meanwhile and afterwards."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from mixminus.twiml.attributes import SCHEMA, Attribute, Reader, Table, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import CollectDigits, Collected, GoTo, Prompt, Steps
from mixminus.twiml.element import Element
from mixminus.twiml.values import BOOLEAN, TEXT, form, integer, optional, some_of
from mixminus.twiml.values import METHOD as HTTP_METHOD
from mixminus.twiml.verbs.pause import Pause
from mixminus.twiml.verbs.play import Play
from mixminus.twiml.verbs.say import Say

NESTED: Final[dict[str, type[Say] | type[Play] | type[Pause]]] = {"Say": Say, "Play": Play, "Pause": Pause}

_COUNT = integer(1)
_ACTION = form(r"\s*\S.*", "a URL")

ACTION: Final[Attribute[str | None]] = Attribute("action", optional(_ACTION), None, 13338, fatal=True)
METHOD: Final = Attribute("method", HTTP_METHOD, "POST", 13312)
INPUT: Final[Attribute[tuple[str, ...]]] = Attribute("input", some_of("dtmf", "speech"), ("dtmf",))
TIMEOUT: Final = Attribute("timeout", _COUNT, 5, 13313)
FINISH_ON_KEY: Final = Attribute("finishOnKey", form(r"[0-9*#]?", "one of 0-9 * #, or empty"), "#", 13310)
NUM_DIGITS: Final[Attribute[int | None]] = Attribute("numDigits", optional(_COUNT), None, 13314)
ACTION_ON_EMPTY_RESULT: Final = Attribute("actionOnEmptyResult", BOOLEAN, False, 13338, fatal=True)


def _speech(name: str, code: int = SCHEMA, default: Any = None) -> Attribute[Any]:
    """What concerns speech: known, and of no effect while only keys are collected."""
    return Attribute(name, TEXT, default, code, offered=False, aliases=(name.lower(),))


@dataclass(frozen=True, slots=True)
class Gather:
    """`action` as written; None is the document itself."""

    action: str | None = None
    method: str = "POST"
    timeout_s: int = 5
    finish_on_key: str = "#"
    num_digits: int | None = None
    action_on_empty_result: bool = False
    nested: tuple[Say | Play | Pause, ...] = ()

    ATTRIBUTES: ClassVar[Table] = (
        ACTION,
        METHOD,
        INPUT,
        TIMEOUT,
        FINISH_ON_KEY,
        NUM_DIGITS,
        ACTION_ON_EMPTY_RESULT,
        _speech("speechTimeout", 13327),
        _speech("maxSpeechTime", 13328),
        _speech("speechModel", 13334, "default"),
        _speech("language", 13331, "en-US"),
        _speech("hints", 13330),
        _speech("profanityFilter", default=True),
        _speech("bargeIn", default=True),
        _speech("partialResultCallback"),
        _speech("partialResultCallbackMethod", default="POST"),
        _speech("enhanced", default=False),
        _speech("debug", default=False),
    )

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self:
        read = Reader(element, cls.ATTRIBUTES, warn)
        if "speech" in read.listed(INPUT):
            warn(SCHEMA, f"Line {element.line}: <Gather> does not offer speech yet; it collects digits")
        return cls(
            action=read(ACTION),
            method=read(METHOD),
            timeout_s=read(TIMEOUT),
            finish_on_key=read(FINISH_ON_KEY),
            num_digits=read(NUM_DIGITS),
            action_on_empty_result=read(ACTION_ON_EMPTY_RESULT),
            nested=_nested(element, warn),
        )

    def steps(self, context: Context) -> Steps:
        prompts: tuple[Prompt, ...] = tuple(prompt for verb in self.nested for prompt in verb.prompts(context))
        collected: Collected = yield CollectDigits(
            prompts, float(self.timeout_s), self.finish_on_key, self.num_digits
        )
        if not collected.digits and not self.action_on_empty_result:
            return None
        return GoTo(context.url(self.action or ""), self.method, (("Digits", collected.digits),))


def _nested(element: Element, warn: WarnOf) -> tuple[Say | Play | Pause, ...]:
    """The prompts. Others are left out, and a `<Play digits>` too, for nobody could hear the answer."""
    found: list[Say | Play | Pause] = []
    for child in element.elements():
        if child.name not in NESTED:
            warn(13320, f"Line {child.line}: <{child.name}> is not allowed in <Gather>; only Say, Play and Pause are")
            continue
        verb = NESTED[child.name].parse(child, warn)
        if isinstance(verb, Play) and verb.digits is not None:
            warn(13430, f"Line {child.line}: <Play digits> is not allowed in <Gather>")
            continue
        found.append(verb)
    return tuple(found)
