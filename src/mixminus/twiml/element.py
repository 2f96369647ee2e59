"""XML to elements: bounded, without entities, with line numbers.

Errors are TwimlError 12100 (does not parse) and 12101 (XML version).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import XMLParser  # type: ignore[import-untyped]

from mixminus.twiml.errors import TwimlError

MAX_DEPTH: Final = 100
"""TwiML nests about six deep (Response, Gather, Say, and SSML inside one another)."""

_XML_NAMESPACE: Final = "{http://www.w3.org/XML/1998/namespace}"


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its attributes, and text and elements in the order in which they were written."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: tuple["Element | str", ...] = ()
    line: int = 0

    @property
    def text(self) -> str:
        """The element's own text, without that of its children and without surrounding white space."""
        return "".join(child for child in self.children if isinstance(child, str)).strip()

    def elements(self) -> Iterator["Element"]:
        """The child elements."""
        return (child for child in self.children if isinstance(child, Element))


def parse_xml(body: bytes, charset: str | None = None) -> Element:
    """The root element. A byte order mark and *charset* (of the Content-Type) outrank the XML declaration."""
    tree = _Tree()
    parser = XMLParser(target=tree, encoding=None if _marked(body) else charset, forbid_dtd=True)
    tree.line_now = lambda: int(parser.parser.CurrentLineNumber)
    parser.parser.XmlDeclHandler = _check_version
    try:
        parser.feed(body)
        root: Element = parser.close()
    except ParseError as error:
        raise TwimlError(12100, f"The XML does not parse: {error}") from None
    except DefusedXmlException:
        line = tree.line_now()
        raise TwimlError(12100, f"Line {line}: document types and entities are not allowed in TwiML") from None
    except (LookupError, ValueError) as error:  # an encoding that expat does not know
        raise TwimlError(12100, f"The XML does not parse: {error}") from None
    return root


def _marked(body: bytes) -> bool:
    """Whether a byte order mark says the encoding (RFC 7303, section 3)."""
    return body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"))


def _check_version(version: str, encoding: str | None, standalone: int) -> None:
    if version != "1.0":
        raise TwimlError(12101, f'The XML version must be "1.0", not "{version}"')


@dataclass(slots=True)
class _Open:
    """An element whose end has not been seen."""

    name: str
    attributes: dict[str, str]
    line: int
    children: list[Element | str] = field(default_factory=list)

    def closed(self) -> Element:
        return Element(self.name, self.attributes, tuple(self.children), self.line)


class _Tree:
    """What the parser tells, as a stack: no recursion, so depth costs nothing."""

    def __init__(self) -> None:
        self.line_now: Callable[[], int] = lambda: 0
        self._open: list[_Open] = []
        self._root: Element | None = None
        self._namespace = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._open:
            self._namespace = tag[: tag.find("}") + 1]
        if len(self._open) == MAX_DEPTH:
            raise TwimlError(12100, f"Line {self.line_now()}: elements are nested more than {MAX_DEPTH} deep")
        self._open.append(_Open(self._local(tag), _plain(attributes), self.line_now()))

    def data(self, text: str) -> None:
        self._open[-1].children.append(text)

    def end(self, tag: str) -> None:
        element = self._open.pop().closed()
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element

    def close(self) -> Element | None:
        return self._root

    def _local(self, tag: str) -> str:
        """The name without the root's namespace, which is taken for TwiML's. Other namespaces stay in the name."""
        return tag.removeprefix(self._namespace)


def _plain(attributes: dict[str, str]) -> dict[str, str]:
    """Attributes of other vocabularies (`xsi:schemaLocation`) say nothing to us; `xml:lang` does."""
    named = {name.replace(_XML_NAMESPACE, "xml:"): value for name, value in attributes.items()}
    return {name: value for name, value in named.items() if not name.startswith("{")}
