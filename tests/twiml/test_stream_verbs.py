"""`<Connect>`, `<Start>` and `<Stop>` with `<Stream>` (twiml-and-streams 2.11, 2.12, 4.1)."""

from typing import Any

import pytest

from mixminus.base.stream_formats import StreamFormat
from mixminus.twiml.context import Context
from mixminus.twiml.document import read_document
from mixminus.twiml.effects import (
    CallbackTo,
    ConnectStream,
    GoTo,
    RanOut,
    StartStream,
    StopStream,
    StreamAttributes,
    Warn,
)
from mixminus.twiml.interpreter import run

AGENT = "wss://agent.example.com/media"


def effects_of(document: str, url: str | None = "https://app.example.com/voice/start") -> tuple[list[Any], Any]:
    steps, seen = run(read_document(f"<Response>{document}</Response>".encode()), Context(url)), []
    try:
        effect = next(steps)
        while True:
            seen.append(effect)
            effect = steps.send(None)
    except StopIteration as end:
        return seen, end.value


def test_connect_waits_and_the_next_verb_runs() -> None:
    seen, outcome = effects_of(f"<Connect><Stream url='{AGENT}'/></Connect><Stop><Stream name='x'/></Stop>")
    assert seen == [ConnectStream(StreamAttributes(AGENT)), StopStream("x")]
    assert outcome == RanOut()


def test_or_its_action_takes_over() -> None:
    _, outcome = effects_of(f"<Connect action='after' method='GET'><Stream url='{AGENT}'/></Connect>")
    assert outcome == GoTo("https://app.example.com/voice/after", "GET")


def test_what_was_said_about_a_stream_arrives() -> None:
    seen, _ = effects_of(
        f"<Start><Stream url='{AGENT}' name='ears' track='both_tracks' statusCallback='/events'"
        " statusCallbackMethod='GET'><Parameter name='a' value='1'/><Parameter name='b'/></Stream></Start>"
    )
    callback = CallbackTo("https://app.example.com/events", "GET")
    parameters = (("a", "1"), ("b", ""))
    assert seen == [StartStream(StreamAttributes(AGENT, "ears", "both_tracks", parameters, callback))]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("/media", "wss://app.example.com/media"),
        ("media", "wss://app.example.com/voice/media"),
        ("//other.example.com/x", "wss://other.example.com/x"),
        ("ws://localhost:9/", "ws://localhost:9/"),
        ("https://app.example.com/x", "https://app.example.com/x"),
        ("wss://[half", "wss://[half"),
    ],
)
def test_a_url_belongs_to_the_documents_place(written: str, meant: str) -> None:
    (effect,), _ = effects_of(f"<Start><Stream url='{written}'/></Start>")
    assert effect.stream.url == meant


def test_without_a_place_a_url_stays_as_it_is() -> None:
    (effect,), _ = effects_of("<Start><Stream url='/media'/></Start>", url=None)
    assert effect.stream.url == "/media"


def test_a_parameter_that_is_too_long_is_left_out() -> None:
    seen, _ = effects_of(
        f"<Connect><Stream url='{AGENT}'><Parameter name='a' value='{'x' * 500}'/>"
        f"<Parameter name='b' value='{'y' * 499}'/></Stream></Connect>"
    )
    assert isinstance(seen[0], Warn)
    assert [name for name, _ in seen[-1].stream.parameters] == ["b"]


def test_without_a_stream_there_is_nothing_to_wait_for() -> None:
    assert effects_of("<Connect action='/never'/><Start/><Stop/>") == ([], RanOut())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("", StreamFormat("audio/x-mulaw", 8_000)),
        ("audioFormat='audio/x-l16'", StreamFormat("audio/x-l16", 16_000)),
        ("audioFormat='audio/x-l16' sampleRate='24000'", StreamFormat("audio/x-l16", 24_000)),
        ("audioFormat='audio/opus' sampleRate='48000'", StreamFormat("audio/opus", 48_000)),
    ],
)
def test_a_stream_may_have_another_format(written: str, meant: StreamFormat) -> None:
    (effect,), _ = effects_of(f"<Start><Stream url='{AGENT}' {written}/></Start>")
    assert effect == StartStream(StreamAttributes(AGENT, audio=meant))


@pytest.mark.parametrize(
    "written",
    [
        "audioFormat='audio/flac'",
        "sampleRate='16000'",
        "sampleRate='44100'",
        "audioFormat='audio/opus' sampleRate='8000'",
    ],
)
def test_a_format_that_is_not_offered_is_warned_of_and_is_twilios(written: str) -> None:
    (warning, effect), _ = effects_of(f"<Start><Stream url='{AGENT}' {written}/></Start>")
    assert isinstance(warning, Warn)
    assert warning.code == 12200
    assert effect == StartStream(StreamAttributes(AGENT))


def test_a_track_for_each_participant() -> None:
    (effect,), _ = effects_of(f"<Connect><Stream url='{AGENT}' track='participant_tracks'/></Connect>")
    assert effect == ConnectStream(StreamAttributes(AGENT, track="participant_tracks"))
