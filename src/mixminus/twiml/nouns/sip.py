"""`<Sip>`: a SIP address, with headers to pass on."""

import re
from dataclasses import dataclass
from typing import ClassVar, Final, Self
from urllib.parse import parse_qsl

from mixminus.twiml.attributes import SCHEMA, Attribute, Reader, Table, WarnOf, shortened
from mixminus.twiml.context import Context
from mixminus.twiml.effects import Target, TargetKind
from mixminus.twiml.element import Element
from mixminus.twiml.nouns.parameter import parameters
from mixminus.twiml.nouns.whisper import MACHINE_DETECTION, NO_WHISPER, Whisper, WhisperRows
from mixminus.twiml.values import KEYS, form, integer, optional

USER: Final = r"[^\s@:;?<>\"]+"
HOST: Final = r"([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?"
PARAMETER: Final = r";[A-Za-z0-9_.!%*+`'~-]+(=[^\s;?]*)?"
ADDRESS: Final = re.compile(rf"sips?:({USER}(:{USER})?@)?{HOST}({PARAMETER})*", re.IGNORECASE)

MAX_HEADER_CHARACTERS: Final = 1024
HEADER_NAME: Final = re.compile(
    r"X-[A-Za-z0-9_.!%*+`'~-]+|User-to-User|Remote-Party-ID|P-Preferred-Identity|P-Called-Party-ID", re.IGNORECASE
)
HEADER_VALUE: Final = re.compile(r"[^\x00-\x1f\x7f]*")

_CREDENTIAL = form(
    r"[^\x00-\x20\x7f\"]{1,256}", "1 to 256 characters without spaces, quotes and control characters", private=True
)
USERNAME: Final[Attribute[str | None]] = Attribute("username", optional(_CREDENTIAL), None, 13249)
PASSWORD: Final[Attribute[str | None]] = Attribute("password", optional(_CREDENTIAL), None, 13249)
SEND_DIGITS: Final[Attribute[str | None]] = Attribute("sendDigits", optional(KEYS), None, 13242)

PRIORITY: Final = Attribute("priority", integer(0, 65_535), 0)
WEIGHT: Final = Attribute("weight", integer(0, 65_535), 0, offered=False)

URI_ATTRIBUTES: Final[Table] = (PRIORITY, WEIGHT, USERNAME, PASSWORD)
"""Of the child `<Uri>`."""

_WHISPER = WhisperRows.of(13241)


@dataclass(frozen=True, slots=True)
class Sip:
    """`address` is the URI without its headers."""

    address: str
    headers: tuple[tuple[str, str], ...] = ()
    username: str | None = None
    password: str | None = None
    send_digits: str | None = None
    whisper: Whisper = NO_WHISPER

    ATTRIBUTES: ClassVar[Table] = (USERNAME, PASSWORD, SEND_DIGITS, *_WHISPER.table, *MACHINE_DETECTION)

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self | None:
        read = Reader(element, cls.ATTRIBUTES, warn)
        named, own = _first_uri(element, warn) or (element, read)
        address, _, query = named.text.partition("?")
        if not ADDRESS.fullmatch(address):
            warn(13243, f"Line {element.line}: the text of <Sip> is not a SIP address")
            return None
        return cls(
            address,
            _headers(element, query, warn),
            _first_said(USERNAME, own, read),
            _first_said(PASSWORD, own, read),
            read(SEND_DIGITS) or None,
            _WHISPER.read(read),
        )

    def target(self, context: Context, warn: WarnOf) -> Target:
        return Target(
            TargetKind.SIP,
            self.address,
            username=self.username,
            password=self.password,
            send_digits=self.send_digits,
            whisper_url=self.whisper.url_in(context),
            whisper_method=self.whisper.method,
            parameters=self.headers,
            callback=self.whisper.callback_in(context, warn),
        )


def _first_uri(element: Element, warn: WarnOf) -> tuple[Element, Reader] | None:
    """The `<Uri>` to be tried first, if there are any: lower priorities come first, as in DNS SRV."""
    uris = [(child, Reader(child, URI_ATTRIBUTES, warn)) for child in element.elements() if child.name == "Uri"]
    if len(uris) > 1:
        warn(SCHEMA, f"Line {element.line}: several <Uri> are not offered yet; the first by priority is dialled")
    return min(uris, key=lambda uri: uri[1](PRIORITY), default=None)


def _first_said(attribute: Attribute[str | None], *readers: Reader) -> str | None:
    """The attribute of the first element that has it."""
    return next((reader(attribute) for reader in readers if reader.said(attribute) is not None), None)


def _headers(element: Element, query: str, warn: WarnOf) -> tuple[tuple[str, str], ...]:
    """Of the URI's query and of `<Headers>`; those that may not be sent are reported and left out."""
    given = parse_qsl(query, keep_blank_values=True)
    for child in element.elements():
        if child.name == "Headers":
            given.extend(parameters(child, (), warn, child_name="Header"))
        elif child.name != "Uri":
            warn(SCHEMA, f"Line {child.line}: <{child.name}> is not allowed in <Sip>")
    kept: list[tuple[str, str]] = []
    room = MAX_HEADER_CHARACTERS
    for name, value in given:
        if not HEADER_NAME.fullmatch(name) or not HEADER_VALUE.fullmatch(value):
            warn(13252, f'Line {element.line}: the SIP header "{shortened(name)}" must not be passed; X-… may')
        elif len(name) + len(value) + 1 > room:
            warn(
                13253, f"Line {element.line}: SIP headers are longer than {MAX_HEADER_CHARACTERS} characters together"
            )
        else:
            kept.append((name, value))
            room -= len(name) + len(value) + 1
    return tuple(kept)
