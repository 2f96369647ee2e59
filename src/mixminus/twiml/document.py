"""An answer's body and content type to a document of verbs."""

from dataclasses import dataclass
from email.message import Message
from typing import Final

from mixminus.twiml.attributes import SCHEMA, WarnOf, shortened
from mixminus.twiml.effects import Warn
from mixminus.twiml.element import Element, parse_xml
from mixminus.twiml.errors import TwimlError
from mixminus.twiml.verbs import NOT_OFFERED, VERBS
from mixminus.twiml.verbs.hangup import Hangup
from mixminus.twiml.verbs.say import Say
from mixminus.twiml.verbs.verb import Faulty, Verb

MAX_BYTES: Final = 65_536
"""64 kB, error 11750."""

MAX_WARNINGS: Final = 100
"""Per document: 64 kB have room for 16,000, and each goes to the log of its call."""

XML_TYPES: Final = frozenset({"text/xml", "application/xml", "text/html"})
AUDIO_TYPES: Final = frozenset(
    {
        "audio/mpeg",
        "audio/wav",
        "audio/wave",
        "audio/x-wav",
        "audio/aiff",
        "audio/x-aifc",
        "audio/x-aiff",
        "audio/x-gsm",
        "audio/gsm",
        "audio/ulaw",
    }
)


@dataclass(frozen=True, slots=True)
class Document:
    """What to run. `warnings` are what was skipped or replaced by a default; `names` every element, run or not."""

    verbs: tuple[Verb, ...]
    warnings: tuple[Warn, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AudioBody:
    """The URL answered with sound: it is played once, then the call ends. The body is for the player to fetch."""

    content_type: str


def read_answer(body: bytes, content_type: str | None) -> Document | AudioBody:
    """Read what a URL answered.

    Raises TwimlError: 11200 no content type, 12300 a wrong one, 11750 too large, 11770 empty, 12100, 12101, 12102.
    """
    media_type, charset = _media_type(content_type)
    if media_type in AUDIO_TYPES:
        return AudioBody(media_type)
    if media_type in XML_TYPES:
        return read_document(body, charset)
    if media_type == "text/plain":
        return _read_plain(body, charset)
    if not media_type:
        raise TwimlError(11200, "The answer has no Content-Type")
    raise TwimlError(12300, f'Content-Type "{shortened(media_type)}" is neither XML, text nor audio')


def read_document(body: bytes, charset: str | None = None) -> Document:
    """Read TwiML. Raises TwimlError 11750, 11770, 12100, 12101, 12102."""
    if len(body) > MAX_BYTES:
        raise TwimlError(11750, f"TwiML must not be longer than {MAX_BYTES} bytes; this has {len(body)}")
    if not body.strip():
        raise TwimlError(11770, "The body is empty. A document that does nothing is <Response/>")
    root = parse_xml(body, charset)
    if root.name != "Response":
        raise TwimlError(12102, f"The root element must be <Response>, not <{shortened(root.name)}>")
    return _read_verbs(root)


def _read_plain(body: bytes, charset: str | None) -> Document:
    """TwiML if it is some, else text to be read aloud, and then the call ends."""
    try:
        return read_document(body, charset)
    except TwimlError as error:
        if error.code in (11750, 11770):
            raise
    try:
        text = body.decode(charset or "utf-8", "replace")
    except LookupError:
        text = body.decode("utf-8", "replace")
    return Document((Say(" ".join(text.split())), Hangup()), names=("Say",))


def _media_type(content_type: str | None) -> tuple[str, str | None]:
    """Media type and charset, both in lower case; "" if there is none."""
    if not content_type or not content_type.strip():
        return "", None
    header = Message()
    header["Content-Type"] = content_type
    charset = header.get_param("charset")
    return content_type.partition(";")[0].strip().lower(), charset if isinstance(charset, str) else None


def _read_verbs(root: Element) -> Document:
    warnings: list[Warn] = []

    def warn(code: int, message: str) -> None:
        if len(warnings) < MAX_WARNINGS:
            warnings.append(Warn(code, message))
        elif len(warnings) == MAX_WARNINGS:
            warnings.append(Warn(SCHEMA, "There are more warnings than these"))

    for name in root.attributes:
        warn(SCHEMA, f"Line {root.line}: {shortened(name)} is not an attribute of <Response>")
    if root.text:
        warn(SCHEMA, f"Line {root.line}: <Response> has text outside its verbs")
    verbs = tuple(verb for child in root.elements() if (verb := _read_verb(child, warn)) is not None)
    return Document(verbs, tuple(warnings), tuple(child.name for child in root.elements()))


def _read_verb(element: Element, warn: WarnOf) -> Verb | None:
    """None for what is not understood or not offered, which is reported."""
    if (verb := VERBS.get(element.name)) is not None:
        try:
            return verb.parse(element, warn)
        except TwimlError as error:
            return Faulty(error.code, error.message)
    if element.name in NOT_OFFERED:
        warn(SCHEMA, f"Line {element.line}: <{element.name}> is not offered yet")
    else:
        warn(SCHEMA, f"Line {element.line}: <{shortened(element.name)}> is not a verb{_meant(element.name)}")
    return None


def _meant(name: str) -> str:
    """Verbs are case-sensitive, which is how most unknown ones come about."""
    meant = next((verb for verb in (*VERBS, *NOT_OFFERED) if verb.lower() == name.lower()), None)
    return f"; <{meant}> is" if meant else ""
