"""Bodies and content types (twiml-and-streams 1.1, 1.2)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixminus.twiml.document import AudioBody, Document, read_answer, read_document
from mixminus.twiml.effects import HangUp, PlayUrl, Prompting, RanOut, SayText
from mixminus.twiml.errors import TwimlError
from mixminus.twiml.verbs import VERBS
from mixminus.twiml.verbs.pause import Pause

Run = Callable[..., Any]
CORPUS = Path(__file__).parent / "corpus"
ERRORS = {11100, 11200, 11750, 11770, 12100, 12101, 12102, 12300, 13000, 13215, 13231, 13239, 13338}


def cases(folder: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", sorted((CORPUS / folder).glob("*.xml")), ids=lambda path: path.stem)


@contextmanager
def declared_errors_only() -> Iterator[None]:
    try:
        yield
    except TwimlError as error:
        if error.code not in ERRORS:
            raise


def error_of(body: bytes, content_type: str | None = "text/xml") -> int:
    with pytest.raises(TwimlError) as caught:
        read_answer(body, content_type)
    return caught.value.code


@cases("valid")
def test_valid(path: Path, twiml: Run) -> None:
    ran = twiml(path.read_bytes())
    assert ran.warnings == []
    assert ran.outcome is not None


@cases("warned")
def test_warned(path: Path, twiml: Run) -> None:
    """The name begins with the code of its warning."""
    ran = twiml(path.read_bytes())
    assert set(ran.warnings) == {int(path.stem[:5])}
    assert ran.outcome is not None


@cases("invalid")
def test_invalid(path: Path, twiml: Run) -> None:
    """The name begins with the code of its error."""
    with pytest.raises(TwimlError) as caught:
        twiml(path.read_bytes())
    assert caught.value.code == int(path.stem[:5])


@pytest.mark.parametrize("content_type", ["text/xml", "application/xml; charset=utf-8", "TEXT/HTML", " text/xml ;x"])
def test_xml_types_are_twiml(content_type: str) -> None:
    assert read_answer(b"<Response><Pause/></Response>", content_type) == Document((Pause(),), names=("Pause",))


@pytest.mark.parametrize("content_type", ["audio/mpeg", "audio/x-wav", "Audio/WAV; rate=8000"])
def test_sound_is_played_once_and_then_the_call_ends(content_type: str, twiml: Run) -> None:
    assert isinstance(read_answer(b"", content_type), AudioBody)
    ran = twiml(b"", content_type=content_type, url="https://app.test/hello.mp3")
    assert ran.effect == Prompting((PlayUrl("https://app.test/hello.mp3"),))
    assert ran.outcome == HangUp()


def test_plain_text_is_run_if_it_is_twiml(twiml: Run) -> None:
    assert twiml(b"<Response/>", content_type="text/plain").outcome == RanOut()


def test_plain_text_is_else_read_aloud_and_the_call_ends(twiml: Run) -> None:
    ran = twiml("Grüß \n Gott".encode("latin-1"), content_type="text/plain; charset=iso-8859-1")
    assert ran.effect == Prompting((SayText("Grüß Gott"),))
    assert ran.outcome == HangUp()


@pytest.mark.parametrize("charset", ["utf-8", "nonsense", "'", "utf-8; charset=x"])
def test_plain_text_of_any_encoding_is_read_somehow(charset: str) -> None:
    assert isinstance(read_answer(b"\xff\xfe!", f"text/plain; charset={charset}"), Document)


def test_a_wrong_or_missing_content_type_is_an_error() -> None:
    assert error_of(b"{}", "application/json") == 12300
    assert error_of(b"<Response/>", None) == 11200
    assert error_of(b"<Response/>", "  ") == 11200


def test_64_kilobytes_are_the_limit() -> None:
    filler = b" " * (65_536 - len(b"<Response></Response>"))
    assert read_document(b"<Response>" + filler + b"</Response>").verbs == ()
    assert error_of(b"<Response>" + filler + b" </Response>") == 11750


@pytest.mark.parametrize("body", [b"", b" \r\n\t"])
def test_an_empty_body_is_an_error(body: bytes) -> None:
    assert error_of(body) == 11770
    assert error_of(body, "text/plain") == 11770


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_declared_encodings_are_read(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    body = f'<?xml version="1.0" encoding="{declared}"?><Response><Say>é</Say></Response>'.encode(encoding)
    assert read_document(body).verbs == read_document("<Response><Say>é</Say></Response>".encode()).verbs


def test_the_charset_of_the_content_type_outranks_the_declaration() -> None:
    body = '<?xml version="1.0" encoding="utf-8"?><Response><Say>é</Say></Response>'.encode("latin-1")
    assert error_of(body) == 12100
    assert read_answer(body, "text/xml; charset=iso-8859-1") == read_answer(
        "<Response><Say>é</Say></Response>".encode(), "text/xml"
    )


@pytest.mark.parametrize("charset", ["shift_jis", "no-such-charset"])
def test_an_encoding_that_cannot_be_read_is_an_error(charset: str) -> None:
    assert error_of(b"<Response/>", f"text/xml; charset={charset}") == 12100


def test_errors_say_where() -> None:
    with pytest.raises(TwimlError, match="line 2, column"):
        read_document(b"<Response>\n<Say>hello</say></Response>")


def test_warnings_say_where_and_what_was_meant() -> None:
    (warning,) = read_document(b"<Response>\n\n<say>hello</say></Response>").warnings
    assert (warning.code, warning.message) == (12200, "Line 3: <say> is not a verb; <Say> is")


@pytest.mark.parametrize("depth", [101, 9_000])
def test_deep_nesting_is_refused_and_costs_nothing(depth: int) -> None:
    assert error_of(b"<a>" * depth + b"</a>" * depth) in (12100, 11750)
    assert error_of(b"<Response>" + b"<a>" * depth) == 12100


def test_a_million_attributes_are_too_large() -> None:
    many = b" ".join(b"a%d=''" % number for number in range(1_000_000))
    assert error_of(b"<Response " + many + b"/>") == 11750


@pytest.mark.parametrize("say", ["<Say {}>x</Say>", "<a/>" * 5_000])
def test_a_document_has_a_hundred_warnings_and_one_that_says_that_there_are_more(say: str) -> None:
    many = " ".join(f"a{number}=''" for number in range(5_000))
    warnings = read_document(f"<Response>{say.format(many)}</Response>".encode()).warnings
    assert len(warnings) == 101
    assert "more" in warnings[-1].message


NAMES = st.sampled_from(
    [*VERBS, "Conference", "Number", "Sip", "Client", "Application", "Response", "say", "Parameter"]
)
ATTRIBUTE_NAMES = st.sampled_from(
    sorted(
        {row.name for verb in VERBS.values() for row in verb.ATTRIBUTES} | {"coach", "muted", "url", "statusCallback"}
    )
)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=30) | st.sampled_from(
    ["true", "0", "-1", "99999999999999999999", "[']", "http://[", "//x", "sip:a@b", "+1555", "media:x", "a" * 200]
)


def xml(name: str, attributes: dict[str, str], children: list[str]) -> str:
    said = "".join(f" {key}={quoted(value)}" for key, value in attributes.items())
    return f"<{name}{said}>{''.join(children)}</{name}>"


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("]]>", "]]&gt;")


def quoted(text: str) -> str:
    return '"' + escaped(text).replace('"', "&quot;") + '"'


ELEMENTS = st.recursive(
    TEXT.map(escaped),
    lambda inner: st.builds(
        xml, NAMES, st.dictionaries(ATTRIBUTE_NAMES, TEXT, max_size=4), st.lists(inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(verbs=st.lists(ELEMENTS, max_size=5), url=st.sampled_from(["https://app.test/a/b", None, "x:"]))
def test_any_tree_runs_or_fails_with_a_declared_error(twiml: Run, verbs: list[str], url: str | None) -> None:
    with declared_errors_only():
        assert twiml("".join(verbs), url=url).outcome is not None


@settings(max_examples=200, deadline=None)
@given(
    body=st.binary(max_size=200)
    | st.binary(max_size=60).map(lambda noise: b"<Response><Say>" + noise + b"</Say></Response>")
)
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for content_type in ("text/xml", "text/plain", "text/html; charset=utf-16"):
        with declared_errors_only():
            read_answer(body, content_type)
