"""`<Record>` (twiml-and-streams 2.5)."""

from collections.abc import Callable
from typing import Any

import pytest

from mixminus.twiml.effects import CallbackTo, GoTo, Prompting, RecordCaller, Recorded, SayText
from mixminus.twiml.errors import TwimlError

Run = Callable[..., Any]
HERE = "https://app.test/voice/in?tenant=7"
MESSAGE = Recorded("https://node.test/RE1", "RE1", 7, "#")


def test_recording_with_twilios_defaults(twiml: Run) -> None:
    assert twiml("<Record/>", None).effect == RecordCaller(5.0, 3_600, "1234567890*#", True, True, None)


def test_what_was_said_about_the_recording_arrives(twiml: Run) -> None:
    ran = twiml(
        "<Record timeout='0' maxLength='60' finishOnKey='' playBeep='false' trim='do-not-trim'"
        " recordingStatusCallback='/r' recordingStatusCallbackMethod='GET' recordingStatusCallbackEvent='absent'/>",
        None,
    )
    callback = CallbackTo("https://app.test/r", "GET", ("absent",))
    assert ran.effect == RecordCaller(0.0, 60, "", False, False, callback)


def test_the_action_hears_where_the_recording_is(twiml: Run) -> None:
    ran = twiml("<Record action='../done' method='GET'/><Say>never</Say>", MESSAGE)
    told = (
        ("RecordingUrl", "https://node.test/RE1"),
        ("RecordingSid", "RE1"),
        ("RecordingDuration", "7"),
        ("Digits", "#"),
    )
    assert ran.outcome == GoTo("https://app.test/done", "GET", told)


def test_without_an_action_it_is_the_document_itself(twiml: Run) -> None:
    assert twiml("<Record/>", MESSAGE).outcome.url == HERE


def test_11100_without_an_action_and_without_a_document_nobody_speaks_in_vain(twiml: Run) -> None:
    with pytest.raises(TwimlError) as caught:
        twiml("<Record/>", url=None)
    assert caught.value.code == 11100


def test_after_silence_the_next_verb_runs(twiml: Run) -> None:
    ran = twiml("<Record action='/a'/><Say>Sorry</Say>", None)
    assert ran.effects[-1] == Prompting((SayText("Sorry"),))


@pytest.mark.parametrize(
    ("attribute", "code"),
    [
        ("method='PUT'", 13610),
        ("timeout='-1'", 13611),
        ("maxLength='0'", 13612),
        ("finishOnKey='A'", 13613),
        ("playBeep='maybe'", 13616),
        ("recordingStatusCallbackEvent='begun'", 13621),
        ("transcribe='true'", 12200),
    ],
)
def test_what_is_not_understood_is_reported_and_the_rest_runs(attribute: str, code: int, twiml: Run) -> None:
    ran = twiml(f"<Record {attribute}/>", None)
    assert (ran.effect, ran.warnings) == (RecordCaller(), [code])
